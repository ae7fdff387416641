// SPDX-License-Identifier: GPL-3.0-or-later
/** Messages as they come in from outside, taken only where they are what cloud.proto says. */
#ifndef TDM_CLOUD_MESSAGE_H
#define TDM_CLOUD_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "hil/cloud/cloud.pb-c.h"

/** NULL: not one, or there is no memory. */
Tandem__Cloud__Ask *tdm_message_ask(const uint8_t *bytes, size_t size);
Tandem__Cloud__Reply *tdm_message_reply(const uint8_t *bytes, size_t size);

/** NULL is fine. */
void tdm_message_free_ask(Tandem__Cloud__Ask *ask);
void tdm_message_free_reply(Tandem__Cloud__Reply *reply);

#endif

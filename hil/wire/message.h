// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Messages of wire.proto from and to memory. What comes from outside is taken only where it is
 * whole, finite and within bounds.
 */
#ifndef TDM_WIRE_MESSAGE_H
#define TDM_WIRE_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "hil/wire/order.h"

enum {
    TDM_WIRE_VERSION = 1,
    TDM_WIRE_LARGEST_REQUEST = 4096, /**< bytes */
    TDM_WIRE_LARGEST_REPLY = 65536,
};

/** The message's bytes, which the caller frees; NULL if there is no memory. */
uint8_t *tdm_message_of_order(const struct tdm_order *order, size_t *size);
uint8_t *tdm_message_of_answer(const struct tdm_answer *answer, size_t *size);

/**
 * Reads a request. TDM_REFUSAL_NONE; else why it is none, in `reason` (may be NULL) as well, with
 * order->number where that could be read.
 */
enum tdm_refusal tdm_message_order(const uint8_t *bytes, size_t size, struct tdm_order *order,
                                   const char **reason);

/** Reads a reply. -1: it is none, or of another version. */
int tdm_message_answer(const uint8_t *bytes, size_t size, struct tdm_answer *answer);

#endif

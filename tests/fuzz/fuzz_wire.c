// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Any bytes as a request to an agent, and as its reply. What is taken goes out and comes back as it
 * was: what an agent accepts is within the bounds that the protocol can say.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hil/wire/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct tdm_order *order)
{
    struct tdm_order back;
    size_t size;
    uint8_t *bytes = tdm_message_of_order(order, &size);
    assert(bytes);
    assert(tdm_message_order(bytes, size, &back, NULL) == TDM_REFUSAL_NONE);
    assert(back.kind == order->kind && back.number == order->number);
    assert(memcmp(back.names, order->names, sizeof back.names) == 0);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tdm_order order;
    struct tdm_answer answer;
    if (tdm_message_order(data, size, &order, NULL) == TDM_REFUSAL_NONE)
        again(&order);
    tdm_message_answer(data, size, &answer);
    return 0;
}

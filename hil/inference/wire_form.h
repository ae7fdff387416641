// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Protobuf's wire form, field by field: enough to see what bytes from outside hold before a library
 * reads them.
 */
#ifndef TDM_INFERENCE_WIRE_FORM_H
#define TDM_INFERENCE_WIRE_FORM_H

#include <stdbool.h>
#include <stdint.h>

enum tdm_form { TDM_VARINT, TDM_FIXED64, TDM_BYTES, TDM_FIXED32 = 5 };

struct tdm_wire {
    const uint8_t *at, *end;
};

struct tdm_wire_field {
    uint64_t number, value; /**< the latter of a TDM_VARINT */
    enum tdm_form form;
    struct tdm_wire inside; /**< of the others */
};

/** The next field; moves `wire` behind it. False: malformed or cut off. */
bool tdm_wire_next(struct tdm_wire *wire, struct tdm_wire_field *field);

#endif

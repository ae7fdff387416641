// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/inference/wire_form.h"

#include <stddef.h>

static bool varint(struct tdm_wire *wire, uint64_t *value)
{
    *value = 0;
    for (int shift = 0; shift < 64 && wire->at < wire->end; shift += 7) {
        const uint8_t byte = *wire->at++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

bool tdm_wire_next(struct tdm_wire *wire, struct tdm_wire_field *field)
{
    uint64_t key, size = 0;
    if (!varint(wire, &key))
        return false;
    *field = (struct tdm_wire_field){.number = key >> 3, .form = (enum tdm_form)(key & 7)};
    if (field->form == TDM_VARINT)
        return field->number && varint(wire, &field->value);
    if (field->form == TDM_FIXED32 || field->form == TDM_FIXED64)
        size = field->form == TDM_FIXED32 ? 4 : 8;
    else if (field->form != TDM_BYTES || !varint(wire, &size))
        return false;
    if (!field->number || size > (size_t)(wire->end - wire->at))
        return false;
    field->inside = (struct tdm_wire){wire->at, wire->at + size};
    wire->at += size;
    return true;
}

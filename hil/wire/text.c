// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/wire/text.h"

#include <string.h>

static bool is_control(const char *at)
{
    const unsigned char first = (unsigned char)at[0], second = (unsigned char)at[1];
    return first < ' ' || first == 127 || (first == 0xc2 && second >= 0x80 && second < 0xa0);
}

bool tdm_wire_text(char *into, size_t size, const char *text)
{
    if (!text)
        text = "";
    const size_t length = strlen(text);
    for (size_t i = 0; i < length; i++)
        if (is_control(text + i))
            return false;
    if (length >= size)
        return false;
    memcpy(into, text, length + 1);
    return true;
}

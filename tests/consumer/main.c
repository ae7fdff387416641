// SPDX-License-Identifier: GPL-3.0-or-later
/** Uses libtandem through its public header alone. */
#include <stdio.h>
#include <string.h>
#include <tandem.h>

int main(void)
{
    const struct tdm_error error = {.file = "a.xml", .line = 3, .column = 7, .message = "wrong"};
    char text[64];
    tdm_error_format(&error, text, sizeof text);
    puts(text);
    return strcmp(text, "a.xml:3:7: wrong") != 0;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/vboard/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int vb_parse_loose(const char *text, double *value)
{
    text += strspn(text, " \t\n");
    if (!isdigit((unsigned char)*text))
        return -EINVAL;
    errno = 0;
    *value = (double)strtoull(text, NULL, 10);
    return errno ? -EINVAL : 0;
}

int vb_parse_strict(const char *text, double *value)
{
    if (!isdigit((unsigned char)*text))
        return -EINVAL;
    char *end;
    errno = 0;
    *value = (double)strtoull(text, &end, 0);
    if (errno)
        return -ERANGE;
    return *end ? -EINVAL : 0;
}

int vb_parse_bool(const char *text, bool *value)
{
    if (strchr("1yY", text[0]) && text[0])
        return *value = true, 0;
    if (strchr("0nN", text[0]) && text[0])
        return *value = false, 0;
    if ((text[0] == 'o' || text[0] == 'O') && text[1])
        switch (tolower((unsigned char)text[1])) {
        case 'n':
            return *value = true, 0;
        case 'f':
            return *value = false, 0;
        }
    return -EINVAL;
}

int vb_parse_word(const char *text, const char *const *words, int *index)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(text, words[i]) == 0)
            return *index = i, 0;
    return -EINVAL;
}

int vb_print(char *text, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, size, format, arguments);
    va_end(arguments);
    return length < (int)size ? length : (int)size - 1;
}

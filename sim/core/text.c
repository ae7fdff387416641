// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LONGEST = 63 };

static size_t least(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

size_t tdm_text_distance(const char *a, const char *b)
{
    size_t row[LONGEST + 1];
    const size_t la = strnlen(a, LONGEST), lb = strnlen(b, LONGEST);
    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            const bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
            const size_t cost = least(row[j] + 1, row[j - 1] + 1, diagonal + !same);
            diagonal = row[j];
            row[j] = cost;
        }
    }
    return row[lb];
}

void tdm_nearest_start(struct tdm_nearest *nearest, const char *typed)
{
    *nearest = (struct tdm_nearest){.typed = typed, .distance = SIZE_MAX};
}

// "tail" means "tail-time" rather than "name".
static bool begins(const char *candidate, const char *typed)
{
    const size_t length = strnlen(typed, LONGEST);
    return length >= 3 && strncasecmp(candidate, typed, length) == 0;
}

void tdm_nearest_try(struct tdm_nearest *nearest, const char *candidate)
{
    size_t distance = tdm_text_distance(nearest->typed, candidate);
    if (distance > 1 && begins(candidate, nearest->typed))
        distance = 1;
    if (distance < nearest->distance) {
        nearest->distance = distance;
        nearest->best = candidate;
    }
}

const char *tdm_nearest_hint(const struct tdm_nearest *nearest)
{
    static _Thread_local char hint[128];
    const size_t length = strlen(nearest->typed);
    const size_t near_enough = (length < LONGEST ? length : LONGEST) / 3 + 2;
    if (!nearest->best || nearest->distance > near_enough)
        return "";
    snprintf(hint, sizeof hint, " (did you mean '%s'?)", nearest->best);
    return hint;
}

bool tdm_text_is_name(const char *text)
{
    const size_t length = strnlen(text, 128);
    if (length < 1 || length > 127)
        return false;
    for (const char *c = text; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-/+:", *c))
            return false;
    return true;
}

bool tdm_text_item(const char **list, char *item, size_t size)
{
    *list += strspn(*list, " ,");
    if (!**list)
        return false;
    size_t length = strcspn(*list, ",");
    const char *start = *list;
    *list += length;
    while (length && start[length - 1] == ' ')
        length--;
    snprintf(item, size, "%.*s", (int)length, start);
    return true;
}

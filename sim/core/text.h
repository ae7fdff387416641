// SPDX-License-Identifier: GPL-3.0-or-later
/** Small helpers on names that people type. */
#ifndef TDM_CORE_TEXT_H
#define TDM_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/** Levenshtein distance, case folded, of names of at most 63 characters (longer ones are cut). */
size_t tdm_text_distance(const char *a, const char *b);

/** Collects candidates and keeps the one nearest to what was typed. */
struct tdm_nearest {
    const char *typed;
    const char *best;
    size_t distance;
};
void tdm_nearest_start(struct tdm_nearest *nearest, const char *typed);
void tdm_nearest_try(struct tdm_nearest *nearest, const char *candidate);

/** " (did you mean 'X'?)", or "" where nothing is near; valid until the next call in the thread. */
const char *tdm_nearest_hint(const struct tdm_nearest *nearest);

/**
 * The next item of a comma separated list, trimmed of blanks and cut to `size`; moves `list` on.
 * False at its end.
 */
bool tdm_text_item(const char **list, char *item, size_t size);

/** True for a name of letters, digits, '.', '_', '-', '/', '+' and ':' of 1 to 127 characters. */
bool tdm_text_is_name(const char *text);

#endif

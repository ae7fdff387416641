// SPDX-License-Identifier: GPL-3.0-or-later
/** Numbers and words as the kernel's files read them. Each returns 0 or -EINVAL (-ERANGE). */
#ifndef VB_PARSE_H
#define VB_PARSE_H

#include <stdbool.h>
#include <stddef.h>

/** As sscanf("%lu"): blanks before, anything behind the digits; what most cpufreq files do. */
int vb_parse_loose(const char *text, double *value);
/** As kstrtoul in base 0: nothing but the number. */
int vb_parse_strict(const char *text, double *value);
/** As strtobool: 0, 1, n, N, y, Y, "on", "off". */
int vb_parse_bool(const char *text, bool *value);
/** One word: its place in a NULL-terminated list. */
int vb_parse_word(const char *text, const char *const *words, int *index);
/** Prints to `text` and returns the length (at most size - 1). */
int vb_print(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

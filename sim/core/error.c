// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fill(struct tdm_error *error, const char *file, long line, long column,
                 const char *format, va_list args)
{
    if (!error)
        return;
    snprintf(error->file, sizeof error->file, "%s", file ? file : "");
    error->line = line;
    error->column = column;
    vsnprintf(error->message, sizeof error->message, format, args);
}

int tdm_fail(struct tdm_error *error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(error, NULL, 0, 0, format, args);
    va_end(args);
    return -1;
}

int tdm_fail_at(struct tdm_error *error, const char *file, long line, long column,
                const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(error, file, line, column, format, args);
    va_end(args);
    return -1;
}

int tdm_fail_errno(struct tdm_error *error, const char *file, const char *what)
{
    return tdm_fail_at(error, file, 0, 0, "%s: %s", what, strerror(errno));
}

int tdm_error_format(const struct tdm_error *error, char *text, size_t size)
{
    if (!error->file[0])
        return snprintf(text, size, "%s", error->message);
    if (error->line <= 0)
        return snprintf(text, size, "%s: %s", error->file, error->message);
    if (error->column <= 0)
        return snprintf(text, size, "%s:%ld: %s", error->file, error->line, error->message);
    return snprintf(text, size, "%s:%ld:%ld: %s", error->file, error->line, error->column,
                    error->message);
}

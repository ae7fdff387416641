// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/output.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "model/measurements.h"

int tdm_cli_fail(const char *command, const struct tdm_error *error, int code)
{
    char text[1024];
    tdm_error_format(error, text, sizeof text);
    fprintf(stderr, "tandem %s: %s\n", command, text);
    return code;
}

static void print_note(void *context, const struct tdm_error *what)
{
    (void)context;
    char text[1024];
    tdm_error_format(what, text, sizeof text);
    fprintf(stderr, "%s\n", text);
}

const struct tdm_notes tdm_cli_notes = {.note = print_note};

int tdm_cli_json(json_t *value)
{
    if (!value) {
        fputs("tandem: no memory\n", stderr);
        return TDM_EXIT_FAILED;
    }
    json_dumpf(value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    putchar('\n');
    json_decref(value);
    return TDM_EXIT_DONE;
}

json_t *tdm_json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

char *tdm_cli_line(int argc, char *const *argv)
{
    char *line = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&line, &size);
    if (!stream)
        return NULL;
    fputs("tandem", stream);
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0)
            i++;
        else if (strncmp(argv[i], "-o", 2) != 0 && strncmp(argv[i], "--output=", 9) != 0)
            fprintf(stream, " %s", argv[i]);
    }
    fclose(stream);
    return line;
}

// SPDX-License-Identifier: GPL-3.0-or-later
// The picture of `tandem validate`: each request, the model against the board.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report/gnuplot.h"
#include "cli/validate.h"
#include "core/error.h"
#include "core/partial.h"

static void data_block(FILE *out, const struct tdm_validation *v, int policy)
{
    fprintf(out, "$p%d << EOD\n", policy);
    for (size_t i = 0; i < v->count; i++) {
        const struct tdm_validated_request *r = &v->requests[i];
        if (r->policy == policy)
            fprintf(out, "%.9g %.9g %.9g %.9g\n", 1e3 * r->board.latency, 1e3 * r->model.latency,
                    r->board.energy, r->model.energy);
    }
    fprintf(out, "EOD\n");
}

// Within single quotes of gnuplot's, where two of them are one.
static void quoted(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputc('\'', out);
        fputc(*text == '\n' ? ' ' : *text, out);
    }
}

static void panel(FILE *out, const struct tdm_validation *v, const char *title, const char *unit,
                  int column)
{
    fprintf(out,
            "set title '%s of a request'\nset xlabel 'on the board (%s)'\n"
            "set ylabel 'simulated (%s)'\n"
            "plot x with lines lc rgb '#888888' dt 2 title 'equal'",
            title, unit, unit);
    for (size_t p = 0; p < v->policy_count; p++) {
        fprintf(out, ", $p%zu using %d:%d with points pt 7 ps 0.5 title '", p, column, column + 1);
        quoted(out, v->policies[p].name);
        fputc('\'', out);
    }
    fputc('\n', out);
}

static char *script_of(const struct tdm_validation *v)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return NULL;
    for (size_t p = 0; p < v->policy_count; p++)
        data_block(out, v, (int)p);
    fputs("set terminal svg size 1000,480 fixed noenhanced font 'sans-serif,14' background "
          "'#ffffff'\nset multiplot layout 1,2\nset key top left reverse Left\nset grid\n"
          "set xrange [0:*]\nset yrange [0:*]\n",
          out);
    panel(out, v, "Latency", "ms", 1);
    panel(out, v, "Energy", "J", 3);
    fputs("unset multiplot\n", out);
    fclose(out);
    return text;
}

int tdm_validate_plot(const struct tdm_validation *v, const char *path, struct tdm_error *error)
{
    struct tdm_partial file;
    char *script = script_of(v);
    char *picture = script ? tdm_gnuplot_run(script, error) : NULL;
    free(script);
    if (!picture)
        return -1;
    int status = tdm_partial_open(&file, path, error);
    if (status == 0) {
        const size_t length = strlen(picture);
        if (dprintf(file.fd, "%s", picture) == (int)length) {
            status = tdm_partial_commit(&file, error);
        } else {
            tdm_partial_abandon(&file);
            status = tdm_fail_errno(error, path, "cannot be written");
        }
    }
    free(picture);
    return status;
}

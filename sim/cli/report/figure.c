// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/report/figure.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/schema.h"

// ---- the house's style -------------------------------------------------------------------------

// Okabe and Ito's colours, which colour-blind people tell apart, less the yellow that paper
// swallows; in an order that differs in brightness, too. With points and dashes they read in print.
static const char *const colours[TDM_FIGURE_COLOURS] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                        "#000000", "#e69f00", "#56b4e9", "#7f7f7f"};
static const int points[] = {7, 5, 9, 11, 13, 6, 4, 8};
static const char *const dashes[] = {"1", "(9,4)", "(3,3)", "(9,3,2,3)"};

static void write_style(const struct tdm_figure *figure, FILE *script)
{
    const size_t n = TDM_COUNT(colours);
    fprintf(script,
            "set encoding utf8\n"
            "set terminal svg size %d,%d fixed noenhanced font 'sans-serif,14' "
            "background '#ffffff'\n"
            "set border 3 lw 1 lc rgb '#555555'\n"
            "set tics out nomirror scale 0.6 textcolor rgb '#222222'\n"
            "set grid lw 1 dt 1 lc rgb '#dddddd'\n"
            "set key outside right top vertical Left reverse samplen 3 spacing 1.25\n"
            "set style fill solid 0.25 noborder\n",
            TDM_FIGURE_WIDTH, figure->height ? figure->height : TDM_FIGURE_HEIGHT);
    for (size_t i = 0; i < 4 * n; i++)
        fprintf(script, "set linetype %zu lc rgb '%s' lw 2 dt %s pt %d ps 0.9\n", i + 1,
                colours[i % n], dashes[(i + i / n) % TDM_COUNT(dashes)],
                points[(i + i / n) % TDM_COUNT(points)]);
    fprintf(script, "set linetype cycle %zu\n", 4 * n);
}

// ---- one figure --------------------------------------------------------------------------------

int tdm_figure_open(struct tdm_figure *figure, struct tdm_error *error)
{
    figure->script = open_memstream(&figure->script_text, &figure->script_size);
    figure->notes = open_memstream(&figure->notes_text, &figure->notes_size);
    figure->numbers = open_memstream(&figure->numbers_text, &figure->numbers_size);
    if (figure->script && figure->notes && figure->numbers)
        return 0;
    tdm_figure_free(figure);
    return tdm_fail(error, "out of memory");
}

static int close_stream(FILE **stream)
{
    const int status = *stream ? fclose(*stream) : 0;
    *stream = NULL;
    return status;
}

int tdm_figure_close(struct tdm_figure *figure, struct tdm_error *error)
{
    bool good = close_stream(&figure->script) == 0;
    good = close_stream(&figure->notes) == 0 && good;
    good = close_stream(&figure->numbers) == 0 && good;
    return good ? 0 : tdm_fail(error, "out of memory");
}

void tdm_figure_free(struct tdm_figure *figure)
{
    tdm_figure_close(figure, NULL);
    free(figure->script_text);
    free(figure->notes_text);
    free(figure->numbers_text);
    *figure = (struct tdm_figure){0};
}

char *tdm_figure_script(const struct tdm_figure *figure)
{
    char *text = NULL;
    size_t size = 0;
    FILE *script = open_memstream(&text, &size);
    if (!script)
        return NULL;
    write_style(figure, script);
    fputs(figure->script_text, script);
    if (fclose(script) == 0)
        return text;
    free(text);
    return NULL;
}

// `twice` are characters that stand for themselves only where there are two of them.
static void quote(FILE *script, const char *text, size_t most, const char *twice)
{
    char *clean = tdm_clean_text(text);
    size_t count = 0;
    fputc('\'', script);
    for (const char *c = clean; c && *c; c++) {
        count += ((unsigned char)*c & 0xc0) != 0x80;
        if (count > most) {
            fputs("…", script);
            break;
        }
        if (strchr(twice, *c))
            fputc(*c, script);
        if (*c == '>' && c - clean >= 2 && c[-1] == ']' && c[-2] == ']')
            fputc(' ', script); // "]]>" may not stand in XML, and gnuplot lets '>' pass
        fputc(*c == '\n' ? ' ' : *c, script);
    }
    fputc('\'', script);
    free(clean);
}

void tdm_figure_quote(FILE *script, const char *text, size_t most)
{
    quote(script, text, most, "'");
}

void tdm_figure_tic(FILE *script, const char *text, size_t most, double at)
{
    quote(script, text, most, "'%"); // a tic's text is a format
    fprintf(script, " %.9g", at);
}

void tdm_figure_note(struct tdm_figure *figure, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fputs("<p>", figure->notes);
    tdm_html_text(figure->notes, text);
    fputs("</p>\n", figure->notes);
}

char *tdm_figure_estimate(double mean, double half, char *text, size_t size)
{
    if (!isfinite(mean)) {
        text[0] = '\0';
    } else if (!isfinite(half) || !(half > 0)) {
        const double digits = mean == 0 ? 1 : floor(log10(fabs(mean))) + 1;
        snprintf(text, size, "%.*f", (int)fmin(fmax(4 - digits, 0), 6), mean);
    } else { // two digits of the interval
        const int decimals = (int)fmin(fmax(1 - floor(log10(half)), 0), 6);
        snprintf(text, size, "%.*f ± %.*f", decimals, mean, decimals, half);
    }
    return text;
}

// ---- axes --------------------------------------------------------------------------------------

struct tdm_scale tdm_scale_for(const char *units, double most)
{
    // Largest first; the last one of a unit is for whatever is smaller.
    static const struct {
        const char *units;
        double from;
        struct tdm_scale scale;
    } scales[] = {
        {"s", 10, {1, "s"}},
        {"s", 0.01, {1e3, "ms"}},
        {"s", 0, {1e6, "µs"}},
        {"J", 1e4, {1e-3, "kJ"}},
        {"J", 0.1, {1, "J"}},
        {"J", 0, {1e3, "mJ"}},
        {"W", 1e4, {1e-3, "kW"}},
        {"W", 0.1, {1, "W"}},
        {"W", 0, {1e3, "mW"}},
        {"byte/s", 1.25e9, {8e-9, "Gbit/s"}},
        {"byte/s", 1.25e5, {8e-6, "Mbit/s"}},
        {"byte/s", 0, {8e-3, "kbit/s"}},
        {"Hz", 1e9, {1e-9, "GHz"}},
        {"Hz", 1e6, {1e-6, "MHz"}},
        {"Hz", 0, {1, "Hz"}},
        {"byte", 1e6, {1e-6, "MB"}},
        {"byte", 1e3, {1e-3, "kB"}},
        {"byte", 0, {1, "B"}},
        {"FLOP/s", 1e12, {1e-12, "TFLOP/s"}},
        {"FLOP/s", 0, {1e-9, "GFLOP/s"}},
        {"degC", 0, {1, "°C"}},
    };
    const char *same = strcmp(units, "bytes/s") == 0 ? "byte/s"
                       : strcmp(units, "bytes") == 0 ? "byte"
                                                     : units;
    for (size_t i = 0; i < TDM_COUNT(scales); i++)
        if (strcmp(scales[i].units, same) == 0 && (most >= scales[i].from || scales[i].from == 0))
            return scales[i].scale;
    return (struct tdm_scale){1, strcmp(units, "1") == 0 ? "" : units};
}

bool tdm_axis_is_long(double least, double most)
{
    return least > 0 && most > 20 * least;
}

// Numbers of one decade on a logarithmic axis; it ends at them, and shows them unless it is long.
struct steps {
    size_t count;
    double at[8];
};
static const struct steps tens = {1, {1}}, fives = {3, {1, 2, 5}},
                          more = {8, {1, 1.5, 2, 3, 4, 5, 6, 8}};

static void set_log(struct tdm_axis *axis, FILE *script)
{
    double low = 0, high = 0;
    const double decades = log10(axis->most / axis->least);
    const struct steps *steps = decades > 1 ? &fives : &more;
    for (int e = (int)floor(log10(axis->least)) - 1; high < axis->most; e++)
        for (size_t i = 0; i < steps->count && high < axis->most; i++) {
            high = steps->at[i] * pow(10, e);
            if (high <= axis->least)
                low = high;
        }
    axis->low = low;
    axis->high = high;
    fprintf(script, "set logscale %c\nset %crange [%.9g:%.9g]\nset %ctics (", axis->which,
            axis->which, low, high, axis->which);
    const char *comma = "";
    if (decades > 3.2)
        steps = &tens;
    for (int e = (int)floor(log10(low)); e <= (int)ceil(log10(high)); e++)
        for (size_t i = 0; i < steps->count; i++, comma = ", ") {
            const double tic = steps->at[i] * pow(10, e);
            fprintf(script, "%s'%g' %.9g", comma, tic, tic);
        }
    fputs(")\n", script);
}

void tdm_axis_set(struct tdm_axis *axis, FILE *script)
{
    if (axis->log) {
        set_log(axis, script);
    } else {
        axis->low = fmin(0, axis->least);
        axis->high = axis->most > 0 ? 1.04 * axis->most : 1;
        fprintf(script, "set %crange [%.9g:%.9g]\nset %ctics autofreq\n", axis->which, axis->low,
                axis->high, axis->which);
    }
    char label[256];
    snprintf(label, sizeof label, *axis->scale.unit ? "%s (%s)" : "%s", axis->label,
             axis->scale.unit);
    fprintf(script, "set %clabel ", axis->which);
    tdm_figure_quote(script, label, 80);
    fputc('\n', script);
}

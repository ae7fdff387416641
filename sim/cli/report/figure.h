// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A plot while it is drawn: the script for gnuplot, sentences below it, and a table of what is
 * drawn. What all plots share is here: size, palette, axes, text that gnuplot takes as it is.
 */
#ifndef TDM_CLI_REPORT_FIGURE_H
#define TDM_CLI_REPORT_FIGURE_H

#include <stdio.h>

#include "cli/report/html.h"

struct tdm_figure {
    char name[96]; /**< of files and links: "pareto", "cost-by-bandwidth" */
    char title[256];
    int height;    /**< of the picture; its width is the same everywhere */
    FILE *script;  /**< commands for gnuplot, after the common ones */
    FILE *notes;   /**< HTML: paragraphs */
    FILE *numbers; /**< HTML: a table */
    char *script_text, *notes_text, *numbers_text;
    size_t script_size, notes_size, numbers_size;
};

enum { TDM_FIGURE_WIDTH = 800, TDM_FIGURE_HEIGHT = 440 };
/** Line types one, two, … times this many apart have one colour, and other dashes and points. */
enum { TDM_FIGURE_COLOURS = 8 };

int tdm_figure_open(struct tdm_figure *figure, struct tdm_error *error);
/** Ends the streams, whose texts can be read now. -1 with `error`: memory ran out. */
int tdm_figure_close(struct tdm_figure *figure, struct tdm_error *error);
void tdm_figure_free(struct tdm_figure *figure);

/** The whole script; the caller frees it, NULL: no memory. */
char *tdm_figure_script(const struct tdm_figure *figure);

/** Writes text as a string of gnuplot's: 'it''s'. Longer than `most` characters it is cut. */
void tdm_figure_quote(FILE *script, const char *text, size_t most);

/** Writes a tic of this text, "'it''s' 3", for a list of them. */
void tdm_figure_tic(FILE *script, const char *text, size_t most, double at);

/**
 * "5.43 ± 0.30": as many digits as the interval allows; four where there is none. Returns `text`.
 */
char *tdm_figure_estimate(double mean, double half, char *text, size_t size);

/** A note of one paragraph. */
void tdm_figure_note(struct tdm_figure *figure, const char *format, ...) TDM_PRINTF(2, 3);

// ---- axes --------------------------------------------------------------------------------------

/** A unit that reads well for numbers up to some size: they are multiplied by `factor`. */
struct tdm_scale {
    double factor;
    const char *unit;
};

/** For numbers of this SI unit ("s", "byte/s") whose largest is `most`. */
struct tdm_scale tdm_scale_for(const char *units, double most);

struct tdm_axis {
    char which;        /**< 'x' or 'y' */
    const char *label; /**< "latency" */
    struct tdm_scale scale;
    double least, most; /**< of what is drawn, scaled */
    bool log;
    double low, high; /**< filled in: ends of the axis */
};

/** Whether numbers from `least` to `most` are better read on a logarithmic axis. */
bool tdm_axis_is_long(double least, double most);

/** Writes range, tics and label. A linear axis begins at 0. */
void tdm_axis_set(struct tdm_axis *axis, FILE *script);

#endif

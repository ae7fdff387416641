// SPDX-License-Identifier: GPL-3.0-or-later
/** The plots of a report: one row a plot, one file a family of them. */
#ifndef TDM_CLI_REPORT_PLOT_H
#define TDM_CLI_REPORT_PLOT_H

#include "cli/report/figure.h"
#include "cli/report/stats.h"

struct tdm_plot {
    const char *name;
    const char *title; /**< what one sees, lower case, for --list */

    /** How many figures the data are for; 0 and why not in `why`, or "" where nobody would miss
     * them. */
    size_t (*count)(const struct tdm_report *report, char *why, size_t size);

    /** Fills in the title, and writes script, notes and numbers of figure `index`. */
    int (*draw)(struct tdm_report *report, size_t index, struct tdm_figure *figure,
                struct tdm_error *error);
};

/** In the order of the page; ends with a NULL name. */
extern const struct tdm_plot tdm_plots[];

/** The rows' functions. */
size_t tdm_pareto_count(const struct tdm_report *report, char *why, size_t size);
int tdm_pareto_draw(struct tdm_report *report, size_t index, struct tdm_figure *figure,
                    struct tdm_error *error);
size_t tdm_latency_count(const struct tdm_report *report, char *why, size_t size);
int tdm_latency_draw(struct tdm_report *report, size_t index, struct tdm_figure *figure,
                     struct tdm_error *error);
size_t tdm_cost_count(const struct tdm_report *report, char *why, size_t size);
int tdm_cost_draw(struct tdm_report *report, size_t index, struct tdm_figure *figure,
                  struct tdm_error *error);
size_t tdm_sweep_count(const struct tdm_report *report, char *why, size_t size);
int tdm_sweep_draw(struct tdm_report *report, size_t index, struct tdm_figure *figure,
                   struct tdm_error *error);
size_t tdm_offload_count(const struct tdm_report *report, char *why, size_t size);
int tdm_offload_draw(struct tdm_report *report, size_t index, struct tdm_figure *figure,
                     struct tdm_error *error);
size_t tdm_learning_count(const struct tdm_report *report, char *why, size_t size);
int tdm_learning_draw(struct tdm_report *report, size_t index, struct tdm_figure *figure,
                      struct tdm_error *error);
size_t tdm_time_count(const struct tdm_report *report, char *why, size_t size);
int tdm_power_draw(struct tdm_report *report, size_t index, struct tdm_figure *figure,
                   struct tdm_error *error);
int tdm_energy_draw(struct tdm_report *report, size_t index, struct tdm_figure *figure,
                    struct tdm_error *error);
int tdm_clocks_draw(struct tdm_report *report, size_t index, struct tdm_figure *figure,
                    struct tdm_error *error);

enum { TDM_LEGEND = 26 /**< characters of a name that a plot shows */ };

/** Whether there are policies or variants to compare; if not `why`. */
bool tdm_is_compared(const struct tdm_report *report, char *why, size_t size);

/** What a cell is called where both matter: "oracle, bandwidth 8 Mbit/s"; cut to `size`. */
char *tdm_cell_name(const struct tdm_report *report, const struct tdm_report_cell *cell, char *text,
                    size_t size);

/** The note that goes with means of several seeds, or of one. */
void tdm_note_seeds(const struct tdm_report *report, struct tdm_figure *figure);

/** The note on policies that left more than 1 % of the requests without an answer. */
void tdm_note_unanswered(const struct tdm_report *report, struct tdm_figure *figure);

#endif

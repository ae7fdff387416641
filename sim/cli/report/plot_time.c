// SPDX-License-Identifier: GPL-3.0-or-later
// Power, energy and clocks of one run's first board over time.
#include <math.h>
#include <string.h>

#include "cli/report/over_time.h"
#include "cli/report/plot.h"

size_t tdm_time_count(const struct tdm_report *report, char *why, size_t size)
{
    if (report->timed && report->timed->end > 0)
        return 1;
    snprintf(why, size, "the run ended where it began");
    return 0;
}

// ---- what they share ---------------------------------------------------------------------------

static void set_time(const struct tdm_report *report, struct tdm_axis *x, FILE *script)
{
    const double end = report->timed->end;
    *x = (struct tdm_axis){.which = 'x', .label = "time since the start of the run"};
    x->scale = end > 3 * 3600.0  ? (struct tdm_scale){1.0 / 3600, "h"}
               : end > 20 * 60.0 ? (struct tdm_scale){1.0 / 60, "min"}
                                 : (struct tdm_scale){1, "s"};
    x->most = x->scale.factor * end;
    tdm_axis_set(x, script);
    fprintf(script, "set xrange [0:%.9g]\nset key outside top center horizontal\n", x->most);
}

static void note_run(const struct tdm_report *report, const struct tdm_report_time *time,
                     struct tdm_figure *figure)
{
    const struct tdm_report_run *run = report->timed;
    const char *variant = report->variants[run->variant].name;
    char boards[64] = "";
    if (run->boards > 1)
        snprintf(boards, sizeof boards, ", the first of %zu", run->boards);
    tdm_figure_note(figure, "%s under %s%s%s, seed %lld (%s); board %s%s. Steps of %.4g s.",
                    report->variants[run->variant].scenario, report->policies[run->policy].name,
                    *variant ? ", " : "", variant, (long long)run->seed, run->file,
                    strrchr(run->board, '/') + 1, boards, time->length);
}

static double middle(const struct tdm_report_time *time, size_t step)
{
    return ((double)step + 0.5) * time->length;
}

static double board_watts(const struct tdm_report_step *step)
{
    double sum = 0;
    for (size_t c = 0; c < TDM_CAUSES; c++)
        sum += step->watts[c];
    return sum;
}

// ---- power -------------------------------------------------------------------------------------

int tdm_power_draw(struct tdm_report *report, size_t index, struct tdm_figure *figure,
                   struct tdm_error *error)
{
    static const char *const titles[] = {">from (s)", ">board (W)", ">least (W)",
                                         ">most (W)", ">radio (W)", NULL};
    (void)index;
    const struct tdm_report_time *time = tdm_over_time(report, error);
    if (!time)
        return -1;
    FILE *script = figure->script;
    struct tdm_axis x, y = {.which = 'y', .label = "power", .scale = {1, "W"}};
    struct tdm_html_table table;
    snprintf(figure->title, sizeof figure->title, "Power over time");
    set_time(report, &x, script);
    for (size_t i = 0; i < TDM_STEPS; i++)
        y.most = fmax(y.most, fmax(time->steps[i].most, time->steps[i].radio));
    tdm_axis_set(&y, script);
    fputs("$d << EOD\n", script);
    tdm_html_table_start(&table, figure->numbers, titles);
    for (size_t i = 0; i < TDM_STEPS; i++) {
        const struct tdm_report_step *s = &time->steps[i];
        fprintf(script, "%.9g %.6g %.6g %.6g %.6g\n", x.scale.factor * middle(time, i),
                board_watts(s), s->least, s->most, s->radio);
        tdm_html_number(&table, (double)i * time->length);
        tdm_html_number(&table, board_watts(s));
        tdm_html_number(&table, s->least);
        tdm_html_number(&table, s->most);
        tdm_html_number(&table, s->radio);
    }
    tdm_html_table_end(&table);
    fputs("EOD\nplot $d using 1:3:4 with filledcurves lt 7 fs solid 0.35 title 'board: least to "
          "most', \\\n  $d using 1:2 with lines lt 1 dt 1 lw 1.5 title 'board: mean'",
          script);
    if (time->radio)
        fputs(", \\\n  $d using 1:5 with lines lt 2 dt 1 lw 1.5 title 'radio: mean'", script);
    fputc('\n', script);
    note_run(report, time, figure);
    tdm_figure_note(figure, "Lines are means over each step; the band goes from the least to the "
                            "most power within it.");
    return 0;
}

// ---- energy ------------------------------------------------------------------------------------

enum { LAYERS = TDM_CAUSES + 1 };

int tdm_energy_draw(struct tdm_report *report, size_t index, struct tdm_figure *figure,
                    struct tdm_error *error)
{
    static const char *const titles[] = {">until (s)", ">fixed (J)", ">leakage (J)", ">memory (J)",
                                         ">CPU (J)",   ">GPU (J)",   ">radio (J)",   NULL};
    static const size_t order[TDM_CAUSES] = {0, 4, 3, 1, 2}; // of the causes, from the ground up
    static const char *const names[LAYERS] = {"fixed", "leakage", "memory", "CPU", "GPU", "radio"};
    static const int kinds[LAYERS] = {8, 6, 4, 1, 3, 2};
    (void)index;
    const struct tdm_report_time *time = tdm_over_time(report, error);
    if (!time)
        return -1;
    FILE *script = figure->script;
    struct tdm_axis x, y = {.which = 'y', .label = "energy since the start"};
    struct tdm_html_table table;
    double sums[LAYERS] = {0}, all = 0;
    snprintf(figure->title, sizeof figure->title, "Where the energy goes");
    set_time(report, &x, script);
    for (size_t i = 0; i < TDM_STEPS; i++)
        all += time->length * time->steps[i].radio +
               time->steps[i].time * board_watts(&time->steps[i]);
    y.scale = tdm_scale_for("J", all);
    y.most = y.scale.factor * all;
    tdm_axis_set(&y, script);
    tdm_html_table_start(&table, figure->numbers, titles);
    fputs("$d << EOD\n0 0 0 0 0 0 0\n", script);
    for (size_t i = 0; i < TDM_STEPS; i++) {
        const struct tdm_report_step *s = &time->steps[i];
        const double until = ((double)i + 1) * time->length;
        double below = 0;
        for (size_t c = 0; c < TDM_CAUSES; c++)
            sums[c] += s->time * s->watts[order[c]];
        sums[TDM_CAUSES] += time->length * s->radio;
        fprintf(script, "%.9g", x.scale.factor * until);
        tdm_html_number(&table, until);
        for (size_t c = 0; c < LAYERS; c++) {
            below += sums[c];
            fprintf(script, " %.9g", y.scale.factor * below);
            tdm_html_number(&table, sums[c]);
        }
        fputc('\n', script);
    }
    tdm_html_table_end(&table);
    fputs("EOD\nset key invert\nset style fill solid 0.75\n", script);
    const size_t layers = time->radio ? LAYERS : TDM_CAUSES;
    for (size_t c = 0; c < layers; c++) {
        fputs(c ? ", \\\n  " : "plot ", script);
        if (c)
            fprintf(script, "$d using 1:%zu:%zu", c + 1, c + 2);
        else
            fputs("$d using 1:(0):2", script);
        fprintf(script, " with filledcurves lt %d title '%s'", kinds[c], names[c]);
    }
    fputc('\n', script);
    note_run(report, time, figure);
    tdm_figure_note(figure,
                    "Stacked: the upper edge is the energy of the board%s since the start, "
                    "resting included. 'fixed' is what no clock changes.",
                    time->radio ? " and its radio" : "");
    return 0;
}

// ---- clocks ------------------------------------------------------------------------------------

// The round number at or below `most`.
static double step_of(double most)
{
    if (!(most > 0))
        return 1;
    const double ten = pow(10, floor(log10(most)));
    return most >= 5 * ten ? 5 * ten : most >= 2 * ten ? 2 * ten : ten;
}

static void clock_panel(const struct tdm_report_time *time, size_t clock, FILE *script)
{
    static const char *const names[] = {"CPU", "GPU", "memory"};
    static const int kinds[] = {1, 3, 2};
    struct tdm_axis y = {.which = 'y', .label = names[clock]};
    for (size_t i = 0; i < TDM_STEPS; i++)
        y.most = fmax(y.most, time->steps[i].high[clock]);
    y.scale = tdm_scale_for("Hz", fmax(y.most, 1e9));
    y.most *= y.scale.factor;
    tdm_axis_set(&y, script);
    fprintf(script, "set ytics %g\n", step_of(y.most / 2));
    if (clock + 1 < TDM_RECORDED_CLOCKS)
        fputs("set format x ''\nunset xlabel\n", script);
    else
        fputs("set format x '%g'\nset xlabel timelabel\n", script);
    fprintf(script,
            "plot $d using 1:%zu:%zu with filledcurves lt %d fs solid 0.25 notitle, \\\n"
            "  $d using 1:%zu with lines lt %d dt 1 lw 1.5 notitle\n",
            3 + 3 * clock, 4 + 3 * clock, kinds[clock], 2 + 3 * clock, kinds[clock]);
}

int tdm_clocks_draw(struct tdm_report *report, size_t index, struct tdm_figure *figure,
                    struct tdm_error *error)
{
    static const char *const titles[] = {
        ">from (s)",  ">CPU (Hz)",    ">least (Hz)", ">most (Hz)", ">GPU (Hz)", ">least (Hz)",
        ">most (Hz)", ">memory (Hz)", ">least (Hz)", ">most (Hz)", NULL};
    (void)index;
    const struct tdm_report_time *time = tdm_over_time(report, error);
    if (!time)
        return -1;
    FILE *script = figure->script;
    struct tdm_axis x;
    struct tdm_html_table table;
    snprintf(figure->title, sizeof figure->title, "Clocks over time");
    figure->height = 560;
    set_time(report, &x, script);
    fprintf(script, "timelabel = '%s (%s)'\n$d << EOD\n", x.label, x.scale.unit);
    tdm_html_table_start(&table, figure->numbers, titles);
    for (size_t i = 0; i < TDM_STEPS; i++) {
        const struct tdm_report_step *s = &time->steps[i];
        fprintf(script, "%.9g", x.scale.factor * middle(time, i));
        tdm_html_number(&table, (double)i * time->length);
        for (size_t d = 0; d < TDM_RECORDED_CLOCKS; d++) {
            fprintf(script, " %.6g %.6g %.6g", 1e-9 * s->clock[d], 1e-9 * s->low[d],
                    1e-9 * s->high[d]);
            tdm_html_number(&table, s->clock[d]);
            tdm_html_number(&table, s->low[d]);
            tdm_html_number(&table, s->high[d]);
        }
        fputc('\n', script);
    }
    tdm_html_table_end(&table);
    fputs("EOD\nunset key\nset multiplot layout 3,1 margins 0.12,0.97,0.13,0.98 spacing 0,0.05\n",
          script);
    for (size_t d = 0; d < TDM_RECORDED_CLOCKS; d++)
        clock_panel(time, d, script);
    fputs("unset multiplot\n", script);
    note_run(report, time, figure);
    tdm_figure_note(figure, "Lines are means over each step; the band goes from the least to the "
                            "most within it.");
    return 0;
}

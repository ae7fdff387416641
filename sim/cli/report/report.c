// SPDX-License-Identifier: GPL-3.0-or-later
// tandem report: reads records, draws what their data are for, writes one page.
#include "cli/report/report.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/report/gnuplot.h"
#include "cli/report/page.h"
#include "cli/report/plot.h"
#include "cli/report/svg.h"
#include "core/guard.h"
#include "core/partial.h"
#include "core/progress.h"
#include "core/schema.h"
#include "core/table.h"
#include "core/text.h"

enum { MOST_FILES = 100000 };

struct arguments {
    const char **files;
    int file_count;
    const char *output, *folder, *timed;
    bool only_some, list;
    bool *wanted; // by row of tdm_plots
    struct tdm_partial page;
};

// ---- usage -------------------------------------------------------------------------------------

static size_t plot_count(void)
{
    size_t count = 0;
    while (tdm_plots[count].name)
        count++;
    return count;
}

static int take_plots(void *into, char *list, struct tdm_error *error)
{
    struct arguments *a = into;
    char *rest = NULL;
    a->only_some = true;
    for (char *name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        struct tdm_nearest nearest;
        size_t i = 0;
        tdm_nearest_start(&nearest, name);
        for (; tdm_plots[i].name && strcmp(tdm_plots[i].name, name) != 0; i++)
            tdm_nearest_try(&nearest, tdm_plots[i].name);
        if (!tdm_plots[i].name)
            return tdm_fail(error, "there is no plot '%.64s'%s; 'tandem report --list' shows them",
                            name, tdm_nearest_hint(&nearest));
        a->wanted[i] = true;
    }
    return 0;
}

static int parse(int argc, char **argv, struct arguments *a)
{
    const struct tdm_option options[] = {
        {'o', "output", "FILE", .text = &a->output, .help = "the page, HTML"},
        {.name = "svg",
         .argument = "DIR",
         .text = &a->folder,
         .help = "also, or only, each plot as a file of its own in this folder"},
        {.name = "only",
         .argument = "PLOT,…",
         .take = take_plots,
         .into = a,
         .help = "these plots and no others"},
        {.name = "time",
         .argument = "FILE",
         .text = &a->timed,
         .help = "the record that is drawn over time, the first by default; FILE#NAME is one that "
                 "a merged file links to"},
        {.name = "list", .flag = &a->list, .help = "what plots there are"},
    };
    const struct tdm_usage usage = {
        "report", "FILE...",
        "Draws records of runs, merged files of sweeps, and how learned policies learned: one page "
        "that needs nothing else, with "
        "plots, their numbers, the scenario and where its numbers come from. Drawn by gnuplot.",
        options, TDM_COUNT(options)};
    const int count = tdm_options_read(&usage, argc, argv, a->files, 0, MOST_FILES);
    if (count < 0 || a->list)
        return count;
    if (count == 0)
        fputs("tandem report: missing 'FILE...'\n", stderr);
    else if (!a->output && !a->folder)
        fputs("tandem report: --output or -o FILE is needed, or --svg DIR\n", stderr);
    else
        return count;
    fputs("usage: tandem report FILE... [OPTION]...\n", stderr);
    return TDM_OPTIONS_WRONG;
}

static void print_list(void)
{
    struct tdm_table table;
    tdm_table_start(&table, (const char *const[]){"", "", NULL});
    for (const struct tdm_plot *plot = tdm_plots; plot->name; plot++) {
        tdm_table_add(&table, "%s", plot->name);
        tdm_table_add(&table, "%s", plot->title);
    }
    tdm_table_print(&table, stdout, 0, tdm_terminal_width(stdout));
}

// ---- reading -----------------------------------------------------------------------------------

static int find_timed(const struct arguments *a, struct tdm_report *report, struct tdm_error *error)
{
    struct tdm_nearest nearest;
    report->timed = report->runs;
    if (!a->timed)
        return 0;
    tdm_nearest_start(&nearest, a->timed);
    for (size_t i = 0; i < report->run_count; i++) {
        if (strcmp(report->runs[i].file, a->timed) == 0) {
            report->timed = &report->runs[i];
            return 0;
        }
        tdm_nearest_try(&nearest, report->runs[i].file);
    }
    return tdm_fail(error, "--time: no record '%.200s' is among the files%s", a->timed,
                    tdm_nearest_hint(&nearest));
}

static int read_all(const struct arguments *a, struct tdm_report *report, struct tdm_error *error)
{
    struct tdm_progress progress;
    int status = 0;
    tdm_progress_start(&progress, "reading", "files", a->file_count);
    for (int i = 0; i < a->file_count && status == 0; i++) {
        status = tdm_report_add(report, a->files[i], error);
        tdm_progress_update(&progress, i + 1);
    }
    tdm_progress_end(&progress);
    if (status == 0 && !report->run_count)
        status = tdm_fail_at(error, a->files[0], 0, 0,
                             report->learning_count ? "a learned policy; a report needs "
                                                      "the record of a run, too"
                                                    : "links to no record");
    return status || tdm_report_order(report, error) || tdm_report_count(report, error) ||
                   find_timed(a, report, error)
               ? -1
               : 0;
}

// ---- drawing -----------------------------------------------------------------------------------

// A stream into a partial file, which stays open when the stream is closed.
static FILE *stream_into(const struct tdm_partial *partial)
{
    const int copy = dup(partial->fd);
    FILE *stream = copy < 0 ? NULL : fdopen(copy, "w");
    if (!stream && copy >= 0)
        close(copy);
    return stream;
}

static int close_written(FILE *stream, const char *path, struct tdm_error *error)
{
    const bool lost = ferror(stream) != 0;
    return fclose(stream) || lost ? tdm_fail_errno(error, path, "cannot write") : 0;
}

static int write_svg(const char *folder, const struct tdm_figure *figure, const char *svg,
                     struct tdm_error *error)
{
    char path[4096];
    struct tdm_partial partial;
    if (snprintf(path, sizeof path, "%s/%s.svg", folder, figure->name) >= (int)sizeof path)
        return tdm_fail(error, "'%.200s…' is too long a path", folder);
    if (tdm_partial_open(&partial, path, error))
        return -1;
    FILE *stream = stream_into(&partial);
    if (stream)
        tdm_svg_write(svg, figure->title, stream);
    if (stream ? close_written(stream, path, error) : tdm_fail_errno(error, path, "cannot write")) {
        tdm_partial_abandon(&partial);
        return -1;
    }
    return tdm_partial_commit(&partial, error);
}

static int draw_figure(const struct arguments *a, struct tdm_report *report,
                       const struct tdm_plot *plot, size_t index, FILE *page,
                       struct tdm_error *error)
{
    struct tdm_figure figure = {.title = ""};
    char *script = NULL, *svg = NULL;
    snprintf(figure.name, sizeof figure.name, "%s", plot->name);
    if (tdm_figure_open(&figure, error))
        return -1;
    int status = plot->draw(report, index, &figure, error);
    if (tdm_figure_close(&figure, status ? NULL : error))
        status = -1;
    if (status == 0) {
        script = tdm_figure_script(&figure);
        svg = script ? tdm_gnuplot_run(script, error) : NULL;
        if (!script)
            tdm_fail(error, "out of memory");
        status = svg ? 0 : -1;
    }
    if (status == 0 && page)
        tdm_page_figure(&figure, svg, page);
    if (status == 0 && a->folder)
        status = write_svg(a->folder, &figure, svg, error);
    free(script);
    free(svg);
    tdm_figure_free(&figure);
    return status;
}

static int draw_all(const struct arguments *a, struct tdm_report *report, FILE *page,
                    struct tdm_error *error)
{
    for (size_t i = 0; tdm_plots[i].name; i++) {
        const struct tdm_plot *plot = &tdm_plots[i];
        char why[256] = "";
        if (a->only_some && !a->wanted[i])
            continue;
        const size_t count = plot->count(report, why, sizeof why);
        if (!count && page && *why)
            tdm_page_missing(plot->title, why, page);
        if (!count && (!page || a->only_some))
            fprintf(stderr, "tandem report: %s is left out: %s\n", plot->name,
                    *why ? why : "none of the files is for it");
        for (size_t f = 0; f < count; f++)
            if (draw_figure(a, report, plot, f, page, error))
                return -1;
    }
    return 0;
}

static int write_page(const struct arguments *a, struct tdm_report *report, struct tdm_error *error)
{
    FILE *page = stream_into(&a->page);
    if (!page)
        return tdm_fail_errno(error, a->output, "cannot write");
    tdm_page_start(report, page);
    int status = draw_all(a, report, page, error);
    if (status == 0)
        status = tdm_page_end(report, page, error);
    if (close_written(page, a->output, status ? NULL : error))
        status = -1;
    return status;
}

// ---- the command -------------------------------------------------------------------------------

static int make_folder(const char *folder, struct tdm_error *error)
{
    if (!folder || mkdir(folder, 0777) == 0 || errno == EEXIST)
        return 0;
    return tdm_fail_errno(error, folder, "cannot make the folder");
}

static int work(void *context)
{
    const struct arguments *a = context;
    struct tdm_report report = {0};
    struct tdm_error error = {0};
    int code = TDM_EXIT_DONE;
    prctl(PR_SET_PDEATHSIG, SIGTERM); // no page that nobody waits for
    setenv("COLUMNS", "100", 1);      // nor one that depends on the terminal
    if (read_all(a, &report, &error))
        code = tdm_cli_fail("report", &error, TDM_EXIT_USAGE);
    else if (make_folder(a->folder, &error) ||
             (a->output ? write_page(a, &report, &error) : draw_all(a, &report, NULL, &error)))
        code = tdm_cli_fail("report", &error, TDM_EXIT_FAILED);
    tdm_report_free(&report);
    return code;
}

static int report(int argc, char **argv, struct arguments *a)
{
    struct tdm_error error = {0};
    a->file_count = parse(argc, argv, a);
    if (a->file_count < 0)
        return tdm_options_exit(a->file_count);
    if (a->list) {
        print_list();
        return TDM_EXIT_DONE;
    }
    if (tdm_gnuplot_check(&error) || (a->output && tdm_partial_open(&a->page, a->output, &error)))
        return tdm_cli_fail("report", &error, TDM_EXIT_FAILED);
    int code = tdm_guard_run(work, a, &error);
    if (code < 0)
        code = tdm_cli_fail("report", &error, TDM_EXIT_USAGE);
    if (a->output && code != TDM_EXIT_DONE)
        tdm_partial_abandon(&a->page);
    else if (a->output && tdm_partial_commit(&a->page, &error))
        code = tdm_cli_fail("report", &error, TDM_EXIT_FAILED);
    return code;
}

int tdm_cli_report(int argc, char **argv)
{
    struct arguments a = {0};
    a.files = calloc((size_t)argc + 1, sizeof *a.files);
    a.wanted = calloc(plot_count() + 1, sizeof *a.wanted);
    const int code = a.files && a.wanted ? report(argc, argv, &a) : TDM_EXIT_FAILED;
    free(a.files);
    free(a.wanted);
    return code;
}

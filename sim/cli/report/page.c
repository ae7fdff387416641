// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/report/page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report/plot.h"
#include "cli/report/provenance.h"
#include "cli/report/svg.h"

enum { MOST_SHOWN = 24 }; // rows of a table that is not folded

static const char style[] =
    "body{font:16px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;"
    "color:#222;background:#fff;max-width:920px;margin:2em auto;padding:0 1em}\n"
    "h1{font-size:1.6em;margin:.2em 0}\n"
    "h2{font-size:1.25em;margin:2em 0 .4em;border-top:1px solid #ccc;padding-top:.8em}\n"
    "h3{font-size:1.05em;margin:1.4em 0 .3em}\n"
    "figure{margin:0}\nsvg{max-width:100%;height:auto;display:block}\n"
    "figcaption p{margin:.25em 0;color:#444;font-size:.92em}\n"
    "table{border-collapse:collapse;font-size:.88em;margin:.5em 0;"
    "font-variant-numeric:tabular-nums}\n"
    "th,td{text-align:left;padding:.15em .8em .15em 0;border-bottom:1px solid #e4e4e4;"
    "vertical-align:top;overflow-wrap:break-word}\n"
    "th{border-bottom:1px solid #888;font-weight:600}\n"
    ".n{text-align:right;white-space:nowrap}\n"
    "details{margin:.5em 0}\nsummary{cursor:pointer}\n"
    ".all,.wide{overflow-x:auto}\n.all td{white-space:nowrap}\n.wide{max-height:32em}\n"
    "pre{background:#f6f6f6;padding:.7em;font-size:.8em;overflow-x:auto;line-height:1.35}\n"
    ".w{white-space:pre-wrap}\n.sub{color:#444;margin:.2em 0}\n"
    "@media print{body{max-width:none;margin:0}section{break-inside:avoid}"
    ".wide{max-height:none;overflow:visible}}\n";

// ---- the top -----------------------------------------------------------------------------------

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

// The scenario, or what they have in common.
static void write_name(const struct tdm_report *report, FILE *page)
{
    const struct tdm_report_variant *v = report->variants;
    size_t named = 0;
    for (size_t i = 0; i < report->variant_count; i++) {
        bool seen = false;
        for (size_t j = 0; j < i && !seen; j++)
            seen = strcmp(v[i].scenario, v[j].scenario) == 0;
        if (seen)
            continue;
        if (named++ < 3)
            tdm_html_print(page, "%s%s", named > 1 ? ", " : "", v[i].scenario);
    }
    if (named > 3)
        fputs(", …", page);
}

// Of the grid or, where there is but one scenario, of that.
static void write_title(const struct tdm_report *report, FILE *page)
{
    char *scenario = report->variant_count == 1 ? tdm_provenance_title(report->variants) : NULL;
    const char *title = report->variants[0].title ? report->variants[0].title : scenario;
    if (title) {
        fputs("<p class=\"sub\">", page);
        tdm_html_text(page, title);
        fputs("</p>\n", page);
    }
    free(scenario);
}

static void count_seeds(const struct tdm_report *report, size_t *least, size_t *most)
{
    *least = SIZE_MAX;
    *most = 0;
    for (size_t i = 0; i < report->cell_count; i++) {
        *least = report->cells[i].runs < *least ? report->cells[i].runs : *least;
        *most = report->cells[i].runs > *most ? report->cells[i].runs : *most;
    }
}

// "3 policies, 8 variants, 3 seeds each: 72 runs."
static void write_counts(const struct tdm_report *report, FILE *page)
{
    size_t least, most;
    count_seeds(report, &least, &most);
    fputs("<p class=\"sub\">", page);
    if (report->run_count > 1) {
        fprintf(page, "%zu polic%s, ", report->policy_count,
                report->policy_count == 1 ? "y" : "ies");
        if (report->variant_count > 1)
            fprintf(page, "%zu variants, ", report->variant_count);
        if (least != most)
            fprintf(page, "%zu to ", least);
        fprintf(page, "%zu seed%s each: ", most, plural(most));
    }
    fprintf(page, "%zu run%s.</p>\n", report->run_count, plural(report->run_count));
}

static void write_estimate(struct tdm_html_table *table, struct tdm_estimate e)
{
    char text[64];
    tdm_html_cell(table, "%s", tdm_figure_estimate(e.mean, e.half, text, sizeof text));
}

static void write_summary(const struct tdm_report *report, FILE *page)
{
    static const char *const titles[] = {"policy",    "variant",    ">cost (J)",
                                         ">ETI (J)",  ">TTI (s)",   ">sent (%)",
                                         ">requests", ">no answer", NULL};
    static const char *const alone[] = {"policy",    ">cost (J)", ">ETI (J)",   ">TTI (s)",
                                        ">sent (%)", ">requests", ">no answer", NULL};
    struct tdm_html_table table;
    const bool folded = report->cell_count > MOST_SHOWN, many = report->variant_count > 1;
    fputs(folded ? "<details><summary>Figures of each policy and variant</summary>\n" : "", page);
    fputs("<div class=\"all\">\n", page);
    tdm_html_table_start(&table, page, many ? titles : alone);
    for (size_t i = 0; i < report->cell_count; i++) {
        const struct tdm_report_cell *c = &report->cells[i];
        tdm_html_cell(&table, "%s", report->policies[c->policy].name);
        if (many)
            tdm_html_cell(&table, "%s", report->variants[c->variant].name);
        write_estimate(&table, c->cost);
        write_estimate(&table, c->energy);
        write_estimate(&table, c->latency);
        if (c->offloaded.count)
            tdm_html_cell(&table, "%.1f", 100 * c->offloaded.mean);
        else
            tdm_html_cell(&table, "%s", "");
        tdm_html_cell(&table, "%.0f", c->answered);
        tdm_html_cell(&table, "%.0f", c->dropped + c->unanswered);
    }
    tdm_html_table_end(&table);
    fputs("</div>\n", page);
    fputs(folded ? "</details>\n" : "", page);
}

void tdm_page_start(const struct tdm_report *report, FILE *page)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
          page);
    write_name(report, page);
    fprintf(page, ": Tandem report</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>", style);
    write_name(report, page);
    fputs("</h1>\n", page);
    write_title(report, page);
    write_counts(report, page);
    write_summary(report, page);
    fputs("<p class=\"sub\">ETI: energy to inference, of the board from the start of a request to "
          "its answer and of the radio with a full tail. TTI: time to inference, from arrival to "
          "answer. ±: 95 % interval of the mean over seeds.</p>\n",
          page);
}

// ---- figures -----------------------------------------------------------------------------------

void tdm_page_figure(const struct tdm_figure *figure, const char *svg, FILE *page)
{
    fprintf(page, "<section id=\"%s\">\n<h2>", figure->name);
    tdm_html_text(page, figure->title);
    fputs("</h2>\n<figure>\n", page);
    tdm_svg_inline(svg, figure->title, figure->name, page);
    fprintf(page,
            "<figcaption>\n%s</figcaption>\n</figure>\n"
            "<details><summary>Numbers</summary>\n<div class=\"wide\">\n%s</div>\n</details>\n"
            "</section>\n",
            figure->notes_text, figure->numbers_text);
}

void tdm_page_missing(const char *title, const char *why, FILE *page)
{
    fputs("<p class=\"sub missing\">Left out: ", page);
    tdm_html_print(page, "%s: %s.", title, why);
    fputs("</p>\n", page);
}

// ---- the bottom --------------------------------------------------------------------------------

static void write_scenarios(const struct tdm_report *report, FILE *page)
{
    fprintf(page, "<section id=\"scenario\">\n<h2>Scenario%s</h2>\n",
            plural(report->variant_count));
    for (size_t i = 0; i < report->variant_count; i++) {
        const struct tdm_report_variant *v = &report->variants[i];
        const bool open = report->variant_count == 1;
        fputs(open ? "" : "<details><summary>", page);
        tdm_html_text(page, open ? "" : v->name);
        fputs(open ? "<pre class=\"w\">" : "</summary>\n<pre class=\"w\">", page);
        tdm_html_text(page, v->text);
        fputs(open ? "</pre>\n" : "</pre>\n</details>\n", page);
    }
    fputs("</section>\n", page);
}

static void write_runs(const struct tdm_report *report, FILE *page)
{
    static const char *const titles[] = {"record", "policy", "variant", ">seed", "engine",
                                         "tandem", "HDF5",   "command", NULL};
    struct tdm_html_table table;
    fprintf(page,
            "<section id=\"runs\">\n<h2>Runs</h2>\n<details%s><summary>%zu record%s</summary>\n"
            "<div class=\"wide\">\n",
            report->run_count <= MOST_SHOWN ? " open" : "", report->run_count,
            plural(report->run_count));
    tdm_html_table_start(&table, page, titles);
    for (size_t i = 0; i < report->run_count; i++) {
        const struct tdm_report_run *run = &report->runs[i];
        tdm_html_cell(&table, "%s", run->file);
        tdm_html_cell(&table, "%s", report->policies[run->policy].name);
        tdm_html_cell(&table, "%s", report->variants[run->variant].name);
        tdm_html_cell(&table, "%lld", (long long)run->seed);
        tdm_html_cell(&table, "%s", run->engine);
        tdm_html_cell(&table, "%s", run->tandem);
        tdm_html_cell(&table, "%s", run->hdf5);
        tdm_html_cell(&table, "%s", run->command);
    }
    tdm_html_table_end(&table);
    fputs("</div>\n</details>\n</section>\n", page);
}

int tdm_page_end(const struct tdm_report *report, FILE *page, struct tdm_error *error)
{
    write_scenarios(report, page);
    if (tdm_provenance_write(report, page, error))
        return -1;
    write_runs(report, page);
    fprintf(page, "<p class=\"sub\">Made by tandem %s.</p>\n</body>\n</html>\n", tdm_version());
    return 0;
}

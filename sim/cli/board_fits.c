// SPDX-License-Identifier: GPL-3.0-or-later
// What `tandem board show` prints of clocks and fits.
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/board_parts.h"
#include "cli/describe.h"

enum { SIDE_BY_SIDE = 3 }; // fits whose coefficients stand beside each other

static struct tdm_sources sources_of(const struct tdm_board *board)
{
    return (struct tdm_sources){board->sources, board->source_count};
}

// ---- clocks ------------------------------------------------------------------------------------

static void show_domains(const struct tdm_board *board, FILE *stream)
{
    struct tdm_table table;
    char from[512];
    tdm_table_start(&table,
                    (const char *const[]){"domain", ">cores", ">OPPs", "governor", ">looks every",
                                          ">stall", ">settle", "source", NULL});
    for (int d = 0; d < TDM_DOMAINS; d++) {
        const struct tdm_domain_info *domain = board->domain[d];
        tdm_table_add(&table, "%s", tdm_domain_names[d]);
        if (d == TDM_CPU)
            tdm_table_add(&table, "%" PRId64, domain->cores);
        else
            tdm_table_add(&table, "-");
        tdm_table_add(&table, "%zu", domain->opp_count);
        tdm_table_add(&table, "%s", tdm_governor_names[domain->governor]);
        tdm_describe_cell(&table, domain->period, TDM_TIME);
        tdm_describe_cell(&table, domain->stall, TDM_TIME);
        tdm_describe_cell(&table, domain->settle, TDM_TIME);
        tdm_table_add(&table, "%s",
                      tdm_describe_source(sources_of(board), from, sizeof from, domain->source,
                                          "voltage", domain->voltage_source, "timing",
                                          domain->timing_source, "memory", domain->memory_source,
                                          NULL));
    }
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

// The clocks alone, in MHz.
static void show_frequencies(const struct tdm_board *board, FILE *stream)
{
    struct tdm_table table;
    fputc('\n', stream);
    tdm_table_start(&table, (const char *const[]){"domain", "OPPs, MHz", NULL});
    for (int d = 0; d < TDM_DOMAINS; d++) {
        char text[2048] = "";
        size_t used = 0;
        for (size_t i = 0; i < board->domain[d]->opp_count && used < sizeof text; i++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%.7g", i ? " " : "",
                                     board->domain[d]->opps[i].hz / 1e6);
        tdm_table_add(&table, "%s", tdm_domain_names[d]);
        tdm_table_add(&table, "%s", text);
    }
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

// A column of an OPP table that a fitted set adds: a list with one value an OPP.
struct extra {
    char title[160];
    const struct tdm_list *list;
    enum tdm_dimension dimension;
};

enum { MOST_EXTRAS = 8 };

static size_t add_extra(struct extra *extras, size_t count, const char *what, const char *id,
                        const struct tdm_list *list, enum tdm_dimension dimension)
{
    if (count == MOST_EXTRAS)
        return count;
    snprintf(extras[count].title, sizeof extras->title, ">%s (%s)", what, id);
    extras[count].list = list;
    extras[count].dimension = dimension;
    return count + 1;
}

static size_t find_extras(const struct tdm_board *board, int d, struct extra *extras)
{
    size_t count = 0;
    for (size_t i = 0; i < board->latency_count && d == TDM_EMC; i++)
        count = add_extra(extras, count, "bandwidth", board->latencies[i].id,
                          &board->latencies[i].bandwidth, TDM_BANDWIDTH);
    for (size_t i = 0; i < board->power_count; i++) {
        const struct tdm_power *p = &board->powers[i];
        if (d == TDM_CPU)
            count = add_extra(extras, count, "V/lowest", p->id, &p->cpu_v, TDM_PLAIN);
        else if (d == TDM_GPU)
            count = add_extra(extras, count, "V/lowest", p->id, &p->gpu_v, TDM_PLAIN);
        else
            count = add_extra(extras, count, "idle", p->id, &p->memory_idle, TDM_POWER);
    }
    return count;
}

static bool knows_voltage(const struct tdm_domain_info *domain)
{
    for (size_t i = 0; i < domain->opp_count; i++)
        if (!isnan(domain->opps[i].volts))
            return true;
    return false;
}

static void show_opps(const struct tdm_board *board, int d, FILE *stream)
{
    struct extra extras[MOST_EXTRAS];
    const size_t extra_count = find_extras(board, d, extras);
    const struct tdm_domain_info *domain = board->domain[d];
    const bool memory = d == TDM_EMC, volts = knows_voltage(domain);
    const char *titles[TDM_TABLE_COLUMNS] = {">OPP", ">clock"};
    size_t columns = 2;
    if (volts)
        titles[columns++] = ">voltage";
    titles[columns++] = memory ? ">bandwidth" : ">V/lowest";
    if (memory)
        titles[columns++] = ">idle";
    for (size_t e = 0; e < extra_count; e++)
        titles[columns++] = extras[e].title;
    struct tdm_table table;
    tdm_table_start(&table, titles);
    for (size_t i = 0; i < domain->opp_count; i++) {
        const struct tdm_opp *opp = &domain->opps[i];
        tdm_table_add(&table, "%zu", i);
        tdm_describe_cell(&table, opp->hz, TDM_FREQUENCY);
        if (volts)
            tdm_describe_cell(&table, opp->volts, TDM_VOLTAGE);
        if (memory)
            tdm_describe_cell(&table, opp->bandwidth, TDM_BANDWIDTH);
        else
            tdm_table_add(&table, "%.4f", opp->v);
        if (memory)
            tdm_describe_cell(&table, opp->idle, TDM_POWER);
        for (size_t e = 0; e < extra_count; e++)
            if (extras[e].dimension == TDM_PLAIN)
                tdm_table_add(&table, "%.4f", extras[e].list->items[i]);
            else
                tdm_describe_cell(&table, extras[e].list->items[i], extras[e].dimension);
    }
    fprintf(stream, "\n  %s\n", tdm_domain_names[d]);
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

void tdm_board_show_clocks(const struct tdm_board *board, bool all, FILE *stream)
{
    tdm_describe_heading(stream, "Clocks");
    show_domains(board, stream);
    if (!all)
        show_frequencies(board, stream);
    for (int d = 0; d < TDM_DOMAINS && all; d++)
        show_opps(board, d, stream);
}

// ---- fits --------------------------------------------------------------------------------------

// Names, ids and sources stand in the table of the sets and fits already.
static bool is_coefficient(const struct tdm_attribute *a)
{
    return (a->kind == TDM_QUANTITY || a->kind == TDM_LIST) && strcmp(a->name, "batch") != 0;
}

static const char *text_of(const struct tdm_element *element, const char *name, const void *object)
{
    for (size_t i = 0; i < element->attribute_count; i++)
        if (strcmp(element->attributes[i].name, name) == 0)
            return *(const char *const *)((const char *)object + element->attributes[i].offset);
    return NULL;
}

// Coefficients of up to SIDE_BY_SIDE objects of a kind, and what they mean.
static void show_some(const struct tdm_element *element, const char *objects, size_t count,
                      const char *const *names, FILE *stream)
{
    const char *titles[SIDE_BY_SIDE + 3] = {"coefficient"};
    char marked[SIDE_BY_SIDE][160], text[128];
    for (size_t k = 0; k < count; k++) {
        snprintf(marked[k], sizeof marked[k], ">%s", names[k]);
        titles[1 + k] = marked[k];
    }
    titles[1 + count] = "";
    struct tdm_table table;
    tdm_table_start(&table, titles);
    for (size_t i = 0; i < element->attribute_count; i++) {
        const struct tdm_attribute *a = &element->attributes[i];
        if (!is_coefficient(a))
            continue;
        tdm_table_add(&table, "%s", a->name);
        for (size_t k = 0; k < count; k++)
            tdm_table_add(&table, "%s",
                          tdm_describe_value(a, objects + k * element->size, text, sizeof text));
        tdm_table_add(&table, "%s", a->help);
    }
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

// Sets that fits share, with where they are from.
static void show_sets(const struct tdm_board *board, const struct tdm_element *element,
                      const char *objects, size_t count, const char *title, FILE *stream)
{
    char from[512];
    if (!count)
        return;
    tdm_describe_heading(stream, title);
    for (size_t k = 0; k < count; k++) {
        const char *object = objects + k * element->size;
        const char *rails = text_of(element, "rails", object);
        const char *id = text_of(element, "id", object);
        fprintf(stream, "%s  %s%s%s: %s\n", k ? "\n" : "", id, rails ? ", power over " : "",
                rails ? rails : "",
                tdm_describe_source(sources_of(board), from, sizeof from,
                                    text_of(element, "source", object), NULL));
        show_some(element, object, 1, &id, stream);
    }
}

static void show_fit_table(const struct tdm_board *board, FILE *stream)
{
    struct tdm_table table;
    char from[512];
    tdm_table_start(&table, (const char *const[]){">", "dnn", "mode", "precision", ">batch",
                                                  "latency", "power", "source", NULL});
    for (size_t i = 0; i < board->fit_count; i++) {
        const struct tdm_fit *fit = &board->fits[i];
        tdm_table_add(&table, "#%zu", i + 1);
        tdm_table_add(&table, "%s", fit->dnn);
        tdm_table_add(&table, "%s", fit->mode);
        tdm_table_add(&table, "%s", fit->precision);
        tdm_table_add(&table, "%" PRId64, fit->batch);
        tdm_table_add(&table, "%s", fit->latency_id);
        tdm_table_add(&table, "%s", fit->power_id ? fit->power_id : "-");
        const struct tdm_source *source =
            tdm_source_find(board->sources, board->source_count, fit->source);
        tdm_table_add(
            &table, "%s%s%s%s%s",
            tdm_describe_source(sources_of(board), from, sizeof from, fit->source, NULL),
            source && source->date ? ", " : "", source && source->date ? source->date : "",
            source && source->error ? ": " : "", source && source->error ? source->error : "");
    }
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

static void show_priors(const struct tdm_board *board, FILE *stream)
{
    struct tdm_table table;
    bool any = false;
    tdm_table_start(&table, (const char *const[]){">", "", NULL});
    for (size_t i = 0; i < board->fit_count; i++) {
        if (!board->fits[i].kept_prior)
            continue;
        tdm_table_add(&table, "#%zu", i + 1);
        tdm_table_add(&table, "%s", board->fits[i].kept_prior);
        any = true;
    }
    if (any)
        fputs("\n  The data did not determine these, which keep the prior:\n", stream);
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

void tdm_board_show_fits(const struct tdm_board *board, FILE *stream)
{
    show_sets(board, &tdm_latency_element, (const char *)board->latencies, board->latency_count,
              "Latency that fits share (forms: tandem help models)", stream);
    show_sets(board, &tdm_power_element, (const char *)board->powers, board->power_count,
              "Power that fits share", stream);
    tdm_describe_heading(stream, "Fits");
    if (!board->fit_count) {
        fputs("  none yet: 'tandem calibrate' makes them from measurements\n", stream);
        return;
    }
    show_fit_table(board, stream);
    show_priors(board, stream);
    for (size_t i = 0; i < board->fit_count; i += SIDE_BY_SIDE) {
        const size_t left = board->fit_count - i;
        const size_t count = left < SIDE_BY_SIDE ? left : SIDE_BY_SIDE;
        char names[SIDE_BY_SIDE][150];
        const char *pointers[SIDE_BY_SIDE];
        for (size_t k = 0; k < count; k++) {
            snprintf(names[k], sizeof names[k], "#%zu %.140s", i + k + 1, board->fits[i + k].dnn);
            pointers[k] = names[k];
        }
        fputc('\n', stream);
        show_some(&tdm_fit_element, (const char *)(board->fits + i), count, pointers, stream);
    }
}

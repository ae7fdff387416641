// SPDX-License-Identifier: GPL-3.0-or-later
// tandem server: where offloaded work runs.
#include "model/server.h"

#include <inttypes.h>
#include <math.h>

#include "cli/command.h"
#include "cli/kind.h"

static struct tdm_sources sources_of(const struct tdm_server *server)
{
    return (struct tdm_sources){server->sources, server->source_count};
}

static const char *const list_titles[] = {"name",      ">peak",  ">efficiency", ">slots",
                                          ">overhead", ">rates", "server",      NULL};

static void list_row(const void *object, struct tdm_table *table)
{
    const struct tdm_server *server = object;
    tdm_table_add(table, "%s", server->name);
    tdm_describe_cell(table, server->flop, TDM_COMPUTE);
    tdm_describe_cell(table, server->efficiency, TDM_SHARE);
    tdm_table_add(table, "%" PRId64, server->slots);
    tdm_describe_cell(table, server->overhead, TDM_TIME);
    tdm_table_add(table, "%zu", server->rate_count);
    tdm_table_add(table, "%s", server->title);
}

static json_t *list_json(const void *object)
{
    const struct tdm_server *server = object;
    return json_pack("{s:s, s:s, s:f, s:f, s:I, s:f, s:i, s:s}", "name", server->name, "title",
                     server->title, "flop_per_s", server->flop, "efficiency", server->efficiency,
                     "slots", (json_int_t)server->slots, "overhead_s", server->overhead, "rates",
                     (int)server->rate_count, "file", server->path);
}

static void fact(struct tdm_table *table, const struct tdm_server *server, const char *what,
                 const char *value, const char *source)
{
    char from[256];
    tdm_table_add(table, "%s", what);
    tdm_table_add(table, "%s", value);
    tdm_table_add(table, "%s",
                  tdm_describe_source(sources_of(server), from, sizeof from,
                                      source ? source : server->source, NULL));
}

static void show_facts(const struct tdm_server *server, FILE *stream)
{
    struct tdm_table table;
    char text[64];
    tdm_table_start(&table, (const char *const[]){"", ">", "", NULL});
    fact(&table, server, "peak compute",
         tdm_describe_number(server->flop, TDM_COMPUTE, text, sizeof text), server->source);
    fact(&table, server, "share of it that a network reaches",
         tdm_describe_number(server->efficiency, TDM_SHARE, text, sizeof text),
         server->speed_source);
    fact(&table, server, "overhead of a request",
         tdm_describe_number(server->overhead, TDM_TIME, text, sizeof text), server->speed_source);
    snprintf(text, sizeof text, "%" PRId64, server->slots);
    fact(&table, server, "requests at once", text, server->speed_source);
    fact(&table, server, "discipline", tdm_discipline_names[server->discipline],
         server->speed_source);
    fact(&table, server, "service time", tdm_service_names[server->service], server->speed_source);
    fact(&table, server, "power idle",
         tdm_describe_number(server->idle, TDM_POWER, text, sizeof text), server->power_source);
    fact(&table, server, "power with every slot busy",
         tdm_describe_number(server->busy, TDM_POWER, text, sizeof text), server->power_source);
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

static void show_rates(const struct tdm_server *server, FILE *stream)
{
    struct tdm_table table;
    char from[256];
    tdm_describe_heading(stream, "Times of whole networks");
    if (!server->rate_count) {
        fputs("  none: all networks run at the peak times the share above\n", stream);
        return;
    }
    tdm_table_start(&table, (const char *const[]){"dnn", "precision", ">time", "=source", NULL});
    for (size_t i = 0; i < server->rate_count; i++) {
        const struct tdm_rate *rate = &server->rates[i];
        tdm_table_add(&table, "%s", rate->dnn);
        tdm_table_add(&table, "%s", rate->precision ? rate->precision : "any");
        tdm_describe_cell(&table, rate->time, TDM_TIME);
        tdm_table_add(
            &table, "%s",
            tdm_describe_source(sources_of(server), from, sizeof from, rate->source, NULL));
    }
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

static void show(const void *object, const bool *flags, FILE *stream)
{
    const struct tdm_server *server = object;
    (void)flags;
    fprintf(stream, "%s: %s\n%s\n\n", server->name, server->title, server->path);
    show_facts(server, stream);
    show_rates(server, stream);
    tdm_describe_sources(sources_of(server), stream);
}

static void *load(const char *reference, struct tdm_error *error)
{
    return tdm_server_load(reference, error);
}

static void drop(void *object)
{
    tdm_server_free(object);
}

static const char *path_of(const void *object)
{
    return ((const struct tdm_server *)object)->path;
}

const struct tdm_kind tdm_server_kind = {
    .name = "server",
    .folder = "servers",
    .listed = "The servers: how fast, and how many requests at once.",
    .shown = "Everything that is known of a server, each number with its unit and its source.",
    .schema = &tdm_server_schema,
    .titles = list_titles,
    .load = load,
    .free = drop,
    .path = path_of,
    .row = list_row,
    .summary = list_json,
    .show = show,
};

int tdm_cli_server(int argc, char **argv)
{
    return tdm_kind_run(&tdm_server_kind, argc, argv);
}

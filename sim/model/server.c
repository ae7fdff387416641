// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/server.h"

#include <string.h>

#include "core/error.h"
#include "model/library.h"

const char *const tdm_discipline_names[] = {"fifo", "shares", NULL};
const char *const tdm_service_names[] = {"fixed", "exponential", NULL};

#define AT(type, field) offsetof(struct type, field)

static const struct tdm_attribute rate_attributes[] = {
    {"dnn", TDM_NAME, AT(tdm_rate, dnn), "of this network", .required = true},
    {"precision", TDM_NAME, AT(tdm_rate, precision), "fp32, fp16, int8"},
    {"time", TDM_QUANTITY, AT(tdm_rate, time), "one whole inference, alone", .required = true,
     .dimension = TDM_TIME, .min = 1e-6, .max = 3600},
    {"source", TDM_NAME, AT(tdm_rate, source), "id of its <source>", .required = true},
};
static const struct tdm_element rate_element = {.name = "rate",
                                                .help = "how fast it runs a network",
                                                .size = sizeof(struct tdm_rate),
                                                .attributes = rate_attributes,
                                                .attribute_count = TDM_COUNT(rate_attributes),
                                                TDM_CHILDREN(tdm_server, rates, rate_count),
                                                .at_most = 1000};

static const struct tdm_attribute server_attributes[] = {
    {"name", TDM_NAME, AT(tdm_server, name), "what scenarios call it", .required = true},
    {"title", TDM_TEXT, AT(tdm_server, title), "for people", .required = true},
    {"flop", TDM_QUANTITY, AT(tdm_server, flop), "peak on the data sheet", .required = true,
     .dimension = TDM_COMPUTE, .min = 1e6, .max = 1e18},
    {"efficiency", TDM_QUANTITY, AT(tdm_server, efficiency), "share of the peak that is reached",
     .dimension = TDM_SHARE, .fallback = "20 %", .min = 1e-4, .max = 1},
    {"overhead", TDM_QUANTITY, AT(tdm_server, overhead), "of each request besides its compute",
     .dimension = TDM_TIME, .fallback = "1 ms", .min = 0, .max = 60},
    {"slots", TDM_INTEGER, AT(tdm_server, slots), "requests that run at once", .fallback = "1",
     .min = 1, .max = 1e6},
    {"discipline", TDM_CHOICE, AT(tdm_server, discipline), "wait for a slot, or share",
     .choices = tdm_discipline_names},
    {"service", TDM_CHOICE, AT(tdm_server, service), "fixed time, or random with that mean",
     .choices = tdm_service_names},
    {"idle", TDM_QUANTITY, AT(tdm_server, idle), "power with nothing to do", .dimension = TDM_POWER,
     .min = 0, .max = 1e6},
    {"busy", TDM_QUANTITY, AT(tdm_server, busy), "power with every slot busy",
     .dimension = TDM_POWER, .min = 0, .max = 1e6},
    {"source", TDM_NAME, AT(tdm_server, source), "id of the <source> of these numbers",
     .required = true},
    {"speed-source", TDM_NAME, AT(tdm_server, speed_source),
     "of efficiency, overhead and slots, if another"},
    {"power-source", TDM_NAME, AT(tdm_server, power_source), "of idle and busy, if another"},
};
static const struct tdm_element source_element = TDM_SOURCE_ELEMENT(tdm_server);
static const struct tdm_element *const server_children[] = {&source_element, &rate_element, NULL};
const struct tdm_element tdm_server_schema = {.name = "server",
                                              .help = "where offloaded work runs",
                                              .size = sizeof(struct tdm_server),
                                              .attributes = server_attributes,
                                              .attribute_count = TDM_COUNT(server_attributes),
                                              .children = server_children};

static int check_server(const struct tdm_server *server, struct tdm_error *error)
{
    const char *const ids[] = {server->source, server->speed_source, server->power_source};
    for (size_t i = 0; i < TDM_COUNT(ids); i++)
        if (tdm_source_check(server->sources, server->source_count, ids[i], server->path,
                             server->place, error))
            return -1;
    if (server->busy < server->idle)
        return tdm_fail_at(error, server->path, server->place.line, server->place.column,
                           "'busy' is below 'idle'; a busy server draws at least what an idle one "
                           "does");
    for (size_t i = 0; i < server->rate_count; i++)
        if (tdm_source_check(server->sources, server->source_count, server->rates[i].source,
                             server->path, server->rates[i].place, error))
            return -1;
    return 0;
}

struct tdm_server *tdm_server_load(const char *name_or_path, struct tdm_error *error)
{
    struct tdm_arena *arena;
    struct tdm_server *server =
        tdm_library_load("servers", name_or_path, &tdm_server_schema, &arena, error);
    if (!server)
        return NULL;
    server->arena = arena;
    server->path = tdm_library_path("servers", name_or_path, arena);
    if (check_server(server, error)) {
        tdm_server_free(server);
        return NULL;
    }
    return server;
}

void tdm_server_free(struct tdm_server *server)
{
    if (server)
        tdm_arena_free(server->arena);
}

double tdm_server_time(const struct tdm_server *server, const struct tdm_dnn *dnn,
                       size_t first_layer, double xi)
{
    const double all = tdm_dnn_whole(dnn)->flop;
    double flop = 0;
    for (size_t i = first_layer; i < dnn->layer_count; i++)
        flop += 2 * (double)dnn->layers[i].macs;
    double whole = all / (server->flop * server->efficiency);
    for (size_t i = 0; i < server->rate_count; i++)
        if (strcmp(server->rates[i].dnn, dnn->name) == 0)
            whole = server->rates[i].time;
    return server->overhead + xi * whole * flop / all;
}

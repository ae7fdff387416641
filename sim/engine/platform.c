// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/platform.h"

#include <math.h>

static const double no_limit = 1e15; // bytes/s of a link that only has a latency

// ---- names -------------------------------------------------------------------------------------

// No id has an @ or a > in it, so that names never meet.

bool tdm_platform_has_cpu(const struct tdm_scenario *scenario, int board)
{
    return scenario->boards[board].twin < 0;
}

const char *tdm_platform_cpu(const struct tdm_scenario *scenario, int board, char *name)
{
    snprintf(name, TDM_PLATFORM_NAME, "%s@cpu", scenario->boards[board].id);
    return name;
}

const char *tdm_platform_down(const struct tdm_scenario *scenario, int server, char *name)
{
    snprintf(name, TDM_PLATFORM_NAME, "%s@down", scenario->servers[server].id);
    return name;
}

const char *tdm_platform_access(const struct tdm_scenario *scenario, size_t link,
                                enum tdm_direction direction, char *name)
{
    const struct tdm_scenario_link *l = &scenario->links[link];
    snprintf(name, TDM_PLATFORM_NAME, "%s>%s@%s", l->from, l->to,
             direction == TDM_UP ? "up" : "down");
    return name;
}

const char *tdm_platform_cell(const struct tdm_scenario *scenario, int cell, size_t copy,
                              enum tdm_direction direction, char *name)
{
    const struct tdm_scenario_cell *c = &scenario->cells[cell];
    const char *way = direction == TDM_UP ? "@up" : "@down";
    snprintf(name, TDM_PLATFORM_NAME, "%s@%zu%s", c->id, copy + 1,
             c->duplex == TDM_HALF_DUPLEX ? "" : way);
    return name;
}

bool tdm_platform_has_access(const struct tdm_scenario *scenario, size_t link)
{
    return scenario->links[link].access || tdm_platform_by_rtt(scenario, link);
}

bool tdm_platform_is_shared(const struct tdm_scenario *scenario, size_t link,
                            enum tdm_direction way)
{
    if (scenario->links[link].routed || scenario->links[link].mixed)
        return true;
    for (int c = scenario->links[link].cell; c >= 0; c = scenario->cells[c].parent)
        if (scenario->cells[c].limits[way] && scenario->cells[c].members > 1)
            return true;
    return false;
}

// In our own engine a latency that nobody goes by stands on the way's calendar, elsewhere on a
// link.
static bool has_link(const struct tdm_scenario *scenario, size_t link,
                     const struct tdm_platform_form *form)
{
    return !form->lean || tdm_platform_has_access(scenario, link);
}

static bool is_left_out(const struct tdm_scenario *scenario, size_t link, enum tdm_direction way,
                        const struct tdm_platform_form *form)
{
    return form->lean && !form->all && !tdm_platform_is_shared(scenario, link, way);
}

// ---- hosts -------------------------------------------------------------------------------------

static void begin_host(FILE *out, const char *id)
{
    fprintf(out, "<host id=\"%s\" ", id);
}

static const struct tdm_cell *cell_at(const struct tdm_unit *unit, int cpu, int gpu)
{
    const int opp[TDM_CLOCKS] = {
        cpu, gpu, tdm_board_floor(unit->board, unit->board->domain[TDM_GPU]->opps[gpu].hz)};
    return tdm_costs_at(unit->queues[0].costs, 0, 0, opp);
}

static int top(const struct tdm_unit *unit, enum tdm_domain clock)
{
    return (int)unit->board->domain[clock]->opp_count - 1;
}

// W of the CPU's host: its share, as far as it draws that at each clock of the GPU.
static double cpu_watts(const struct tdm_unit *unit, int opp, bool busy)
{
    double least = INFINITY;
    for (int gpu = top(unit, TDM_GPU); gpu >= 0; gpu--) {
        const struct tdm_cell *cell = cell_at(unit, opp, gpu);
        least = fmin(least, busy ? cell->run.cpu : cell->idle.cpu);
    }
    return least;
}

// W of the host of a domain at its OPP. The GPU's takes what the CPU's leaves: with the CPU at its
// top clock, and the memory where the floor table says, the two draw what the board does at each
// clock of the GPU.
static double watts(const struct tdm_unit *unit, enum tdm_domain clock, int opp, bool busy)
{
    if (clock == TDM_CPU)
        return cpu_watts(unit, opp, busy);
    const int cpu = top(unit, TDM_CPU);
    const struct tdm_cell *cell = cell_at(unit, cpu, opp);
    const double sum = tdm_watts_sum(busy ? &cell->run : &cell->idle);
    return tdm_platform_has_cpu(unit->scenario, unit->index) ? sum - cpu_watts(unit, cpu, busy)
                                                             : sum;
}

double tdm_platform_watts(const struct tdm_unit *unit, const int opp[TDM_CLOCKS], bool busy)
{
    const double gpu = watts(unit, TDM_GPU, opp[TDM_GPU], busy);
    return tdm_platform_has_cpu(unit->scenario, unit->index)
               ? gpu + watts(unit, TDM_CPU, opp[TDM_CPU], busy)
               : gpu;
}

// Speeds and watts over the OPPs of one domain, the other one at its top clock.
static void put_pstates(FILE *out, const struct tdm_unit *unit, enum tdm_domain clock)
{
    const double flop = unit->queues[0].stream->dnn->flop;
    fputs("speed=\"", out);
    for (int i = top(unit, clock); i >= 0; i--) {
        const struct tdm_cell *cell = clock == TDM_GPU ? cell_at(unit, top(unit, TDM_CPU), i)
                                                       : cell_at(unit, i, top(unit, TDM_GPU));
        fprintf(out, "%.17gf%s", flop / cell->time, i ? "," : "\">");
    }
    fputs("<prop id=\"wattage_per_state\" value=\"", out);
    for (int i = top(unit, clock); i >= 0; i--) {
        const double idle = watts(unit, clock, i, false);
        fprintf(out, "%.17g:%.17g:%.17g%s", idle, idle, watts(unit, clock, i, true),
                i ? "," : "\"/></host>\n");
    }
}

static void put_board(FILE *out, const struct tdm_scenario *scenario, const struct tdm_unit *unit)
{
    char name[TDM_PLATFORM_NAME];
    const bool split = tdm_platform_has_cpu(scenario, unit->index);
    begin_host(out, scenario->boards[unit->index].id);
    put_pstates(out, unit, TDM_GPU);
    if (!split)
        return;
    begin_host(out, tdm_platform_cpu(scenario, unit->index, name));
    put_pstates(out, unit, TDM_CPU);
}

static void put_server(FILE *out, const struct tdm_scenario *scenario, int server,
                       const struct tdm_platform_form *form)
{
    const struct tdm_scenario_server *s = &scenario->servers[server];
    const long long slots = (long long)(s->slots ? s->slots : s->server->slots);
    begin_host(out, s->id);
    fprintf(out, "speed=\"%.9gf\" core=\"%lld\">", s->server->flop * s->server->efficiency, slots);
    if (isfinite(s->server->busy))
        fprintf(out, "<prop id=\"wattage_per_state\" value=\"%.9g:%.9g:%.9g\"/>", s->server->idle,
                s->server->idle, s->server->busy);
    fputs("</host>\n", out);
    char name[TDM_PLATFORM_NAME];
    if (form->lean)
        fprintf(out, "<host id=\"%s\" speed=\"1f\"/>\n", tdm_platform_down(scenario, server, name));
}

// ---- links and routes --------------------------------------------------------------------------

static void put_link(FILE *out, const char *name, double rate, double latency,
                     const struct tdm_platform_form *form)
{
    fprintf(out, "<link id=\"%s\" bandwidth=\"%.17gBps\" latency=\"%.17gs\"/>\n", name,
            fmax(rate * form->unit, 1), latency);
}

static void put_cells(FILE *out, const struct tdm_scenario *scenario,
                      const struct tdm_platform_form *form)
{
    char name[TDM_PLATFORM_NAME];
    for (size_t i = 0; i < scenario->cell_count; i++) {
        const struct tdm_scenario_cell *cell = &scenario->cells[i];
        const bool half = cell->duplex == TDM_HALF_DUPLEX;
        struct tdm_cursor cursor = {0};
        for (size_t copy = 0; copy < cell->copies; copy++)
            for (enum tdm_direction way = TDM_UP; way < (half ? 1 : TDM_DIRECTIONS); way++)
                if (cell->limits[way])
                    put_link(out, tdm_platform_cell(scenario, (int)i, copy, way, name),
                             tdm_trace_rate_at(cell->series, way, &cursor, cell->offset), 0, form);
    }
}

static void put_access(FILE *out, const struct tdm_scenario *scenario, size_t index,
                       const struct tdm_platform_form *form)
{
    const struct tdm_scenario_link *link = &scenario->links[index];
    char name[TDM_PLATFORM_NAME];
    if (!has_link(scenario, index, form))
        return;
    struct tdm_cursor cursor = {0};
    const double half = tdm_trace_rtt_at(link->series, &cursor, link->offset, link->rtt) / 2;
    const bool latent = !form->lean || tdm_platform_by_rtt(scenario, index);
    for (enum tdm_direction way = TDM_UP; way < TDM_DIRECTIONS; way++) {
        if (is_left_out(scenario, index, way, form))
            continue;
        const double rate =
            link->access ? tdm_trace_rate_at(link->access, way, &cursor, link->offset) : no_limit;
        put_link(out, tdm_platform_access(scenario, index, way, name), rate, latent ? half : 0,
                 form);
    }
}

static void put_way(FILE *out, const struct tdm_scenario *scenario, size_t index,
                    enum tdm_direction way, const struct tdm_platform_form *form)
{
    const struct tdm_scenario_link *link = &scenario->links[index];
    char name[TDM_PLATFORM_NAME];
    if (has_link(scenario, index, form))
        fprintf(out, "<link_ctn id=\"%s\"/>", tdm_platform_access(scenario, index, way, name));
    size_t copy = link->copy;
    for (int c = link->cell; c >= 0; c = scenario->cells[c].parent) {
        if (scenario->cells[c].limits[way])
            fprintf(out, "<link_ctn id=\"%s\"/>", tdm_platform_cell(scenario, c, copy, way, name));
        copy = 0;
    }
    fputs("</bypassRoute>\n", out);
}

static void put_routes(FILE *out, const struct tdm_scenario *scenario, size_t index,
                       const struct tdm_platform_form *form)
{
    const struct tdm_scenario_link *link = &scenario->links[index];
    char name[TDM_PLATFORM_NAME];
    if (!is_left_out(scenario, index, TDM_UP, form)) {
        fprintf(out, "<bypassRoute src=\"%s\" dst=\"%s\">", link->from, link->to);
        put_way(out, scenario, index, TDM_UP, form);
    }
    if (is_left_out(scenario, index, TDM_DOWN, form))
        return;
    if (form->lean)
        fprintf(out, "<bypassRoute src=\"%s\" dst=\"%s\">", link->from,
                tdm_platform_down(scenario, link->server, name));
    else
        fprintf(out, "<bypassRoute src=\"%s\" dst=\"%s\">", link->to, link->from);
    put_way(out, scenario, index, TDM_DOWN, form);
}

void tdm_platform_write(const struct tdm_scenario *scenario, struct tdm_unit *const *units,
                        const struct tdm_platform_form *form, FILE *out)
{
    fputs("<?xml version=\"1.0\"?>\n"
          "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n",
          out);
    if (!form->lean)
        fputs("<!-- A scenario of Tandem.\n"
              "     A board is a host whose pstates are its GPU's clocks, the fastest first, each "
              "with the speed of its\n"
              "     (first) network in FLOP/s and the watts of the board at rest and at work; "
              "ID@cpu has the CPU's clocks, and\n"
              "     its share of these watts. They hold for a CPU at its top clock, memory where "
              "the board's floor table says,\n"
              "     and the reference temperature. Rates are those at the start of the run; "
              "traces are not part of it.\n"
              "     Run it with cfg=network/crosstraffic:0. -->\n",
              out);
    fputs("<platform version=\"4.1\">\n<zone id=\"tandem\" routing=\"None\">\n", out);
    if (!form->lean)
        fprintf(out, "<prop id=\"scenario\" value=\"%s\"/>\n", scenario->name);
    for (size_t i = 0; i < scenario->board_count; i++)
        put_board(out, scenario, units[i]);
    for (size_t i = 0; i < scenario->server_count; i++)
        put_server(out, scenario, (int)i, form);
    put_cells(out, scenario, form);
    for (size_t i = 0; i < scenario->link_count; i++)
        put_access(out, scenario, i, form);
    for (size_t i = 0; i < scenario->link_count; i++)
        put_routes(out, scenario, i, form);
    fputs("</zone>\n</platform>\n", out);
}

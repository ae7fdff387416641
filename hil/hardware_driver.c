// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/hardware_driver.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/error.h"
#include "engine/governor.h"
#include "hil/hardware.h"

static const double slack = 30;      // s that work may take beyond ten times what the model says
static const double shortest = 1e-4; // s: no rest is begun for less, an order takes longer
static const double between = 0.05;  // s between looks at clocks that have not settled
enum { LOOKS = 10 };

// ---- what the board says -----------------------------------------------------------------------

// The OPP of the board's file that is nearest; what was there before where it is not known.
static int nearest_opp(const struct tdm_domain_info *info, double hz, int before)
{
    if (!isfinite(hz))
        return before;
    int nearest = 0;
    for (int i = 1; i < (int)info->opp_count; i++)
        if (fabs(info->opps[i].hz - hz) < fabs(info->opps[nearest].hz - hz))
            nearest = i;
    return nearest;
}

static void note(struct tdm_hardware *h, const double hz[TDM_DOMAINS], double temperature,
                 bool throttled)
{
    for (int d = 0; d < TDM_CLOCKS; d++)
        h->readings.opp[d] = nearest_opp(h->board->domain[d], hz[d], h->readings.opp[d]);
    if (isfinite(temperature))
        h->readings.temperature = temperature;
    h->readings.throttled = throttled;
}

void tdm_hardware_take_over(struct tdm_hardware *h, int stage,
                            const struct tdm_agent_segment *there, struct tdm_segment *segment)
{
    if (!isfinite(there->joules)) {
        tdm_fail(&h->failed, "the board's power is not known (%s): no energy of a run without it",
                 tdm_agent_welcome(h->agent)->covers);
        tdm_hardware_fail(h);
        return;
    }
    struct tdm_piece piece = {.start = h->base.now,
                              .end = h->base.now + there->seconds,
                              .temperature = h->readings.temperature,
                              .stage = stage};
    note(h, there->hz, there->temperature, there->throttled);
    memcpy(piece.opp, h->readings.opp, sizeof piece.opp);
    if (there->seconds > 0) {
        piece.watts.fixed = there->joules / there->seconds;
        h->readings.power = piece.watts.fixed;
        if (h->setup->pieces)
            tdm_pieces_add(h->setup->pieces, &piece);
    }
    segment->energy.fixed += there->joules;
    h->base.now = segment->end = piece.end;
}

void tdm_hardware_pass(struct tdm_hardware *h, double seconds, double watts, int kind,
                       struct tdm_segment *segment)
{
    if (!(seconds > 0))
        return;
    const struct tdm_agent_segment there = {.seconds = seconds,
                                            .joules = seconds * watts,
                                            .hz = {NAN, NAN, NAN},
                                            .temperature = NAN,
                                            .throttled = h->readings.throttled};
    tdm_hardware_take_over(h, kind, &there, segment);
}

void tdm_hardware_begin(const struct tdm_hardware *h, struct tdm_segment *segment)
{
    *segment = (struct tdm_segment){.start = h->base.now, .end = h->base.now};
}

// ---- clocks ------------------------------------------------------------------------------------

static void wish(const struct tdm_hardware *h, const struct tdm_plan *plan, int d,
                 struct tdm_setting *setting)
{
    const struct tdm_opp *opps = h->board->domain[d]->opps;
    if (plan->opp[d] != TDM_GOVERNED) {
        setting->way[d] = TDM_PIN;
        setting->hz[d] = opps[plan->opp[d]].hz;
        return;
    }
    setting->way[d] = TDM_GOVERN;
    setting->hz[d] = plan->cap[d] >= 0 ? opps[plan->cap[d]].hz : 0;
    if (d == TDM_CPU && plan->governor >= 0)
        snprintf(setting->governor[d], sizeof setting->governor[d], "%s",
                 tdm_governors[plan->governor]->name);
}

static bool same(const struct tdm_setting *a, const struct tdm_setting *b)
{
    for (int d = 0; d < TDM_CLOCKS; d++)
        if (a->way[d] != b->way[d] || a->hz[d] != b->hz[d] ||
            strcmp(a->governor[d], b->governor[d]) != 0)
            return false;
    return a->cores == b->cores;
}

// What heat or a limit holds down is how the board is. A clock that it does not take, or that
// another hand sets, is not the plan that is asked about.
// The first such clock, or -1.
static int other_clock(const struct tdm_report *report)
{
    for (int d = 0; d < TDM_CLOCKS; d++) {
        const enum tdm_finding finding = report->clock[d].finding;
        if (finding == TDM_FINDING_REFUSED || finding == TDM_FINDING_OVERRIDDEN ||
            finding == TDM_FINDING_UNREADABLE || finding == TDM_FINDING_ROUNDED)
            return d;
    }
    return -1;
}

// A board that is busy may take longer to settle than its file says: what is not yet as it was
// asked for is looked at again before it counts. `seconds` grows by that.
static int settle(struct tdm_hardware *h, struct tdm_report *report, double *seconds)
{
    int other = other_clock(report);
    for (int i = 0; i < LOOKS && other >= 0; i++) {
        nanosleep(&(struct timespec){.tv_nsec = (long)(1e9 * between)}, NULL);
        *seconds += between;
        if (tdm_agent_look(h->agent, report, &h->failed))
            return -1;
        other = other_clock(report);
    }
    if (other < 0)
        return 0;
    const struct tdm_in_force *clock = &report->clock[other];
    return tdm_fail(&h->failed, "the %s clock that the plan wants is %s on the board%s%s",
                    tdm_domain_names[other], tdm_finding_names[clock->finding],
                    clock->why[0] ? ": " : "", clock->why);
}

static int cores_of(const struct tdm_hardware *h, const struct tdm_plan *plan)
{
    return plan->cores ? plan->cores : (int)h->board->domain[TDM_CPU]->cores;
}

int tdm_hardware_set(struct tdm_hardware *h, const struct tdm_plan *plan, bool hurry,
                     struct tdm_agent_segment *there)
{
    struct tdm_setting setting = tdm_setting_none();
    struct tdm_report report;
    *there = (struct tdm_agent_segment){
        .hz = {NAN, NAN, NAN}, .temperature = NAN, .throttled = h->readings.throttled};
    h->plan = *plan;
    if (h->base.failed)
        return -1;
    for (int d = 0; d < TDM_CLOCKS; d++)
        wish(h, plan, d, &setting);
    if (h->setup->core_count > 1)
        setting.cores = cores_of(h, plan);
    if (h->set && same(&setting, &h->setting))
        return 0;
    if (tdm_agent_set(h->agent, &setting, hurry, &report, &there->seconds, &h->failed) ||
        settle(h, &report, &there->seconds)) {
        tdm_hardware_fail(h);
        return -1;
    }
    h->setting = setting;
    h->set = true;
    for (int d = 0; d < TDM_DOMAINS; d++)
        there->hz[d] = report.clock[d].hz;
    there->joules = there->seconds * h->readings.power;
    return 1;
}

// How long it took counts as simulated time, at the power of the moment before: what a sensor makes
// of so short a time is mostly noise.
static void hardware_set_clocks(struct tdm_driver *driver, const struct tdm_costs *costs,
                                const struct tdm_plan *plan, struct tdm_segment *segment)
{
    (void)costs;
    struct tdm_hardware *h = tdm_hardware_of(driver);
    struct tdm_agent_segment there;
    tdm_hardware_begin(h, segment);
    if (tdm_hardware_set(h, plan, false, &there) > 0)
        tdm_hardware_take_over(h, TDM_SWITCHING, &there, segment);
}

// ---- work --------------------------------------------------------------------------------------

// The share of the whole network's work that a stage is, by the model's weights at these clocks:
// of a network that is left early, too, which is at most as long.
static double share_of(const struct tdm_stage *stage, const struct tdm_cell *cell,
                       const struct tdm_cell *whole)
{
    const double part = stage->kind != TDM_LOCAL ? cell->head[stage->point]
                                                 : cell->parts[stage->part].beyond[stage->point];
    return fmin(1, part / whole->time);
}

// What the board is told to do; false where there is nothing to do. CPU work is in seconds at the
// top CPU clock.
bool tdm_hardware_work(const struct tdm_hardware *h, const struct tdm_stage *stage,
                       struct tdm_vwork_job *work, double *expected)
{
    const struct tdm_driver_setup *setup = h->setup;
    struct tdm_costs *costs = stage->costs;
    const int situation = setup->load_kind[0] * (int)setup->core_count;
    const struct tdm_cell *cell = tdm_costs_at(costs, situation, stage->processor, h->readings.opp);
    const struct tdm_cell *whole =
        costs->whole ? tdm_costs_at(costs->whole, situation, stage->processor, h->readings.opp)
                     : cell;
    int top[TDM_CLOCKS];
    memcpy(top, h->readings.opp, sizeof top);
    top[TDM_CPU] = (int)h->board->domain[TDM_CPU]->opp_count - 1;
    switch (stage->kind) {
    case TDM_BEFORE:
    case TDM_HEAD:
    case TDM_LOCAL:
        *work = (struct tdm_vwork_job){.dnn = costs->dnn->name,
                                       .mode = costs->fit.mode,
                                       .precision = costs->fit.precision,
                                       .batch = (int)costs->fit.batch,
                                       .processor = h->board->processors[stage->processor].name,
                                       .share = share_of(stage, cell, whole)};
        *expected = work->share * whole->time;
        return work->share > 0;
    case TDM_PACKING:
        work->cpu_time =
            stage->bytes / tdm_costs_at(costs, situation, stage->processor, top)->pack_rate;
        *expected = stage->bytes / cell->pack_rate;
        return work->cpu_time > 0;
    case TDM_THINKING:
        work->cpu_time = *expected = stage->time;
        return work->cpu_time > 0;
    case TDM_SWITCHING:
    case TDM_RESTING:
    case TDM_STAGES:
        break;
    }
    return false;
}

void tdm_hardware_run(struct tdm_driver *driver, const struct tdm_stage *stage,
                      struct tdm_segment *segment)
{
    struct tdm_hardware *h = tdm_hardware_of(driver);
    struct tdm_vwork_job work = {0};
    struct tdm_agent_segment there;
    double expected = 0;
    tdm_hardware_begin(h, segment);
    if (h->base.failed || !tdm_hardware_work(h, stage, &work, &expected))
        return;
    if (tdm_agent_run(h->agent, &work, 10 * expected + slack, &there, &h->failed))
        tdm_hardware_fail(h);
    else
        tdm_hardware_take_over(h, (int)stage->kind, &there, segment);
}

static void hardware_rest(struct tdm_driver *driver, double until, struct tdm_segment *segment)
{
    struct tdm_hardware *h = tdm_hardware_of(driver);
    struct tdm_agent_segment there;
    tdm_hardware_begin(h, segment);
    const double seconds = until - h->base.now;
    if (h->base.failed || seconds <= 0) {
        if (seconds > 0)
            h->base.now = segment->end = until;
        return;
    }
    if (seconds < shortest) {
        tdm_hardware_pass(h, seconds, h->readings.power, TDM_RESTING, segment);
    } else if (tdm_agent_rest(h->agent, seconds, &there, &h->failed)) {
        tdm_hardware_fail(h);
    } else {
        if (there.seconds > 0) // its watch and ours: what it drew, for as long as asked
            there.joules *= seconds / there.seconds;
        there.seconds = seconds;
        tdm_hardware_take_over(h, TDM_RESTING, &there, segment);
    }
    h->base.now = segment->end = until;
}

static void read_board(struct tdm_hardware *h)
{
    struct tdm_agent_readings there;
    if (h->base.failed)
        return;
    if (tdm_agent_read(h->agent, &there, &h->failed)) {
        tdm_hardware_fail(h);
        return;
    }
    note(h, there.hz, there.temperature, there.throttled);
    if (isfinite(there.power))
        h->readings.power = there.power;
}

static void hardware_read(struct tdm_driver *driver, struct tdm_readings *readings)
{
    struct tdm_hardware *h = tdm_hardware_of(driver);
    const struct tdm_driver_setup *setup = h->setup;
    read_board(h);
    size_t load = 0;
    while (load + 1 < setup->load_count && setup->load_from[load + 1] <= h->base.now)
        load++;
    const struct tdm_load *use =
        &setup->situations[(size_t)setup->load_kind[load] * setup->core_count].load;
    const double shares[TDM_CLOCKS] = {use->cpu, use->gpu, use->memory};
    memcpy(h->readings.load, shares, sizeof shares);
    *readings = h->readings;
}

// ---- opening and closing -----------------------------------------------------------------------

// What would have been, no board can tell: a model can.
static struct tdm_driver *hardware_copy(const struct tdm_driver *driver, struct tdm_driver *scratch)
{
    const struct tdm_hardware *h = (const struct tdm_hardware *)(const void *)driver;
    return tdm_model_twin(h->setup, h->base.now, &h->readings, &h->plan, scratch);
}

static void hardware_close(struct tdm_driver *driver)
{
    struct tdm_hardware *h = tdm_hardware_of(driver);
    tdm_agent_close(h->agent);
    free(h);
}

static int greet(struct tdm_hardware *h, const char *uri, struct tdm_error *error)
{
    const struct tdm_agent_options options = {.key = getenv("TANDEM_KEY"),
                                              .agent = getenv("TANDEM_AGENT_KEY")};
    h->agent = tdm_agent_open(uri, &options, error);
    if (!h->agent)
        return -1;
    const struct tdm_agent_welcome *welcome = tdm_agent_welcome(h->agent);
    if (strcmp(welcome->board, h->board->name) != 0)
        return tdm_fail(error, "the board there is of type '%s', not '%s'", welcome->board,
                        h->board->name);
    return tdm_agent_take(h->agent, 0, error);
}

// All cores online, as the model's board begins: to bring them there takes a tenth of a second,
// which is no request's. What is not to be had the first plan says.
static void bring_online(struct tdm_hardware *h)
{
    struct tdm_setting setting = tdm_setting_none();
    struct tdm_report report;
    if (h->setup->core_count < 2)
        return;
    setting.cores = cores_of(h, &h->plan);
    if (tdm_agent_set(h->agent, &setting, false, &report, NULL, &h->failed))
        tdm_hardware_fail(h);
}

static int look_first(struct tdm_hardware *h, struct tdm_error *error)
{
    bring_online(h);
    read_board(h);
    if (h->base.failed && error)
        *error = h->failed;
    if (h->base.failed)
        return -1;
    if (!isfinite(h->readings.power))
        return tdm_fail(error, "the board's power is not known (%s): no energy of a run without it",
                        tdm_agent_welcome(h->agent)->covers);
    return 0;
}

static const struct tdm_driver_type over_tcp, over_ipc, live;

static struct tdm_driver *open_at(const struct tdm_driver_type *type, const char *rest,
                                  const struct tdm_driver_setup *setup, struct tdm_error *error)
{
    char uri[512];
    struct tdm_hardware *h = calloc(1, sizeof *h);
    if (!h) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    h->base.type = setup->live ? &live : type;
    h->setup = setup;
    h->board = setup->scenario->boards[setup->board].board;
    h->plan = (struct tdm_plan){
        .opp = {TDM_GOVERNED, TDM_GOVERNED, TDM_GOVERNED}, .cap = {-1, -1, -1}, .governor = -1};
    h->readings = (struct tdm_readings){.temperature = NAN, .power = NAN};
    if ((size_t)snprintf(uri, sizeof uri, "%s:%s", type->scheme, rest) >= sizeof uri)
        tdm_fail(error, "the address is too long");
    else if (greet(h, uri, error) == 0 && look_first(h, error) == 0)
        return &h->base;
    hardware_close(&h->base);
    return NULL;
}

static struct tdm_driver *open_tcp(const char *rest, const struct tdm_driver_setup *setup,
                                   struct tdm_error *error)
{
    return open_at(&over_tcp, rest, setup, error);
}

static struct tdm_driver *open_ipc(const char *rest, const struct tdm_driver_setup *setup,
                                   struct tdm_error *error)
{
    return open_at(&over_ipc, rest, setup, error);
}

static const struct tdm_driver_type over_tcp = {
    .scheme = "tcp",
    .summary = "a board behind tandem-agent, at HOST:PORT; keys: $TANDEM_KEY, $TANDEM_AGENT_KEY",
    .open = open_tcp,
    .close = hardware_close,
    .set_clocks = hardware_set_clocks,
    .run = tdm_hardware_run,
    .rest = hardware_rest,
    .read = hardware_read,
    .copy = hardware_copy};
static const struct tdm_driver_type over_ipc = {
    .scheme = "ipc",
    .summary = "a board behind a tandem-agent of this machine, at a socket's path",
    .open = open_ipc,
    .close = hardware_close,
    .set_clocks = hardware_set_clocks,
    .run = tdm_hardware_run,
    .rest = hardware_rest,
    .read = hardware_read,
    .copy = hardware_copy};

// Of any address, once it is open, where an engine runs whole plans.
static const struct tdm_driver_type live = {.scheme = "live",
                                            .summary = "a board that carries out whole plans",
                                            .close = hardware_close,
                                            .set_clocks = tdm_live_set_clocks,
                                            .run = tdm_live_run,
                                            .rest = tdm_live_rest,
                                            .read = hardware_read,
                                            .copy = hardware_copy};

void tdm_hardware_driver_add(void)
{
    tdm_driver_add(&over_tcp);
    tdm_driver_add(&over_ipc);
}

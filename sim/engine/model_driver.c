// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The model driver: a simulated board. A segment is computed piece by piece; within a piece the
 * clocks, the co-runners and the leakage are constant. A piece ends where a clock settles, a
 * governor looks, a co-runner comes or goes, or the board has warmed enough to leak differently.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/extremes.h"
#include "engine/driver.h"
#include "engine/governor.h"
#include "engine/heat.h"
#include "engine/sensor.h"

// What the governor of one domain knows. Looks fall on multiples of its period.
struct watch {
    bool on;
    int governor;
    int cap;      // highest OPP it may choose
    double since; // s, the last look
    double next;  // s; INFINITY once its choice has become steady in this segment
    double busy;  // s of use since the last look
};

struct model {
    struct tdm_driver base;
    const struct tdm_driver_setup *setup;
    struct tdm_pieces *pieces; // NULL: nobody records
    const struct tdm_board *board;
    struct tdm_costs *costs; // of the last stage: what the board draws at rest
    bool switches;           // clocks take time to change

    struct tdm_heat heat;
    int at[TDM_CLOCKS];         // in force
    int target[TDM_CLOCKS];     // asked for
    double settled[TDM_CLOCKS]; // s, when the target comes into force; INFINITY: it has
    bool floor;                 // the memory clock follows the GPU's
    int floor_cap;
    struct watch watch[2];
    bool watched; // either of them is on
    size_t load, core;
    double load_until; // s, when co-runners change
    int situation;
    const struct tdm_load *co_runners; // in this situation
    int stage;                         // enum tdm_stage_kind, for the record
    double use[2];     // utilisation of cpu and gpu in the present piece, where anybody watches
    double next_event; // s, the least of settled, looks and load changes

    struct tdm_sensor sensor;
};

static struct model *model_of(struct tdm_driver *driver)
{
    return (struct model *)(void *)driver;
}

// ---- what comes next ---------------------------------------------------------------------------

static void find_next_event(struct model *m)
{
    double next = m->load_until;
    for (int d = 0; d < TDM_CLOCKS; d++)
        next = tdm_smaller(next, m->settled[d]);
    for (int d = 0; m->watched && d < 2; d++)
        if (m->watch[d].on)
            next = tdm_smaller(next, m->watch[d].next);
    m->next_event = next;
}

static void find_situation(struct model *m)
{
    const struct tdm_driver_setup *setup = m->setup;
    m->situation = setup->load_kind[m->load] * (int)setup->core_count + (int)m->core;
    m->co_runners = &setup->situations[m->situation].load;
    m->load_until = m->load + 1 < setup->load_count ? setup->load_from[m->load + 1] : INFINITY;
}

// ---- clocks ------------------------------------------------------------------------------------

static void wake(struct model *m, int domain)
{
    struct watch *watch = &m->watch[domain];
    const double period = m->board->domain[domain]->period;
    watch->next = period * (floor(m->base.now / period + 1e-9) + 1);
}

// Governors that slept look again, as if they had gone on looking all the while.
static void wake_sleepers(struct model *m)
{
    for (int d = 0; d < 2; d++) {
        struct watch *watch = &m->watch[d];
        if (!watch->on || !isinf(watch->next))
            continue;
        const double period = m->board->domain[d]->period;
        const double last = period * floor(m->base.now / period + 1e-9);
        if (last > watch->since) {
            watch->since = last;
            watch->busy = m->use[d] * (m->base.now - last);
        }
        wake(m, d);
    }
}

static void cap_by_heat(struct model *m)
{
    for (int d = 0; d < TDM_CLOCKS; d++)
        m->at[d] = tdm_least(m->at[d], tdm_heat_cap(&m->heat, m->board->domain[d]));
}

static void follow_floor(struct model *m)
{
    const double gpu = m->board->domain[TDM_GPU]->opps[m->at[TDM_GPU]].hz;
    const int cap = tdm_heat_cap(&m->heat, m->board->domain[TDM_EMC]);
    m->target[TDM_EMC] = tdm_least(tdm_board_floor(m->board, gpu), m->floor_cap);
    m->at[TDM_EMC] = tdm_least(m->target[TDM_EMC], cap);
}

// Where it is not plans alone that choose the clocks; these were in force before. Kept out of line,
// so that locked clocks on a cool board settle without saving registers for it.
__attribute__((noinline)) static void apply_rules(struct model *m, int cpu, int gpu, int emc)
{
    if (m->heat.trips)
        cap_by_heat(m);
    if (m->floor)
        follow_floor(m);
    const bool same = m->at[TDM_CPU] == cpu && m->at[TDM_GPU] == gpu && m->at[TDM_EMC] == emc;
    if (m->watched && !same)
        wake_sleepers(m); // other clocks, other utilisations
}

// Puts what is asked for into force, as far as it has settled and heat allows.
static void apply(struct model *m)
{
    const int cpu = m->at[TDM_CPU], gpu = m->at[TDM_GPU], emc = m->at[TDM_EMC];
    for (int d = 0; d < TDM_CLOCKS; d++) {
        if (m->settled[d] > m->base.now && m->settled[d] < INFINITY)
            continue;
        m->settled[d] = INFINITY;
        m->at[d] = m->target[d];
    }
    if (m->heat.trips || m->floor || m->watched)
        apply_rules(m, cpu, gpu, emc);
    find_next_event(m);
}

// Without the noise of adding up, so that a load of 80 % is at a threshold of 80 %, not beside it.
static double utilisation(double busy, double window)
{
    return round(1e9 * tdm_smaller(1, busy / window)) / 1e9;
}

// A look: chooses the next clock. Sleeps where a whole period under the present conditions would
// choose what is in force already, since nothing changes until those conditions do.
static void look(struct model *m, int domain)
{
    const double now = utilisation(m->use[domain], 1);
    struct watch *watch = &m->watch[domain];
    const struct tdm_domain_info *info = m->board->domain[domain];
    const struct tdm_governor_type *governor = tdm_governors[watch->governor];
    const double window = m->base.now - watch->since;
    const double used = window > 0 ? utilisation(watch->busy, window) : now;
    const int next = tdm_least(governor->next(info, m->target[domain], used), watch->cap);
    const bool steady =
        next == m->target[domain] && tdm_least(governor->next(info, next, now), watch->cap) == next;
    watch->since = m->base.now;
    watch->busy = 0;
    m->target[domain] = next;
    if (steady)
        watch->next = INFINITY;
    else
        wake(m, domain);
}

// ---- one piece ---------------------------------------------------------------------------------

static void log_piece(struct model *m, double end, const struct tdm_watts *watts, double leakage)
{
    struct tdm_piece piece = {.start = m->base.now,
                              .end = end,
                              .watts = *watts,
                              .temperature = m->heat.temperature,
                              .stage = m->stage};
    piece.watts.leakage = leakage;
    memcpy(piece.opp, m->at, sizeof piece.opp);
    tdm_pieces_add(m->pieces, &piece);
}

// Lets `wanted` seconds pass, until `goal`, or less if something happens before. Returns how long
// it was. Energy goes by what the clock says, so that it is the integral of the recorded power.
static inline double pass(struct model *m, double wanted, double goal,
                          const struct tdm_watts *watts, double sum, struct tdm_segment *segment)
{
    struct tdm_heat *heat = &m->heat;
    const double now = m->base.now, event = m->next_event;
    const double leakage = watts->leakage * tdm_heat_leakage(heat);
    const double power = sum + leakage;
    const double warmth = tdm_heat_goal(heat, power);
    double duration = now + wanted > event ? tdm_larger(0, event - now) : wanted;
    if (heat->on)
        duration = tdm_heat_piece(heat, duration, warmth);
    double end = goal;
    if (duration < wanted)
        end = duration == event - now ? event : now + duration;
    const double took = end - now;
    segment->energy.fixed += took * watts->fixed;
    segment->energy.cpu += took * watts->cpu;
    segment->energy.gpu += took * watts->gpu;
    segment->energy.memory += took * watts->memory;
    segment->energy.leakage += took * leakage;
    if (m->pieces && took > 0)
        log_piece(m, end, watts, leakage);
    m->base.now = end;
    if (m->watched) {
        m->watch[TDM_CPU].busy += duration * m->use[TDM_CPU];
        m->watch[TDM_GPU].busy += duration * m->use[TDM_GPU];
    }
    if (heat->on && tdm_heat_pass(heat, duration, warmth))
        apply(m);
    if (tdm_sensor_is_due(&m->sensor, end))
        tdm_sensor_look(&m->sensor, end, power, heat->temperature);
    return duration;
}

static void change_load(struct model *m)
{
    const struct tdm_driver_setup *setup = m->setup;
    while (m->load + 1 < setup->load_count && setup->load_from[m->load + 1] <= m->base.now)
        m->load++;
    find_situation(m);
    wake_sleepers(m);
}

static void look_around(struct model *m)
{
    for (int d = 0; d < 2; d++)
        if (m->watch[d].on && m->watch[d].next <= m->base.now)
            look(m, d);
}

// Governors, co-runners and settled clocks, once time has come to the next event. Governors first:
// they look back.
static inline void happen(struct model *m)
{
    if (m->watched)
        look_around(m);
    if (m->load_until <= m->base.now)
        change_load(m);
    apply(m);
}

static void begin(struct model *m, struct tdm_segment *segment)
{
    *segment = (struct tdm_segment){.start = m->base.now};
    if (m->base.now >= m->next_event)
        apply(m);
}

static void end_segment(struct model *m, struct tdm_segment *segment)
{
    segment->end = m->base.now;
    if (!m->watched)
        return;
    wake_sleepers(m);
    find_next_event(m);
}

// ---- the driver's functions --------------------------------------------------------------------

static bool takes_one_core(const struct tdm_stage *stage)
{
    return stage->kind == TDM_PACKING || stage->kind == TDM_THINKING;
}

static void find_use(struct model *m, const struct tdm_stage *stage, const struct tdm_cell *cell)
{
    const struct tdm_load *load = m->co_runners;
    const double gpu = stage && !takes_one_core(stage) ? cell->ug : 0;
    // The host spins while it waits for the device, as CUDA does unless told otherwise.
    m->use[TDM_CPU] = stage ? 1 : load->cpu;
    m->use[TDM_GPU] = tdm_smaller(1, gpu + load->gpu);
}

static double duration_of(const struct tdm_stage *stage, const struct tdm_cell *cell)
{
    switch (stage->kind) {
    case TDM_BEFORE:
    case TDM_HEAD:
        return stage->factor * cell->head[stage->point];
    case TDM_LOCAL:
        return stage->factor * cell->parts[stage->part].beyond[stage->point];
    case TDM_PACKING:
        return stage->bytes / cell->pack_rate;
    case TDM_THINKING:
        return stage->time;
    case TDM_SWITCHING:
    case TDM_RESTING:
    case TDM_STAGES:
        break;
    }
    return 0;
}

static void model_run(struct tdm_driver *driver, const struct tdm_stage *stage,
                      struct tdm_segment *segment)
{
    struct model *m = model_of(driver);
    begin(m, segment);
    m->costs = stage->costs;
    m->stage = (int)stage->kind;
    double left = 1; // share of the stage
    while (left > 0) {
        const struct tdm_cell *cell =
            tdm_costs_at(stage->costs, m->situation, stage->processor, m->at);
        const double whole = duration_of(stage, cell);
        if (whole <= 0)
            break;
        const struct tdm_watts *watts = &cell->run;
        double sum = cell->run_sum;
        if (takes_one_core(stage)) {
            watts = &cell->packing;
            sum = cell->packing_sum;
        } else if (stage->kind == TDM_LOCAL && stage->part > 0) {
            watts = &cell->parts[stage->part].watts;
            sum = tdm_watts_sum(watts) - watts->leakage;
        }
        if (m->watched)
            find_use(m, stage, cell);
        const double wanted = left * whole;
        const double passed = pass(m, wanted, m->base.now + wanted, watts, sum, segment);
        left = passed >= wanted ? 0 : left - passed / whole;
        if (m->base.now >= m->next_event)
            happen(m);
    }
    end_segment(m, segment);
}

static void idle_until(struct model *m, double until, struct tdm_segment *segment)
{
    begin(m, segment);
    while (m->base.now < until) {
        const struct tdm_cell *cell = tdm_costs_at(m->costs, m->situation, 0, m->at);
        if (m->watched)
            find_use(m, NULL, cell);
        pass(m, until - m->base.now, until, &cell->idle, cell->idle_sum, segment);
        if (m->base.now >= m->next_event)
            happen(m);
    }
    end_segment(m, segment);
}

static void model_rest(struct tdm_driver *driver, double until, struct tdm_segment *segment)
{
    model_of(driver)->stage = TDM_RESTING;
    idle_until(model_of(driver), until, segment);
}

// The highest OPP that a plan allows where it leaves the clock to the board.
static int cap_of(const struct model *m, int domain, const struct tdm_plan *plan)
{
    return plan->cap[domain] >= 0 ? plan->cap[domain]
                                  : (int)m->board->domain[domain]->opp_count - 1;
}

static void watch_domain(struct model *m, int domain, const struct tdm_plan *plan)
{
    struct watch *watch = &m->watch[domain];
    const bool was_on = watch->on;
    m->watched = watch->on = true;
    watch->governor = plan->governor >= 0 ? plan->governor : m->board->domain[domain]->governor;
    watch->cap = cap_of(m, domain, plan);
    m->target[domain] = tdm_least(m->target[domain], watch->cap);
    if (was_on)
        return;
    watch->since = m->base.now;
    watch->busy = 0;
    wake(m, domain);
}

static double change_clock(struct model *m, int domain, int opp)
{
    const struct tdm_domain_info *info = m->board->domain[domain];
    if (m->target[domain] == opp)
        return 0;
    m->target[domain] = opp;
    if (!m->switches)
        return 0;
    m->settled[domain] = m->base.now + info->stall + info->settle;
    return info->stall;
}

static void set_cores(struct model *m, int cores)
{
    if (cores == (m->core ? m->setup->cores[m->core] : 0)) // as before
        return;
    for (size_t i = 0; i < m->setup->core_count; i++)
        if (m->setup->cores[i] == cores || (cores == 0 && i == 0))
            m->core = i;
    find_situation(m);
}

// Whether a plan locks the clocks that are locked already.
static bool is_as_before(const struct model *m, const struct tdm_plan *plan)
{
    if (m->watched || m->target[TDM_CPU] != plan->opp[TDM_CPU] ||
        m->target[TDM_GPU] != plan->opp[TDM_GPU])
        return false;
    if (plan->opp[TDM_EMC] == TDM_GOVERNED)
        return m->floor && m->floor_cap == cap_of(m, TDM_EMC, plan);
    return !m->floor && m->target[TDM_EMC] == plan->opp[TDM_EMC];
}

static void model_set_clocks(struct tdm_driver *driver, const struct tdm_costs *costs,
                             const struct tdm_plan *plan, struct tdm_segment *segment)
{
    (void)costs;
    struct model *m = model_of(driver);
    *segment = (struct tdm_segment){m->base.now, m->base.now, {0}};
    m->stage = TDM_SWITCHING;
    if (m->setup->core_count > 1)
        set_cores(m, plan->cores);
    if (is_as_before(m, plan))
        return;
    double stall = 0;
    for (int d = 0; d < 2; d++) {
        if (plan->opp[d] == TDM_GOVERNED) {
            watch_domain(m, d, plan);
        } else {
            m->watch[d].on = false;
            stall = tdm_larger(stall, change_clock(m, d, plan->opp[d]));
        }
    }
    m->watched = m->watch[TDM_CPU].on || m->watch[TDM_GPU].on;
    m->floor = plan->opp[TDM_EMC] == TDM_GOVERNED;
    if (m->floor)
        m->floor_cap = cap_of(m, TDM_EMC, plan);
    else
        stall = tdm_larger(stall, change_clock(m, TDM_EMC, plan->opp[TDM_EMC]));
    apply(m);
    if (stall > 0)
        idle_until(m, m->base.now + stall, segment);
}

static void model_read(struct tdm_driver *driver, struct tdm_readings *readings)
{
    const struct model *m = model_of(driver);
    const struct tdm_load *load = m->co_runners;
    *readings = (struct tdm_readings){tdm_sensor_temperature(&m->sensor),
                                      tdm_sensor_power(&m->sensor),
                                      {m->at[0], m->at[1], m->at[2]},
                                      {load->cpu, load->gpu, load->memory},
                                      m->heat.trips > 0,
                                      m->heat.temperature};
}

static struct tdm_driver *model_copy(const struct tdm_driver *driver, struct tdm_driver *scratch)
{
    struct model *copy = scratch ? model_of(scratch) : malloc(sizeof *copy);
    if (!copy)
        return NULL;
    memcpy(copy, driver, sizeof *copy);
    copy->pieces = NULL; // looking ahead records nothing
    return &copy->base;
}

static void model_close(struct tdm_driver *driver)
{
    free(driver);
}

static void start_clocks(struct model *m)
{
    for (int d = 0; d < TDM_CLOCKS; d++) {
        m->settled[d] = INFINITY;
        m->target[d] = 0;
    }
    m->floor = true;
    m->floor_cap = (int)m->board->domain[TDM_EMC]->opp_count - 1;
    const struct tdm_plan governed = {
        .opp = {TDM_GOVERNED, TDM_GOVERNED, TDM_GOVERNED}, .cap = {-1, -1, -1}, .governor = -1};
    for (int d = 0; d < 2; d++)
        watch_domain(m, d, &governed);
    apply(m);
}

static void start_model(struct model *m, const struct tdm_driver_setup *setup, double begin)
{
    const struct tdm_scenario_board *where = &setup->scenario->boards[setup->board];
    *m = (struct model){.base = {.type = &tdm_model_driver, .now = begin},
                        .setup = setup,
                        .pieces = setup->pieces,
                        .board = where->board,
                        .costs = setup->costs,
                        .switches = where->switching};
    tdm_heat_start(&m->heat, &m->board->thermals[0], where->thermal, where->ambient, where->start);
    while (m->load + 1 < setup->load_count && setup->load_from[m->load + 1] <= begin)
        m->load++;
    find_situation(m);
    start_clocks(m);
    const struct tdm_cell *cell = tdm_costs_at(m->costs, m->situation, 0, m->at);
    tdm_sensor_start(&m->sensor, m->board);
    tdm_sensor_look(&m->sensor, begin, cell->idle_sum + cell->idle.leakage, m->heat.temperature);
}

static void model_restart(struct tdm_driver *driver, double begin)
{
    start_model(model_of(driver), model_of(driver)->setup, begin);
}

static struct tdm_driver *model_open(const char *rest, const struct tdm_driver_setup *setup,
                                     struct tdm_error *error)
{
    if (rest[0]) {
        tdm_fail(error, "the model driver takes nothing after 'model:'");
        return NULL;
    }
    struct model *m = calloc(1, sizeof *m);
    if (!m) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    start_model(m, setup, 0);
    return &m->base;
}

struct tdm_driver *tdm_model_twin(const struct tdm_driver_setup *setup, double now,
                                  const struct tdm_readings *readings, const struct tdm_plan *last,
                                  struct tdm_driver *scratch)
{
    struct tdm_driver *driver = scratch ? scratch : model_open("", setup, NULL);
    if (!driver)
        return NULL;
    struct model *m = model_of(driver);
    const bool switches = m->switches;
    m->pieces = NULL;
    m->base.now = now;
    for (m->load = 0; m->load + 1 < setup->load_count && setup->load_from[m->load + 1] <= now;)
        m->load++;
    find_situation(m);
    if (m->heat.on)
        m->heat.temperature = readings->temperature;
    m->switches = false; // these clocks have long been in force
    m->watched = m->watch[TDM_CPU].on = m->watch[TDM_GPU].on = false;
    struct tdm_segment segment;
    model_set_clocks(driver, NULL, last, &segment);
    for (int d = 0; d < TDM_CLOCKS; d++) {
        m->at[d] = m->target[d] = readings->opp[d];
        m->settled[d] = INFINITY;
    }
    m->switches = switches;
    apply(m);
    return driver;
}

const struct tdm_driver_type tdm_model_driver = {.scheme = "model",
                                                 .summary = "a simulated board",
                                                 .open = model_open,
                                                 .close = model_close,
                                                 .restart = model_restart,
                                                 .set_clocks = model_set_clocks,
                                                 .run = model_run,
                                                 .rest = model_rest,
                                                 .read = model_read,
                                                 .copy = model_copy};

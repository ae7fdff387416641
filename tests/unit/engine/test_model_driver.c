// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The simulated board: governed segments against a simulation step by step that never skips a
 * look; heat against the analytic exponential; switching, co-runners and sensors by hand.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/random.h"
#include "engine/governor.h"
#include "world.h"

// A run whose board's driver the test steers itself.
struct rig {
    struct tdm_scenario *scenario;
    struct tdm_engine *engine;
    struct tdm_unit *unit;
    struct tdm_driver *driver;
    struct tdm_costs *costs;
};

static struct rig rig_of(const struct world *w, const char *scenario)
{
    struct rig r = {.scenario = world_load(w, scenario)};
    r.engine = world_open(r.scenario, 1);
    r.unit = r.engine->units[0];
    r.driver = r.unit->driver;
    r.costs = r.unit->queues[0].costs;
    return r;
}

static void rig_end(struct rig *r)
{
    tdm_engine_free(r->engine);
    tdm_scenario_free(r->scenario);
}

static struct tdm_segment set(struct rig *r, const struct tdm_plan *plan)
{
    struct tdm_segment segment;
    r->driver->type->set_clocks(r->driver, r->costs, plan, &segment);
    return segment;
}

static struct tdm_segment head(struct rig *r, int point, double factor)
{
    const struct tdm_stage stage = {
        .kind = TDM_HEAD, .costs = r->costs, .point = point, .factor = factor};
    struct tdm_segment segment;
    r->driver->type->run(r->driver, &stage, &segment);
    return segment;
}

static struct tdm_segment rest(struct rig *r, double until)
{
    struct tdm_segment segment;
    r->driver->type->rest(r->driver, until, &segment);
    return segment;
}

static struct tdm_readings readings(struct rig *r)
{
    struct tdm_readings readings;
    r->driver->type->read(r->driver, &readings);
    return readings;
}

static double joules(const struct tdm_segment *segment)
{
    return tdm_watts_sum(&segment->energy);
}

// ---- governors, step by step -------------------------------------------------------------------

struct reference {
    const struct rig *rig;
    const struct tdm_board *board;
    double now, energy;
    int at[3], target[3];
    double settled[3];
    bool governed[2], floor;
    int governor[2], cap[2];
    long look[2]; // number of the next look of each domain
    double since[2], busy[2];
    size_t load;
};

static double look_time(const struct reference *s, int d)
{
    return s->board->domain[d]->period * (double)s->look[d];
}

static void put_in_force(struct reference *s)
{
    for (int d = 0; d < 3; d++)
        if (s->now >= s->settled[d]) {
            s->at[d] = s->target[d];
            s->settled[d] = INFINITY;
        } else if (isinf(s->settled[d])) {
            s->at[d] = s->target[d];
        }
    if (s->floor) {
        s->target[2] = tdm_board_floor(s->board, s->board->domain[1]->opps[s->at[1]].hz);
        s->at[2] = s->target[2];
    }
}

static struct reference reference_of(const struct rig *rig)
{
    struct reference s = {.rig = rig,
                          .board = rig->unit->board,
                          .floor = true,
                          .settled = {INFINITY, INFINITY, INFINITY}};
    for (int d = 0; d < 2; d++) {
        s.governed[d] = true;
        s.governor[d] = s.board->domain[d]->governor;
        s.cap[d] = (int)s.board->domain[d]->opp_count - 1;
        s.look[d] = 1;
    }
    put_in_force(&s);
    return s;
}

static void events(struct reference *s)
{
    for (int d = 0; d < 2; d++) {
        if (s->now < look_time(s, d))
            continue;
        s->look[d]++;
        if (!s->governed[d])
            continue;
        const double used = s->busy[d] / (s->now - s->since[d]);
        const int next = tdm_governors[s->governor[d]]->next(s->board->domain[d], s->target[d],
                                                             used < 1 ? used : 1);
        s->target[d] = next < s->cap[d] ? next : s->cap[d];
        s->since[d] = s->now;
        s->busy[d] = 0;
    }
    const struct tdm_driver_setup *setup = &s->rig->unit->setup;
    if (s->load + 1 < setup->load_count && s->now >= setup->load_from[s->load + 1])
        s->load++;
    put_in_force(s);
}

// Until the work is done (`work` stages of this head), or without work until a time.
static void advance(struct reference *s, int point, double work, double until)
{
    const struct tdm_driver_setup *setup = &s->rig->unit->setup;
    while (work > 0 || s->now < until) {
        const int situation = setup->load_kind[s->load] * (int)setup->core_count;
        const struct tdm_cell *cell = tdm_costs_at(s->rig->costs, situation, 0, s->at);
        const struct tdm_load *load = &setup->situations[situation].load;
        double next = s->load + 1 < setup->load_count ? setup->load_from[s->load + 1] : INFINITY;
        for (int d = 0; d < 3; d++)
            next = fmin(next, s->settled[d]);
        for (int d = 0; d < 2; d++)
            next = fmin(next, look_time(s, d));
        const double done = work > 0 ? s->now + work * cell->head[point] : until;
        const double to = fmin(next, done), step = to - s->now;
        s->energy += step * tdm_watts_sum(work > 0 ? &cell->run : &cell->idle);
        s->busy[0] += step * (work > 0 ? 1 : load->cpu);
        s->busy[1] += step * fmin(1, (work > 0 ? cell->ug : 0) + load->gpu);
        if (work > 0)
            work = to == done ? 0 : work - step / cell->head[point];
        s->now = to;
        if (to >= next)
            events(s);
    }
}

static void choose(struct reference *s, const struct tdm_plan *plan)
{
    double stall = 0;
    for (int d = 0; d < 2; d++) {
        const struct tdm_domain_info *info = s->board->domain[d];
        if (plan->opp[d] == TDM_GOVERNED) {
            if (!s->governed[d]) {
                s->since[d] = s->now;
                s->busy[d] = 0;
            }
            s->governor[d] = plan->governor < 0 ? info->governor : plan->governor;
        } else if (plan->opp[d] != s->target[d]) {
            s->target[d] = plan->opp[d];
            s->settled[d] = s->now + info->stall + info->settle;
            stall = fmax(stall, info->stall);
        }
        s->governed[d] = plan->opp[d] == TDM_GOVERNED;
    }
    put_in_force(s);
    advance(s, 0, 0, s->now + stall);
}

#define CO_RUNNERS \
    "<load board=\"b\" from=\"0.5 s\" until=\"1.013 s\" gpu=\"60 %\" cpu=\"30 %\"/>" \
    "<load board=\"b\" from=\"0.9 s\" until=\"2 s\" emc=\"50 %\"/>" \
    "<load board=\"b\" from=\"2.5 s\" until=\"2.55 s\" cpu=\"91 %\" gpu=\"91 %\"/>" \
    "<load board=\"b\" from=\"4 s\" gpu=\"15 %\"/>"

static void governed_segments_are_the_sum_of_their_steps(void **state)
{
    const struct world *w = *state;
    for (uint64_t seed = 0; seed < 120; seed++) {
        // In every second one launches take long, so that the CPU's clock decides how busy the GPU
        // is, and settles while it runs.
        world_write(w, "toy.xml", world_board, "stall=\"0 s\" settle=\"0 s\"",
                    "stall=\"1 ms\" settle=\"160 ms\"", "stall=\"0 ms\" settle=\"0 ms\"",
                    "stall=\"2.1 ms\" settle=\"33 ms\"", "launch=\"4e6\"",
                    seed % 2 ? "launch=\"4e7\"" : "launch=\"4e6\"", NULL);
        struct rig r = rig_of(
            w, WORLD_SCENARIO(
                   "<board id=\"b\" type=\"toy.xml\" thermal=\"no\" jitter=\"no\"/>" WORLD_STREAM
                       CO_RUNNERS));
        struct reference s = reference_of(&r);
        struct tdm_random random;
        tdm_random_seed(&random, seed, "governed", 0);
        double energy = 0;
        for (int i = 0; i < 60; i++) {
            struct tdm_segment segment;
            if (i % 7 == 0) {
                struct tdm_plan plan = world_local(TDM_GOVERNED, TDM_GOVERNED, TDM_GOVERNED);
                plan.governor = (int)tdm_random_below(&random, TDM_GOVERNORS) - 1;
                if (plan.governor >= 0 && !tdm_governors[plan.governor])
                    plan.governor = -1;
                const int lock = (int)tdm_random_below(&random, 4);
                if (lock < 2)
                    plan.opp[lock] = (int)tdm_random_below(&random, 3);
                segment = set(&r, &plan);
                choose(&s, &plan);
            } else if (tdm_random_below(&random, 2)) {
                const double until = s.now + 0.3 * tdm_random_uniform(&random);
                segment = rest(&r, until);
                advance(&s, 0, 0, until);
            } else {
                const double factor = 20 * tdm_random_uniform(&random);
                const int point = 1 + (int)tdm_random_below(&random, 6);
                segment = head(&r, point, factor);
                advance(&s, point, factor, 0);
            }
            energy += joules(&segment);
            assert_near(segment.end, s.now, 1e-9 * s.now);
            assert_near(energy, s.energy, 1e-9 * s.energy);
            assert_memory_equal(readings(&r).opp, s.at, sizeof s.at);
        }
        rig_end(&r);
    }
    world_write(w, "toy.xml", world_board, NULL);
}

static void looks_at_one_moment_both_count(void **state)
{
    // At 50 ms the cpu's fifth look and the gpu's second fall together. A co-runner came after the
    // gpu's first look: at 50 ms it has seen 24 of 25 ms of it and must act then, not at 75.
    struct rig r = rig_of(
        *state, WORLD_SCENARIO(WORLD_BOARD WORLD_STREAM
                               "<load board=\"b\" from=\"26 ms\" cpu=\"90 %\" gpu=\"95 %\"/>"));
    rest(&r, 0.0501);
    assert_true(readings(&r).opp[TDM_GPU] > 0);
    rig_end(&r);
}

static void a_load_at_a_threshold_is_not_beside_it(void **state)
{
    // 90 % is not above 90 %, whatever it was added up from.
    struct rig r =
        rig_of(*state, WORLD_SCENARIO(WORLD_BOARD WORLD_STREAM "<load board=\"b\" gpu=\"90 %\"/>"));
    for (int i = 1; i <= 2000; i++)
        rest(&r, i * 0.00137);
    const struct tdm_pieces *pieces = &r.unit->pieces;
    int opp = 0;
    for (size_t i = 0; i < pieces->count; i++) { // 90 / 70: one OPP at a time
        assert_true(pieces->items[i].opp[TDM_GPU] <= opp + 1);
        opp = pieces->items[i].opp[TDM_GPU];
    }
    assert_int_equal(opp, 3);
    rig_end(&r);
}

static void skipping_steady_looks_changes_nothing(void **state)
{
    // A rest of 10 s in one go, and in ten thousand; a co-runner wakes the governors meanwhile.
    const char *scenario = WORLD_SCENARIO(WORLD_BOARD WORLD_STREAM CO_RUNNERS);
    struct rig one = rig_of(*state, scenario), many = rig_of(*state, scenario);
    const struct tdm_segment whole = rest(&one, 10);
    double energy = 0;
    for (int i = 1; i <= 10000; i++) {
        const struct tdm_segment part = rest(&many, i / 1000.);
        energy += joules(&part);
    }
    assert_near(energy, joules(&whole), 1e-9 * energy);
    assert_true(one.unit->pieces.count < 200); // it did skip: 1,400 looks fall into 10 s
    rig_end(&one);
    rig_end(&many);
}

// ---- switching, load ---------------------------------------------------------------------------

static void switching_stalls_and_settles(void **state)
{
    const struct world *w = *state;
    world_write(w, "toy.xml", world_board, "stall=\"0 ms\" settle=\"0 ms\"",
                "stall=\"2 ms\" settle=\"5 ms\"", "stall=\"0 us\" settle=\"0 us\"",
                "stall=\"1 ms\" settle=\"20 ms\"", NULL);
    struct rig r =
        rig_of(w, WORLD_SCENARIO("<board id=\"b\" type=\"toy.xml\" thermal=\"no\"/>" WORLD_STREAM));
    struct tdm_plan plan = world_local(2, 1, 2);
    set(&r, &plan);
    rest(&r, 1);
    plan = world_local(2, 3, 0);
    const struct tdm_segment stall = set(&r, &plan); // gpu 1 to 3, emc 2 to 0
    assert_near(stall.end - stall.start, 0.002, 1e-12);
    const struct tdm_cell *slow = tdm_costs_at(r.costs, 0, 0, (int[]){2, 1, 2});
    const struct tdm_cell *mixed = tdm_costs_at(r.costs, 0, 0, (int[]){2, 3, 2});
    const struct tdm_cell *fast = tdm_costs_at(r.costs, 0, 0, (int[]){2, 3, 0});
    assert_near(joules(&stall), 0.002 * tdm_watts_sum(&slow->idle), 1e-12);
    // 5 ms more at the old clocks, then the gpu's; from 21 ms on the memory's, too.
    const struct tdm_segment segment = head(&r, 6, 1);
    const double done = 0.005 / slow->time + 0.014 / mixed->time, last = (1 - done) * fast->time;
    assert_true(done < 1);
    assert_near(segment.end - segment.start, 0.019 + last, 1e-12);
    assert_near(joules(&segment),
                0.005 * tdm_watts_sum(&slow->run) + 0.014 * tdm_watts_sum(&mixed->run) +
                    last * tdm_watts_sum(&fast->run),
                1e-12);
    const struct tdm_segment again = set(&r, &plan); // nothing changes, nothing stalls
    assert_near(again.end, segment.end, 0);
    rig_end(&r);
    world_write(w, "toy.xml", world_board, NULL);
}

static void a_co_runner_starts_in_the_middle(void **state)
{
    struct rig r = rig_of(*state, WORLD_SCENARIO(WORLD_BOARD WORLD_STREAM
                                                 "<load board=\"b\" from=\"10 ms\" "
                                                 "until=\"15 ms\" cpu=\"50 %\" gpu=\"40 %\" "
                                                 "emc=\"30 %\"/>"));
    const struct tdm_plan plan = world_local(2, 3, 2);
    set(&r, &plan);
    const int *opp = plan.opp;
    const struct tdm_cell *alone = tdm_costs_at(r.costs, 0, 0, opp);
    const struct tdm_driver_setup *setup = &r.unit->setup;
    const struct tdm_cell *shared =
        tdm_costs_at(r.costs, setup->load_kind[1] * (int)setup->core_count, 0, opp);
    assert_true(shared->time > alone->time);
    assert_true(alone->time > 0.015);
    const struct tdm_segment segment = head(&r, 6, 1);
    const double left = 1 - 0.010 / alone->time - 0.005 / shared->time;
    assert_near(segment.end, 0.015 + left * alone->time, 1e-12);
    assert_near(joules(&segment),
                0.005 * tdm_watts_sum(&shared->run) +
                    (0.010 + left * alone->time) * tdm_watts_sum(&alone->run),
                1e-12);
    rig_end(&r);
}

static void fewer_cores_save_their_clocks(void **state)
{
    struct rig r = rig_of(*state, WORLD_SCENARIO(WORLD_BOARD WORLD_STREAM));
    struct tdm_plan plan = world_local(1, 0, 0);
    set(&r, &plan);
    const struct tdm_segment all = rest(&r, 1);
    plan.cores = 2; // of 4; cpu-clock is 200 mW at 2 GHz, 100 mW at 1 GHz
    set(&r, &plan);
    const struct tdm_segment half = rest(&r, 2);
    assert_near(joules(&all) - joules(&half), 0.05, 1e-12);
    rig_end(&r);
}

// ---- heat --------------------------------------------------------------------------------------

#define WARM(extra) \
    WORLD_SCENARIO("<board id=\"b\" type=\"toy.xml\" thermal=\"yes\" switching=\"no\" " extra \
                   "/>" WORLD_STREAM)

static void temperature_is_the_exponential(void **state)
{
    const struct world *w = *state;
    world_write(w, "toy.xml", world_board, "leakage=\"0.02 /K\"", "leakage=\"0 /K\"", NULL);
    struct rig r = rig_of(w, WARM("ambient=\"20 degC\" start=\"50 degC\""));
    const struct tdm_plan plan = world_local(2, 3, 2);
    set(&r, &plan);
    const struct tdm_cell *cell = tdm_costs_at(r.costs, 0, 0, plan.opp);
    // 5 K/W times 20 J/K: a time constant of 100 s.
    const double idle = 20 + 5 * tdm_watts_sum(&cell->idle);
    rest(&r, 70);
    const double then = idle + (50 - idle) * exp(-0.7);
    assert_near(readings(&r).temperature, then, 1e-3); // the sensor shows mK
    const double busy = 20 + 5 * tdm_watts_sum(&cell->run);
    const struct tdm_segment segment = head(&r, 6, 30 / cell->time);
    assert_near(segment.end, 100, 1e-9);
    assert_near(readings(&r).temperature, busy + (then - busy) * exp(-0.3), 2e-3);
    const struct tdm_pieces *pieces = &r.unit->pieces;
    for (size_t i = 0; i < pieces->count; i++) { // and at every piece's start
        const struct tdm_piece *p = &pieces->items[i];
        const double expected = p->start < 70 ? idle + (50 - idle) * exp(-p->start / 100)
                                              : busy + (then - busy) * exp(-(p->start - 70) / 100);
        assert_near(p->temperature, expected, 1e-9);
    }
    rig_end(&r);
    world_write(w, "toy.xml", world_board, NULL);
}

static void leakage_feeds_back(void **state)
{
    const struct world *w = *state;
    world_write(w, "toy.xml", world_board, "leakage=\"100 mW\"", "leakage=\"600 mW\"", NULL);
    struct rig r = rig_of(w, WARM(""));
    const struct tdm_plan plan = world_local(2, 3, 2);
    set(&r, &plan);
    const struct tdm_watts idle = tdm_costs_at(r.costs, 0, 0, plan.opp)->idle;
    const double rest_of_it = tdm_watts_sum(&idle) - idle.leakage;
    assert_near(idle.leakage, 0.6 * 1.4 * 1.4, 1e-12); // by the voltage squared
    // dT/dt = (25 + 5 P(T) - T) / 100, by Runge-Kutta in steps of 10 ms.
    double t = 25, energy = 0;
    const double h = 0.01;
#define SLOPE(temp) ((25 + 5 * POWER(temp) - (temp)) / 100)
#define POWER(temp) (rest_of_it + idle.leakage * exp(0.02 * ((temp)-45)))
    for (int i = 0; i < 30000; i++) {
        const double a = SLOPE(t), b = SLOPE(t + h / 2 * a), c = SLOPE(t + h / 2 * b),
                     d = SLOPE(t + h * c);
        const double next = t + h / 6 * (a + 2 * b + 2 * c + d);
        energy += h * (POWER(t) + 4 * POWER((t + next) / 2) + POWER(next)) / 6;
        t = next;
    }
    const struct tdm_segment segment = rest(&r, 300);
    assert_near(readings(&r).temperature, t, 0.05);
    assert_near(joules(&segment) / energy, 1, 1e-3);
    // In the end the heat that flows off is what the leakage at that temperature adds up to.
    rest(&r, 5000);
    const double last = readings(&r).temperature;
    assert_near(25 + 5 * POWER(last), last, 0.03);
    rig_end(&r);
    world_write(w, "toy.xml", world_board, NULL);
}

static void trips_cap_and_lift(void **state)
{
    const struct world *w = *state;
    // Without leakage, and so hungry that a busy board heads for more than 100 degC.
    world_write(w, "toy.xml", world_board, "leakage=\"0.02 /K\"", "leakage=\"0 /K\"",
                "gpu-energy=\"100 mJ\"", "gpu-energy=\"400 mJ\"", NULL);
    struct rig r = rig_of(w, WARM("start=\"55 degC\""));
    const struct tdm_plan plan = world_local(2, 3, 2);
    set(&r, &plan);
    const double goal = 25 + 5 * tdm_watts_sum(&tdm_costs_at(r.costs, 0, 0, plan.opp)->run);
    const double capped =
        25 + 5 * tdm_watts_sum(&tdm_costs_at(r.costs, 0, 0, (int[]){1, 2, 2})->run);
    assert_true(goal > 100);
    assert_true(capped > 61);
    head(&r, 6, 2000); // long
    const struct tdm_pieces *pieces = &r.unit->pieces;
    const double crossing = 100 * log((goal - 55) / (goal - 60));
    size_t i = 0;
    while (i < pieces->count && pieces->items[i].opp[TDM_GPU] == 3)
        i++;
    assert_true(i < pieces->count);
    assert_near(pieces->items[i].start, crossing, 2e-3);
    assert_int_equal(pieces->items[i].opp[TDM_CPU], 1); // 1 GHz
    assert_int_equal(pieces->items[i].opp[TDM_GPU], 2); // 400 MHz
    assert_int_equal(pieces->items[i].opp[TDM_EMC], 2);
    // At rest it cools: the caps stay until 3 K below the trip.
    const double start = r.driver->now;
    const size_t before = pieces->count;
    const double hot = readings(&r).temperature;
    assert_true(hot > 60);
    rest(&r, start + 200);
    const double cool =
        25 + 5 * tdm_watts_sum(&tdm_costs_at(r.costs, 0, 0, (int[]){1, 2, 2})->idle);
    i = before;
    while (i < pieces->count && pieces->items[i].opp[TDM_GPU] < 3)
        i++;
    assert_true(i < pieces->count);
    // The last stretch at rest between a trip and its release is one exponential.
    assert_near(pieces->items[i].temperature, 57, 0.01);
    if (hot < 70) { // never got to the second trip
        assert_near(pieces->items[i].start - start, 100 * log((hot - cool) / (57 - cool)), 0.02);
    }
    assert_int_equal(pieces->items[i].opp[TDM_CPU], 2);
    rig_end(&r);
    world_write(w, "toy.xml", world_board, NULL);
}

static void no_hysteresis_and_no_resistance_end(void **state)
{
    const struct world *w = *state;
    world_write(w, "toy.xml", world_board, "hysteresis=\"3 degC\"", "hysteresis=\"0 degC\"",
                "gpu-energy=\"100 mJ\"", "gpu-energy=\"900 mJ\"", NULL);
    struct rig r = rig_of(w, WARM("start=\"59.9 degC\""));
    const struct tdm_plan plan = world_local(2, 3, 2);
    set(&r, &plan);
    head(&r, 6, 500);
    assert_true((double)r.unit->pieces.count < 1000 * r.driver->now); // 1 ms at least
    rig_end(&r);
    world_write(w, "toy.xml", world_board, "resistance=\"5 K/W\"", "resistance=\"0 K/W\"", NULL);
    r = rig_of(w, WARM("start=\"59.9 degC\""));
    set(&r, &plan);
    rest(&r, 1);
    assert_near(readings(&r).temperature, 25, 1e-3); // nothing holds the heat back
    rig_end(&r);
    world_write(w, "toy.xml", world_board, NULL);
}

static void heat_wakes_governors(void **state)
{
    const struct world *w = *state;
    // The gpu is locked and busy, the cpu governed by a rule that has become steady; when a trip
    // slows the gpu down in the middle, the result is as if the rest came in short pieces.
    world_write(w, "toy.xml", world_board, "leakage=\"0.02 /K\"", "leakage=\"0 /K\"",
                "gpu-energy=\"100 mJ\"", "gpu-energy=\"400 mJ\"", NULL);
    struct rig one = rig_of(w, WARM("start=\"59 degC\"")),
               many = rig_of(w, WARM("start=\"59 degC\""));
    struct tdm_plan plan = world_local(2, TDM_GOVERNED, 2);
    set(&one, &plan);
    set(&many, &plan);
    const struct tdm_segment whole = head(&one, 6, 400);
    double energy = 0;
    for (int i = 0; i < 4000; i++) {
        const struct tdm_segment part = head(&many, 6, 0.1);
        energy += joules(&part);
    }
    assert_near(many.driver->now, whole.end, 1e-6 * whole.end);
    assert_near(energy, joules(&whole), 1e-5 * energy);
    rig_end(&one);
    rig_end(&many);
    world_write(w, "toy.xml", world_board, NULL);
}

// ---- sensors -----------------------------------------------------------------------------------

static void sensors_have_a_quantum_and_a_period(void **state)
{
    const struct world *w = *state;
    world_write(w, "toy.xml", world_board, "quantum=\"0 W\"", "quantum=\"40 mW\"", NULL);
    struct rig r = rig_of(w, WORLD_SCENARIO(WORLD_BOARD WORLD_STREAM));
    const double idle = tdm_watts_sum(&tdm_costs_at(r.costs, 0, 0, (int[]){0, 0, 0})->idle);
    const double steps = readings(&r).power / 0.04;
    assert_near(steps, round(steps), 1e-9);
    assert_near(readings(&r).power, idle, 0.02);
    const struct tdm_plan plan = world_local(2, 3, 2);
    set(&r, &plan);
    const struct tdm_cell *cell = tdm_costs_at(r.costs, 0, 0, plan.opp);
    assert_true(tdm_watts_sum(&cell->run) > idle + 1);
    head(&r, 6, 0.099 / cell->time); // until 99 ms: the next look is at 100 ms
    assert_near(readings(&r).power, idle, 0.02);
    head(&r, 6, 0.002 / cell->time);
    assert_near(readings(&r).power, tdm_watts_sum(&cell->run), 0.02);
    rest(&r, 0.19);
    assert_near(readings(&r).power, tdm_watts_sum(&cell->run), 0.02); // still what it saw then
    rest(&r, 0.21);
    assert_near(readings(&r).power, tdm_watts_sum(&cell->idle), 0.02);
    rig_end(&r);
    world_write(w, "toy.xml", world_board, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(governed_segments_are_the_sum_of_their_steps),
        cmocka_unit_test(looks_at_one_moment_both_count),
        cmocka_unit_test(a_load_at_a_threshold_is_not_beside_it),
        cmocka_unit_test(skipping_steady_looks_changes_nothing),
        cmocka_unit_test(switching_stalls_and_settles),
        cmocka_unit_test(a_co_runner_starts_in_the_middle),
        cmocka_unit_test(fewer_cores_save_their_clocks),
        cmocka_unit_test(temperature_is_the_exponential),
        cmocka_unit_test(leakage_feeds_back),
        cmocka_unit_test(trips_cap_and_lift),
        cmocka_unit_test(no_hysteresis_and_no_resistance_end),
        cmocka_unit_test(heat_wakes_governors),
        cmocka_unit_test(sensors_have_a_quantum_and_a_period),
    };
    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}

// SPDX-License-Identifier: GPL-3.0-or-later
// The power of all dnns over one set of rails as one problem, with the times of the latency fit.
// Unknowns: for each fit its terms, for each mode their means, what all share, then the knots of
// the voltage curves and of the idle memory's.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "model/calibrate_curve.h"
#include "model/calibrate_parts.h"

enum { OWN = 4, SHARED = TDM_S_CPU_V, STARTS = 3 };
enum { GPU_ENERGY, CPU_ENERGY, MEMORY_ENERGY, CPU_SPIN };

#define SCALE 0.0075     // of a power's logarithm: the drift between sweeps of BoFL's boards
#define GOVERNED 0.013   // more where a governor, not the measurer, set the CPU or memory clock
#define VOLTAGE_SPAN 0.7 // ratios lie in [1, 1.7]
#define KNEE_WIDTH 0.07
#define FLATTEST 0.02
#define VOLTAGE_LEVEL 1.0
#define VOLTAGE_SMOOTH 0.8
#define MEMORY_LEVEL 1.0
#define MEMORY_SMOOTH 0.6
#define MOST_BUSY 1000.  // W, as board files may say
#define MEMORY_IDLE 0.12 // of the largest power: what the idle memory adds from bottom to top

/**
 * Priors of the terms: W over the largest power that was measured, J over that and the run's time
 * at the top clocks, as natural logarithms; bounded terms are logits. Means are near those of
 * BoFL's TX2 and AGX Xavier; they and the spreads did best in cross-validation.
 */
static const struct own_prior {
    double mean, between, board;
} own_priors[OWN] = {
    [GPU_ENERGY] = {-2.3, 0.6, 0.8},
    [CPU_ENERGY] = {-3.2, 0.7, 0.8},
    [MEMORY_ENERGY] = {-2.0, 0.6, 0.8},
    [CPU_SPIN] = {-3.8, 0.7, 0.8},
};
static const struct shared_prior {
    double mean, sigma;
    bool bounded;
} shared_priors[SHARED] = {
    [TDM_S_FIXED] = {-2.1, 0.6, false},         [TDM_S_LEAKAGE] = {-3.5, 0.8, false},
    [TDM_S_CPU_CLOCK] = {-3.8, 0.8, false},     [TDM_S_GPU_CLOCK] = {-3.0, 0.8, false},
    [TDM_S_GPU_BUSY] = {-2.3, 0.8, false},      [TDM_S_MEMORY_EXPONENT] = {-0.5, 1.0, true},
    [TDM_S_MEMORY_VOLTAGE] = {-0.5, 1.0, true},
};

/** Voltages of a board without a table: as the grids of BoFL's TX2 and AGX Xavier show them. */
static const struct {
    double knee; // share of the top clock up to which the voltage stays at its lowest
    double rise; // of the ratio over the whole range of clocks, above the knee
} voltages[] = {[TDM_CPU] = {0.35, 1.35}, [TDM_GPU] = {0.6, 1.1}};

/** Starts that differ in where the power goes: added to the means. */
static const struct {
    double gpu_busy, gpu_energy, memory_energy;
} starts[STARTS] = {{0, 0, 0}, {0.8, -0.8, 0}, {-0.8, 0.4, 0.6}};

struct power_problem {
    struct tdm_problem problem;
    const struct tdm_training *training;
    struct tdm_fit *fits;
    struct tdm_power *shared;
    struct tdm_times *times; // of each row, by the latency fit
    double *top_time;        // of each fit at the top clocks
    double watts;            // the scale
    int mean_at, shared_at;
    struct tdm_curve cpu_v, gpu_v, memory;
    double (*slope)[OWN]; // d coefficient / d unknown
    double shared_slope[SHARED];
    struct tdm_curve_values cpu_values, gpu_values, memory_values;
};

static double *own_term(struct tdm_fit *fit, int which)
{
    double *const terms[OWN] = {&fit->gpu_energy, &fit->cpu_energy, &fit->memory_energy,
                                &fit->cpu_spin};
    return terms[which];
}

static double *shared_term(struct tdm_power *power, int which)
{
    double *const terms[SHARED] = {&power->fixed,         &power->leakage,  &power->cpu_clock,
                                   &power->gpu_clock,     &power->gpu_busy, &power->memory_exponent,
                                   &power->memory_voltage};
    return terms[which];
}

// ---- from unknowns to coefficients -------------------------------------------------------------

/** Voltages: 1 plus a rising curve that levels out at the span. */
static void unpack_voltage(const struct tdm_curve *curve, const double *x,
                           struct tdm_curve_values *values, struct tdm_list *list)
{
    tdm_curve_evaluate(curve, x, values);
    for (int i = 0; i < curve->opps; i++) {
        const double rest = exp(-values->value[i] / VOLTAGE_SPAN);
        list->items[i] = 1 + VOLTAGE_SPAN * (1 - rest);
        for (int k = 0; k < curve->knots; k++)
            values->slope[i][k] *= rest;
    }
}

static void unpack(struct power_problem *p, const double *x)
{
    for (int f = 0; f < p->training->fits; f++)
        for (int t = 0; t < OWN; t++) {
            const double unit = t == CPU_SPIN ? p->watts : p->watts * p->top_time[f];
            p->slope[f][t] = *own_term(&p->fits[f], t) = unit * exp(fmin(x[f * OWN + t], 30));
        }
    for (int s = 0; s < SHARED; s++) {
        double *value = shared_term(p->shared, s);
        const double at = x[p->shared_at + s];
        if (shared_priors[s].bounded) {
            *value = 1 / (1 + exp(-at));
            p->shared_slope[s] = *value * (1 - *value);
        } else {
            p->shared_slope[s] = *value = p->watts * exp(fmin(at, 30));
        }
    }
    unpack_voltage(&p->cpu_v, x, &p->cpu_values, &p->shared->cpu_v);
    unpack_voltage(&p->gpu_v, x, &p->gpu_values, &p->shared->gpu_v);
    tdm_curve_evaluate(&p->memory, x, &p->memory_values);
    for (int i = 0; i < p->memory.opps; i++)
        p->shared->memory_idle.items[i] = p->memory_values.value[i];
}

// ---- one row -----------------------------------------------------------------------------------

/** Mean power over a period: running, then idle for what the measured row idled. */
static double mean_power(const struct power_problem *p, size_t i, const struct tdm_supply *supply,
                         double *busy)
{
    const struct tdm_row *row = p->training->rows[i];
    const struct tdm_fit *fit = &p->fits[p->training->fit_of[i]];
    const struct tdm_conditions *alone = &tdm_conditions_calibrated;
    const struct tdm_watts run = tdm_power_run(fit, p->shared, supply, &p->times[i], alone);
    const struct tdm_watts idle = tdm_power_idle(p->shared, supply, alone);
    *busy = p->times[i].total / (p->times[i].total + row->period - row->latency);
    return *busy * tdm_watts_sum(&run) + (1 - *busy) * tdm_watts_sum(&idle);
}

static void add_curve(const struct tdm_curve *curve, const struct tdm_curve_values *values, int opp,
                      double slope, double *row)
{
    for (int k = 0; k < curve->knots; k++)
        row[curve->first + k] += slope * values->slope[opp][k];
}

/** Jacobian row: d P / d unknown, times `unit`. */
static void fill_row(const struct power_problem *p, size_t i, const struct tdm_supply *s,
                     double busy, double unit, double *row)
{
    const int f = p->training->fit_of[i];
    const struct tdm_fit *fit = &p->fits[f];
    const struct tdm_power *power = p->shared;
    const struct tdm_times *t = &p->times[i];
    const double cv = s->vc * s->vc, gv = s->vg * s->vg, rate = busy / t->total;
    const double clock = pow(s->emc, power->memory_exponent);
    const double volt = 1 + power->memory_voltage * (gv - 1);
    const double memory = rate * fit->memory_energy * clock;
    const double own[OWN] = {rate * gv, rate * cv, rate * clock * volt,
                             busy * s->cpu * cv * (1 - t->uc)};
    const double shared[SHARED] = {1,
                                   gv,
                                   s->cpu * cv,
                                   s->gpu * gv,
                                   busy * s->gpu * gv * t->ug,
                                   memory * volt * log(s->emc),
                                   memory * (gv - 1)};
    for (int k = 0; k < OWN; k++)
        row[f * OWN + k] += unit * own[k] * p->slope[f][k];
    for (int k = 0; k < SHARED; k++)
        row[p->shared_at + k] += unit * shared[k] * p->shared_slope[k];
    const double by_cv =
        s->cpu * (power->cpu_clock + busy * fit->cpu_spin * (1 - t->uc)) + rate * fit->cpu_energy;
    const double by_gv = power->leakage +
                         s->gpu * (power->gpu_clock + busy * power->gpu_busy * t->ug) +
                         rate * fit->gpu_energy + memory * power->memory_voltage;
    const int *at = p->training->rows[i]->opps.at;
    add_curve(&p->cpu_v, &p->cpu_values, at[TDM_CPU], unit * by_cv * 2 * s->vc, row);
    add_curve(&p->gpu_v, &p->gpu_values, at[TDM_GPU], unit * by_gv * 2 * s->vg, row);
    add_curve(&p->memory, &p->memory_values, at[TDM_EMC], unit, row);
}

/** Standard deviation of the logarithm of a row's power. */
static double noise(const struct tdm_row *row)
{
    return row->cpu_assumed || isnan(row->emc) ? hypot(SCALE, GOVERNED) : SCALE;
}

static void evaluate(void *context, const double *x, double *residuals, double *jacobian)
{
    struct power_problem *p = context;
    unpack(p, x);
    for (size_t i = 0; i < p->training->count; i++) {
        const struct tdm_row *row = p->training->rows[i];
        const struct tdm_supply supply = tdm_supply_at(p->training->board, p->shared, row->opps);
        double busy;
        const double power = mean_power(p, i, &supply, &busy);
        residuals[i] = log(power / row->power) / noise(row);
        if (jacobian)
            fill_row(p, i, &supply, busy, 1 / (power * noise(row)),
                     jacobian + i * p->problem.unknowns);
    }
}

// ---- setting up --------------------------------------------------------------------------------

static int add_priors(struct power_problem *p, const struct tdm_power *from)
{
    struct tdm_problem *problem = &p->problem;
    // A curve that another data set of this board fixed is known better than one of the family.
    const double trust = from ? 0.4 : 1;
    int bad = 0;
    for (int f = 0; f < p->training->fits; f++)
        for (int t = 0; t < OWN; t++)
            bad |= tdm_problem_prior(problem, f * OWN + t,
                                     p->mean_at + p->training->mode_of[f] * OWN + t, 0,
                                     own_priors[t].between);
    for (int m = 0; m < p->training->modes; m++)
        for (int t = 0; t < OWN; t++)
            bad |= tdm_problem_prior(problem, p->mean_at + m * OWN + t, -1, own_priors[t].mean,
                                     own_priors[t].board);
    for (int s = 0; s < SHARED; s++)
        bad |= tdm_problem_prior(problem, p->shared_at + s, -1, shared_priors[s].mean,
                                 shared_priors[s].sigma);
    bad |= tdm_curve_priors(&p->cpu_v, problem, trust * VOLTAGE_LEVEL, trust * VOLTAGE_SMOOTH);
    bad |= tdm_curve_priors(&p->gpu_v, problem, trust * VOLTAGE_LEVEL, trust * VOLTAGE_SMOOTH);
    bad |= tdm_curve_priors(&p->memory, problem, trust * MEMORY_LEVEL, trust * MEMORY_SMOOTH);
    return bad;
}

/** A voltage curve over a domain: prior from an earlier set, the board's table, or the family. */
static void start_voltage(struct tdm_curve *curve, const struct tdm_domain_info *domain,
                          const struct tdm_list *from, int first)
{
    double x[TDM_CURVE_OPPS] = {0}, known[TDM_CURVE_OPPS] = {0};
    const int n = (int)domain->opp_count;
    const double top = domain->opps[n - 1].hz;
    for (int i = 0; i < n; i++) {
        x[i] = domain->opps[i].hz / top;
        const double ratio = from ? from->items[i] : domain->opps[i].v;
        known[i] = -VOLTAGE_SPAN * log1p(-fmin(ratio - 1, 0.98 * VOLTAGE_SPAN) / VOLTAGE_SPAN);
    }
    tdm_curve_start(curve, x, n, first);
    if (known[n - 1] > 0) {
        tdm_curve_follow(curve, known);
        return;
    }
    for (int i = 0; i + 1 < n; i++) {
        const double middle = (x[i] + x[i + 1]) / 2;
        const double above = 1 / (1 + exp((voltages[domain->domain].knee - middle) / KNEE_WIDTH));
        curve->rate[i] = log(voltages[domain->domain].rise * above + FLATTEST);
    }
}

static void start_memory(struct power_problem *p, const struct tdm_power *from, int first)
{
    const struct tdm_domain_info *emc = p->training->board->domain[TDM_EMC];
    double x[TDM_CURVE_OPPS] = {0}, known[TDM_CURVE_OPPS] = {0};
    const int n = (int)emc->opp_count;
    const double top = emc->opps[n - 1].hz, bottom = emc->opps[0].hz;
    const bool board = emc->opps[n - 1].idle > 0; // the file gives measured ones
    for (int i = 0; i < n; i++) {
        x[i] = emc->opps[i].hz / top;
        known[i] = from    ? from->memory_idle.items[i]
                   : board ? emc->opps[i].idle
                           : MEMORY_IDLE * p->watts * (emc->opps[i].hz - bottom) / (top - bottom);
    }
    tdm_curve_start(&p->memory, x, n, first);
    tdm_curve_follow(&p->memory, known);
}

static void prepare_rows(struct power_problem *p)
{
    const struct tdm_training *training = p->training;
    const struct tdm_domain_info *const *domain = training->board->domain;
    const struct tdm_opps top = {{(int)domain[TDM_CPU]->opp_count - 1,
                                  (int)domain[TDM_GPU]->opp_count - 1,
                                  (int)domain[TDM_EMC]->opp_count - 1}};
    for (int f = 0; f < training->fits; f++) {
        const struct tdm_latency *latency = p->fits[f].latency;
        const struct tdm_speed fast = tdm_speed_at(training->board, latency, top);
        p->top_time[f] = tdm_latency_at(&p->fits[f], latency, &fast).total;
    }
    for (size_t i = 0; i < training->count; i++) {
        const struct tdm_row *row = training->rows[i];
        const struct tdm_fit *fit = &p->fits[training->fit_of[i]];
        const struct tdm_speed speed = tdm_speed_at(training->board, fit->latency, row->opps);
        p->times[i] = tdm_latency_at(fit, fit->latency, &speed);
        p->watts = fmax(p->watts, row->power);
    }
}

static void set_up(struct power_problem *p, const struct tdm_power *from)
{
    const struct tdm_training *training = p->training;
    const struct tdm_domain_info *const *domain = training->board->domain;
    p->shared->cpu_v.count = domain[TDM_CPU]->opp_count;
    p->shared->gpu_v.count = domain[TDM_GPU]->opp_count;
    p->shared->memory_idle.count = domain[TDM_EMC]->opp_count;
    prepare_rows(p);
    p->mean_at = training->fits * OWN;
    p->shared_at = p->mean_at + training->modes * OWN;
    start_voltage(&p->cpu_v, domain[TDM_CPU], from ? &from->cpu_v : NULL, p->shared_at + SHARED);
    start_voltage(&p->gpu_v, domain[TDM_GPU], from ? &from->gpu_v : NULL,
                  p->cpu_v.first + p->cpu_v.knots);
    start_memory(p, from, p->gpu_v.first + p->gpu_v.knots);
    p->problem = (struct tdm_problem){
        .unknowns = (size_t)(p->memory.first + p->memory.knots),
        .rows = training->count,
        .evaluate = evaluate,
        .context = p,
    };
}

static void fill_starts(const struct power_problem *p, double *start)
{
    for (int s = 0; s < STARTS; s++, start += p->problem.unknowns) {
        for (int f = 0; f < p->training->fits + p->training->modes; f++) {
            double *x = start + f * OWN;
            for (int t = 0; t < OWN; t++)
                x[t] = own_priors[t].mean;
            x[GPU_ENERGY] += starts[s].gpu_energy;
            x[MEMORY_ENERGY] += starts[s].memory_energy;
        }
        for (int t = 0; t < SHARED; t++)
            start[p->shared_at + t] = shared_priors[t].mean;
        start[p->shared_at + TDM_S_GPU_BUSY] += starts[s].gpu_busy;
    }
}

static bool curve_kept(const struct tdm_curve *curve, const double *spread)
{
    for (int k = 0; k < curve->knots; k++)
        if (spread[curve->first + k] <= TDM_KEPT_ABOVE)
            return false;
    return true;
}

static void report_kept(const struct power_problem *p, const double *spread, unsigned *kept,
                        unsigned *kept_shared)
{
    for (int f = 0; f < p->training->fits; f++)
        for (int t = 0; t < OWN; t++)
            if (spread[f * OWN + t] > TDM_KEPT_ABOVE)
                kept[f] |= 1U << (TDM_K_GPU_ENERGY + t);
    for (int s = 0; s < SHARED; s++)
        if (spread[p->shared_at + s] > TDM_KEPT_ABOVE)
            *kept_shared |= 1U << s;
    *kept_shared |= (unsigned)curve_kept(&p->cpu_v, spread) << TDM_S_CPU_V |
                    (unsigned)curve_kept(&p->gpu_v, spread) << TDM_S_GPU_V |
                    (unsigned)curve_kept(&p->memory, spread) << TDM_S_MEMORY_IDLE;
}

/** What co-runners draw is not measured: cores that all spin, memory that moves what runs move. */
static void assume_busy(const struct power_problem *p)
{
    const struct tdm_training *training = p->training;
    double spin = 0, watts = 0;
    for (int f = 0; f < training->fits; f++) {
        const struct tdm_fit *fit = &p->fits[f];
        const struct tdm_list *bandwidth = &fit->latency->bandwidth;
        const double bytes = fit->traffic + fit->bound + fit->launch_traffic;
        spin += fit->cpu_spin / training->fits;
        if (bytes > 0)
            watts += fit->memory_energy / bytes * bandwidth->items[bandwidth->count - 1] /
                     training->fits;
    }
    p->shared->cpu_busy = fmin(spin * (double)training->board->domain[TDM_CPU]->cores, MOST_BUSY);
    p->shared->memory_busy = fmin(watts, MOST_BUSY);
}

static int solve(struct power_problem *p, unsigned *kept, unsigned *kept_shared, double *cost,
                 double *memory, struct tdm_error *error)
{
    const size_t n = p->problem.unknowns;
    struct tdm_solution solution = {.x = memory, .spread = kept ? memory + n : NULL};
    double *start = memory + 2 * n;
    fill_starts(p, start);
    if (tdm_problem_solve(&p->problem, start, STARTS, &solution, error))
        return -1;
    unpack(p, solution.x);
    *cost += solution.cost;
    assume_busy(p);
    if (kept)
        report_kept(p, solution.spread, kept, kept_shared);
    return 0;
}

int tdm_calibrate_power(const struct tdm_training *training, const struct tdm_power *from,
                        struct tdm_power *shared, struct tdm_fit *fits, unsigned *kept,
                        unsigned *kept_shared, double *cost, struct tdm_error *error)
{
    struct power_problem p = {.training = training, .fits = fits, .shared = shared};
    const size_t fit_count = (size_t)training->fits;
    p.times = calloc(training->count, sizeof *p.times);
    p.top_time = calloc(fit_count, sizeof *p.top_time);
    p.slope = calloc(fit_count, sizeof *p.slope);
    double *memory = NULL;
    int result = -1;
    if (p.times && p.top_time && p.slope) {
        set_up(&p, from);
        memory = calloc(p.problem.unknowns * (STARTS + 2), sizeof *memory);
    }
    if (!memory || add_priors(&p, from))
        tdm_fail(error, "out of memory");
    else
        result = solve(&p, kept, kept_shared, cost, memory, error);
    free(p.problem.priors);
    free(p.times);
    free(p.top_time);
    free(p.slope);
    free(memory);
    return result;
}

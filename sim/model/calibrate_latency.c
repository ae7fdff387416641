// SPDX-License-Identifier: GPL-3.0-or-later
// The latency of all dnns of one mode as one problem. Unknowns: for each fit its terms, then their
// means over the fits, then what all share, then the knots of the bandwidth curve.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "model/calibrate_curve.h"
#include "model/calibrate_parts.h"

enum { OWN = TDM_L_OWN, SHARED = 3, STARTS = 4 };

#define SCALE 0.0025   // of a latency's logarithm: the noise between sweeps of BoFL's boards
#define SCALE_ROWS 20. // what that counts for; a larger set of rows tells its own noise
#define FREE 0.95      // of the lowest clock that losses may take
#define BANDWIDTH_LEVEL 0.5
#define BANDWIDTH_SMOOTH 0.5
#define TRUST 0.5 // of an earlier set of this board: its priors are so much narrower

/**
 * Priors of a fit's terms. Times are relative to the compute time at the top clocks, as natural
 * logarithms; bounded terms are logits between their bounds. `between` is the spread over dnns of a
 * board, `board` that over boards. Means are near those of BoFL's training tasks on TX2 and AGX
 * Xavier; they and the spreads did best in cross-validation over all handed-out rows.
 */
static const struct own_prior {
    double mean, between, board;
    double low, high; // of a bounded term
} own_priors[OWN] = {
    [TDM_L_LAUNCH] = {-0.8, 1.0, 0.7, 0, 0},   [TDM_L_LAUNCH_TRAFFIC] = {-3.1, 0.4, 0.5, 0, 0},
    [TDM_L_HOST] = {-3.6, 0.8, 0.7, 0, 0},     [TDM_L_COMPUTE] = {0, 3, 0, 0, 0},
    [TDM_L_SERIAL] = {-2.0, 0.8, 0.7, 0, 0},   [TDM_L_TRAFFIC] = {-0.6, 0.5, 0.5, 0, 0},
    [TDM_L_BOUND] = {-1.5, 0.8, 0.7, 0, 0},    [TDM_L_FIXED] = {-3.5, 0.8, 0.7, 0, 0},
    [TDM_L_OVERLAP] = {-1.6, 0.6, 0.5, 1, 12}, [TDM_L_CONCURRENCY] = {-1.5, 0.7, 0.8, 1, 25},
    [TDM_L_CPU_LOST] = {-4.2, 0.5, 0.7, 0, 0}, // mean: share of the top clock
};
static const struct own_prior shared_priors[SHARED] = {
    {-2.0, 0, 1.0, 0, 0},  // GPU clock lost: a logit below the lowest clock
    {-0.9, 0, 0.5, 0, 0},  // ridge: over a cycle for the byte of a top memory clock
    {-1.5, 0, 1.0, 1, 20}, // its sharpness
};

/** Starts that differ in what bounds the time: added to the means. */
static const struct {
    double launch, traffic, bound;
} starts[STARTS] = {{0, 0, 0}, {0, 0.6, -1}, {0.8, -0.6, 0}, {-0.8, 0, 0.8}};

struct latency_problem {
    struct tdm_problem problem;
    const struct tdm_training *training;
    struct tdm_fit *fits; // scratch: what the unknowns mean
    struct tdm_latency *shared;
    struct tdm_curve curve;
    int mean_at, shared_at;                           // unknowns
    double cpu, gpu, bandwidth, lost_cpu, lost_gpu;   // top clocks; most that losses may take
    double own_mean[OWN], trust, shared_mean[SHARED]; // of the priors
    double (*slope)[OWN]; // d coefficient / d unknown of each fit, then of what is shared
    double shared_slope[SHARED];
    double *bounds; // scratch, one a row
    struct tdm_curve_values values;
};

static double *term(struct tdm_fit *fit, int which)
{
    double *const terms[OWN] = {
        [TDM_L_LAUNCH] = &fit->launch,     [TDM_L_LAUNCH_TRAFFIC] = &fit->launch_traffic,
        [TDM_L_HOST] = &fit->host,         [TDM_L_COMPUTE] = &fit->compute,
        [TDM_L_SERIAL] = &fit->serial,     [TDM_L_TRAFFIC] = &fit->traffic,
        [TDM_L_BOUND] = &fit->bound,       [TDM_L_FIXED] = &fit->fixed,
        [TDM_L_OVERLAP] = &fit->overlap,   [TDM_L_CONCURRENCY] = &fit->concurrency,
        [TDM_L_CPU_LOST] = &fit->cpu_lost,
    };
    return terms[which];
}

/** Value between the bounds, and its derivative. */
static double bounded(double x, double low, double high, double *slope)
{
    const double s = 1 / (1 + exp(-x));
    *slope = (high - low) * s * (1 - s);
    return low + (high - low) * s;
}

/** Coefficients of one fit from its unknowns. */
static void unpack_fit(struct latency_problem *p, int f, const double *x)
{
    const double units[OWN] = {
        [TDM_L_LAUNCH] = p->cpu,      [TDM_L_LAUNCH_TRAFFIC] = p->bandwidth,
        [TDM_L_HOST] = p->cpu,        [TDM_L_COMPUTE] = p->gpu,
        [TDM_L_SERIAL] = p->gpu,      [TDM_L_TRAFFIC] = p->bandwidth,
        [TDM_L_BOUND] = p->bandwidth, [TDM_L_FIXED] = 1,
    };
    for (int t = 0; t < OWN; t++) {
        const struct own_prior *prior = &own_priors[t];
        double *value = term(&p->fits[f], t), *slope = &p->slope[f][t];
        if (t == TDM_L_CPU_LOST)
            *value = bounded(x[t], 0, p->lost_cpu, slope);
        else if (prior->high > prior->low)
            *value = bounded(x[t], prior->low, prior->high, slope);
        else
            *slope = *value = units[t] * exp(fmin(x[TDM_L_COMPUTE], 30) +
                                             (t == TDM_L_COMPUTE ? 0 : fmin(x[t], 30)));
    }
}

static void unpack(struct latency_problem *p, const double *x)
{
    for (int f = 0; f < p->training->fits; f++)
        unpack_fit(p, f, x + f * OWN);
    const double *s = x + p->shared_at;
    p->shared->gpu_lost = bounded(s[0], 0, p->lost_gpu, &p->shared_slope[0]);
    p->shared->ridge = p->gpu / p->bandwidth * exp(fmin(s[1], 30));
    p->shared_slope[1] = p->shared->ridge;
    p->shared->ridge_sharpness =
        bounded(s[2], shared_priors[2].low, shared_priors[2].high, &p->shared_slope[2]);
    tdm_curve_evaluate(&p->curve, x, &p->values);
    const int top = p->curve.opps - 1;
    for (int i = 0; i <= top; i++)
        p->shared->bandwidth.items[i] =
            p->bandwidth * exp(fmax(p->values.value[i] - p->values.value[top], -30));
}

/** Jacobian row of one measured row: dT / d unknown, times `unit`. */
static void fill_row(const struct latency_problem *p, int f, int emc, const double *slopes,
                     double unit, double *row)
{
    double *own = row + f * OWN, *shared = row + p->shared_at;
    for (int t = 0; t < OWN; t++) {
        own[t] += unit * slopes[t] * p->slope[f][t];
        if (t != TDM_L_COMPUTE && own_priors[t].high <= own_priors[t].low && t != TDM_L_CPU_LOST)
            own[TDM_L_COMPUTE] += unit * slopes[t] * p->slope[f][t]; // all times scale with it
    }
    for (int s = 0; s < SHARED; s++)
        shared[s] += unit * slopes[TDM_L_GPU_LOST + s] * p->shared_slope[s];
    const double bandwidth = p->shared->bandwidth.items[emc];
    const int top = p->curve.opps - 1;
    for (int k = 0; k < p->curve.knots; k++)
        row[p->curve.first + k] += unit * slopes[TDM_L_BANDWIDTH] * bandwidth *
                                   (p->values.slope[emc][k] - p->values.slope[top][k]);
}

static void evaluate(void *context, const double *x, double *residuals, double *jacobian)
{
    struct latency_problem *p = context;
    const struct tdm_training *training = p->training;
    unpack(p, x);
    for (size_t i = 0; i < training->count; i++) {
        const int f = training->fit_of[i];
        const struct tdm_row *row = training->rows[i];
        const struct tdm_speed speed = tdm_speed_at(training->board, p->shared, row->opps);
        double slopes[TDM_L_TERMS];
        const struct tdm_times times =
            tdm_latency_slopes(&p->fits[f], p->shared, &speed, jacobian ? slopes : NULL);
        residuals[i] = log(times.total / row->latency) / SCALE;
        if (jacobian)
            fill_row(p, f, row->opps.at[TDM_EMC], slopes, 1 / (times.total * SCALE),
                     jacobian + i * p->problem.unknowns);
    }
}

// ---- setting up --------------------------------------------------------------------------------

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/** What a run takes at the top clocks at most, from the row that bounds it best. */
static double fastest(const struct latency_problem *p, int f)
{
    double *const bound = p->bounds;
    size_t n = 0;
    for (size_t i = 0; i < p->training->count; i++) {
        const struct tdm_row *row = p->training->rows[i];
        const double gpu = p->training->board->domain[TDM_GPU]->opps[row->opps.at[TDM_GPU]].hz;
        if (p->training->fit_of[i] == f)
            bound[n++] = row->latency * gpu / p->gpu;
    }
    if (n == 0)
        return 1;
    qsort(bound, n, sizeof *bound, ascending);
    // A slip must not decide where the search begins: a fifth of the rows may be slips.
    const double few = bound[n / 5];
    return 0.6 * (bound[0] < 0.7 * few ? few : bound[0]);
}

static int add_priors(struct latency_problem *p)
{
    struct tdm_problem *problem = &p->problem;
    int bad = 0;
    for (int f = 0; f < p->training->fits; f++)
        for (int t = 0; t < OWN; t++) {
            const int at = f * OWN + t, mean = p->mean_at + t;
            bad |= t == TDM_L_COMPUTE
                       ? tdm_problem_prior(problem, at, -1, log(fastest(p, f)), 3)
                       : tdm_problem_prior(problem, at, mean, 0, own_priors[t].between);
        }
    for (int t = 0; t < OWN; t++)
        bad |= tdm_problem_prior(problem, p->mean_at + t, -1, p->own_mean[t],
                                 t == TDM_L_COMPUTE ? 1 : own_priors[t].board);
    for (int s = 0; s < SHARED; s++)
        bad |= tdm_problem_prior(problem, p->shared_at + s, -1, p->shared_mean[s],
                                 p->trust * shared_priors[s].board);
    bad |= tdm_curve_priors(&p->curve, problem, p->trust * BANDWIDTH_LEVEL,
                            p->trust * BANDWIDTH_SMOOTH);
    return bad;
}

/** The bandwidth curve: in the logarithm of the clock; prior: the earlier set's or the board's. */
static void start_curve(struct latency_problem *p, const struct tdm_latency *from, int first)
{
    const struct tdm_domain_info *emc = p->training->board->domain[TDM_EMC];
    double x[TDM_CURVE_OPPS] = {0}, known[TDM_CURVE_OPPS] = {0};
    bool all = true;
    for (size_t i = 0; i < emc->opp_count; i++) {
        x[i] = log(emc->opps[i].hz);
        known[i] = log(from ? from->bandwidth.items[i] : emc->opps[i].bandwidth);
        all = all && isfinite(known[i]);
    }
    tdm_curve_start(&p->curve, x, (int)emc->opp_count, first);
    if (all) // else in proportion to the clock: log rate 0
        tdm_curve_follow(&p->curve, known);
}

static double logit(double share)
{
    const double s = fmin(fmax(share, 1e-4), 1 - 1e-4);
    return log(s / (1 - s));
}

/** Priors of what the fits share: an earlier set of this board, or the family. */
static void start_shared(struct latency_problem *p, const struct tdm_latency *from)
{
    const double low = shared_priors[2].low, high = shared_priors[2].high;
    p->trust = from ? TRUST : 1;
    for (int s = 0; s < SHARED; s++)
        p->shared_mean[s] = shared_priors[s].mean;
    if (!from)
        return;
    p->shared_mean[0] = logit(from->gpu_lost / p->lost_gpu);
    p->shared_mean[1] = log(fmax(from->ridge * p->bandwidth / p->gpu, 1e-6));
    p->shared_mean[2] = logit((from->ridge_sharpness - low) / (high - low));
}

static void set_up(struct latency_problem *p, const struct tdm_latency *from)
{
    const struct tdm_training *training = p->training;
    const struct tdm_domain_info *const *domain = training->board->domain;
    const struct tdm_domain_info *emc = domain[TDM_EMC];
    const struct tdm_opp *top = &emc->opps[emc->opp_count - 1];
    p->cpu = domain[TDM_CPU]->opps[domain[TDM_CPU]->opp_count - 1].hz;
    p->gpu = domain[TDM_GPU]->opps[domain[TDM_GPU]->opp_count - 1].hz;
    // The scale of the bandwidth is a convention: bytes that were not counted have none of their
    // own. The board's figure at the top OPP anchors it; else 32 bytes a memory clock.
    p->bandwidth = isnan(top->bandwidth) ? 32 * top->hz : top->bandwidth;
    p->lost_cpu = FREE * domain[TDM_CPU]->opps[0].hz;
    p->lost_gpu = FREE * domain[TDM_GPU]->opps[0].hz;
    for (int t = 0; t < OWN; t++)
        p->own_mean[t] = own_priors[t].mean;
    p->own_mean[TDM_L_CPU_LOST] =
        logit(fmin(exp(own_priors[TDM_L_CPU_LOST].mean) * p->cpu / p->lost_cpu, 0.5));
    p->mean_at = training->fits * OWN;
    p->shared_at = p->mean_at + OWN;
    start_shared(p, from);
    start_curve(p, from, p->shared_at + SHARED);
    p->problem = (struct tdm_problem){
        .unknowns = (size_t)(p->shared_at + SHARED + p->curve.knots),
        .rows = training->count,
        .evaluate = evaluate,
        .context = p,
        .noise_rows = SCALE_ROWS,
    };
}

static void fill_starts(const struct latency_problem *p, double *start)
{
    for (int s = 0; s < STARTS; s++, start += p->problem.unknowns) {
        for (int f = 0; f <= p->training->fits; f++) { // the last are the means
            double *x = start + f * OWN;
            for (int t = 0; t < OWN; t++)
                x[t] = p->own_mean[t];
            x[TDM_L_COMPUTE] = f < p->training->fits ? log(fastest(p, f)) : 0;
            x[TDM_L_LAUNCH] += starts[s].launch;
            x[TDM_L_TRAFFIC] += starts[s].traffic;
            x[TDM_L_BOUND] += starts[s].bound;
        }
        memcpy(start + p->shared_at, p->shared_mean, sizeof p->shared_mean);
    }
}

static void report_kept(const struct latency_problem *p, const double *spread, unsigned *kept)
{
    for (int f = 0; f < p->training->fits; f++)
        for (int t = 0; t < OWN; t++)
            if (spread[f * OWN + t] > TDM_KEPT_ABOVE)
                kept[f] |= 1U << t;
}

int tdm_calibrate_latency(const struct tdm_training *training, const struct tdm_latency *from,
                          struct tdm_latency *shared, struct tdm_fit *fits, unsigned *kept,
                          double *cost, struct tdm_error *error)
{
    struct latency_problem p = {.training = training, .fits = fits, .shared = shared};
    shared->bandwidth.count = training->board->domain[TDM_EMC]->opp_count;
    set_up(&p, from);
    const size_t n = p.problem.unknowns;
    p.slope = calloc((size_t)training->fits, sizeof *p.slope);
    p.bounds = calloc(training->count + 1, sizeof *p.bounds);
    double *memory = calloc(n * (STARTS + 2), sizeof *memory);
    int result = -1;
    if (!p.slope || !p.bounds || !memory || add_priors(&p)) {
        tdm_fail(error, "out of memory");
    } else {
        struct tdm_solution solution = {.x = memory, .spread = kept ? memory + n : NULL};
        double *start = memory + 2 * n;
        fill_starts(&p, start);
        result = tdm_problem_solve(&p.problem, start, STARTS, &solution, error);
        if (result == 0) {
            unpack(&p, solution.x);
            *cost += solution.cost;
            if (kept)
                report_kept(&p, solution.spread, kept);
        }
    }
    free(p.problem.priors);
    free(p.slope);
    free(p.bounds);
    free(memory);
    return result;
}

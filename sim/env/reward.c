// SPDX-License-Identifier: GPL-3.0-or-later
#include "env/reward.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"

// A dropped request counts as one that took until its deadline once more, and cost no energy.
static double cost_of(const struct tdm_reward_context *context, const struct tdm_outcome *outcome)
{
    if (!outcome->dropped)
        return outcome->cost;
    return (1 - context->eta) * context->pmax * (outcome->waited + context->stream->deadline);
}

static double cost(const struct tdm_reward_context *context, const struct tdm_outcome *outcome)
{
    return -cost_of(context, outcome) / context->reference->cost;
}

// Earlier decisions are to blame for the wait.
static double service(const struct tdm_reward_context *context, const struct tdm_outcome *outcome)
{
    const double waiting = (1 - context->eta) * context->pmax * outcome->waited;
    return -(cost_of(context, outcome) - waiting) / context->reference->cost;
}

static double energy(const struct tdm_reward_context *context, const struct tdm_outcome *outcome)
{
    const double joules = outcome->dropped ? INFINITY : outcome->energy;
    return -joules / context->reference->energy - (outcome->late ? 1 : 0);
}

// Kim and Wu, MICRO 2020, as far as it is known. Faster than asked for is worth nothing there, and
// latency even counts in favour, as long as the deadline is met.
static double autoscale(const struct tdm_reward_context *context, const struct tdm_outcome *outcome)
{
    const double accuracy = isnan(outcome->accuracy) ? 0 : 100 * outcome->accuracy;
    if (outcome->dropped || outcome->accuracy < context->stream->accuracy)
        return accuracy - 100;
    const double millijoules = 1e3 * outcome->energy;
    const double rest = -millijoules + context->environment->beta * accuracy;
    return outcome->late ? rest : rest + context->environment->alpha * 1e3 * outcome->latency;
}

static const struct tdm_reward_type cost_reward = {
    "cost", "-(eta ETI + (1 - eta) Pmax TTI) / that of the reference", -10, cost, NULL};
static const struct tdm_reward_type service_reward = {
    "service", "the same without the time that the request waited for the board", -10, service,
    NULL};
static double waiting(const struct tdm_reward_context *context)
{
    return -(1 - context->eta) * context->pmax / context->reference->cost;
}

static const struct tdm_reward_type burden_reward = {
    "burden",
    "the same with the waits of others while it is served: over a run as much as 'cost', but each "
    "wait is charged to whoever causes it",
    -10, service, waiting};
static const struct tdm_reward_type energy_reward = {
    "energy", "-ETI / that of the reference, and -1 if it is late", -10, energy, NULL};
static const struct tdm_reward_type autoscale_reward = {
    "autoscale",
    "accuracy - 100 where it is too low (in %), else -ETI in mJ + beta accuracy, and + alpha TTI "
    "in ms where the deadline is met",
    -1e5, autoscale, NULL};

static double known(double accuracy)
{
    return isnan(accuracy) ? 0 : accuracy;
}

// Qi et al., ACM TECS 2023, as far as it is known: their utility, above that of the reference. So
// it does not pay that many requests come. A dropped one is no answer at all, and as late as in
// cost_of; where there is no deadline, as late as it was.
static double mcia(const struct tdm_reward_context *context, const struct tdm_outcome *outcome)
{
    const struct tdm_stream *stream = context->stream;
    double time = outcome->latency, accuracy = known(outcome->accuracy);
    if (outcome->dropped) {
        time = outcome->waited + (isinf(stream->deadline) ? 0 : stream->deadline);
        accuracy = 0;
    }
    return stream->weight * (accuracy - known(tdm_dnn_accuracy(stream->dnn, 0, 32))) +
           (1 - stream->weight) * (1 - time / context->reference->time);
}

static const struct tdm_reward_type mcia_reward = {
    "mcia",
    "weight accuracy - (1 - weight) TTI / that of the reference, above what that comes to for the "
    "reference",
    -10, mcia, NULL};

// As aware of accuracy and latency as Niu et al. (arXiv 2201.02968) say theirs is; the form is
// ours. Below what the stream needs, no answer is soon enough: the reference, which has nothing to
// wait for, loses no more.
static double sac_d(const struct tdm_reward_context *context, const struct tdm_outcome *outcome)
{
    const double right = outcome->dropped ? 0 : known(outcome->accuracy);
    return mcia(context, outcome) - (right < context->stream->accuracy ? 1 : 0);
}

static const struct tdm_reward_type sac_d_reward = {
    "sac-d", "the same, and -1 where the accuracy is below what the stream needs", -10, sac_d,
    NULL};

// Kim et al., MobiSys 2021, as their code for the TX2 has it: u + v + 2 / P with P in 100 mW, which
// is that of CPU and GPU there. A frame rate is one over a time here, and a dropped request no
// frame.
static double ztt(const struct tdm_reward_context *context, const struct tdm_outcome *outcome)
{
    const double spare = context->environment->temperature - context->temperature;
    const double cool = spare > 0 ? 0.2 * tanh(spare) : -2;
    if (outcome->dropped)
        return cool;
    const double rate = fmin(1, context->stream->deadline / outcome->latency);
    const double watts = outcome->board_energy / (outcome->answer - outcome->start);
    return rate + cool + 0.2 / watts;
}

static const struct tdm_reward_type ztt_reward = {
    .name = "ztt",
    .summary = "min(1, deadline / TTI) + 0.2 W / P + 0.2 tanh(temperature - the board's), where "
               "that is positive, else -2; P is the board's mean power while it is served",
    .worst = -10,
    .of = ztt,
    .thermal = true};

const struct tdm_reward_type *const tdm_rewards[] = {
    &cost_reward,   &service_reward,   &burden_reward,
    &energy_reward, &autoscale_reward, &mcia_reward,
    &sac_d_reward,  &ztt_reward,       NULL};

const struct tdm_reward_type *tdm_reward_find(const char *name, struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, name);
    for (const struct tdm_reward_type *const *type = tdm_rewards; *type; type++) {
        if (strcmp((*type)->name, name) == 0)
            return *type;
        tdm_nearest_try(&nearest, (*type)->name);
    }
    tdm_fail(error, "there is no reward '%.64s'%s", name, tdm_nearest_hint(&nearest));
    return NULL;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fit.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"
#include "model/board.h"

// ---- the tables --------------------------------------------------------------------------------

#define MOST 1e15 // of counts a run; keeps what people write finite in every formula
#define TEXT(type, label, field, what, ...) \
    { \
        label, TDM_TEXT, offsetof(struct type, field), what, __VA_ARGS__ \
    }
#define NAME(type, label, field, what, ...) \
    { \
        label, TDM_NAME, offsetof(struct type, field), what, __VA_ARGS__ \
    }
#define NUMBER(type, label, field, dim, low, high, what) \
    { \
        label, TDM_QUANTITY, offsetof(struct type, field), what, \
            .required = true, .dimension = dim, .min = low, .max = high \
    }
#define LIST(type, label, field, dim, low, high, what) \
    { \
        label, TDM_LIST, offsetof(struct type, field), what, .required = true, .dimension = dim, \
                                                             .min = low, .max = high \
    }

#define L(label, field, dim, low, high, what) \
    NUMBER(tdm_latency, label, field, dim, low, high, what)
static const struct tdm_attribute latency_attributes[] = {
    NAME(tdm_latency, "id", id, "what fits call it", .required = true),
    NAME(tdm_latency, "source", source, "id of the <source> of these numbers", .required = true),
    L("gpu-lost", gpu_lost, TDM_FREQUENCY, 0, 1e10, "part of the GPU clock that does no work"),
    L("ridge", ridge, TDM_PLAIN, 0, MOST,
      "GPU cycles a byte; memory-bound work below this GPU clock waits for the GPU"),
    L("ridge-sharpness", ridge_sharpness, TDM_PLAIN, 1, 20, "exponent of the ridge's corner"),
    LIST(tdm_latency, "bandwidth", bandwidth, TDM_BANDWIDTH, 1, 1e13,
         "what reaches a kernel, one a memory OPP"),
};
#undef L

#define P(label, field, dim, low, high, what) NUMBER(tdm_power, label, field, dim, low, high, what)
static const struct tdm_attribute power_attributes[] = {
    NAME(tdm_power, "id", id, "what fits call it", .required = true),
    TEXT(tdm_power, "rails", rails, "rails that the powers cover, joined by +", .required = true),
    NAME(tdm_power, "source", source, "id of the <source> of these numbers", .required = true),
    P("fixed", fixed, TDM_POWER, 0, 1000, "that no clock changes"),
    P("leakage", leakage, TDM_POWER, 0, 1000,
      "at the lowest GPU voltage and the reference temperature"),
    P("cpu-clock", cpu_clock, TDM_POWER, 0, 1000,
      "idle CPU at the top clock and lowest voltage, all cores online"),
    P("cpu-busy", cpu_busy, TDM_POWER, 0, 1000, "more with every core busy"),
    P("gpu-clock", gpu_clock, TDM_POWER, 0, 1000, "idle GPU at the top clock and lowest voltage"),
    P("gpu-busy", gpu_busy, TDM_POWER, 0, 1000, "more while a kernel runs"),
    P("memory-busy", memory_busy, TDM_POWER, 0, 1000, "more at the memory's full bandwidth"),
    P("memory-exponent", memory_exponent, TDM_PLAIN, 0, 1,
      "how the memory's joules a run grow with its clock"),
    P("memory-voltage", memory_voltage, TDM_PLAIN, 0, 1,
      "how the memory's joules a run follow the GPU's voltage squared"),
    LIST(tdm_power, "cpu-v", cpu_v, TDM_PLAIN, 1, 1.7,
         "CPU voltage relative to the lowest, one an OPP"),
    LIST(tdm_power, "gpu-v", gpu_v, TDM_PLAIN, 1, 1.7,
         "GPU voltage relative to the lowest, one an OPP"),
    LIST(tdm_power, "memory-idle", memory_idle, TDM_POWER, 0, 1000,
         "of the idle memory above its lowest OPP, one an OPP"),
};
#undef P

#define F(label, field, dim, low, high, what) NUMBER(tdm_fit, label, field, dim, low, high, what)
static const struct tdm_attribute fit_attributes[] = {
    TEXT(tdm_fit, "dnn", dnn,
         "what ran; * is the default of dnns without a fit: its numbers are "
         "per FLOP, byte and kernel instead of per run",
         .required = true),
    NAME(tdm_fit, "mode", mode, "infer (one inference) or train (one minibatch)", .required = true),
    NAME(tdm_fit, "precision", precision, "fp32, fp16, int8, unstated", .required = true),
    {"batch", TDM_INTEGER, offsetof(struct tdm_fit, batch), "samples a run", .fallback = "1",
     .min = 1, .max = 1e6},
    NAME(tdm_fit, "source", source, "id of the <source> of these numbers", .required = true),
    NAME(tdm_fit, "latency", latency_id, "id of the <latency> that it was fitted with",
         .required = true),
    NAME(tdm_fit, "power", power_id,
         "id of the <power> that it was fitted with; none: power was not measured",
         .required = false),
    F("launch", launch, TDM_PLAIN, 0, MOST, "CPU cycles of launches, beside the device"),
    F("launch-traffic", launch_traffic, TDM_SIZE, 0, MOST, "memory traffic of launches"),
    F("host", host, TDM_PLAIN, 0, MOST, "CPU cycles while the device waits"),
    F("compute", compute, TDM_PLAIN, 0, MOST, "GPU cycles that overlap with traffic"),
    F("serial", serial, TDM_PLAIN, 0, MOST, "GPU cycles that overlap with nothing"),
    F("traffic", traffic, TDM_SIZE, 0, MOST, "memory traffic that overlaps with compute"),
    F("bound", bound, TDM_SIZE, 0, MOST, "memory traffic of memory-bound work"),
    F("fixed", fixed, TDM_TIME, 0, 3600, "that no clock changes"),
    F("overlap", overlap, TDM_PLAIN, 1, 12, "exponent of compute and traffic: 1 adds"),
    F("concurrency", concurrency, TDM_PLAIN, 1, 25, "exponent of host and device: 1 adds"),
    F("cpu-lost", cpu_lost, TDM_FREQUENCY, 0, 1e10, "part of the CPU clock that does no work"),
    F("gpu-energy", gpu_energy, TDM_ENERGY, 0, 1e6, "at the lowest GPU voltage"),
    F("cpu-energy", cpu_energy, TDM_ENERGY, 0, 1e6, "at the lowest CPU voltage"),
    F("memory-energy", memory_energy, TDM_ENERGY, 0, 1e6, "at the top memory clock"),
    F("cpu-spin", cpu_spin, TDM_POWER, 0, 1000,
      "while the host waits, at the top CPU clock and lowest voltage"),
    TEXT(tdm_fit, "kept-prior", kept_prior,
         "coefficients that the data did not determine: they keep the board's prior",
         .required = false),
};
#undef F

const struct tdm_element tdm_latency_element = {.name = "latency",
                                                .help = "what the latencies of several fits share",
                                                .size = sizeof(struct tdm_latency),
                                                .attributes = latency_attributes,
                                                .attribute_count = TDM_COUNT(latency_attributes),
                                                TDM_CHILDREN(tdm_board, latencies, latency_count),
                                                .at_most = 64,
                                                .key = "id"};
const struct tdm_element tdm_power_element = {
    .name = "power",
    .help = "what the power of several fits shares, for one set of rails",
    .size = sizeof(struct tdm_power),
    .attributes = power_attributes,
    .attribute_count = TDM_COUNT(power_attributes),
    TDM_CHILDREN(tdm_board, powers, power_count),
    .at_most = 64,
    .key = "id"};
const struct tdm_element tdm_fit_element = {
    .name = "fit",
    .help = "one dnn in one mode, precision and batch size, fitted to measurements",
    .size = sizeof(struct tdm_fit),
    .attributes = fit_attributes,
    .attribute_count = TDM_COUNT(fit_attributes),
    TDM_CHILDREN(tdm_board, fits, fit_count),
    .at_most = 1024};

// ---- checks ------------------------------------------------------------------------------------

static int check_length(const struct tdm_board *board, const struct tdm_list *list, int domain,
                        const char *what, struct tdm_place place, struct tdm_error *error)
{
    if (list->count == board->domain[domain]->opp_count)
        return 0;
    return tdm_fail_at(error, board->path, place.line, place.column,
                       "'%s' has %zu values; it has one for each of the %zu OPPs of the domain "
                       "'%s'",
                       what, list->count, board->domain[domain]->opp_count,
                       tdm_domain_names[domain]);
}

static int check_shared(const struct tdm_board *board, struct tdm_error *error)
{
    for (size_t i = 0; i < board->latency_count; i++) {
        const struct tdm_latency *l = &board->latencies[i];
        if (check_length(board, &l->bandwidth, TDM_EMC, "bandwidth", l->place, error))
            return -1;
        if (l->gpu_lost >= board->domain[TDM_GPU]->opps[0].hz)
            return tdm_fail_at(error, board->path, l->place.line, l->place.column,
                               "'gpu-lost' is below the lowest GPU clock");
    }
    for (size_t i = 0; i < board->power_count; i++) {
        const struct tdm_power *p = &board->powers[i];
        if (check_length(board, &p->cpu_v, TDM_CPU, "cpu-v", p->place, error) ||
            check_length(board, &p->gpu_v, TDM_GPU, "gpu-v", p->place, error) ||
            check_length(board, &p->memory_idle, TDM_EMC, "memory-idle", p->place, error))
            return -1;
    }
    return 0;
}

static int resolve_latency(const struct tdm_board *board, struct tdm_fit *fit,
                           struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, fit->latency_id);
    for (size_t i = 0; i < board->latency_count && !fit->latency; i++) {
        if (strcmp(board->latencies[i].id, fit->latency_id) == 0)
            fit->latency = &board->latencies[i];
        tdm_nearest_try(&nearest, board->latencies[i].id);
    }
    if (fit->latency)
        return 0;
    return tdm_fail_at(error, board->path, fit->place.line, fit->place.column,
                       "no <latency> has the id '%.64s'%s", fit->latency_id,
                       tdm_nearest_hint(&nearest));
}

static int resolve_power(const struct tdm_board *board, struct tdm_fit *fit,
                         struct tdm_error *error)
{
    if (!fit->power_id)
        return 0;
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, fit->power_id);
    for (size_t i = 0; i < board->power_count && !fit->power; i++) {
        if (strcmp(board->powers[i].id, fit->power_id) == 0)
            fit->power = &board->powers[i];
        tdm_nearest_try(&nearest, board->powers[i].id);
    }
    if (fit->power)
        return 0;
    return tdm_fail_at(error, board->path, fit->place.line, fit->place.column,
                       "no <power> has the id '%.64s'%s", fit->power_id,
                       tdm_nearest_hint(&nearest));
}

static int check_fit(const struct tdm_board *board, const struct tdm_fit *fit,
                     struct tdm_error *error)
{
    for (const struct tdm_fit *other = board->fits; other < fit; other++)
        if (strcmp(other->dnn, fit->dnn) == 0 && strcmp(other->mode, fit->mode) == 0 &&
            strcmp(other->precision, fit->precision) == 0 && other->batch == fit->batch)
            return tdm_fail_at(error, board->path, fit->place.line, fit->place.column,
                               "'%.64s' has two fits of the same mode, precision and batch",
                               fit->dnn);
    if (fit->cpu_lost >= board->domain[TDM_CPU]->opps[0].hz)
        return tdm_fail_at(error, board->path, fit->place.line, fit->place.column,
                           "'cpu-lost' is below the lowest CPU clock");
    if (fit->launch + fit->host + fit->compute + fit->serial + fit->traffic + fit->bound +
            fit->fixed <=
        0)
        return tdm_fail_at(error, board->path, fit->place.line, fit->place.column,
                           "a fit takes some time: at least one of launch, host, compute, serial, "
                           "traffic, bound and fixed is above zero");
    return 0;
}

int tdm_fits_resolve(struct tdm_board *board, struct tdm_error *error)
{
    if (check_shared(board, error))
        return -1;
    for (size_t i = 0; i < board->fit_count; i++) {
        struct tdm_fit *fit = &board->fits[i];
        fit->latency = NULL;
        fit->power = NULL;
        if (resolve_latency(board, fit, error) || resolve_power(board, fit, error) ||
            check_fit(board, fit, error))
            return -1;
    }
    return 0;
}

// ---- questions ---------------------------------------------------------------------------------

static bool matches(const char *wanted, const char *is)
{
    return !wanted || strcmp(wanted, is) == 0;
}

const struct tdm_fit *tdm_fit_find(const struct tdm_board *board, const char *dnn, const char *mode,
                                   const char *precision, int64_t batch)
{
    const struct tdm_fit *unstated = NULL;
    for (size_t i = 0; i < board->fit_count; i++) {
        const struct tdm_fit *fit = &board->fits[i];
        if (!matches(dnn, fit->dnn) || !matches(mode, fit->mode) ||
            !matches(precision, fit->precision) || (batch && batch != fit->batch))
            continue;
        if (precision || strcmp(fit->precision, "unstated") != 0)
            return fit;
        if (!unstated)
            unstated = fit;
    }
    return unstated;
}

char *tdm_fit_key(const struct tdm_fit *fit, char *text, size_t size)
{
    snprintf(text, size, "%s/%s/%s/%" PRId64, fit->dnn, fit->mode, fit->precision, fit->batch);
    return text;
}

void tdm_fit_scale(const struct tdm_fit *unit, double flop, double bytes, double kernels,
                   struct tdm_fit *out)
{
    *out = *unit;
    out->compute *= flop;
    out->serial *= flop;
    out->gpu_energy *= flop;
    out->traffic *= bytes;
    out->bound *= bytes;
    out->memory_energy *= bytes;
    out->launch *= kernels;
    out->launch_traffic *= kernels;
    out->host *= kernels;
    out->fixed *= kernels;
    out->cpu_energy *= kernels;
}

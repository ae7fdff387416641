// SPDX-License-Identifier: GPL-3.0-or-later
#include "env/observe.h"

#include <math.h>
#include <string.h>

#define PREVIOUS(name) \
    { \
        "previous-" name, "1", 0, 1, false, \
            "the last decision's level of the knob " name " among its levels" \
    }

const struct tdm_entry tdm_entries[TDM_ENTRIES] = {
    [TDM_SEES_ETA] = {"eta", "1", 0, 1, false, "weight of energy in the cost"},
    [TDM_SEES_LOAD] = {"load", "1", 0, 2, false,
                       "requests that come in a reference time; not known of a closed loop"},
    [TDM_SEES_QUEUED] = {"queued", "1", 0, 10, false, "requests that wait behind this one"},
    [TDM_SEES_SLACK] = {"slack", "reference times", 0, 4, false,
                        "time left until the deadline; without one, 4"},
    [TDM_SEES_BANDWIDTH] = {"bandwidth", "bytes/s", 1e3, 1e8, true,
                            "of the first link, up, as the last probe saw it"},
    [TDM_SEES_TREND] = {"trend", "1", -1, 1, false,
                        "change of that since the probe before, against the larger of the two"},
    [TDM_SEES_RTT] = {"rtt", "s", 1e-3, 1, true, "round trip of the first link"},
    [TDM_SEES_SIGNAL] = {"signal", "dBm", -120, -40, false, "of the first link"},
    [TDM_SEES_BANDWIDTH_2] = {"bandwidth-2", "bytes/s", 1e3, 1e8, true, "the same of the second"},
    [TDM_SEES_RTT_2] = {"rtt-2", "s", 1e-3, 1, true, "round trip of the second link"},
    [TDM_SEES_SIGNAL_2] = {"signal-2", "dBm", -120, -40, false, "of the second link"},
    [TDM_SEES_TEMPERATURE] = {"temperature", "degC", 0, 100, false, "of the board's sensor"},
    [TDM_SEES_POWER] = {"power", "Pmax", 0, 2, false,
                        "of the board's sensors, against its power budget"},
    [TDM_SEES_RUNNERS] = {"cpu-load", "1", 0, 1, false, "co-runners' share of the CPU"},
    {"gpu-load", "1", 0, 1, false, "co-runners' share of the GPU"},
    {"emc-load", "1", 0, 1, false, "co-runners' share of the memory bandwidth"},
    [TDM_SEES_CLOCKS] = {"cpu-clock", "1", 0, 1, false, "in force, against the board's highest"},
    {"gpu-clock", "1", 0, 1, false, "in force, against the board's highest"},
    {"emc-clock", "1", 0, 1, false, "of the memory, in force, against the board's highest"},
    [TDM_SEES_FLOP] = {"flop", "FLOP", 1e7, 1e12, true, "of the dnn"},
    [TDM_SEES_TRAFFIC] = {"traffic", "bytes", 1e5, 1e11, true, "memory traffic of the dnn"},
    [TDM_SEES_INPUT] = {"input", "bytes", 1e3, 1e7, true, "of the input as it is sent"},
    [TDM_SEES_REFERENCE] = {"reference", "s", 1e-3, 10, true, "the reference time"},
    [TDM_SEES_LOSS] = {"loss-25", "1", 0, 0.1, false,
                       "expected loss of accuracy if a quarter of the channels is sent in 8 bits"},
    {"loss-50", "1", 0, 0.1, false, "if half of them is"},
    {"loss-75", "1", 0, 0.1, false, "if three quarters are"},
    {"loss-100", "1", 0, 0.1, false, "if all are"},
    [TDM_SEES_PREVIOUS] = PREVIOUS("cpu"),
    PREVIOUS("gpu"),
    PREVIOUS("emc"),
    PREVIOUS("processor"),
    PREVIOUS("cut"),
    PREVIOUS("xi"),
    PREVIOUS("bits"),
    PREVIOUS("link"),
    [TDM_SEES_THINKING] = {"thinking", "reference times", 0, 1, false,
                           "that a decision takes (t_AS / H)"},
    [TDM_SEES_CONVOLUTIONS] = {"convolutions", "layers", 0, 256, false, "of the dnn"},
    [TDM_SEES_DENSE] = {"dense", "layers", 0, 128, false,
                        "of the dnn: fully connected, products with weights among them"},
    [TDM_SEES_RECURRENT] = {"recurrent", "layers", 0, 64, false, "of the dnn"},
    [TDM_SEES_VERSION] = PREVIOUS("version"),
    [TDM_SEES_WEIGHT] = {"weight", "1", 0, 1, false, "of accuracy, as the stream says"},
    [TDM_SEES_LINK_CROWD] = {"link-crowd", "1", 0, 4, false,
                             "what the others who share its link claim of that: the sum of the "
                             "square roots of the utility that their transfers would cost alone"},
    [TDM_SEES_SERVER_CROWD] = {"server-crowd", "1", 0, 4, false, "the same of the server"},
    [TDM_SEES_EXIT] = PREVIOUS("exit"),
};

// ---- scales ------------------------------------------------------------------------------------

float tdm_entry_scale(const struct tdm_entry *entry, double value)
{
    if (isnan(value))
        return 0;
    double low = entry->low, high = entry->high;
    if (entry->by_logarithm) {
        value = log(fmax(value, low));
        low = log(low);
        high = log(high);
    }
    const double scaled = 2 * (value - low) / (high - low) - 1;
    return (float)fmax(-1, fmin(1, scaled));
}

double tdm_entry_value(const struct tdm_entry *entry, double scaled)
{
    const double share = (scaled + 1) / 2;
    return entry->by_logarithm ? entry->low * pow(entry->high / entry->low, share)
                               : entry->low + share * (entry->high - entry->low);
}

// The same as tdm_entry_scale where the range is linear and known to the compiler.
static inline float within(double value, double low, double high)
{
    const double scaled = 2 * (value - low) / (high - low) - 1;
    return isnan(scaled) ? 0 : scaled < -1 ? -1 : scaled > 1 ? 1 : (float)scaled;
}

// ---- what does not change ----------------------------------------------------------------------

void tdm_reference_of(const struct tdm_scenario *scenario, struct tdm_queue *queue,
                      struct tdm_reference *reference)
{
    const struct tdm_levels *levels = queue->levels;
    const struct tdm_board *board = queue->costs->board;
    int opp[TDM_CLOCKS];
    for (int d = 0; d < TDM_CLOCKS; d++) {
        opp[d] = levels->opp[d][levels->opp_count[d] - 1];
        if (opp[d] < 0) // governed
            opp[d] = (int)board->domain[d]->opp_count - 1;
    }
    const int gpu = (int)(tdm_board_processor(board, "gpu") - board->processors);
    const struct tdm_cell *cell = tdm_costs_at(queue->costs, 0, gpu, opp);
    reference->time = cell->time;
    reference->energy = cell->time * tdm_watts_sum(&cell->run);
    reference->cost =
        scenario->eta * reference->energy + (1 - scenario->eta) * board->pmax * reference->time;
}

static void put(float *entries, int index, double value)
{
    entries[index] = tdm_entry_scale(&tdm_entries[index], value);
}

static bool is_one_of(const char *op, const char *const *names)
{
    while (*names && strcmp(op, *names) != 0)
        names++;
    return *names;
}

// By ONNX's names. Products of two activations, as in attention, have no weights.
static void see_layers(float *entries, const struct tdm_dnn *dnn)
{
    static const char *const convolutions[] = {"Conv", "ConvTranspose", NULL};
    static const char *const dense[] = {"Gemm", "MatMul", NULL};
    static const char *const recurrent[] = {"LSTM", "GRU", "RNN", NULL};
    int count[3] = {0};
    for (size_t i = 0; i < dnn->layer_count; i++) {
        const struct tdm_layer *layer = &dnn->layers[i];
        count[0] += is_one_of(layer->op, convolutions);
        count[1] += is_one_of(layer->op, dense) && layer->weights > 0;
        count[2] += is_one_of(layer->op, recurrent);
    }
    put(entries, TDM_SEES_CONVOLUTIONS, count[0]);
    put(entries, TDM_SEES_DENSE, count[1]);
    put(entries, TDM_SEES_RECURRENT, count[2]);
}

void tdm_observer_start(struct tdm_observer *observer, const struct tdm_state *state)
{
    struct tdm_unit *unit = state->unit;
    struct tdm_queue *queue = tdm_unit_queue(unit, state->stream);
    const struct tdm_dnn *dnn = queue->stream->dnn;
    *observer = (struct tdm_observer){.ready = true, .rates = {NAN, NAN}, .rtts = {NAN, NAN}};
    tdm_reference_of(unit->scenario, queue, &observer->reference);
    for (int d = 0; d < TDM_CLOCKS; d++) {
        const struct tdm_domain_info *domain = unit->board->domain[d];
        observer->clock[d] = domain->opps[domain->opp_count - 1].hz;
    }
    float *common = observer->common;
    put(common, TDM_SEES_ETA, unit->scenario->eta);
    put(common, TDM_SEES_LOAD, state->rate * observer->reference.time);
    put(common, TDM_SEES_FLOP, dnn->flop);
    put(common, TDM_SEES_TRAFFIC, dnn->bytes);
    put(common, TDM_SEES_INPUT, tdm_point_bytes(dnn, 0, queue->stream->input));
    put(common, TDM_SEES_REFERENCE, observer->reference.time);
    const double whole = tdm_dnn_accuracy(dnn, 0, 32);
    for (int i = 0; i < 4; i++)
        put(common, TDM_SEES_LOSS + i, whole - tdm_dnn_accuracy(dnn, 0.25 * (i + 1), 8));
    see_layers(common, dnn);
}

// ---- what does ---------------------------------------------------------------------------------

// By logarithm, which takes as long as all the rest: anew only when the value is.
static void see_slowly(struct tdm_observer *observer, int index, double value, double *last)
{
    if (value == *last)
        return;
    *last = value;
    put(observer->common, index, value);
}

static void see_second_link(struct tdm_observer *observer, const struct tdm_state *state)
{
    struct tdm_view view;
    tdm_unit_see(state->unit, 1, &view);
    see_slowly(observer, TDM_SEES_BANDWIDTH_2, view.bandwidth, &observer->rates[1]);
    see_slowly(observer, TDM_SEES_RTT_2, view.rtt, &observer->rtts[1]);
    put(observer->common, TDM_SEES_SIGNAL_2, view.signal);
}

static double relative_trend(const struct tdm_state *state)
{
    const double before = state->bandwidth - state->trend;
    const double larger = state->bandwidth > before ? state->bandwidth : before;
    return larger > 0 ? state->trend / larger : 0;
}

static int previous_of(int knob)
{
    return knob == TDM_KNOB_VERSION ? TDM_SEES_VERSION
           : knob == TDM_KNOB_EXIT  ? TDM_SEES_EXIT
                                    : TDM_SEES_PREVIOUS + knob;
}

void tdm_observer_see(struct tdm_observer *observer, const struct tdm_state *state,
                      const struct tdm_actions *actions, const int32_t *previous, double thinking,
                      float *entries)
{
    const double time = observer->reference.time;
    if (state->link >= 0) {
        see_slowly(observer, TDM_SEES_BANDWIDTH, state->bandwidth, &observer->rates[0]);
        see_slowly(observer, TDM_SEES_RTT, state->rtt, &observer->rtts[0]);
        if (state->unit->way_count > 1)
            see_second_link(observer, state);
    }
    memcpy(entries, observer->common, sizeof observer->common);
    entries[TDM_SEES_QUEUED] = within((double)state->queued, 0, 10);
    entries[TDM_SEES_SLACK] =
        within((state->deadline - (state->now - state->arrival)) / time, 0, 4);
    if (state->link >= 0) {
        entries[TDM_SEES_TREND] = within(relative_trend(state), -1, 1);
        entries[TDM_SEES_SIGNAL] = within(state->signal, -120, -40);
    }
    entries[TDM_SEES_TEMPERATURE] = within(state->temperature, 0, 100);
    entries[TDM_SEES_POWER] = within(state->power / state->unit->board->pmax, 0, 2);
    for (int d = 0; d < TDM_CLOCKS; d++) {
        const struct tdm_opp *opp = &state->unit->board->domain[d]->opps[state->opp[d]];
        entries[TDM_SEES_RUNNERS + d] = within(state->load[d], 0, 1);
        entries[TDM_SEES_CLOCKS + d] = within(opp->hz / observer->clock[d], 0, 1);
    }
    for (int i = 0; previous && i < actions->count; i++)
        entries[previous_of(actions->knob[i])] =
            within((double)previous[i] / (actions->levels[i] - 1), 0, 1);
    entries[TDM_SEES_THINKING] = within(thinking / time, 0, 1);
    entries[TDM_SEES_WEIGHT] = within(state->unit->scenario->streams[state->stream].weight, 0, 1);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * AppealNet (Li et al., DAC 2021): a little network on the board answers what it finds easy; what
 * it finds hard, it appeals to the big network in the cloud, which gets the input as it is.
 * appealnet.md says what is the paper's and what is ours.
 */
#include <math.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/text.h"
#include "core/units.h"
#include "model/difficulty.h"
#include "policies/policy.h"

/** Of a stream. */
struct pair {
    int little;       // version of its network
    double threshold; // difficulties above it appeal
};

// The smallest of the other networks; 0: none is smaller than the stream's own.
static int find_little(const struct tdm_stream *stream)
{
    int little = 0;
    for (int v = 1; v < stream->version_count; v++)
        if (stream->versions[v].dnn->flop < stream->versions[little].dnn->flop)
            little = v;
    return little;
}

// Right answers where what is harder than `threshold` goes to the big network.
static double accuracy_of(double little, double big, double told, double threshold)
{
    return tdm_difficulty_right(little, told, threshold) + tdm_difficulty_right(big, told, 1) -
           tdm_difficulty_right(big, told, threshold);
}

// The fewest appeals that reach the accuracy that is needed: it falls as the threshold rises, as
// the better network is the better one at every difficulty. Halving 60 times is as fine as doubles.
static double tune(double little, double big, double told, double needed)
{
    double low = 0, high = 1;
    for (int i = 0; i < 60; i++) {
        const double middle = (low + high) / 2;
        if (accuracy_of(little, big, told, middle) >= needed)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static int find_threshold(const struct tdm_stream *stream, struct pair *pair,
                          struct tdm_error *error)
{
    const struct tdm_dnn *dnn = stream->versions[pair->little].dnn;
    const double little = tdm_dnn_accuracy(dnn, 0, 32), big = tdm_dnn_accuracy(stream->dnn, 1, 32);
    if (isnan(little) || isnan(big))
        return tdm_fail(error,
                        "appealnet finds its threshold by accuracies, and '%.64s' has none; write "
                        "appealnet:THRESHOLD",
                        isnan(little) ? dnn->name : stream->dnn->name);
    if (little >= stream->accuracy) {
        pair->threshold = 1;
        return 0;
    }
    if (big < stream->accuracy)
        return tdm_fail(error,
                        "appealnet reaches %.4g %% at most, that of '%.64s', and the stream of the "
                        "board '%.64s' needs %.4g %%",
                        100 * fmax(little, big), stream->dnn->name, stream->board_id,
                        100 * stream->accuracy);
    pair->threshold = tune(little, big, stream->difficulty, stream->accuracy);
    return 0;
}

static int check_stream(const struct tdm_scenario *scenario, const struct tdm_stream *stream,
                        int little, struct tdm_error *error)
{
    if (!scenario->boards[stream->board].link_count)
        return tdm_fail(error, "appealnet needs a link to a server, and the board '%.64s' has none",
                        stream->board_id);
    if (!little)
        return tdm_fail(error,
                        "appealnet needs a network smaller than '%.64s' for the board '%.64s'; "
                        "name one in versions=\"…\" of the <stream>",
                        stream->dnn->name, stream->board_id);
    if (stream->difficulty <= 0)
        return tdm_fail(error,
                        "appealnet needs requests of which some are harder than others; say how "
                        "well that can be told in difficulty=\"…\" of the <stream> of the board "
                        "'%.64s' (tandem help difficulty)",
                        stream->board_id);
    return 0;
}

// NAN: none is given.
static int read_threshold(const char *argument, double *threshold, struct tdm_error *error)
{
    struct tdm_error why;
    *threshold = NAN;
    if (!argument[0])
        return 0;
    if (tdm_quantity_parse(argument, TDM_SHARE, threshold, &why) || *threshold < 0 ||
        *threshold > 1)
        return tdm_fail(error,
                        "appealnet takes the difficulty above which requests appeal, from 0 to 1, "
                        "not '%.32s'",
                        argument);
    return 0;
}

static int open_appealnet(struct tdm_policy *policy, const char *argument, uint64_t seed,
                          struct tdm_error *error)
{
    (void)seed;
    const struct tdm_scenario *scenario = policy->scenario;
    double given;
    if (read_threshold(argument, &given, error))
        return -1;
    struct pair *pairs = calloc(scenario->stream_count + 1, sizeof *pairs);
    int status = pairs ? 0 : tdm_fail(error, "out of memory");
    for (size_t i = 0; status == 0 && i < scenario->stream_count; i++) {
        const struct tdm_stream *stream = &scenario->streams[i];
        pairs[i] = (struct pair){find_little(stream), given};
        status = check_stream(scenario, stream, pairs[i].little, error);
        if (status == 0 && isnan(given))
            status = find_threshold(stream, &pairs[i], error);
    }
    if (status)
        free(pairs);
    else
        policy->own = pairs;
    return status;
}

static void decide(struct tdm_policy *policy, const struct tdm_state *state, struct tdm_plan *plan)
{
    const struct pair *pair = (const struct pair *)policy->own + state->stream;
    const struct tdm_queue *queue = tdm_unit_queue(state->unit, state->stream);
    tdm_plan_governed(state, plan);
    if (state->difficulty > pair->threshold) {
        plan->first = pair->little;
        plan->point = 0;
        plan->xi = 1;
        return;
    }
    plan->version = pair->little;
    plan->point = queue->versions[pair->little].costs->point_count - 1;
}

static void close_appealnet(struct tdm_policy *policy)
{
    free(policy->own);
}

const struct tdm_policy_type tdm_policy_appealnet = {
    .name = "appealnet",
    .summary = "a little network on the board; what it finds hard goes to the cloud",
    .help =
        "Runs the smallest of the stream's versions on the board for every request, and sends "
        "the input of those that it finds hard over the first link to the stream's dnn. The clocks "
        "are left to the board's governors. Needs versions and difficulty of the <stream> (tandem "
        "help difficulty). After Li et al., DAC 2021; policies/appealnet.md says what is theirs.\n"
        "appealnet            as few appeals as reach the accuracy that the stream needs\n"
        "appealnet:THRESHOLD  requests appeal that are harder than that, from 0 (all) to 1 (none)",
    .open = open_appealnet,
    .decide = decide,
    .close = close_appealnet,
};

// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/agent/infer.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "hil/board/sensors.h"

struct tdm_inferrer {
    struct tdm_executor *executor;
    struct tdm_networks *networks;
    struct tdm_servers *servers;
    float answer[TDM_AGENT_CLASSES];
};

// What is sent, and a thread that waits for its answer: so that it is known when that came, even
// while the board's own part still runs.
struct trip {
    struct tdm_cloud *cloud;     // NULL: nothing is sent
    double patience, sent, back; // s; s of tdm_sensors_now
    uint64_t number;
    struct tdm_cloud_answer answer;
    struct tdm_error error;
    int came; // as of tdm_cloud_wait
    pthread_t waiter;
};

struct tdm_inferrer *tdm_inferrer_new(struct tdm_executor *executor, struct tdm_networks *networks,
                                      struct tdm_servers *servers)
{
    struct tdm_inferrer *inferrer = calloc(1, sizeof *inferrer);
    if (inferrer)
        *inferrer =
            (struct tdm_inferrer){.executor = executor, .networks = networks, .servers = servers};
    return inferrer;
}

void tdm_inferrer_free(struct tdm_inferrer *inferrer)
{
    free(inferrer);
}

// ---- stages ------------------------------------------------------------------------------------

// How long a stage took that was computed since `from`; where another stands in for the board, for
// as long as that takes for the stage's share of the work.
static int stage_time(const struct tdm_inferrer *inferrer, const struct tdm_order *order,
                      double share, double from, double *seconds, struct tdm_error *error)
{
    const struct tdm_executor_type *type = inferrer->executor->type;
    *seconds = tdm_sensors_now() - from;
    if (type->computes)
        return 0;
    *seconds = 0;
    struct tdm_vwork_job work = tdm_order_work(order);
    work.share = share;
    return share > 0 ? type->run(inferrer->executor, &work, seconds, error) : 0;
}

static int check_features(const struct tdm_split *split, const struct tdm_infer *infer,
                          struct tdm_error *error)
{
    const struct tdm_features size = tdm_split_features(split);
    const double bytes = 4.0 * size.channels * size.plane;
    if (tdm_split_classes(split) > TDM_AGENT_CLASSES)
        return tdm_fail(error, "the network knows more than %d classes", TDM_AGENT_CLASSES);
    if (infer->features > 0 && fabs(infer->features - bytes) > 0.5)
        return tdm_fail(error,
                        "the plan cuts where %.0f bytes cross, the network is split where %.0f do",
                        infer->features, bytes);
    return 0;
}

// Whether it has an exit is known once it has run.
static int check_exit(const struct tdm_split *split, const struct tdm_order *order,
                      struct tdm_error *error)
{
    if (!order->infer.leave || tdm_split_exit(split))
        return 0;
    return tdm_fail(error,
                    "the plan leaves '%.64s' early, and the network was split without an exit",
                    order->names[0]);
}

// Extractor, and with nothing to send the local part as well, unless the exit answers.
static int run_head(struct tdm_inferrer *inferrer, const struct tdm_order *order,
                    struct tdm_split *split, const uint8_t *picture, struct tdm_inference *told,
                    struct tdm_error *error)
{
    const double from = tdm_sensors_now();
    const bool all = order->infer.xi == 0 && !order->infer.leave;
    if (tdm_split_extract(split, picture, error) || check_exit(split, order, error))
        return -1;
    if (all) {
        tdm_split_choose(split, 0);
        if (tdm_split_local(split, error))
            return -1;
    }
    return stage_time(inferrer, order, order->infer.head, from, &told->head, error);
}

// ---- the trip ----------------------------------------------------------------------------------

static void *wait_for_it(void *context)
{
    struct trip *trip = context;
    const double until = trip->sent + trip->patience;
    do {
        trip->came = tdm_cloud_wait(trip->cloud, fmax(until - tdm_sensors_now(), 0), &trip->answer,
                                    &trip->error);
    } while (trip->came > 0 && trip->answer.number != trip->number);
    trip->back = tdm_sensors_now();
    return NULL;
}

static int start_trip(struct trip *trip, struct tdm_packet packet, struct tdm_error *error)
{
    trip->sent = tdm_sensors_now();
    trip->number = tdm_cloud_send(trip->cloud, packet, 0, error);
    if (!trip->number)
        return -1;
    return pthread_create(&trip->waiter, NULL, wait_for_it, trip) ? tdm_fail(error, "no thread")
                                                                  : 0;
}

static int end_trip(struct trip *trip, struct tdm_inference *told, struct tdm_error *error)
{
    pthread_join(trip->waiter, NULL);
    if (trip->came < 0) {
        *error = trip->error;
        return -1;
    }
    if (trip->came == 0)
        return tdm_fail(error, "the server has not answered within %.3g s", trip->patience);
    told->trip = trip->back - trip->sent;
    told->queued = fmin(trip->answer.queued, told->trip);
    told->ran = fmin(trip->answer.ran, told->trip - told->queued);
    told->received = 4.0 * tdm_cloud_classes(trip->cloud);
    return 0;
}

// Sends the packet; the board's own part meanwhile; waits.
static int travel(struct tdm_inferrer *inferrer, const struct tdm_order *order,
                  struct tdm_split *split, struct trip *trip, struct tdm_inference *told,
                  struct tdm_error *error)
{
    const struct tdm_infer *infer = &order->infer;
    const double packing = tdm_sensors_now();
    tdm_split_choose(split, infer->xi);
    const struct tdm_packet packet = tdm_split_pack(split, infer->bits);
    told->packing = tdm_sensors_now() - packing;
    told->sent = (double)packet.bytes;
    if (packet.bytes && start_trip(trip, packet, error))
        return -1;
    const double from = tdm_sensors_now();
    int status = tdm_split_local(split, error);
    if (status == 0)
        status = stage_time(inferrer, order, infer->local, from, &told->local, error);
    struct tdm_error why = {0};
    if (packet.bytes && end_trip(trip, told, &why) && status == 0) {
        *error = why;
        return -1;
    }
    return status;
}

// ---- a plan ------------------------------------------------------------------------------------

static int reach(struct tdm_inferrer *inferrer, const struct tdm_order *order,
                 const struct tdm_split *split, struct trip *trip, struct tdm_inference *told,
                 struct tdm_error *error)
{
    const struct tdm_infer *infer = &order->infer;
    trip->patience = infer->patience;
    trip->cloud = tdm_servers_reach(inferrer->servers, infer->server, order->names[0],
                                    infer->patience, &told->cold, error);
    if (!trip->cloud)
        return -1;
    told->rtt = tdm_cloud_rtt(trip->cloud);
    const struct tdm_features takes = tdm_cloud_takes(trip->cloud),
                              size = tdm_split_features(split);
    if (takes.channels == size.channels && takes.plane == size.plane &&
        tdm_cloud_classes(trip->cloud) == tdm_split_classes(split))
        return 0;
    return tdm_fail(error, "the server's part of the network takes other features than ours gives");
}

static void judge(struct tdm_inferrer *inferrer, const struct tdm_split *split,
                  const struct tdm_infer *infer, const struct trip *trip, int label,
                  struct tdm_inference *told)
{
    if (infer->leave)
        memcpy(inferrer->answer, tdm_split_exit(split),
               (size_t)tdm_split_classes(split) * sizeof *inferrer->answer);
    else
        tdm_split_fuse(split, infer->lambda, trip->came > 0 ? trip->answer.logits : NULL,
                       inferrer->answer);
    if (label >= 0)
        told->right = tdm_top_class(inferrer->answer, tdm_split_classes(split)) == label;
}

static int carry_out(struct tdm_inferrer *inferrer, const struct tdm_order *order,
                     struct tdm_split *split, struct trip *trip, struct tdm_inferred *inferred,
                     struct tdm_error *error)
{
    const struct tdm_infer *infer = &order->infer;
    struct tdm_inference *told = &inferred->told;
    int label;
    const uint8_t *picture =
        tdm_networks_picture(inferrer->networks, split, infer->picture, &label, error);
    if (!picture || (infer->xi > 0 && reach(inferrer, order, split, trip, told, error)))
        return -1;
    inferred->from = tdm_sensors_now();
    if (run_head(inferrer, order, split, picture, told, error) ||
        (infer->xi > 0 && travel(inferrer, order, split, trip, told, error)))
        return -1;
    judge(inferrer, split, infer, trip, label, told);
    inferred->to = tdm_sensors_now();
    inferred->seconds = told->head + told->packing + fmax(told->local, told->trip);
    return 0;
}

int tdm_inferrer_run(struct tdm_inferrer *inferrer, const struct tdm_order *order,
                     struct tdm_inferred *inferred, struct tdm_error *error)
{
    struct trip trip = {0};
    *inferred = (struct tdm_inferred){.told = {.rtt = NAN, .right = -1}};
    struct tdm_split *split = tdm_networks_split(inferrer->networks, order->names[0], error);
    if (!split || check_features(split, &order->infer, error))
        return -1;
    const int status = carry_out(inferrer, order, split, &trip, inferred, error);
    if (status && trip.cloud)
        tdm_servers_drop(inferrer->servers, trip.cloud); // what comes late would be taken for new
    return status;
}

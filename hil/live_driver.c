// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A board that carries out whole plans, by the real clock. The story of a request is told as ever,
 * stage by stage; but when it comes to the head, the board does all of the plan, and the stages
 * that follow are told from what it said. The driver's now is behind the real clock meanwhile.
 */
#include <math.h>
#include <stdio.h>

#include "core/error.h"
#include "hil/hardware.h"

static const double patience = 30;   // s for a server's answer, where no deadline says less
static const double slack = 30;      // s that a plan may take beyond that and ten times its model's
static const double shortest = 1e-4; // s: no rest is asked for less, an order takes longer

// A stretch that nobody measured, at the power of the moment before.
static void pass(struct tdm_hardware *h, double seconds, struct tdm_segment *segment)
{
    tdm_hardware_pass(h, seconds, h->readings.power, TDM_RESTING, segment);
}

// A part of the plan that the board has carried out.
static void tell(struct tdm_hardware *h, double seconds, int kind, struct tdm_segment *segment)
{
    tdm_hardware_pass(h, seconds, h->live.watts, kind, segment);
}

// Clocks are set for this request: how long that took, both ways of the order included, is part of
// its latency.
void tdm_live_set_clocks(struct tdm_driver *driver, const struct tdm_costs *costs,
                         const struct tdm_plan *plan, struct tdm_segment *segment)
{
    (void)costs;
    struct tdm_hardware *h = tdm_hardware_of(driver);
    struct tdm_agent_segment there;
    tdm_hardware_begin(h, segment);
    if (tdm_hardware_set(h, plan, true, &there) < 0)
        return;
    there.seconds = tdm_live_now(h->setup->live) - h->base.now;
    there.joules = there.seconds * h->readings.power;
    if (there.seconds > 0)
        tdm_hardware_take_over(h, TDM_SWITCHING, &there, segment);
}

// ---- a plan ------------------------------------------------------------------------------------

static double local_share(const struct tdm_hardware *h, const struct tdm_stage *head)
{
    const struct tdm_plan *plan = head->plan;
    struct tdm_stage stage = *head;
    struct tdm_vwork_job work;
    double expected;
    stage.kind = TDM_LOCAL;
    stage.part = tdm_costs_part(head->costs, plan->xi);
    return tdm_hardware_work(h, &stage, &work, &expected) ? work.share : 0;
}

// Who is ten deadlines late is not late, but lost.
static double patience_of(const struct tdm_hardware *h)
{
    const struct tdm_scenario *scenario = h->setup->scenario;
    const struct tdm_scenario_board *where = &scenario->boards[h->setup->board];
    double longest = 0;
    for (int i = 0; i < where->stream_count; i++)
        longest = fmax(longest, scenario->streams[where->streams[i]].deadline);
    return fmin(patience, fmax(1, 10 * longest));
}

static int describe(struct tdm_hardware *h, const struct tdm_stage *stage, struct tdm_infer *infer)
{
    const struct tdm_plan *plan = stage->plan;
    const struct tdm_scenario *scenario = h->setup->scenario;
    const struct tdm_scenario_board *where = &scenario->boards[h->setup->board];
    *infer = (struct tdm_infer){.xi = plan->xi,
                                .bits = plan->bits,
                                .lambda = TDM_EVEN_FUSION,
                                .patience = patience_of(h),
                                .picture = h->setup->live->requests,
                                .leave = plan->exit > 0};
    const struct tdm_dnn *dnn = stage->costs->dnn;
    if (plan->exit > 0 && plan->xi > 0)
        return tdm_fail(&h->failed,
                        "'live:' leaves a network early on the board alone, and the plan sends "
                        "features on the way to exit '%.64s'",
                        dnn->exit);
    if (plan->exit > 0) // its branch answers from what crosses the last cut before it
        infer->features = dnn->cuts[dnn->cut_count - 1].bytes;
    if (plan->xi == 0)
        return 0;
    const struct tdm_scenario_server *server =
        &scenario->servers[scenario->links[where->links[plan->link]].server];
    infer->features = tdm_point_bytes(dnn, plan->point, 0);
    infer->local = plan->xi < 1 ? local_share(h, stage) : 0;
    if (plan->point == 0)
        return tdm_fail(&h->failed, "'live:' sends features, and the plan wants the input sent: "
                                    "free the cuts of the scenario's knobs that a board can make");
    if (!server->uri)
        return tdm_fail_at(&h->failed, scenario->path, server->place.line, server->place.column,
                           "'live:' sends to a real server: it needs its uri=\"tcp://HOST:PORT\"");
    if ((size_t)snprintf(infer->server, sizeof infer->server, "%s", server->uri) >=
        sizeof infer->server)
        return tdm_fail_at(&h->failed, scenario->path, server->place.line, server->place.column,
                           "the uri is too long");
    return 0;
}

static void count(struct tdm_live *live, const struct tdm_inference *told)
{
    live->requests++;
    live->labelled += told->right >= 0;
    live->right += told->right > 0;
    live->cold += told->cold > 0;
    live->connecting += told->cold;
}

static void carry_out(struct tdm_hardware *h, const struct tdm_stage *stage,
                      struct tdm_segment *segment)
{
    struct tdm_vwork_job work = {0};
    struct tdm_infer infer;
    struct tdm_agent_segment there;
    double expected = 0;
    tdm_hardware_work(h, stage, &work, &expected);
    if (describe(h, stage, &infer)) {
        tdm_hardware_fail(h);
        return;
    }
    infer.head = work.share;
    pass(h, tdm_live_now(h->setup->live) - h->base.now, segment);
    if (tdm_agent_infer(h->agent, &work, &infer, 10 * expected + infer.patience + slack,
                        &h->live.told, &there, &h->failed)) {
        tdm_hardware_fail(h);
        return;
    }
    count(h->setup->live, &h->live.told);
    pass(h, h->live.told.cold, segment);
    h->live.until = h->base.now + there.seconds;
    h->live.watts = there.joules / there.seconds;
    if (!(h->live.watts >= 0) || isinf(h->live.watts))
        h->live.watts = h->readings.power; // too short for its sensors, or none of it was seen
    there.seconds = h->live.told.head;
    there.joules = there.seconds * h->live.watts;
    tdm_hardware_take_over(h, TDM_HEAD, &there, segment); // with what is in force at its end
}

void tdm_live_run(struct tdm_driver *driver, const struct tdm_stage *stage,
                  struct tdm_segment *segment)
{
    struct tdm_hardware *h = tdm_hardware_of(driver);
    if (stage->kind == TDM_THINKING || stage->kind == TDM_BEFORE) {
        tdm_hardware_run(driver, stage, segment);
        return;
    }
    tdm_hardware_begin(h, segment);
    if (h->base.failed)
        return;
    if (stage->kind == TDM_HEAD)
        carry_out(h, stage, segment);
    else if (stage->kind == TDM_PACKING)
        tell(h, h->live.told.packing, TDM_PACKING, segment);
    else if (stage->kind == TDM_LOCAL)
        tell(h, h->live.told.local, TDM_LOCAL, segment);
}

// First what is left of a plan, then really.
void tdm_live_rest(struct tdm_driver *driver, double until, struct tdm_segment *segment)
{
    struct tdm_hardware *h = tdm_hardware_of(driver);
    struct tdm_agent_segment there;
    tdm_hardware_begin(h, segment);
    if (h->base.failed) {
        h->base.now = segment->end = fmax(until, h->base.now);
        return;
    }
    if (h->base.now < h->live.until && h->base.now < until)
        tell(h, fmin(until, h->live.until) - h->base.now, TDM_RESTING, segment);
    if (until <= h->base.now)
        return;
    pass(h, fmin(until, tdm_live_now(h->setup->live)) - h->base.now, segment);
    const double left = until - tdm_live_now(h->setup->live);
    if (left < shortest)
        return;
    if (tdm_agent_rest(h->agent, left, &there, &h->failed)) {
        tdm_hardware_fail(h);
        h->base.now = segment->end = until;
        return;
    }
    there.joules *= there.seconds > 0 ? left / there.seconds : 1; // its watch and ours
    there.seconds = until - h->base.now;
    tdm_hardware_take_over(h, TDM_RESTING, &there, segment);
}

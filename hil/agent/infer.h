// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Whole plans, with real features over the real network: the board's side of a request's story.
 *
 *     connect (cold) -> head -> pack -> send          -> wait -> fuse
 *                                    local part meanwhile
 *
 * On a real board the stages take the time that they take. Where the executor stands in for one (a
 * virtual board), the features are computed as well, and the executor is told of each stage: what
 * it says is how long that took, and computing is not counted.
 */
#ifndef TDM_AGENT_INFER_H
#define TDM_AGENT_INFER_H

#include "hil/agent/executor.h"
#include "hil/agent/networks.h"
#include "hil/agent/servers.h"
#include "hil/wire/order.h"

struct tdm_inferrer;

/** What it works with lives longer. The caller frees it; NULL: out of memory. */
struct tdm_inferrer *tdm_inferrer_new(struct tdm_executor *executor, struct tdm_networks *networks,
                                      struct tdm_servers *servers);
void tdm_inferrer_free(struct tdm_inferrer *inferrer);

/** What came of a plan: when, on tdm_sensors_now, and how long it took on the board. */
struct tdm_inferred {
    struct tdm_inference told;
    double from, to, seconds;
};

/**
 * Carries out an order of that kind, and blocks until the answer is there. -1 with `error`: no such
 * stages, the server does not answer in time, features of another size.
 */
int tdm_inferrer_run(struct tdm_inferrer *inferrer, const struct tdm_order *order,
                     struct tdm_inferred *inferred, struct tdm_error *error);

#endif

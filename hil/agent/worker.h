// SPDX-License-Identifier: GPL-3.0-or-later
/** Does the orders that take time, on a thread of its own, one after the other. */
#ifndef TDM_AGENT_WORKER_H
#define TDM_AGENT_WORKER_H

#include "hil/agent/infer.h"
#include "hil/board/hold.h"
#include "hil/board/sensors.h"
#include "hil/wire/order.h"

struct tdm_worker;

/**
 * What it works with lives as long as it does. The eventfd `ready` can be read once an order is
 * done. NULL if there is no memory.
 */
struct tdm_worker *tdm_worker_start(struct tdm_hw *hw, struct tdm_executor *executor,
                                    struct tdm_inferrer *inferrer, struct tdm_sensors *sensors,
                                    int ready);
/** Waits for what is under way; NULL is fine. */
void tdm_worker_stop(struct tdm_worker *worker);

/** Gives it an order; it must have none (asserted). `hold` stays until it is done. */
void tdm_worker_give(struct tdm_worker *worker, const struct tdm_order *order,
                     struct tdm_hold *hold);
/** True, once an order: it is done, and this is its answer. */
bool tdm_worker_done(struct tdm_worker *worker, struct tdm_answer *answer);
/**
 * From now on it does without the hold that it was given; waits while it needs it. From any thread.
 */
void tdm_worker_let_go(struct tdm_worker *worker);
/** Has work that is under way given up soon, if it can be; ask again until it is done. */
void tdm_worker_interrupt(struct tdm_worker *worker);

/** What the sensors and files show now; `hold` NULL: nobody has the board. */
void tdm_worker_read(struct tdm_hw *hw, struct tdm_hold *hold, struct tdm_sensors *sensors,
                     struct tdm_agent_readings *readings);

#endif

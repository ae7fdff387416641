// SPDX-License-Identifier: GPL-3.0-or-later
/** Takes the board and puts it back, on a thread of its own: both take their time. */
#ifndef TDM_AGENT_KEEPER_H
#define TDM_AGENT_KEEPER_H

#include "hil/agent/worker.h"

struct tdm_keeper;

/** What came of a job. */
struct tdm_kept {
    struct tdm_hold
        *hold; /**< of taking, the caller's now; NULL: it was put back, or not to be had */
    int wrong; /**< knobs that are not as they were, of putting back */
    struct tdm_error error; /**< why it could not be taken */
};

/**
 * What it works with lives as long as it does. The eventfd `ready` can be read once a job is done.
 * NULL if there is no memory.
 */
struct tdm_keeper *tdm_keeper_start(struct tdm_hw *hw, struct tdm_worker *worker, int ready);
/** It must have no job (asserted); NULL is fine. */
void tdm_keeper_stop(struct tdm_keeper *keeper);

/** Jobs; it must have none (asserted). Before a hold ends, the worker lets go of it. */
void tdm_keeper_take(struct tdm_keeper *keeper, const struct tdm_hold_options *options);
void tdm_keeper_put_back(struct tdm_keeper *keeper, struct tdm_hold *hold);

/** True, once a job: it is done, and this came of it. With `wait`, waits until it is. */
bool tdm_keeper_done(struct tdm_keeper *keeper, bool wait, struct tdm_kept *kept);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What the drivers of boards behind an agent have in common: stage by stage (hardware_driver.c,
 * simulated time) and plan by plan (live_driver.c, real time).
 */
#ifndef TDM_HIL_HARDWARE_H
#define TDM_HIL_HARDWARE_H

#include "engine/driver.h"
#include "hil/client/agent.h"
#include "hil/live.h"

struct tdm_hardware {
    struct tdm_driver base;
    const struct tdm_driver_setup *setup;
    const struct tdm_board *board;
    struct tdm_agent *agent;
    struct tdm_setting setting; /**< in force */
    bool set;                   /**< it is */
    struct tdm_plan plan;       /**< the last one */
    struct tdm_readings readings;
    struct tdm_error failed;
    struct tdm_live_plan live; /**< of live_driver.c */
};

static inline struct tdm_hardware *tdm_hardware_of(struct tdm_driver *driver)
{
    return (struct tdm_hardware *)(void *)driver;
}

static inline void tdm_hardware_fail(struct tdm_hardware *h)
{
    h->base.failed = &h->failed;
}

/** An empty segment at the driver's now. */
void tdm_hardware_begin(const struct tdm_hardware *h, struct tdm_segment *segment);

/**
 * Adds what the board tells of a stretch of time to the segment and the record, as of stage `kind`.
 * Rails are not causes: all of it is `fixed`.
 */
void tdm_hardware_take_over(struct tdm_hardware *h, int kind, const struct tdm_agent_segment *there,
                            struct tdm_segment *segment);

/** The same of a stretch that nobody measured, at `watts`; nothing where `seconds` is not above 0.
 */
void tdm_hardware_pass(struct tdm_hardware *h, double seconds, double watts, int kind,
                       struct tdm_segment *segment);

/**
 * Sets a plan's clocks, unless they are in force. 1: set; 0: nothing to do; -1: failed. `there` is
 * how long that took and what is in force then (NAN: as before).
 */
int tdm_hardware_set(struct tdm_hardware *h, const struct tdm_plan *plan, bool hurry,
                     struct tdm_agent_segment *there);

/** What the board is told to do for a stage; false where there is nothing to do. `expected`: s. */
bool tdm_hardware_work(const struct tdm_hardware *h, const struct tdm_stage *stage,
                       struct tdm_vwork_job *work, double *expected);

void tdm_hardware_run(struct tdm_driver *driver, const struct tdm_stage *stage,
                      struct tdm_segment *segment);

/** For boards of an engine that runs whole plans: in place of the functions for stages. */
void tdm_live_set_clocks(struct tdm_driver *driver, const struct tdm_costs *costs,
                         const struct tdm_plan *plan, struct tdm_segment *segment);
void tdm_live_run(struct tdm_driver *driver, const struct tdm_stage *stage,
                  struct tdm_segment *segment);
void tdm_live_rest(struct tdm_driver *driver, double until, struct tdm_segment *segment);

#endif

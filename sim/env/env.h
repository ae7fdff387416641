// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What environments are made of besides tandem.h: one that lives in this process, and the seam to
 * one that lives in another (engines that run once a process).
 */
#ifndef TDM_ENV_ENV_H
#define TDM_ENV_ENV_H

#include "engine/engine.h"
#include "env/process.h"

/**
 * A run of a scenario, cut open at its decisions. Runs follow each other; the seed of each comes
 * from the first one's.
 */
struct tdm_course {
    const struct tdm_scenario *scenario;
    char uri[64];
    struct tdm_engine *engine; /**< NULL before the first run */
    struct tdm_process *process;
    const struct tdm_engine *like; /**< whose tables it uses, or NULL */
    const struct tdm_state *state; /**< of the last decision that was due; NULL: the run is over */
    bool lost;                     /**< too many requests wait: the run was given up */
    uint64_t seed;                 /**< of the first run */
    uint64_t runs;                 /**< begun since that one */
    bool scattered;                /**< the first one begins anywhere, too */
    struct tdm_state called;       /**< of a coordinator: the decision that began its period */
    struct tdm_state turn;         /**< … and whose turn it is, the member number `turns` */
    size_t turns;
    double start;   /**< s, when the last decision was due */
    double length;  /**< s, from start to answer of the last request */
    double dropped; /**< s that those who were dropped since `start` waited since */
};

/** Opens nothing yet. -1 with `error`. */
int tdm_course_start(struct tdm_course *course, const char *uri,
                     const struct tdm_scenario *scenario, struct tdm_error *error);
void tdm_course_end(struct tdm_course *course);

/** The seed of a run, counted from 0 since the first. */
uint64_t tdm_course_seed(uint64_t first, uint64_t run);

/**
 * Goes to the first decision of the next run, or of the first run of `seed` where that is not 0.
 * -1 with `error`: the run has no decision, or the engine does not open.
 */
int tdm_course_begin(struct tdm_course *course, uint64_t seed, struct tdm_error *error);

/** Whether a decision is due. */
static inline bool tdm_course_is_due(const struct tdm_course *course)
{
    return course->state && !course->lost;
}

/** From one decision to the next; the rewards of whatever was answered between the two are added.
 */
void tdm_course_step(struct tdm_course *course, const int32_t *action, struct tdm_step *step);

#endif

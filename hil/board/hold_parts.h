// SPDX-License-Identifier: GPL-3.0-or-later
/** What the files of a hold share: hold.c (setting), hold_guard.c (guardian, heat), recover.c. */
#ifndef TDM_BOARD_HOLD_PARTS_H
#define TDM_BOARD_HOLD_PARTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "hil/board/heat.h"
#include "hil/board/hold.h"
#include "hil/board/lease.h"
#include "hil/board/sensors.h"

struct tdm_hold {
    struct tdm_hw *hw;
    char *state, *guardian, *trace;
    double lease; // s
    struct tdm_saying saying;
    struct tdm_saved saved;
    int owner_lock, writing_lock; // descriptors; the guardian shares the first
    atomic_llong deadline;        // ns of CLOCK_BOOTTIME
    atomic_bool lost;             // the board has been put back, or nobody guards it
    atomic_int wrong;             // knobs that were not as they were then

    pthread_mutex_t setting_lock; // of what follows
    struct tdm_setting wanted;
    bool lowered[TDM_DOMAINS]; // the guard has a cap on it
    struct tdm_heat heat;
    struct tdm_sensors *sensors; // NULL: no zones

    pthread_mutex_t guardian_lock; // of what follows
    int socket;
    pid_t pid;

    pthread_t watcher;
    bool watching;
    int wake; // eventfd: the watcher shall end
};

/** Sets all that is wanted once more, under the caps that the heat asks for. */
int tdm_hold_apply(struct tdm_hold *hold, struct tdm_report *report, struct tdm_error *error);

/** The right to write knobs, as long as the board is ours. -1 with `error`: it is not. */
int tdm_hold_begin_writing(struct tdm_hold *hold, struct tdm_error *error);
void tdm_hold_end_writing(struct tdm_hold *hold);

/** Starts a guardian and waits until it watches. -1 with `error`. */
int tdm_hold_guard(struct tdm_hold *hold, struct tdm_error *error);

/** Starts the thread that replaces guardians and looks after the heat. */
int tdm_hold_watch(struct tdm_hold *hold, struct tdm_error *error);

/** Ends that thread. */
void tdm_hold_unwatch(struct tdm_hold *hold);

/** Has the guardian put the board back, or does it. Returns how many knobs are not as they were. */
int tdm_hold_release(struct tdm_hold *hold);

/**
 * Puts back what `state` says, if it is of this boot; the file goes when all is as it was. Who
 * calls has the locks. `hw` NULL: as the state says. Returns as tdm_hold_recover.
 */
int tdm_recover_locked(const char *root, struct tdm_hw *hw, const char *state,
                       const struct tdm_saying *saying, struct tdm_error *error);

#endif

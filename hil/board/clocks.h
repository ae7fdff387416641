// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Setting a board: what is wanted, whether the board can do that, doing it in the order that the
 * kernel needs, and what is really in force afterwards.
 */
#ifndef TDM_BOARD_CLOCKS_H
#define TDM_BOARD_CLOCKS_H

#include "hil/board/restore.h"

enum tdm_clock_way {
    TDM_KEEP,   /**< as it is */
    TDM_PIN,    /**< at one OPP */
    TDM_GOVERN, /**< as it was before anybody touched it, the kernel choosing; below a cap */
};

struct tdm_setting {
    enum tdm_clock_way way[TDM_DOMAINS];
    double hz[TDM_DOMAINS];         /**< pinned: the OPP; governed: the cap, 0: none */
    char governor[TDM_DOMAINS][24]; /**< cpu, gpu, governed: a kernel's governor; "": as it was */
    int cores;                      /**< CPUs online, cpu0's cluster first; 0: as they are */
    int fan;                        /**< 0 to 255; -1: as it is */
    int railgate;                   /**< of the GPU: 0 off, 1 on; -1: as it is */
};

/** Everything kept. */
struct tdm_setting tdm_setting_none(void);

/** How what is in force relates to what was wanted. The first that applies, in this order. */
enum tdm_finding {
    TDM_FINDING_KEPT,       /**< nothing was wanted; or governed, and so it is */
    TDM_FINDING_AS_ASKED,   /**< in force */
    TDM_FINDING_HELD_DOWN,  /**< lower than wanted: the thermal guard's doing */
    TDM_FINDING_REFUSED,    /**< the kernel would not take a write */
    TDM_FINDING_OVERRIDDEN, /**< taken, and another hand has written something else since */
    TDM_FINDING_THROTTLED,  /**< lower, and the board is hot */
    TDM_FINDING_CAPPED,     /**< lower: a limit that is not ours wins */
    TDM_FINDING_ROUNDED, /**< another clock, though the limits hold: what the driver made of it */
    TDM_FINDING_UNREADABLE, /**< nobody knows */
};
extern const char *const tdm_finding_names[]; /**< "kept", "as asked", … */

struct tdm_in_force {
    enum tdm_finding finding;
    double hz;     /**< of the cluster furthest from what is wanted; NAN: cannot be read */
    char why[200]; /**< for people, "" where there is nothing to say */
};

struct tdm_report {
    struct tdm_in_force clock[TDM_DOMAINS], cores, fan, railgate;
    int cores_online;
};

/** True where everything that was wanted is in force. */
bool tdm_report_fine(const struct tdm_report *report);

/**
 * Checks against the kernel's tables, and the board file's, before anything is written. -1 with
 * `error`: what the board does not have, and what is nearest.
 */
int tdm_setting_check(const struct tdm_hw *hw, const struct tdm_setting *setting,
                      struct tdm_error *error);

/**
 * Lowers what is above the caps (Hz, 0: none) to the highest OPP that is not, and caps what is kept
 * or governed. Returns whether that changed anything that was wanted.
 */
bool tdm_setting_limit(const struct tdm_hw *hw, struct tdm_setting *setting,
                       const double caps[TDM_DOMAINS]);

/** Who sets: what was saved before, and whether writing is still allowed. */
struct tdm_hand {
    struct tdm_hw *hw;
    struct tdm_saved *saved;
    /** Called once CPUs came online and their new knobs were added to `saved`. 0, or -1. */
    int (*saved_more)(void *context, struct tdm_error *error);
    /** Asked before each write: false once the board is no longer ours. NULL: it is. */
    bool (*may_write)(void *context);
    void *context;
};

/**
 * Does it, waits until it has settled, and looks. What the kernel does not take is in the report;
 * -1 with `error` where the board is no longer ours, or its state cannot be saved. `hottest`: degC
 * of the hottest zone, NAN where not known.
 */
int tdm_setting_apply(const struct tdm_hand *hand, const struct tdm_setting *setting,
                      double hottest, struct tdm_report *report, struct tdm_error *error);

/** Looks once more, without writing or waiting, whether what was applied still holds. */
void tdm_setting_look(const struct tdm_hand *hand, const struct tdm_setting *setting,
                      double hottest, struct tdm_report *report);

#endif

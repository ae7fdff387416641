// SPDX-License-Identifier: GPL-3.0-or-later
/** Between what is wanted and the files: which file shall hold what, in the order of writing. */
#ifndef TDM_BOARD_TARGETS_H
#define TDM_BOARD_TARGETS_H

#include "hil/board/clocks.h"

enum { TDM_TARGETS = 192 };

/** What a target belongs to: a domain, or one of these. */
enum { TDM_OF_CORES = TDM_DOMAINS, TDM_OF_RAILGATE, TDM_OF_FAN };

struct tdm_target {
    int of;
    struct tdm_spot spot;
    char text[TDM_KNOB_TEXT];    /**< as the file holds it */
    int result;                  /**< of writing: 0 or -errno */
    char at_once[TDM_KNOB_TEXT]; /**< what it held right after; "": not known */
};

struct tdm_targets {
    size_t count;
    struct tdm_target list[TDM_TARGETS];
};

/** CPUs that shall come or go: those that come are first. */
void tdm_targets_cores(struct tdm_targets *targets, const struct tdm_hand *hand,
                       const struct tdm_setting *setting);

/** Governors and limits of a domain, the memory's rate, lock and cap. */
void tdm_targets_clock(struct tdm_targets *targets, const struct tdm_hand *hand,
                       const struct tdm_setting *setting, enum tdm_domain domain);

void tdm_targets_others(struct tdm_targets *targets, const struct tdm_hand *hand,
                        const struct tdm_setting *setting);

/** Whether a cluster's file belongs to CPUs of which one is online. */
bool tdm_cluster_runs(const struct tdm_hw *hw, const struct tdm_spot *cluster);

/** CPUs online now. */
int tdm_cores_online(const struct tdm_hw *hw);

/** What the report says, from what the files hold now. */
void tdm_targets_judge(const struct tdm_targets *targets, const struct tdm_hand *hand,
                       const struct tdm_setting *setting, double hottest,
                       struct tdm_report *report);

#endif

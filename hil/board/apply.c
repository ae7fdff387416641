// SPDX-License-Identifier: GPL-3.0-or-later
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/extremes.h"
#include "hil/board/targets.h"

static void wait_for(double seconds)
{
    struct timespec time = {.tv_sec = (time_t)seconds};
    time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
    while (nanosleep(&time, &time) && errno == EINTR)
        ;
}

static int lost(struct tdm_error *error)
{
    return tdm_fail(error, "the board is no longer held: it is being put back as it was");
}

// CPUs that came online have brought knobs along that nobody has saved yet.
static int save_more(const struct tdm_hand *hand, struct tdm_error *error)
{
    const int added = tdm_saved_take(hand->saved, hand->hw, false, error);
    if (added < 0 || (added > 0 && hand->saved_more && hand->saved_more(hand->context, error)))
        return -1;
    return 0;
}

// Writes from the `from`th target on, each followed by a look at what the file then holds: what
// differs at once is the kernel's doing, what differs later somebody else's.
static int write_targets(const struct tdm_hand *hand, struct tdm_targets *targets, size_t from,
                         struct tdm_error *error)
{
    bool looked = false; // for what nobody has saved
    for (size_t i = from; i < targets->count; i++) {
        struct tdm_target *target = &targets->list[i];
        if (hand->may_write && !hand->may_write(hand->context))
            return lost(error);
        if (!tdm_saved_find(hand->saved, target->spot.path)) {
            target->result = -ENODATA;
            // A plain folder brings what a CPU has a moment after that.
            if (target->of == TDM_CPU && !looked && save_more(hand, error))
                return -1;
            looked |= target->of == TDM_CPU;
            if (!tdm_saved_find(hand->saved, target->spot.path))
                continue;
        }
        target->result = tdm_hw_put(hand->hw, &target->spot, target->text);
        if (target->result == 0 &&
            tdm_hw_text(hand->hw, &target->spot, target->at_once, sizeof target->at_once) < 0)
            target->at_once[0] = '\0';
    }
    return 0;
}

static int write_all(const struct tdm_hand *hand, const struct tdm_setting *setting,
                     struct tdm_targets *targets, struct tdm_error *error)
{
    tdm_targets_cores(targets, hand, setting);
    if (write_targets(hand, targets, 0, error))
        return -1;
    if (targets->count && save_more(hand, error))
        return -1;
    for (int i = 0; i < TDM_DOMAINS; i++) {
        const size_t from = targets->count;
        tdm_targets_clock(targets, hand, setting, (enum tdm_domain)i);
        if (write_targets(hand, targets, from, error))
            return -1;
    }
    const size_t from = targets->count;
    tdm_targets_others(targets, hand, setting);
    return write_targets(hand, targets, from, error);
}

static double settling(const struct tdm_hw *hw, const struct tdm_setting *setting)
{
    double longest = 0;
    for (int i = 0; i < TDM_DOMAINS; i++)
        if (setting->way[i] != TDM_KEEP)
            longest = tdm_larger(longest, tdm_hw_board(hw)->domain[i]->settle);
    return longest;
}

int tdm_setting_apply(const struct tdm_hand *hand, const struct tdm_setting *setting,
                      double hottest, struct tdm_report *report, struct tdm_error *error)
{
    struct tdm_targets *targets = calloc(1, sizeof *targets);
    if (!targets)
        return tdm_fail(error, "out of memory");
    int status = write_all(hand, setting, targets, error);
    if (status == 0) {
        // The times are of a board at its best; a busy one is given some more.
        const double settle = settling(hand->hw, setting);
        for (int i = 0; i < 4; i++) {
            wait_for(settle);
            tdm_targets_judge(targets, hand, setting, hottest, report);
            if (tdm_report_fine(report))
                break;
        }
    }
    free(targets);
    return status;
}

void tdm_setting_look(const struct tdm_hand *hand, const struct tdm_setting *setting,
                      double hottest, struct tdm_report *report)
{
    struct tdm_targets *targets = calloc(1, sizeof *targets);
    if (!targets) {
        *report = (struct tdm_report){.cores_online = 0};
        return;
    }
    tdm_targets_cores(targets, hand, setting);
    for (int i = 0; i < TDM_DOMAINS; i++)
        tdm_targets_clock(targets, hand, setting, (enum tdm_domain)i);
    tdm_targets_others(targets, hand, setting);
    // They were written once, and held then.
    for (size_t i = 0; i < targets->count; i++)
        memcpy(targets->list[i].at_once, targets->list[i].text, TDM_KNOB_TEXT);
    tdm_targets_judge(targets, hand, setting, hottest, report);
    free(targets);
}

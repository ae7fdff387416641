// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE
#include "hil/board/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hil/board/hold_parts.h"

static const double shortest_lease = 0.05; // s
static const double owner_patience = 5;    // s that another's guardian may need to put back
static const double writing_patience = 5;
static const double least_renewal = 0.05; // of a lease, for which the guardian is woken

// ---- starting ----------------------------------------------------------------------------------

// A state below the root's /run has its folder made, as others are the caller's.
static char *place_state(const char *root, const char *given, struct tdm_error *error)
{
    char *path = given ? strdup(given) : tdm_hold_state(root);
    if (!path) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    char *slash = strrchr(path, '/');
    const char *folder = slash ? path : ".";
    if (slash)
        *slash = '\0';
    if (!given && mkdir(folder, 0755) && errno == ENOENT) {
        char *above = strrchr(path, '/');
        *above = '\0';
        mkdir(path, 0755);
        *above = '/';
        mkdir(path, 0755);
    }
    char *whole = realpath(folder[0] ? folder : "/", NULL), *state = NULL;
    const char *name = slash ? slash + 1 : path;
    if (!whole)
        tdm_fail_at(error, folder, 0, 0,
                    "there is no such folder for the board's state, and it cannot be made (%s); "
                    "--state names another file",
                    strerror(errno));
    else if (asprintf(&state, "%s/%s", strcmp(whole, "/") == 0 ? "" : whole, name) < 0)
        state = NULL;
    free(whole);
    free(path);
    return state;
}

static int take_locks(struct tdm_hold *hold, struct tdm_error *error)
{
    const int owner = tdm_lease_lock_open(hold->state, error);
    if (owner < 0)
        return -1;
    // Above the descriptors that the guardian finds it at.
    hold->owner_lock = fcntl(owner, F_DUPFD_CLOEXEC, 10);
    close(owner);
    hold->writing_lock = tdm_lease_lock_open(hold->state, error);
    if (hold->owner_lock < 0 || hold->writing_lock < 0)
        return -1;
    return tdm_lease_lock(hold->owner_lock, TDM_LOCK_OWNER, owner_patience)
               ? 0
               : tdm_fail_at(error, hold->state, 0, 0, "somebody else holds the board");
}

// What somebody who died has left comes first; then everything is saved.
static int take_board(struct tdm_hold *hold, struct tdm_error *error)
{
    if (!tdm_lease_lock(hold->writing_lock, TDM_LOCK_WRITING, writing_patience))
        return tdm_fail_at(error, hold->state, 0, 0, "somebody else writes to the board");
    const char *root = tdm_tree_root(tdm_hw_tree(hold->hw));
    int wrong =
        tdm_recover_locked(root[0] ? root : "/", hold->hw, hold->state, &hold->saying, error);
    if (wrong > 0)
        wrong = tdm_fail_at(error, hold->state, 0, 0,
                            "%d knobs that somebody has changed cannot be put back; remove the "
                            "file if they are as they should be",
                            wrong);
    if (wrong == 0 && (tdm_saved_take(&hold->saved, hold->hw, false, error) < 0 ||
                       tdm_saved_write(&hold->saved, hold->state, error)))
        wrong = -1;
    tdm_lease_unlock(hold->writing_lock, TDM_LOCK_WRITING);
    return wrong;
}

static void start_heat(struct tdm_hold *hold, double limit)
{
    const struct tdm_sensors_options zones = {.zones = true};
    struct tdm_error error;
    hold->heat = tdm_heat_begin(tdm_hw_board(hold->hw), limit);
    hold->sensors = tdm_sensors_start(hold->hw, &zones, &error);
    if (hold->sensors)
        tdm_sensors_wait(hold->sensors, 0.5);
    else
        tdm_say(&hold->saying, "no temperature can be read: nothing is lowered when it gets hot");
}

static void hold_free(struct tdm_hold *hold)
{
    tdm_sensors_stop(hold->sensors);
    tdm_saved_clear(&hold->saved);
    if (hold->owner_lock >= 0)
        close(hold->owner_lock);
    if (hold->writing_lock >= 0)
        close(hold->writing_lock);
    pthread_mutex_destroy(&hold->setting_lock);
    pthread_mutex_destroy(&hold->guardian_lock);
    free(hold->state);
    free(hold->guardian);
    free(hold->trace);
    free(hold);
}

static struct tdm_hold *hold_new(struct tdm_hw *hw, const struct tdm_hold_options *options)
{
    struct tdm_hold *hold = calloc(1, sizeof *hold);
    if (!hold)
        return NULL;
    hold->hw = hw;
    hold->lease = options->lease > shortest_lease ? options->lease : shortest_lease;
    hold->saying = options->saying;
    hold->guardian = options->guardian ? strdup(options->guardian) : NULL;
    hold->trace = options->trace ? strdup(options->trace) : NULL;
    hold->owner_lock = hold->writing_lock = hold->socket = hold->wake = -1;
    hold->wanted = tdm_setting_none();
    atomic_init(&hold->deadline, tdm_lease_now() + (int64_t)(hold->lease * 1e9));
    atomic_init(&hold->lost, false);
    atomic_init(&hold->wrong, 0);
    pthread_mutex_init(&hold->setting_lock, NULL);
    pthread_mutex_init(&hold->guardian_lock, NULL);
    return hold;
}

struct tdm_hold *tdm_hold_start(struct tdm_hw *hw, const struct tdm_hold_options *options,
                                struct tdm_error *error)
{
    struct tdm_hold *hold = hold_new(hw, options);
    if (!hold) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    hold->state = place_state(tdm_tree_root(tdm_hw_tree(hw)), options->state, error);
    if (hold->state && take_locks(hold, error) == 0 && take_board(hold, error) == 0) {
        start_heat(hold, options->limit);
        if (tdm_hold_renew(hold, error) == 0 && tdm_hold_guard(hold, error) == 0) {
            if (tdm_hold_watch(hold, error) == 0)
                return hold;
            tdm_hold_release(hold);
        } else
            unlink(hold->state); // nothing was touched
    }
    hold_free(hold);
    return NULL;
}

int tdm_hold_end(struct tdm_hold *hold)
{
    if (!hold)
        return 0;
    tdm_hold_unwatch(hold);
    const int wrong = tdm_hold_release(hold);
    hold_free(hold);
    return wrong;
}

// ---- the lease ---------------------------------------------------------------------------------

static bool ours(void *context)
{
    struct tdm_hold *hold = context;
    return !atomic_load(&hold->lost) && tdm_lease_now() < atomic_load(&hold->deadline);
}

static int not_ours(struct tdm_error *error)
{
    return tdm_fail(error, "the lease is over: the board is as it was before");
}

int tdm_hold_renew(struct tdm_hold *hold, struct tdm_error *error)
{
    if (!ours(hold))
        return not_ours(error);
    const int64_t deadline = tdm_lease_now() + (int64_t)(hold->lease * 1e9);
    if ((double)(deadline - atomic_load(&hold->deadline)) < least_renewal * 1e9 * hold->lease)
        return 0;
    atomic_store(&hold->deadline, deadline);
    pthread_mutex_lock(&hold->guardian_lock);
    // A guardian that has just died is replaced by one that is told at its start.
    if (hold->socket >= 0)
        tdm_lease_send(hold->socket, TDM_LEASE_RENEW, deadline);
    pthread_mutex_unlock(&hold->guardian_lock);
    return 0;
}

int tdm_hold_begin_writing(struct tdm_hold *hold, struct tdm_error *error)
{
    if (!tdm_lease_lock(hold->writing_lock, TDM_LOCK_WRITING, writing_patience))
        return not_ours(error);
    if (ours(hold) && access(hold->state, F_OK) == 0)
        return 0;
    tdm_hold_end_writing(hold);
    return not_ours(error);
}

void tdm_hold_end_writing(struct tdm_hold *hold)
{
    tdm_lease_unlock(hold->writing_lock, TDM_LOCK_WRITING);
}

// ---- setting -----------------------------------------------------------------------------------

static int save_again(void *context, struct tdm_error *error)
{
    struct tdm_hold *hold = context;
    return tdm_saved_write(&hold->saved, hold->state, error);
}

static struct tdm_hand hand_of(struct tdm_hold *hold)
{
    return (struct tdm_hand){hold->hw, &hold->saved, save_again, ours, hold};
}

static void merge(struct tdm_setting *wanted, const struct tdm_setting *more)
{
    for (int i = 0; i < TDM_DOMAINS; i++)
        if (more->way[i] != TDM_KEEP) {
            wanted->way[i] = more->way[i];
            wanted->hz[i] = more->hz[i];
            memcpy(wanted->governor[i], more->governor[i], sizeof wanted->governor[i]);
        }
    if (more->cores)
        wanted->cores = more->cores;
    if (more->fan >= 0)
        wanted->fan = more->fan;
    if (more->railgate >= 0)
        wanted->railgate = more->railgate;
}

static double hottest(const struct tdm_hold *hold)
{
    return hold->sensors ? tdm_sensors_hottest(hold->sensors, NULL) : NAN;
}

// What the heat leaves of what is wanted. What was lowered before, and is nobody's wish, goes back
// to what it was.
static struct tdm_setting effective(struct tdm_hold *hold, bool lower[TDM_DOMAINS])
{
    double caps[TDM_DOMAINS];
    struct tdm_setting setting = hold->wanted;
    tdm_heat_caps(&hold->heat, caps);
    for (int i = 0; i < TDM_DOMAINS; i++)
        if (setting.way[i] == TDM_KEEP && hold->lowered[i])
            setting.way[i] = TDM_GOVERN;
    const struct tdm_setting before = setting;
    tdm_setting_limit(hold->hw, &setting, caps);
    for (int i = 0; i < TDM_DOMAINS; i++)
        lower[i] = setting.hz[i] != before.hz[i];
    return setting;
}

static void tell_lowered(struct tdm_hold *hold, const bool lower[TDM_DOMAINS],
                         struct tdm_report *report)
{
    for (int i = 0; i < TDM_DOMAINS; i++) {
        struct tdm_in_force *clock = &report->clock[i];
        if (!lower[i] ||
            (clock->finding != TDM_FINDING_AS_ASKED && clock->finding != TDM_FINDING_KEPT))
            continue;
        clock->finding = TDM_FINDING_HELD_DOWN;
        snprintf(clock->why, sizeof clock->why, "the board has %.1f degC, more than %.1f",
                 hottest(hold), tdm_heat_limit(&hold->heat, hold->heat.level - 1));
    }
}

int tdm_hold_apply(struct tdm_hold *hold, struct tdm_report *report, struct tdm_error *error)
{
    bool lower[TDM_DOMAINS];
    const struct tdm_hand hand = hand_of(hold);
    if (tdm_hold_begin_writing(hold, error))
        return -1;
    const struct tdm_setting setting = effective(hold, lower);
    const int fan = setting.fan >= 0 ? tdm_saved_take(&hold->saved, hold->hw, true, error) : 0;
    int status = fan < 0 || (fan > 0 && save_again(hold, error)) ? -1 : 0;
    if (status == 0)
        status = tdm_setting_apply(&hand, &setting, hottest(hold), report, error);
    tdm_hold_end_writing(hold);
    memcpy(hold->lowered, lower, sizeof lower);
    if (status == 0)
        tell_lowered(hold, lower, report);
    return status;
}

int tdm_hold_set(struct tdm_hold *hold, const struct tdm_setting *setting,
                 struct tdm_report *report, struct tdm_error *error)
{
    if (tdm_setting_check(hold->hw, setting, error))
        return -1;
    pthread_mutex_lock(&hold->setting_lock);
    tdm_heat_step(&hold->heat, hottest(hold));
    merge(&hold->wanted, setting);
    const int status = tdm_hold_apply(hold, report, error);
    pthread_mutex_unlock(&hold->setting_lock);
    return status;
}

int tdm_hold_look(struct tdm_hold *hold, struct tdm_report *report, struct tdm_error *error)
{
    bool lower[TDM_DOMAINS];
    if (!ours(hold))
        return not_ours(error);
    const struct tdm_hand hand = hand_of(hold);
    pthread_mutex_lock(&hold->setting_lock);
    const struct tdm_setting setting = effective(hold, lower);
    tdm_setting_look(&hand, &setting, hottest(hold), report);
    tell_lowered(hold, lower, report);
    pthread_mutex_unlock(&hold->setting_lock);
    return 0;
}

double tdm_hold_heat(struct tdm_hold *hold, size_t *level)
{
    pthread_mutex_lock(&hold->setting_lock);
    *level = hold->heat.level;
    pthread_mutex_unlock(&hold->setting_lock);
    return hottest(hold);
}

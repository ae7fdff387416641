// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/vboard/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "core/extremes.h"
#include "hil/vboard/cpufreq.h"
#include "hil/vboard/devfreq.h"

static double real_clock(void *context)
{
    (void)context;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double vb_time(const struct vb_machine *machine)
{
    return machine->clock(machine->clock_context) - machine->origin;
}

bool vb_modern(const struct vb_machine *machine)
{
    return machine->jetpack[0] >= '5' || machine->jetpack[1];
}

int vb_cores_online(const struct vb_machine *machine)
{
    int count = 0;
    for (int i = 0; i < machine->cpu_count; i++)
        count += machine->online[i];
    return count;
}

bool vb_policy_online(const struct vb_machine *machine, const struct vb_policy *policy)
{
    for (int i = 0; i < policy->count; i++)
        if (machine->online[policy->cpus[i]])
            return true;
    return false;
}

struct vb_policy *vb_policy_of(struct vb_machine *machine, int cpu)
{
    for (int i = 0; i < machine->policy_count; i++)
        for (int k = 0; k < machine->policies[i].count; k++)
            if (machine->policies[i].cpus[k] == cpu)
                return &machine->policies[i];
    return NULL;
}

// ---- setting up
// ----------------------------------------------------------------------------------

static void start_clock(struct vb_clock *clock, const struct tdm_domain_info *info)
{
    *clock = (struct vb_clock){.info = info, .settles = INFINITY};
}

// Which CPUs share a policy: the Nano's all, the TX2's by kind (0, 3, 4, 5 are A57), Xavier's by
// pairs, Orin's by fours.
static int policy_first(const struct vb_machine *machine, int cpu)
{
    const char *name = machine->board->name;
    if (strcmp(name, "nano") == 0)
        return 0;
    if (strcmp(name, "tx2") == 0)
        return cpu == 1 || cpu == 2;
    return strstr(name, "orin") ? cpu / 4 * 4 : cpu / 2 * 2;
}

static void start_policies(struct vb_machine *machine)
{
    for (int cpu = 0; cpu < machine->cpu_count; cpu++) {
        machine->online[cpu] = true;
        const int first = policy_first(machine, cpu);
        struct vb_policy *policy = machine->policies;
        while (policy < machine->policies + machine->policy_count && policy->first != first)
            policy++;
        if (policy == machine->policies + machine->policy_count) {
            machine->policy_count++;
            policy->first = first;
            start_clock(&policy->clock, machine->board->domain[TDM_CPU]);
        }
        policy->cpus[policy->count++] = cpu;
    }
    for (int i = 0; i < machine->policy_count; i++)
        vb_policy_defaults(machine, &machine->policies[i]);
}

static void start_boot_id(struct vb_machine *machine, const char *given)
{
    if (given) {
        snprintf(machine->boot_id, sizeof machine->boot_id, "%s", given);
        return;
    }
    unsigned char r[16] = {0};
    if (getrandom(r, sizeof r, 0) != (ssize_t)sizeof r)
        memset(r, 0x5a, sizeof r);
    snprintf(machine->boot_id, sizeof machine->boot_id,
             "%02x%02x%02x%02x-%02x%02x-4%x%02x-8%x%02x-%02x%02x%02x%02x%02x%02x", r[0], r[1], r[2],
             r[3], r[4], r[5], r[6] & 15, r[7], r[8] & 15, r[9], r[10], r[11], r[12], r[13], r[14],
             r[15]);
}

static int choose_jetpack(struct vb_machine *machine, const char *wanted, struct tdm_error *error)
{
    const struct tdm_board *board = machine->board;
    const char *known = NULL;
    for (size_t i = 0; i < board->sysfs_count; i++) {
        known = known ? known : board->sysfs[i].jetpack;
        if (wanted && strcmp(board->sysfs[i].jetpack, wanted) == 0)
            known = wanted;
    }
    if (!known || (wanted && known != wanted))
        return tdm_fail(error, "the board '%s' has no map of files for JetPack %s%s%s", board->name,
                        wanted ? wanted : "at all", known ? "; it has one for " : "",
                        known ? known : "");
    snprintf(machine->jetpack, sizeof machine->jetpack, "%s", known);
    return 0;
}

static int start(struct vb_machine *machine, const struct vb_options *options,
                 struct tdm_error *error)
{
    machine->board = tdm_board_load(options->board, error);
    if (!machine->board || choose_jetpack(machine, options->jetpack, error))
        return -1;
    const struct tdm_board *board = machine->board;
    if (board->domain[TDM_CPU]->cores > VB_CPUS || board->rail_count > VB_RAILS)
        return tdm_fail(error, "more than %d CPUs or %d rails", VB_CPUS, VB_RAILS);
    machine->physics =
        vb_physics_open(options->physics ? options->physics : "model", board, options->seed, error);
    if (!machine->physics)
        return -1;
    machine->cpu_count = (int)board->domain[TDM_CPU]->cores;
    start_policies(machine);
    start_clock(&machine->gpu.clock, board->domain[TDM_GPU]);
    start_clock(&machine->emc.clock, board->domain[TDM_EMC]);
    machine->gpu.railgate = true;
    machine->fan.automatic = true;
    tdm_heat_start(&machine->heat, machine->physics->thermal, true, options->ambient,
                   options->warm);
    tdm_random_seed(&machine->random, options->seed, "vboard", 0);
    tdm_random_seed(&machine->faults.random, options->seed, "vboard faults", 0);
    machine->noise = options->noise;
    if (machine->noise > 0)
        machine->drift = tdm_random_normal(&machine->random);
    start_boot_id(machine, options->boot_id);
    vb_sensors_find(machine);
    if (vb_mode_apply(machine, options->mode, error) || vb_layout(machine, error))
        return -1;
    vb_retarget(machine);
    return 0;
}

struct vb_machine *vb_machine_new(const struct vb_options *options, struct tdm_error *error)
{
    struct vb_machine *machine = calloc(1, sizeof *machine);
    if (!machine) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&machine->lock, NULL);
    pthread_cond_init(&machine->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    machine->clock = options->clock ? options->clock : real_clock;
    machine->clock_context = options->clock_context;
    machine->origin = machine->clock(machine->clock_context);
    if (start(machine, options, error)) {
        vb_machine_free(machine);
        return NULL;
    }
    return machine;
}

void vb_machine_free(struct vb_machine *machine)
{
    if (!machine)
        return;
    while (machine->jobs)
        vb_job_end(machine, machine->jobs);
    vb_tree_free(machine->root);
    if (machine->physics)
        machine->physics->type->free(machine->physics);
    tdm_board_free(machine->board);
    vb_trace_free(&machine->trace);
    pthread_cond_destroy(&machine->changed);
    pthread_mutex_destroy(&machine->lock);
    free(machine);
}

// ---- clocks
// --------------------------------------------------------------------------------------

double vb_hz(const struct vb_clock *clock)
{
    return clock->info->opps[clock->opp].hz;
}

double vb_top(const struct vb_clock *clock)
{
    return clock->info->opps[clock->info->opp_count - 1].hz;
}

int vb_opp_above(const struct tdm_domain_info *info, double hz)
{
    int opp = 0;
    while (opp < (int)info->opp_count - 1 && info->opps[opp].hz < hz - 0.5)
        opp++;
    return opp;
}

int vb_opp_within(const struct tdm_domain_info *info, double hz, double most)
{
    int opp = vb_opp_above(info, hz);
    while (opp > 0 && info->opps[opp].hz > most * (1 + 1e-9))
        opp--;
    return opp;
}

// Of several CPU clusters, what runs is on the first of the fastest; the others stall nobody.
static bool is_busy(const struct vb_machine *machine, const struct vb_clock *clock)
{
    const struct vb_policy *fastest = NULL;
    for (int i = 0; i < machine->policy_count; i++) {
        const struct vb_policy *policy = &machine->policies[i];
        if (vb_policy_online(machine, policy) &&
            (!fastest || policy->clock.opp > fastest->clock.opp))
            fastest = policy;
    }
    return clock->info->domain != TDM_CPU || (fastest && clock == &fastest->clock);
}

static void aim(struct vb_machine *machine, struct vb_clock *clock, int goal)
{
    const int domain = clock->info->domain;
    const struct tdm_heat *heat = &machine->heat;
    goal = tdm_least(goal, tdm_heat_cap(heat, clock->info));
    struct tdm_heat forced = *heat; // by a fault
    forced.trips = tdm_least(vb_fault_throttle(&machine->faults, machine->now),
                             (int)heat->thermal->trip_count);
    goal = tdm_least(goal, tdm_heat_cap(&forced, clock->info));
    if (goal == clock->goal)
        return;
    clock->goal = goal;
    clock->settles = goal == clock->opp ? INFINITY : machine->now + clock->info->settle;
    if (goal != clock->opp && is_busy(machine, clock))
        machine->stall_until[domain] = machine->now + clock->info->stall;
}

// Locked: what was asked for; else what the GPU's clock calls for. The cap wins over both.
static int emc_goal(const struct vb_machine *machine)
{
    const struct vb_emc *emc = &machine->emc;
    const struct tdm_domain_info *info = emc->clock.info;
    const double asked = emc->asked > 0 ? emc->asked : vb_hz(&emc->clock);
    int goal = emc->locked ? vb_opp_above(info, asked)
                           : tdm_board_floor(machine->board, vb_hz(&machine->gpu.clock));
    if (emc->cap > 0)
        while (goal > 0 && info->opps[goal].hz > emc->cap * (1 + 1e-9))
            goal--;
    return goal;
}

void vb_retarget(struct vb_machine *machine)
{
    for (int i = 0; i < machine->policy_count; i++)
        aim(machine, &machine->policies[i].clock, vb_cpufreq_goal(machine, &machine->policies[i]));
    aim(machine, &machine->gpu.clock, vb_devfreq_goal(machine));
    aim(machine, &machine->emc.clock, emc_goal(machine));
    pthread_cond_broadcast(&machine->changed);
}

// True if it changed.
static bool settle(struct vb_machine *machine, struct vb_clock *clock)
{
    if (machine->now < clock->settles)
        return false;
    clock->opp = clock->goal;
    clock->settles = INFINITY;
    return true;
}

// ---- time
// ----------------------------------------------------------------------------------------

static void look(struct vb_machine *machine, int domain)
{
    if (machine->now < machine->look[domain])
        return;
    const double since = machine->now - machine->looked[domain];
    const double use = since > 0 ? machine->busy[domain] / since : 0;
    if (domain == TDM_CPU)
        for (int i = 0; i < machine->policy_count; i++)
            vb_cpufreq_look(machine, &machine->policies[i], use);
    else
        vb_devfreq_look(machine, use);
    machine->busy[domain] = 0;
    machine->looked[domain] = machine->now;
    machine->look[domain] = machine->now + machine->board->domain[domain]->period;
}

enum { WINDOW_CONVERSIONS = 64 };
// Continuous mode averages 64 conversions of voltage and current, 1.1 ms each, of three channels.
static const double window = WINDOW_CONVERSIONS * (1.1e-3 + 1.1e-3) * VB_CHANNELS;
// Drift: a tenth of a second's steps of a wandering with a memory of a minute (assumed).
static const double noise_step = 0.1, noise_memory = 60;

static void convert(struct vb_machine *machine)
{
    if (machine->now < machine->next_window)
        return;
    for (int i = 0; i < machine->sensor_count; i++)
        for (int k = 0; k < VB_CHANNELS; k++) {
            struct vb_sensor *sensor = &machine->sensors[i];
            if (sensor->rail[k] < 0)
                continue;
            const double joules = machine->rail_joules[sensor->rail[k]];
            if (machine->next_window > 0)
                sensor->mean[k] = (joules - sensor->before[k]) / window;
            else
                sensor->mean[k] = machine->rail_watts[sensor->rail[k]];
            sensor->before[k] = joules;
        }
    machine->next_window += window;
}

static void wander(struct vb_machine *machine)
{
    if (!(machine->noise > 0) || machine->now < machine->next_noise)
        return;
    const double keep = exp(-noise_step / noise_memory);
    machine->drift =
        keep * machine->drift + sqrt(1 - keep * keep) * tdm_random_normal(&machine->random);
    machine->next_noise = machine->now + noise_step;
}

double vb_next_event(const struct vb_machine *machine)
{
    double next = tdm_smaller(machine->look[TDM_CPU], machine->look[TDM_GPU]);
    for (int i = 0; i < machine->policy_count; i++)
        next = tdm_smaller(next, machine->policies[i].clock.settles);
    next = tdm_smaller(next, machine->gpu.clock.settles);
    next = tdm_smaller(next, machine->emc.clock.settles);
    next = tdm_smaller(next, machine->next_window);
    if (machine->noise > 0)
        next = tdm_smaller(next, machine->next_noise);
    for (int d = 0; d < TDM_DOMAINS; d++)
        if (machine->stall_until[d] > machine->now)
            next = tdm_smaller(next, machine->stall_until[d]);
    if (machine->physics->type->until)
        next = tdm_smaller(next, machine->physics->type->until(machine->physics, machine->now));
    return tdm_smaller(next, vb_fault_next(&machine->faults, machine->now));
}

// When the first of the jobs is done, at the present pace.
static double next_done(struct vb_machine *machine)
{
    double next = INFINITY;
    for (const struct vb_job *job = machine->jobs; job; job = job->next) {
        const double rate = job->done ? 0 : vb_job_rate(machine, job);
        if (rate > 0)
            next = tdm_smaller(next, machine->now + job->left / rate);
    }
    return next;
}

static void progress(struct vb_machine *machine, double duration)
{
    for (struct vb_job *job = machine->jobs; job; job = job->next) {
        if (job->done)
            continue;
        const double rate = vb_job_rate(machine, job);
        job->left -= rate * duration;
        // A nanosecond of work is none.
        if (rate > 0 && job->left <= rate * 1e-9) {
            job->done = true;
            job->took = machine->now + duration - job->started;
            pthread_cond_broadcast(&machine->changed);
        }
    }
}

// Lets time pass until `until` at most, or until heat wants a closer look.
static void pass(struct vb_machine *machine, double until)
{
    vb_flow(machine);
    double duration = tdm_larger(0, until - machine->now);
    const double goal = tdm_heat_goal(&machine->heat, machine->watts);
    duration = tdm_heat_piece(&machine->heat, duration, goal);
    progress(machine, duration);
    for (int d = 0; d < TDM_DOMAINS; d++)
        machine->busy[d] += machine->use[d] * duration;
    for (size_t i = 0; i < machine->board->rail_count; i++)
        machine->rail_joules[i] += machine->rail_watts[i] * duration;
    machine->joules += machine->watts * duration;
    machine->now += duration;
    if (tdm_heat_pass(&machine->heat, duration, goal))
        vb_retarget(machine);
}

static void strike_due(struct vb_machine *machine)
{
    struct vb_faults *faults = &machine->faults;
    for (int i = 0; i < faults->due_count;) {
        if (machine->now < faults->due[i].at) {
            i++;
            continue;
        }
        const struct vb_due due = faults->due[i];
        faults->due[i] = faults->due[--faults->due_count];
        const struct vb_node *node = vb_tree_find(machine->root, due.path);
        if (node && node->type && node->type->store && vb_node_present(machine, node)) {
            node->type->store(machine, node, due.value);
            vb_retarget(machine);
        }
    }
}

void vb_advance(struct vb_machine *machine)
{
    const double until = vb_time(machine);
    while (machine->now < until) {
        const double next = tdm_smaller(vb_next_event(machine), next_done(machine));
        pass(machine, tdm_smaller(until, tdm_larger(next, machine->now + 1e-9)));
        bool changed = settle(machine, &machine->gpu.clock);
        changed |= settle(machine, &machine->emc.clock);
        for (int i = 0; i < machine->policy_count; i++)
            changed |= settle(machine, &machine->policies[i].clock);
        const bool looked =
            machine->now >= machine->look[TDM_CPU] || machine->now >= machine->look[TDM_GPU];
        look(machine, TDM_CPU);
        look(machine, TDM_GPU);
        convert(machine);
        wander(machine);
        strike_due(machine);
        if (changed || looked || machine->faults.count)
            vb_retarget(machine);
    }
    vb_flow(machine);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** What flows through a virtual board at the present moment, and how fast works go on. */
#include "core/extremes.h"
#include "hil/vboard/machine.h"

// The noise floor of measured boards (facts on BoFL's grids): power 0.3 to 1.5 % between sweeps.
static const double power_drift = 0.009;

// The works of a processor share it evenly.
static int jobs_on(const struct vb_machine *machine, int domain)
{
    int count = 0;
    for (const struct vb_job *job = machine->jobs; job; job = job->next)
        count += !job->done && job->domain == domain;
    return count;
}

static int plain_jobs(const struct vb_machine *machine)
{
    int count = 0;
    for (const struct vb_job *job = machine->jobs; job; job = job->next)
        count += !job->done && !job->task;
    return count;
}

// The fastest policy's clock stands for the CPU: the physics know one, and launches come from one
// thread, which the kernel puts where it is fast.
static int cpu_opp(const struct vb_machine *machine)
{
    int opp = 0;
    for (int i = 0; i < machine->policy_count; i++)
        if (vb_policy_online(machine, &machine->policies[i]))
            opp = -tdm_least(-opp, -machine->policies[i].clock.opp);
    return opp;
}

static struct vb_setting setting_of(const struct vb_machine *machine)
{
    const double cores = (double)machine->cpu_count;
    const int online = vb_cores_online(machine);
    return (struct vb_setting){
        .opps = {{cpu_opp(machine), machine->gpu.clock.opp, machine->emc.clock.opp}},
        .cores = online / cores,
        .cpu_busy = tdm_least(plain_jobs(machine), online) / cores,
        .leakage = tdm_heat_leakage(&machine->heat),
        .now = machine->now};
}

double vb_job_rate(struct vb_machine *machine, const struct vb_job *job)
{
    for (int d = 0; d < TDM_DOMAINS; d++) // plain work does not wait for the GPU
        if (machine->now < machine->stall_until[d] - 1e-12 && (job->task || d != TDM_GPU))
            return 0;
    const struct vb_setting setting = setting_of(machine);
    if (!job->task) { // plain work of one core
        const struct tdm_domain_info *info = machine->board->domain[TDM_CPU];
        const double clock =
            info->opps[setting.opps.at[TDM_CPU]].hz / info->opps[info->opp_count - 1].hz;
        return clock * tdm_smaller(1, vb_cores_online(machine) / (double)plain_jobs(machine));
    }
    struct vb_effect effect;
    machine->physics->type->run(machine->physics, job->task, &setting, &effect);
    return 1 / (effect.time * job->factor * jobs_on(machine, job->domain));
}

static void add(struct tdm_watts *sum, const struct tdm_watts *run, const struct tdm_watts *idle,
                double share)
{
    sum->fixed += share * (run->fixed - idle->fixed);
    sum->cpu += share * (run->cpu - idle->cpu);
    sum->gpu += share * (run->gpu - idle->gpu);
    sum->memory += share * (run->memory - idle->memory);
    sum->leakage += share * (run->leakage - idle->leakage);
}

static void split(struct vb_machine *machine, const struct tdm_watts *watts)
{
    const double factor = exp(machine->noise * power_drift * machine->drift);
    machine->watts = 0;
    for (size_t i = 0; i < machine->board->rail_count; i++) {
        const struct tdm_rail *rail = &machine->board->rails[i];
        machine->rail_watts[i] =
            factor *
            (rail->share_cpu * watts->cpu + rail->share_gpu * watts->gpu +
             rail->share_emc * watts->memory + rail->share_rest * (watts->fixed + watts->leakage));
        machine->watts += rail->total ? machine->rail_watts[i] : 0;
    }
}

void vb_flow(struct vb_machine *machine)
{
    const struct vb_setting setting = setting_of(machine);
    struct tdm_watts watts, idle;
    machine->physics->type->idle(machine->physics, &setting, &idle);
    watts = idle;
    const int plain = tdm_least(plain_jobs(machine), vb_cores_online(machine));
    double use[TDM_DOMAINS] = {plain > 0, 0, 0};
    for (const struct vb_job *job = machine->jobs; job; job = job->next) {
        if (job->done || !job->task)
            continue;
        struct vb_effect effect;
        machine->physics->type->run(machine->physics, job->task, &setting, &effect);
        const double share = 1. / jobs_on(machine, job->domain);
        add(&watts, &effect.watts, &idle, share);
        use[TDM_CPU] += share * effect.uc;
        use[TDM_GPU] += share * effect.ug;
        use[TDM_EMC] += share * effect.um;
    }
    for (int d = 0; d < TDM_DOMAINS; d++)
        machine->use[d] = tdm_smaller(1, use[d]);
    if (machine->use[TDM_GPU] > 0)
        machine->gpu.idle_since = INFINITY;
    else if (machine->gpu.idle_since == INFINITY)
        machine->gpu.idle_since = machine->now;
    split(machine, &watts);
}

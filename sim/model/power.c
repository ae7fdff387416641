// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/power.h"

#include <math.h>

#include "model/board.h"

const struct tdm_conditions tdm_conditions_calibrated = {.cores = 1, .leakage_factor = 1};

double tdm_watts_sum(const struct tdm_watts *watts)
{
    return watts->fixed + watts->cpu + watts->gpu + watts->memory + watts->leakage;
}

struct tdm_watts tdm_power_run(const struct tdm_fit *fit, const struct tdm_power *power,
                               const struct tdm_supply *supply, const struct tdm_times *times,
                               const struct tdm_conditions *conditions)
{
    const double cv = supply->vc * supply->vc, gv = supply->vg * supply->vg;
    const double rate = 1 / times->total;
    // A busy GPU cannot be busier: co-runners fill what the run leaves.
    const double gpu_load = fmin(conditions->load.gpu, 1 - times->ug);
    struct tdm_watts watts = tdm_power_idle(power, supply, conditions);
    watts.cpu += supply->cpu * cv * fit->cpu_spin * (1 - times->uc) + fit->cpu_energy * rate * cv;
    watts.gpu +=
        supply->gpu * gv * power->gpu_busy * (times->ug + gpu_load - conditions->load.gpu) +
        fit->gpu_energy * rate * gv;
    watts.memory += fit->memory_energy * rate * pow(supply->emc, power->memory_exponent) *
                    (1 + power->memory_voltage * (gv - 1));
    return watts;
}

struct tdm_watts tdm_power_idle(const struct tdm_power *power, const struct tdm_supply *supply,
                                const struct tdm_conditions *conditions)
{
    const double cv = supply->vc * supply->vc, gv = supply->vg * supply->vg;
    const struct tdm_load *load = &conditions->load;
    return (struct tdm_watts){
        .fixed = power->fixed,
        .cpu =
            supply->cpu * cv * (power->cpu_clock * conditions->cores + power->cpu_busy * load->cpu),
        .gpu = supply->gpu * gv * (power->gpu_clock + power->gpu_busy * load->gpu),
        .memory = supply->memory_idle + power->memory_busy * load->memory * supply->emc *
                                            (1 + power->memory_voltage * (gv - 1)),
        .leakage = power->leakage * gv * conditions->leakage_factor,
    };
}

struct tdm_speed tdm_speed_at(const struct tdm_board *board, const struct tdm_latency *shared,
                              struct tdm_opps opps)
{
    return (struct tdm_speed){
        .cpu = board->domain[TDM_CPU]->opps[opps.at[TDM_CPU]].hz,
        .gpu = board->domain[TDM_GPU]->opps[opps.at[TDM_GPU]].hz,
        .bandwidth = shared->bandwidth.items[opps.at[TDM_EMC]],
    };
}

static double relative(const struct tdm_domain_info *domain, int opp)
{
    return domain->opps[opp].hz / domain->opps[domain->opp_count - 1].hz;
}

struct tdm_supply tdm_supply_at(const struct tdm_board *board, const struct tdm_power *power,
                                struct tdm_opps opps)
{
    return (struct tdm_supply){
        .cpu = relative(board->domain[TDM_CPU], opps.at[TDM_CPU]),
        .gpu = relative(board->domain[TDM_GPU], opps.at[TDM_GPU]),
        .emc = relative(board->domain[TDM_EMC], opps.at[TDM_EMC]),
        .vc = power->cpu_v.items[opps.at[TDM_CPU]],
        .vg = power->gpu_v.items[opps.at[TDM_GPU]],
        .memory_idle = power->memory_idle.items[opps.at[TDM_EMC]],
    };
}

double tdm_board_leakage(const struct tdm_board *board, double temperature)
{
    const struct tdm_thermal *thermal = &board->thermals[0];
    return exp(thermal->leakage * (temperature - thermal->reference));
}

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What a board draws at given clocks, idle and while a dnn runs. Pure functions, SI units.
 *
 * With c, g, m the clocks relative to their domain's top OPP, V the voltages relative to the
 * lowest, and T, C, D of model/latency.h:
 *
 *     fixed   = power.fixed
 *     cpu     = c Vc^2 (cpu_clock + cpu_spin (1 - C/T)) + cpu_energy/T Vc^2
 *     gpu     = g Vg^2 (gpu_clock + gpu_busy D/T) + gpu_energy/T Vg^2
 *     memory  = memory_idle[OPP]
 *             + memory_energy/T m^memory_exponent (1 + memory_voltage (Vg^2 - 1))
 *     leakage = leakage Vg^2 exp(a (temperature - reference))
 *
 * Idle is the same with nothing running: no spin, no utilisation, no joules a run. Fewer cores
 * online scale cpu_clock. Co-runners add their share of cpu_busy, gpu_busy and memory_busy (less
 * what the run already uses of the GPU).
 */
#ifndef TDM_MODEL_POWER_H
#define TDM_MODEL_POWER_H

#include "model/latency.h"

/** Clocks and voltages as the power form sees them. */
struct tdm_supply {
    double cpu, gpu, emc; /**< clock over the domain's top OPP, 0 to 1 */
    double vc, vg;        /**< voltage over the domain's lowest */
    double memory_idle;   /**< W */
};

/** What else decides the power. */
struct tdm_conditions {
    double cores;          /**< share of the CPU's cores that is online, 0 to 1 */
    double leakage_factor; /**< exp(a (temperature - reference)); 1 at the reference */
    struct tdm_load load;
};

/** All cores, reference temperature, alone. */
extern const struct tdm_conditions tdm_conditions_calibrated;

/** W by cause. */
struct tdm_watts {
    double fixed, cpu, gpu, memory, leakage;
};
double tdm_watts_sum(const struct tdm_watts *watts);

/** While the fit runs; `times` from tdm_latency_at. `power` must be the fit's own power set. */
struct tdm_watts tdm_power_run(const struct tdm_fit *fit, const struct tdm_power *power,
                               const struct tdm_supply *supply, const struct tdm_times *times,
                               const struct tdm_conditions *conditions);

/** While nothing runs but the co-runners. */
struct tdm_watts tdm_power_idle(const struct tdm_power *power, const struct tdm_supply *supply,
                                const struct tdm_conditions *conditions);

// ---- by OPP of a board -------------------------------------------------------------------------

/** OPP indices into the board's domains, in the order of enum tdm_domain: cpu, gpu, emc. */
struct tdm_opps {
    int at[3];
};

struct tdm_speed tdm_speed_at(const struct tdm_board *board, const struct tdm_latency *shared,
                              struct tdm_opps opps);
struct tdm_supply tdm_supply_at(const struct tdm_board *board, const struct tdm_power *power,
                                struct tdm_opps opps);

/** exp(leakage (temperature - reference)) of the board's thermal model. */
double tdm_board_leakage(const struct tdm_board *board, double temperature);

#endif

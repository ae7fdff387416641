// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * How long one run of a dnn takes at given clocks. Pure functions, SI units.
 *
 * With c' = cpu - cpu_lost, g' = gpu - gpu_lost, w = bandwidth and sn(x, y; n) = (x^n + y^n)^(1/n):
 *
 *     device D = serial/g' + sn(compute/g', traffic/w; overlap)
 *              + bound * sn(1/w, ridge/g'; ridge_sharpness) + fixed
 *     host   C = launch/c' + launch_traffic/w
 *     total  T = sn(C, D; concurrency) + host/c'
 *
 * T falls (or stays) when any clock rises. Form: facts on measured Jetson boards (BoFL, thynics);
 * additive forms are several times worse on the memory clock.
 */
#ifndef TDM_MODEL_LATENCY_H
#define TDM_MODEL_LATENCY_H

#include "model/fit.h"

/** Clocks as the latency form sees them. */
struct tdm_speed {
    double cpu, gpu;  /**< Hz */
    double bandwidth; /**< bytes/s that the memory clock gives */
};

/** Use of the board by co-runners, each 0 to 1 of the domain. All zero: alone. */
struct tdm_load {
    double cpu, gpu, memory;
};

struct tdm_times {
    double total;      /**< s, T */
    double host;       /**< s, C: launches */
    double device;     /**< s, D */
    double memory;     /**< s that the traffic alone takes */
    double uc, ug, um; /**< utilisations of host, device and memory: C/T, D/T, memory/T (<= 1) */
};

/** Coefficients by which the form can be differentiated. */
enum tdm_latency_term {
    TDM_L_LAUNCH,
    TDM_L_LAUNCH_TRAFFIC,
    TDM_L_HOST,
    TDM_L_COMPUTE,
    TDM_L_SERIAL,
    TDM_L_TRAFFIC,
    TDM_L_BOUND,
    TDM_L_FIXED,
    TDM_L_OVERLAP,
    TDM_L_CONCURRENCY,
    TDM_L_CPU_LOST,
    TDM_L_OWN, /**< terms before belong to the fit, those after to what fits share */
    TDM_L_GPU_LOST = TDM_L_OWN,
    TDM_L_RIDGE,
    TDM_L_SHARPNESS,
    TDM_L_BANDWIDTH,
    TDM_L_TERMS
};

/** `shared` must be the fit's own latency set; clocks above the fit's losses. */
struct tdm_times tdm_latency_at(const struct tdm_fit *fit, const struct tdm_latency *shared,
                                const struct tdm_speed *speed);

/** The same, and dT/d(coefficient) into slopes[TDM_L_TERMS]. */
struct tdm_times tdm_latency_slopes(const struct tdm_fit *fit, const struct tdm_latency *shared,
                                    const struct tdm_speed *speed, double *slopes);

/**
 * Speed that co-runners leave: the share 1 - load of GPU cycles and of memory bandwidth (at least
 * 1 %). The host keeps its core. Assumed: no data set has co-runners.
 */
struct tdm_speed tdm_speed_under(const struct tdm_latency *shared, const struct tdm_speed *speed,
                                 const struct tdm_load *load);

/** (x^n + y^n)^(1/n) for x, y >= 0 and n >= 1: the sum at n = 1, towards the larger for large n. */
double tdm_soft_max(double x, double y, double n);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The fitted coefficients of a board: what `tandem calibrate` writes and everything else reads.
 *
 * A `<fit>` belongs to (dnn, mode, precision, batch). It names the `<latency>` and the `<power>`
 * set that it was fitted together with, so it stays true when other data make new sets. The forms
 * are in model/latency.h and model/power.h.
 *
 * A fit whose dnn is "*" is the board's default for a dnn that was not measured: its coefficients
 * are per FLOP, per byte of traffic and per kernel (tdm_fit_scale).
 */
#ifndef TDM_MODEL_FIT_H
#define TDM_MODEL_FIT_H

#include "core/schema.h"

struct tdm_board;

/** The dnn of a board's default fit, in units of one FLOP, one byte and one kernel. */
#define TDM_FIT_DEFAULT "*"

/** What the latencies of several fits share. */
struct tdm_latency {
    struct tdm_place place;
    const char *id;
    const char *source;
    double gpu_lost;           /**< Hz of the GPU clock that do no work */
    double ridge;              /**< GPU cycles a byte: below, memory-bound work waits for the GPU */
    double ridge_sharpness;    /**< 1 to 20: exponent of the ridge's corner */
    struct tdm_list bandwidth; /**< bytes/s, one a memory OPP, rising */
};

/** What the power of several fits shares; W at the domain's top clock and lowest voltage. */
struct tdm_power {
    struct tdm_place place;
    const char *id;
    const char *rails; /**< what the powers cover: "VDD_IN", "GPU+CPU+SOC" */
    const char *source;
    double fixed;                /**< W that no clock changes */
    double leakage;              /**< W at the lowest GPU voltage and the reference temperature */
    double cpu_clock;            /**< W of the CPU's clocks while idle, all cores online */
    double cpu_busy;             /**< W more with every core busy (load of co-runners) */
    double gpu_clock;            /**< W of the GPU's clocks while idle */
    double gpu_busy;             /**< W more while a kernel runs */
    double memory_busy;          /**< W more at full bandwidth (load of co-runners) */
    double memory_exponent;      /**< 0 to 1: how the memory's joules a run grow with its clock */
    double memory_voltage;       /**< 0 to 1: how they follow the GPU's voltage squared */
    struct tdm_list cpu_v;       /**< voltage relative to the lowest, one a CPU OPP, 1 to 1.7 */
    struct tdm_list gpu_v;       /**< the same of the GPU */
    struct tdm_list memory_idle; /**< W above the lowest memory OPP, one a memory OPP */
};

/** One dnn in one mode, precision and batch size on the board's gpu processor. */
struct tdm_fit {
    struct tdm_place place;
    const char *dnn, *mode, *precision;
    int64_t batch;
    const char *source;
    const char *latency_id;
    const char *power_id;   /**< NULL: power was not measured */
    const char *kept_prior; /**< coefficients that the data did not determine; NULL: none */

    double launch;         /**< CPU cycles a run: launches, beside the device */
    double launch_traffic; /**< bytes a run: memory traffic of launching */
    double host;           /**< CPU cycles a run: while the device waits */
    double compute;        /**< GPU cycles a run: overlap with traffic */
    double serial;         /**< GPU cycles a run: overlap with nothing */
    double traffic;        /**< bytes a run: overlap with compute */
    double bound;          /**< bytes a run: memory-bound work, with the ridge */
    double fixed;          /**< s a run: no clock changes it */
    double overlap;        /**< 1 to 12: exponent of compute and traffic; 1 adds, large is max */
    double concurrency;    /**< 1 to 25: exponent of host and device */
    double cpu_lost;       /**< Hz of the CPU clock that the background takes */

    double gpu_energy;    /**< J a run at the lowest GPU voltage */
    double cpu_energy;    /**< J a run at the lowest CPU voltage */
    double memory_energy; /**< J a run at the top memory clock */
    double cpu_spin;      /**< W at the top CPU clock and lowest voltage while the host waits */

    const struct tdm_latency *latency; /**< filled by tdm_fits_resolve */
    const struct tdm_power *power;     /**< NULL: power was not measured */
};

extern const struct tdm_element tdm_fit_element, tdm_power_element, tdm_latency_element;

/**
 * Checks what the tables cannot (ids, keys, lengths of the lists, clocks that the losses leave)
 * and fills the fits' pointers. Call it after the board's domains are placed. -1 with `error`.
 */
int tdm_fits_resolve(struct tdm_board *board, struct tdm_error *error);

/**
 * The fit of this key; NULL or batch 0 match anything. The first that matches, or NULL; where any
 * precision will do, one whose data did not state it ("unstated") comes last, so that what an owner
 * has measured himself counts.
 */
const struct tdm_fit *tdm_fit_find(const struct tdm_board *board, const char *dnn, const char *mode,
                                   const char *precision, int64_t batch);

/** Writes "dnn/mode/precision/batch" into `text`. Returns it. */
char *tdm_fit_key(const struct tdm_fit *fit, char *text, size_t size);

/**
 * A fit for a dnn that was not measured: the default `unit` (dnn "*") times its FLOP, bytes of
 * memory traffic (weights, inputs and outputs of its layers) and kernels. Names stay unit's.
 */
void tdm_fit_scale(const struct tdm_fit *unit, double flop, double bytes, double kernels,
                   struct tdm_fit *out);

#endif

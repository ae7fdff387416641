// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A board: clock domains with their OPPs, governors, power modes, rails, sensors, thermal model,
 * processors, sysfs map, and the coefficients that were fitted to measurements of it.
 *
 * The structs mirror the board file (`platforms/boards/NAME.xml`, `tandem help board`): every
 * element that holds numbers names its `source`. A board is immutable once it is loaded.
 */
#ifndef TDM_MODEL_BOARD_H
#define TDM_MODEL_BOARD_H

#include "core/schema.h"
#include "model/fit.h"
#include "model/source.h"

enum tdm_domain { TDM_CPU, TDM_GPU, TDM_EMC, TDM_DOMAINS };
extern const char *const tdm_domain_names[TDM_DOMAINS + 1]; /**< "cpu", "gpu", "emc", NULL */

/** One operating point of a domain. OPPs of a domain are sorted by rising frequency. */
struct tdm_opp {
    struct tdm_place place;
    double hz;
    double volts;     /**< V at this clock; NAN where not known */
    double v;         /**< voltage relative to the domain's lowest, 1 to 1.7 */
    double bandwidth; /**< emc only: bytes/s that reach a kernel; NAN for the others */
    double idle;      /**< emc only: W that the memory draws idle at this clock above the lowest */
};

enum tdm_governor {
    TDM_GOVERNOR_PERFORMANCE,
    TDM_GOVERNOR_POWERSAVE,
    TDM_GOVERNOR_SCHEDUTIL, /**< cpu: f = 1.25 f_top utilisation, rounded up */
    TDM_GOVERNOR_ONDEMAND,  /**< cpu, gpu (simple_ondemand): top above 80 %, else in proportion */
    TDM_GOVERNOR_CONSERVATIVE, /**< one step up above 80 %, one down below 20 % */
    TDM_GOVERNOR_PODGOV,       /**< gpu (nvhost_podgov): follows load towards a target */
    TDM_GOVERNOR_FLOOR,        /**< emc: the floor table of the GPU clock */
    TDM_GOVERNORS
};
extern const char *const tdm_governor_names[TDM_GOVERNORS + 1];

struct tdm_domain_info {
    struct tdm_place place;
    int domain; /**< enum tdm_domain */
    const char *source;
    const char *voltage_source; /**< of the voltages, if another; likewise below */
    const char *timing_source;  /**< of period, stall and settle */
    const char *memory_source;  /**< of the bandwidth and idle power of its OPPs */
    int64_t cores;              /**< cpu: cores; else 1 */
    int governor;               /**< enum tdm_governor: what sets it when no plan does */
    double period;              /**< s between two looks of the governor */
    double stall;               /**< s during which nothing runs when its clock changes */
    double settle;              /**< s after which the new clock is in force */
    struct tdm_opp *opps;
    size_t opp_count;
};

/** Unlocked, the memory clock is at least `emc` while the GPU clock is at least `gpu`. */
struct tdm_floor {
    struct tdm_place place;
    double gpu, emc; /**< Hz */
    const char *source;
};

/** A power mode of nvpmodel. Caps are OPPs; NAN: uncapped. */
struct tdm_mode {
    struct tdm_place place;
    const char *name;
    int64_t id;
    int64_t cores; /**< CPU cores online */
    double cpu, gpu, emc;
    double cpu_min;
    bool is_default;
    const char *source;
};

/** A rail that a sensor of the board reads. */
struct tdm_rail {
    struct tdm_place place;
    const char *name;
    const char *covers; /**< what it feeds, for people */
    bool total;         /**< the board's total power is the sum of the rails that say so */
    double idle; /**< W; what an uncovered rail adds to the total (see tdm_board_rails_gap) */
    double share_cpu, share_gpu, share_emc, share_rest; /**< of the model's power terms, 0..1 */
    double quantum;                                     /**< W: the sensor's step */
    double period;                                      /**< s between two useful readings */
    const char *sensor; /**< I2C address and channel, for people and the hardware side */
    const char *source;
    const char *share_source; /**< of shares and period, if another */
};

struct tdm_trip {
    struct tdm_place place;
    double above;         /**< degC */
    double cpu, gpu, emc; /**< caps in Hz while hotter than `above`; NAN: none */
};

/** One RC: temperature moves towards ambient + resistance * power. */
struct tdm_thermal {
    struct tdm_place place;
    double resistance; /**< K/W */
    double capacity;   /**< J/K */
    double ambient;    /**< degC */
    double reference;  /**< degC at which the power coefficients hold */
    double leakage;    /**< 1/K: leakage grows by exp(leakage * (temp - reference)) */
    double hysteresis; /**< K below a trip's temperature before its caps are lifted */
    const char *source;
    struct tdm_trip *trips;
    size_t trip_count;
};

/** What runs stages. `gpu` is what the fits belong to; another has coefficients of its own. */
struct tdm_processor {
    struct tdm_place place;
    const char *name;   /**< "gpu", "cpu", "dla" */
    int domain;         /**< whose clock it runs at */
    double flop;        /**< FLOP per cycle that it sustains; NAN for the gpu (see the fits) */
    double bandwidth;   /**< share of the memory's bandwidth that it can use */
    double utilisation; /**< of the CPU term of power while it runs (cpu: cores busy / cores) */
    double peak;        /**< FLOP/s on the data sheet */
    const char *source;
};

/** Where the hardware side finds a knob; `jetpack` says on which software. */
struct tdm_sysfs {
    struct tdm_place place;
    const char *jetpack; /**< "4", "5", "6" */
    const char *knob;    /**< "cpu", "gpu", "emc", "emc-lock", "fan", … */
    const char *path;    /**< below the root; '*' matches within one name */
    const char *unit;    /**< what the file counts in: "kHz", "Hz", … */
    const char *source;
};

struct tdm_board {
    struct tdm_place place;
    const char *name, *title;
    double pmax; /**< W: the power budget in cost = eta ETI + (1 - eta) Pmax TTI */
    const char *pmax_source;
    double memory; /**< bytes of RAM */
    double jitter; /**< sigma of the lognormal factor on stage times, when a scenario asks */
    const char *jitter_source;
    double thinking; /**< s that a learned policy's decision takes at the top CPU clock */
    double pack;     /**< bytes that one CPU core quantises or compresses per cycle */
    struct tdm_source *sources;
    size_t source_count;
    struct tdm_domain_info *domains; /**< as in the file; use `domain` below */
    size_t domain_count;
    struct tdm_floor *floors;
    size_t floor_count;
    struct tdm_mode *modes;
    size_t mode_count;
    struct tdm_rail *rails;
    size_t rail_count;
    struct tdm_thermal *thermals;
    size_t thermal_count;
    struct tdm_processor *processors;
    size_t processor_count;
    struct tdm_sysfs *sysfs;
    size_t sysfs_count;
    struct tdm_power *powers; /**< one a set of rails */
    size_t power_count;
    struct tdm_fit *fits; /**< one a (dnn, mode, precision, batch) */
    size_t fit_count;
    struct tdm_latency *latencies; /**< what the fits share: at most one */
    size_t latency_count;

    const struct tdm_domain_info *domain[TDM_DOMAINS]; /**< filled after reading */
    const char *path;
    struct tdm_arena *arena; /**< owns all of the above */
};

extern const struct tdm_element tdm_board_schema;

/**
 * Loads a board by file path, or by name from the platforms folders. NULL with `error` filled.
 * The caller frees it.
 */
struct tdm_board *tdm_board_load(const char *name_or_path, struct tdm_error *error);
void tdm_board_free(struct tdm_board *board);

/** Writes a complete board file. */
void tdm_board_write(const struct tdm_board *board, FILE *stream);

/** Index of the OPP whose frequency is `hz` within 0.1 %; -1 if the domain has none. */
int tdm_domain_opp(const struct tdm_domain_info *domain, double hz);
/** Index of the lowest OPP with at least `hz`, as the kernel rounds; the top one above all. */
int tdm_domain_round(const struct tdm_domain_info *domain, double hz);

/** The memory OPP in force when nothing locks it and the GPU runs at `gpu_hz`. */
int tdm_board_floor(const struct tdm_board *board, double gpu_hz);

const struct tdm_mode *tdm_board_mode(const struct tdm_board *board, const char *name);
const struct tdm_processor *tdm_board_processor(const struct tdm_board *board, const char *name);

/**
 * W that a total over the board has above what the rail set `rails` ("A+B+C") covers: the idle
 * power of the total rails that the set leaves out. NAN with `error` filled for an unknown rail.
 */
double tdm_board_rails_gap(const struct tdm_board *board, const char *rails,
                           struct tdm_error *error);

#endif

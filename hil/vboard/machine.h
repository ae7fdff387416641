// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The state of a virtual board, and how it goes on in time: clocks settle, governors look, works
 * progress, heat flows, energy adds up.
 *
 * Everything but vb_machine_new and _free wants `lock` held. `vb_advance` brings the state to the
 * present; who changes what a clock depends on calls `vb_retarget`.
 */
#ifndef VB_MACHINE_H
#define VB_MACHINE_H

#include <pthread.h>

#include "core/random.h"
#include "engine/heat.h"
#include "hil/vboard/fault.h"
#include "hil/vboard/physics.h"
#include "hil/vboard/trace.h"
#include "hil/vboard/tree.h"

enum {
    VB_CPUS = 16,
    VB_POLICIES = 8,
    VB_RAILS = 16,
    VB_SENSORS = 4,
    VB_CHANNELS = 3,
    VB_FLAGS = 32
};

/** A clock and where it is going. OPP indices. */
struct vb_clock {
    const struct tdm_domain_info *info;
    int opp;        /**< in force */
    int goal;       /**< in force from `settles` on */
    double settles; /**< s; INFINITY while nothing changes */
};

/** A cpufreq policy. Hz. */
struct vb_policy {
    int first;                /**< its number: that of its first CPU */
    int cpus[VB_CPUS], count; /**< its CPUs */
    struct vb_clock clock;
    double ask_min, ask_max; /**< as written */
    double min, max;         /**< in force */
    double speed;            /**< scaling_setspeed; 0: not set */
    int governor;            /**< into the list of the kernel */
    int governed;            /**< OPP that the governor has chosen */
};

struct vb_gpu {
    struct vb_clock clock;
    double ask_min, ask_max; /**< as written; max 0: no limit */
    double speed;            /**< userspace/set_freq; 0: not set */
    int governor, governed;
    bool railgate;
    double idle_since; /**< s; INFINITY while it works */
};

struct vb_emc {
    struct vb_clock clock;
    double asked; /**< Hz of the lock; 0: none written */
    bool locked;
    double cap; /**< Hz; 0: none */
};

struct vb_fan {
    int target, now;
    bool automatic;
};

/** One INA3221. */
struct vb_sensor {
    char address[16];             /**< "7-0040" */
    int rail[VB_CHANNELS];        /**< index into the board's rails; -1: not connected */
    double mean[VB_CHANNELS];     /**< W over the last conversion window (continuous mode) */
    double before[VB_CHANNELS];   /**< J when the window began */
    double limit[VB_CHANNELS][2]; /**< mA: warning, critical */
    double supply[VB_CHANNELS];   /**< V */
};

struct vb_job {
    struct vb_request request;
    const struct vb_task *task; /**< NULL for plain CPU work */
    int domain;                 /**< whose processor it occupies: TDM_GPU or TDM_CPU */
    double left;                /**< of a dnn: share; of CPU work: s at the top clock */
    double factor;              /**< jitter */
    double started, took;       /**< s; took is set when it is done */
    bool done;
    struct vb_job *next;
};

struct vb_options {
    const char *board, *jetpack; /**< NULL jetpack: the first of the board's map */
    const char *mode;            /**< power mode; NULL: the board's default */
    const char *physics;
    uint64_t seed;
    double noise;                   /**< factor on all noise and drift; 0: none */
    double ambient, warm;           /**< degC; NAN: the board's, and ambient */
    const char *boot_id;            /**< NULL: a new one */
    double (*clock)(void *context); /**< s, monotonic; NULL: the real one */
    void *clock_context;
};

struct vb_machine {
    pthread_mutex_t lock;
    pthread_cond_t changed; /**< what jobs and sleepers wait for has changed */
    struct tdm_board *board;
    struct vb_physics *physics;
    struct vb_node *root;
    struct vb_faults faults;
    struct vb_trace trace;
    char jetpack[8];
    char boot_id[40];
    char mode_status[64];
    double (*clock)(void *context);
    void *clock_context;
    double origin; /**< of the clock, s */
    double now;    /**< s since the start */
    bool stopping;

    bool online[VB_CPUS];
    int cpu_count;
    struct vb_policy policies[VB_POLICIES];
    int policy_count;
    struct vb_gpu gpu;
    struct vb_emc emc;
    struct vb_fan fan;
    struct vb_sensor sensors[VB_SENSORS];
    int sensor_count;
    char flags[VB_FLAGS][16]; /**< files that only keep what is written */
    int flag_count;

    struct vb_job *jobs;
    double stall_until[TDM_DOMAINS]; /**< s */
    double busy[TDM_DOMAINS];        /**< integral of the utilisation since the last look, s */
    double looked[TDM_DOMAINS], look[TDM_DOMAINS]; /**< s: the last look and the next */
    double use[TDM_DOMAINS];                       /**< utilisation at present */

    struct tdm_heat heat;
    double rail_watts[VB_RAILS], rail_joules[VB_RAILS];
    double watts, joules; /**< of the rails that make up the total */
    double noise, drift;  /**< drift: a standard normal that wanders */
    double next_noise, next_window;
    struct tdm_random random;
};

/** NULL with `error`. The caller frees it. */
struct vb_machine *vb_machine_new(const struct vb_options *options, struct tdm_error *error);
void vb_machine_free(struct vb_machine *machine);

/** Seconds since the start by the machine's clock. */
double vb_time(const struct vb_machine *machine);
/** Brings the state to the present. */
void vb_advance(struct vb_machine *machine);
/** Chooses every clock's goal anew from limits, governors, locks, caps and heat. */
void vb_retarget(struct vb_machine *machine);
/** The time of the next thing that happens by itself, s. */
double vb_next_event(const struct vb_machine *machine);

bool vb_modern(const struct vb_machine *machine); /**< JetPack 5 and later */
int vb_cores_online(const struct vb_machine *machine);
bool vb_policy_online(const struct vb_machine *machine, const struct vb_policy *policy);
/** The policy of a CPU. */
struct vb_policy *vb_policy_of(struct vb_machine *machine, int cpu);
/** Limits of cpufreq from what was written; where they cross, the maximum wins. */
void vb_policy_limit(struct vb_policy *policy);
void vb_policy_defaults(const struct vb_machine *machine, struct vb_policy *policy);
double vb_hz(const struct vb_clock *clock);
double vb_top(const struct vb_clock *clock);
/** Lowest OPP of at least `hz`, to the hertz as the kernel has it; the top one above all. */
int vb_opp_above(const struct tdm_domain_info *info, double hz);
/** Lowest OPP of at least `hz` that `most` allows, else the highest that it allows. */
int vb_opp_within(const struct tdm_domain_info *info, double hz, double most);
bool vb_gpu_gated(const struct vb_machine *machine);

// ---- power.c: what flows ------------------------------------------------------------------------

/** Progress of a job, per second: of its share, or of its s. */
double vb_job_rate(struct vb_machine *machine, const struct vb_job *job);
/** Fills use, watts and rail_watts for the present moment. */
void vb_flow(struct vb_machine *machine);

// ---- jobs.c -------------------------------------------------------------------------------------

/** Starts a job; `machine` owns it until vb_job_end. NULL with `error`. */
struct vb_job *vb_job_start(struct vb_machine *machine, const char *line, struct tdm_error *error);
void vb_job_end(struct vb_machine *machine, struct vb_job *job);
/** Waits until it is done, or `given_up` says so. False if it was given up. */
bool vb_job_wait(struct vb_machine *machine, struct vb_job *job, bool (*given_up)(void *context),
                 void *context);

// ---- reading and writing, as every way in does it -----------------------------------------------

/** Locks, sleeps as long as it takes, and reads: a length or -errno. */
int vb_read(struct vb_machine *machine, const struct vb_node *node, char *text, size_t size,
            bool (*given_up)(void *context), void *context);
/** Locks and writes: 0 or -errno. Traced. */
int vb_write(struct vb_machine *machine, const struct vb_node *node, const char *data, size_t size,
             bool (*given_up)(void *context), void *context);

/** Lays out the tree for the machine's board. -1 with `error`. */
int vb_layout(struct vb_machine *machine, struct tdm_error *error);
/** Reads the board's sensors from its rails; before the layout. */
void vb_sensors_find(struct vb_machine *machine);
/** Applies a power mode to the knobs, as nvpmodel does when the board starts. */
int vb_mode_apply(struct vb_machine *machine, const char *name, struct tdm_error *error);

#endif

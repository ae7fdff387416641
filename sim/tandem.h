// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Tandem: DNN inference on edge boards that work in tandem with a cloud.
 *
 * The one public header of libtandem. All quantities are SI: s, Hz, W, J, V, bytes, bytes/s, FLOP
 * (1 MAC = 2 FLOP); temperatures are degC. Types are opaque where they own memory; plain structs
 * are filled in by the library and may be copied. Functions that read what people wrote return
 * -1 or NULL and fill a `struct tdm_error`. Nothing here is thread-safe unless it says so:
 * distinct objects may be used from distinct threads.
 */
#ifndef TANDEM_H
#define TANDEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/** What went wrong, where, and what would be right. Plain memory; nothing to free. */
struct tdm_error {
    char file[256];    /**< "" where no file is to blame */
    long line, column; /**< from 1; 0: unknown */
    char message[512];
};

/** Writes "FILE:LINE:COLUMN: message" (less what is unknown) into `text`. Returns its length. */
int tdm_error_format(const struct tdm_error *error, char *text, size_t size);

/** The library's version, "0.1.0". */
const char *tdm_version(void);

// ---- plans, outcomes, states -------------------------------------------------------------------

enum { TDM_CLOCKS = 3 };    /**< cpu, gpu, emc, in this order wherever clocks are listed */
enum { TDM_KNOBS = 10 };    /**< cpu, gpu, emc, processor, cut, xi, bits, link, version, exit */
enum { TDM_GOVERNED = -1 }; /**< in place of an OPP: the board's governor chooses */

/**
 * One decision for one request. OPPs are indices into the board's domains, lowest first.
 *
 * What runs where follows from `point` and `xi`: the board runs every layer before the point;
 * beyond it, the share `xi` of the channels goes to the server while the board runs the rest. So
 * xi = 0 is "all on the board", point = 0 with xi = 1 is "send the input". At an exit the network
 * ends earlier: with the layers before it and its branch, wherever they run. Its points are those
 * up to the exit, and one after all of that.
 *
 * Shares are a coordinator's: where those of all boards in a cell, and of all at a server, sum to
 * at most 1, and a board has one request in flight, nobody contends and "analytic:" is exact.
 * "simgrid:" finds out itself who gets what: a run breaks off where a plan has shares.
 */
struct tdm_plan {
    int opp[TDM_CLOCKS]; /**< OPP to lock, or TDM_GOVERNED */
    int cap[TDM_CLOCKS]; /**< where governed: the highest OPP allowed; -1: no cap */
    int governor;        /**< where governed: a governor for cpu and gpu; -1: the board's own */
    int cores;           /**< CPU cores online; 0: all */
    int processor;       /**< index of the board's processor that runs the stages */
    int version;         /**< of the network: 0: the stream's dnn; 1…: its `versions`, in order */
    int first;           /**< a version that the board runs whole before all that; 0: none */
    int exit;            /**< where it is left: 1…: its exits, in order; 0: at none */
    int point;           /**< cut point of it: 0 before the first layer, cuts + 1 after the last */
    double xi;           /**< share of the channels beyond the point that is sent, 0 to 1 */
    int bits;            /**< of each value that is sent: 32, 16 or 8; the input is sent as it is */
    int link;            /**< index among the board's links */
    double thinking;     /**< s of one CPU core that deciding takes before anything else happens */
    double link_share;   /**< of the link's rate, both ways, that it is allotted; 0: all of it */
    double server_share; /**< of the server's speed that it is allotted; 0: all of it */
};

/** What a plan led to. Times of day are s since the start of the run. */
struct tdm_outcome {
    int board;        /**< index in the scenario */
    int stream;       /**< index in the scenario */
    uint64_t request; /**< counts from 0 on each board */
    struct tdm_plan plan;
    double arrival, start, answer; /**< came, service began, answered (INFINITY: never) */
    double latency;                /**< s, TTI: answer - arrival */
    double waited;                 /**< s for the board */
    double thinking;               /**< s that it waited for its decision */
    double switching;              /**< s stalled by clock changes */
    double head;             /**< s that `first`, the layers before the point and packing took */
    double local;            /**< s that the board's share beyond the point took */
    double up, remote, down; /**< s sending, on the server (queue included), receiving */
    double energy;           /**< J, ETI: board from start to answer, plus radio with a full tail */
    double board_energy, radio_energy, server_energy; /**< J; the server's may be NAN */
    double sent, received;                            /**< bytes */
    double accuracy;                                  /**< expected; NAN where nothing is known */
    double difficulty; /**< of the request, 0 to 1; NAN: its stream's are alike, or dropped */
    double bandwidth; /**< bytes/s up, of the state that was decided on; NAN: no link, or dropped */
    double cost;      /**< J: eta ETI + (1 - eta) Pmax TTI */
    bool late;        /**< its stream has a deadline, and it was missed */
    bool dropped;     /**< by its stream's rule; then only arrival and start mean anything */
};

/** What is known when a decision is due; sensors show what a sensor would have shown. */
struct tdm_state {
    int board, stream; /**< indices in the scenario */
    uint64_t request;
    double now;         /**< s */
    double arrival;     /**< s */
    double deadline;    /**< s after the arrival; INFINITY: none */
    size_t queued;      /**< requests that wait behind this one */
    double rate;        /**< mean arrivals per s of the stream; NAN: a closed loop */
    int link;           /**< the link that `bandwidth`, `rtt` and `signal` speak of: the first */
    double bandwidth;   /**< bytes/s up, as the last of the probes that go out every second saw */
    double trend;       /**< change of `bandwidth` from the probe before */
    double rtt, signal; /**< s, dBm; NAN: not known */
    double temperature; /**< degC, of the sensor */
    double power;       /**< W, of the total rails' sensors */
    double load[TDM_CLOCKS]; /**< of co-runners, 0 to 1 */
    double difficulty;       /**< of the request, 0 to 1; NAN: its stream's are alike. To tell, a
                                network must run on it, which is a plan's `first` */
    int opp[TDM_CLOCKS];     /**< clocks in force */
    struct tdm_plan last;    /**< the previous plan on this board */
    struct tdm_unit *unit;   /**< the board within the run, for policies that look ahead */
};

// ---- running a scenario ------------------------------------------------------------------------

struct tdm_scenario;
struct tdm_engine;
struct tdm_unit;

/**
 * Reads a scenario file, or one of platforms/scenarios by name, with everything that it names.
 * NULL with `error` filled. The caller frees it, after the engines that run it.
 */
struct tdm_scenario *tdm_scenario_load(const char *name_or_path, struct tdm_error *error);
void tdm_scenario_free(struct tdm_scenario *scenario);

enum tdm_event_kind {
    TDM_DECISION, /**< `state` is filled: answer with tdm_engine_decide before the next event */
    TDM_OUTCOME,  /**< `outcome` is filled */
};

/** What happens next. The pointers are the engine's, valid until the next call into it. */
struct tdm_event {
    enum tdm_event_kind kind;
    const struct tdm_state *state;
    const struct tdm_outcome *outcome;
};

/**
 * Opens an engine by URI over a scenario, which must outlive it: "analytic:", in closed form, as if
 * each board were alone; or "simgrid:", where boards contend for cells, servers and platforms. NULL
 * chooses "simgrid:" where anything is shared. `seed` 0 takes the scenario's. NULL with `error`
 * filled. The caller frees it.
 *
 * SimGrid runs once a process, from the first tdm_engine_next of an engine of "simgrid:" on. None
 * can be opened after that, and of those that are open already, tdm_engine_next is false and
 * tdm_engine_check says why. Let each run have a process of its own, as `tandem compare` does.
 */
struct tdm_engine *tdm_engine_open(const char *uri, const struct tdm_scenario *scenario,
                                   uint64_t seed, struct tdm_error *error);
void tdm_engine_free(struct tdm_engine *engine);

/** Advances to the next event, in order of time. False at the end of the run, or if it broke off.
 */
bool tdm_engine_next(struct tdm_engine *engine, struct tdm_event *event);

/** After the last event: 0, or -1 with `error` if the run could not go on. */
int tdm_engine_check(const struct tdm_engine *engine, struct tdm_error *error);

/** Answers the decision event just handed out. `plan` must be possible (asserted). */
void tdm_engine_decide(struct tdm_engine *engine, const struct tdm_plan *plan);

// ---- environments ------------------------------------------------------------------------------

/**
 * An environment is a scenario in which somebody else decides: one step is one request. What is
 * observed, which knobs are free, the reward, the length of an episode and what thinking costs come
 * from the scenario (`tandem help environment`).
 *
 * Where several boards or requests in flight decide in turn, a step is the decision that is due
 * next, of whatever board, and its reward is that of all requests that were answered until the one
 * after it.
 *
 * With a <environment period="…"> the boards' streams take turns instead, once a period, in the
 * scenario's order: each step decides for one of them until the next period, and shares of links
 * and servers follow from all of them. The last one's step has the rewards of the whole period.
 *
 * An episode is truncated after the scenario's number of requests, or when its run is over, and
 * terminates where so many requests wait that the run is given up. The next one goes on from there,
 * or begins another run with another seed.
 */
struct tdm_env;

/** What it takes and gives. Texts are the library's. */
struct tdm_spaces {
    int observation;              /**< floats of an observation, each in [-1, 1] */
    int knobs;                    /**< free ones: integers of an action */
    int levels[TDM_KNOBS];        /**< of each; an action's integers are from 0 to levels - 1 */
    const char *names[TDM_KNOBS]; /**< of each */
    const char *entries[64];      /**< of the observation's floats */
};

/** What a step led to. */
struct tdm_step {
    float reward;
    bool terminated;   /**< the run was given up; `reward` is the worst there is */
    bool truncated;    /**< the episode is over otherwise; in either case, reset before the next */
    float exponent;    /**< the discount up to the next state is gamma to the power of it */
    uint32_t answered; /**< requests that the reward is of, dropped ones among them */
    uint32_t dropped;  /**< of them */
    uint32_t late;     /**< of them */
    double latency, energy, cost; /**< s, J, J: means of those that were served; NAN for none */
    double accuracy;              /**< mean; NAN where nothing is known */
};

/**
 * Opens an environment over a scenario, which must outlive it; `uri` as in tdm_engine_open. Engines
 * that run once a process ("simgrid:") get a process of their own for each run. NULL with `error`.
 * The caller frees it.
 */
struct tdm_env *tdm_env_open(const char *uri, const struct tdm_scenario *scenario,
                             struct tdm_error *error);
void tdm_env_free(struct tdm_env *env);

/** The environment's, as long as it lives. */
const struct tdm_spaces *tdm_env_spaces(const struct tdm_env *env);

/**
 * Begins an episode: with `seed`, the first of a run that is always the same; with 0, wherever the
 * last one ended. Writes the observation. -1 with `error` if there is no decision to be made, or
 * the run broke off.
 */
int tdm_env_reset(struct tdm_env *env, uint64_t seed, float *observation, struct tdm_error *error);

/**
 * Takes the action (asserted to be possible; NULL is fine where no knob is free), writes the next
 * observation (at the end of a run: the last one once more) and fills `step`. -1 with `error` if
 * the run broke off.
 */
int tdm_env_step(struct tdm_env *env, const int32_t *action, float *observation,
                 struct tdm_step *step, struct tdm_error *error);

/** What happens when an episode of many is over, as in Gymnasium. */
enum tdm_autoreset {
    TDM_NEXT_STEP, /**< the next step resets, ignores the action and has no reward */
    TDM_SAME_STEP, /**< at once; the last observation goes to `finals` */
    TDM_NO_RESET,  /**< whoever steps resets */
};

/**
 * Many environments in step, over buffers of the caller's, row by row: `count` rows each. Rows of
 * `observations` and `finals` are spaces.observation floats, of `actions` spaces.knobs integers.
 */
struct tdm_buffers {
    float *observations;
    const int32_t *actions;
    float *rewards;
    bool *terminations, *truncations;
    float *finals;          /**< only used with TDM_SAME_STEP; or NULL */
    struct tdm_step *steps; /**< all that is known of each; or NULL */
};
struct tdm_vec;

/** `count` environments, whose buffers are set by tdm_vec_use. NULL with `error`. */
struct tdm_vec *tdm_vec_open(const char *uri, const struct tdm_scenario *scenario, size_t count,
                             enum tdm_autoreset autoreset, struct tdm_error *error);
void tdm_vec_free(struct tdm_vec *vec);
const struct tdm_spaces *tdm_vec_spaces(const struct tdm_vec *vec);
/** Lends buffers until the next call, or the end. */
void tdm_vec_use(struct tdm_vec *vec, const struct tdm_buffers *buffers);

/**
 * Resets those whose `mask` is true, or all where it is NULL. Seeds as in tdm_env_reset, one each;
 * NULL: 0 for all, but then the first runs have the seeds of the scenario's and up. Others' rows
 * stay. -1 with `error`.
 */
int tdm_vec_reset(struct tdm_vec *vec, const uint64_t *seeds, const bool *mask,
                  struct tdm_error *error);
/**
 * One step of each; after -1 with `error`, only a reset of all makes sense. The heap is touched
 * only where a plan is met for the first time, or a queue is longer than ever.
 */
int tdm_vec_step(struct tdm_vec *vec, struct tdm_error *error);

// ---- policies ----------------------------------------------------------------------------------

struct tdm_policy;

/**
 * Opens a policy by name, "NAME" or "NAME:ARGUMENT", for a scenario, which must outlive it. NULL
 * with `error` filled, naming the nearest. The caller frees it.
 */
struct tdm_policy *tdm_policy_open(const char *name, const struct tdm_scenario *scenario,
                                   uint64_t seed, struct tdm_error *error);
/** Frees it; before the engine whose states it has seen. NULL is fine. */
void tdm_policy_free(struct tdm_policy *policy);

/** Answers a decision event's state with a plan. */
void tdm_policy_decide(struct tdm_policy *policy, const struct tdm_state *state,
                       struct tdm_plan *plan);
/** Shows it what came of a plan. */
void tdm_policy_learn(struct tdm_policy *policy, const struct tdm_outcome *outcome);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif

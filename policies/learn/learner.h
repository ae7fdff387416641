// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Learners: floats in, one level a branch out, and transitions to learn from. Each is a file with a
 * const type; learner.c lists them. A trainer drives any of them:
 *
 *     tdm_learner_act(learner, observation, true, action);
 *     ... the world does its part ...
 *     tdm_learner_observe(learner, &transition);
 *     tdm_learner_update(learner);
 *
 * What is fed decides what is learned: with discounts of gamma^(t_AS / H), and the previous action
 * and t_AS / H among the inputs, Q-learning is that of Xiao et al., "Thinking While Moving" (ICLR
 * 2020).
 */
#ifndef TDM_POLICIES_LEARN_LEARNER_H
#define TDM_POLICIES_LEARN_LEARNER_H

#include "policies/learn/options.h"
#include "policies/learn/replay.h"

enum {
    TDM_LEARN_BRANCHES = 32,
    TDM_LEARN_LEVELS = 4096, /**< of a branch */
    TDM_LEARN_WIDEST = 4096, /**< numbers of an observation */
    TDM_LEARN_EDGES = 1024,  /**< between bins of an input */
    TDM_LEARN_DUE = 4096     /**< minibatches that may wait */
};

/** What goes in and comes out. */
struct tdm_learn_shape {
    int observation;                /**< floats, 1 to TDM_LEARN_WIDEST */
    int branches;                   /**< numbers of an action, 1 to TDM_LEARN_BRANCHES */
    int levels[TDM_LEARN_BRANCHES]; /**< of each, 1 to TDM_LEARN_LEVELS */
    /**
     * For tables: how many edges between bins each input has (0: it is not looked at), and all
     * edges in a row, ascending within an input. A value on an edge is above it. Borrowed until
     * tdm_learner_open returns.
     */
    const int32_t *edge_counts;
    const float *edges;
};

/** How it goes. */
struct tdm_learn_health {
    int64_t steps;      /**< transitions observed */
    int64_t discarded;  /**< transitions left out, because a number in them was not finite */
    int64_t updates;    /**< minibatches (tables: transitions) learned from */
    int64_t refused;    /**< minibatches whose loss or gradient was not finite, left out */
    double loss;        /**< of the last minibatch; tables: of the last transition */
    double gradient;    /**< norm of the last gradient before clipping; NAN for tables */
    double value;       /**< mean value of the last minibatch's actions */
    double epsilon;     /**< share of random actions now; NAN where there are none */
    double temperature; /**< of the soft actor-critic; else NAN */
    double entropy;     /**< of its policy in the last minibatch, mean a branch; else NAN */
    int64_t visited;    /**< states that a table has seen; else 0 */
    int64_t states;     /**< states that a table has; else 0 */
};

struct tdm_learner {
    const struct tdm_learner_type *type;
    struct tdm_learn_shape shape;
    struct tdm_learn_options options;
    bool learns; /**< or only acts, without the memory that learning takes */
    int64_t due; /**< minibatches that the transitions since the last update call for */
    struct tdm_learn_health health;
    void *own;
};

struct tdm_learner_type {
    const char *name, *summary;
    int id;              /**< in files: never changes */
    bool epsilon_greedy; /**< how it explores */
    bool bins;           /**< it needs the edges between bins */
    /** Where it fails, `close` cleans up. */
    int (*open)(struct tdm_learner *learner, struct tdm_error *error);
    void (*close)(struct tdm_learner *learner);
    void (*act)(struct tdm_learner *learner, const float *observation, bool explore,
                int32_t *action);
    /** NULL: one after the other. */
    void (*act_many)(struct tdm_learner *learner, const float *observations, int count,
                     bool explore, int32_t *actions);
    void (*observe)(struct tdm_learner *learner, const struct tdm_transition *transition);
    /** One minibatch. NULL: `observe` learns at once. */
    void (*update)(struct tdm_learner *learner);
    /** How many values, and which. */
    int (*values)(struct tdm_learner *learner, const float *observation, float *values);
    /** What is needed to act, or `whole`: all that is needed to go on. */
    void (*store)(struct tdm_learner *learner, struct tdm_store *store, bool whole);
};

/** All of them; ends with NULL. */
extern const struct tdm_learner_type *const tdm_learners[];

/** Of the type `name`; NULL with `error`. */
struct tdm_learner *tdm_learner_open(const char *name, const struct tdm_learn_shape *shape,
                                     const struct tdm_learn_options *options, bool learns,
                                     struct tdm_error *error);
/** NULL is fine. */
void tdm_learner_free(struct tdm_learner *learner);

/** The action for an observation; the best that is known, unless it may explore. */
void tdm_learner_act(struct tdm_learner *learner, const float *observation, bool explore,
                     int32_t *action);
/** The same for `count` rows. A tie, to the last bit, may end otherwise than in a single act. */
void tdm_learner_act_many(struct tdm_learner *learner, const float *observations, int count,
                          bool explore, int32_t *actions);
/** Remembers a transition; one that is not finite is only counted. */
void tdm_learner_observe(struct tdm_learner *learner, const struct tdm_transition *transition);
/**
 * Learns from as many minibatches as are due since the last time, one every `train_every`
 * transitions and TDM_LEARN_DUE at most; returns how many, refused ones among them.
 */
int64_t tdm_learner_update(struct tdm_learner *learner);

/**
 * What it thinks of each choice: Q by head and level, the soft actor-critic's probabilities, or a
 * table's Q by combination. Returns how many; `values` (NULL: only count them) has to take them.
 */
int tdm_learner_values(struct tdm_learner *learner, const float *observation, float *values);

struct tdm_learn_health tdm_learner_health(const struct tdm_learner *learner);

/**
 * Writes the learner into a group of an open file: what is needed to act, or `whole`, with which
 * learning goes on as if it had never stopped, to the last bit.
 */
int tdm_learner_save(struct tdm_learner *learner, struct tdm_h5 *file, const char *path, bool whole,
                     struct tdm_error *error);
/**
 * Reads one that was saved into a learner of the same type, shape and layers. After a failure it
 * holds parts of both: free it.
 */
int tdm_learner_load(struct tdm_learner *learner, struct tdm_h5 *file, const char *path, bool whole,
                     struct tdm_error *error);
/** A new learner from a file: type, shape, options and all. `whole`: to go on learning. */
struct tdm_learner *tdm_learner_read(struct tdm_h5 *file, const char *path, bool whole,
                                     struct tdm_error *error);

// ---- for the types -----------------------------------------------------------------------------

/** Share of random actions now. */
double tdm_learner_epsilon(const struct tdm_learner *learner);
/** Step size of the optimiser now. */
double tdm_learner_rate(const struct tdm_learner *learner);
/** Share of the bias of priorities that is taken back now. */
double tdm_learner_beta(const struct tdm_learner *learner);
/** A random level of each branch. */
void tdm_learner_wander(const struct tdm_learner *learner, struct tdm_random *random,
                        int32_t *action);
/** The memory and the batches that the options ask for. */
int tdm_learner_remember(const struct tdm_learner *learner, struct tdm_replay *replay,
                         struct tdm_batch *batch, struct tdm_error *error);
/** The product of the levels, or -1 where it is more than `most`. */
int64_t tdm_learn_combinations(const struct tdm_learn_shape *shape, int64_t most);

#endif

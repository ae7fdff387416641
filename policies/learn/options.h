// SPDX-License-Identifier: GPL-3.0-or-later
/** What can be set about learners: one struct, and a table that knows defaults and ranges. */
#ifndef TDM_POLICIES_LEARN_OPTIONS_H
#define TDM_POLICIES_LEARN_OPTIONS_H

#include "policies/learn/store.h"
#include "tandem.h"

enum { TDM_LEARN_HIDDEN = 4 };

struct tdm_learn_options {
    int64_t hidden[TDM_LEARN_HIDDEN]; /**< units of the hidden layers; 0: no further one */
    double rate;                      /**< step size of Adam; of a table, the learning rate */
    double rate_end;                  /**< share of it that is left at last; not of tables */
    int64_t rate_steps;               /**< minibatches until then */
    double gamma;         /**< discount of a step, for who makes the transitions' discounts */
    double knee;          /**< where Huber's loss turns straight */
    double clip;          /**< longest gradient */
    int64_t batch;        /**< transitions a minibatch */
    int64_t capacity;     /**< transitions remembered */
    int64_t warmup;       /**< transitions before the first minibatch */
    int64_t train_every;  /**< transitions a minibatch */
    int64_t target_every; /**< minibatches between updates of the target network */
    double target_rate;   /**< how far such an update goes; 1: a copy */
    double epsilon_start, epsilon_end; /**< share of random actions, first and last */
    int64_t epsilon_steps;             /**< transitions from one to the other */
    double softness;        /**< others by exp(value / this), of deep Q-networks; 0: the best */
    double priority_alpha;  /**< exponent of priorities */
    double priority_beta;   /**< share of the bias taken back at first; 1 at last */
    int64_t priority_steps; /**< minibatches from one to the other */
    double temperature;     /**< of the soft actor-critic, at first */
    double entropy_ratio;   /**< target entropy, as a share of the largest */
    double initial;         /**< a table starts with values of 0 to this */
    int64_t seed;
    bool double_q;          /**< the online network chooses, the target values */
    bool dueling;           /**< values and advantages apart */
    bool branching;         /**< a head a knob; else one for all combinations */
    bool prioritised;       /**< replay by priority */
    bool adapt_temperature; /**< towards the target entropy */
    bool done;              /**< each transition ends its episode: nothing after it counts */
};

/** How an option is written, and what it may be. */
struct tdm_learn_option {
    const char *name, *summary;
    enum { TDM_OPTION_INTEGER, TDM_OPTION_NUMBER, TDM_OPTION_SWITCH } kind;
    size_t offset; /**< of an int64_t, a double or a bool */
    double low, high, fallback;
};

/** Every field of the struct; ends with a name of NULL. */
extern const struct tdm_learn_option tdm_learn_option_table[];

/** A value as a double, which holds every integer in its range. */
double tdm_learn_option_get(const struct tdm_learn_options *options,
                            const struct tdm_learn_option *option);
void tdm_learn_option_set(struct tdm_learn_options *options, const struct tdm_learn_option *option,
                          double value);

void tdm_learn_options_default(struct tdm_learn_options *options);
/** -1 with `error` where a value is out of its range, or two do not go together. */
int tdm_learn_options_check(const struct tdm_learn_options *options, struct tdm_error *error);
/** As attributes of the store's group. */
void tdm_learn_options_store(struct tdm_learn_options *options, struct tdm_store *store);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/learn/options.h"

#include <math.h>

#include "core/error.h"

#define AT(field) offsetof(struct tdm_learn_options, field)
#define INTEGER TDM_OPTION_INTEGER
#define NUMBER TDM_OPTION_NUMBER
#define SWITCH TDM_OPTION_SWITCH

const struct tdm_learn_option tdm_learn_option_table[] = {
    {"hidden_1", "units of the first hidden layer", INTEGER, AT(hidden[0]), 1, 4096, 128},
    {"hidden_2", "of the second; 0: none", INTEGER, AT(hidden[1]), 0, 4096, 64},
    {"hidden_3", "of the third; 0: none", INTEGER, AT(hidden[2]), 0, 4096, 32},
    {"hidden_4", "of the fourth; 0: none", INTEGER, AT(hidden[3]), 0, 4096, 0},
    {"rate", "learning rate", NUMBER, AT(rate), 1e-8, 1, 1e-3},
    {"rate_end", "share of it that is left at last", NUMBER, AT(rate_end), 1e-6, 1, 1},
    {"rate_steps", "minibatches until then", INTEGER, AT(rate_steps), 1, 1e12, 1e5},
    {"gamma", "discount of a step", NUMBER, AT(gamma), 0, 1, 0.99},
    {"knee", "error from which on the loss is straight", NUMBER, AT(knee), 1e-6, 1e6, 1},
    {"clip", "longest gradient", NUMBER, AT(clip), 1e-6, 1e6, 10},
    {"batch", "transitions a minibatch", INTEGER, AT(batch), 1, 4096, 64},
    {"capacity", "transitions remembered", INTEGER, AT(capacity), 1, 1e8, 1e5},
    {"warmup", "transitions before the first minibatch", INTEGER, AT(warmup), 1, 1e9, 1000},
    {"train_every", "transitions a minibatch", INTEGER, AT(train_every), 1, 1e6, 1},
    {"target_every", "minibatches a target update", INTEGER, AT(target_every), 1, 1e6, 1},
    {"target_rate", "how far a target update goes", NUMBER, AT(target_rate), 1e-6, 1, 0.005},
    {"epsilon_start", "random actions at first", NUMBER, AT(epsilon_start), 0, 1, 1},
    {"epsilon_end", "random actions at last", NUMBER, AT(epsilon_end), 0, 1, 0.05},
    {"epsilon_steps", "transitions in between", INTEGER, AT(epsilon_steps), 1, 1e12, 1e4},
    {"double_q", "double Q-learning", SWITCH, AT(double_q), 0, 1, 1},
    {"dueling", "values and advantages apart", SWITCH, AT(dueling), 0, 1, 1},
    {"branching", "a head a knob", SWITCH, AT(branching), 0, 1, 1},
    {"prioritised", "replay by priority", SWITCH, AT(prioritised), 0, 1, 0},
    {"softness", "others in proportion to exp(value / this); 0: the best", NUMBER, AT(softness), 0,
     1e6, 0},
    {"priority_alpha", "exponent of priorities", NUMBER, AT(priority_alpha), 0, 1, 0.6},
    {"priority_beta", "bias taken back at first", NUMBER, AT(priority_beta), 0, 1, 0.4},
    {"priority_steps", "minibatches until all is", INTEGER, AT(priority_steps), 1, 1e12, 1e5},
    {"temperature", "what entropy is worth at first", NUMBER, AT(temperature), 1e-6, 1e6, 0.2},
    {"adapt_temperature", "towards the target entropy", SWITCH, AT(adapt_temperature), 0, 1, 1},
    {"entropy_ratio", "target, of the largest entropy", NUMBER, AT(entropy_ratio), 0, 1, 0.98},
    {"initial", "a table's values at first: 0 to this", NUMBER, AT(initial), 0, 1e6, 0.01},
    {"done", "each step ends its episode: gamma is without effect", SWITCH, AT(done), 0, 1, 0},
    {"seed", "of all randomness", INTEGER, AT(seed), 0, 0x1p53, 1},
    {NULL, NULL, INTEGER, 0, 0, 0, 0},
};

double tdm_learn_option_get(const struct tdm_learn_options *options,
                            const struct tdm_learn_option *option)
{
    const void *field = (const char *)options + option->offset;
    switch (option->kind) {
    case INTEGER:
        return (double)*(const int64_t *)field;
    case SWITCH:
        return *(const bool *)field;
    default:
        return *(const double *)field;
    }
}

void tdm_learn_option_set(struct tdm_learn_options *options, const struct tdm_learn_option *option,
                          double value)
{
    void *field = (char *)options + option->offset;
    switch (option->kind) {
    case INTEGER:
        *(int64_t *)field = (int64_t)value;
        break;
    case SWITCH:
        *(bool *)field = value != 0;
        break;
    default:
        *(double *)field = value;
    }
}

void tdm_learn_options_default(struct tdm_learn_options *options)
{
    *options = (struct tdm_learn_options){0};
    for (const struct tdm_learn_option *o = tdm_learn_option_table; o->name; o++)
        tdm_learn_option_set(options, o, o->fallback);
}

int tdm_learn_options_check(const struct tdm_learn_options *options, struct tdm_error *error)
{
    for (const struct tdm_learn_option *o = tdm_learn_option_table; o->name; o++) {
        const double value = tdm_learn_option_get(options, o);
        if (!(value >= o->low && value <= o->high))
            return tdm_fail(error, "%s is %g, and must be from %g to %g", o->name, value, o->low,
                            o->high);
    }
    for (int i = 1; i < TDM_LEARN_HIDDEN; i++)
        if (options->hidden[i] && !options->hidden[i - 1])
            return tdm_fail(error, "hidden_%d is %lld, but there is no layer before it", i + 1,
                            (long long)options->hidden[i]);
    if (options->epsilon_end > options->epsilon_start)
        return tdm_fail(error, "epsilon_end is %g, more than epsilon_start (%g)",
                        options->epsilon_end, options->epsilon_start);
    return 0;
}

void tdm_learn_options_store(struct tdm_learn_options *options, struct tdm_store *store)
{
    for (const struct tdm_learn_option *o = tdm_learn_option_table; o->name; o++) {
        double value = tdm_learn_option_get(options, o);
        if (o->kind == NUMBER) {
            tdm_store_number(store, o->name, &value, o->low, o->high);
        } else {
            int64_t whole = (int64_t)value;
            tdm_store_integer(store, o->name, &whole, (int64_t)o->low, (int64_t)o->high);
            value = (double)whole;
        }
        if (store->failed) // then it may be anything
            return;
        tdm_learn_option_set(options, o, value);
    }
}

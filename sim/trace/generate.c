// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace/generate.h"

#include <math.h>
#include <string.h>

#include "core/random.h"
#include "core/text.h"

static const double mbit = 125e3; // bytes

struct link {
    const struct tdm_link_class *class;
    struct tdm_random random;
    int state;
    double left;             // s in this state
    double down, up, signal; // noises, each a standard normal with memory
};

const struct tdm_link_class *tdm_link_class_find(const char *name, struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, name);
    for (const struct tdm_link_class *c = tdm_link_classes; c->name; c++) {
        if (strcmp(c->name, name) == 0)
            return c;
        tdm_nearest_try(&nearest, c->name);
    }
    tdm_fail(error, "unknown class of links '%.40s'%s; 'tandem trace list' shows them", name,
             tdm_nearest_hint(&nearest));
    return NULL;
}

static int next_state(struct link *link)
{
    const struct tdm_link_state *state = &link->class->state[link->state];
    double chance = tdm_random_uniform(&link->random);
    for (int s = 0; s < link->class->states; s++) {
        chance -= state->next[s];
        if (chance < 0)
            return s;
    }
    return link->state;
}

// The noises after `step` s: the own part of each, and what they share.
static void shake(struct link *link, double step)
{
    const struct tdm_link_class *class = link->class;
    const double keep = exp(-step / class->memory), fresh = sqrt(1 - keep * keep);
    const double down = tdm_random_normal(&link->random), up = tdm_random_normal(&link->random),
                 signal = tdm_random_normal(&link->random);
    const double a = class->likeness, b = class->follows;
    link->down = keep * link->down + fresh * down;
    link->up = keep * link->up + fresh * (a * down + sqrt(1 - a * a) * up);
    link->signal = keep * link->signal + fresh * (b * down + sqrt(1 - b * b) * signal);
}

static double rate(const struct tdm_link_class *class, double mean, double spread, double noise,
                   double most)
{
    if (class->uniform) {
        const double share = 0.5 * erfc(-noise / sqrt(2)); // uniform in [0, 1]
        return class->least + (most - class->least) * share;
    }
    if (mean == 0)
        return 0;
    const double value = mean * exp(spread * noise - 0.5 * spread * spread);
    return fmin(fmax(value, class->least), most);
}

// Changes state as often as the step has room for; the step shows the state that it ends in.
static void advance(struct link *link, double step)
{
    for (link->left -= step; link->left <= 0;) {
        link->state = next_state(link);
        link->left += tdm_random_exponential(&link->random, link->class->state[link->state].dwell);
    }
    shake(link, step);
}

// From a state and noises that are already as they are in the long run.
static void start(struct link *link, const struct tdm_link_class *class, uint64_t seed)
{
    *link = (struct link){.class = class};
    tdm_random_seed(&link->random, seed, class->name, 0);
    link->left = tdm_random_exponential(&link->random, class->state[0].dwell);
    for (int i = 0; i < 1000; i++)
        advance(link, 1);
}

static void values_of(const struct link *link, double value[TDM_COLUMNS])
{
    const struct tdm_link_class *class = link->class;
    const struct tdm_link_state *state = &class->state[link->state];
    const double most_up = class->most_up > 0 ? class->most_up : class->most;
    const double up = rate(class, state->up, state->spread, link->up, most_up);
    const double down = rate(class, state->down, state->spread, link->down, class->most);
    value[TDM_COLUMN_UP] = round(up * 1e3) / 1e3 * mbit;
    value[TDM_COLUMN_DOWN] = round(down * 1e3) / 1e3 * mbit;
    value[TDM_COLUMN_RTT] = NAN;
    value[TDM_COLUMN_SIGNAL] = round((state->signal + class->fading * link->signal) * 10) / 10;
}

int tdm_link_generate(struct tdm_series *out, const struct tdm_link_class *class, double duration,
                      double step, uint64_t seed, struct tdm_error *error)
{
    if (!(duration > 0 && duration <= TDM_TRACE_MOST_SECONDS))
        return tdm_fail(error, "the duration is %g s; it must lie above 0 and at most at %g s",
                        duration, TDM_TRACE_MOST_SECONDS);
    if (!(step >= 1e-6 && step <= 1e6))
        return tdm_fail(error, "the step is %g s; it must lie between 1e-6 and 1e6 s", step);
    if (duration / step > (double)TDM_TRACE_MOST_SAMPLES)
        return tdm_fail(error, "steps of %g s over %g s are more than %zu samples", step, duration,
                        TDM_TRACE_MOST_SAMPLES);
    struct link link;
    start(&link, class, seed);
    for (size_t k = 0; (double)k * step < duration - TDM_TRACE_LEAST_STEP; k++) {
        double value[TDM_COLUMNS];
        values_of(&link, value);
        if (tdm_series_push(out, (double)k * step, value, error) < 0)
            return -1;
        advance(&link, step);
    }
    out->duration = duration;
    out->loop = true;
    return 0;
}

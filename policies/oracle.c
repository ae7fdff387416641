// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/policy.h"

#include <assert.h>
#include <stdlib.h>

#include "core/error.h"
#include "policies/search.h"

struct oracle {
    struct tdm_search **searches; // one a stream, made when its first request comes
    size_t count;
};

static int open_oracle(struct tdm_policy *policy, const char *argument, uint64_t seed,
                       struct tdm_error *error)
{
    if (tdm_policy_no_argument(policy, argument, seed, error))
        return -1;
    struct oracle *oracle = calloc(1, sizeof *oracle);
    if (!oracle)
        return tdm_fail(error, "out of memory");
    oracle->count = policy->scenario->stream_count;
    oracle->searches = calloc(oracle->count, sizeof(struct tdm_search *));
    policy->own = oracle;
    if (oracle->searches)
        return 0;
    free(oracle);
    return tdm_fail(error, "out of memory");
}

static void decide(struct tdm_policy *policy, const struct tdm_state *state, struct tdm_plan *plan)
{
    struct oracle *oracle = policy->own;
    struct tdm_search **search = &oracle->searches[state->stream];
    if (!*search)
        *search = tdm_search_new(state->unit, tdm_unit_queue(state->unit, state->stream), false);
    assert(*search && "the plans of a scenario fit into memory");
    tdm_search_best(*search, state, plan);
}

static void close_oracle(struct tdm_policy *policy)
{
    struct oracle *oracle = policy->own;
    for (size_t i = 0; i < oracle->count; i++)
        tdm_search_free(oracle->searches[i]);
    free(oracle->searches);
    free(oracle);
}

const struct tdm_policy_type tdm_policy_oracle = {
    .name = "oracle",
    .summary = "the exact minimum of each request's cost, knowing the link's future",
    .help = "Evaluates, over every knob and level that the scenario frees, what the request would "
            "cost from the present state and with the true trace, and takes the least; bounds skip "
            "what cannot be better. Greedy over requests, so not a bound over a run: compare "
            "prints a true lower bound, too.",
    .open = open_oracle,
    .decide = decide,
    .close = close_oracle,
};

// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What MCIA decides (Qi et al., ACM TECS 2023), without learning: once a period, the versions and
 * cuts of all streams by search, with the best shares of link and server for each. mcia.md says
 * what is the paper's and what is ours.
 */
#include "policies/policy.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "policies/allotment.h"

struct shares {
    struct tdm_coordinator *coordinator;
    struct tdm_allotment *allotment;
    struct tdm_options *options; // by stream
    struct tdm_plan **plans;     // … and option
    struct tdm_claim **claims;
    int *choice;
    bool equal, listed;
};

static void close_shares(struct tdm_policy *policy)
{
    struct shares *s = policy->own;
    if (!s)
        return;
    for (size_t i = 0; i < policy->scenario->stream_count; i++) {
        if (s->plans)
            free(s->plans[i]);
        if (s->claims)
            free(s->claims[i]);
    }
    tdm_coordinator_free(s->coordinator);
    tdm_allotment_free(s->allotment);
    free(s->options);
    free(s->plans);
    free(s->claims);
    free(s->choice);
    free(s);
    policy->own = NULL;
}

static double period_of(const struct tdm_scenario *scenario)
{
    const double period =
        scenario->environment_count ? scenario->environments[0].period : (double)NAN;
    return isnan(period) ? 1 : period;
}

static int open_shares(struct tdm_policy *policy, const char *argument, uint64_t seed,
                       struct tdm_error *error)
{
    (void)seed;
    const struct tdm_scenario *scenario = policy->scenario;
    const size_t count = scenario->stream_count;
    if (argument[0] && strcmp(argument, "equal") != 0)
        return tdm_fail(error, "the policy 'mcia-shares' takes 'equal' or nothing, not '%.32s'",
                        argument);
    struct shares *s = calloc(1, sizeof *s);
    policy->own = s;
    if (!s)
        return tdm_fail(error, "out of memory");
    s->equal = argument[0];
    s->coordinator = tdm_coordinator_new(scenario, period_of(scenario));
    s->allotment = tdm_allotment_new(count, scenario->link_count, scenario->server_count);
    s->options = calloc(count, sizeof *s->options);
    s->plans = calloc(count, sizeof(struct tdm_plan *));
    s->claims = calloc(count, sizeof(struct tdm_claim *));
    s->choice = calloc(count, sizeof *s->choice);
    if (s->coordinator && s->allotment && s->options && s->plans && s->claims && s->choice)
        return 0;
    close_shares(policy);
    return tdm_fail(error, "out of memory");
}

// ---- options -----------------------------------------------------------------------------------

static bool may_send(const struct tdm_levels *levels)
{
    return levels->xi_count && levels->xi[levels->xi_count - 1] >= 1 && levels->link_count;
}

// Every version on the board, and cut at every point; clocks and all else as the member has them.
static void list_options(struct shares *s, size_t stream)
{
    const struct tdm_member *m = &s->coordinator->members[stream];
    const struct tdm_queue *queue = tdm_unit_queue(m->unit, m->stream);
    const struct tdm_levels *levels = queue->levels;
    int count = levels->version_count;
    for (int v = 0; v < levels->version_count; v++)
        count += levels->version_points[levels->version[v]];
    struct tdm_plan *plans = calloc((size_t)count, sizeof *plans);
    s->plans[stream] = plans;
    s->claims[stream] = calloc((size_t)count, sizeof(struct tdm_claim));
    s->options[stream] = (struct tdm_options){.link = m->link, .server = m->server};
    assert(plans && s->claims[stream] && "the plans of a scenario fit into memory");
    count = 0;
    for (int v = 0; v < levels->version_count; v++) {
        const int version = levels->version[v];
        struct tdm_plan plan = m->plan;
        plan.version = version;
        plan.point = queue->versions[version].costs->point_count - 1;
        plans[count++] = plan;
        for (int p = 0; may_send(levels) && p < levels->version_points[version]; p++) {
            plan.point = levels->version_point[version][p];
            plan.xi = 1;
            plan.bits = levels->bits[0];
            plans[count++] = plan;
        }
    }
    s->options[stream].claims = s->claims[stream];
    s->options[stream].count = count;
}

static void weigh_options(struct shares *s)
{
    for (size_t i = 0; i < s->coordinator->count; i++)
        for (int o = 0; o < s->options[i].count; o++)
            tdm_coordinator_claim(&s->coordinator->members[i], &s->plans[i][o], &s->claims[i][o]);
}

static void list_all(struct shares *s)
{
    for (size_t i = 0; i < s->coordinator->count; i++)
        list_options(s, i);
    s->listed = true;
}

// ---- deciding ----------------------------------------------------------------------------------

// At one share in `links` of the link, and one in `servers` of the server.
static int best_alone(const struct tdm_options *options, double links, double servers)
{
    int best = 0;
    double most = -INFINITY;
    for (int o = 0; o < options->count; o++) {
        const struct tdm_claim *c = &options->claims[o];
        const double worth = c->value - links * c->link * c->link - servers * c->server * c->server;
        if (worth > most) {
            most = worth;
            best = o;
        }
    }
    return best;
}

static void choose_at_equal_shares(struct shares *s)
{
    for (size_t i = 0; i < s->coordinator->count; i++) {
        double links = 0, servers = 0;
        for (size_t j = 0; j < s->coordinator->count; j++) {
            links += s->options[j].link == s->options[i].link;
            servers += s->options[j].server == s->options[i].server;
        }
        s->choice[i] = best_alone(&s->options[i], links, servers);
    }
}

static void allot(struct shares *s, const struct tdm_state *state)
{
    struct tdm_coordinator *c = s->coordinator;
    tdm_coordinator_look(c, state);
    if (!s->listed)
        list_all(s);
    weigh_options(s);
    if (s->equal)
        choose_at_equal_shares(s);
    else
        tdm_allotment_best(s->allotment, s->options, s->choice);
    for (size_t i = 0; i < c->count; i++)
        tdm_coordinator_put(&c->members[i], &s->plans[i][s->choice[i]]);
    tdm_coordinator_deal(c, s->equal);
}

static void decide(struct tdm_policy *policy, const struct tdm_state *state, struct tdm_plan *plan)
{
    struct shares *s = policy->own;
    if (tdm_coordinator_is_due(s->coordinator, state))
        allot(s, state);
    tdm_coordinator_plan(s->coordinator, state, plan);
}

const struct tdm_policy_type tdm_policy_mcia_shares = {
    .name = "mcia-shares",
    .summary = "versions, cuts and shares of link and server for all boards, by search",
    .help =
        "mcia-shares[:equal]  decides once a period (<environment period>, else every second) for "
        "the streams of all boards: which of its versions each runs, where that is cut, and its "
        "shares of the link's cell and of the server, so that the sum of weight accuracy - (1 - "
        "weight) TTI / reference is the most; shares are in closed form. With 'equal' all shares "
        "are the same, and each stream chooses for itself. Where boards share anything, run it "
        "with --engine analytic:. The non-learning rival of 'mcia'.",
    .open = open_shares,
    .decide = decide,
    .close = close_shares,
};

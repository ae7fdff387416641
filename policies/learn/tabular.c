// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Q-learning (Watkins and Dayan, 1992) on a table, as AutoScale does it (Kim and Wu, MICRO 2020):
 * each input falls into one of a few bins, the bins of all inputs are the state, every combination
 * of levels is an action. Learns from each transition once, as it comes.
 */
#include "policies/learn/learner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "policies/learn/heads.h"

static const int64_t most_values = INT64_C(1) << 27;

struct table {
    struct tdm_heads heads; // one, of all combinations
    int inputs;
    int32_t *edge_counts;
    float *edges;
    size_t edge_count;
    int64_t states;
    float *q;        // states x actions
    int32_t *visits; // of each state
    struct tdm_random explore;
};

// ---- making ------------------------------------------------------------------------------------

static int check_edges(const struct tdm_learn_shape *shape, size_t *total, struct tdm_error *error)
{
    if (!shape->edge_counts)
        return tdm_fail(error, "a table needs the edges between the bins of its inputs");
    const float *edges = shape->edges;
    *total = 0;
    for (int i = 0; i < shape->observation; i++) {
        const int32_t count = shape->edge_counts[i];
        if (count < 0 || count > TDM_LEARN_EDGES)
            return tdm_fail(error, "input %d has %d edges, and may have 0 to %d", i, count,
                            TDM_LEARN_EDGES);
        for (int32_t e = 0; e < count; e++)
            if (!isfinite(edges[*total + (size_t)e]) ||
                (e && !(edges[*total + (size_t)e] > edges[*total + (size_t)e - 1])))
                return tdm_fail(error, "the edges of input %d do not ascend", i);
        *total += (size_t)count;
    }
    return 0;
}

static int copy_edges(struct table *table, const struct tdm_learn_shape *shape,
                      struct tdm_error *error)
{
    if (check_edges(shape, &table->edge_count, error))
        return -1;
    table->inputs = shape->observation;
    table->edge_counts = calloc((size_t)table->inputs, sizeof *table->edge_counts);
    table->edges = calloc(table->edge_count + 1, sizeof *table->edges);
    if (!table->edge_counts || !table->edges)
        return tdm_fail(error, "out of memory");
    memcpy(table->edge_counts, shape->edge_counts,
           (size_t)table->inputs * sizeof *table->edge_counts);
    if (table->edge_count)
        memcpy(table->edges, shape->edges, table->edge_count * sizeof *table->edges);
    return 0;
}

static int count_states(struct table *table, struct tdm_error *error)
{
    const int64_t most = most_values / table->heads.total;
    table->states = 1;
    for (int i = 0; i < table->inputs; i++) {
        const int64_t bins = table->edge_counts[i] + 1;
        if (table->states > most / bins)
            return tdm_fail(error,
                            "a table of %d actions can have %lld states, and these bins have more",
                            table->heads.total, (long long)most);
        table->states *= bins;
    }
    return 0;
}

static int open_table(struct tdm_learner *learner, struct tdm_error *error)
{
    struct table *table = learner->own = calloc(1, sizeof *table);
    if (!table)
        return tdm_fail(error, "out of memory");
    if (tdm_heads_make(&table->heads, &learner->shape, false, error) ||
        copy_edges(table, &learner->shape, error) || count_states(table, error))
        return -1;
    learner->shape.edge_counts = table->edge_counts;
    learner->shape.edges = table->edges;
    learner->health.states = table->states;
    const size_t count = (size_t)table->states * (size_t)table->heads.total;
    table->q = malloc(count * sizeof *table->q);
    table->visits = calloc((size_t)table->states, sizeof *table->visits);
    if (!table->q || !table->visits)
        return tdm_fail(error, "out of memory for a table of %zu values", count);
    struct tdm_random random;
    tdm_random_seed(&random, (uint64_t)learner->options.seed, "learn/parameters", 0);
    for (size_t i = 0; i < count; i++)
        table->q[i] = (float)(learner->options.initial * tdm_random_uniform(&random));
    tdm_random_seed(&table->explore, (uint64_t)learner->options.seed, "learn/explore", 0);
    return 0;
}

static void close_table(struct tdm_learner *learner)
{
    struct table *table = learner->own;
    if (!table)
        return;
    free(table->edge_counts);
    free(table->edges);
    free(table->q);
    free(table->visits);
    free(table);
}

// ---- acting and learning -----------------------------------------------------------------------

// The bins of all inputs as one number, the last input fastest.
static size_t state_of(const struct table *table, const float *observation)
{
    const float *edges = table->edges;
    size_t state = 0;
    for (int i = 0; i < table->inputs; i++) {
        const int32_t count = table->edge_counts[i];
        size_t bin = 0;
        while (bin < (size_t)count && observation[i] >= edges[bin])
            bin++;
        state = state * (size_t)(count + 1) + bin;
        edges += count;
    }
    return state;
}

static float *row_of(const struct table *table, const float *observation)
{
    return table->q + state_of(table, observation) * (size_t)table->heads.total;
}

static void act(struct tdm_learner *learner, const float *observation, bool explore,
                int32_t *action)
{
    struct table *table = learner->own;
    if (explore && tdm_random_uniform(&table->explore) < tdm_learner_epsilon(learner)) {
        tdm_learner_wander(learner, &table->explore, action);
        return;
    }
    const int best = tdm_largest(row_of(table, observation), table->heads.total);
    tdm_heads_action(&table->heads, &best, action);
}

static void observe(struct tdm_learner *learner, const struct tdm_transition *transition)
{
    struct table *table = learner->own;
    struct tdm_learn_health *health = &learner->health;
    const size_t state = state_of(table, transition->observation);
    const float *next = row_of(table, transition->next);
    int choice;
    tdm_heads_choices(&table->heads, transition->action, &choice);
    float *q = table->q + state * (size_t)table->heads.total + choice;
    const double goal =
        (double)transition->reward +
        (double)transition->discount * (double)next[tdm_largest(next, table->heads.total)];
    const double error = goal - (double)*q;
    health->visited += table->visits[state] == 0;
    table->visits[state] += table->visits[state] < INT32_MAX;
    health->loss = 0.5 * error * error;
    const float learned = (float)((double)*q + learner->options.rate * error);
    if (!isfinite(learned)) {
        health->refused++;
        return;
    }
    *q = learned;
    health->value = (double)learned;
    health->updates++;
}

static int values_of(struct tdm_learner *learner, const float *observation, float *values)
{
    struct table *table = learner->own;
    if (values)
        memcpy(values, row_of(table, observation), (size_t)table->heads.total * sizeof *values);
    return table->heads.total;
}

// ---- files -------------------------------------------------------------------------------------

static bool same_edges(const struct table *table, const int32_t *counts, const float *edges)
{
    const size_t inputs = (size_t)table->inputs;
    return memcmp(counts, table->edge_counts, inputs * sizeof *counts) == 0 &&
           memcmp(edges, table->edges, table->edge_count * sizeof *edges) == 0;
}

// The bins must be those that the table was made with.
static void store_edges(struct tdm_store *store, struct table *table)
{
    const size_t inputs = (size_t)table->inputs;
    if (store->writes) {
        tdm_store_edges(store, table->edge_counts, inputs, table->edges, table->edge_count);
        return;
    }
    int32_t *counts = calloc(inputs, sizeof *counts);
    float *edges = calloc(table->edge_count + 1, sizeof *edges);
    if (counts && edges) {
        tdm_store_edges(store, counts, inputs, edges, table->edge_count);
        if (!store->failed && !same_edges(table, counts, edges))
            tdm_store_refuse(store, "edges", "are others than this table's");
    } else {
        tdm_store_refuse(store, "edges", "cannot be read: out of memory");
    }
    free(counts);
    free(edges);
}

static void store_table(struct tdm_learner *learner, struct tdm_store *store, bool whole)
{
    struct table *table = learner->own;
    const size_t states = (size_t)table->states;
    store_edges(store, table);
    tdm_store_array(store, "q", TDM_H5_FLOAT, table->q, states, (size_t)table->heads.total,
                    "the value of each combination of levels in each state");
    tdm_store_array(store, "visits", TDM_H5_INT32, table->visits, states, 1,
                    "how often each state was seen");
    if (whole)
        tdm_store_random(store, "random_explore", &table->explore);
    if (store->failed)
        return;
    learner->health.visited = 0;
    for (size_t s = 0; s < states; s++) {
        if (table->visits[s] < 0)
            tdm_store_refuse(store, "visits", "holds %d", table->visits[s]);
        learner->health.visited += table->visits[s] > 0;
    }
}

const struct tdm_learner_type tdm_learner_tabular = {
    .name = "tabular",
    .summary = "Q-learning on a table over bins of the inputs",
    .id = 3,
    .epsilon_greedy = true,
    .bins = true,
    .open = open_table,
    .close = close_table,
    .act = act,
    .observe = observe,
    .values = values_of,
    .store = store_table,
};

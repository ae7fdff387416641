// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/json_keys.h"

#include <stddef.h>
#include <string.h>

#define COMPARE "compare --json"
#define POLICIES "compare --json, each of policies; run --json"
#define EVAL "eval --json"
#define TRACES "eval --json, each of traces: the keys of compare's policies, and these"
#define TRAIN "train --json"
#define SWEEP "sweep --list --json"
#define TASKS "sweep --list --json, each of tasks"
#define ERRORS "predict --json and calibrate --json"
#define CALIBRATE "calibrate --json, each of by_dnn"

const struct tdm_json_key tdm_json_keys[] = {
    {COMPARE, "scenario", "", "its name"},
    {COMPARE, "duration_s", "s", "of each run"},
    {COMPARE, "seed", "1", "the first seed"},
    {COMPARE, "seeds", "1", "how many: seed, seed + 1, and so on"},
    {COMPARE, "eta", "1", "weight of energy: cost = eta ETI + (1 - eta) Pmax TTI"},
    {COMPARE, "bound_j", "J",
     "true lower bound of cost_j under any policy: no queueing, switching, tail, heat"},
    {COMPARE, "policies", "", "list of the objects below, in the order asked for"},
    {POLICIES, "name", "", "the policy, as it was asked for"},
    {POLICIES, "requests", "1", "answered, over all seeds; means are over these"},
    {POLICIES, "dropped", "1", "dropped by their stream's rule"},
    {POLICIES, "unanswered", "1", "still without an answer at the end of the run"},
    {POLICIES, "cost_j", "J", "mean cost of a request"},
    {POLICIES, "energy_j", "J",
     "mean ETI: the board's energy from start to answer, and the radio's with a full tail"},
    {POLICIES, "latency_s", "s", "mean TTI: from arrival to answer"},
    {POLICIES, "latency_p50_s", "s", "median TTI"},
    {POLICIES, "latency_p95_s", "s", "95 % of requests take at most this"},
    {POLICIES, "latency_p99_s", "s", "99 % of requests take at most this"},
    {POLICIES, "waited_s", "s", "mean time that a request waited for its board"},
    {POLICIES, "misses", "share",
     "of all but those still in time at the end: late, dropped, or overdue and unanswered"},
    {POLICIES, "offloaded", "share", "of requests that sent anything"},
    {POLICIES, "accuracy", "share", "expected, mean; null where nothing is known"},
    {POLICIES, "sent_bytes", "bytes", "mean sent by a request"},
    {POLICIES, "received_bytes", "bytes", "mean received by a request"},
    {POLICIES, "board_energy_j", "J", "all boards over a run, idle included"},
    {POLICIES, "radio_energy_j", "J", "all radios over a run, tails as long as they lasted"},
    {POLICIES, "server_energy_j", "J",
     "what requests took of the servers above idle, a run; null where not known"},
    {POLICIES, "cost_ci_j", "J",
     "compare: half the width of the 95 % interval of cost_j over seeds; null for one seed"},
    {POLICIES, "energy_ci_j", "J", "compare: the same of energy_j"},
    {POLICIES, "latency_ci_s", "s", "compare: the same of latency_s"},
    {POLICIES, "cost_over_oracle", "1", "compare: cost_j over the oracle's"},
    {EVAL, "scenario", "", "its name"},
    {EVAL, "policy", "", "as it was asked for"},
    {EVAL, "duration_s", "s", "of each run"},
    {EVAL, "seed", "1", "the first seed"},
    {EVAL, "seeds", "1", "how many: seed, seed + 1, and so on"},
    {EVAL, "eta", "1", "weight of energy in the cost"},
    {EVAL, "traces", "", "list of the objects below, the scenario's own first"},
    {TRACES, "trace", "", "in place of the scenario's; null: its own"},
    {TRACES, "cost_over_edge_only", "1", "cost_j over that of the board alone at its top clocks"},
    {TRACES, "oracle_cost_j", "J", "mean cost under the oracle on the same seeds"},
    {TRACES, "edge_only_cost_j", "J", "the same of the board alone"},
    {TRAIN, "policy", "", "its name"},
    {TRAIN, "file", "", "where it is"},
    {TRAIN, "steps", "1", "requests decided on"},
    {TRAIN, "best_steps", "1", "after which the best policy was found"},
    {TRAIN, "best_reward", "1", "its mean reward in a trial"},
    {TRAIN, "last_cost_j", "J", "mean cost of a request in the last trial"},
    {TRAIN, "oracle_cost_j", "J", "the oracle's on the same runs; null where not known"},
    {TRAIN, "seconds", "s", "that it took"},
    {TRAIN, "visited", "1", "states of a table that were seen; 0 for networks"},
    {TRAIN, "states", "1", "states that the table has; 0 for networks"},
    {TRAIN, "over", "", "false: interrupted, and --resume goes on"},
    {SWEEP, "grid", "", "its name"},
    {SWEEP, "tasks", "", "list of the objects below"},
    {TASKS, "task", "1", "its number, from 1"},
    {TASKS, "policy", "", "as the grid has it"},
    {TASKS, "seed", "1", "of everything random"},
    {TASKS, "values", "", "object of what is varied, as text, by name"},
    {TASKS, "record", "", "name of its record in the folder"},
    {TASKS, "done", "", "whether the record is there; null without a folder"},
    {ERRORS, "rows", "1", "measured rows that were compared"},
    {ERRORS, "latency_mape", "%", "mean absolute error of the latency; null where not measured"},
    {ERRORS, "latency_p95", "%", "95 % of the rows are off by at most this"},
    {ERRORS, "power_mape", "%", "the same of the mean power over the period"},
    {ERRORS, "power_p95", "%", ""},
    {ERRORS, "energy_mape", "%", "the same of the energy of a period"},
    {ERRORS, "energy_p95", "%", ""},
    {ERRORS, "board", "", "the board's name"},
    {ERRORS, "left_out", "1", "rows that were not used; standard error says why"},
    {ERRORS, "by_dnn", "", "object of these errors by dnn"},
    {ERRORS, "by_fit", "", "predict: the same by dnn/mode/precision/batch"},
    {ERRORS, "cv", "", "calibrate: these errors in cross-validation; null without"},
    {ERRORS, "seconds", "s", "calibrate: time of the fit, without cross-validation"},
    {CALIBRATE, "dnn", "", "what ran"},
    {CALIBRATE, "mode", "", "infer or train"},
    {CALIBRATE, "precision", "", "fp32, fp16, int8, unstated"},
    {CALIBRATE, "batch", "1", "samples a run"},
    {CALIBRATE, "power_rails", "", "what the power covers; null where it was not measured"},
    {CALIBRATE, "kept_prior", "", "list of coefficients that the data do not determine"},
    {CALIBRATE, "cpu_clock_assumed", "", "true where rows had a governed CPU clock"},
    {CALIBRATE, "cv", "", "the errors of this dnn in cross-validation; null without"},
    {NULL, NULL, NULL, NULL},
};

const struct tdm_json_key *tdm_json_key_of_run(const char *key)
{
    for (const struct tdm_json_key *k = tdm_json_keys; k->key; k++)
        if (strcmp(k->where, POLICIES) == 0 && strcmp(k->key, key) == 0)
            return k;
    return NULL;
}

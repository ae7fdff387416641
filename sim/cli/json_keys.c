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
#define MEASURE "dnn measure --json"
#define MEASURE_ROWS "dnn measure --json, each of rows"
#define PROBE "hil probe --json"
#define PROBE_CLOCKS "hil probe --json, each of clocks"
#define PROBE_RAILS "hil probe --json, each of rails"
#define HIL_READ "hil read --json"
#define HIL_SENSORS "hil read --json, each of rails and of zones"
#define HIL_SET "hil set --json"
#define HIL_DOMAINS "hil set --json, clocks"
#define HIL_CLOCKS "hil set --json, each of clocks"

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
    {MEASURE, "stages", "", "the folder of the ONNX files that ran"},
    {MEASURE, "runtime", "", "version of ONNX Runtime"},
    {MEASURE, "ran", "", "execution providers that ran the extractor, with their kernels"},
    {MEASURE, "pictures", "1", "that were answered"},
    {MEASURE, "rows", "", "list of the objects below"},
    {MEASURE_ROWS, "exit", "", "early: the answer of the exit; null: of the whole"},
    {MEASURE_ROWS, "xi", "share", "of the channels sent; null for an exit"},
    {MEASURE_ROWS, "bits", "1", "of each value sent; null where nothing is"},
    {MEASURE_ROWS, "lambda", "share", "weight of the board's answer; null: there is one answer"},
    {MEASURE_ROWS, "right", "1", "pictures whose answer was right"},
    {PROBE, "model", "", "what the device tree says"},
    {PROBE, "board", "", "the board file's name"},
    {PROBE, "board_sure", "", "sure, likely, or given by an option"},
    {PROBE, "jetpack", "", "4, 5 or 6"},
    {PROBE, "jetpack_sure", "", "sure, likely, or given by an option"},
    {PROBE, "release", "", "L4T's, else the kernel's"},
    {PROBE, "clocks", "", "list: CPU clusters, GPU, memory"},
    {PROBE, "rails", "", "list: the channels of the power sensors"},
    {PROBE_CLOCKS, "name", "", "of the cluster or domain"},
    {PROBE_CLOCKS, "domain", "", "cpu, gpu or emc"},
    {PROBE_CLOCKS, "now_hz", "Hz", "in force; null where it cannot be read, likewise below"},
    {PROBE_CLOCKS, "least_hz", "Hz", "the limit below"},
    {PROBE_CLOCKS, "most_hz", "Hz", "the limit above; of the memory its cap, if it has one"},
    {PROBE_CLOCKS, "governor", "", "the kernel's; of the memory locked or unlocked"},
    {PROBE_CLOCKS, "opps_hz", "Hz", "list: the kernel's table"},
    {PROBE_CLOCKS, "only_kernel_hz", "Hz", "list: what the board's file has not"},
    {PROBE_CLOCKS, "only_file_hz", "Hz", "list: what the kernel has not"},
    {PROBE_RAILS, "name", "", "the channel's label"},
    {PROBE_RAILS, "total", "", "whether it is part of the board's total"},
    {PROBE_RAILS, "step_w", "W", "the sensor's; null where not known"},
    {HIL_READ, "power_w", "W", "of the board; null where a rail of its total is missing or stale"},
    {HIL_READ, "covers", "", "the rails of that total, or which is missing"},
    {HIL_READ, "rails", "", "list of the objects below"},
    {HIL_READ, "zones", "", "list of the objects below"},
    {HIL_READ, "energy_j", "J", "--for: of the board, likewise below"},
    {HIL_READ, "error_j", "J", "--for: its standard error"},
    {HIL_READ, "covered_s", "s", "--for: time between samples that are not too far apart"},
    {HIL_READ, "samples", "1", "--for: that were used"},
    {HIL_SENSORS, "name", "", "the rail's label, the zone's type"},
    {HIL_SENSORS, "power_w", "W", "rails: the last reading; null where it is stale"},
    {HIL_SENSORS, "temperature_c", "degC", "zones: the same"},
    {HIL_SENSORS, "age_s", "s", "since that reading; null where there was none"},
    {HIL_SENSORS, "stale", "", "whether it is older than a sensor that works would be"},
    {HIL_SENSORS, "total", "", "rails: whether it is part of the board's total"},
    {HIL_SENSORS, "energy_j", "J", "rails, --for; error_j, covered_s and samples as above"},
    {HIL_SET, "fine", "", "whether everything is as asked"},
    {HIL_SET, "clocks", "", "the object below"},
    {HIL_SET, "cores_online", "1", "CPUs online now"},
    {HIL_SET, "cores", "", "the finding about them, as below"},
    {HIL_SET, "fan", "", "likewise"},
    {HIL_SET, "railgate", "", "likewise"},
    {HIL_DOMAINS, "cpu", "", "an object as below"},
    {HIL_DOMAINS, "gpu", "", "likewise"},
    {HIL_DOMAINS, "emc", "", "likewise"},
    {HIL_CLOCKS, "now_hz", "Hz",
     "in force, of the cluster furthest from what is wanted; null where not known"},
    {HIL_CLOCKS, "finding", "",
     "kept, as asked, held down, refused, overridden, throttled, capped, rounded, unreadable"},
    {HIL_CLOCKS, "why", "", "in words"},
    {NULL, NULL, NULL, NULL},
};

const struct tdm_json_key *tdm_json_key_of_run(const char *key)
{
    for (const struct tdm_json_key *k = tdm_json_keys; k->key; k++)
        if (strcmp(k->where, POLICIES) == 0 && strcmp(k->key, key) == 0)
            return k;
    return NULL;
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** Runs a scenario on a board and in simulation, for `tandem validate`. */
#ifndef TDM_CLI_VALIDATE_H
#define TDM_CLI_VALIDATE_H

#include "engine/engine.h"

enum { TDM_VALIDATE_POLICIES = 32, TDM_VALIDATE_QUANTITIES = 3 };

/** A request on one side. */
struct tdm_validated_side {
    double latency; /**< s, TTI */
    double service; /**< s from its start to its answer */
    double energy; /**< J of the board from start to answer; the radio is simulated on both sides */
    double cost;   /**< J */
};

struct tdm_validated_request {
    int policy;       /**< index */
    uint64_t request; /**< number on its board */
    struct tdm_plan plan;
    double hz[TDM_CLOCKS]; /**< of the plan; NAN: governed */
    struct tdm_validated_side board, model;
};

struct tdm_validated_policy {
    const char *name;
    double board_cost; /**< J, mean, on the board */
    double model_cost; /**< J, mean, in simulation, where it decided by itself */
};

struct tdm_validation {
    struct tdm_scenario *scenario;
    int which;       /**< board of the scenario that is the one at `uri` */
    const char *uri; /**< its driver */
    uint64_t seed;
    bool began; /**< something ran */
    struct tdm_validated_policy policies[TDM_VALIDATE_POLICIES];
    size_t policy_count;
    struct tdm_validated_request *requests; /**< answered on both sides; freed by the caller */
    size_t count, room;
};

/**
 * Runs one more policy: on the board, in simulation with the plans that the board had, and in
 * simulation by itself. Analytic engine. -1 with `error`.
 */
int tdm_validate_policy(struct tdm_validation *validation, const char *policy,
                        struct tdm_error *error);

/** Draws each request: the model against the board, latency and energy. -1 with `error`. */
int tdm_validate_plot(const struct tdm_validation *validation, const char *path,
                      struct tdm_error *error);

/** The command, for main.c's table. */
int tdm_cli_validate(int argc, char **argv);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/** Runs a scenario under a policy with libtandem's public header alone: main [SCENARIO [POLICY]].
 */
#include <stdio.h>
#include <tandem.h>

static int fail(const struct tdm_error *error)
{
    char text[1024];
    tdm_error_format(error, text, sizeof text);
    fprintf(stderr, "%s\n", text);
    return 1;
}

static int run(struct tdm_engine *engine, struct tdm_policy *policy, struct tdm_error *error)
{
    struct tdm_event event;
    struct tdm_plan plan;
    double cost = 0;
    unsigned long count = 0;
    while (tdm_engine_next(engine, &event))
        switch (event.kind) {
        case TDM_DECISION:
            tdm_policy_decide(policy, event.state, &plan);
            tdm_engine_decide(engine, &plan);
            break;
        case TDM_OUTCOME:
            tdm_policy_learn(policy, event.outcome);
            cost += event.outcome->cost;
            count++;
            break;
        }
    if (tdm_engine_check(engine, error))
        return -1;
    printf("%lu requests at %.4g J\n", count, cost / (double)count);
    return 0;
}

int main(int argc, char **argv)
{
    struct tdm_error error = {0};
    struct tdm_scenario *scenario = tdm_scenario_load(argc > 1 ? argv[1] : "default", &error);
    if (!scenario)
        return fail(&error);
    struct tdm_engine *engine = tdm_engine_open("analytic:", scenario, 1, &error);
    struct tdm_policy *policy =
        engine ? tdm_policy_open(argc > 2 ? argv[2] : "oracle", scenario, 1, &error) : NULL;
    const int status = policy ? run(engine, policy, &error) : -1;
    tdm_policy_free(policy);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
    return status ? fail(&error) : 0;
}

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A host for tests to kill: takes the board behind an agent and sets its clocks again and again.
 *
 *     drive_agent URI LEASE SEED
 *
 * Prints "held" after the first setting. Ends when its standard input does, and releases the board;
 * prints how many knobs are not as they were.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/random.h"
#include "hil/client/agent.h"

static int fail(const struct tdm_error *error)
{
    fprintf(stderr, "drive_agent: %s\n", error->message);
    return 1;
}

static void wish(const struct tdm_agent_welcome *board, struct tdm_random *random,
                 struct tdm_setting *setting)
{
    *setting = tdm_setting_none();
    for (int d = 0; d < TDM_DOMAINS; d++) {
        const int count = board->opps[d].count;
        if (count == 0)
            continue;
        setting->way[d] = TDM_PIN;
        setting->hz[d] = board->opps[d].hz[tdm_random_below(random, (uint64_t)count)];
    }
}

int main(int argc, char **argv)
{
    struct tdm_error error = {0};
    struct tdm_random random;
    struct tdm_setting setting;
    struct tdm_report report;
    int wrong = -1;
    if (argc != 4)
        return 2;
    tdm_random_seed(&random, strtoull(argv[3], NULL, 10), "clocks", 0);
    const struct tdm_agent_options options = {.who = "drive_agent"};
    struct tdm_agent *agent = tdm_agent_open(argv[1], &options, &error);
    if (!agent || tdm_agent_take(agent, strtod(argv[2], NULL), &error))
        return fail(&error);
    struct pollfd input = {.fd = 0, .events = POLLIN};
    for (int i = 0; poll(&input, 1, 0) == 0; i++) {
        wish(tdm_agent_welcome(agent), &random, &setting);
        if (tdm_agent_set(agent, &setting, false, &report, NULL, &error))
            return fail(&error);
        if (i == 0)
            puts("held");
        fflush(stdout);
    }
    if (tdm_agent_release(agent, &wrong, &error))
        return fail(&error);
    printf("%d\n", wrong);
    tdm_agent_close(agent);
    return 0;
}

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Holds a board and never leaves it alone: random clocks and cores, for check_guardian.py to kill.
 *
 *     hold_board ROOT STATE LEASE SEED TRACE
 *
 * Prints "held" once it holds the board, and "lost" when it finds out that it does not any more.
 * SIGUSR1: the host is silent, so the lease is not renewed any more. SIGTERM: ends in good order.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hil/board/hold.h"

static volatile sig_atomic_t silent, ending;

static void caught(int signal)
{
    if (signal == SIGUSR1)
        silent = 1;
    else
        ending = 1;
}

static int below(int n)
{
    return (int)((double)n * ((double)random() / ((double)RAND_MAX + 1)));
}

static void randomise(const struct tdm_hw *hw, struct tdm_setting *setting)
{
    const struct tdm_board *board = tdm_hw_board(hw);
    for (int i = 0; i < TDM_DOMAINS; i++) {
        const struct tdm_domain_info *info = board->domain[i];
        setting->way[i] = below(4) ? TDM_PIN : TDM_GOVERN;
        setting->hz[i] = info->opps[below((int)info->opp_count)].hz;
    }
    setting->cores = 1 + below((int)board->domain[TDM_CPU]->cores);
    setting->fan = below(256);
    if (tdm_hw_writable(hw, "gpu-railgate"))
        setting->railgate = below(2);
}

static void say(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "hold_board: %s\n", line);
}

int main(int argc, char **argv)
{
    struct tdm_error error = {0};
    if (argc != 6)
        return 2;
    signal(SIGUSR1, caught);
    signal(SIGTERM, caught);
    srandom((unsigned)atoi(argv[4]));
    struct tdm_hw *hw = tdm_hw_open(argv[1], NULL, NULL, &error);
    const struct tdm_hold_options options = {.state = argv[2],
                                             .lease = strtod(argv[3], NULL),
                                             .limit = INFINITY,
                                             .trace = argv[5],
                                             .saying = {say, NULL}};
    FILE *trace = fopen(argv[5], "ae");
    if (hw)
        tdm_hw_trace(hw, trace);
    struct tdm_hold *hold = hw ? tdm_hold_start(hw, &options, &error) : NULL;
    if (!hold) {
        fprintf(stderr, "hold_board: %s\n", error.message);
        return 1;
    }
    puts("held");
    fflush(stdout);
    while (!ending) {
        struct tdm_setting setting = tdm_setting_none();
        struct tdm_report report;
        randomise(hw, &setting);
        if ((!silent && tdm_hold_renew(hold, &error)) ||
            tdm_hold_set(hold, &setting, &report, &error)) {
            fprintf(stderr, "hold_board: %s\n", error.message);
            puts("lost");
            fflush(stdout);
            break;
        }
    }
    const int wrong = tdm_hold_end(hold);
    tdm_hw_close(hw);
    if (trace)
        fclose(trace);
    return wrong ? 1 : 0;
}

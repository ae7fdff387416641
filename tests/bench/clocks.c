// SPDX-License-Identifier: GPL-3.0-or-later
// Setting all clocks of a board and verifying them, against the same writes done bare, each file
// read back at once and again after as long a settling. The board is a virtual one, over FUSE where
// there is FUSE: every access is a system call that another process answers.
#include "bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hil/board/clocks.h"
#include "program.h"

enum { MOST = 64, SETTINGS = 2 /* that take turns */ };

struct written {
    char path[512], text[TDM_KNOB_TEXT];
};

struct race {
    struct bench *bench;
    struct tdm_error error;
    char folder[64], place[BENCH_PLACE];
    pid_t vboard;
    struct tdm_hw *hw;
    struct tdm_saved saved;
    struct tdm_setting settings[SETTINGS];
    struct written writes[SETTINGS][MOST];
    int counts[SETTINGS];
    struct timespec settling;
};

// ---- the board ---------------------------------------------------------------------------------

static int start_board(struct race *race)
{
    const char *const fuse[] = {"tandem-vboard", "--board", "nano", "--jetpack", "4",
                                race->folder,    NULL};
    const char *const plain[] = {"tandem-vboard", "--board",    "nano", "--jetpack", "4",
                                 "--folder",      race->folder, NULL};
    race->vboard = bench_start(access("/dev/fuse", R_OK | W_OK) ? plain : fuse, race->place);
    if (race->vboard < 0)
        return tdm_fail(&race->error, "tandem-vboard does not start");
    race->hw = tdm_hw_open(race->place, NULL, NULL, &race->error);
    return race->hw && tdm_saved_take(&race->saved, race->hw, true, &race->error) >= 0 ? 0 : -1;
}

// The highest clocks, and some in the middle.
static void choose_settings(struct race *race)
{
    for (int i = 0; i < SETTINGS; i++) {
        struct tdm_setting *setting = &race->settings[i];
        *setting = tdm_setting_none();
        for (int d = 0; d < TDM_DOMAINS; d++) {
            const struct tdm_domain_info *domain = tdm_hw_board(race->hw)->domain[d];
            setting->way[d] = TDM_PIN;
            setting->hz[d] = domain->opps[(domain->opp_count - 1) / (size_t)(i + 1)].hz;
        }
    }
    const struct tdm_domain_info *const *domains = tdm_hw_board(race->hw)->domain;
    for (int d = 0; d < TDM_DOMAINS; d++)
        if (domains[d]->settle * 1e9 > (double)race->settling.tv_nsec)
            race->settling.tv_nsec = (long)(domains[d]->settle * 1e9);
}

static int set_ours(struct race *race, int i)
{
    const struct tdm_hand hand = {.hw = race->hw, .saved = &race->saved};
    struct tdm_report report;
    if (tdm_setting_check(race->hw, &race->settings[i], &race->error) ||
        tdm_setting_apply(&hand, &race->settings[i], 30, &report, &race->error))
        return -1;
    return tdm_report_fine(&report) ? 0 : tdm_fail(&race->error, "clocks are not as asked");
}

// ---- bare --------------------------------------------------------------------------------------

// What ours writes, from its own log.
static int learn_writes(struct race *race, int i)
{
    char *log = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&log, &size);
    tdm_hw_trace(race->hw, stream);
    const int status = set_ours(race, i);
    tdm_hw_trace(race->hw, NULL);
    fclose(stream);
    char *rest = log;
    for (const char *line; (line = strtok_r(rest, "\n", &rest)) && race->counts[i] < MOST;) {
        struct written *written = &race->writes[i][race->counts[i]];
        char path[256];
        if (sscanf(line, "%*s %255s %63s", path, written->text) != 2)
            continue;
        snprintf(written->path, sizeof written->path, "%s%s", race->place, path);
        race->counts[i]++;
    }
    free(log);
    return status;
}

static bool is_there(const struct written *written)
{
    char text[TDM_KNOB_TEXT] = "";
    const int file = open(written->path, O_RDONLY | O_CLOEXEC);
    const ssize_t n = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0)
        close(file);
    text[strcspn(text, "\n")] = '\0';
    return n > 0 && strcmp(text, written->text) == 0;
}

static bool put(const struct written *written)
{
    const int file = open(written->path, O_WRONLY | O_CLOEXEC);
    const size_t size = strlen(written->text);
    const bool done = file >= 0 && write(file, written->text, size) == (ssize_t)size;
    if (file >= 0)
        close(file);
    return done && is_there(written);
}

static bool set_bare(const struct race *race, int i)
{
    bool good = true;
    for (int w = 0; w < race->counts[i]; w++)
        good = put(&race->writes[i][w]) && good;
    nanosleep(&race->settling, NULL);
    for (int w = 0; w < race->counts[i]; w++)
        good = is_there(&race->writes[i][w]) && good;
    return good;
}

// ---- the race ----------------------------------------------------------------------------------

static void run_ours(void *context)
{
    struct race *race = context;
    for (int i = 0; i < SETTINGS; i++)
        if (set_ours(race, i))
            bench_fail(race->bench, "clocks: %s", race->error.message);
}

static void run_bare(void *context)
{
    struct race *race = context;
    for (int i = 0; i < SETTINGS; i++)
        if (!set_bare(race, i))
            bench_fail(race->bench, "clocks: a bare write does not hold");
}

static void race_both(struct race *race)
{
    static const char *const names[] = {"clocks, set and verified", "clocks, with their settling"};
    for (int waits = 0; waits < 2; waits++) {
        const struct bench_side ours = {.run = run_ours, .context = race, .waits = waits};
        const struct bench_side bare = {.run = run_bare, .context = race, .waits = waits};
        struct bench_times times;
        char against[80];
        snprintf(against, sizeof against, "%d bare writes, each read back twice", race->counts[0]);
        if (bench_race(race->bench, &ours, &bare, &times) == 0)
            bench_report(race->bench, names[waits], 1e6 * times.ours / SETTINGS, "us", times.ratio,
                         against);
    }
}

static void run_clocks(struct bench *bench)
{
    struct race race = {.bench = bench, .folder = "/tmp/tandem-bench-XXXXXX"};
    if (!mkdtemp(race.folder)) {
        bench_fail(bench, "clocks: no folder");
        return;
    }
    int status = start_board(&race);
    if (status == 0)
        choose_settings(&race);
    for (int i = SETTINGS - 1; i >= 0 && status == 0; i--)
        status = learn_writes(&race, i);
    if (status)
        bench_fail(bench, "clocks: %s", race.error.message);
    else
        race_both(&race);
    tdm_saved_clear(&race.saved);
    tdm_hw_close(race.hw);
    bench_stop(race.vboard);
    bench_remove(race.folder);
}

const struct bench_case bench_clocks = {"clocks", "a board's clocks, set and verified", run_clocks};

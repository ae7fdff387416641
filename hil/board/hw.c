// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/board/hw.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/text.h"

struct tdm_hw {
    struct tdm_tree *tree;
    struct tdm_board *board;
    struct tdm_probe probe;
    FILE *trace;
    atomic_int owners;
};

const char *const tdm_hw_knobs[] = {"cpu-online",   "cpu-governor", "cpu-max",    "cpu-min",
                                    "cpu-set",      "gpu-governor", "gpu-max",    "gpu-min",
                                    "gpu-railgate", "emc-cap",      "emc-update", "emc-rate",
                                    "emc-lock",     "emc-state",    "fan",        NULL};

// ---- opening -----------------------------------------------------------------------------------

static int no_map(const struct tdm_hw *hw, const char *jetpack, struct tdm_error *error)
{
    char known[32] = "";
    for (size_t i = 0; i < hw->board->sysfs_count; i++) {
        const char *of = hw->board->sysfs[i].jetpack;
        const size_t length = strlen(known);
        if (!strstr(known, of) && length + strlen(of) + 3 < sizeof known)
            snprintf(known + length, sizeof known - length, "%s%s", length ? ", " : "", of);
    }
    if (!known[0])
        return tdm_fail(error, "the board '%.64s' has no map of kernel files (<sysfs>)",
                        hw->board->name);
    return tdm_fail(error, "the board '%.64s' has no map of JetPack %.16s's files; it has %s",
                    hw->board->name, jetpack, known);
}

static bool has_map(const struct tdm_board *board, const char *jetpack)
{
    for (size_t i = 0; i < board->sysfs_count; i++)
        if (strcmp(board->sysfs[i].jetpack, jetpack) == 0)
            return true;
    return false;
}

static int find_out(struct tdm_hw *hw, const char *board, const char *jetpack,
                    struct tdm_error *error)
{
    struct tdm_probe *probe = &hw->probe;
    tdm_probe_look(hw->tree, probe);
    if (board)
        probe->board_sure = TDM_GIVEN;
    else if (!probe->board[0])
        return tdm_fail(error,
                        "not a known board: its device tree says '%.100s'; --board names one",
                        probe->model[0] ? probe->model : "nothing");
    hw->board = tdm_board_load(board ? board : probe->board, error);
    if (!hw->board)
        return -1;
    snprintf(probe->board, sizeof probe->board, "%s", hw->board->name);
    if (jetpack) {
        snprintf(probe->jetpack, sizeof probe->jetpack, "%.3s", jetpack);
        probe->jetpack_sure = TDM_GIVEN;
    } else if (!probe->jetpack[0])
        return tdm_fail(error,
                        "cannot tell which JetPack this is: its release says '%.100s'; --jetpack "
                        "names one",
                        probe->release[0] ? probe->release : "nothing");
    return has_map(hw->board, probe->jetpack) ? 0 : no_map(hw, probe->jetpack, error);
}

struct tdm_hw *tdm_hw_open(const char *root, const char *board, const char *jetpack,
                           struct tdm_error *error)
{
    struct tdm_hw *hw = calloc(1, sizeof *hw);
    if (!hw) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    atomic_init(&hw->owners, 1);
    hw->tree = tdm_tree_open(root, error);
    if (hw->tree && find_out(hw, board, jetpack, error) == 0)
        return hw;
    tdm_hw_close(hw);
    return NULL;
}

void tdm_hw_close(struct tdm_hw *hw)
{
    if (!hw || atomic_fetch_sub(&hw->owners, 1) > 1)
        return;
    tdm_tree_close(hw->tree);
    tdm_board_free(hw->board);
    free(hw);
}

struct tdm_hw *tdm_hw_share(struct tdm_hw *hw)
{
    atomic_fetch_add(&hw->owners, 1);
    return hw;
}

const struct tdm_board *tdm_hw_board(const struct tdm_hw *hw)
{
    return hw->board;
}

const struct tdm_tree *tdm_hw_tree(const struct tdm_hw *hw)
{
    return hw->tree;
}

const struct tdm_probe *tdm_hw_probe(const struct tdm_hw *hw)
{
    return &hw->probe;
}

const char *tdm_hw_jetpack(const struct tdm_hw *hw)
{
    return hw->probe.jetpack;
}

void tdm_hw_trace(struct tdm_hw *hw, FILE *stream)
{
    hw->trace = stream;
}

// ---- the allow-list ----------------------------------------------------------------------------

static bool is_of(const struct tdm_hw *hw, const struct tdm_sysfs *row, const char *knob)
{
    return strcmp(row->knob, knob) == 0 && strcmp(row->jetpack, hw->probe.jetpack) == 0;
}

bool tdm_hw_has(const struct tdm_hw *hw, const char *knob)
{
    for (size_t i = 0; i < hw->board->sysfs_count; i++)
        if (is_of(hw, &hw->board->sysfs[i], knob))
            return true;
    return false;
}

bool tdm_hw_writable(const struct tdm_hw *hw, const char *knob)
{
    // Where the Nano's override clock is written in one file, the other one only shows it.
    if (strcmp(knob, "emc-rate") == 0 && tdm_hw_has(hw, "emc-update"))
        return false;
    for (const char *const *known = tdm_hw_knobs; *known; known++)
        if (strcmp(*known, knob) == 0)
            return tdm_hw_has(hw, knob);
    return false;
}

struct gathering {
    const struct tdm_sysfs *row;
    struct tdm_spot *spots;
    size_t count;
};

static int gather(void *context, const char *path)
{
    struct gathering *g = context;
    if (g->count == TDM_SPOTS)
        return 1;
    g->spots[g->count].row = g->row;
    snprintf(g->spots[g->count++].path, TDM_TREE_PATH, "%s", path);
    return 0;
}

size_t tdm_hw_spots(const struct tdm_hw *hw, const char *knob, struct tdm_spot *spots)
{
    struct gathering g = {.spots = spots};
    for (size_t i = 0; i < hw->board->sysfs_count; i++) {
        g.row = &hw->board->sysfs[i];
        if (is_of(hw, g.row, knob))
            tdm_tree_match(hw->tree, g.row->path, gather, &g);
    }
    return g.count;
}

int tdm_hw_spot(const struct tdm_hw *hw, const char *knob, const char *path, struct tdm_spot *spot,
                struct tdm_error *error)
{
    for (size_t i = 0; i < hw->board->sysfs_count && tdm_hw_writable(hw, knob); i++) {
        const struct tdm_sysfs *row = &hw->board->sysfs[i];
        if (!is_of(hw, row, knob) || fnmatch(row->path, path, FNM_PATHNAME | FNM_PERIOD) != 0 ||
            strlen(path) >= sizeof spot->path)
            continue;
        spot->row = row;
        snprintf(spot->path, sizeof spot->path, "%s", path);
        return 0;
    }
    return tdm_fail(error, "'%.64s' at '%.300s' is no knob that may be written on the %.64s", knob,
                    path, hw->board->name);
}

// ---- values ------------------------------------------------------------------------------------

static double scale_of(const struct tdm_spot *spot)
{
    static const struct {
        const char *unit;
        double scale;
    } units[] = {{"kHz", 1e3}, {"Hz", 1},    {"mW", 1e-3},
                 {"mV", 1e-3}, {"mA", 1e-3}, {"mdegC", 1e-3}};
    for (size_t i = 0; spot->row->unit && i < sizeof units / sizeof *units; i++)
        if (strcmp(units[i].unit, spot->row->unit) == 0)
            return units[i].scale;
    return 1;
}

int tdm_hw_text(const struct tdm_hw *hw, const struct tdm_spot *spot, char *text, size_t size)
{
    return tdm_tree_read(hw->tree, spot->path, text, size);
}

static bool is_number(const char *text)
{
    const size_t sign = text[0] == '-';
    const size_t digits = strspn(text + sign, "0123456789");
    return digits && digits <= 15 && !text[sign + digits];
}

int tdm_hw_number(const struct tdm_hw *hw, const struct tdm_spot *spot, double *value)
{
    char text[TDM_KNOB_TEXT];
    const int length = tdm_hw_text(hw, spot, text, sizeof text);
    if (length < 0)
        return length;
    if (!is_number(text))
        return -EBADMSG;
    *value = strtod(text, NULL) * scale_of(spot);
    return 0;
}

int tdm_hw_first(const struct tdm_hw *hw, const char *knob, double *value)
{
    struct tdm_spot spots[TDM_SPOTS];
    return tdm_hw_spots(hw, knob, spots) ? tdm_hw_number(hw, spots, value) : -ENOENT;
}

// In two steps, so that the log of a program that is killed has what it was about to write.
static void log_attempt(const struct tdm_hw *hw, const char *path, const char *text)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    fprintf(hw->trace, "\n%lld.%06ld\t%s\t%s", (long long)now.tv_sec, now.tv_nsec / 1000, path,
            text);
    fflush(hw->trace);
}

static void log_result(const struct tdm_hw *hw, int result)
{
    fprintf(hw->trace, "\t%d", result);
    fflush(hw->trace);
}

int tdm_hw_put(const struct tdm_hw *hw, const struct tdm_spot *spot, const char *text)
{
    if (!tdm_hw_writable(hw, spot->row->knob))
        return -EPERM;
    if (strlen(text) >= TDM_KNOB_TEXT || !tdm_text_is_name(text) || text[0] == '-')
        return -EINVAL;
    if (hw->trace)
        log_attempt(hw, spot->path, text);
    const int result = tdm_tree_write(hw->tree, spot->path, spot->row->path, text);
    if (hw->trace)
        log_result(hw, result);
    return result;
}

int tdm_hw_put_number(const struct tdm_hw *hw, const struct tdm_spot *spot, double value)
{
    char text[TDM_KNOB_TEXT];
    snprintf(text, sizeof text, "%.0f", value / scale_of(spot));
    return tdm_hw_put(hw, spot, text);
}

// ---- tables of clocks --------------------------------------------------------------------------

static int rising(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int read_table(const struct tdm_hw *hw, const struct tdm_spot *spot, double *hz, int most)
{
    char text[TDM_TREE_TEXT], *rest = text;
    const int length = tdm_hw_text(hw, spot, text, sizeof text);
    if (length < 0)
        return length;
    int count = 0;
    for (const char *word; count < most && (word = strtok_r(rest, " \t", &rest)); count++) {
        if (!is_number(word) || word[0] == '-')
            return -EBADMSG;
        hz[count] = strtod(word, NULL) * scale_of(spot);
    }
    qsort(hz, (size_t)count, sizeof *hz, rising);
    return count ? count : -EBADMSG;
}

int tdm_hw_table(const struct tdm_hw *hw, enum tdm_domain domain, double *hz, int most)
{
    char knob[16];
    struct tdm_spot spots[TDM_SPOTS];
    snprintf(knob, sizeof knob, "%s-table", tdm_domain_names[domain]);
    if (tdm_hw_has(hw, knob))
        return tdm_hw_spots(hw, knob, spots) ? read_table(hw, spots, hz, most) : -ENOENT;
    const struct tdm_domain_info *info = hw->board->domain[domain];
    int count = 0;
    for (; count < most && (size_t)count < info->opp_count; count++)
        hz[count] = info->opps[count].hz;
    return count;
}

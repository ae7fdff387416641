// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/levels.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"

struct reading {
    struct tdm_levels *levels;
    const struct tdm_scenario *scenario;
    const struct tdm_board *board;
    const struct tdm_dnn *dnn; // whose cuts are read
    struct tdm_place place;
    struct tdm_arena *arena;
    struct tdm_error *error;
};

static int fail(const struct reading *r, const char *knob, const char *what)
{
    return tdm_fail_at(r->error, r->scenario->path, r->place.line, r->place.column, "knob '%s': %s",
                       knob, what);
}

static int compare_ints(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static int sort_unique(int *items, int count)
{
    qsort(items, (size_t)count, sizeof *items, compare_ints);
    int kept = 0;
    for (int i = 0; i < count; i++)
        if (i == 0 || items[i] != items[i - 1])
            items[kept++] = items[i];
    return kept;
}

static int listed_clocks(struct reading *r, enum tdm_domain domain, const char *text)
{
    const char *knob = tdm_domain_names[domain];
    int *count = &r->levels->opp_count[domain];
    char item[64];
    while (tdm_text_item(&text, item, sizeof item)) {
        struct tdm_error why = {0};
        double hz;
        if (tdm_quantity_parse(item, TDM_FREQUENCY, &hz, &why))
            return fail(r, knob, why.message);
        const int opp = tdm_domain_opp(r->board->domain[domain], hz);
        char message[160];
        snprintf(message, sizeof message, "%s is not an OPP of the board '%s' (tandem board show)",
                 item, r->board->name);
        if (opp < 0)
            return fail(r, knob, message);
        if (*count == TDM_MOST_LEVELS)
            return fail(r, knob, "too many levels");
        r->levels->opp[domain][(*count)++] = opp;
    }
    return 0;
}

static int read_clocks(struct reading *r, enum tdm_domain domain, const char *text)
{
    const struct tdm_domain_info *info = r->board->domain[domain];
    int *levels = r->levels->opp[domain], *count = &r->levels->opp_count[domain];
    const int top = (int)info->opp_count - 1;
    char *end;
    const long spread = strtol(text, &end, 10);
    if (strcmp(text, "governed") == 0) {
        levels[(*count)++] = TDM_GOVERNED;
        return 0;
    }
    if (strcmp(text, "top") == 0)
        levels[(*count)++] = top;
    else if (strcmp(text, "all") == 0)
        for (int i = 0; i <= top; i++)
            levels[(*count)++] = i;
    else if (end != text && !*end) {
        if (spread < 1 || spread > TDM_MOST_LEVELS)
            return fail(r, tdm_domain_names[domain], "a number of levels is between 1 and 64");
        for (long i = 0; i < spread; i++)
            levels[(*count)++] =
                spread == 1 ? top : (int)lround((double)i * (double)top / (double)(spread - 1));
    } else if (listed_clocks(r, domain, text))
        return -1;
    *count = sort_unique(levels, *count);
    return *count ? 0 : fail(r, tdm_domain_names[domain], "no level at all");
}

static int point_of(struct reading *r, const char *layer)
{
    if (strcmp(layer, "input") == 0)
        return 0;
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, layer);
    for (size_t i = 0; i < r->dnn->cut_count; i++) {
        if (strcmp(r->dnn->cuts[i].after, layer) == 0)
            return (int)i + 1;
        tdm_nearest_try(&nearest, r->dnn->cuts[i].after);
    }
    char message[256];
    snprintf(message, sizeof message, "'%.64s' has no cut after '%.64s'%s", r->dnn->name, layer,
             tdm_nearest_hint(&nearest));
    return fail(r, "cut", message);
}

// A point right after another where no work lies between and as much crosses: the same choice
// (a convolution, and the activation that runs fused with it).
static bool same_point(const struct tdm_dnn *dnn, size_t cut)
{
    if (cut == 0 || dnn->cuts[cut].bytes != dnn->cuts[cut - 1].bytes)
        return false;
    for (size_t i = dnn->cuts[cut - 1].layers; i < dnn->cuts[cut].layers; i++)
        if (dnn->layers[i].kernels || dnn->layers[i].macs || dnn->layers[i].out > 0)
            return false;
    return true;
}

static int listed_points(struct reading *r, const char *text, int *points, int *count)
{
    char item[160];
    while (tdm_text_item(&text, item, sizeof item)) {
        const int point = point_of(r, item);
        if (point < 0)
            return -1;
        bool known = false;
        for (int i = 0; i < *count; i++)
            known |= points[i] == point;
        if (!known)
            points[(*count)++] = point;
    }
    *count = sort_unique(points, *count);
    return *count ? 0 : fail(r, "cut", "no level at all");
}

static double work_before(const struct tdm_dnn *dnn, int point)
{
    double macs = 0;
    for (size_t i = 0; point > 0 && i < dnn->cuts[point - 1].layers; i++)
        macs += (double)dnn->layers[i].macs;
    return macs;
}

// The input, and `count` - 1 cuts: the nearest to evenly spread work, each beyond the one before.
// All that there are where there are fewer.
static void spread_points(const struct tdm_dnn *dnn, int count, int *points, int *found)
{
    const int cuts = (int)dnn->cut_count;
    points[(*found)++] = 0;
    for (int i = 1; i < count; i++) {
        const double goal = dnn->flop / 2 * i / count;
        int best = 0;
        double least = INFINITY;
        for (int p = points[*found - 1] + 1; p <= cuts; p++) {
            const double away = fabs(work_before(dnn, p) - goal);
            if (away >= least || same_point(dnn, (size_t)p - 1))
                continue;
            least = away;
            best = p;
        }
        if (best)
            points[(*found)++] = best;
    }
}

// Of the network r->dnn, into `points` and `count`.
static int read_points(struct reading *r, const char *text, int **points, int *count)
{
    const int cuts = (int)r->dnn->cut_count;
    if (cuts + 1 > TDM_MOST_POINTS)
        return fail(r, "cut", "the network has too many cuts");
    *points = tdm_arena_alloc(r->arena, ((size_t)cuts + 1) * sizeof **points);
    if (!*points)
        return fail(r, "cut", "out of memory");
    if (strcmp(text, "none") == 0)
        return 0;
    if (strcmp(text, "all") == 0) {
        (*points)[(*count)++] = 0;
        for (int i = 0; i < cuts; i++)
            if (!same_point(r->dnn, (size_t)i))
                (*points)[(*count)++] = i + 1;
        return 0;
    }
    char *end;
    const long spread = strtol(text, &end, 10);
    if (end == text || *end)
        return listed_points(r, text, *points, count);
    if (spread < 1 || spread > TDM_MOST_LEVELS)
        return fail(r, "cut", "a number of points is between 1 and 64");
    spread_points(r->dnn, (int)spread, *points, count);
    return 0;
}

// Of every version that is freed.
static int read_all_points(struct reading *r, const struct tdm_stream *stream, const char *text)
{
    struct tdm_levels *levels = r->levels;
    for (int v = 0; v < levels->version_count; v++) {
        const int version = levels->version[v];
        r->dnn = stream->versions[version].dnn;
        if (read_points(r, text, &levels->version_point[version], &levels->version_points[version]))
            return -1;
    }
    levels->point = levels->version_point[0];
    levels->point_count = levels->version_points[0];
    return 0;
}

static int version_of(struct reading *r, const struct tdm_stream *stream, const char *name)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, name);
    for (int v = 0; v < stream->version_count; v++) {
        if (strcmp(stream->versions[v].dnn->name, name) == 0)
            return v;
        tdm_nearest_try(&nearest, stream->versions[v].dnn->name);
    }
    char message[256];
    snprintf(message, sizeof message, "the stream has no version '%.64s'%s", name,
             tdm_nearest_hint(&nearest));
    return fail(r, "version", message);
}

static int read_versions(struct reading *r, const struct tdm_stream *stream, const char *text)
{
    struct tdm_levels *levels = r->levels;
    levels->version_count = 1; // its own, always
    if (!text)
        return 0;
    bool freed[TDM_MOST_VERSIONS] = {false};
    const bool all = strcmp(text, "all") == 0;
    char name[256];
    while (!all && tdm_text_item(&text, name, sizeof name)) {
        const int version = version_of(r, stream, name);
        if (version < 0)
            return -1;
        freed[version] = true;
    }
    for (int v = 1; v < stream->version_count; v++)
        if (all || freed[v])
            levels->version[levels->version_count++] = v;
    return 0;
}

bool tdm_levels_has_exit(const struct tdm_levels *levels, int version, int leaves)
{
    for (int i = 0; i < levels->exit_count[version]; i++)
        if (levels->exit[version][i] == leaves)
            return true;
    return false;
}

// Of every version that is freed and has it. At least one does.
static int free_exit(struct reading *r, const struct tdm_stream *stream, const char *name,
                     bool freed[TDM_MOST_VERSIONS][TDM_MOST_EXITS + 1])
{
    const struct tdm_levels *levels = r->levels;
    struct tdm_nearest nearest;
    bool known = false;
    tdm_nearest_start(&nearest, name);
    for (int v = 0; v < levels->version_count; v++) {
        const struct tdm_dnn *dnn = stream->versions[levels->version[v]].dnn;
        for (size_t i = 0; i < dnn->exit_count; i++) {
            const bool same = strcmp(dnn->exits[i].name, name) == 0;
            freed[levels->version[v]][i + 1] |= same;
            known |= same;
            tdm_nearest_try(&nearest, dnn->exits[i].name);
        }
    }
    char message[256];
    snprintf(message, sizeof message, "'%.64s' has no exit '%.64s'%s", stream->dnn->name, name,
             tdm_nearest_hint(&nearest));
    return known ? 0 : fail(r, "exit", message);
}

static int read_exits(struct reading *r, const struct tdm_stream *stream, const char *text)
{
    struct tdm_levels *levels = r->levels;
    bool freed[TDM_MOST_VERSIONS][TDM_MOST_EXITS + 1] = {{false}};
    const bool all = text && strcmp(text, "all") == 0;
    char name[256];
    while (text && !all && tdm_text_item(&text, name, sizeof name))
        if (free_exit(r, stream, name, freed))
            return -1;
    for (int i = 0; i < levels->version_count; i++) {
        const int v = levels->version[i], exits = (int)stream->versions[v].dnn->exit_count;
        levels->exit_count[v] = 1; // at none, always
        for (int e = 1; e <= exits; e++)
            if (all || freed[v][e])
                levels->exit[v][levels->exit_count[v]++] = e;
    }
    return 0;
}

static int read_processors(struct reading *r, const char *text)
{
    struct tdm_levels *levels = r->levels;
    if (strcmp(text, "all") == 0) {
        for (size_t i = 0; i < r->board->processor_count; i++)
            levels->processor[levels->processor_count++] = (int)i;
        return 0;
    }
    char item[64];
    while (tdm_text_item(&text, item, sizeof item)) {
        const struct tdm_processor *p = tdm_board_processor(r->board, item);
        char message[128];
        snprintf(message, sizeof message, "the board '%s' has no processor '%s'", r->board->name,
                 item);
        if (!p)
            return fail(r, "processor", message);
        if (levels->processor_count == 8)
            return fail(r, "processor", "too many processors");
        levels->processor[levels->processor_count++] = (int)(p - r->board->processors);
    }
    levels->processor_count = sort_unique(levels->processor, levels->processor_count);
    return levels->processor_count ? 0 : fail(r, "processor", "no level at all");
}

static int read_shares(struct reading *r, const struct tdm_list *xi, const struct tdm_list *bits)
{
    struct tdm_levels *levels = r->levels;
    for (size_t i = 0; i < xi->count; i++) {
        if (i && xi->items[i] <= xi->items[i - 1])
            return fail(r, "xi", "the shares rise");
        if (levels->xi_count == TDM_MOST_LEVELS)
            return fail(r, "xi", "too many levels");
        if (xi->items[i] > 0)
            levels->xi[levels->xi_count++] = xi->items[i];
    }
    for (size_t i = 0; i < bits->count; i++) {
        const double b = bits->items[i];
        if ((b != 8 && b != 16 && b != 32) || levels->bits_count == 3)
            return fail(r, "bits", "up to three of 8, 16 and 32");
        levels->bits[levels->bits_count++] = (int)b;
    }
    return 0;
}

int tdm_levels_read(struct tdm_levels *levels, const struct tdm_scenario *scenario,
                    const struct tdm_stream *stream, struct tdm_arena *arena,
                    struct tdm_error *error)
{
    static double default_xi[] = {0, 1}, default_bits[] = {32, 8};
    static const struct tdm_scenario_knobs defaults = {.cpu = "all",
                                                       .gpu = "all",
                                                       .emc = "all",
                                                       .cut = "all",
                                                       .processor = "gpu",
                                                       .xi = {default_xi, 2},
                                                       .bits = {default_bits, 2}};
    const struct tdm_scenario_knobs *knobs = scenario->boards[stream->board].knobs;
    struct reading r = {.levels = levels,
                        .scenario = scenario,
                        .board = scenario->boards[stream->board].board,
                        .dnn = stream->dnn,
                        .place = knobs ? knobs->place : stream->place,
                        .arena = arena,
                        .error = error};
    if (!knobs)
        knobs = &defaults;
    *levels = (struct tdm_levels){0};
    levels->link_count = scenario->boards[stream->board].link_count;
    if (read_clocks(&r, TDM_CPU, knobs->cpu) || read_clocks(&r, TDM_GPU, knobs->gpu) ||
        read_clocks(&r, TDM_EMC, knobs->emc) || read_processors(&r, knobs->processor) ||
        read_versions(&r, stream, knobs->version) || read_exits(&r, stream, knobs->exit) ||
        read_all_points(&r, stream, knobs->cut) || read_shares(&r, &knobs->xi, &knobs->bits))
        return -1;
    for (int v = 0; !levels->link_count && v < TDM_MOST_VERSIONS; v++)
        levels->version_points[v] = 0;
    levels->point_count = levels->version_points[0];
    return 0;
}

int tdm_levels_check(const struct tdm_scenario *scenario, struct tdm_error *error)
{
    for (size_t i = 0; i < scenario->stream_count; i++) {
        struct tdm_levels levels;
        const int board = scenario->streams[i].board, twin = scenario->boards[board].twin;
        if (twin >= 0 && twin != board)
            continue; // as its twin's
        if (tdm_levels_read(&levels, scenario, &scenario->streams[i], scenario->arena, error))
            return -1;
    }
    return 0;
}

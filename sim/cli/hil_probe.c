// SPDX-License-Identifier: GPL-3.0-or-later
// tandem hil probe: which board it is, and whether it is as its file says.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/hil_parts.h"
#include "cli/output.h"
#include "core/table.h"
#include "hil/board/rails.h"
#include "hil/board/targets.h"

enum { MOST_OPPS = 128 };

// ---- clocks ------------------------------------------------------------------------------------

struct clocks {
    double kernel[MOST_OPPS];
    int count; // -errno: the table cannot be read
    double only_kernel[MOST_OPPS], only_file[MOST_OPPS];
    int only_kernel_count, only_file_count;
};

static bool has(const double *table, int count, double hz)
{
    for (int i = 0; i < count; i++)
        if (fabs(table[i] - hz) <= 1e-3 * hz)
            return true;
    return false;
}

static void compare(const struct tdm_hw *hw, enum tdm_domain domain, struct clocks *clocks)
{
    const struct tdm_domain_info *info = tdm_hw_board(hw)->domain[domain];
    clocks->count = tdm_hw_table(hw, domain, clocks->kernel, MOST_OPPS);
    for (int i = 0; i < clocks->count; i++)
        if (tdm_domain_opp(info, clocks->kernel[i]) < 0)
            clocks->only_kernel[clocks->only_kernel_count++] = clocks->kernel[i];
    for (size_t i = 0; i < info->opp_count && clocks->count > 0; i++)
        if (!has(clocks->kernel, clocks->count, info->opps[i].hz))
            clocks->only_file[clocks->only_file_count++] = info->opps[i].hz;
}

static const char *frequency(double hz, char text[64])
{
    if (!(hz > 0))
        return "-";
    return tdm_quantity_format(hz, TDM_FREQUENCY, 7, text, 64);
}

// What one of a knob's files holds, NAN where it cannot be read.
static double value_of(const struct tdm_hw *hw, const char *knob, size_t index)
{
    struct tdm_spot spots[TDM_SPOTS];
    double value;
    const size_t count = tdm_hw_spots(hw, knob, spots);
    return index < count && tdm_hw_number(hw, &spots[index], &value) == 0 ? value : NAN;
}

static const char *text_of(const struct tdm_hw *hw, const char *knob, size_t index,
                           char text[TDM_KNOB_TEXT])
{
    struct tdm_spot spots[TDM_SPOTS];
    const size_t count = tdm_hw_spots(hw, knob, spots);
    if (index >= count || tdm_hw_text(hw, &spots[index], text, TDM_KNOB_TEXT) <= 0)
        snprintf(text, TDM_KNOB_TEXT, "-");
    return text;
}

// "policy2" of a cluster's file.
static void cluster_name(const struct tdm_spot *spot, char *name, size_t size)
{
    const char *end = strrchr(spot->path, '/'), *start = end;
    while (start > spot->path && start[-1] != '/')
        start--;
    snprintf(name, size, "cpu %.*s", (int)(end - start), start);
}

// One row of the table: a cluster's, the GPU's or the memory's clock.
struct row {
    char name[48];
    double now, least, most;
    char governor[TDM_KNOB_TEXT];
    enum tdm_domain domain;
};

static size_t rows_of(const struct tdm_hw *hw, struct row *rows)
{
    struct tdm_spot clusters[TDM_SPOTS];
    size_t n = 0;
    const size_t count = tdm_hw_spots(hw, "cpu-now", clusters);
    for (size_t i = 0; i < count && n < TDM_SPOTS; i++, n++) {
        rows[n] = (struct row){.now = value_of(hw, "cpu-now", i),
                               .least = value_of(hw, "cpu-min", i),
                               .most = value_of(hw, "cpu-max", i),
                               .domain = TDM_CPU};
        cluster_name(&clusters[i], rows[n].name, sizeof rows[n].name);
        text_of(hw, "cpu-governor", i, rows[n].governor);
    }
    rows[n] = (struct row){.name = "gpu",
                           .now = value_of(hw, "gpu-now", 0),
                           .least = value_of(hw, "gpu-min", 0),
                           .most = value_of(hw, "gpu-max", 0),
                           .domain = TDM_GPU};
    text_of(hw, "gpu-governor", 0, rows[n].governor);
    n++;
    const double cap = value_of(hw, "emc-cap", 0), max = value_of(hw, "emc-max", 0);
    rows[n] = (struct row){.name = "emc",
                           .now = value_of(hw, "emc-rate", 0),
                           .least = value_of(hw, "emc-min", 0),
                           .most = cap > 0 ? cap : max,
                           .domain = TDM_EMC};
    snprintf(rows[n].governor, sizeof rows[n].governor, "%s",
             value_of(hw, "emc-lock", 0) > 0 ? "locked" : "unlocked");
    return n + 1;
}

static void print_clocks(const struct tdm_hw *hw, const struct clocks *clocks)
{
    struct row *rows = calloc(TDM_SPOTS + 2, sizeof *rows);
    struct tdm_table table;
    char a[64], b[64], c[64];
    if (!rows)
        return;
    tdm_table_start(&table, (const char *const[]){"clock", ">now", ">at least", ">at most", "by",
                                                  ">OPPs", NULL});
    const size_t count = rows_of(hw, rows);
    for (size_t i = 0; i < count; i++) {
        tdm_table_add(&table, "%s", rows[i].name);
        tdm_table_add(&table, "%s", frequency(rows[i].now, a));
        tdm_table_add(&table, "%s", frequency(rows[i].least, b));
        tdm_table_add(&table, "%s", frequency(rows[i].most, c));
        tdm_table_add(&table, "%s", rows[i].governor);
        if (clocks[rows[i].domain].count > 0)
            tdm_table_add(&table, "%d", clocks[rows[i].domain].count);
        else
            tdm_table_add(&table, "?");
    }
    tdm_table_print(&table, stdout, 2, tdm_terminal_width(stdout));
    free(rows);
}

static void print_difference(const char *who, enum tdm_domain domain, const double *hz, int count)
{
    char text[64];
    if (!count)
        return;
    printf("  only %s has %s clocks of", who, tdm_domain_names[domain]);
    for (int i = 0; i < count; i++)
        printf("%s %s", i ? "," : "", frequency(hz[i], text));
    putchar('\n');
}

// ---- knobs and sensors -------------------------------------------------------------------------

static void print_missing(const struct tdm_hw *hw)
{
    struct tdm_spot spots[TDM_SPOTS];
    bool any = false;
    for (const char *const *knob = tdm_hw_knobs; *knob; knob++)
        if (tdm_hw_writable(hw, *knob) && tdm_hw_spots(hw, *knob, spots) == 0) {
            printf("%s%s", any ? ", " : "  not there, though the file names them: ", *knob);
            any = true;
        }
    if (any)
        putchar('\n');
}

static void print_rails(const struct tdm_hw *hw, const struct tdm_rail_spot *rails, size_t count)
{
    struct tdm_table table;
    char text[160];
    tdm_table_start(&table, (const char *const[]){"rail", "of the total", ">step", "what", NULL});
    for (size_t i = 0; i < count; i++) {
        const struct tdm_rail *rail = rails[i].rail;
        tdm_table_add(&table, "%s", rails[i].label);
        tdm_table_add(&table, "%s", rails[i].total ? "yes" : "");
        if (rail && rail->quantum > 0)
            tdm_table_add(&table, "%s",
                          tdm_quantity_format(rail->quantum, TDM_POWER, 3, text, sizeof text));
        else
            tdm_table_add(&table, "-");
        tdm_table_add(&table, "%s", rail ? rail->covers : "not in the board's file");
    }
    if (count)
        tdm_table_print(&table, stdout, 2, tdm_terminal_width(stdout));
    const bool whole = tdm_rails_whole(hw, rails, count, text, sizeof text);
    printf("  board total: %s%s\n", whole ? "" : "none, ", text);
}

static void print_zones(const struct tdm_hw *hw)
{
    struct tdm_spot spots[TDM_SPOTS];
    char name[TDM_KNOB_TEXT];
    const size_t count = tdm_hw_spots(hw, "thermal-type", spots);
    printf("  %zu temperature zones%s", count, count ? ":" : "");
    for (size_t i = 0; i < count; i++)
        printf("%s %s", i ? "," : "", text_of(hw, "thermal-type", i, name));
    putchar('\n');
}

static void print(struct tdm_hw *hw, const struct clocks *clocks)
{
    const struct tdm_probe *probe = tdm_hw_probe(hw);
    struct tdm_rail_spot *rails = calloc(TDM_RAILS, sizeof *rails);
    printf("%s\n", probe->model[0] ? probe->model : "a machine that does not say what it is");
    printf("  board    %-12s %s%s\n", probe->board, tdm_sureness_names[probe->board_sure],
           probe->board_sure == TDM_SURE     ? ", by the part number in its device tree"
           : probe->board_sure == TDM_LIKELY ? ", by the model in its device tree"
                                             : "");
    printf("  JetPack  %-12s %s%s%s\n", probe->jetpack, tdm_sureness_names[probe->jetpack_sure],
           probe->release[0] ? ", " : "", probe->release);
    printf("  cores    %d of %d online\n\n", tdm_cores_online(hw),
           (int)tdm_hw_board(hw)->domain[TDM_CPU]->cores);
    print_clocks(hw, clocks);
    for (int i = 0; i < TDM_DOMAINS; i++) {
        print_difference("the kernel", (enum tdm_domain)i, clocks[i].only_kernel,
                         clocks[i].only_kernel_count);
        print_difference("the board's file", (enum tdm_domain)i, clocks[i].only_file,
                         clocks[i].only_file_count);
    }
    print_missing(hw);
    putchar('\n');
    if (rails)
        print_rails(hw, rails, tdm_rails_find(hw, rails));
    free(rails);
    print_zones(hw);
}

// ---- JSON --------------------------------------------------------------------------------------

static json_t *list(const double *hz, int count)
{
    json_t *array = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(array, json_real(hz[i]));
    return array;
}

static json_t *clocks_json(const struct tdm_hw *hw, const struct clocks *clocks)
{
    json_t *array = json_array();
    struct row *rows = calloc(TDM_SPOTS + 2, sizeof *rows);
    const size_t count = rows ? rows_of(hw, rows) : 0;
    for (size_t i = 0; i < count; i++) {
        const struct clocks *of = &clocks[rows[i].domain];
        json_array_append_new(array,
                              json_pack("{s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "name",
                                        rows[i].name, "domain", tdm_domain_names[rows[i].domain],
                                        "now_hz", tdm_json_number(rows[i].now), "least_hz",
                                        tdm_json_number(rows[i].least), "most_hz",
                                        tdm_json_number(rows[i].most), "governor", rows[i].governor,
                                        "opps_hz", list(of->kernel, of->count), "only_kernel_hz",
                                        list(of->only_kernel, of->only_kernel_count),
                                        "only_file_hz", list(of->only_file, of->only_file_count)));
    }
    free(rows);
    return array;
}

static json_t *rails_json(struct tdm_hw *hw)
{
    json_t *array = json_array();
    struct tdm_rail_spot *rails = calloc(TDM_RAILS, sizeof *rails);
    const size_t count = rails ? tdm_rails_find(hw, rails) : 0;
    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            array,
            json_pack("{s:s, s:b, s:o}", "name", rails[i].label, "total", rails[i].total, "step_w",
                      tdm_json_number(rails[i].rail ? rails[i].rail->quantum : NAN)));
    free(rails);
    return array;
}

static int print_json(struct tdm_hw *hw, const struct clocks *clocks)
{
    const struct tdm_probe *probe = tdm_hw_probe(hw);
    return tdm_cli_json(json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "model", probe->model, "board", probe->board,
        "board_sure", tdm_sureness_names[probe->board_sure], "jetpack", probe->jetpack,
        "jetpack_sure", tdm_sureness_names[probe->jetpack_sure], "release", probe->release,
        "clocks", clocks_json(hw, clocks), "rails", rails_json(hw)));
}

int tdm_hil_probe(int argc, char **argv)
{
    struct tdm_hil_where where = {0};
    bool json = false;
    const struct tdm_option options[] = {TDM_HIL_OPTIONS(where),
                                         {0, "json", .flag = &json, .help = "as JSON"}};
    const struct tdm_usage usage = {
        "hil probe", "",
        "Which board this is and how sure that is, its clocks as the kernel has them against the "
        "board's file, and its sensors. Reads only.",
        options, TDM_COUNT(options)};
    const int count = tdm_options_read(&usage, argc, argv, NULL, 0, 0);
    if (count < 0)
        return tdm_options_exit(count);
    struct tdm_hw *hw = tdm_hil_open(&where);
    struct clocks *clocks = hw ? calloc(TDM_DOMAINS, sizeof *clocks) : NULL;
    int code = TDM_EXIT_USAGE;
    if (clocks) {
        for (int i = 0; i < TDM_DOMAINS; i++)
            compare(hw, (enum tdm_domain)i, &clocks[i]);
        code = TDM_EXIT_DONE;
        if (json)
            code = print_json(hw, clocks);
        else
            print(hw, clocks);
    }
    free(clocks);
    tdm_hw_close(hw);
    return code;
}

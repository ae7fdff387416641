// SPDX-License-Identifier: GPL-3.0-or-later
// tandem board: the boards that there are, and every number of one. Its fits are in board_fits.c.
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/board_parts.h"
#include "cli/command.h"
#include "cli/kind.h"

enum { OPPS, SYSFS };

static struct tdm_sources sources_of(const struct tdm_board *board)
{
    return (struct tdm_sources){board->sources, board->source_count};
}

// A cell that says where a row is from; more pairs of what and id may follow the id.
#define FROM(table, board, ...) \
    do { \
        char from_[512]; \
        tdm_table_add( \
            table, "%s", \
            tdm_describe_source(sources_of(board), from_, sizeof from_, __VA_ARGS__, NULL)); \
    } while (0)

// ---- list --------------------------------------------------------------------------------------

// "inception-v3, resnet50": what was measured on the board, each dnn once.
static void fitted_names(const struct tdm_board *board, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < board->fit_count; i++) {
        const char *name = board->fits[i].dnn;
        bool seen = strcmp(name, TDM_FIT_DEFAULT) == 0;
        for (size_t j = 0; j < i && !seen; j++)
            seen = strcmp(board->fits[j].dnn, name) == 0;
        if (!seen && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", name);
    }
    if (!used)
        snprintf(text, size, "nothing yet");
}

static const char *const list_titles[] = {"name", "board", ">Pmax",     ">OPPs: CPU",
                                          ">GPU", ">EMC",  "fitted to", NULL};

static void list_row(const void *object, struct tdm_table *table)
{
    const struct tdm_board *board = object;
    char fitted[1024];
    fitted_names(board, fitted, sizeof fitted);
    tdm_table_add(table, "%s", board->name);
    tdm_table_add(table, "%s", board->title);
    tdm_describe_cell(table, board->pmax, TDM_POWER);
    for (int d = 0; d < TDM_DOMAINS; d++)
        tdm_table_add(table, "%zu", board->domain[d]->opp_count);
    tdm_table_add(table, "%s", fitted);
}

static json_t *list_json(const void *object)
{
    const struct tdm_board *board = object;
    json_t *opps = json_object(), *fits = json_array();
    char key[512];
    for (int d = 0; d < TDM_DOMAINS; d++)
        json_object_set_new(opps, tdm_domain_names[d],
                            json_integer((json_int_t)board->domain[d]->opp_count));
    for (size_t i = 0; i < board->fit_count; i++)
        json_array_append_new(fits, json_string(tdm_fit_key(&board->fits[i], key, sizeof key)));
    return json_pack("{s:s, s:s, s:f, s:s, s:o, s:o}", "name", board->name, "title", board->title,
                     "pmax_w", board->pmax, "file", board->path, "opps", opps, "fits", fits);
}

// ---- show --------------------------------------------------------------------------------------

static void show_numbers(const struct tdm_board *board, FILE *stream)
{
    struct tdm_table table;
    tdm_table_start(&table, (const char *const[]){"", ">", "", NULL});
    tdm_table_add(&table, "power budget Pmax");
    tdm_describe_cell(&table, board->pmax, TDM_POWER);
    FROM(&table, board, board->pmax_source);
    tdm_table_add(&table, "memory");
    tdm_describe_cell(&table, board->memory, TDM_SIZE);
    FROM(&table, board, board->pmax_source);
    tdm_table_add(&table, "jitter of stage times (sigma)");
    tdm_describe_cell(&table, board->jitter, TDM_SHARE);
    FROM(&table, board, board->jitter_source);
    tdm_table_add(&table, "a learned policy's decision");
    tdm_describe_cell(&table, board->thinking, TDM_TIME);
    FROM(&table, board, board->jitter_source);
    tdm_table_add(&table, "packing, one core");
    tdm_table_add(&table, "%g B/cycle", board->pack);
    FROM(&table, board, board->jitter_source);
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

static void show_processors(const struct tdm_board *board, FILE *stream)
{
    struct tdm_table table;
    tdm_describe_heading(stream, "Processors");
    tdm_table_start(&table, (const char *const[]){"name", "clock", ">FLOP/cycle", ">bandwidth",
                                                  ">utilisation", ">peak", "=source", NULL});
    for (size_t i = 0; i < board->processor_count; i++) {
        const struct tdm_processor *p = &board->processors[i];
        tdm_table_add(&table, "%s", p->name);
        tdm_table_add(&table, "%s", tdm_domain_names[p->domain]);
        if (isnan(p->flop))
            tdm_table_add(&table, "by its fits");
        else
            tdm_table_add(&table, "%g", p->flop);
        tdm_describe_cell(&table, p->bandwidth, TDM_SHARE);
        tdm_describe_cell(&table, p->utilisation, TDM_SHARE);
        tdm_describe_cell(&table, p->peak, TDM_COMPUTE);
        FROM(&table, board, p->source);
    }
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

static void show_floors(const struct tdm_board *board, FILE *stream)
{
    struct tdm_table table;
    tdm_describe_heading(stream, "Memory clock while nothing locks it");
    tdm_table_start(&table,
                    (const char *const[]){">GPU clock from", ">EMC at least", "=source", NULL});
    for (size_t i = 0; i < board->floor_count; i++) {
        tdm_describe_cell(&table, board->floors[i].gpu, TDM_FREQUENCY);
        tdm_describe_cell(&table, board->floors[i].emc, TDM_FREQUENCY);
        FROM(&table, board, board->floors[i].source);
    }
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

static void cap_cell(struct tdm_table *table, double hz)
{
    char text[64];
    tdm_table_add(table, "%s",
                  isnan(hz) ? "-" : tdm_describe_number(hz, TDM_FREQUENCY, text, sizeof text));
}

static void show_modes(const struct tdm_board *board, FILE *stream)
{
    struct tdm_table table;
    if (!board->mode_count)
        return;
    tdm_describe_heading(stream, "Power modes (nvpmodel; caps, - where there is none)");
    tdm_table_start(&table, (const char *const[]){">id", "mode", ">cores", ">CPU", ">CPU from",
                                                  ">GPU", ">EMC", "", "=source", NULL});
    for (size_t i = 0; i < board->mode_count; i++) {
        const struct tdm_mode *mode = &board->modes[i];
        tdm_table_add(&table, "%" PRId64, mode->id);
        tdm_table_add(&table, "%s", mode->name);
        tdm_table_add(&table, "%" PRId64, mode->cores);
        cap_cell(&table, mode->cpu);
        cap_cell(&table, mode->cpu_min);
        cap_cell(&table, mode->gpu);
        cap_cell(&table, mode->emc);
        tdm_table_add(&table, "%s", mode->is_default ? "default" : "");
        FROM(&table, board, mode->source);
    }
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

static void show_rails(const struct tdm_board *board, FILE *stream)
{
    const int width = tdm_terminal_width(stream);
    struct tdm_table table;
    tdm_describe_heading(stream, "Rails (shares of the model's power by cause)");
    tdm_table_start(&table, (const char *const[]){"rail", "total", ">idle", ">CPU", ">GPU", ">EMC",
                                                  ">rest", ">step", ">every", "=source", NULL});
    for (size_t i = 0; i < board->rail_count; i++) {
        const struct tdm_rail *rail = &board->rails[i];
        tdm_table_add(&table, "%s", rail->name);
        tdm_table_add(&table, "%s", rail->total ? "yes" : "no");
        tdm_describe_cell(&table, rail->idle, TDM_POWER);
        tdm_describe_cell(&table, rail->share_cpu, TDM_SHARE);
        tdm_describe_cell(&table, rail->share_gpu, TDM_SHARE);
        tdm_describe_cell(&table, rail->share_emc, TDM_SHARE);
        tdm_describe_cell(&table, rail->share_rest, TDM_SHARE);
        tdm_describe_cell(&table, rail->quantum, TDM_POWER);
        tdm_describe_cell(&table, rail->period, TDM_TIME);
        FROM(&table, board, rail->source, "shares", rail->share_source);
    }
    tdm_table_print(&table, stream, 2, width);
    tdm_table_start(&table, (const char *const[]){"", "", NULL});
    for (size_t i = 0; i < board->rail_count; i++) {
        const struct tdm_rail *rail = &board->rails[i];
        tdm_table_add(&table, "%s", rail->name);
        tdm_table_add(&table, "covers %s%s%s", rail->covers, rail->sensor ? "; " : "",
                      rail->sensor ? rail->sensor : "");
    }
    tdm_table_print(&table, stream, 2, width);
}

static void show_trips(const struct tdm_board *board, const struct tdm_thermal *t, FILE *stream)
{
    struct tdm_table table;
    if (!t->trip_count)
        return;
    tdm_table_start(&table,
                    (const char *const[]){">caps above", ">CPU", ">GPU", ">EMC", "=source", NULL});
    for (size_t i = 0; i < t->trip_count; i++) {
        const struct tdm_trip *trip = &t->trips[i];
        tdm_describe_cell(&table, trip->above, TDM_TEMPERATURE);
        cap_cell(&table, trip->cpu);
        cap_cell(&table, trip->gpu);
        cap_cell(&table, trip->emc);
        FROM(&table, board, t->source);
    }
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

static void show_thermal(const struct tdm_board *board, FILE *stream)
{
    struct tdm_table table;
    if (!board->thermal_count)
        return;
    const struct tdm_thermal *t = board->thermals;
    tdm_describe_heading(stream, "Heat");
    tdm_table_start(&table,
                    (const char *const[]){">resistance", ">capacity", ">ambient", ">reference",
                                          ">leakage", ">hysteresis", "source", NULL});
    tdm_describe_cell(&table, t->resistance, TDM_HEAT_RESISTANCE);
    tdm_describe_cell(&table, t->capacity, TDM_HEAT_CAPACITY);
    tdm_describe_cell(&table, t->ambient, TDM_TEMPERATURE);
    tdm_describe_cell(&table, t->reference, TDM_TEMPERATURE);
    tdm_describe_cell(&table, t->leakage, TDM_PER_KELVIN);
    tdm_table_add(&table, "%.4g K", t->hysteresis);
    FROM(&table, board, t->source);
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
    show_trips(board, t, stream);
}

// "published [12]; published [13]": each source of the files once.
static void sysfs_sources(const struct tdm_board *board, FILE *stream)
{
    char from[512];
    fputs("  source:", stream);
    const char *before = "";
    for (size_t i = 0; i < board->sysfs_count; i++) {
        bool seen = false;
        for (size_t j = 0; j < i && !seen; j++)
            seen = strcmp(board->sysfs[j].source, board->sysfs[i].source) == 0;
        if (!seen)
            fprintf(stream, "%s %s", before,
                    tdm_describe_source(sources_of(board), from, sizeof from,
                                        board->sysfs[i].source, NULL));
        before = ";";
    }
    fputc('\n', stream);
}

static void show_sysfs(const struct tdm_board *board, bool all, FILE *stream)
{
    struct tdm_table table;
    if (!board->sysfs_count)
        return;
    tdm_describe_heading(stream, "Kernel files of knobs and readings");
    if (!all) {
        fprintf(stream, "  %zu of them; --sysfs lists them\n", board->sysfs_count);
        return;
    }
    tdm_table_start(&table, (const char *const[]){"JetPack", "knob", "unit", "path", NULL});
    for (size_t i = 0; i < board->sysfs_count; i++) {
        const struct tdm_sysfs *s = &board->sysfs[i];
        tdm_table_add(&table, "%s", s->jetpack);
        tdm_table_add(&table, "%s", s->knob);
        tdm_table_add(&table, "%s", s->unit ? s->unit : "-");
        tdm_table_add(&table, "%s", s->path);
    }
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
    sysfs_sources(board, stream);
}

static void show(const void *object, const bool *flags, FILE *stream)
{
    const struct tdm_board *board = object;
    fprintf(stream, "%s: %s\n%s\n\n", board->name, board->title, board->path);
    show_numbers(board, stream);
    tdm_board_show_clocks(board, flags[OPPS], stream);
    show_floors(board, stream);
    show_modes(board, stream);
    show_processors(board, stream);
    show_rails(board, stream);
    show_thermal(board, stream);
    tdm_board_show_fits(board, stream);
    show_sysfs(board, flags[SYSFS], stream);
    tdm_describe_sources(sources_of(board), stream);
}

// ---- the command -------------------------------------------------------------------------------

static void *load(const char *reference, struct tdm_error *error)
{
    return tdm_board_load(reference, error);
}

static void drop(void *object)
{
    tdm_board_free(object);
}

static const char *path_of(const void *object)
{
    return ((const struct tdm_board *)object)->path;
}

const struct tdm_kind tdm_board_kind = {
    .name = "board",
    .folder = "boards",
    .listed = "The boards: clocks, power budget, and what their models are fitted to.",
    .shown = "Everything that is known of a board, each number with its unit and its source.",
    .flags = {[OPPS] = "opps", [SYSFS] = "sysfs"},
    .flag_help = {[OPPS] = "tables of all operating points, with voltages and bandwidths",
                  [SYSFS] = "the kernel's files of its knobs and sensors"},
    .schema = &tdm_board_schema,
    .titles = list_titles,
    .load = load,
    .free = drop,
    .path = path_of,
    .row = list_row,
    .summary = list_json,
    .show = show,
};

int tdm_cli_board(int argc, char **argv)
{
    return tdm_kind_run(&tdm_board_kind, argc, argv);
}

// SPDX-License-Identifier: GPL-3.0-or-later
// tandem radio: what a board's radio draws.
#include "model/radio.h"

#include <math.h>

#include "cli/command.h"
#include "cli/kind.h"

static struct tdm_sources sources_of(const struct tdm_radio *radio)
{
    return (struct tdm_sources){radio->sources, radio->source_count};
}

static const char *const list_titles[] = {
    "name", ">up, mW/(Mbit/s)", ">down", ">base", ">promotion", ">tail", "radio", NULL};

// W per (byte/s) as mW/(Mbit/s): one unit, so that radios compare.
static double milliwatts(double slope)
{
    return slope * 125e3 * 1e3;
}

static void list_row(const void *object, struct tdm_table *table)
{
    const struct tdm_radio *radio = object;
    tdm_table_add(table, "%s", radio->name);
    tdm_table_add(table, "%.4g", milliwatts(radio->up));
    tdm_table_add(table, "%.4g", milliwatts(radio->down));
    tdm_describe_cell(table, radio->base, TDM_POWER);
    tdm_describe_cell(table, radio->promotion_time * radio->promotion_power, TDM_ENERGY);
    tdm_describe_cell(table, radio->tail_time * radio->tail_power, TDM_ENERGY);
    tdm_table_add(table, "%s", radio->title);
}

static json_t *list_json(const void *object)
{
    const struct tdm_radio *radio = object;
    return json_pack("{s:s, s:s, s:f, s:f, s:f, s:f, s:f, s:s}", "name", radio->name, "title",
                     radio->title, "up_w_per_byte_per_s", radio->up, "down_w_per_byte_per_s",
                     radio->down, "base_w", radio->base, "promotion_j",
                     radio->promotion_time * radio->promotion_power, "tail_j",
                     radio->tail_time * radio->tail_power, "file", radio->path);
}

// ---- show --------------------------------------------------------------------------------------

static void from_cell(struct tdm_table *table, const struct tdm_radio *radio, const char *id)
{
    char from[256];
    tdm_table_add(table, "%s", tdm_describe_source(sources_of(radio), from, sizeof from, id, NULL));
}

static void show_transfer(const struct tdm_radio *radio, FILE *stream)
{
    struct tdm_table table;
    tdm_table_start(&table, (const char *const[]){"", ">", "=source", NULL});
    tdm_table_add(&table, "base power while a transfer lasts");
    tdm_describe_cell(&table, radio->base, TDM_POWER);
    from_cell(&table, radio, radio->source);
    tdm_table_add(&table, "and for each Mbit/s up");
    tdm_table_add(&table, "%.4g mW", milliwatts(radio->up));
    from_cell(&table, radio, radio->source);
    tdm_table_add(&table, "and for each Mbit/s down");
    tdm_table_add(&table, "%.4g mW", milliwatts(radio->down));
    from_cell(&table, radio, radio->source);
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

static void show_states(const struct tdm_radio *radio, FILE *stream)
{
    struct tdm_table table;
    const char *states = radio->state_source ? radio->state_source : radio->source;
    tdm_describe_heading(stream, "States");
    tdm_table_start(&table,
                    (const char *const[]){"", ">time", ">power", ">energy", "=source", NULL});
    tdm_table_add(&table, "promotion, from idle to ready");
    tdm_describe_cell(&table, radio->promotion_time, TDM_TIME);
    tdm_describe_cell(&table, radio->promotion_power, TDM_POWER);
    tdm_describe_cell(&table, radio->promotion_time * radio->promotion_power, TDM_ENERGY);
    from_cell(&table, radio, radio->promotion_source ? radio->promotion_source : states);
    tdm_table_add(&table, "tail, after the last byte");
    tdm_describe_cell(&table, radio->tail_time, TDM_TIME);
    tdm_describe_cell(&table, radio->tail_power, TDM_POWER);
    tdm_describe_cell(&table, radio->tail_time * radio->tail_power, TDM_ENERGY);
    from_cell(&table, radio, states);
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

static void show_signals(const struct tdm_radio *radio, FILE *stream)
{
    struct tdm_table table;
    if (!radio->signal_count)
        return;
    tdm_describe_heading(stream, "Signal strength");
    tdm_table_start(
        &table, (const char *const[]){">weaker than", ">transfer power times", "=source", NULL});
    for (size_t i = 0; i < radio->signal_count; i++) {
        tdm_describe_cell(&table, radio->signals[i].below, TDM_SIGNAL);
        tdm_table_add(&table, "%.4g", radio->signals[i].factor);
        from_cell(&table, radio, radio->signals[i].source);
    }
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

static void show(const void *object, const bool *flags, FILE *stream)
{
    const struct tdm_radio *radio = object;
    (void)flags;
    fprintf(stream, "%s: %s\n%s\n\n", radio->name, radio->title, radio->path);
    show_transfer(radio, stream);
    show_states(radio, stream);
    show_signals(radio, stream);
    tdm_describe_sources(sources_of(radio), stream);
}

// ---- the command -------------------------------------------------------------------------------

static void *load(const char *reference, struct tdm_error *error)
{
    return tdm_radio_load(reference, error);
}

static void drop(void *object)
{
    tdm_radio_free(object);
}

static const char *path_of(const void *object)
{
    return ((const struct tdm_radio *)object)->path;
}

const struct tdm_kind tdm_radio_kind = {
    .name = "radio",
    .folder = "radios",
    .listed = "The radios: power of transfers, energy of promotion and tail.",
    .shown = "Everything that is known of a radio, each number with its unit and its source.",
    .schema = &tdm_radio_schema,
    .titles = list_titles,
    .load = load,
    .free = drop,
    .path = path_of,
    .row = list_row,
    .summary = list_json,
    .show = show,
};

int tdm_cli_radio(int argc, char **argv)
{
    return tdm_kind_run(&tdm_radio_kind, argc, argv);
}

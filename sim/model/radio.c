// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/radio.h"

#include "core/error.h"
#include "model/library.h"

#define AT(type, field) offsetof(struct type, field)

static const struct tdm_attribute signal_attributes[] = {
    {"below", TDM_QUANTITY, AT(tdm_radio_signal, below), "while the signal is weaker than this",
     .required = true, .dimension = TDM_SIGNAL, .min = -200, .max = 0},
    {"factor", TDM_QUANTITY, AT(tdm_radio_signal, factor), "on the power of transfers",
     .required = true, .min = 0.1, .max = 100},
    {"source", TDM_NAME, AT(tdm_radio_signal, source), "id of its <source>", .required = true},
};
static const struct tdm_element signal_element = {
    .name = "signal",
    .help = "what a weak signal costs; the strongest bound comes first",
    .size = sizeof(struct tdm_radio_signal),
    .attributes = signal_attributes,
    .attribute_count = TDM_COUNT(signal_attributes),
    TDM_CHILDREN(tdm_radio, signals, signal_count),
    .at_most = 100};

#define POWER(field, attribute, text) \
    { \
        attribute, TDM_QUANTITY, AT(tdm_radio, field), text, \
            .dimension = TDM_POWER, .fallback = "0 W", .min = 0, .max = 100 \
    }
#define TIME(field, attribute, text) \
    { \
        attribute, TDM_QUANTITY, AT(tdm_radio, field), text, \
            .dimension = TDM_TIME, .fallback = "0 s", .min = 0, .max = 100 \
    }

static const struct tdm_attribute radio_attributes[] = {
    {"name", TDM_NAME, AT(tdm_radio, name), "what scenarios call it", .required = true},
    {"title", TDM_TEXT, AT(tdm_radio, title), "for people", .required = true},
    {"up", TDM_QUANTITY, AT(tdm_radio, up), "power by uplink rate", .required = true,
     .dimension = TDM_RADIO_SLOPE, .min = 0, .max = 1},
    {"down", TDM_QUANTITY, AT(tdm_radio, down), "power by downlink rate", .required = true,
     .dimension = TDM_RADIO_SLOPE, .min = 0, .max = 1},
    POWER(base, "base", "while a transfer lasts"),
    TIME(promotion_time, "promotion-time", "from idle to ready"),
    POWER(promotion_power, "promotion-power", "meanwhile"),
    TIME(tail_time, "tail-time", "after the last byte"),
    POWER(tail_power, "tail-power", "meanwhile"),
    {"source", TDM_NAME, AT(tdm_radio, source), "id of the <source> of these numbers",
     .required = true},
    {"state-source", TDM_NAME, AT(tdm_radio, state_source), "of promotion and tail, if another"},
    {"promotion-source", TDM_NAME, AT(tdm_radio, promotion_source),
     "of promotion, if another than the tail's"},
};
static const struct tdm_element source_element = TDM_SOURCE_ELEMENT(tdm_radio);
static const struct tdm_element *const radio_children[] = {&source_element, &signal_element, NULL};
const struct tdm_element tdm_radio_schema = {.name = "radio",
                                             .help = "the radio that pays for a link",
                                             .size = sizeof(struct tdm_radio),
                                             .attributes = radio_attributes,
                                             .attribute_count = TDM_COUNT(radio_attributes),
                                             .children = radio_children};

static int check_radio(const struct tdm_radio *radio, struct tdm_error *error)
{
    const struct tdm_source *s = radio->sources;
    if (tdm_source_check(s, radio->source_count, radio->source, radio->path, radio->place, error) ||
        tdm_source_check(s, radio->source_count, radio->state_source, radio->path, radio->place,
                         error) ||
        tdm_source_check(s, radio->source_count, radio->promotion_source, radio->path, radio->place,
                         error))
        return -1;
    for (size_t i = 0; i < radio->signal_count; i++) {
        const struct tdm_radio_signal *signal = &radio->signals[i];
        if (i && signal->below >= signal[-1].below)
            return tdm_fail_at(error, radio->path, signal->place.line, signal->place.column,
                               "signals are sorted from strong to weak");
        if (tdm_source_check(s, radio->source_count, signal->source, radio->path, signal->place,
                             error))
            return -1;
    }
    return 0;
}

struct tdm_radio *tdm_radio_load(const char *name_or_path, struct tdm_error *error)
{
    struct tdm_arena *arena;
    struct tdm_radio *radio =
        tdm_library_load("radios", name_or_path, &tdm_radio_schema, &arena, error);
    if (!radio)
        return NULL;
    radio->arena = arena;
    radio->path = tdm_library_path("radios", name_or_path, arena);
    if (check_radio(radio, error)) {
        tdm_radio_free(radio);
        return NULL;
    }
    return radio;
}

void tdm_radio_free(struct tdm_radio *radio)
{
    if (radio)
        tdm_arena_free(radio->arena);
}

double tdm_radio_factor(const struct tdm_radio *radio, double signal)
{
    double factor = 1;
    for (size_t i = 0; i < radio->signal_count; i++)
        if (signal < radio->signals[i].below)
            factor = radio->signals[i].factor;
    return factor;
}

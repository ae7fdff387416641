// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/describe.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "cli/output.h"

enum { DIGITS = 4 };

static const void *field(const void *object, size_t offset)
{
    return (const char *)object + offset;
}

// ---- numbers -----------------------------------------------------------------------------------

char *tdm_describe_number(double value, enum tdm_dimension dimension, char *text, size_t size)
{
    if (isfinite(value))
        // Clocks are names, too: 1.9104 GHz is not 1.91 GHz.
        return tdm_quantity_format(value, dimension, dimension == TDM_FREQUENCY ? 7 : DIGITS, text,
                                   size);
    snprintf(text, size, "%s", isnan(value) ? "-" : "no limit");
    return text;
}

static void list_text(const struct tdm_list *list, enum tdm_dimension dimension, char *text,
                      size_t size)
{
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < list->count; i++) {
        least = fmin(least, list->items[i]);
        most = fmax(most, list->items[i]);
    }
    if (!list->count)
        snprintf(text, size, "-");
    else
        tdm_quantity_range(least, most, dimension, DIGITS, text, size);
}

char *tdm_describe_value(const struct tdm_attribute *a, const void *object, char *text, size_t size)
{
    const void *at = field(object, a->offset);
    const char *words;
    switch (a->kind) {
    case TDM_QUANTITY:
        if (isfinite(*(const double *)at))
            return tdm_quantity_format(*(const double *)at, a->dimension, DIGITS, text, size);
        return tdm_describe_number(*(const double *)at, a->dimension, text, size);
    case TDM_INTEGER:
        snprintf(text, size, "%" PRId64, *(const int64_t *)at);
        break;
    case TDM_TEXT:
    case TDM_NAME:
        words = *(const char *const *)at;
        snprintf(text, size, "%s", words ? words : "-");
        break;
    case TDM_CHOICE:
        snprintf(text, size, "%s", a->choices[*(const int *)at]);
        break;
    case TDM_FLAG:
        snprintf(text, size, "%s", *(const bool *)at ? "yes" : "no");
        break;
    case TDM_LIST:
        list_text(at, a->dimension, text, size);
        break;
    }
    return text;
}

void tdm_describe_cell(struct tdm_table *table, double value, enum tdm_dimension dimension)
{
    char text[64];
    tdm_table_add(table, "%s", tdm_describe_number(value, dimension, text, sizeof text));
}

// ---- sources -----------------------------------------------------------------------------------

static void mark(struct tdm_sources sources, const char *what, const char *id, char *text,
                 size_t size)
{
    const struct tdm_source *source = id ? tdm_source_find(sources.items, sources.count, id) : NULL;
    const size_t used = strlen(text);
    if (source && used < size)
        snprintf(text + used, size - used, "%s%s%s%s [%zu]", used ? "; " : "", what,
                 *what ? " " : "", tdm_source_kinds[source->kind],
                 (size_t)(source - sources.items) + 1);
}

char *tdm_describe_source(struct tdm_sources sources, char *text, size_t size, const char *id, ...)
{
    va_list pairs;
    text[0] = '\0';
    mark(sources, "", id, text, size);
    va_start(pairs, id);
    for (const char *what; (what = va_arg(pairs, const char *));) {
        const char *other = va_arg(pairs, const char *);
        if (other && !(id && strcmp(id, other) == 0))
            mark(sources, what, other, text, size);
    }
    va_end(pairs);
    if (!text[0])
        snprintf(text, size, "-");
    return text;
}

void tdm_describe_heading(FILE *stream, const char *title)
{
    fprintf(stream, "\n%s\n", title);
}

void tdm_describe_sources(struct tdm_sources sources, FILE *stream)
{
    struct tdm_table table;
    if (!sources.count)
        return;
    tdm_describe_heading(stream, "Sources");
    tdm_table_start(&table, (const char *const[]){">", "", "", NULL});
    for (size_t i = 0; i < sources.count; i++) {
        const struct tdm_source *s = &sources.items[i];
        tdm_table_add(&table, "[%zu]", i + 1);
        tdm_table_add(&table, "%s", tdm_source_kinds[s->kind]);
        tdm_table_add(&table, "%s%s%s%s%s", s->what, s->error ? "; error: " : "",
                      s->error ? s->error : "", s->date ? "; " : "", s->date ? s->date : "");
    }
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

// ---- JSON --------------------------------------------------------------------------------------

static const char *const suffixes[TDM_DIMENSIONS] = {
    [TDM_PLAIN] = "",
    [TDM_SHARE] = "",
    [TDM_TIME] = "_s",
    [TDM_FREQUENCY] = "_hz",
    [TDM_RATE] = "_per_s",
    [TDM_VOLTAGE] = "_v",
    [TDM_POWER] = "_w",
    [TDM_ENERGY] = "_j",
    [TDM_SIZE] = "_bytes",
    [TDM_BANDWIDTH] = "_bytes_per_s",
    [TDM_TEMPERATURE] = "_degc",
    [TDM_SIGNAL] = "_dbm",
    [TDM_COMPUTE] = "_flop_per_s",
    [TDM_RADIO_SLOPE] = "_w_per_byte_per_s",
    [TDM_HEAT_RESISTANCE] = "_k_per_w",
    [TDM_HEAT_CAPACITY] = "_j_per_k",
    [TDM_PER_KELVIN] = "_per_k",
};

char *tdm_describe_key(const struct tdm_attribute *a, char *text, size_t size)
{
    const bool number = a->kind == TDM_QUANTITY || a->kind == TDM_LIST;
    const char *suffix = number ? suffixes[a->dimension] : "";
    // A name that is its unit already ("bytes") says it once.
    snprintf(text, size, "%s%s", a->name, *suffix && !strcmp(suffix + 1, a->name) ? "" : suffix);
    for (char *c = text; *c; c++)
        *c = *c == '-' ? '_' : *c;
    return text;
}

static json_t *text_json(const char *text)
{
    json_t *value = text ? json_string(text) : NULL;
    return value ? value : json_null();
}

static json_t *list_json(const struct tdm_list *list)
{
    json_t *items = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(items, tdm_json_number(list->items[i]));
    return items;
}

static json_t *value_json(const struct tdm_attribute *a, const void *object)
{
    const void *at = field(object, a->offset);
    switch (a->kind) {
    case TDM_QUANTITY:
        return tdm_json_number(*(const double *)at);
    case TDM_INTEGER:
        return json_integer(*(const int64_t *)at);
    case TDM_TEXT:
    case TDM_NAME:
        return text_json(*(const char *const *)at);
    case TDM_CHOICE:
        return json_string(a->choices[*(const int *)at]);
    case TDM_FLAG:
        return json_boolean(*(const bool *)at);
    case TDM_LIST:
        return list_json(at);
    }
    return json_null();
}

static json_t *children_json(const struct tdm_element *child, const void *parent)
{
    const char *items = *(const char *const *)field(parent, child->items_offset);
    const size_t count = *(const size_t *)field(parent, child->count_offset);
    if (child->at_most == 1)
        return count ? tdm_describe_json(child, items) : json_null();
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, tdm_describe_json(child, items + i * child->size));
    return array;
}

json_t *tdm_describe_json(const struct tdm_element *element, const void *object)
{
    json_t *json = json_object();
    char key[128];
    for (size_t i = 0; i < element->attribute_count; i++) {
        const struct tdm_attribute *a = &element->attributes[i];
        json_object_set_new(json, tdm_describe_key(a, key, sizeof key), value_json(a, object));
    }
    for (const struct tdm_element *const *c = element->children; c && *c; c++)
        json_object_set_new(json, (*c)->name, children_json(*c, object));
    return json;
}

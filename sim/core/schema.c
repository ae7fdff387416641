// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/schema.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/error.h"
#include "core/text.h"

enum {
    DEEPEST = 8,
    MOST_KEYED = 10000, // uniqueness is checked pair by pair
};

struct level {
    const struct tdm_element *element;
    unsigned char *object;
};

struct reader {
    const struct tdm_element *root;
    const char *name;
    struct tdm_arena *arena;
    struct level levels[DEEPEST];
    int depth;
    void *result;
};

// ---- values ------------------------------------------------------------------------------------

static int out_of_memory(struct tdm_error *error)
{
    return tdm_fail(error, "the document is too large to hold");
}

static int check_range(const struct tdm_attribute *a, double x, struct tdm_error *error)
{
    if ((a->min == 0 && a->max == 0) || (x >= a->min && x <= a->max))
        return 0;
    char low[64], high[64];
    tdm_quantity_format(a->min, a->dimension, 6, low, sizeof low);
    tdm_quantity_format(a->max, a->dimension, 6, high, sizeof high);
    if (a->max >= 1e300)
        return tdm_fail(error, "out of range; it is at least %s", low);
    return tdm_fail(error, "out of range; it lies between %s and %s", low, high);
}

static int read_quantity(const struct tdm_attribute *a, const char *text, double *value,
                         struct tdm_error *error)
{
    if (tdm_quantity_parse(text, a->dimension, value, error))
        return -1;
    return check_range(a, *value, error);
}

static int read_integer(const struct tdm_attribute *a, const char *text, int64_t *value,
                        struct tdm_error *error)
{
    char *end;
    errno = 0;
    *value = strtoll(text, &end, 10);
    if (end == text || *end || errno)
        return tdm_fail(error, "'%.32s' is not a whole number", text);
    return check_range(a, (double)*value, error);
}

static int read_choice(const struct tdm_attribute *a, const char *text, int *value,
                       struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, text);
    char all[256] = "";
    for (int i = 0; a->choices[i]; i++) {
        if (strcmp(a->choices[i], text) == 0) {
            *value = i;
            return 0;
        }
        tdm_nearest_try(&nearest, a->choices[i]);
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", a->choices[i]);
    }
    return tdm_fail(error, "unknown value '%.32s'%s; one of: %s", text, tdm_nearest_hint(&nearest),
                    all);
}

static int read_list(const struct tdm_attribute *a, const char *text, struct tdm_list *list,
                     struct tdm_arena *arena, struct tdm_error *error)
{
    *list = (struct tdm_list){0}; // what is given replaces the fallback
    while (*text) {
        char item[64];
        text += strspn(text, " ");
        const size_t length = strcspn(text, ",");
        if (length >= sizeof item)
            return tdm_fail(error, "'%.32s…' is not a number", text);
        memcpy(item, text, length);
        item[length] = '\0';
        for (size_t end = length; end && item[end - 1] == ' '; end--)
            item[end - 1] = '\0';
        double *value = tdm_arena_push(arena, (void **)&list->items, &list->count, sizeof *value);
        if (!value)
            return out_of_memory(error);
        if (read_quantity(a, item, value, error))
            return -1;
        text += length;
        if (*text == ',' && !*++text)
            return tdm_fail(error, "the list ends with a comma");
    }
    return list->count ? 0 : tdm_fail(error, "the list is empty");
}

static int read_text(const struct tdm_attribute *a, const char *text, const char **value,
                     struct tdm_arena *arena, struct tdm_error *error)
{
    if (a->kind == TDM_NAME && !tdm_text_is_name(text))
        return tdm_fail(
            error, "'%.32s' is not a name; names have 1 to 127 letters, digits and ._-/+:", text);
    *value = tdm_arena_strdup(arena, text);
    return *value ? 0 : out_of_memory(error);
}

static int read_value(const struct tdm_attribute *a, const char *text, unsigned char *object,
                      struct tdm_arena *arena, struct tdm_error *error)
{
    void *field = object + a->offset;
    switch (a->kind) {
    case TDM_QUANTITY:
        return read_quantity(a, text, field, error);
    case TDM_INTEGER:
        return read_integer(a, text, field, error);
    case TDM_TEXT:
    case TDM_NAME:
        return read_text(a, text, field, arena, error);
    case TDM_CHOICE:
        return read_choice(a, text, field, error);
    case TDM_LIST:
        return read_list(a, text, field, arena, error);
    case TDM_FLAG:
        if (strcmp(text, "yes") && strcmp(text, "no"))
            return tdm_fail(error, "'%.32s' is neither 'yes' nor 'no'", text);
        *(bool *)field = strcmp(text, "yes") == 0;
        return 0;
    }
    return -1;
}

static int set_fallback(const struct tdm_attribute *a, unsigned char *object,
                        struct tdm_arena *arena)
{
    struct tdm_attribute anything = *a; // a fallback may lie outside the range that people get
    anything.min = anything.max = 0;
    if (a->fallback)
        return read_value(&anything, a->fallback, object, arena, NULL);
    if (a->kind == TDM_QUANTITY)
        *(double *)(object + a->offset) = NAN;
    return 0;
}

// ---- elements ----------------------------------------------------------------------------------

const struct tdm_attribute *tdm_schema_attribute(const struct tdm_element *element,
                                                 const char *name, struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, name);
    for (size_t i = 0; i < element->attribute_count; i++) {
        if (strcmp(element->attributes[i].name, name) == 0)
            return &element->attributes[i];
        tdm_nearest_try(&nearest, element->attributes[i].name);
    }
    tdm_fail(error, "<%s> has no attribute '%.64s'%s", element->name, name,
             tdm_nearest_hint(&nearest));
    return NULL;
}

static int read_attributes(struct reader *reader, const struct tdm_element *element,
                           unsigned char *object, const char *const *given, struct tdm_error *error)
{
    for (size_t i = 0; i < element->attribute_count; i++)
        if (set_fallback(&element->attributes[i], object, reader->arena))
            return out_of_memory(error);
    for (const char *const *pair = given; *pair; pair += 2) {
        const struct tdm_attribute *a = tdm_schema_attribute(element, pair[0], error);
        if (!a)
            return -1;
        struct tdm_error why = {0};
        if (read_value(a, pair[1], object, reader->arena, &why))
            return tdm_fail(error, "<%s %s=\"%.64s\">: %s", element->name, a->name, pair[1],
                            why.message);
    }
    for (size_t i = 0; i < element->attribute_count; i++) {
        const struct tdm_attribute *a = &element->attributes[i];
        bool found = !a->required;
        for (const char *const *pair = given; *pair && !found; pair += 2)
            found = strcmp(pair[0], a->name) == 0;
        if (!found)
            return tdm_fail(error, "<%s> lacks its attribute '%s' (%s)", element->name, a->name,
                            a->help);
    }
    return 0;
}

const struct tdm_element *tdm_schema_child(const struct tdm_element *parent, const char *name,
                                           struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, name);
    for (const struct tdm_element *const *c = parent->children; c && *c; c++) {
        if (strcmp((*c)->name, name) == 0)
            return *c;
        tdm_nearest_try(&nearest, (*c)->name);
    }
    tdm_fail(error, "<%s> has no element <%.64s>%s", parent->name, name,
             tdm_nearest_hint(&nearest));
    return NULL;
}

static const char *key_of(const struct tdm_element *element, const unsigned char *object)
{
    for (size_t i = 0; i < element->attribute_count; i++)
        if (strcmp(element->attributes[i].name, element->key) == 0) {
            const char *key;
            memcpy(&key, object + element->attributes[i].offset, sizeof key);
            return key;
        }
    return NULL;
}

static int check_unique(const struct tdm_element *element, const struct level *parent,
                        const unsigned char *object, struct tdm_error *error)
{
    const char *key = element->key ? key_of(element, object) : NULL;
    if (!key)
        return 0;
    const unsigned char *items;
    memcpy(&items, parent->object + element->items_offset, sizeof items);
    for (const unsigned char *other = items; other < object; other += element->size)
        if (key_of(element, other) && strcmp(key_of(element, other), key) == 0)
            return tdm_fail(error, "<%s %s=\"%.64s\"> is there twice; the first is on line %ld",
                            element->name, element->key, key,
                            ((const struct tdm_place *)(const void *)other)->line);
    return 0;
}

static unsigned char *new_object(struct reader *reader, const struct tdm_element *element,
                                 struct tdm_error *error)
{
    if (reader->depth == 0) {
        reader->result = tdm_arena_alloc(reader->arena, element->size);
        return reader->result;
    }
    const struct level *parent = &reader->levels[reader->depth - 1];
    size_t *count = (size_t *)(void *)(parent->object + element->count_offset);
    const size_t at_most = element->at_most ? element->at_most
                           : element->key   ? MOST_KEYED
                                            : SIZE_MAX;
    if (*count >= at_most) {
        tdm_fail(error, "<%s> may hold at most %zu <%s>", parent->element->name, at_most,
                 element->name);
        return NULL;
    }
    return tdm_arena_push(reader->arena, (void **)(void *)(parent->object + element->items_offset),
                          count, element->size);
}

static int on_start(void *context, struct tdm_place place, const char *name,
                    const char *const *attributes, struct tdm_error *error)
{
    struct reader *reader = context;
    const struct tdm_element *element = reader->root;
    if (reader->depth > 0)
        element = tdm_schema_child(reader->levels[reader->depth - 1].element, name, error);
    else if (strcmp(name, reader->root->name) != 0)
        return tdm_fail(error, "the root element is <%.64s>, but a <%s> was expected", name,
                        reader->root->name);
    if (!element)
        return -1;
    unsigned char *object = new_object(reader, element, error);
    if (!object)
        return error->message[0] ? -1 : out_of_memory(error);
    *(struct tdm_place *)(void *)object = place;
    if (read_attributes(reader, element, object, attributes, error))
        return -1;
    if (reader->depth > 0 &&
        check_unique(element, &reader->levels[reader->depth - 1], object, error))
        return -1;
    reader->levels[reader->depth++] = (struct level){element, object};
    return 0;
}

static int on_end(void *context, struct tdm_place place, const char *name, struct tdm_error *error)
{
    (void)place, (void)name;
    struct reader *reader = context;
    const struct level *level = &reader->levels[--reader->depth];
    for (const struct tdm_element *const *c = level->element->children; c && *c; c++) {
        const size_t *count = (const size_t *)(const void *)(level->object + (*c)->count_offset);
        if (*count < (*c)->at_least)
            return tdm_fail(error, "<%s> needs at least %zu <%s> (%s)", level->element->name,
                            (*c)->at_least, (*c)->name, (*c)->help);
    }
    return 0;
}

static const struct tdm_xml_callbacks callbacks = {.start = on_start, .end = on_end};

void *tdm_schema_read(const struct tdm_element *root, FILE *stream, const char *name,
                      struct tdm_arena *arena, struct tdm_error *error)
{
    struct reader reader = {.root = root, .name = name, .arena = arena};
    if (tdm_xml_read(stream, name, &callbacks, &reader, error))
        return NULL;
    return reader.result;
}

void *tdm_schema_read_text(const struct tdm_element *root, const char *text, size_t length,
                           const char *name, struct tdm_arena *arena, struct tdm_error *error)
{
    struct reader reader = {.root = root, .name = name, .arena = arena};
    if (tdm_xml_read_text(text, length, name, &callbacks, &reader, error))
        return NULL;
    return reader.result;
}

void *tdm_schema_load(const struct tdm_element *root, const char *path, struct tdm_arena *arena,
                      struct tdm_error *error)
{
    struct stat about;
    FILE *stream = fopen(path, "rbe");
    if (!stream || fstat(fileno(stream), &about)) {
        tdm_fail_errno(error, path, "cannot open");
        if (stream)
            fclose(stream);
        return NULL;
    }
    void *object = NULL;
    if (S_ISDIR(about.st_mode))
        tdm_fail_at(error, path, 0, 0, "is a folder, not a <%s> file", root->name);
    else
        object = tdm_schema_read(root, stream, path, arena, error);
    fclose(stream);
    return object;
}

// ---- writing -----------------------------------------------------------------------------------

// Enough digits to keep a fitted number, few enough to read it.
enum { DIGITS = 10 };

// The value as people write it; NULL where it is unset. Texts are not copied: they have any length.
static const char *format_value(const struct tdm_attribute *a, const unsigned char *object,
                                char *text, size_t size)
{
    const void *field = object + a->offset;
    switch (a->kind) {
    case TDM_QUANTITY:
        if (isnan(*(const double *)field))
            return NULL;
        return tdm_quantity_format(*(const double *)field, a->dimension, DIGITS, text, size);
    case TDM_INTEGER:
        snprintf(text, size, "%" PRId64, *(const int64_t *)field);
        return text;
    case TDM_TEXT:
    case TDM_NAME:
        return *(const char *const *)field;
    case TDM_CHOICE:
        return a->choices[*(const int *)field];
    case TDM_FLAG:
        return *(const bool *)field ? "yes" : "no";
    case TDM_LIST:
        break;
    }
    return NULL;
}

static bool is_fallback(const struct tdm_attribute *a, const unsigned char *object,
                        const char *text)
{
    if (a->required)
        return false;
    if (!a->fallback)
        return (a->kind == TDM_INTEGER && strcmp(text, "0") == 0) ||
               (a->kind == TDM_FLAG && strcmp(text, "no") == 0);
    double fallback;
    if (a->kind == TDM_QUANTITY &&
        tdm_quantity_parse(a->fallback, a->dimension, &fallback, NULL) == 0)
        return fallback == *(const double *)(const void *)(object + a->offset);
    return strcmp(a->fallback, text) == 0;
}

static void write_list(const struct tdm_attribute *a, const struct tdm_list *list, FILE *stream)
{
    if (!list->count)
        return;
    char item[64];
    fprintf(stream, " %s=\"", a->name);
    for (size_t i = 0; i < list->count; i++)
        fprintf(stream, "%s%s", i ? ", " : "",
                tdm_quantity_format(list->items[i], a->dimension, DIGITS, item, sizeof item));
    fputc('"', stream);
}

static void write_attribute(const struct tdm_attribute *a, const unsigned char *object,
                            FILE *stream)
{
    if (a->kind == TDM_LIST) {
        write_list(a, (const struct tdm_list *)(const void *)(object + a->offset), stream);
        return;
    }
    char number[64];
    const char *text = format_value(a, object, number, sizeof number);
    if (!text || is_fallback(a, object, text))
        return;
    fprintf(stream, " %s=\"", a->name);
    tdm_xml_escape(stream, text);
    fputc('"', stream);
}

static void write_element(const struct tdm_element *element, const unsigned char *object, int depth,
                          FILE *stream)
{
    fprintf(stream, "%*s<%s", 2 * depth, "", element->name);
    for (size_t i = 0; i < element->attribute_count; i++)
        write_attribute(&element->attributes[i], object, stream);
    bool open = false;
    for (const struct tdm_element *const *c = element->children; c && *c; c++) {
        const unsigned char *items;
        size_t count;
        memcpy(&items, object + (*c)->items_offset, sizeof items);
        memcpy(&count, object + (*c)->count_offset, sizeof count);
        for (size_t i = 0; i < count; i++) {
            if (!open)
                fputs(">\n", stream);
            open = true;
            write_element(*c, items + i * (*c)->size, depth + 1, stream);
        }
    }
    if (open)
        fprintf(stream, "%*s</%s>\n", 2 * depth, "", element->name);
    else
        fputs("/>\n", stream);
}

void tdm_schema_write(const struct tdm_element *root, const void *object, FILE *stream)
{
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<!-- SPDX-License-Identifier: GPL-3.0-or-later -->\n",
          stream);
    write_element(root, object, 0, stream);
}

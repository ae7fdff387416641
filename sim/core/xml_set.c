// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/xml_set.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"

// ---- paths -------------------------------------------------------------------------------------

// Cuts "[key=value]" off `*text` into the step; the value may stand in quotation marks.
static int read_filter(struct tdm_xml_step *step, const char **text, struct tdm_arena *arena,
                       struct tdm_error *error)
{
    const char *key = *text + 1, *equals = key + strcspn(key, "=]/");
    if (*equals != '=' || equals == key)
        return tdm_fail(error, "'%.64s' is not a filter, as in [from=nano]", *text);
    const char *value = equals + 1;
    const char quote = *value == '"' || *value == '\'' ? *value : '\0';
    value += quote != '\0';
    const char *end = quote ? strchr(value, quote) : value + strcspn(value, "]");
    if (!end || end[quote != '\0'] != ']')
        return tdm_fail(error, "'%.64s' does not end with a ']'", *text);
    step->key = tdm_arena_strndup(arena, key, (size_t)(equals - key));
    step->value = tdm_arena_strndup(arena, value, (size_t)(end - value));
    *text = end + (quote != '\0') + 1;
    return step->key && step->value ? 0 : tdm_fail(error, "out of memory");
}

static int read_step(struct tdm_xml_path *path, const char **text, struct tdm_arena *arena,
                     struct tdm_error *error)
{
    const char *start = *text;
    const size_t length = strcspn(start, "/[@");
    if (path->step_count == TDM_XML_STEPS)
        return tdm_fail(error, "more than %d elements within each other", TDM_XML_STEPS);
    if (!length)
        return tdm_fail(error, "'%.64s' does not begin with the name of an element", start);
    struct tdm_xml_step *step = &path->steps[path->step_count++];
    step->element = tdm_arena_strndup(arena, start, length);
    if (!step->element)
        return tdm_fail(error, "out of memory");
    *text = start + length;
    if (**text == '[' && read_filter(step, text, arena, error))
        return -1;
    if ((*text)[0] != '/')
        return tdm_fail(error, "no attribute at the end, as in link/@bandwidth");
    ++*text;
    return 0;
}

int tdm_xml_path_read(struct tdm_xml_path *path, const char *text, struct tdm_arena *arena,
                      struct tdm_error *error)
{
    *path = (struct tdm_xml_path){0};
    while (*text != '@')
        if (read_step(path, &text, arena, error))
            return -1;
    if (!text[1] || text[1 + strcspn(text + 1, "/[]@=\"' \t\r\n")])
        return tdm_fail(error, "'%.64s' is not an attribute, as in link/@bandwidth", text);
    path->attribute = tdm_arena_strdup(arena, text + 1);
    return path->attribute ? 0 : tdm_fail(error, "out of memory");
}

// ---- which elements a path means ---------------------------------------------------------------

// How far a setting's path has been followed, and why no further.
struct walk {
    int matched;   // steps that the elements around the reader match, the outermost first
    int deepest;   // the most steps that were ever matched
    bool named;    // the step after those had the name right
    char near[64]; // the nearest value of its filter, among those elements
    struct tdm_nearest nearest;
    bool used;
};

// Text in the document that goes, and what comes in its place.
struct edit {
    size_t at, length, order;
    char *text;
};

struct setter {
    const char *text;
    const struct tdm_xml_setting *settings;
    size_t count;
    struct walk *walks;
    struct edit *edits;
    size_t edit_count, edit_room;
    int depth;         // of the element that is read: 0 for the root
    size_t at, length; // of its start tag
};

static const char *value_of(const char *const *attributes, const char *name)
{
    for (; *attributes; attributes += 2)
        if (strcmp(attributes[0], name) == 0)
            return attributes[1];
    return NULL;
}

static bool fits(const struct tdm_xml_step *step, const char *element, const char *const *given,
                 struct walk *walk)
{
    if (strcmp(step->element, element) != 0)
        return false;
    const char *value = step->key ? value_of(given, step->key) : NULL;
    const bool good = !step->key || (value && strcmp(value, step->value) == 0);
    if (!good && walk->matched == walk->deepest) {
        walk->named = true;
        if (value) {
            tdm_nearest_try(&walk->nearest, value);
            if (walk->nearest.best == value) {
                snprintf(walk->near, sizeof walk->near, "%s", value);
                walk->nearest.best = walk->near;
            }
        }
    }
    return good;
}

// True where the element that begins is the one that the setting means.
static bool follow(const struct setter *s, size_t i, const char *element, const char *const *given)
{
    const struct tdm_xml_path *path = s->settings[i].path;
    struct walk *walk = &s->walks[i];
    if (s->depth == 0)
        return path->step_count == 0;
    if (walk->matched != s->depth - 1 || walk->matched >= path->step_count ||
        !fits(&path->steps[walk->matched], element, given, walk))
        return false;
    walk->matched++;
    if (walk->matched > walk->deepest) {
        walk->deepest = walk->matched;
        walk->named = false;
        walk->near[0] = '\0';
        if (walk->deepest < path->step_count && path->steps[walk->deepest].value)
            tdm_nearest_start(&walk->nearest, path->steps[walk->deepest].value);
    }
    return walk->matched == path->step_count;
}

// ---- within a start tag ------------------------------------------------------------------------

#define SPACE " \t\r\n"

// Where `name = "value"` lies in the tag, and the space before it. The tag is well-formed.
struct found {
    size_t space, at, end;
};

static bool find_attribute(const char *tag, size_t length, const char *name, struct found *found)
{
    const char *end = tag + length, *p = tag + 1;
    while (p < end && !strchr(SPACE "/>", *p))
        p++;
    while (p < end) {
        const char *space = p;
        while (p < end && strchr(SPACE, *p))
            p++;
        const char *word = p;
        while (p < end && !strchr(SPACE "=/>", *p))
            p++;
        const size_t letters = (size_t)(p - word);
        if (!letters)
            return false;
        while (p < end && *p != '"' && *p != '\'')
            p++;
        const char *close = p < end ? memchr(p + 1, *p, (size_t)(end - p - 1)) : NULL;
        if (!close)
            return false;
        p = close + 1;
        if (strlen(name) == letters && memcmp(word, name, letters) == 0) {
            *found = (struct found){(size_t)(space - tag), (size_t)(word - tag), (size_t)(p - tag)};
            return true;
        }
    }
    return false;
}

// Where a new attribute goes: behind the last one.
static size_t end_of_attributes(const char *tag, size_t length)
{
    size_t at = length - 1; // '>'
    if (at > 0 && tag[at - 1] == '/')
        at--;
    while (at > 0 && strchr(SPACE, tag[at - 1]))
        at--;
    return at;
}

// Letters beyond ASCII as references, which mean the same in every encoding.
static void write_value(FILE *stream, const char *value)
{
    char ascii[2] = "";
    for (const unsigned char *c = (const unsigned char *)value; *c; c++) {
        if (*c < 0x80) {
            ascii[0] = (char)*c;
            tdm_xml_escape(stream, ascii);
            continue;
        }
        unsigned code = *c & (*c >= 0xf0 ? 0x07 : *c >= 0xe0 ? 0x0f : 0x1f);
        while ((c[1] & 0xc0) == 0x80)
            code = code << 6 | (*++c & 0x3f);
        fprintf(stream, "&#%u;", code);
    }
}

static char *written(const struct tdm_xml_setting *setting, const char *before)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    if (setting->value) {
        fprintf(stream, "%s%s=\"", before, setting->path->attribute);
        write_value(stream, setting->value);
        fputc('"', stream);
    }
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}

static int add_edit(struct setter *s, size_t i, struct tdm_error *error)
{
    struct edit edit = {.order = s->edit_count};
    const char *tag = s->text + s->at;
    if (s->edit_count == s->edit_room) {
        s->edit_room = s->edit_room ? 2 * s->edit_room : 16;
        struct edit *edits = realloc(s->edits, s->edit_room * sizeof *edits);
        if (!edits)
            return tdm_fail(error, "out of memory");
        s->edits = edits;
    }
    const struct tdm_xml_setting *setting = &s->settings[i];
    struct found found;
    if (find_attribute(tag, s->length, setting->path->attribute, &found)) {
        edit.at = s->at + (setting->value ? found.at : found.space);
        edit.length = s->at + found.end - edit.at;
        edit.text = written(setting, "");
    } else {
        edit.at = s->at + end_of_attributes(tag, s->length);
        edit.text = written(setting, " ");
    }
    if (!edit.text)
        return tdm_fail(error, "out of memory");
    s->edits[s->edit_count++] = edit;
    return 0;
}

static int check_once(const struct setter *s, const bool *meant, size_t i, const char *element,
                      struct tdm_error *error)
{
    for (size_t j = 0; j < i; j++)
        if (meant[j] && strcmp(s->settings[j].path->attribute, s->settings[i].path->attribute) == 0)
            return tdm_fail(error, "the attribute '%.64s' of this <%.64s> is set twice",
                            s->settings[i].path->attribute, element);
    return 0;
}

// ---- reading -----------------------------------------------------------------------------------

static int on_tag(void *context, size_t at, size_t length, struct tdm_error *error)
{
    struct setter *s = context;
    s->at = at;
    s->length = length;
    // Of two bytes a letter, one is zero.
    if (s->count > 0 && (s->text[at] != '<' || s->text[at + length - 1] != '>'))
        return tdm_fail(error, "not in UTF-8: attributes can only be set where letters are bytes");
    return 0;
}

static int on_start(void *context, struct tdm_place place, const char *element,
                    const char *const *attributes, struct tdm_error *error)
{
    struct setter *s = context;
    (void)place;
    bool *meant = calloc(s->count + 1, sizeof *meant);
    int status = meant ? 0 : tdm_fail(error, "out of memory");
    for (size_t i = 0; i < s->count && status == 0; i++) {
        meant[i] = follow(s, i, element, attributes);
        if (!meant[i])
            continue;
        s->walks[i].used = true;
        status = check_once(s, meant, i, element, error);
        if (status == 0)
            status = add_edit(s, i, error);
    }
    free(meant);
    s->depth++;
    return status;
}

static int on_end(void *context, struct tdm_place place, const char *element,
                  struct tdm_error *error)
{
    struct setter *s = context;
    (void)place, (void)element, (void)error;
    s->depth--;
    for (size_t i = 0; i < s->count; i++)
        if (s->depth > 0 && s->walks[i].matched == s->depth)
            s->walks[i].matched--;
    return 0;
}

static int check_used(const struct setter *s, const char *name, struct tdm_error *error)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct walk *walk = &s->walks[i];
        if (walk->used)
            continue;
        const struct tdm_xml_step *step = &s->settings[i].path->steps[walk->deepest];
        if (!walk->named)
            return tdm_fail(error, "%.200s has no <%.64s> there", name, step->element);
        return tdm_fail(error, "no <%.64s> of %.200s has %.64s=\"%.64s\"%s", step->element, name,
                        step->key, step->value,
                        walk->near[0] ? tdm_nearest_hint(&walk->nearest) : "");
    }
    return 0;
}

// ---- writing -----------------------------------------------------------------------------------

static int by_place(const void *a, const void *b)
{
    const struct edit *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static char *apply(struct setter *s, size_t length, size_t *new_length, struct tdm_error *error)
{
    char *text = NULL;
    size_t at = 0;
    FILE *stream = open_memstream(&text, new_length);
    if (s->edit_count)
        qsort(s->edits, s->edit_count, sizeof *s->edits, by_place);
    for (size_t i = 0; stream && i < s->edit_count; i++) {
        fwrite(s->text + at, 1, s->edits[i].at - at, stream);
        fputs(s->edits[i].text, stream);
        at = s->edits[i].at + s->edits[i].length;
    }
    if (stream)
        fwrite(s->text + at, 1, length - at, stream);
    if (stream && fclose(stream) == 0)
        return text;
    tdm_fail(error, "out of memory");
    free(text);
    return NULL;
}

char *tdm_xml_set(const char *text, size_t length, const char *name,
                  const struct tdm_xml_setting *settings, size_t count, size_t *new_length,
                  struct tdm_error *error)
{
    static const struct tdm_xml_callbacks callbacks = {on_start, on_end, on_tag};
    struct setter s = {.text = text, .settings = settings, .count = count};
    char *result = NULL;
    s.walks = calloc(count + 1, sizeof *s.walks);
    for (size_t i = 0; s.walks && i < count; i++)
        if (settings[i].path->step_count && settings[i].path->steps[0].value)
            tdm_nearest_start(&s.walks[i].nearest, settings[i].path->steps[0].value);
    if (!s.walks)
        tdm_fail(error, "out of memory");
    else if (tdm_xml_read_text(text, length, name, &callbacks, &s, error) == 0 &&
             check_used(&s, name, error) == 0)
        result = apply(&s, length, new_length, error);
    for (size_t i = 0; i < s.edit_count; i++)
        free(s.edits[i].text);
    free(s.edits);
    free(s.walks);
    return result;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/report/provenance.h"

#include <stdlib.h>
#include <string.h>

#include "cli/kind.h"
#include "cli/report/html.h"
#include "core/error.h"
#include "model/scenario.h"

#define MOST_TEXT ((size_t)64 << 20)
enum { MOST_USES = 64, LONGEST_USE = 96 };

// A description that some scenario names.
struct part {
    const struct tdm_kind *kind;
    char *reference;
    void *object; // NULL: not to be had here
    char why[256];
};

struct parts {
    struct part *items;
    size_t count;
    const char *unread; // name of a scenario that this tandem does not understand
};

// ---- which there are ---------------------------------------------------------------------------

static int add_part(struct parts *parts, const struct tdm_kind *kind, const char *reference)
{
    if (!reference)
        return 0;
    for (size_t i = 0; i < parts->count; i++)
        if (parts->items[i].kind == kind && strcmp(parts->items[i].reference, reference) == 0)
            return 0;
    struct part *more = realloc(parts->items, (parts->count + 1) * sizeof *more);
    if (!more)
        return -1;
    parts->items = more;
    struct part *part = &more[parts->count++];
    *part = (struct part){.kind = kind, .reference = strdup(reference)};
    if (!part->reference)
        return -1;
    struct tdm_error error = {0};
    part->object = kind->load(reference, &error);
    snprintf(part->why, sizeof part->why, "%.255s", error.message);
    return 0;
}

static int add_scenario(struct parts *parts, const struct tdm_scenario *s)
{
    int status = 0;
    for (size_t i = 0; i < s->board_count; i++)
        status |= add_part(parts, &tdm_board_kind, s->boards[i].type);
    for (size_t i = 0; i < s->server_count; i++)
        status |= add_part(parts, &tdm_server_kind, s->servers[i].type);
    for (size_t i = 0; i < s->link_count; i++)
        status |= add_part(parts, &tdm_radio_kind, s->links[i].radio_name);
    for (size_t i = 0; i < s->stream_count; i++)
        status |= add_part(parts, &tdm_dnn_kind, s->streams[i].dnn_name);
    return status;
}

// The scenario as the record has it, names not looked up. NULL: this tandem does not understand it.
static const struct tdm_scenario *parse(const struct tdm_report_variant *variant,
                                        struct tdm_arena *arena)
{
    FILE *stream = *variant->text ? fmemopen(variant->text, strlen(variant->text), "r") : NULL;
    const struct tdm_scenario *scenario =
        arena && stream
            ? tdm_schema_read(&tdm_scenario_schema, stream, variant->scenario, arena, NULL)
            : NULL;
    if (stream)
        fclose(stream);
    return scenario;
}

static int read_scenario(struct parts *parts, const struct tdm_report_variant *variant)
{
    struct tdm_arena *arena = tdm_arena_new(MOST_TEXT);
    const struct tdm_scenario *scenario = parse(variant, arena);
    const int status = scenario ? add_scenario(parts, scenario) : 0;
    if (!scenario)
        parts->unread = variant->scenario;
    tdm_arena_free(arena);
    return status;
}

char *tdm_provenance_title(const struct tdm_report_variant *variant)
{
    struct tdm_arena *arena = tdm_arena_new(MOST_TEXT);
    const struct tdm_scenario *scenario = parse(variant, arena);
    char *title = scenario && scenario->title ? strdup(scenario->title) : NULL;
    tdm_arena_free(arena);
    return title;
}

static int by_kind(const void *a, const void *b)
{
    static const struct tdm_kind *const order[] = {&tdm_board_kind, &tdm_dnn_kind, &tdm_server_kind,
                                                   &tdm_radio_kind};
    const struct part *x = a, *y = b;
    for (size_t i = 0; x->kind != y->kind && i < TDM_COUNT(order); i++)
        if (x->kind == order[i] || y->kind == order[i])
            return x->kind == order[i] ? -1 : 1;
    return strcmp(x->reference, y->reference);
}

// ---- what a source is for ----------------------------------------------------------------------

struct uses {
    const char *id;
    char text[MOST_USES][LONGEST_USE];
    size_t count;
};

static void add_use(struct uses *uses, const char *element, const char *attribute)
{
    char text[2 * LONGEST_USE];
    const size_t length = strlen(attribute) - strlen("source");
    const bool root = strcmp(element, "") == 0;
    if (length)
        snprintf(text, sizeof text, "%s%s%.*s", element, root ? "" : ": ", (int)length - 1,
                 attribute);
    else
        snprintf(text, sizeof text, "%s", root ? "general" : element);
    for (size_t i = 0; i < uses->count; i++)
        if (strcmp(uses->text[i], text) == 0)
            return;
    if (uses->count < MOST_USES)
        snprintf(uses->text[uses->count++], LONGEST_USE, "%.*s", LONGEST_USE - 1, text);
}

static bool names_source(const char *attribute)
{
    const size_t length = strlen(attribute), tail = strlen("source");
    return length >= tail && strcmp(attribute + length - tail, "source") == 0;
}

static const void *field(const void *object, size_t offset)
{
    return (const char *)object + offset;
}

// "domain cpu", "fit resnet50": what people call an element.
static const char *label(const struct tdm_element *element, const void *object, char *text,
                         size_t size)
{
    snprintf(text, size, "%s", element->name);
    for (size_t i = 0; i < element->attribute_count; i++) {
        const struct tdm_attribute *a = &element->attributes[i];
        const void *value = field(object, a->offset);
        const char *name = NULL;
        if (strcmp(a->name, "name") != 0 && strcmp(a->name, "dnn") != 0)
            continue;
        if (a->kind == TDM_CHOICE)
            name = a->choices[*(const int *)value];
        else if (a->kind == TDM_NAME || a->kind == TDM_TEXT)
            name = *(const char *const *)value;
        if (name)
            snprintf(text, size, "%s %.40s", element->name, name);
    }
    return text;
}

static void find_uses(const struct tdm_element *element, const void *object, bool root,
                      struct uses *uses)
{
    char name[LONGEST_USE];
    for (size_t i = 0; i < element->attribute_count; i++) {
        const struct tdm_attribute *a = &element->attributes[i];
        if (!names_source(a->name) || (a->kind != TDM_NAME && a->kind != TDM_TEXT))
            continue;
        const char *const *id = field(object, a->offset);
        if (*id && strcmp(*id, uses->id) == 0)
            add_use(uses, root ? "" : label(element, object, name, sizeof name), a->name);
    }
    for (size_t c = 0; element->children && element->children[c]; c++) {
        const struct tdm_element *child = element->children[c];
        const char *const *items = field(object, child->items_offset);
        const size_t *count = field(object, child->count_offset);
        for (size_t i = 0; i < *count; i++)
            find_uses(child, *items + i * child->size, false, uses);
    }
}

// ---- writing -----------------------------------------------------------------------------------

static struct tdm_sources sources_of(const struct part *part)
{
    for (size_t c = 0; part->object && part->kind->schema->children[c]; c++) {
        const struct tdm_element *child = part->kind->schema->children[c];
        if (strcmp(child->name, "source") == 0)
            return (struct tdm_sources){
                *(const struct tdm_source *const *)field(part->object, child->items_offset),
                *(const size_t *)field(part->object, child->count_offset)};
    }
    return (struct tdm_sources){NULL, 0};
}

static void write_overview(const struct parts *parts, FILE *page)
{
    static const char *const titles[] = {"what",       "which",    ">measured", ">fitted",
                                         ">published", ">assumed", "",          NULL};
    struct tdm_html_table table;
    tdm_html_table_start(&table, page, titles);
    for (size_t i = 0; i < parts->count; i++) {
        const struct part *part = &parts->items[i];
        const struct tdm_sources sources = sources_of(part);
        size_t of[TDM_SOURCE_KINDS] = {0};
        for (size_t s = 0; s < sources.count; s++)
            of[sources.items[s].kind]++;
        tdm_html_cell(&table, "%s", part->kind->name);
        tdm_html_cell(&table, "%s", part->reference);
        for (int k = 0; k < TDM_SOURCE_KINDS; k++)
            if (part->object && of[k])
                tdm_html_cell(&table, "%zu", of[k]);
            else
                tdm_html_cell(&table, "%s", "");
        tdm_html_cell(&table, "%s", part->object ? "" : part->why);
    }
    tdm_html_table_end(&table);
}

static void write_sources(const struct part *part, FILE *page)
{
    static const char *const titles[] = {">", "kind", "used for", "source", NULL};
    const struct tdm_sources sources = sources_of(part);
    struct tdm_html_table table;
    tdm_html_table_start(&table, page, titles);
    for (size_t i = 0; i < sources.count; i++) {
        const struct tdm_source *s = &sources.items[i];
        struct uses uses = {.id = s->id};
        char text[2048] = "";
        size_t used = 0;
        find_uses(part->kind->schema, part->object, true, &uses);
        for (size_t u = 0; u < uses.count && used < sizeof text; u++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", u ? "; " : "",
                                     uses.text[u]);
        tdm_html_cell(&table, "[%zu]", i + 1);
        tdm_html_cell(&table, "%s", tdm_source_kinds[s->kind]);
        tdm_html_cell(&table, "%s", text);
        tdm_html_cell(&table, "%s%s%s%s%s", s->what, s->error ? "; error: " : "",
                      s->error ? s->error : "", s->date ? "; " : "", s->date ? s->date : "");
    }
    tdm_html_table_end(&table);
}

// As `tandem board show` prints it, less the line that says where the file lies on this machine.
static int write_numbers(const struct part *part, FILE *page)
{
    const bool flags[TDM_KIND_FLAGS + 1] = {0};
    char *text = NULL, *rest = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return -1;
    part->kind->show(part->object, flags, stream);
    if (fclose(stream)) {
        free(text);
        return -1;
    }
    const char *path = part->kind->path(part->object);
    rest = text;
    for (char *line; (line = strsep(&rest, "\n"));)
        if (strcmp(line, path) != 0)
            tdm_html_print(page, "%s\n", line);
    free(text);
    return 0;
}

static int write_part(const struct part *part, FILE *page)
{
    fputs("<details><summary>", page);
    tdm_html_print(page, "%s %s", part->kind->name, part->reference);
    fputs("</summary>\n<div class=\"wide\">\n", page);
    write_sources(part, page);
    fputs("</div>\n<details><summary>", page);
    tdm_html_print(page, "All its numbers, as tandem %s show prints them", part->kind->name);
    fputs("</summary>\n<pre>", page);
    const int status = write_numbers(part, page);
    fputs("</pre>\n</details>\n</details>\n", page);
    return status;
}

// Descriptions may have changed since another version made a record.
static void note_versions(const struct tdm_report *report, FILE *page)
{
    for (size_t i = 0; i < report->run_count; i++) {
        const struct tdm_report_run *run = &report->runs[i];
        if (strcmp(run->tandem, tdm_version()) == 0)
            continue;
        fputs("<p class=\"sub\">", page);
        tdm_html_print(page, "%s was made by tandem %s, whose descriptions may have been others.",
                       run->file, run->tandem);
        fputs("</p>\n", page);
        return;
    }
}

static int write_all(const struct tdm_report *report, const struct parts *parts, FILE *page)
{
    int status = 0;
    fputs("<section id=\"sources\">\n<h2>Where the numbers come from</h2>\n"
          "<p class=\"sub\">How many sources of each kind the numbers of a description have: "
          "measured (a data set), fitted (to a data set), published (a paper or document), assumed "
          "(and why). Descriptions are those of this tandem, found by the names in the "
          "scenario.</p>\n",
          page);
    write_overview(parts, page);
    if (parts->unread) {
        fputs("<p class=\"sub\">", page);
        tdm_html_print(page,
                       "This tandem does not understand the text of the scenario %s: what "
                       "it names is not listed.",
                       parts->unread);
        fputs("</p>\n", page);
    }
    note_versions(report, page);
    for (size_t i = 0; i < parts->count && status == 0; i++)
        if (parts->items[i].object)
            status = write_part(&parts->items[i], page);
    fputs("</section>\n", page);
    return status;
}

int tdm_provenance_write(const struct tdm_report *report, FILE *page, struct tdm_error *error)
{
    struct parts parts = {0};
    int status = 0;
    for (size_t i = 0; i < report->variant_count && status == 0; i++)
        status = read_scenario(&parts, &report->variants[i]);
    if (parts.count)
        qsort(parts.items, parts.count, sizeof *parts.items, by_kind);
    if (status == 0)
        status = write_all(report, &parts, page);
    for (size_t i = 0; i < parts.count; i++) {
        if (parts.items[i].object)
            parts.items[i].kind->free(parts.items[i].object);
        free(parts.items[i].reference);
    }
    free(parts.items);
    return status ? tdm_fail(error, "out of memory") : 0;
}

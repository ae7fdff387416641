// SPDX-License-Identifier: GPL-3.0-or-later
/* What the description tables say, for people (help pages) and for editors (RELAX NG). */
#include <math.h>
#include <string.h>

#include "core/schema.h"
#include "core/table.h"

// ---- for people --------------------------------------------------------------------------------

// What stands between the quotation marks, by an example.
static const char *kind_text(const struct tdm_attribute *a, char *text, size_t size)
{
    static const char *const words[] = {[TDM_INTEGER] = "whole number",
                                        [TDM_TEXT] = "text",
                                        [TDM_NAME] = "name",
                                        [TDM_CHOICE] = "choice",
                                        [TDM_FLAG] = "yes or no"};
    const bool list = a->kind == TDM_LIST;
    if ((a->kind == TDM_QUANTITY || list) && a->dimension == TDM_PLAIN)
        snprintf(text, size, "%s", list ? "numbers" : "number");
    else if (a->kind == TDM_QUANTITY || list)
        snprintf(text, size, "\"%s%s\"", tdm_dimension_example(a->dimension), list ? ", …" : "");
    else
        snprintf(text, size, "%s", words[a->kind]);
    return text;
}

#define ENDLESS 1e5 // of any dimension: such a limit only keeps numbers finite

static void add_range(const struct tdm_attribute *a, char *text, size_t size)
{
    const bool whole = a->kind == TDM_INTEGER;
    const enum tdm_dimension dimension = whole ? TDM_PLAIN : a->dimension;
    const bool ranged = whole || a->kind == TDM_QUANTITY || a->kind == TDM_LIST;
    const size_t used = strlen(text);
    const bool endless = a->max >= ENDLESS;
    char range[128];
    if (!ranged || (a->min == 0 && a->max == 0) || (endless && a->min <= 0))
        return;
    if (endless)
        tdm_quantity_format(a->min, dimension, 6, range, sizeof range);
    else
        tdm_quantity_range(a->min, a->max, dimension, 6, range, sizeof range);
    snprintf(text + used, size - used, " (%s%s)", endless ? "at least " : "", range);
}

static void add_choices(const struct tdm_attribute *a, char *text, size_t size)
{
    for (int i = 0; a->kind == TDM_CHOICE && a->choices[i]; i++) {
        const size_t used = strlen(text);
        snprintf(text + used, size - used, "%s%s", i ? ", " : "; one of ", a->choices[i]);
    }
}

static void help_attributes(const struct tdm_element *element, int indent, FILE *stream)
{
    struct tdm_table table;
    tdm_table_start(&table, (const char *const[]){"", "", "", "", NULL});
    for (size_t i = 0; i < element->attribute_count; i++) {
        const struct tdm_attribute *a = &element->attributes[i];
        char text[1024];
        tdm_table_add(&table, "%s", a->name);
        tdm_table_add(&table, "%s", kind_text(a, text, sizeof text));
        if (a->required)
            tdm_table_add(&table, "required");
        else if (a->kind == TDM_CHOICE && !a->fallback)
            tdm_table_add(&table, "= %s", a->choices[0]);
        else
            tdm_table_add(&table, "%s%s", a->fallback ? "= " : "", a->fallback ? a->fallback : "");
        snprintf(text, sizeof text, "%s", a->help);
        add_choices(a, text, sizeof text);
        add_range(a, text, sizeof text);
        tdm_table_add(&table, "%s", text);
    }
    tdm_table_print(&table, stream, indent, tdm_terminal_width(stream));
}

// " (one)", " (1 or more, each with its own id)"
static void counts(const struct tdm_element *element, char *text, size_t size)
{
    const size_t least = element->at_least, most = element->at_most;
    char key[160] = "";
    if (element->key)
        snprintf(key, sizeof key, ", each with its own %s", element->key);
    if (most == 1)
        snprintf(text, size, " (%s%s)", least ? "one" : "one or none", key);
    else if (most && least == most)
        snprintf(text, size, " (%zu of them%s)", least, key);
    else
        snprintf(text, size, " (%zu or more%s)", least, key);
}

static void help_element(const struct tdm_element *element, int depth, FILE *stream)
{
    const int indent = 2 * depth;
    char text[1024], many[256] = "";
    if (depth)
        counts(element, many, sizeof many);
    snprintf(text, sizeof text, "<%s>: %s%s", element->name, element->help, many);
    fprintf(stream, "%*s", indent, "");
    tdm_text_wrap(stream, text, indent, indent + 4, tdm_terminal_width(stream));
    help_attributes(element, indent + 4, stream);
    for (const struct tdm_element *const *c = element->children; c && *c; c++) {
        fputc('\n', stream);
        help_element(*c, depth + 1, stream);
    }
}

void tdm_schema_help(const struct tdm_element *root, FILE *stream)
{
    help_element(root, 0, stream);
}

// ---- for editors -------------------------------------------------------------------------------

static void relaxng_value(const struct tdm_attribute *a, FILE *stream)
{
    switch (a->kind) {
    case TDM_INTEGER:
        fputs("<data type=\"integer\"/>", stream);
        break;
    case TDM_FLAG:
        fputs("<choice><value>yes</value><value>no</value></choice>", stream);
        break;
    case TDM_CHOICE:
        fputs("<choice>", stream);
        for (int i = 0; a->choices[i]; i++)
            fprintf(stream, "<value>%s</value>", a->choices[i]);
        fputs("</choice>", stream);
        break;
    default:
        fputs("<text/>", stream);
    }
}

static void relaxng_element(const struct tdm_element *element, int depth, FILE *stream)
{
    const int indent = 2 * depth;
    fprintf(stream, "%*s<element name=\"%s\">\n", indent, "", element->name);
    fprintf(stream, "%*s  <a:documentation>", indent, "");
    tdm_xml_escape(stream, element->help);
    fputs("</a:documentation>\n", stream);
    for (size_t i = 0; i < element->attribute_count; i++) {
        const struct tdm_attribute *a = &element->attributes[i];
        fprintf(stream, "%*s  %s<attribute name=\"%s\"><a:documentation>", indent, "",
                a->required ? "" : "<optional>", a->name);
        tdm_xml_escape(stream, a->help);
        fputs("</a:documentation>", stream);
        relaxng_value(a, stream);
        fprintf(stream, "</attribute>%s\n", a->required ? "" : "</optional>");
    }
    if (element->children) {
        fprintf(stream, "%*s  <interleave>\n", indent, "");
        for (const struct tdm_element *const *c = element->children; *c; c++) {
            const bool one = (*c)->at_most == 1;
            const char *how =
                (*c)->at_least ? (one ? "group" : "oneOrMore") : (one ? "optional" : "zeroOrMore");
            fprintf(stream, "%*s    <%s>\n", indent, "", how);
            relaxng_element(*c, depth + 3, stream);
            fprintf(stream, "%*s    </%s>\n", indent, "", how);
        }
        fprintf(stream, "%*s  </interleave>\n", indent, "");
    } else {
        fprintf(stream, "%*s  <empty/>\n", indent, "");
    }
    fprintf(stream, "%*s</element>\n", indent, "");
}

void tdm_schema_relaxng(const struct tdm_element *root, FILE *stream)
{
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<grammar xmlns=\"http://relaxng.org/ns/structure/1.0\"\n"
          "    xmlns:a=\"http://relaxng.org/ns/compatibility/annotations/1.0\"\n"
          "    datatypeLibrary=\"http://www.w3.org/2001/XMLSchema-datatypes\">\n"
          "  <start>\n",
          stream);
    relaxng_element(root, 2, stream);
    fputs("  </start>\n</grammar>\n", stream);
}

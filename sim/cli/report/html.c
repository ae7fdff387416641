// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/report/html.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/xml.h"

// ---- text --------------------------------------------------------------------------------------

// Bytes of the well-formed UTF-8 character at `c`, 0: it is none.
static size_t character(const unsigned char *c)
{
    if (c[0] < 0x80)
        return 1;
    const size_t length = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    if (c[0] < 0xc2 || c[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    const bool bad = (c[0] == 0xe0 && c[1] < 0xa0) ||                  // longer than needed
                     (c[0] == 0xf0 && c[1] < 0x90) ||                  // the same
                     (c[0] == 0xed && c[1] >= 0xa0) ||                 // half of a pair
                     (c[0] == 0xf4 && c[1] >= 0x90) ||                 // beyond Unicode
                     (c[0] == 0xef && c[1] == 0xbf && c[2] >= 0xbe) || // not allowed in XML
                     (c[0] == 0xc2 && c[1] < 0xa0);                    // control characters
    return bad ? 0 : length;
}

char *tdm_clean_text(const char *text)
{
    char *clean = malloc(3 * strlen(text) + 1), *out = clean;
    if (!clean)
        return NULL;
    for (const unsigned char *c = (const unsigned char *)text; *c;) {
        const size_t length = character(c);
        if (length == 0) {
            memcpy(out, "\xef\xbf\xbd", 3);
            out += 3;
        } else if (length == 1) {
            *out++ = (char)((*c < ' ' && *c != '\n') || *c == 0x7f ? ' ' : *c);
        } else {
            memcpy(out, c, length);
            out += length;
        }
        c += length ? length : 1;
    }
    *out = '\0';
    return clean;
}

void tdm_html_text(FILE *stream, const char *text)
{
    char *clean = tdm_clean_text(text);
    if (clean)
        tdm_xml_escape(stream, clean);
    free(clean);
}

static void print(FILE *stream, const char *format, va_list arguments)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (!memory)
        return;
    vfprintf(memory, format, arguments);
    if (fclose(memory) == 0)
        tdm_html_text(stream, text);
    free(text);
}

void tdm_html_print(FILE *stream, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(stream, format, arguments);
    va_end(arguments);
}

// ---- tables ------------------------------------------------------------------------------------

void tdm_html_table_start(struct tdm_html_table *table, FILE *stream, const char *const *titles)
{
    *table = (struct tdm_html_table){.stream = stream, .titles = titles};
    fputs("<table>\n<thead><tr>", stream);
    for (; titles[table->columns]; table->columns++) {
        const bool number = titles[table->columns][0] == '>';
        fputs(number ? "<th class=\"n\">" : "<th>", stream);
        tdm_html_text(stream, titles[table->columns] + number);
        fputs("</th>", stream);
    }
    fputs("</tr></thead>\n<tbody>\n", stream);
}

void tdm_html_cell(struct tdm_html_table *table, const char *format, ...)
{
    const size_t column = table->cells++ % table->columns;
    va_list arguments;
    if (column == 0)
        fputs("<tr>", table->stream);
    fputs(table->titles[column][0] == '>' ? "<td class=\"n\">" : "<td>", table->stream);
    va_start(arguments, format);
    print(table->stream, format, arguments);
    va_end(arguments);
    fputs(column + 1 == table->columns ? "</td></tr>\n" : "</td>", table->stream);
}

void tdm_html_number(struct tdm_html_table *table, double value)
{
    if (isfinite(value))
        tdm_html_cell(table, "%.6g", value);
    else
        tdm_html_cell(table, "%s", "");
}

void tdm_html_table_end(struct tdm_html_table *table)
{
    fputs("</tbody>\n</table>\n", table->stream);
}

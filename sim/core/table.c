// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/table.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { GAP = 2, LEAST_WRAP = 20, USUAL_WIDTH = 100, LEAST_WIDTH = 60, MOST_WIDTH = 120 };

// ---- text --------------------------------------------------------------------------------------

size_t tdm_text_width(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static size_t width_of(const char *text, size_t length)
{
    size_t width = 0;
    for (size_t i = 0; i < length; i++)
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

// Where the lines that a line of text is broken into begin: below what follows its first gap of two
// spaces or more ("xi   share of the channels"), else below its first word.
static size_t hang_of(const char *line, size_t length, size_t room)
{
    const size_t lead = strspn(line, " ");
    for (size_t i = lead; i + 2 < length; i++)
        if (line[i] == ' ' && line[i + 1] == ' ') {
            const size_t after = i + strspn(line + i, " ");
            const size_t hang = width_of(line, after);
            return after < length && hang < room / 2 ? hang : lead;
        }
    return lead < room / 2 ? lead : 0;
}

// Prints one line of text that begins at column `at`, broken where it passes `width`.
static void wrap_line(FILE *stream, const char *line, size_t length, size_t at, size_t indent,
                      size_t width)
{
    const size_t hang = indent + hang_of(line, length, width > indent ? width - indent : 1);
    for (size_t i = 0; i < length;) {
        const size_t spaces = strspn(line + i, " ");
        const size_t word = i + spaces < length ? strcspn(line + i + spaces, " \n") : 0;
        const size_t wide = width_of(line + i + spaces, word);
        const bool full = i > 0 && at + spaces + wide > width;
        if (full) {
            fprintf(stream, "\n%*s", (int)hang, "");
            at = hang;
        } else if (word) {
            fprintf(stream, "%*s", (int)spaces, "");
            at += spaces;
        }
        fwrite(line + i + spaces, 1, word, stream);
        at += wide;
        i += spaces + word;
    }
    fputc('\n', stream);
}

void tdm_text_wrap(FILE *stream, const char *text, int at, int indent, int width)
{
    size_t column = (size_t)at;
    for (;;) {
        const size_t length = strcspn(text, "\n");
        wrap_line(stream, text, length, column, (size_t)indent, (size_t)width);
        text += length;
        if (!*text++)
            return;
        fprintf(stream, "%*s", *text && *text != '\n' ? indent : 0, "");
        column = (size_t)indent;
    }
}

int tdm_terminal_width(FILE *stream)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    long width = columns ? strtol(columns, NULL, 10) : 0;
    if (width <= 0 && fileno(stream) >= 0 && isatty(fileno(stream)) &&
        ioctl(fileno(stream), TIOCGWINSZ, &size) == 0)
        width = size.ws_col;
    if (width <= 0)
        width = USUAL_WIDTH;
    return width < LEAST_WIDTH ? LEAST_WIDTH : width > MOST_WIDTH ? MOST_WIDTH : (int)width;
}

// ---- filling -----------------------------------------------------------------------------------

void tdm_table_start(struct tdm_table *table, const char *const *titles)
{
    *table = (struct tdm_table){0};
    for (; titles[table->columns]; table->columns++) {
        assert(table->columns < TDM_TABLE_COLUMNS);
        const char *title = titles[table->columns];
        table->right[table->columns] = *title == '>';
        table->common = *title == '=';
        table->titles[table->columns] = title + (*title == '>' || *title == '=');
    }
    assert(table->columns > 0);
}

static bool make_room(struct tdm_table *table, size_t more)
{
    if (table->used + more <= table->room)
        return true;
    const size_t room = 2 * table->room + more + 1024;
    char *text = realloc(table->text, room);
    if (!text) {
        table->lost = true;
        return false;
    }
    table->text = text;
    table->room = room;
    return true;
}

// Names and titles come from files: what would move a terminal's cursor is not for a table.
static void clean(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c; c++) {
        if (*c < ' ' || *c == 0x7f)
            *c = ' ';
        if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)
            c[0] = c[1] = ' ';
    }
}

void tdm_table_add(struct tdm_table *table, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (table->lost || length < 0 || !make_room(table, (size_t)length + 1))
        return;
    char *cell = table->text + table->used;
    va_start(arguments, format);
    vsnprintf(cell, (size_t)length + 1, format, arguments);
    va_end(arguments);
    clean(cell);
    table->used += (size_t)length + 1;
    table->cells++;
}

// ---- printing ----------------------------------------------------------------------------------

// The cell that all of the last column's cells are the same as, or NULL.
static const char *common_cell(const struct tdm_table *table)
{
    const char *cell = table->text, *common = NULL;
    if (!table->common || table->cells <= table->columns) // one row shows it best in its place
        return NULL;
    for (size_t i = 0; i < table->cells; i++, cell += strlen(cell) + 1) {
        if (i % table->columns != table->columns - 1)
            continue;
        if (common && strcmp(common, cell) != 0)
            return NULL;
        common = cell;
    }
    return common;
}

static void measure(const struct tdm_table *table, size_t *widths)
{
    const char *cell = table->text;
    for (size_t c = 0; c < table->columns; c++)
        widths[c] = tdm_text_width(table->titles[c]);
    for (size_t i = 0; i < table->cells; i++, cell += strlen(cell) + 1) {
        const size_t width = tdm_text_width(cell);
        size_t *widest = &widths[i % table->columns];
        *widest = width > *widest ? width : *widest;
    }
}

// Prints a row of `shown` columns; the next row's first cell, or NULL for titles, is returned.
static const char *print_row(const struct tdm_table *table, const char *cell, size_t shown,
                             const size_t *widths, FILE *stream, int indent, int width)
{
    int at = indent, pending = indent; // spaces are printed only before something
    for (size_t c = 0; c < table->columns; c++) {
        const char *text = cell ? cell : table->titles[c];
        const int wide = (int)tdm_text_width(text), column = (int)widths[c];
        if (c < shown && *text) {
            const int before = table->right[c] ? column - wide : 0;
            fprintf(stream, "%*s", pending + before, "");
            pending = column - before - wide;
            if (c + 1 == shown && !table->right[c]) {
                const int room = width - at < LEAST_WRAP ? LEAST_WRAP : width - at;
                tdm_text_wrap(stream, text, at, at, at + room);
                pending = -1;
            } else {
                fputs(text, stream);
            }
        } else {
            pending += column;
        }
        at += column + GAP;
        pending += pending >= 0 ? GAP : 0;
        cell = cell ? cell + strlen(cell) + 1 : NULL;
        if (pending < 0) // the wrapped cell has ended the line
            return cell && c + 1 < table->columns ? cell + strlen(cell) + 1 : cell;
    }
    fputc('\n', stream);
    return cell;
}

void tdm_table_print(struct tdm_table *table, FILE *stream, int indent, int width)
{
    size_t widths[TDM_TABLE_COLUMNS];
    bool titled = false;
    table->cells -= table->cells % table->columns; // of a cut table
    measure(table, widths);
    const char *common = common_cell(table);
    const size_t shown = table->columns - (common ? 1 : 0);
    for (size_t c = 0; c < shown; c++)
        titled = titled || *table->titles[c];
    if (titled)
        print_row(table, NULL, shown, widths, stream, indent, width);
    const char *cell = table->text;
    for (size_t row = 0; row < table->cells / table->columns; row++)
        cell = print_row(table, cell, shown, widths, stream, indent, width);
    if (common && *common) {
        const char *title = table->titles[shown];
        fprintf(stream, "%*s%s: ", indent, "", title);
        tdm_text_wrap(stream, common, indent + (int)tdm_text_width(title) + 2, indent + 2, width);
    }
    if (table->lost)
        fprintf(stream, "%*s(no memory for the rest)\n", indent, "");
    free(table->text);
    *table = (struct tdm_table){0};
}

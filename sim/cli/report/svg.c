// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/report/svg.h"

#include <string.h>

#include "cli/report/html.h"
#include "core/schema.h"

// What begins at `c` if it begins with `text`: a pointer behind it, else NULL.
static const char *behind(const char *c, const char *text)
{
    const size_t length = strlen(text);
    return strncmp(c, text, length) == 0 ? c + length : NULL;
}

// A title shows where the pointer rests: the picture has ours, and its parts have none.
static const char *write_title(const char *c, const char *title, FILE *stream)
{
    const char *end = behind(c, "<title>") ? strstr(c, "</title>") : NULL;
    if (!end)
        return NULL;
    if (behind(c, "<title>Gnuplot<")) {
        fputs("<title>", stream);
        tdm_html_text(stream, title);
        fputs("</title>", stream);
    }
    return end + strlen("</title>");
}

// "id='" and so on, before an identifier.
static const char *write_mark(const char *c, const char *name, FILE *stream)
{
    static const char *const marks[] = {" id='", " id=\"", "href='#", "href=\"#", "url(#"};
    for (size_t i = 0; i < TDM_COUNT(marks); i++)
        if (behind(c, marks[i])) {
            fprintf(stream, "%s%s-", marks[i], name);
            return behind(c, marks[i]);
        }
    return NULL;
}

static void write_svg(const char *c, const char *title, const char *name, FILE *stream)
{
    while (*c) {
        const char *next = write_title(c, title, stream);
        if (!next && name)
            next = write_mark(c, name, stream);
        if (!next)
            fputc(*c, stream);
        c = next ? next : c + 1;
    }
}

void tdm_svg_write(const char *svg, const char *title, FILE *file)
{
    write_svg(svg, title, NULL, file);
}

void tdm_svg_inline(const char *svg, const char *title, const char *name, FILE *page)
{
    const char *element = strstr(svg, "<svg");
    if (element)
        write_svg(element, title, name, page);
}

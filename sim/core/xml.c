// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/xml.h"

#include <expat.h>
#include <stdint.h>
#include <string.h>

#include "core/error.h"

// Since Expat 2.9 places have 64 bits, and the shorter ones are out of favour.
#if XML_MAJOR_VERSION == 2 && XML_MINOR_VERSION < 9
#define XML_GetCurrentLineNumber64 XML_GetCurrentLineNumber
#define XML_GetCurrentColumnNumber64 XML_GetCurrentColumnNumber
#define XML_GetCurrentByteIndex64 XML_GetCurrentByteIndex
#define XML_GetCurrentByteCount64 XML_GetCurrentByteCount
#endif

struct reading {
    XML_Parser parser;
    FILE *stream;     // what is read; NULL: the text that follows
    const char *text; // not read yet
    size_t left;      // bytes of it
    const char *name;
    const struct tdm_xml_callbacks *callbacks;
    void *context;
    struct tdm_error *error;
    struct tdm_error spare; // so that callbacks may always fill an error
    int depth;
    bool failed;
};

static struct tdm_place place_of(const struct reading *reading)
{
    return (struct tdm_place){(long)XML_GetCurrentLineNumber64(reading->parser),
                              (long)XML_GetCurrentColumnNumber64(reading->parser) + 1};
}

static void stop(struct reading *reading)
{
    reading->failed = true;
    XML_StopParser(reading->parser, XML_FALSE);
}

static void refuse(struct reading *reading, const char *what)
{
    const struct tdm_place place = place_of(reading);
    tdm_fail_at(reading->error, reading->name, place.line, place.column, "%s", what);
    stop(reading);
}

// A callback knows what is wrong; where it was is known here.
static void check(struct reading *reading, int status)
{
    if (status == 0)
        return;
    if (!reading->error->file[0]) {
        const struct tdm_place place = place_of(reading);
        snprintf(reading->error->file, sizeof reading->error->file, "%s", reading->name);
        reading->error->line = place.line;
        reading->error->column = place.column;
    }
    stop(reading);
}

static void tell_tag(struct reading *reading)
{
    const int64_t at = XML_GetCurrentByteIndex64(reading->parser);
    const int64_t length = (int64_t)XML_GetCurrentByteCount64(reading->parser);
    if (reading->callbacks->tag && at >= 0 && length > 0)
        check(reading, reading->callbacks->tag(reading->context, (size_t)at, (size_t)length,
                                               reading->error));
}

static void on_start(void *user, const XML_Char *element, const XML_Char **attributes)
{
    struct reading *reading = user;
    if (++reading->depth > TDM_XML_DEEPEST)
        refuse(reading, "elements within elements within elements; no description is that deep");
    if (!reading->failed)
        tell_tag(reading);
    if (!reading->failed)
        check(reading, reading->callbacks->start(reading->context, place_of(reading), element,
                                                 (const char *const *)attributes, reading->error));
}

static void on_end(void *user, const XML_Char *element)
{
    struct reading *reading = user;
    reading->depth--;
    if (!reading->failed)
        check(reading, reading->callbacks->end(reading->context, place_of(reading), element,
                                               reading->error));
}

static void on_text(void *user, const XML_Char *text, int length)
{
    struct reading *reading = user;
    for (int i = 0; i < length && !reading->failed; i++)
        if (!strchr(" \t\r\n", text[i]))
            refuse(reading, "text between elements; everything here is said in attributes");
}

static void on_doctype(void *user, const XML_Char *name, const XML_Char *system,
                       const XML_Char *public, int has_internal)
{
    (void)name, (void)system, (void)public, (void)has_internal;
    refuse(user, "document type declarations and entities are not read; remove <!DOCTYPE …>");
}

static void on_instruction(void *user, const XML_Char *target, const XML_Char *data)
{
    (void)target, (void)data;
    refuse(user, "processing instructions are not read; remove <?…?>");
}

static void explain_expat(struct reading *reading)
{
    const struct tdm_place place = place_of(reading);
    const enum XML_Error code = XML_GetErrorCode(reading->parser);
    if (code == XML_ERROR_NO_ELEMENTS)
        tdm_fail_at(reading->error, reading->name, place.line, place.column,
                    "the file ends before its first element is complete");
    else
        tdm_fail_at(reading->error, reading->name, place.line, place.column,
                    "not well-formed XML: %s", XML_ErrorString(code));
}

// A tag or comment that does not end would be held whole, and read again with every chunk.
static int check_pending(struct reading *reading, size_t total)
{
    enum { MOST_PENDING = 1024 * 1024 };
    const int64_t done = XML_GetCurrentByteIndex64(reading->parser);
    if (done < 0 || total - (size_t)done <= MOST_PENDING)
        return 0;
    const struct tdm_place place = place_of(reading);
    return tdm_fail_at(reading->error, reading->name, place.line, place.column,
                       "a tag or comment of more than %d MiB; no description has one",
                       MOST_PENDING >> 20);
}

enum { CHUNK = 64 * 1024 };

// The next bytes of the document, at most CHUNK; 0 at its end.
static size_t take(struct reading *reading, void *buffer)
{
    if (reading->stream)
        return fread(buffer, 1, CHUNK, reading->stream);
    const size_t n = reading->left < CHUNK ? reading->left : CHUNK;
    if (n)
        memcpy(buffer, reading->text, n);
    reading->text += n;
    reading->left -= n;
    return n;
}

static int feed(struct reading *reading)
{
    size_t total = 0;
    for (;;) {
        void *buffer = XML_GetBuffer(reading->parser, CHUNK);
        if (!buffer)
            return tdm_fail_at(reading->error, reading->name, 0, 0, "out of memory");
        const size_t n = take(reading, buffer);
        if (reading->stream && ferror(reading->stream))
            return tdm_fail_errno(reading->error, reading->name, "cannot read");
        total += n;
        if (total > TDM_XML_MOST_BYTES)
            return tdm_fail_at(reading->error, reading->name, 0, 0,
                               "larger than %d MiB; no description is that long",
                               TDM_XML_MOST_BYTES >> 20);
        const enum XML_Status status = XML_ParseBuffer(reading->parser, (int)n, n == 0);
        if (reading->failed)
            return -1;
        if (status != XML_STATUS_OK) {
            explain_expat(reading);
            return -1;
        }
        if (n == 0)
            return 0;
        if (check_pending(reading, total))
            return -1;
    }
}

static int read_all(struct reading *reading)
{
    if (!reading->error)
        reading->error = &reading->spare;
    *reading->error = (struct tdm_error){0};
    reading->parser = XML_ParserCreate(NULL);
    if (!reading->parser)
        return tdm_fail(reading->error, "out of memory");
    XML_SetUserData(reading->parser, reading);
    XML_SetElementHandler(reading->parser, on_start, on_end);
    XML_SetCharacterDataHandler(reading->parser, on_text);
    XML_SetStartDoctypeDeclHandler(reading->parser, on_doctype);
    XML_SetProcessingInstructionHandler(reading->parser, on_instruction);
    const int status = feed(reading);
    XML_ParserFree(reading->parser);
    return status;
}

int tdm_xml_read(FILE *stream, const char *name, const struct tdm_xml_callbacks *callbacks,
                 void *context, struct tdm_error *error)
{
    struct reading reading = {
        .stream = stream, .name = name, .callbacks = callbacks, .context = context, .error = error};
    return read_all(&reading);
}

int tdm_xml_read_text(const char *text, size_t length, const char *name,
                      const struct tdm_xml_callbacks *callbacks, void *context,
                      struct tdm_error *error)
{
    struct reading reading = {.text = text,
                              .left = length,
                              .name = name,
                              .callbacks = callbacks,
                              .context = context,
                              .error = error};
    return read_all(&reading);
}

void tdm_xml_escape(FILE *stream, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '&':
            fputs("&amp;", stream);
            break;
        case '<':
            fputs("&lt;", stream);
            break;
        case '>':
            fputs("&gt;", stream);
            break;
        case '"':
            fputs("&quot;", stream);
            break;
        case '\t':
        case '\n':
        case '\r':
            fprintf(stream, "&#%d;", *text);
            break;
        default:
            fputc(*text, stream);
        }
}

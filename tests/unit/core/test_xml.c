// SPDX-License-Identifier: GPL-3.0-or-later
/** The layer over Expat: what a reader is told, and what never gets through. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "core/xml.h"

// ---- a reader that writes down what it is told -------------------------------------------------

struct story {
    char text[4096];
    size_t used;
    int left; // callbacks until one fails; below zero: none does
};

static void tell(struct story *story, const char *format, ...) TDM_PRINTF(2, 3);
static void tell(struct story *story, const char *format, ...)
{
    if (story->used >= sizeof story->text)
        return;
    va_list args;
    va_start(args, format);
    story->used += (size_t)vsnprintf(story->text + story->used, sizeof story->text - story->used,
                                     format, args);
    va_end(args);
}

static int on_start(void *context, struct tdm_place place, const char *element,
                    const char *const *attributes, struct tdm_error *error)
{
    struct story *story = context;
    if (story->left-- == 0)
        return tdm_fail(error, "enough of <%s>", element);
    tell(story, "%ld:%ld<%s", place.line, place.column, element);
    for (; *attributes; attributes += 2)
        tell(story, " %s=[%s]", attributes[0], attributes[1]);
    tell(story, ">");
    return 0;
}

static int on_end(void *context, struct tdm_place place, const char *element,
                  struct tdm_error *error)
{
    struct story *story = context;
    if (story->left-- == 0)
        return tdm_fail_at(error, "elsewhere", 7, 8, "enough of </%s>", element);
    tell(story, "%ld:%ld</%s>", place.line, place.column, element);
    return 0;
}

static const struct tdm_xml_callbacks teller = {on_start, on_end};

static int read_bytes(const char *bytes, size_t size, struct story *story, struct tdm_error *error)
{
    FILE *stream = tmpfile();
    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, size, stream), size);
    rewind(stream);
    const int status = tdm_xml_read(stream, "test.xml", &teller, story, error);
    fclose(stream);
    return status;
}

static void told(const char *document, const char *expected)
{
    struct story story = {.left = -1};
    struct tdm_error error = {0};
    if (read_bytes(document, strlen(document), &story, &error))
        fail_msg("%ld:%ld %s", error.line, error.column, error.message);
    assert_string_equal(story.text, expected);
}

static void refused(const char *bytes, size_t size, long line, long column, const char *message)
{
    struct story story = {.left = -1};
    struct tdm_error error = {0};
    assert_int_equal(read_bytes(bytes, size, &story, &error), -1);
    assert_string_equal(error.file, "test.xml");
    assert_string_equal(error.message, message);
    assert_int_equal(error.line, line);
    assert_int_equal(error.column, column);
    story = (struct story){.left = -1};
    assert_int_equal(read_bytes(bytes, size, &story, NULL), -1);
}
#define REFUSED(text, line, column, message) refused(text, sizeof(text) - 1, line, column, message)

// ---- what is read ------------------------------------------------------------------------------

static void elements_come_in_order_with_places(void **state)
{
    (void)state;
    told("<a>\n  <b x=\"1\" y='2'/>\n\t<c></c>\n</a>\n",
         "1:1<a>2:3<b x=[1] y=[2]>2:19</b>3:2<c>3:5</c>4:1</a>");
    told("<?xml version=\"1.0\"?>\n<!-- a comment\nof two lines --><a/>", "3:17<a>3:21</a>");
}

static void the_five_entities_and_characters_by_number(void **state)
{
    (void)state;
    told("<a t=\"&lt;&gt;&amp;&quot;&apos;&#65;&#xe4;\"/>", "1:1<a t=[<>&\"'A\xc3\xa4]>1:46</a>");
}

static void encodings(void **state)
{
    (void)state;
    // Expat counts the byte order mark as a column.
    told("\xef\xbb\xbf<a t=\"\xc3\xa4\"/>", "1:2<a t=[\xc3\xa4]>1:12</a>");
    told("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a t=\"\xe4\"/>",
         "1:44<a t=[\xc3\xa4]>1:54</a>");
    static const char utf16[] = "\xff\xfe<\0a\0 \0t\0=\0\"\0\xe4\0\"\0/\0>\0";
    struct story story = {.left = -1};
    struct tdm_error error = {0};
    assert_int_equal(read_bytes(utf16, sizeof utf16 - 1, &story, &error), 0);
    assert_non_null(strstr(story.text, "<a t=[\xc3\xa4]>"));
    REFUSED("<a t=\"\xe4\"/>", 1, 7, "not well-formed XML: not well-formed (invalid token)");
    REFUSED("<?xml version=\"1.0\" encoding=\"klingon\"?><a/>", 1, 31,
            "not well-formed XML: unknown encoding");
    REFUSED("<a t=\"\xc3\xa4\xff\"/>", 1, 8,
            "not well-formed XML: not well-formed (invalid token)");
    refused("<a>\0</a>", 8, 1, 4, "not well-formed XML: not well-formed (invalid token)");
}

// ---- what is not -------------------------------------------------------------------------------

static void malformed_documents(void **state)
{
    (void)state;
    REFUSED("", 1, 1, "the file ends before its first element is complete");
    REFUSED("\n\n", 3, 1, "the file ends before its first element is complete");
    REFUSED("<a>\n <b>\n", 3, 1, "the file ends before its first element is complete");
    REFUSED("<a>\n <b x=\"1", 2, 2, "not well-formed XML: unclosed token");
    REFUSED("<a>\n</b>", 2, 3, "not well-formed XML: mismatched tag");
    REFUSED("<a/>\n<b/>", 2, 1, "not well-formed XML: junk after document element");
    REFUSED("<a x=\"1\" x=\"2\"/>", 1, 10, "not well-formed XML: duplicate attribute");
    REFUSED("board: nano", 1, 1, "not well-formed XML: syntax error");
    REFUSED("<a>\n  <b/> here\n</a>", 2, 7,
            "text between elements; everything here is said in attributes");
    REFUSED("<a><![CDATA[x]]></a>", 1, 13,
            "text between elements; everything here is said in attributes");
    REFUSED("<a>\n<?php echo 1 ?></a>", 2, 1, "processing instructions are not read; remove <?…?>");
}

static void no_entity_is_expanded(void **state)
{
    (void)state;
    static const char why[] =
        "document type declarations and entities are not read; remove <!DOCTYPE …>";
    REFUSED("<!DOCTYPE a>\n<a/>", 1, 12, why);
    REFUSED("<!DOCTYPE a [<!ENTITY x \"ha\">\n<!ENTITY y \"&x;&x;&x;&x;&x;&x;&x;&x;\">\n"
            "<!ENTITY z \"&y;&y;&y;&y;&y;&y;&y;&y;\">]><a t=\"&z;\"/>",
            1, 13, why);
    REFUSED("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>", 1, 13, why);
    REFUSED("<!DOCTYPE a SYSTEM \"http://example.org/a.dtd\"><a/>", 1, 46, why);
    REFUSED("<a t=\"&x;\"/>", 1, 1, "not well-formed XML: undefined entity");
}

static void callbacks_end_the_reading(void **state)
{
    (void)state;
    static const char document[] = "<a>\n  <b/>\n</a>";
    struct story story = {.left = 1};
    struct tdm_error error = {0};
    assert_int_equal(read_bytes(document, strlen(document), &story, &error), -1);
    assert_string_equal(error.message, "enough of <b>");
    assert_string_equal(error.file, "test.xml"); // a missing place is added
    assert_int_equal(error.line, 2);
    assert_int_equal(error.column, 3);
    assert_string_equal(story.text, "1:1<a>"); // and nothing is told after that
    story = (struct story){.left = 2};
    assert_int_equal(read_bytes(document, strlen(document), &story, &error), -1);
    assert_string_equal(error.file, "elsewhere"); // a place that is there stays
    assert_int_equal(error.line, 7);
    story = (struct story){.left = 2};
    assert_int_equal(read_bytes(document, strlen(document), &story, NULL), -1);
}

// ---- documents without end ---------------------------------------------------------------------

// Reads, through a pipe, `head` and then `again` for ever; gives the peak of memory in MiB.
static long read_endless(const char *head, const char *again, struct tdm_error *error)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGPIPE, SIG_DFL);
        close(ends[0]);
        static char block[65536];
        const size_t size = strlen(again);
        size_t filled = 0;
        for (; filled + size <= sizeof block; filled += size)
            memcpy(block + filled, again, size);
        if (write(ends[1], head, strlen(head)) > 0)
            while (write(ends[1], block, filled) > 0)
                continue;
        _exit(0);
    }
    close(ends[1]);
    FILE *stream = fdopen(ends[0], "rb");
    struct story story = {.left = -1};
    const int status = tdm_xml_read(stream, "pipe", &teller, &story, error);
    fclose(stream);
    waitpid(child, NULL, 0);
    assert_int_equal(status, -1);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

static void documents_without_end_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *head, *again, *message;
    } cases[] = {
        {"<a>", " \n", "larger than 64 MiB; no description is that long"},
        {"<a>", "<b/>", "larger than 64 MiB; no description is that long"},
        {"<a>", "<!-- comment -->", "larger than 64 MiB; no description is that long"},
        {"<!--", "comment ", "a tag or comment of more than 1 MiB; no description has one"},
        {"<a t=\"", "value ", "a tag or comment of more than 1 MiB; no description has one"},
        {"<a", " x", "not well-formed XML: not well-formed (invalid token)"},
        {"<", "name", "a tag or comment of more than 1 MiB; no description has one"},
        {"<a>", "<b>", "elements within elements within elements; no description is that deep"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tdm_error error = {0};
        const long memory = read_endless(cases[i].head, cases[i].again, &error);
        assert_string_equal(error.message, cases[i].message);
        assert_string_equal(error.file, "pipe");
        assert_true(memory < 256); // with a sanitizer's share
    }
}

static void a_read_error_is_said(void **state)
{
    (void)state;
    FILE *folder = fopen("/", "rb"); // opens, but reading fails
    assert_non_null(folder);
    struct story story = {.left = -1};
    struct tdm_error error = {0};
    assert_int_equal(tdm_xml_read(folder, "root", &teller, &story, &error), -1);
    fclose(folder);
    assert_string_equal(error.message, "cannot read: Is a directory");
}

// ---- writing -----------------------------------------------------------------------------------

static void what_is_escaped_reads_back(void **state)
{
    (void)state;
    static const char text[] = "<&>\"' \t\n\r \xc3\xa4 ]]> &amp; --";
    char *document = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&document, &size);
    fputs("<a t=\"", stream);
    tdm_xml_escape(stream, text);
    fputs("\"/>", stream);
    fclose(stream);
    struct story story = {.left = -1};
    struct tdm_error error = {0};
    assert_int_equal(read_bytes(document, size, &story, &error), 0);
    free(document);
    char expected[256];
    // Columns are characters: the two bytes of the umlaut are one.
    snprintf(expected, sizeof expected, "1:1<a t=[%s]>1:%zu</a>", text, size);
    assert_string_equal(story.text, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_come_in_order_with_places),
        cmocka_unit_test(the_five_entities_and_characters_by_number),
        cmocka_unit_test(encodings),
        cmocka_unit_test(malformed_documents),
        cmocka_unit_test(no_entity_is_expanded),
        cmocka_unit_test(callbacks_end_the_reading),
        cmocka_unit_test(documents_without_end_are_refused),
        cmocka_unit_test(a_read_error_is_said),
        cmocka_unit_test(what_is_escaped_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** Attributes set in the text of a document, byte by byte. tests/unit/model/check_splice.py has
 * Python's reader judge many more. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/xml_set.h"

enum { MOST = 4 };

// Sets "PATH", "VALUE", "PATH", "VALUE", …, NULL; returns the new text or NULL.
static char *set(const char *text, size_t length, const char *const *pairs, struct tdm_error *error)
{
    struct tdm_xml_path paths[MOST];
    struct tdm_xml_setting settings[MOST];
    struct tdm_arena *arena = tdm_arena_new(1 << 20);
    size_t count = 0, new_length = 0;
    for (; pairs[2 * count]; count++) {
        assert_int_equal(tdm_xml_path_read(&paths[count], pairs[2 * count], arena, error), 0);
        settings[count] = (struct tdm_xml_setting){&paths[count], pairs[2 * count + 1]};
    }
    char *result = tdm_xml_set(text, length, "doc.xml", settings, count, &new_length, error);
    if (result)
        assert_int_equal(strlen(result), new_length);
    tdm_arena_free(arena);
    return result;
}

#define PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL, NULL})

static void becomes(const char *text, const char *const *pairs, const char *expected)
{
    struct tdm_error error = {0};
    char *result = set(text, strlen(text), pairs, &error);
    assert_string_equal(error.message, "");
    assert_string_equal(result, expected);
    free(result);
}

static void refused(const char *text, const char *const *pairs, const char *part)
{
    struct tdm_error error = {0};
    assert_null(set(text, strlen(text), pairs, &error));
    if (!strstr(error.message, part))
        fail_msg("'%s' does not hold '%s'", error.message, part);
}

static void path_refused(const char *path, const char *part)
{
    struct tdm_error error = {0};
    struct tdm_xml_path into;
    struct tdm_arena *arena = tdm_arena_new(1 << 20);
    assert_int_equal(tdm_xml_path_read(&into, path, arena, &error), -1);
    if (!strstr(error.message, part))
        fail_msg("'%s' does not hold '%s'", error.message, part);
    tdm_arena_free(arena);
}

static void replaces(void **state)
{
    (void)state;
    becomes("<a x=\"1\"/>", PAIRS("@x", "2"), "<a x=\"2\"/>");
    becomes("<a  y = '1'\n\tx='1' ></a>", PAIRS("@x", "2"), "<a  y = '1'\n\tx=\"2\" ></a>");
    becomes("<a xx='1' x='1'/>", PAIRS("@x", "2"), "<a xx='1' x=\"2\"/>");
    // What looks like an attribute in a value is none.
    becomes("<a t=' x=\"1\" >/>' x='1'/>", PAIRS("@x", "2"), "<a t=' x=\"1\" >/>' x=\"2\"/>");
    becomes("<a><!-- <b x='0'/> --><b x='1'/><c x='1'/></a>", PAIRS("b/@x", "2"),
            "<a><!-- <b x='0'/> --><b x=\"2\"/><c x='1'/></a>");
}

static void inserts(void **state)
{
    (void)state;
    becomes("<a/>", PAIRS("@x", "2"), "<a x=\"2\"/>");
    becomes("<a />", PAIRS("@x", "2"), "<a x=\"2\" />");
    becomes("<a y='1'\n></a>", PAIRS("@x", "2"), "<a y='1' x=\"2\"\n></a>");
    becomes("<a y='/'/>", PAIRS("@x", "2"), "<a y='/' x=\"2\"/>");
    becomes("<a/>", PAIRS("@x", "1", "@y", "2"), "<a x=\"1\" y=\"2\"/>");
}

static void removes(void **state)
{
    (void)state;
    becomes("<a x='1' y='2'/>", PAIRS("@x", NULL), "<a y='2'/>");
    becomes("<a y='2'\n   x='1'/>", PAIRS("@x", NULL), "<a y='2'/>");
    becomes("<a y='2'/>", PAIRS("@x", NULL), "<a y='2'/>");
}

static void escapes(void **state)
{
    (void)state;
    becomes("<a/>", PAIRS("@x", "<&>\"'\n"), "<a x=\"&lt;&amp;&gt;&quot;'&#10;\"/>");
    // As references they mean the same, whatever the encoding of the document.
    becomes("<a/>", PAIRS("@x", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
            "<a x=\"&#233;&#8364;&#128512;\"/>");
}

static void several_elements(void **state)
{
    (void)state;
    const char *text = "<a><b k='1'/><c><b k='1'/></c><b k='2'><d/></b><b k='1'><d/></b></a>";
    becomes(text, PAIRS("b/@x", "0"),
            "<a><b k='1' x=\"0\"/><c><b k='1'/></c><b k='2' x=\"0\"><d/></b><b k='1' "
            "x=\"0\"><d/></b></a>");
    becomes(text, PAIRS("b[k=1]/d/@x", "0"),
            "<a><b k='1'/><c><b k='1'/></c><b k='2'><d/></b><b k='1'><d x=\"0\"/></b></a>");
    becomes(text, PAIRS("c/b/@k", "0", "b[k='2']/@k", "3"),
            "<a><b k='1'/><c><b k=\"0\"/></c><b k=\"3\"><d/></b><b k='1'><d/></b></a>");
    // A filter sees the document as it was, and values as they are meant.
    becomes("<a><b k='&lt;]'/></a>", PAIRS("b[k=\"<]\"]/@k", "2"), "<a><b k=\"2\"/></a>");
}

static void refuses(void **state)
{
    (void)state;
    refused("<a><b/></a>", PAIRS("c/@x", "1"), "doc.xml has no <c> there");
    refused("<a><b/></a>", PAIRS("b/c/@x", "1"), "doc.xml has no <c> there");
    refused("<a><b id='nano'/></a>", PAIRS("b[id=nanoo]/@x", "1"),
            "no <b> of doc.xml has id=\"nanoo\" (did you mean 'nano'?)");
    refused("<a><b/></a>", PAIRS("b[id=nano]/@x", "1"), "no <b> of doc.xml has id=\"nano\"");
    refused("<a><b k='1'/></a>", PAIRS("b/@x", "1", "b[k=1]/@x", "2"), "is set twice");
    refused("<a><b", PAIRS("b/@x", "1"), "not well-formed");
    refused("", PAIRS("@x", "1"), "ends before");
}

static void refuses_two_bytes_a_letter(void **state)
{
    (void)state;
    struct tdm_error error = {0};
    static const char little[] = "\xff\xfe<\0a\0/\0>", big[] = "\xfe\xff\0<\0a\0/\0>";
    assert_null(set(little, sizeof little, PAIRS("@x", "1"), &error));
    assert_non_null(strstr(error.message, "not in UTF-8"));
    assert_null(set(big, sizeof big - 1, PAIRS("@x", "1"), &error));
    assert_non_null(strstr(error.message, "not in UTF-8"));
    // Where nothing is set, any encoding that can be read is left as it is.
    size_t length;
    char *same = tdm_xml_set(little, sizeof little, "doc.xml", NULL, 0, &length, &error);
    assert_non_null(same);
    assert_int_equal(length, sizeof little);
    assert_memory_equal(same, little, sizeof little);
    free(same);
}

// Tags are found wherever they lie among the pieces that the reader takes.
static void long_documents(void **state)
{
    (void)state;
    enum { ROOM = 300000 };
    for (size_t before = 65500; before < 65600; before++) {
        char *text = malloc(ROOM), *expected = malloc(ROOM);
        assert_true(text && expected);
        sprintf(text, "<a><!--%*s--><b x='1'/></a>", (int)before, "");
        sprintf(expected, "<a><!--%*s--><b x=\"2\"/></a>", (int)before, "");
        becomes(text, PAIRS("b/@x", "2"), expected);
        free(text);
        free(expected);
    }
}

static void paths(void **state)
{
    (void)state;
    path_refused("", "does not begin with the name of an element");
    path_refused("link", "no attribute at the end");
    path_refused("link/", "does not begin with the name of an element");
    path_refused("link/bandwidth", "no attribute at the end");
    path_refused("/link/@x", "does not begin with the name of an element");
    path_refused("link/@", "is not an attribute");
    path_refused("link/@x/y", "is not an attribute");
    path_refused("link/@x y", "is not an attribute");
    path_refused("link[a]/@x", "is not a filter");
    path_refused("link[=a]/@x", "is not a filter");
    path_refused("link[a=b/@x", "does not end with a ']'");
    path_refused("link[a='b]/@x", "does not end with a ']'");
    path_refused("link[a=b]@x", "no attribute at the end");
    path_refused("a/a/a/a/a/a/a/a/a/@x", "more than 8 elements");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaces),
        cmocka_unit_test(inserts),
        cmocka_unit_test(removes),
        cmocka_unit_test(escapes),
        cmocka_unit_test(several_elements),
        cmocka_unit_test(refuses),
        cmocka_unit_test(paths),
        cmocka_unit_test(refuses_two_bytes_a_letter),
        cmocka_unit_test(long_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** Documents read by tables: values, defaults, every message, writing, help and RELAX NG. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/schema.h"

// ---- a kind of document of our own -------------------------------------------------------------

struct animal {
    struct tdm_place place;
    const char *name;
    double weight;
    bool wild;
};

struct keeper {
    struct tdm_place place;
    int64_t age;
    struct animal *animals;
    size_t animal_count;
};

struct zoo {
    struct tdm_place place;
    const char *name, *motto;
    double area, speed, fee, share;
    int64_t gates;
    int climate;
    bool open;
    struct tdm_list hours;
    struct keeper *keepers;
    size_t keeper_count;
    struct animal *animals;
    size_t animal_count;
};

static const char *const climates[] = {"arctic", "temperate", "tropical", NULL};

#define AT(type, field) offsetof(struct type, field)
static const struct tdm_attribute animal_attributes[] = {
    {"name", TDM_NAME, AT(animal, name), "what it answers to", .required = true},
    {"weight", TDM_QUANTITY, AT(animal, weight), "of the data about it", .dimension = TDM_SIZE,
     .min = 1, .max = 1e9},
    {"wild", TDM_FLAG, AT(animal, wild), "does it bite"},
};
static const struct tdm_element pet_element = {.name = "animal",
                                               .help = "a pet",
                                               .size = sizeof(struct animal),
                                               .attributes = animal_attributes,
                                               .attribute_count = TDM_COUNT(animal_attributes),
                                               TDM_CHILDREN(keeper, animals, animal_count),
                                               .key = "name"};
static const struct tdm_attribute keeper_attributes[] = {
    {"age", TDM_INTEGER, AT(keeper, age), "in years", .required = true, .min = 18, .max = 99},
};
static const struct tdm_element *const keeper_children[] = {&pet_element, NULL};
static const struct tdm_element keeper_element = {.name = "keeper",
                                                  .help = "who feeds",
                                                  .size = sizeof(struct keeper),
                                                  .attributes = keeper_attributes,
                                                  .attribute_count = TDM_COUNT(keeper_attributes),
                                                  .children = keeper_children,
                                                  TDM_CHILDREN(zoo, keepers, keeper_count),
                                                  .at_least = 1,
                                                  .at_most = 2};
static const struct tdm_element animal_element = {.name = "animal",
                                                  .help = "who is fed",
                                                  .size = sizeof(struct animal),
                                                  .attributes = animal_attributes,
                                                  .attribute_count = TDM_COUNT(animal_attributes),
                                                  TDM_CHILDREN(zoo, animals, animal_count),
                                                  .key = "name"};

static const struct tdm_attribute zoo_attributes[] = {
    {"name", TDM_NAME, AT(zoo, name), "what it is called", .required = true},
    {"motto", TDM_TEXT, AT(zoo, motto), "on the gate"},
    {"area", TDM_QUANTITY, AT(zoo, area), "a number", .dimension = TDM_PLAIN},
    {"speed", TDM_QUANTITY, AT(zoo, speed), "of the clock", .dimension = TDM_FREQUENCY,
     .fallback = "1 MHz", .min = 1e3, .max = 5e9},
    {"fee", TDM_QUANTITY, AT(zoo, fee), "at least", .dimension = TDM_POWER, .min = 1, .max = 1e300},
    {"share", TDM_QUANTITY, AT(zoo, share), "of the sun", .dimension = TDM_SHARE,
     .fallback = "20 %", .min = 0, .max = 1},
    {"gates", TDM_INTEGER, AT(zoo, gates), "how many", .fallback = "2", .min = 1, .max = 12},
    {"climate", TDM_CHOICE, AT(zoo, climate), "where it lies", .fallback = "temperate",
     .choices = climates},
    {"open", TDM_FLAG, AT(zoo, open), "on Mondays"},
    {"hours", TDM_LIST, AT(zoo, hours), "when fed", .dimension = TDM_TIME, .min = 0, .max = 86400},
};
static const struct tdm_element *const zoo_children[] = {&keeper_element, &animal_element, NULL};
static const struct tdm_element zoo_schema = {.name = "zoo",
                                              .help = "a place",
                                              .size = sizeof(struct zoo),
                                              .attributes = zoo_attributes,
                                              .attribute_count = TDM_COUNT(zoo_attributes),
                                              .children = zoo_children};

// ---- helpers -----------------------------------------------------------------------------------

static struct zoo *read_text(const char *text, struct tdm_arena *arena, struct tdm_error *error)
{
    FILE *stream = tmpfile();
    assert_non_null(stream);
    fputs(text, stream);
    rewind(stream);
    struct zoo *zoo = tdm_schema_read(&zoo_schema, stream, "zoo.xml", arena, error);
    fclose(stream);
    return zoo;
}

static struct zoo *must_read(const char *text, struct tdm_arena *arena)
{
    struct tdm_error error = {0};
    struct zoo *zoo = read_text(text, arena, &error);
    if (!zoo)
        fail_msg("%ld:%ld %s", error.line, error.column, error.message);
    return zoo;
}

static char *write_text(const struct zoo *zoo)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    tdm_schema_write(&zoo_schema, zoo, stream);
    fclose(stream);
    return text;
}

static void refused(const char *text, long line, long column, const char *message)
{
    struct tdm_arena *arena = tdm_arena_new(1 << 20);
    struct tdm_error error = {0};
    assert_null(read_text(text, arena, &error));
    assert_string_equal(error.message, message);
    assert_string_equal(error.file, "zoo.xml");
    assert_int_equal(error.line, line);
    assert_int_equal(error.column, column);
    assert_null(read_text(text, arena, NULL));
    tdm_arena_free(arena);
}

static void attribute_refused(const char *attribute, const char *message)
{
    char text[4096], expected[1024];
    snprintf(text, sizeof text, "\n <zoo name=\"z\" %s><keeper age=\"40\"/></zoo>", attribute);
    snprintf(expected, sizeof expected, "<zoo %s>: %s", attribute, message);
    refused(text, 2, 2, expected);
}

// ---- reading -----------------------------------------------------------------------------------

static void every_kind_of_value(void **state)
{
    (void)state;
    struct tdm_arena *arena = tdm_arena_new(1 << 20);
    const struct zoo *zoo = must_read(
        "<!-- a comment -->\n"
        "<zoo name=\"z\" motto=\"a &amp; b\" area=\"-1.5\" speed=\"921.6 MHz\" fee=\"5 kW\"\n"
        "     share=\"55 %\" gates=\"7\" climate=\"tropical\" open=\"yes\" hours=\"8 h, 0 s,12 "
        "h\">\n"
        "  <animal name=\"a\" weight=\"3 kB\" wild=\"yes\"/>\n"
        "  <keeper age=\"40\"><animal name=\"a\"/></keeper>\n"
        "  <animal name=\"b\"/>\n"
        "</zoo>",
        arena);
    assert_string_equal(zoo->name, "z");
    assert_string_equal(zoo->motto, "a & b");
    assert_true(zoo->area == -1.5);
    assert_true(zoo->speed == 921.6e6);
    assert_true(zoo->fee == 5000);
    assert_true(zoo->share == 0.55);
    assert_int_equal(zoo->gates, 7);
    assert_int_equal(zoo->climate, 2);
    assert_true(zoo->open);
    assert_int_equal(zoo->hours.count, 3);
    assert_true(zoo->hours.items[0] == 28800 && zoo->hours.items[1] == 0 &&
                zoo->hours.items[2] == 43200);
    assert_int_equal(zoo->place.line, 2);
    assert_int_equal(zoo->place.column, 1);
    assert_int_equal(zoo->animal_count, 2);
    assert_int_equal(zoo->keeper_count, 1);
    assert_int_equal(zoo->keepers[0].animal_count, 1);
    assert_string_equal(zoo->keepers[0].animals[0].name, "a"); // unique among siblings only
    assert_true(zoo->animals[0].wild && zoo->animals[0].weight == 3000);
    assert_int_equal(zoo->animals[1].place.line, 6);
    assert_int_equal(zoo->animals[1].place.column, 3);
    tdm_arena_free(arena);
}

static void defaults(void **state)
{
    (void)state;
    struct tdm_arena *arena = tdm_arena_new(1 << 20);
    const struct zoo *zoo = must_read("<zoo name=\"z\"><keeper age=\"18\"/></zoo>", arena);
    assert_null(zoo->motto);
    assert_true(isnan(zoo->area));
    assert_true(zoo->speed == 1e6);
    assert_true(isnan(zoo->fee));
    assert_true(zoo->share == 0.2);
    assert_int_equal(zoo->gates, 2);
    assert_int_equal(zoo->climate, 1);
    assert_false(zoo->open);
    assert_int_equal(zoo->hours.count, 0);
    assert_int_equal(zoo->animal_count, 0);
    tdm_arena_free(arena);
}

static void wrong_values(void **state)
{
    (void)state;
    attribute_refused("speed=\"5 MHZ\"", "unknown unit 'MHZ' (did you mean 'MHz'?); units here: "
                                         "Hz, kHz, MHz, GHz");
    attribute_refused("speed=\"5\"",
                      "'5' has no unit; write it like '921.6 MHz' (units: Hz, kHz, MHz, GHz)");
    attribute_refused("speed=\"fast\"", "'fast' is not a number; write it like '921.6 MHz'");
    attribute_refused("speed=\"9 GHz\"", "out of range; it lies between 1 kHz and 5 GHz");
    attribute_refused("speed=\"-1 MHz\"", "out of range; it lies between 1 kHz and 5 GHz");
    attribute_refused("fee=\"1 mW\"", "out of range; it is at least 1 W");
    attribute_refused("share=\"120 %\"", "out of range; it lies between 0 % and 100 %");
    attribute_refused("area=\"5 W\"", "'5 W' has a unit, but this is a plain number");
    attribute_refused("gates=\"2.5\"", "'2.5' is not a whole number");
    attribute_refused("gates=\"99999999999999999999\"",
                      "'99999999999999999999' is not a whole number");
    attribute_refused("gates=\"0\"", "out of range; it lies between 1 and 12");
    attribute_refused("climate=\"tropcal\"", "unknown value 'tropcal' (did you mean 'tropical'?); "
                                             "one of: arctic, temperate, tropical");
    attribute_refused("open=\"maybe\"", "'maybe' is neither 'yes' nor 'no'");
    attribute_refused("hours=\"\"", "the list is empty");
    attribute_refused("hours=\"1 h,\"", "the list ends with a comma");
    attribute_refused("hours=\"1 h,,2 h\"", "'' is not a number; write it like '40 ms'");
    attribute_refused("hours=\"1 h 2 h\"",
                      "unknown unit 'h 2 h'; units here: ns, us, ms, s, min, h, d");
    attribute_refused("hours=\"25 h\"", "out of range; it lies between 0 s and 86400 s");
    refused("<zoo name=\"no spaces\"/>", 1, 1,
            "<zoo name=\"no spaces\">: 'no spaces' is not a name; names have 1 to 127 letters, "
            "digits and ._-/+:");
}

static void wrong_structure(void **state)
{
    (void)state;
    refused("<aquarium/>", 1, 1, "the root element is <aquarium>, but a <zoo> was expected");
    refused("<zoo/>", 1, 1, "<zoo> lacks its attribute 'name' (what it is called)");
    refused("<zoo nam=\"z\"/>", 1, 1, "<zoo> has no attribute 'nam' (did you mean 'name'?)");
    refused("<zoo name=\"z\" qqqqqqqq=\"1\"/>", 1, 1, "<zoo> has no attribute 'qqqqqqqq'");
    refused("<zoo name=\"z\">\n\n   <animl name=\"a\"/></zoo>", 3, 4,
            "<zoo> has no element <animl> (did you mean 'animal'?)");
    refused("<zoo name=\"z\">\n <keeper age=\"40\">\n  <keeper age=\"40\"/></keeper></zoo>", 3, 3,
            "<keeper> has no element <keeper>");
    refused("<zoo name=\"z\">\n <animal name=\"a\"><x/></animal></zoo>", 2, 19,
            "<animal> has no element <x>");
    refused("<zoo name=\"z\">\n</zoo>", 2, 1, "<zoo> needs at least 1 <keeper> (who feeds)");
    refused("<zoo name=\"z\"><keeper age=\"40\"/><keeper age=\"40\"/>\n<keeper age=\"40\"/></zoo>",
            2, 1, "<zoo> may hold at most 2 <keeper>");
    refused("<zoo name=\"z\"><keeper age=\"40\"/>\n<animal name=\"a\"/>\n<animal name=\"b\"/>\n"
            "  <animal name=\"a\"/></zoo>",
            4, 3, "<animal name=\"a\"> is there twice; the first is on line 2");
    refused("<zoo name=\"z\" name=\"y\"/>", 1, 15, "not well-formed XML: duplicate attribute");
}

// Unknown names of any length and bytes give one line of bounded length.
static void hostile_names(void **state)
{
    (void)state;
    static char text[300000];
    char name[200001];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    static const char *const forms[] = {"<%s/>",
                                        "<zoo %s=\"1\"/>",
                                        "<zoo name=\"%s\"/>",
                                        "<zoo name=\"z\" speed=\"%s\"/>",
                                        "<zoo name=\"z\" climate=\"%s\"/>",
                                        "<zoo name=\"z\"><%s/></zoo>",
                                        "<zoo name=\"z\" hours=\"1 h, %s\"/>"};
    for (size_t i = 0; i < TDM_COUNT(forms); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof text, forms[i], name);
#pragma GCC diagnostic pop
        struct tdm_arena *arena = tdm_arena_new(1 << 20);
        struct tdm_error error = {0};
        assert_null(read_text(text, arena, &error));
        assert_true(strlen(error.message) > 10 && strlen(error.message) < 300);
        tdm_arena_free(arena);
    }
}

static void every_truncation_is_an_error(void **state)
{
    (void)state;
    static const char text[] = "<?xml version=\"1.0\"?>\n<zoo name=\"z\" hours=\"1 h, 2 h\">\n"
                               "  <keeper age=\"40\"><animal name=\"a\"/></keeper>\n</zoo>";
    for (size_t length = 0; length < sizeof text - 1; length++) {
        char cut[sizeof text];
        memcpy(cut, text, length);
        cut[length] = '\0';
        struct tdm_arena *arena = tdm_arena_new(1 << 20);
        struct tdm_error error = {0};
        assert_null(read_text(cut, arena, &error));
        assert_true(error.message[0] != '\0');
        assert_true(error.line >= 1 && error.line <= 4 && error.column >= 1);
        tdm_arena_free(arena);
    }
    struct tdm_arena *arena = tdm_arena_new(1 << 20);
    must_read(text, arena);
    tdm_arena_free(arena);
}

static void too_large_to_hold(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    fputs("<zoo name=\"z\"><keeper age=\"40\"/>", stream);
    for (int i = 0; i < 9000; i++)
        fprintf(stream, "<animal name=\"a%d\"/>\n", i);
    fputs("</zoo>", stream);
    fclose(stream);
    struct tdm_arena *arena = tdm_arena_new(1 << 24);
    assert_int_equal(must_read(text, arena)->animal_count, 9000);
    tdm_arena_free(arena);
    for (size_t limit = 0; limit < 300000; limit = limit * 2 + 64) {
        arena = tdm_arena_new(limit);
        struct tdm_error error = {0};
        assert_null(read_text(text, arena, &error));
        assert_string_equal(error.message, "the document is too large to hold");
        assert_true(error.line >= 1);
        tdm_arena_free(arena);
    }
    free(text);
}

// Keys are compared pair by pair, so there is a most.
static void too_many_keys(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    fputs("<zoo name=\"z\"><keeper age=\"40\"/>", stream);
    for (int i = 0; i < 10001; i++)
        fprintf(stream, "\n<animal name=\"a%d\"/>", i);
    fputs("</zoo>", stream);
    fclose(stream);
    struct tdm_arena *arena = tdm_arena_new(1 << 24);
    struct tdm_error error = {0};
    assert_null(read_text(text, arena, &error));
    assert_string_equal(error.message, "<zoo> may hold at most 10000 <animal>");
    assert_int_equal(error.line, 10002);
    tdm_arena_free(arena);
    free(text);
}

// ---- files -------------------------------------------------------------------------------------

static void load_refused(const char *path, const char *message)
{
    struct tdm_arena *arena = tdm_arena_new(1 << 20);
    struct tdm_error error = {0};
    assert_null(tdm_schema_load(&zoo_schema, path, arena, &error));
    assert_string_equal(error.file, path);
    assert_string_equal(error.message, message);
    tdm_arena_free(arena);
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    load_refused("/nonexistent/zoo.xml", "cannot open: No such file or directory");
    load_refused("/", "is a folder, not a <zoo> file");
    load_refused("/dev/null", "the file ends before its first element is complete");
    char path[] = "/tmp/tandem-test-XXXXXX";
    const int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    load_refused(path, "the file ends before its first element is complete");
    static const char text[] = "<zoo name=\"z\">\n<keeper age=\"17\"/></zoo>";
    assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
    close(descriptor);
    struct tdm_arena *arena = tdm_arena_new(1 << 20);
    struct tdm_error error = {0};
    assert_null(tdm_schema_load(&zoo_schema, path, arena, &error));
    char line[1024], expected[1024];
    tdm_error_format(&error, line, sizeof line);
    snprintf(expected, sizeof expected,
             "%s:2:1: <keeper age=\"17\">: out of range; it lies between 18 and 99", path);
    assert_string_equal(line, expected);
    tdm_arena_free(arena);
    unlink(path);
}

// ---- writing -----------------------------------------------------------------------------------

static void what_is_written(void **state)
{
    (void)state;
    struct tdm_arena *arena = tdm_arena_new(1 << 20);
    const struct zoo *zoo = must_read(
        "<zoo gates=\"2\" speed=\"1000 kHz\" share=\"0.2\" climate=\"temperate\" open=\"no\" "
        "motto='&lt;\"' name=\"z\" hours=\"90 min,0 s\"><animal name=\"b\" weight=\"1024 B\"/>"
        "<keeper age=\"40\"><animal name=\"a\" wild=\"yes\"/></keeper></zoo>",
        arena);
    char *text = write_text(zoo);
    assert_string_equal(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                              "<!-- SPDX-License-Identifier: GPL-3.0-or-later -->\n"
                              "<zoo name=\"z\" motto=\"&lt;&quot;\" hours=\"5400 s, 0 s\">\n"
                              "  <keeper age=\"40\">\n"
                              "    <animal name=\"a\" wild=\"yes\"/>\n"
                              "  </keeper>\n"
                              "  <animal name=\"b\" weight=\"1.024 kB\"/>\n"
                              "</zoo>\n");
    free(text);
    tdm_arena_free(arena);
}

static void long_texts_and_lists_are_written_whole(void **state)
{
    (void)state;
    struct tdm_arena *arena = tdm_arena_new(1 << 24);
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    fputs("<zoo name=\"z\" motto=\"", stream);
    for (int i = 0; i < 20000; i++)
        fputs("\xc3\xa4", stream);
    fputs("\" hours=\"0 s", stream);
    for (int i = 1; i < 5000; i++)
        fprintf(stream, ", %d.125 s", i);
    fputs("\"><keeper age=\"40\"/></zoo>", stream);
    fclose(stream);
    struct zoo *zoo = must_read(text, arena);
    free(text);
    assert_int_equal(zoo->hours.count, 5000);
    text = write_text(zoo);
    const struct zoo *again = must_read(text, arena);
    assert_string_equal(again->motto, zoo->motto);
    assert_int_equal(again->hours.count, 5000);
    for (size_t i = 0; i < 5000; i++)
        assert_true(again->hours.items[i] == zoo->hours.items[i]);
    char *twice = write_text(again);
    assert_string_equal(text, twice);
    free(text);
    free(twice);
    tdm_arena_free(arena);
}

// ---- documentation -----------------------------------------------------------------------------

static void help_says_everything(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    tdm_schema_help(&zoo_schema, stream);
    fclose(stream);
    for (size_t i = 0; i < TDM_COUNT(zoo_attributes); i++) {
        assert_non_null(strstr(text, zoo_attributes[i].name));
        assert_non_null(strstr(text, zoo_attributes[i].help));
        if (zoo_attributes[i].fallback)
            assert_non_null(strstr(text, zoo_attributes[i].fallback));
    }
    for (size_t i = 0; climates[i]; i++)
        assert_non_null(strstr(text, climates[i]));
    static const char *const words[] = {"<zoo>",    "a place",  "<keeper>",     "who feeds",
                                        "<animal>", "required", "\"921.6 MHz\""};
    for (size_t i = 0; i < TDM_COUNT(words); i++)
        assert_non_null(strstr(text, words[i]));
    free(text);
}

// Runs `xmllint --relaxng` on a document. 77 where there is no xmllint.
static int validate(const char *document)
{
    char schema[] = "/tmp/tandem-rng-XXXXXX", file[] = "/tmp/tandem-xml-XXXXXX";
    FILE *a = fdopen(mkstemp(schema), "w"), *b = fdopen(mkstemp(file), "w");
    tdm_schema_relaxng(&zoo_schema, a);
    fputs(document, b);
    fclose(a);
    fclose(b);
    char command[256];
    snprintf(command, sizeof command, "xmllint --noout --relaxng %s %s 2>/dev/null", schema, file);
    const int status = system(command);
    unlink(schema);
    unlink(file);
    return status;
}

static void relaxng_agrees_with_the_reader(void **state)
{
    (void)state;
    if (system("command -v xmllint >/dev/null 2>&1") != 0) {
        print_message("skipped: no xmllint (Debian: libxml2-utils)\n");
        skip();
    }
    assert_int_equal(validate("<zoo name=\"z\"><keeper age=\"40\"/></zoo>"), 0);
    assert_int_equal(validate("<zoo name=\"z\" open=\"yes\" climate=\"arctic\" gates=\"3\">"
                              "<animal name=\"a\"/><keeper age=\"40\"><animal name=\"a\"/></keeper>"
                              "<animal name=\"b\"/></zoo>"),
                     0);
    static const char *const wrong[] = {
        "<zoo><keeper age=\"40\"/></zoo>",
        "<zoo name=\"z\"/>",
        "<zoo name=\"z\"><keeper age=\"x\"/></zoo>",
        "<zoo name=\"z\" open=\"maybe\"><keeper age=\"40\"/></zoo>",
        "<zoo name=\"z\" climate=\"hot\"><keeper age=\"40\"/></zoo>",
        "<zoo name=\"z\" colour=\"red\"><keeper age=\"40\"/></zoo>",
        "<zoo name=\"z\"><keeper age=\"40\"/><plant/></zoo>",
        "<zoo name=\"z\"><keeper age=\"40\"/>text</zoo>",
        "<aquarium/>",
    };
    for (size_t i = 0; i < TDM_COUNT(wrong); i++)
        assert_int_not_equal(validate(wrong[i]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_value),
        cmocka_unit_test(defaults),
        cmocka_unit_test(wrong_values),
        cmocka_unit_test(wrong_structure),
        cmocka_unit_test(hostile_names),
        cmocka_unit_test(every_truncation_is_an_error),
        cmocka_unit_test(too_large_to_hold),
        cmocka_unit_test(too_many_keys),
        cmocka_unit_test(files_that_cannot_be_read),
        cmocka_unit_test(what_is_written),
        cmocka_unit_test(long_texts_and_lists_are_written_whole),
        cmocka_unit_test(help_says_everything),
        cmocka_unit_test(relaxng_agrees_with_the_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

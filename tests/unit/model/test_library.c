// SPDX-License-Identifier: GPL-3.0-or-later
/** Where descriptions are found; and every shipped one: written back, and against its schema. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "model/board.h"
#include "model/dnn.h"
#include "model/library.h"
#include "model/radio.h"
#include "model/scenario.h"
#include "model/server.h"

static const struct {
    const char *kind;
    const struct tdm_element *root;
} kinds[] = {{"boards", &tdm_board_schema},
             {"servers", &tdm_server_schema},
             {"radios", &tdm_radio_schema},
             {"dnns", &tdm_dnn_schema},
             {"scenarios", &tdm_scenario_schema}};

// ---- every shipped file ------------------------------------------------------------------------

struct visit {
    const char *kind;
    const struct tdm_element *root;
    char schema[64]; // path of its RELAX NG schema
    int count;
};

static char *write_document(const struct tdm_element *root, const void *object)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    tdm_schema_write(root, object, stream);
    fclose(stream);
    return text;
}

static void write_back(void *context, const char *name)
{
    struct visit *visit = context;
    struct tdm_arena *first, *second = tdm_arena_new(1 << 26);
    struct tdm_error error = {0};
    void *object = tdm_library_load(visit->kind, name, visit->root, &first, &error);
    if (!object)
        fail_msg("%s:%ld:%ld: %s", error.file, error.line, error.column, error.message);
    char *once = write_document(visit->root, object);
    FILE *stream = fmemopen(once, strlen(once), "r");
    object = tdm_schema_read(visit->root, stream, name, second, &error);
    fclose(stream);
    if (!object)
        fail_msg("%s as written:%ld:%ld: %s", name, error.line, error.column, error.message);
    char *twice = write_document(visit->root, object);
    assert_string_equal(once, twice);
    free(once);
    free(twice);
    tdm_arena_free(first);
    tdm_arena_free(second);
    visit->count++;
}

static void files_survive_reading_and_writing(void **state)
{
    (void)state;
    for (size_t i = 0; i < TDM_COUNT(kinds); i++) {
        struct visit visit = {.kind = kinds[i].kind, .root = kinds[i].root};
        tdm_library_list(kinds[i].kind, write_back, &visit);
        assert_true(visit.count > 0 || strcmp(kinds[i].kind, "scenarios") == 0);
    }
}

static void validate(void *context, const char *name)
{
    struct visit *visit = context;
    struct tdm_arena *arena = tdm_arena_new(1 << 16);
    char command[8192];
    snprintf(command, sizeof command, "xmllint --noout --nonet --relaxng %s '%s' 2>&1 >/dev/null",
             visit->schema, tdm_library_path(visit->kind, name, arena));
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    char output[4096];
    const size_t size = fread(output, 1, sizeof output - 1, pipe);
    output[size] = '\0';
    if (pclose(pipe) != 0)
        fail_msg("%s/%s: %s", visit->kind, name, output);
    tdm_arena_free(arena);
    visit->count++;
}

static void files_follow_their_relaxng_schema(void **state)
{
    (void)state;
    if (system("command -v xmllint >/dev/null 2>&1") != 0) {
        print_message("skipped: no xmllint (Debian: libxml2-utils)\n");
        skip();
    }
    for (size_t i = 0; i < TDM_COUNT(kinds); i++) {
        struct visit visit = {
            .kind = kinds[i].kind, .root = kinds[i].root, .schema = "/tmp/tandem-rng-XXXXXX"};
        FILE *stream = fdopen(mkstemp(visit.schema), "w");
        tdm_schema_relaxng(visit.root, stream);
        fclose(stream);
        tdm_library_list(visit.kind, validate, &visit);
        unlink(visit.schema);
    }
}

// The name in a file is the name of the file: scenarios find it by the one, people by the other.
static void check_name(void *context, const char *name)
{
    const struct visit *visit = context;
    struct tdm_arena *arena;
    struct tdm_error error = {0};
    void *object = tdm_library_load(visit->kind, name, visit->root, &arena, &error);
    assert_non_null(object);
    for (size_t i = 0; i < visit->root->attribute_count; i++)
        if (strcmp(visit->root->attributes[i].name, "name") == 0) {
            const char *inside;
            memcpy(&inside, (char *)object + visit->root->attributes[i].offset, sizeof inside);
            if (inside) // a scenario may go without
                assert_string_equal(inside, name);
        }
    tdm_arena_free(arena);
}

static void names_are_those_of_the_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < TDM_COUNT(kinds); i++) {
        if (kinds[i].root == &tdm_scenario_schema)
            continue;
        struct visit visit = {.kind = kinds[i].kind, .root = kinds[i].root};
        tdm_library_list(kinds[i].kind, check_name, &visit);
    }
}

// ---- where they are found ----------------------------------------------------------------------

struct list {
    char text[4096];
};

static void add(void *context, const char *name)
{
    struct list *list = context;
    const size_t used = strlen(list->text);
    snprintf(list->text + used, sizeof list->text - used, "%s ", name);
}

static void put(const char *folder, const char *file, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/radios/%s", folder, file);
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fputs(text, stream);
    fclose(stream);
}

static const char own[] = "<radio name=\"own\" title=\"own\" up=\"0 mW/(Mbit/s)\" "
                          "down=\"0 mW/(Mbit/s)\" source=\"s\">"
                          "<source id=\"s\" kind=\"assumed\" what=\"for a test\"/></radio>";

static void own_folders_come_first(void **state)
{
    (void)state;
    char folder[] = "/tmp/tandem-library-XXXXXX", inner[64], given[256];
    assert_non_null(mkdtemp(folder));
    snprintf(inner, sizeof inner, "%s/radios", folder);
    assert_int_equal(mkdir(inner, 0700), 0);
    put(folder, "own.xml", own);
    put(folder, "wifi.xml", own);
    put(folder, "notes.txt", "no description");
    snprintf(given, sizeof given, "/nonexistent::%s:", folder);
    assert_int_equal(setenv("TANDEM_PLATFORMS", given, 1), 0);

    struct list list = {.text = " "};
    tdm_library_list("radios", add, &list);
    assert_non_null(strstr(list.text, " own "));
    assert_non_null(strstr(list.text, " lte ")); // those of the source tree are still there
    assert_null(strstr(list.text, "notes"));
    const char *first = strstr(list.text, " wifi ");
    assert_non_null(first);
    assert_null(strstr(first + 1, " wifi ")); // once each

    struct tdm_error error = {0};
    struct tdm_radio *radio = tdm_radio_load("wifi", &error);
    assert_non_null(radio);
    assert_string_equal(radio->name, "own"); // and the own one wins
    assert_int_equal(strncmp(radio->path, folder, strlen(folder)), 0);
    tdm_radio_free(radio);
    unsetenv("TANDEM_PLATFORMS");
    radio = tdm_radio_load("wifi", &error);
    assert_string_equal(radio->name, "wifi");
    tdm_radio_free(radio);

    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

static void lists_are_sorted(void **state)
{
    (void)state;
    struct list list = {.text = ""};
    tdm_library_list("boards", add, &list);
    const char *last = "";
    for (char *name = strtok(list.text, " "); name; name = strtok(NULL, " ")) {
        assert_true(strcmp(last, name) < 0);
        last = name;
    }
    assert_true(last[0] != '\0');
    struct list none = {.text = ""};
    tdm_library_list("no-such-kind", add, &none);
    assert_string_equal(none.text, "");
}

static void refused(const char *kind, const char *reference, const char *message)
{
    struct tdm_arena *arena;
    struct tdm_error error = {0};
    assert_null(tdm_library_load(kind, reference, &tdm_board_schema, &arena, &error));
    assert_null(arena);
    assert_string_equal(error.message, message);
}

static void references_that_mean_nothing(void **state)
{
    (void)state;
    refused("boards", "tx-2",
            "'tx-2' is neither a file nor one of the known boards (did you mean 'tx2'?)");
    refused("boards", "agx",
            "'agx' is neither a file nor one of the known boards (did you mean 'agx-orin'?)");
    refused("boards", "zzzzzzzzzzzz",
            "'zzzzzzzzzzzz' is neither a file nor one of the known boards");
    refused("boards", "", "'' is neither a file nor one of the known boards");
    refused("boards", "nano.xml", "cannot open: No such file or directory"); // a path
    refused("boards", "./nano", "cannot open: No such file or directory");
    refused("boards", "/", "is a folder, not a <board> file");
    char long_name[8192];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    struct tdm_arena *arena;
    struct tdm_error error = {0};
    assert_null(tdm_library_load("boards", long_name, &tdm_board_schema, &arena, &error));
    assert_true(strlen(error.message) < 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_survive_reading_and_writing),
        cmocka_unit_test(files_follow_their_relaxng_schema),
        cmocka_unit_test(names_are_those_of_the_files),
        cmocka_unit_test(own_folders_come_first),
        cmocka_unit_test(lists_are_sorted),
        cmocka_unit_test(references_that_mean_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

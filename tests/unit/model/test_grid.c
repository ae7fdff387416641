// SPDX-License-Identifier: GPL-3.0-or-later
/** Grids: how many tasks, which, what their scenarios say, and what tells their records apart. */
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

#include "model/grid.h"

static const char base[] = "<scenario name=\"s\" seed=\"7\" duration=\"1 s\">"
                           "<board id=\"b\" type=\"toy.xml\" driver=\"replay:run.h5\"/>"
                           "<link from=\"b\" to=\"c\" trace=\"t.csv\"/>"
                           "<stream board=\"b\" dnn=\"d\" rate=\"1 /s\"/>"
                           "</scenario>";

static char folder[] = "/tmp/tandem-grid-XXXXXX";

static struct tdm_grid *grid_of(const char *attributes, const char *children)
{
    char text[4096], path[64], base_path[64];
    struct tdm_error error = {0};
    snprintf(text, sizeof text, "<grid name=\"g\" scenario=\"s.xml\" %s>%s</grid>", attributes,
             children);
    snprintf(path, sizeof path, "%s/grid.xml", folder);
    snprintf(base_path, sizeof base_path, "%s/s.xml", folder);
    struct tdm_grid *grid =
        tdm_grid_of_text(text, strlen(text), path, base, strlen(base), base_path, &error);
    assert_string_equal(error.message, "");
    assert_non_null(grid);
    return grid;
}

#define THREE "policies=\"p, q:1,r\" seeds=\"2\""
#define VARIES \
    "<vary set='link/@rtt' values='1 s, 2 ms ,3 s'/>" \
    "<vary name='f' set='@duration' from='1 s' to='4 s' steps='4'/>"

static void every_combination_once(void **state)
{
    (void)state;
    struct tdm_grid *grid = grid_of(THREE, VARIES);
    assert_int_equal(grid->count, 3 * 4 * 3 * 2);
    bool seen[3][4][3][2] = {0};
    for (size_t i = 1; i <= grid->count; i++) {
        struct tdm_grid_task task;
        tdm_grid_task(grid, i, &task);
        const size_t rtt = (size_t)(task.values[0] - grid->varies[0].items);
        const size_t duration = (size_t)(task.values[1] - grid->varies[1].items);
        size_t policy = 0;
        while (grid->policy[policy] != task.policy)
            policy++;
        const size_t seed = task.seed - 7; // the scenario's is the first
        assert_true(rtt < 3 && duration < 4 && policy < 3 && seed < 2);
        assert_false(seen[rtt][duration][policy][seed]);
        seen[rtt][duration][policy][seed] = true;
        // Seeds fastest, then policies, then what is varied, the last one first.
        assert_int_equal(i - 1, ((rtt * 4 + duration) * 3 + policy) * 2 + seed);
    }
    tdm_grid_free(grid);
}

static void values(void **state)
{
    (void)state;
    struct tdm_grid *grid = grid_of(THREE, VARIES "<vary set='link/@trace' values='a;b,c'/>"
                                                  "<vary set='stream/@queue' values='-1,3'/>");
    const struct tdm_grid_vary *v = grid->varies;
    assert_string_equal(v[0].name, "rtt");
    assert_string_equal(v[0].items[1].text, "2 ms");
    assert_true(v[0].items[1].number == 0.002);
    assert_string_equal(v[0].items[1].units, "s");
    assert_string_equal(v[1].name, "f");
    assert_string_equal(v[1].items[2].text, "3 s");
    assert_int_equal(v[2].count, 2);
    assert_string_equal(v[2].items[1].text, "b,c");
    assert_true(isnan(v[2].items[1].number));
    assert_string_equal(v[2].items[1].units, "");
    assert_true(v[3].items[0].number == -1);
    assert_string_equal(v[3].items[0].units, "1");
    tdm_grid_free(grid);
}

static void scenarios(void **state)
{
    (void)state;
    struct tdm_grid *grid =
        grid_of("policies=\"p\" seed=\"5\"",
                "<vary set='link[to=c]/@rtt' values='1 s, 2 s'/><fix set='link/@trace'/>"
                "<fix set='@title' value='a &lt; b'/>");
    struct tdm_grid_task task;
    struct tdm_error error = {0};
    size_t length;
    tdm_grid_task(grid, 2, &task);
    assert_int_equal(task.seed, 5);
    char *text = tdm_grid_scenario(grid, &task, &length, &error), words[128];
    assert_string_equal(text, "<scenario name=\"s\" seed=\"7\" duration=\"1 s\" "
                              "title=\"a &lt; b\">"
                              "<board id=\"b\" type=\"toy.xml\" driver=\"replay:run.h5\"/>"
                              "<link from=\"b\" to=\"c\" rtt=\"2 s\"/>"
                              "<stream board=\"b\" dnn=\"d\" rate=\"1 /s\"/>"
                              "</scenario>");
    free(text);
    assert_string_equal(tdm_grid_task_text(grid, &task, words, sizeof words),
                        "rtt 2 s, policy p, seed 5");
    assert_string_equal(tdm_grid_task_text(grid, &task, words, 8), "rtt 2 s");
    tdm_grid_free(grid);
}

// ---- keys --------------------------------------------------------------------------------------

static void write_file(const char *name, const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

// The key of the first task.
static int64_t first_key(const char *attributes, const char *children, const char *engine)
{
    struct tdm_grid *grid = grid_of(attributes, children);
    int64_t *keys = calloc(grid->count, sizeof *keys);
    assert_int_equal(tdm_grid_keys(grid, engine, keys, NULL), 0);
    const int64_t key = keys[0];
    for (size_t i = 0; i < grid->count; i++)
        for (size_t j = 0; j < i; j++)
            assert_true(keys[i] != keys[j]);
    free(keys);
    tdm_grid_free(grid);
    return key;
}

static void keys_hold_what_matters(void **state)
{
    (void)state;
    static const char one[] = "<vary set='link/@rtt' values='1 s, 2 s'/>";
    const int64_t key = first_key("policies=\"p\"", one, "analytic:");
    assert_true(key >= 0);
    assert_true(first_key("policies=\"p\"", one, "analytic:") == key);
    // More of the grid, and the same task still.
    assert_true(first_key("policies=\"p\" seeds=\"9\"", one, "analytic:") == key);
    assert_true(first_key("policies=\"p, q\"", one, "analytic:") == key);
    assert_true(first_key("policies=\"p\"", "<vary set='link/@rtt' values='1 s'/>", "analytic:") ==
                key);
    // Another result, or another record.
    assert_true(first_key("policies=\"q\"", one, "analytic:") != key);
    assert_true(first_key("policies=\"p\" seed=\"8\"", one, "analytic:") != key);
    assert_true(first_key("policies=\"p\"", one, "simgrid:") != key);
    assert_true(first_key("policies=\"p\" title=\"t\"", one, "analytic:") != key);
    assert_true(first_key("policies=\"p\"", "<vary set='link/@rtt' values='1000 ms'/>",
                          "analytic:") != key);
    assert_true(first_key("policies=\"p\"", "<vary name='x' set='link/@rtt' values='1 s'/>",
                          "analytic:") != key);
}

// Each file that is named, the one behind "replay:" and a policy's, too.
static void keys_hold_files(void **state)
{
    (void)state;
    static const char policy[] = "policies=\"dvfo=p.h5\"";
    static const char *const files[] = {"toy.xml", "t.csv", "run.h5", "p.h5"};
    int64_t key = first_key(policy, "", "analytic:");
    for (size_t i = 0; i < TDM_COUNT(files); i++)
        for (int version = 0; version < 2; version++) {
            write_file(files[i], version ? "this" : "that");
            const int64_t now = first_key(policy, "", "analytic:");
            assert_true(now != key);
            key = now;
        }
    write_file("other.csv", "other");
    assert_true(first_key(policy, "", "analytic:") == key);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const files[] = {"toy.xml", "t.csv", "run.h5", "p.h5", "other.csv"};
    (void)state;
    for (size_t i = 0; i < TDM_COUNT(files); i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_once),
        cmocka_unit_test(values),
        cmocka_unit_test(scenarios),
        cmocka_unit_test(keys_hold_what_matters),
        cmocka_unit_test(keys_hold_files),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

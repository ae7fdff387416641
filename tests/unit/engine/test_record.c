// SPDX-License-Identifier: GPL-3.0-or-later
/** Records: what they hold is what happened, energy is conserved, failures leave nothing. */
#include "recorded_run.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

/** Integral of `column` over the stretches of /boards/ID/power, J. */
static double integral(struct tdm_h5 *file, const char *table, const char *column)
{
    char path[128];
    size_t count, same;
    snprintf(path, sizeof path, "%s/start", table);
    double *start = run_column(file, path, &count);
    snprintf(path, sizeof path, "%s/end", table);
    double *end = run_column(file, path, &same);
    assert_int_equal(count, same);
    double *watts = run_column(file, column, &same);
    assert_int_equal(count, same);
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (end[i] - start[i]) * watts[i];
    free(start);
    free(end);
    free(watts);
    return sum;
}

static double attribute(struct tdm_h5 *file, const char *path, const char *name)
{
    double value;
    assert_int_equal(tdm_h5_get_double(file, path, name, &value, NULL), 0);
    return value;
}

static void assert_near(double a, double b)
{
    if (fabs(a - b) > 1e-9 * fmax(fabs(a), fabs(b)))
        fail_msg("%.17g is not %.17g", a, b);
}

static struct tdm_h5 *open_record(const char *name)
{
    struct tdm_error error;
    struct tdm_h5 *file = tdm_h5_open(run_path(name), &error);
    if (!file)
        fail_msg("%s", error.message);
    return file;
}

static const char two_boards[] =
    "<board id='b' type='toy.xml' jitter='yes'/><board id='other/board' type='toy.xml'/>" RUN_LINK
    "<stream board='b' dnn='resnet18' arrivals='poisson' rate='3 /s' deadline='0.4 s' queue='4'/>"
    "<stream board='other/board' dnn='mobilenet-v2' inflight='3' think='50 ms'/>"
    "<load board='b' from='20 s' until='40 s' cpu='30 %' gpu='20 %'/>";

static void rows_are_outcomes(void **state)
{
    (void)state;
    struct run run = run_it(run_scenario("rows", two_boards), 1, "rows.h5", NULL);
    struct tdm_h5 *file = open_record("rows.h5");
    assert_true(run.count > 100);
    size_t dropped = 0;
    for (const struct tdm_record_column *c = tdm_record_requests; c->name; c++) {
        if (c->offset >= sizeof(struct tdm_outcome))
            continue; // derived
        char path[128];
        snprintf(path, sizeof path, "/requests/%s", c->name);
        const size_t size = tdm_h5_size(c->type);
        unsigned char *values = malloc(run.count * size);
        assert_int_equal(tdm_h5_get_array(file, path, c->type, run.count, values, NULL), 0);
        for (size_t i = 0; i < run.count; i++)
            assert_memory_equal(values + i * size, (const char *)&run.outcomes[i] + c->offset,
                                size);
        free(values);
    }
    for (size_t i = 0; i < run.count; i++)
        dropped += run.outcomes[i].dropped;
    assert_true(dropped > 0);
    for (size_t b = 0; b < 2; b++) {
        const char *path = b ? "/boards/other%2Fboard" : "/boards/b";
        int64_t served, lost, index;
        assert_int_equal(tdm_h5_get_integer(file, path, "served", &served, NULL), 0);
        assert_int_equal(tdm_h5_get_integer(file, path, "dropped", &lost, NULL), 0);
        assert_int_equal(tdm_h5_get_integer(file, path, "index", &index, NULL), 0);
        assert_int_equal(served, run.totals[b].served);
        assert_int_equal(lost, b ? 0 : dropped);
        assert_int_equal(index, b);
        assert_true(attribute(file, path, "end") == run.totals[b].end);
    }
    tdm_h5_close(file, NULL);
    free(run.outcomes);
}

static void clocks_are_in_hz(void **state)
{
    (void)state;
    struct run run = run_it(run_scenario("clocks", two_boards), 2, "clocks.h5", NULL);
    struct tdm_h5 *file = open_record("clocks.h5");
    static const double hz[TDM_CLOCKS][3] = {
        {500e6, 1e9, 1.5e9}, {200e6, 500e6, 1e9}, {400e6, 1.6e9}};
    static const char *const names[] = {"/requests/cpu_clock", "/requests/gpu_clock",
                                        "/requests/emc_clock"};
    size_t count, governed = 0;
    for (int d = 0; d < TDM_CLOCKS; d++) {
        double *clock = run_column(file, names[d], &count);
        for (size_t i = 0; i < count; i++) {
            const int opp = run.outcomes[i].plan.opp[d];
            assert_true(clock[i] == (opp < 0 ? 0 : hz[d][opp]));
            governed += opp < 0;
        }
        free(clock);
    }
    assert_true(governed > 0);
    double *cap = run_column(file, "/requests/gpu_cap", &count);
    for (size_t i = 0; i < count; i++) {
        const int opp = run.outcomes[i].plan.cap[TDM_GPU];
        assert_true(cap[i] == (opp < 0 ? 0 : hz[TDM_GPU][opp]));
    }
    free(cap);
    tdm_h5_close(file, NULL);
    free(run.outcomes);
}

// Energy is the integral of the recorded power: by cause, by rail, and of the radio.
static void energy_is_the_integral_of_power(void **state)
{
    (void)state;
    struct run run = run_it(run_scenario("energy", two_boards), 3, "energy.h5", NULL);
    struct tdm_h5 *file = open_record("energy.h5");
    static const char *const causes[] = {"fixed", "cpu", "gpu", "memory", "leakage"};
    static const char *const boards[] = {"/boards/b", "/boards/other%2Fboard"};
    for (size_t b = 0; b < 2; b++) {
        char table[64], path[128], name[64];
        double by_cause[5], sum = 0;
        snprintf(table, sizeof table, "%s/power", boards[b]);
        for (size_t c = 0; c < 5; c++) {
            snprintf(path, sizeof path, "%s/%s", table, causes[c]);
            snprintf(name, sizeof name, "energy_%s", causes[c]);
            by_cause[c] = integral(file, table, path);
            assert_near(by_cause[c], attribute(file, boards[b], name));
            sum += by_cause[c];
        }
        assert_near(sum, tdm_watts_sum(&run.totals[b].energy));
        assert_near(sum, attribute(file, boards[b], "energy"));
        double rail[3];
        for (size_t r = 0; r < 3; r++) {
            snprintf(path, sizeof path, "%s/rails/%c", boards[b], (char)('A' + r));
            rail[r] = integral(file, table, path);
        }
        assert_near(rail[0] + rail[1], sum); // the total rails
        assert_near(rail[0], by_cause[0] + by_cause[1] + by_cause[4] + 0.4 * by_cause[3]);
        assert_near(rail[2], by_cause[1]);
    }
    assert_near(integral(file, "/boards/b/radio/0", "/boards/b/radio/0/watts"),
                run.totals[0].radio_energy);
    assert_true(run.totals[0].radio_energy > 1);
    tdm_h5_close(file, NULL);
    free(run.outcomes);
}

// A closed loop of one: a board's energy is that of its requests and of the idle in between.
static void requests_and_idle_make_the_board(void **state)
{
    (void)state;
    const char *path = run_scenario("closed", "<board id='b' type='toy.xml'/>" RUN_LINK
                                              "<stream board='b' dnn='resnet18' think='100 ms'/>");
    struct run run = run_it(path, 4, "closed.h5", NULL);
    struct tdm_h5 *file = open_record("closed.h5");
    size_t count;
    double *start = run_column(file, "/boards/b/power/start", &count);
    double *end = run_column(file, "/boards/b/power/end", &count);
    double *stage = run_column(file, "/boards/b/power/stage", &count);
    double *request = run_column(file, "/boards/b/power/request", &count);
    double *watts[5];
    static const char *const causes[] = {"fixed", "cpu", "gpu", "memory", "leakage"};
    for (size_t c = 0; c < 5; c++) {
        char name[64];
        snprintf(name, sizeof name, "/boards/b/power/%s", causes[c]);
        watts[c] = run_column(file, name, &count);
    }
    double *energy = calloc(run.count, sizeof *energy), *head = calloc(run.count, sizeof *head);
    double idle = 0, all = 0, unfinished = 0;
    for (size_t i = 0; i < count; i++) {
        double joules = 0;
        for (size_t c = 0; c < 5; c++)
            joules += (end[i] - start[i]) * watts[c][i];
        all += joules;
        if (i)
            assert_true(start[i] == end[i - 1]); // no gaps
        const size_t n = request[i] < 0 ? 0 : (size_t)request[i];
        if (n == run.count) { // in service when the run ended
            unfinished += joules;
            continue;
        }
        const struct tdm_outcome *o = &run.outcomes[n];
        assert_int_equal(o->request, n);
        if (request[i] < 0 || start[i] >= o->answer) {
            assert_int_equal(stage[i], TDM_RESTING);
            idle += joules;
            continue;
        }
        energy[n] += joules;
        if (stage[i] == TDM_HEAD || stage[i] == TDM_PACKING)
            head[n] += end[i] - start[i];
    }
    double sum = idle;
    for (size_t n = 0; n < run.count; n++) {
        assert_near(energy[n], run.outcomes[n].board_energy);
        assert_near(head[n] + 1, run.outcomes[n].head + 1);
        sum += run.outcomes[n].board_energy;
    }
    assert_true(start[0] == 0);
    assert_true(end[count - 1] == run.totals[0].end);
    assert_true(unfinished > 0);
    sum += unfinished;
    assert_near(sum, all);
    assert_near(sum, tdm_watts_sum(&run.totals[0].energy));
    for (size_t c = 0; c < 5; c++)
        free(watts[c]);
    free(start), free(end), free(stage), free(request), free(energy), free(head);
    tdm_h5_close(file, NULL);
    free(run.outcomes);
}

static void the_run_is_described(void **state)
{
    (void)state;
    const char *path = run_scenario("words", two_boards);
    struct run run = run_it(path, 5, "words.h5", NULL);
    struct tdm_h5 *file = open_record("words.h5");
    char text[8192] = "";
    FILE *stream = fopen(path, "r");
    assert_true(fread(text, 1, sizeof text - 1, stream) > 0);
    fclose(stream);
    const struct {
        const char *object, *name, *value;
    } wanted[] = {{"/", "format", "tandem record"},
                  {"/", "scenario", text},
                  {"/", "scenario_name", "words"},
                  {"/", "engine", "analytic"},
                  {"/", "policy", "drawn"},
                  {"/", "command_line", path},
                  {"/streams/0", "dnn", "resnet18"},
                  {"/streams/1", "board", "other/board"},
                  {"/boards/b", "type", "toy"},
                  {"/boards/b", "processors", "gpu,cpu"},
                  {"/boards/b", "links", "cloud"},
                  {"/boards/other%2Fboard", "links", ""},
                  {"/boards/b/radio/0", "radio", "wifi"}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        char *value = tdm_h5_get_text(file, wanted[i].object, wanted[i].name, NULL);
        assert_non_null(value);
        assert_string_equal(value, wanted[i].value);
        free(value);
    }
    int64_t seed;
    assert_int_equal(tdm_h5_get_integer(file, "/", "seed", &seed, NULL), 0);
    assert_int_equal(seed, 5);
    tdm_h5_close(file, NULL);
    free(run.outcomes);
}

// ---- failures ----------------------------------------------------------------------------------

/** Records a run while no file may be longer than `limit` bytes; "" or what went wrong. */
static const char *try_to_record(const char *path, bool finish, rlim_t limit)
{
    static struct tdm_error error;
    error = (struct tdm_error){.message = ""};
    struct tdm_scenario *scenario = tdm_scenario_load(run_scenario("fail", two_boards), &error);
    assert_non_null(scenario);
    struct tdm_engine *engine = tdm_engine_open_recorded("analytic:", scenario, 1, true, &error);
    struct rlimit before, now;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    now = (struct rlimit){.rlim_cur = limit, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
    struct tdm_record *record =
        tdm_record_open(path, engine, &(struct tdm_record_about){0}, &error);
    int status = record ? 0 : -1;
    struct tdm_random random;
    tdm_random_seed(&random, 1, "plans", 0);
    struct tdm_event event;
    while (status == 0 && tdm_engine_next(engine, &event)) {
        if (event.kind == TDM_DECISION) {
            const struct tdm_plan plan = run_draw(&random, event.state);
            tdm_engine_decide(engine, &plan);
        } else {
            status = tdm_record_outcome(record, event.outcome, &error);
        }
    }
    if (record && status == 0 && finish)
        status = tdm_record_finish(record, &error);
    else
        tdm_record_abandon(record);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
    if (status && path[0])
        assert_string_equal(error.file, path);
    return status ? error.message : "";
}

static void assert_nothing_at(const char *path)
{
    char partial[256];
    struct stat there;
    snprintf(partial, sizeof partial, "%s.partial", path);
    assert_int_equal(lstat(path, &there), -1);
    assert_int_equal(lstat(partial, &there), -1);
}

static void what_cannot_be_written(void **state)
{
    (void)state;
    assert_non_null(
        strstr(try_to_record(run_path("no/such/run.h5"), true, RLIM_INFINITY), "No such file"));
    assert_non_null(strstr(try_to_record(run_folder, true, RLIM_INFINITY), "a folder"));
    assert_non_null(strstr(try_to_record("/dev/null", true, RLIM_INFINITY), "not a regular file"));
    assert_non_null(
        strstr(try_to_record("/proc/run.h5", true, RLIM_INFINITY), "cannot write: No such file"));
    assert_non_null(strstr(try_to_record("", true, RLIM_INFINITY), "needs a name"));
    assert_int_equal(access("/dev/null", F_OK), 0);
}

static void an_abandoned_record_leaves_nothing(void **state)
{
    (void)state;
    assert_string_equal(try_to_record(run_path("gone.h5"), false, RLIM_INFINITY), "");
    assert_nothing_at(run_path("gone.h5"));
}

// A disk that is full after some bytes: an error that says so, and no crash.
static void a_full_disk_at_any_byte(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    char path[160];
    snprintf(path, sizeof path, "%s", run_path("full.h5"));
    assert_string_equal(try_to_record(path, true, RLIM_INFINITY), "");
    struct stat whole;
    assert_int_equal(stat(path, &whole), 0);
    assert_int_equal(unlink(path), 0);
    const rlim_t size = (rlim_t)whole.st_size;
    for (rlim_t limit = 0; limit < size; limit += limit < 4096 ? 512 : size / 20) {
        const char *message = try_to_record(path, true, limit);
        if (!strstr(message, "File too large"))
            fail_msg("at %lu bytes of %lu: %s", (unsigned long)limit, (unsigned long)size, message);
        assert_nothing_at(path);
    }
    // And the library still works.
    assert_string_equal(try_to_record(path, true, RLIM_INFINITY), "");
    tdm_h5_close(open_record("full.h5"), NULL);
}

static void two_writers_of_one_record(void **state)
{
    (void)state;
    struct tdm_error error = {0};
    struct tdm_scenario *scenario = tdm_scenario_load(run_scenario("two", two_boards), &error);
    struct tdm_engine *engine = tdm_engine_open_recorded("analytic:", scenario, 1, true, &error);
    const struct tdm_record_about about = {0};
    struct tdm_record *first = tdm_record_open(run_path("two.h5"), engine, &about, &error);
    assert_non_null(first);
    assert_null(tdm_record_open(run_path("two.h5"), engine, &about, &error));
    assert_non_null(strstr(error.message, "another process"));
    tdm_record_abandon(first);
    first = tdm_record_open(run_path("two.h5"), engine, &about, &error);
    assert_non_null(first);
    tdm_record_abandon(first);
    assert_nothing_at(run_path("two.h5"));
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_outcomes),
        cmocka_unit_test(clocks_are_in_hz),
        cmocka_unit_test(energy_is_the_integral_of_power),
        cmocka_unit_test(requests_and_idle_make_the_board),
        cmocka_unit_test(the_run_is_described),
        cmocka_unit_test(what_cannot_be_written),
        cmocka_unit_test(an_abandoned_record_leaves_nothing),
        cmocka_unit_test(a_full_disk_at_any_byte),
        cmocka_unit_test(two_writers_of_one_record),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

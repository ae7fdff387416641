// SPDX-License-Identifier: GPL-3.0-or-later
/** A record read back: the same run to the last bit, another network, and what cannot be. */
#include "recorded_run.h"

#include <sys/wait.h>

#include "engine/replay_tape.h"

// As formats, in which a percent sign is written twice.
#define LINK \
    "<server id='cloud' type='rtx-3080'/>" \
    "<link from='b' to='cloud' trace='trace.csv' rtt='20 ms' radio='wifi'/>" \
    "<knobs cut='all' xi='0 %%, 50 %%, 100 %%' bits='32, 8' processor='all'/>"
#define CLOSED \
    "<stream board='b' dnn='resnet18' think='100 ms'/>" \
    "<load board='b' from='20 s' until='40 s' cpu='30 %%' gpu='20 %%'/>"

// A run of the model, then one of its record under the same plans.
struct pair {
    struct run model, replay;
    struct run_plans plans;
};

/** `inside` has a "%s" where the board's driver goes. */
static struct pair run_pair(const char *name, const char *inside, const char *inside_replay)
{
    char text[2048], record[32], again[32], replay_name[32];
    snprintf(record, sizeof record, "%s.h5", name);
    snprintf(again, sizeof again, "%s-again.h5", name);
    snprintf(replay_name, sizeof replay_name, "%s-replay", name);
    struct pair pair = {0};
    snprintf(text, sizeof text, inside, "model:");
    pair.model = run_it(run_scenario(name, text), 9, record, &pair.plans);
    if (inside_replay != inside) // what was in service when the run ended has no row to replay
        pair.plans.count = pair.model.count;
    char driver[64];
    snprintf(driver, sizeof driver, "replay:%s", record);
    snprintf(text, sizeof text, inside_replay, driver);
    pair.replay = run_it(run_scenario(replay_name, text), 9, again, &pair.plans);
    return pair;
}

static void free_pair(struct pair *pair)
{
    free(pair->model.outcomes);
    free(pair->replay.outcomes);
    free(pair->plans.items);
}

static void assert_same_column(struct tdm_h5 *a, struct tdm_h5 *b, const char *path)
{
    size_t count, other;
    double *x = run_column(a, path, &count), *y = run_column(b, path, &other);
    assert_int_equal(count, other);
    if (memcmp(x, y, count * sizeof *x) != 0)
        for (size_t i = 0; i < count; i++)
            if (memcmp(&x[i], &y[i], sizeof *x) != 0)
                fail_msg("%s[%zu]: %.17g became %.17g", path, i, x[i], y[i]);
    free(x);
    free(y);
}

// Every column of two records but the bools, bit by bit.
static void assert_same_records(const char *name, const char *board)
{
    char path[80];
    snprintf(path, sizeof path, "%s.h5", name);
    struct tdm_h5 *a = tdm_h5_open(run_path(path), NULL);
    snprintf(path, sizeof path, "%s-again.h5", name);
    struct tdm_h5 *b = tdm_h5_open(run_path(path), NULL);
    assert_non_null(a);
    assert_non_null(b);
    for (const struct tdm_record_column *c = tdm_record_requests; c->name; c++) {
        snprintf(path, sizeof path, "/requests/%s", c->name);
        if (c->type != TDM_H5_BOOL)
            assert_same_column(a, b, path);
    }
    for (const struct tdm_record_column *c = tdm_record_power; c->name; c++) {
        snprintf(path, sizeof path, "/boards/%s/power/%s", board, c->name);
        assert_same_column(a, b, path);
    }
    tdm_h5_close(a, NULL);
    tdm_h5_close(b, NULL);
}

static void assert_same_runs(const struct pair *pair)
{
    assert_false(pair->replay.failed);
    assert_true(pair->model.count > 100);
    assert_int_equal(pair->model.count, pair->replay.count);
    for (size_t i = 0; i < pair->model.count; i++)
        assert_memory_equal(&pair->model.outcomes[i], &pair->replay.outcomes[i],
                            sizeof *pair->model.outcomes);
    for (size_t i = 0; i < pair->model.board_count; i++)
        assert_memory_equal(&pair->model.totals[i], &pair->replay.totals[i],
                            sizeof *pair->model.totals);
}

static void the_same_run_again(void **state)
{
    (void)state;
    static const char inside[] =
        "<board id='b' type='toy.xml' driver='%s' jitter='yes'/>" LINK CLOSED;
    struct pair pair = run_pair("same", inside, inside);
    assert_same_runs(&pair);
    assert_same_records("same", "b");
    free_pair(&pair);
}

// What ran is told apart by its network, and by what ran before it.
static void other_versions_again(void **state)
{
    (void)state;
    static const char inside[] =
        "<board id='b' type='toy.xml' driver='%s' jitter='yes'/>"
        "<server id='cloud' type='rtx-3080'/>"
        "<link from='b' to='cloud' trace='trace.csv' rtt='20 ms' radio='wifi'/>"
        "<stream board='b' dnn='resnet18' versions='mobilenet-v2, resnet50' think='100 ms'/>"
        "<knobs cut='all' version='all' xi='0 %%, 50 %%, 100 %%' bits='32, 8'/>";
    struct pair pair = run_pair("versions", inside, inside);
    int seen[3] = {0}, first = 0;
    for (size_t i = 0; i < pair.model.count; i++)
        seen[pair.model.outcomes[i].plan.version]++;
    for (size_t i = 0; i < pair.model.count; i++)
        first += pair.model.outcomes[i].plan.first > 0;
    assert_true(first > 10);
    assert_true(seen[0] > 10 && seen[1] > 10 && seen[2] > 10);
    assert_same_runs(&pair);
    assert_same_records("versions", "b");
    free_pair(&pair);
}

// And by the exit at which it was left.
static void other_exits_again(void **state)
{
    (void)state;
    static const char inside[] =
        "<board id='b' type='toy.xml' driver='%s' jitter='yes'/>"
        "<server id='cloud' type='rtx-3080'/>"
        "<link from='b' to='cloud' trace='trace.csv' rtt='20 ms' radio='wifi'/>"
        "<stream board='b' dnn='resnet18' versions='mobilenet-v2' think='100 ms'/>"
        "<knobs cut='all' version='all' exit='all' xi='0 %%, 50 %%, 100 %%' bits='32, 8'/>";
    struct pair pair = run_pair("exits", inside, inside);
    int seen[4] = {0};
    for (size_t i = 0; i < pair.model.count; i++)
        seen[pair.model.outcomes[i].plan.exit]++;
    assert_true(seen[0] > 10 && seen[1] > 10 && seen[2] > 10 && seen[3] > 10);
    assert_same_runs(&pair);
    assert_same_records("exits", "b");
    free_pair(&pair);
}

// Requests that overlap, two streams, drops, an outage.
static void overlapping_requests_again(void **state)
{
    (void)state;
    static const char inside[] =
        "<board id='b' type='toy.xml' driver='%s'/>" LINK
        "<stream board='b' dnn='resnet18' arrivals='poisson' rate='4 /s' inflight='3' queue='5'/>"
        "<stream board='b' dnn='mobilenet-v2' arrivals='periodic' rate='2 /s' inflight='2'"
        " drop='late' deadline='300 ms' input='raw'/>";
    struct pair pair = run_pair("overlap", inside, inside);
    size_t dropped = 0;
    for (size_t i = 0; i < pair.model.count; i++)
        dropped += pair.model.outcomes[i].dropped;
    assert_true(dropped > 0);
    assert_same_runs(&pair);
    assert_same_records("overlap", "b");
    free_pair(&pair);
}

// A link that brings nothing back: what is never answered is in the record, too.
static void unanswered_requests_again(void **state)
{
    (void)state;
    static const char inside[] =
        "<board id='b' type='toy.xml' driver='%s'/><server id='cloud' type='rtx-3080'/>"
        "<link from='b' to='cloud' up='8 Mbit/s' down='0 Mbit/s' rtt='20 ms' radio='wifi'/>"
        "<stream board='b' dnn='mobilenet-v2' arrivals='poisson' rate='5 /s' inflight='1000'/>";
    struct pair pair = run_pair("dead", inside, inside);
    assert_true(pair.model.totals[0].unanswered > 10);
    assert_same_runs(&pair);
    assert_same_records("dead", "b");
    free_pair(&pair);
}

// Another link: what the board does on its own takes as long and as much as it was recorded.
static void another_network(void **state)
{
    (void)state;
    static const char before[] =
        "<board id='b' type='toy.xml' driver='%s' jitter='yes'/>" LINK CLOSED;
    static const char after[] =
        "<board id='b' type='toy.xml' driver='%s' jitter='yes'/>"
        "<server id='cloud' type='rtx-3080'/>"
        "<link from='b' to='cloud' bandwidth='100 Mbit/s' rtt='5 ms' radio='wifi'/>"
        "<knobs cut='all' xi='0 %%, 50 %%, 100 %%' bits='32, 8' processor='all'/>" CLOSED;
    struct pair pair = run_pair("network", before, after);
    if (pair.replay.failed)
        fail_msg("%s", pair.replay.error.message);
    assert_true(pair.replay.count > pair.model.count); // and then again from the first
    size_t sent = 0;
    for (size_t i = 0; i < pair.model.count; i++) {
        const struct tdm_outcome *a = &pair.model.outcomes[i], *b = &pair.replay.outcomes[i];
        assert_int_equal(a->request, b->request);
        assert_true(fabs(a->head - b->head) < 1e-12);
        assert_true(fabs(a->local - b->local) < 1e-12);
        assert_true(fabs(a->switching - b->switching) < 1e-12);
        assert_true(a->sent == b->sent);
        if (a->sent > 0) {
            assert_true(b->up < a->up);
            assert_true(b->board_energy <= a->board_energy * (1 + 1e-9));
            sent++;
        } else {
            assert_true(fabs(a->board_energy - b->board_energy) < 1e-9 * a->board_energy);
        }
    }
    assert_true(sent > 20);
    free_pair(&pair);
}

// The board of another id, from the command line's point of view: FILE#BOARD.
static void another_board_of_the_record(void **state)
{
    (void)state;
    struct run_plans plans = {0};
    struct run model =
        run_it(run_scenario(
                   "two", "<board id='b' type='toy.xml'/><board id='x/y' type='toy.xml'/>" RUN_LINK
                          "<stream board='b' dnn='mobilenet-v2'/>"
                          "<stream board='x/y' dnn='resnet18' think='20 ms'/>"),
               9, "two.h5", NULL);
    // The plans of the second board alone.
    for (size_t i = 0; i < model.count; i++) {
        if (model.outcomes[i].board != 1)
            continue;
        plans.items = realloc(plans.items, (plans.count + 1) * sizeof *plans.items);
        plans.items[plans.count++] = model.outcomes[i].plan;
    }
    struct run replay =
        run_it(run_scenario("one", "<board id='b' type='toy.xml' driver='replay:two.h5#x/y'/>"
                                   "<stream board='b' dnn='resnet18' think='20 ms'/>"),
               9, NULL, &plans);
    assert_false(replay.failed);
    assert_int_equal(replay.count, plans.count);
    for (size_t i = 0, j = 0; i < model.count; i++) {
        if (model.outcomes[i].board != 1)
            continue;
        assert_true(model.outcomes[i].answer == replay.outcomes[j].answer);
        assert_true(model.outcomes[i].energy == replay.outcomes[j].energy);
        j++;
    }
    free(model.outcomes);
    free(replay.outcomes);
    free(plans.items);
}

// ---- what cannot be ----------------------------------------------------------------------------

static void assert_no_replay(const char *driver, const char *inside, const char *message)
{
    char text[1024];
    snprintf(text, sizeof text, "<board id='b' type='toy.xml' driver='%s'/>%s", driver, inside);
    struct tdm_error error = {0};
    struct tdm_scenario *scenario = tdm_scenario_load(run_scenario("wrong", text), &error);
    assert_non_null(scenario);
    assert_null(tdm_engine_open("analytic:", scenario, 1, &error));
    tdm_error_format(&error, text, sizeof text);
    if (!strstr(text, message))
        fail_msg("no '%s' in '%s'", message, text);
    tdm_scenario_free(scenario);
}

static void records_that_will_not_do(void **state)
{
    (void)state;
    static const char stream[] = "<stream board='b' dnn='resnet18'/>";
    struct run run =
        run_it(run_scenario("good", "<board id='board' type='toy.xml'/>"
                                    "<stream board='board' dnn='resnet18' count='3'/>"),
               1, "good.h5", NULL);
    assert_no_replay("replay:", stream, "needs a record");
    assert_no_replay("replay:none.h5", stream, "cannot open: No such file");
    assert_no_replay("replay:toy.xml", stream, "not an HDF5 file");
    assert_no_replay("replay:good.h5", stream, "no board 'b'; it has: board");
    assert_no_replay("replay:good.h5#bored", stream, "did you mean 'board'?");
    free(run.outcomes);
}

static void write_other_board(void)
{
    char *text = run_board();
    char *name = strstr(text, "\"toy\"");
    assert_non_null(name);
    memcpy(name, "\"tox\"", 5);
    run_write("tox.xml", text);
}

static void a_board_of_another_type(void **state)
{
    (void)state;
    write_other_board();
    struct run run = run_it(run_scenario("others", "<board id='b' type='tox.xml'/>"
                                                   "<stream board='b' dnn='resnet18' count='3'/>"),
                            1, "tox.h5", NULL);
    assert_no_replay("replay:tox.h5", "<stream board='b' dnn='resnet18'/>",
                     "its board 'b' is not of the scenario's type 'toy'");
    free(run.outcomes);
}

static void an_hdf5_file_of_somebody_else(void **state)
{
    (void)state;
    FILE *stream = fopen(run_path("else.h5"), "w+");
    struct tdm_h5 *file = tdm_h5_create(fileno(stream), "else.h5", NULL);
    assert_int_equal(tdm_h5_put_text(file, "/", "format", "a poem", NULL), 0);
    assert_int_equal(tdm_h5_close(file, NULL), 0);
    fclose(stream);
    assert_no_replay("replay:else.h5", "<stream board='b' dnn='resnet18'/>", "no record of a run");
}

// A record that was cut off: an error, never a crash.
static void a_truncated_record(void **state)
{
    (void)state;
    struct run run = run_it(run_scenario("cut", "<board id='b' type='toy.xml'/>"
                                                "<stream board='b' dnn='resnet18' count='9'/>"),
                            1, "cut.h5", NULL);
    free(run.outcomes);
    FILE *stream = fopen(run_path("cut.h5"), "r");
    static char bytes[1 << 20];
    const size_t length = fread(bytes, 1, sizeof bytes, stream);
    fclose(stream);
    for (size_t i = 0; i < 40; i++) {
        stream = fopen(run_path("shorter.h5"), "w");
        assert_int_equal(fwrite(bytes, 1, i * length / 40, stream), i * length / 40);
        fclose(stream);
        assert_no_replay("replay:shorter.h5", "<stream board='b' dnn='resnet18'/>", "shorter.h5");
    }
}

// A record with damaged bytes: an error, or nobody noticed; never a crash. In a process of its own,
// because the library forgets memory when it finds damage.
static void a_damaged_record(void **state)
{
    (void)state;
    struct run run = run_it(run_scenario("hurt", "<board id='b' type='toy.xml'/>" RUN_LINK
                                                 "<stream board='b' dnn='resnet18' count='99'/>"),
                            1, "hurt.h5", NULL);
    free(run.outcomes);
    FILE *stream = fopen(run_path("hurt.h5"), "r");
    static unsigned char bytes[1 << 20];
    const size_t length = fread(bytes, 1, sizeof bytes, stream);
    fclose(stream);
    struct tdm_board *toy = tdm_board_load(run_path("toy.xml"), NULL);
    assert_non_null(toy);
    struct tdm_random random;
    tdm_random_seed(&random, 1, "damage", 0);
    const pid_t child = fork();
    int refused = 0;
    for (int i = 0; child == 0 && i < 300; i++) {
        const size_t at = tdm_random_below(&random, length);
        const unsigned char was = bytes[at];
        bytes[at] ^= (unsigned char)(1 + tdm_random_below(&random, 255));
        stream = fopen(run_path("worse.h5"), "w");
        fwrite(bytes, 1, length, stream);
        fclose(stream);
        bytes[at] = was;
        struct tdm_error error = {0};
        struct tdm_tape *tape = tdm_tape_load(run_path("worse.h5"), "b", toy, &error);
        if (!tape && !strstr(error.file, "worse.h5"))
            _exit(1);
        refused += tape == NULL;
        tdm_tape_free(tape);
    }
    if (child == 0)
        _exit(refused > 30 ? 0 : 2);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    tdm_board_free(toy);
}

static void a_plan_that_was_never_recorded(void **state)
{
    (void)state;
    struct run_plans low = {0}, high = {0};
    static const char inside[] = "<board id='b' type='toy.xml' driver='%s'/>"
                                 "<knobs cpu='500 MHz' gpu='%s' emc='400 MHz'/>"
                                 "<stream board='b' dnn='resnet18'/>";
    char text[512];
    snprintf(text, sizeof text, inside, "model:", "200 MHz, 500 MHz");
    struct run run = run_it(run_scenario("low", text), 1, "low.h5", &low);
    struct tdm_plan plan = low.items[0];
    plan.opp[TDM_CPU] = plan.opp[TDM_EMC] = 0;
    plan.opp[TDM_GPU] = 2;
    high.items = malloc(sizeof plan);
    high.items[0] = plan;
    high.count = 1;
    snprintf(text, sizeof text, inside, "replay:low.h5", "all");
    struct run replay = run_it(run_scenario("high", text), 1, NULL, &high);
    assert_true(replay.failed);
    assert_int_equal(replay.count, 0);
    assert_non_null(strstr(replay.error.message, "GPU 1000 MHz"));
    assert_non_null(strstr(replay.error.file, "low.h5"));
    free(run.outcomes);
    free(replay.outcomes);
    free(low.items);
    free(high.items);
}

// Looking ahead from a replayed board asks a model of it: here the same that was recorded.
static void looking_ahead(void **state)
{
    (void)state;
    static const char inside[] =
        "<board id='b' type='toy.xml' driver='%s' thermal='no' switching='no'/>" LINK CLOSED;
    struct pair pair = run_pair("ahead", inside, inside);
    struct tdm_error error;
    struct tdm_scenario *scenario = tdm_scenario_load(run_path("ahead-replay.xml"), &error);
    assert_non_null(scenario);
    struct tdm_engine *engine = tdm_engine_open("analytic:", scenario, 9, &error);
    assert_non_null(engine);
    struct tdm_event event;
    size_t decisions = 0, seen = 0, locked = 0;
    struct tdm_outcome foreseen = {0};
    while (tdm_engine_next(engine, &event)) {
        if (event.kind == TDM_DECISION) {
            const struct tdm_plan *plan = &pair.plans.items[decisions++];
            tdm_unit_foresee(event.state->unit, plan, &foreseen);
            tdm_engine_decide(engine, plan);
            continue;
        }
        const struct tdm_outcome *now = event.outcome;
        seen++;
        if (now->plan.opp[TDM_CPU] < 0)
            continue; // a governor's memory is not in the record
        assert_true(fabs(foreseen.latency - now->latency) < 1e-9);
        assert_true(fabs(foreseen.board_energy - now->board_energy) < 1e-9 * now->board_energy);
        locked++;
    }
    assert_int_equal(seen, pair.model.count);
    assert_true(locked > 50);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
    free_pair(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_run_again),
        cmocka_unit_test(other_versions_again),
        cmocka_unit_test(other_exits_again),
        cmocka_unit_test(overlapping_requests_again),
        cmocka_unit_test(unanswered_requests_again),
        cmocka_unit_test(another_network),
        cmocka_unit_test(another_board_of_the_record),
        cmocka_unit_test(records_that_will_not_do),
        cmocka_unit_test(a_board_of_another_type),
        cmocka_unit_test(an_hdf5_file_of_somebody_else),
        cmocka_unit_test(a_truncated_record),
        cmocka_unit_test(a_damaged_record),
        cmocka_unit_test(a_plan_that_was_never_recorded),
        cmocka_unit_test(looking_ahead),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

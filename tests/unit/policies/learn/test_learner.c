// SPDX-License-Identifier: GPL-3.0-or-later
/** What all learners do alike: going on from a file, refusing bad files, options and numbers. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "train.h"

enum { IN = 5 };

static const int32_t edge_counts[IN] = {2, 0, 3, 0, 1};
static const float edges[] = {-0.5F, 0.5F, -1, 0, 1, 0.25F};
static const struct tdm_learn_shape shape = {
    .observation = IN, .branches = 2, .levels = {3, 4}, .edge_counts = edge_counts, .edges = edges};

static const struct variant {
    const char *name, *learner;
    bool prioritised, branching;
} variants[] = {
    {"dqn", "dqn", false, true},
    {"dqn, prioritised", "dqn", true, true},
    {"dqn, joint", "dqn", false, false},
    {"sac", "sac", false, true},
    {"sac, prioritised", "sac", true, false},
    {"tabular", "tabular", false, true},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static struct tdm_learn_options options_of(const struct variant *variant)
{
    struct tdm_learn_options options = small_options();
    options.hidden[1] = 16;
    options.capacity = 700; // the ring goes round
    options.train_every = 3;
    options.epsilon_end = 0.1;
    options.epsilon_steps = 1500;
    options.prioritised = variant->prioritised;
    options.branching = variant->branching;
    options.priority_steps = 500;
    return options;
}

// A world that depends on what is done, as a function of `random` alone.
static void live(struct tdm_learner *learner, struct tdm_random *random)
{
    float now[IN], next[IN];
    for (int j = 0; j < IN; j++) {
        now[j] = (float)tdm_random_normal(random);
        next[j] = (float)tdm_random_normal(random);
    }
    int32_t action[2];
    tdm_learner_act(learner, now, true, action);
    const float reward = now[0] * (float)(action[0] - 1) - now[1] * (float)(action[1] - 2);
    tdm_learner_observe(learner, &(struct tdm_transition){now, action, reward, next, 0.7F});
}

static void train(struct tdm_learner *learner, struct tdm_random *random, int steps)
{
    for (int i = 0; i < steps; i++) {
        live(learner, random);
        tdm_learner_update(learner);
    }
}

// ---- files -------------------------------------------------------------------------------------

static char path[64];

static void save(struct tdm_learner *learner, bool whole)
{
    strcpy(path, "/tmp/tandem-learner-XXXXXX");
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    struct tdm_error error;
    struct tdm_h5 *file = tdm_h5_create(fd, path, &error);
    if (tdm_learner_save(learner, file, "/policy", whole, &error) || tdm_h5_close(file, &error))
        fail_msg("%s", error.message);
    close(fd);
}

static char *bytes_of_saved(struct tdm_learner *learner, size_t *size)
{
    save(learner, true);
    FILE *file = fopen(path, "rb");
    struct stat status;
    stat(path, &status);
    *size = (size_t)status.st_size;
    char *bytes = malloc(*size);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    unlink(path);
    return bytes;
}

static void assert_same(struct tdm_learner *a, struct tdm_learner *b)
{
    size_t size_a, size_b;
    char *bytes_a = bytes_of_saved(a, &size_a), *bytes_b = bytes_of_saved(b, &size_b);
    assert_int_equal(size_a, size_b);
    assert_memory_equal(bytes_a, bytes_b, size_a);
    free(bytes_a);
    free(bytes_b);
}

static struct tdm_learner *read_back(bool whole)
{
    struct tdm_error error;
    struct tdm_h5 *file = tdm_h5_open(path, &error);
    struct tdm_learner *learner = tdm_learner_read(file, "/policy", whole, &error);
    if (!learner)
        fail_msg("%s", error.message);
    tdm_h5_close(file, NULL);
    return learner;
}

// 2000 steps are 1000, a file, and 1000, in every number that is kept. The file comes between
// transitions and the updates that they call for.
static void learning_goes_on_to_the_last_bit(void **state)
{
    (void)state;
    for (int v = 0; v < VARIANTS; v++) {
        const struct tdm_learn_options options = options_of(&variants[v]);
        struct tdm_learner *straight = opened(variants[v].learner, &shape, &options);
        struct tdm_learner *first = opened(variants[v].learner, &shape, &options);
        struct tdm_random random, again;
        tdm_random_seed(&random, 3, "test", 0);
        again = random;
        train(straight, &random, 999);
        live(straight, &random);
        train(straight, &random, 1000);
        train(first, &again, 999);
        live(first, &again);
        save(first, true);
        struct tdm_learner *second = read_back(true);
        unlink(path);
        assert_same(first, second);
        train(second, &again, 1000);
        assert_same(straight, second);
        train(second, &again, 10); // and the comparison is not blind
        size_t size_a, size_b;
        char *a = bytes_of_saved(straight, &size_a), *b = bytes_of_saved(second, &size_b);
        assert_true(size_a != size_b || memcmp(a, b, size_a) != 0);
        free(a);
        free(b);
        tdm_learner_free(straight);
        tdm_learner_free(first);
        tdm_learner_free(second);
    }
}

static void what_acts_needs_little(void **state)
{
    (void)state;
    for (int v = 0; v < VARIANTS; v++) {
        const struct tdm_learn_options options = options_of(&variants[v]);
        struct tdm_learner *learner = opened(variants[v].learner, &shape, &options);
        struct tdm_random random;
        tdm_random_seed(&random, 3, "test", 0);
        train(learner, &random, 500);
        save(learner, false);
        struct tdm_learner *actor = read_back(false);
        assert_false(actor->learns);
        for (int i = 0; i < 50; i++) {
            float input[IN], here[12], there[12];
            int32_t one[2], other[2];
            for (int j = 0; j < IN; j++)
                input[j] = (float)tdm_random_normal(&random);
            tdm_learner_act(learner, input, false, one);
            tdm_learner_act(actor, input, false, other);
            assert_memory_equal(one, other, sizeof one);
            const int count = tdm_learner_values(learner, input, here);
            assert_int_equal(tdm_learner_values(actor, input, there), count);
            assert_memory_equal(here, there, (size_t)count * sizeof *here);
        }
        tdm_learner_free(actor);
        struct tdm_error error = {0};
        struct tdm_h5 *file = tdm_h5_open(path, NULL);
        assert_null(tdm_learner_read(file, "/policy", true, &error));
        assert_non_null(strstr(error.message, "can act, but not go on learning"));
        assert_null(tdm_learner_read(file, "/nothing", false, &error));
        tdm_h5_close(file, NULL);
        unlink(path);
        tdm_learner_free(learner);
    }
}

// How much is due follows from the transitions seen, not from counts out of a file.
static void no_backlog_comes_from_files_or_grows_for_ever(void **state)
{
    (void)state;
    struct tdm_learn_options options = options_of(&variants[0]);
    struct tdm_learner *learner = opened("dqn", &shape, &options);
    struct tdm_random random;
    tdm_random_seed(&random, 3, "test", 0);
    train(learner, &random, 400); // the first at the 100th, then every third
    assert_int_equal(tdm_learner_health(learner).updates, 101);
    save(learner, true);
    tdm_learner_free(learner);
    options.train_every = 1;
    options.batch = 1;
    learner = opened("dqn", &shape, &options);
    struct tdm_h5 *file = tdm_h5_open(path, NULL);
    assert_int_equal(tdm_learner_load(learner, file, "/policy", true, NULL), 0);
    tdm_h5_close(file, NULL);
    unlink(path);
    assert_int_equal(tdm_learner_update(learner), 0);
    const float input[IN] = {0};
    const int32_t action[2] = {0};
    for (int i = 0; i < 2; i++)
        tdm_learner_observe(learner, &(struct tdm_transition){input, action, 0, input, 0});
    assert_int_equal(tdm_learner_update(learner), 2);
    for (int i = 0; i < TDM_LEARN_DUE + 10; i++)
        tdm_learner_observe(learner, &(struct tdm_transition){input, action, 0, input, 0});
    assert_int_equal(tdm_learner_update(learner), TDM_LEARN_DUE);
    tdm_learner_free(learner);
}

// ---- files that do not fit ---------------------------------------------------------------------

static void assert_misfit(const char *name, const struct tdm_learn_shape *other,
                          const struct tdm_learn_options *options, bool whole, const char *why)
{
    struct tdm_error error = {0};
    struct tdm_learner *learner = opened(name, other, options);
    struct tdm_h5 *file = tdm_h5_open(path, NULL);
    assert_int_equal(tdm_learner_load(learner, file, "/policy", whole, &error), -1);
    if (!strstr(error.message, why))
        fail_msg("'%s' does not say '%s'", error.message, why);
    assert_string_equal(error.file, path);
    tdm_h5_close(file, NULL);
    tdm_learner_free(learner);
}

static void other_shapes_are_refused(void **state)
{
    (void)state;
    const struct tdm_learn_options options = options_of(&variants[0]);
    struct tdm_learner *learner = opened("dqn", &shape, &options);
    struct tdm_random random;
    tdm_random_seed(&random, 3, "test", 0);
    train(learner, &random, 200);
    save(learner, true);
    assert_misfit("sac", &shape, &options, false, "is of a dqn, not of a sac");
    struct tdm_learn_shape other = shape;
    other.observation = IN - 1;
    assert_misfit("dqn", &other, &options, false, "is 5, but observations have 4 numbers here");
    other = shape;
    other.branches = 1;
    assert_misfit("dqn", &other, &options, false, "is 2, but there are 1 knobs here");
    other = shape;
    other.levels[1] = 5;
    assert_misfit("dqn", &other, &options, false, "has 4 for knob 1, which has 5 levels here");
    struct tdm_learn_options others = options;
    others.hidden[1] = 0;
    assert_misfit("dqn", &shape, &others, false, "says 5-32-16-8, but 5-32-8 is needed");
    others = options;
    others.capacity = 701;
    assert_misfit("dqn", &shape, &others, true, "is 700, and must be from 701 to 701");
    unlink(path);
    tdm_learner_free(learner);
}

// Writes over the first place in the file that holds these bytes.
static void overwrite(const char *find, size_t size, const char *put)
{
    FILE *file = fopen(path, "r+b");
    struct stat status;
    fstat(fileno(file), &status);
    char *bytes = malloc((size_t)status.st_size);
    assert_int_equal(fread(bytes, 1, (size_t)status.st_size, file), (size_t)status.st_size);
    const char *at = memmem(bytes, (size_t)status.st_size, find, size);
    assert_non_null(at);
    fseek(file, at - bytes, SEEK_SET);
    assert_int_equal(fwrite(put, 1, size, file), size);
    fclose(file);
    free(bytes);
}

static void assert_refused(const char *why)
{
    struct tdm_error error = {0};
    struct tdm_h5 *file = tdm_h5_open(path, NULL);
    assert_null(tdm_learner_read(file, "/policy", true, &error));
    if (!strstr(error.message, why))
        fail_msg("'%s' does not say '%s'", error.message, why);
    tdm_h5_close(file, NULL);
    unlink(path);
}

// Numbers that would do harm later: those that are not finite, actions that there are not.
static void harmful_numbers_are_refused(void **state)
{
    (void)state;
    const struct tdm_learn_options options = options_of(&variants[1]);
    struct tdm_learner *learner = opened("dqn", &shape, &options);
    const float marks[IN] = {1.5F, 2.5F, 3.5F, 4.5F, 5.5F}, bad = NAN;
    const int32_t action[2] = {2, 3}, beyond[2] = {2, 4};
    tdm_learner_observe(learner, &(struct tdm_transition){marks, action, 7, marks, 0});
    save(learner, true);
    struct tdm_learner *good = read_back(true);
    tdm_learner_free(good);
    overwrite((const char *)&marks[2], sizeof bad, (const char *)&bad);
    assert_refused("'/policy/replay' holds numbers that are not finite");
    save(learner, true);
    overwrite((const char *)action, sizeof action, (const char *)beyond);
    assert_refused("'/policy/replay_actions' holds 4, and branch 1 has 4 levels");
    tdm_learner_free(learner);
}

// HDF5 itself loses memory over some damaged files; what is ours to free is still watched.
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libhdf5";
}

// Cut anywhere, or with any byte changed, a file is read or refused, and never more than that.
static void damaged_files_do_no_harm(void **state)
{
    (void)state;
    struct tdm_random random;
    tdm_random_seed(&random, 5, "test", 0);
    for (int v = 0; v < VARIANTS; v++) {
        struct tdm_learn_options options = options_of(&variants[v]);
        options.capacity = 60;
        options.hidden[0] = 4;
        options.hidden[1] = 0;
        struct tdm_learner *learner = opened(variants[v].learner, &shape, &options);
        train(learner, &random, 150);
        size_t size;
        char *bytes = bytes_of_saved(learner, &size);
        tdm_learner_free(learner);
        int refused = 0;
        for (int i = 0; i < 60; i++) {
            const size_t at = (size_t)tdm_random_below(&random, size);
            FILE *file = fopen(path, "wb");
            const char kept = bytes[at];
            bytes[at] = (char)(bytes[at] ^ (1 + (int)tdm_random_below(&random, 255)));
            assert_int_equal(fwrite(bytes, 1, i < 30 ? at : size, file), i < 30 ? at : size);
            bytes[at] = kept;
            fclose(file);
            struct tdm_h5 *h5 = tdm_h5_open(path, NULL);
            struct tdm_learner *read = h5 ? tdm_learner_read(h5, "/policy", true, NULL) : NULL;
            refused += !read;
            if (read)
                train(read, &random, 20);
            tdm_learner_free(read);
            tdm_h5_close(h5, NULL);
        }
        assert_true(refused >= 30); // all that were cut, at least
        free(bytes);
        unlink(path);
    }
}

// ---- numbers that are not finite ---------------------------------------------------------------

static void bad_transitions_are_counted_and_left_out(void **state)
{
    (void)state;
    for (int v = 0; v < VARIANTS; v++) {
        const struct tdm_learn_options options = options_of(&variants[v]);
        struct tdm_learner *learner = opened(variants[v].learner, &shape, &options);
        const float good[IN] = {0}, bad[IN] = {0, 0, 0, NAN, 0}, endless[IN] = {-INFINITY};
        const int32_t action[2] = {0};
        tdm_learner_observe(learner, &(struct tdm_transition){good, action, 0, bad, 0});
        tdm_learner_observe(learner, &(struct tdm_transition){endless, action, 0, good, 0});
        tdm_learner_observe(learner, &(struct tdm_transition){good, action, NAN, good, 0});
        tdm_learner_observe(learner, &(struct tdm_transition){good, action, 0, good, INFINITY});
        struct tdm_learn_health health = tdm_learner_health(learner);
        assert_int_equal(health.discarded, 4);
        assert_int_equal(health.steps, 0);
        tdm_learner_observe(learner, &(struct tdm_transition){good, action, 0, good, 0});
        assert_int_equal(tdm_learner_health(learner).steps, 1);
        tdm_learner_free(learner);
    }
}

// Finite inputs whose products are not: every update is refused, and nothing is spoilt by it.
static void updates_that_are_not_finite_are_refused(void **state)
{
    (void)state;
    for (int v = 0; v < 5; v++) {
        struct tdm_learn_options options = options_of(&variants[v]);
        options.warmup = 1;
        options.train_every = 1;
        struct tdm_learner *learner = opened(variants[v].learner, &shape, &options);
        const float huge[IN] = {3e38F, -3e38F, 3e38F, 3e38F, 3e38F};
        const int32_t action[2] = {0};
        float before[12], after[12], input[IN] = {1, 2, 3, 4, 5};
        const int count = tdm_learner_values(learner, input, before);
        for (int i = 0; i < 5; i++) {
            tdm_learner_observe(learner, &(struct tdm_transition){huge, action, 0, huge, 1});
            assert_int_equal(tdm_learner_update(learner), 1);
        }
        assert_int_equal(tdm_learner_health(learner).refused, 5);
        assert_int_equal(tdm_learner_health(learner).updates, 0);
        tdm_learner_values(learner, input, after);
        assert_memory_equal(before, after, (size_t)count * sizeof *before);
        int32_t chosen[2] = {-1, -1}; // and even there it decides something
        tdm_learner_act(learner, huge, false, chosen);
        tdm_learner_act(learner, huge, true, chosen);
        assert_true(chosen[0] >= 0 && chosen[0] < 3 && chosen[1] >= 0 && chosen[1] < 4);
        tdm_learner_free(learner);
    }
}

// ---- options -----------------------------------------------------------------------------------

static void assert_bad(const struct tdm_learn_options *options, const struct tdm_learn_shape *s,
                       const char *why)
{
    struct tdm_error error = {0};
    assert_null(tdm_learner_open("dqn", s, options, true, &error));
    if (!strstr(error.message, why))
        fail_msg("'%s' does not say '%s'", error.message, why);
}

static void options_have_ranges(void **state)
{
    (void)state;
    struct tdm_learn_options good, bad;
    tdm_learn_options_default(&good);
    assert_int_equal(tdm_learn_options_check(&good, NULL), 0);
    size_t covered = 0; // the table knows every field
    for (const struct tdm_learn_option *o = tdm_learn_option_table; o->name; o++) {
        covered += o->kind == TDM_OPTION_SWITCH ? sizeof(bool) : sizeof(int64_t);
        assert_true(o->fallback >= o->low && o->fallback <= o->high);
        if (o->kind == TDM_OPTION_SWITCH)
            continue;
        for (int way = 0; way < 2; way++) {
            bad = good;
            void *field = (char *)&bad + o->offset;
            if (o->kind == TDM_OPTION_INTEGER)
                *(int64_t *)field = way ? (int64_t)o->high + 2 : (int64_t)o->low - 1;
            else
                *(double *)field = way ? o->high * 1.01 : (double)NAN;
            assert_bad(&bad, &shape, o->name);
        }
    }
    assert_true(covered + sizeof(int64_t) > sizeof good); // but for padding
    bad = good;
    bad.hidden[1] = 0;
    assert_bad(&bad, &shape, "hidden_3 is 32, but there is no layer before it");
    bad = good;
    bad.epsilon_start = 0.01;
    assert_bad(&bad, &shape, "more than epsilon_start");
    bad = good;
    bad.capacity = 100000000;
    struct tdm_learn_shape wide = shape;
    wide.observation = 4096;
    assert_bad(&bad, &wide, "would take");
}

static void shapes_have_ranges(void **state)
{
    (void)state;
    struct tdm_learn_options options;
    tdm_learn_options_default(&options);
    struct tdm_learn_shape bad = shape;
    bad.observation = 0;
    assert_bad(&options, &bad, "observations of 1 to 4096 numbers, not 0");
    bad = shape;
    bad.branches = TDM_LEARN_BRANCHES + 1;
    assert_bad(&options, &bad, "1 to 32 knobs, not 33");
    bad = shape;
    bad.levels[1] = 0;
    assert_bad(&options, &bad, "1 to 4096 levels, not 0");
    bad = shape;
    bad.branches = 6;
    for (int b = 0; b < 6; b++)
        bad.levels[b] = 10;
    options.branching = false;
    assert_bad(&options, &bad, "more than 16384 combinations");
    tdm_learn_options_default(&options);
    for (int i = 0; i < TDM_LEARN_HIDDEN; i++)
        options.hidden[i] = 4096;
    assert_bad(&options, &shape, "is too large");
    struct tdm_error error = {0};
    assert_null(tdm_learner_open("dqm", &shape, &options, true, &error));
    assert_non_null(strstr(error.message, "did you mean 'dqn'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learning_goes_on_to_the_last_bit),
        cmocka_unit_test(what_acts_needs_little),
        cmocka_unit_test(no_backlog_comes_from_files_or_grows_for_ever),
        cmocka_unit_test(other_shapes_are_refused),
        cmocka_unit_test(harmful_numbers_are_refused),
        cmocka_unit_test(damaged_files_do_no_harm),
        cmocka_unit_test(bad_transitions_are_counted_and_left_out),
        cmocka_unit_test(updates_that_are_not_finite_are_refused),
        cmocka_unit_test(options_have_ranges),
        cmocka_unit_test(shapes_have_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/* The tasks of a sweep at work: tried, run, and what became of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/pool.h"
#include "cli/summary.h"
#include "cli/sweep.h"
#include "core/error.h"
#include "core/progress.h"
#include "engine/record.h"
#include "engine/record_folder.h"

enum { LONGEST_PATH = 4096, LONGEST_WHY = 1024 };

// A task, and what it had to say.
struct saying {
    size_t task;
    int code; // as of struct tdm_pool_end
    char *text;
};

struct work {
    const struct tdm_sweep *sweep;
    const size_t *tasks; // those that are tried, or run
    size_t count, ended;
    struct saying *failures;
    size_t failure_count;
    struct saying note; // of the first of those that were well and had something to say
    size_t note_count;
    struct tdm_progress progress;
    const char *what; // is done to them
    char title[128];
    double started, last; // s: the first task began, the last one that ended did so
};

// ---- one task ----------------------------------------------------------------------------------

static struct tdm_scenario *load(const struct tdm_sweep *sweep, const struct tdm_grid_task *task,
                                 struct tdm_error *error)
{
    size_t length;
    char *text = tdm_grid_scenario(sweep->grid, task, &length, error);
    struct tdm_scenario *scenario =
        text ? tdm_scenario_of_text(text, length, sweep->grid->base_path, error) : NULL;
    free(text);
    return scenario;
}

static struct tdm_simulation simulation_of(const struct tdm_sweep *sweep,
                                           const struct tdm_grid_task *task,
                                           const struct tdm_scenario *scenario)
{
    return (struct tdm_simulation){
        .scenario = scenario, .engine = sweep->engine, .policy = task->policy, .seed = task->seed};
}

static int try_task(const struct tdm_sweep *sweep, size_t index, struct tdm_error *error)
{
    struct tdm_grid_task task;
    tdm_grid_task(sweep->grid, index, &task);
    struct tdm_scenario *scenario = load(sweep, &task, error);
    if (!scenario)
        return -1;
    const struct tdm_simulation simulation = simulation_of(sweep, &task, scenario);
    const int status = tdm_check_simulation(&simulation, error);
    tdm_scenario_free(scenario);
    return status;
}

// How this very record is made again, wherever it lies.
static char *command_line(const struct tdm_sweep *sweep, size_t index)
{
    char *line = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&line, &size);
    if (!stream)
        return NULL;
    fprintf(stream, "tandem sweep %s --task %zu", sweep->line, index);
    if (strcmp(sweep->engine, "analytic:") != 0)
        fprintf(stream, " --engine %s", sweep->engine);
    fclose(stream);
    return line;
}

static int record_task(const struct tdm_sweep *sweep, const struct tdm_grid_task *task,
                       struct tdm_simulation simulation, struct tdm_error *error)
{
    const struct tdm_grid *grid = sweep->grid;
    struct tdm_record_varied varied[TDM_GRID_VARIES];
    for (size_t i = 0; i < grid->vary_count; i++) {
        const struct tdm_grid_value *value = task->values[i];
        varied[i] = (struct tdm_record_varied){grid->varies[i].name, value->text, value->number,
                                               value->units, grid->varies[i].set};
    }
    const struct tdm_record_sweep about = {grid->name, grid->title, (int64_t)task->index, varied,
                                           grid->vary_count};
    struct tdm_figures figures = {0};
    char *line = command_line(sweep, task->index);
    simulation.command = line ? line : "tandem sweep";
    simulation.sweep = &about;
    const int status = tdm_simulate(&simulation, &figures, error);
    if (status == 0)
        tdm_explain_unanswered(simulation.scenario, task->policy, &figures);
    tdm_figures_free(&figures);
    free(line);
    return status;
}

static int run_task(const struct tdm_sweep *sweep, size_t index, bool progress,
                    struct tdm_error *error)
{
    char name[TDM_RECORD_NAME], path[LONGEST_PATH];
    struct tdm_grid_task task;
    if (tdm_sweep_is_done(sweep, index))
        return 0; // by somebody else, meanwhile
    tdm_grid_task(sweep->grid, index, &task);
    struct tdm_scenario *scenario = load(sweep, &task, error);
    if (!scenario)
        return -1;
    snprintf(path, sizeof path, "%s/%s", sweep->folder,
             tdm_record_name(index, sweep->keys[index - 1], name));
    struct tdm_simulation simulation = simulation_of(sweep, &task, scenario);
    simulation.record = path;
    simulation.progress = progress;
    tdm_explain_sharing(scenario, sweep->engine);
    const int status = record_task(sweep, &task, simulation, error);
    tdm_scenario_free(scenario);
    return status;
}

// ---- in the processes --------------------------------------------------------------------------

static int say(const struct tdm_error *error, int code)
{
    char text[LONGEST_WHY];
    tdm_error_format(error, text, sizeof text);
    fprintf(stderr, "%s\n", text);
    return code;
}

static int try_job(void *context, size_t job)
{
    const struct work *work = context;
    struct tdm_error error = {0};
    return try_task(work->sweep, work->tasks[job], &error) ? say(&error, TDM_EXIT_USAGE)
                                                           : TDM_EXIT_DONE;
}

static int run_job(void *context, size_t job)
{
    const struct work *work = context;
    struct tdm_error error = {0};
    return run_task(work->sweep, work->tasks[job], false, &error) ? say(&error, TDM_EXIT_FAILED)
                                                                  : TDM_EXIT_DONE;
}

// ---- what became of them -----------------------------------------------------------------------

// The first line that says something, or the last.
static int find_line(const char *said, bool last, const char **line)
{
    int length = 0;
    while (*said) {
        const int n = (int)strcspn(said, "\n");
        if (n && (!length || last)) {
            *line = said;
            length = n;
        }
        said += n + (said[n] == '\n');
    }
    return length;
}

// A task that ends by itself says why at last; one that dies, at first.
static char *explain(const struct tdm_pool_end *end)
{
    char why[LONGEST_WHY];
    const char *line = "";
    const int length = find_line(end->said, end->code >= 0, &line);
    if (end->code < 0)
        snprintf(why, sizeof why, "killed by signal %d (%s)%s%.*s", -end->code,
                 strsignal(-end->code), length ? ": " : "", length, line);
    else if (length)
        snprintf(why, sizeof why, "%.*s", length, line);
    else
        snprintf(why, sizeof why, "it ended with exit code %d and said nothing", end->code);
    return strdup(why);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

// How many tasks are done, with those under way as far as they should be by the others' times.
static double count_done(const struct work *work)
{
    const double ended = (double)work->ended, lasted = work->last - work->started;
    const double left = (double)(work->count - work->ended);
    const double running = fmin((double)work->sweep->at_once, left);
    if (!work->ended || lasted <= 0)
        return ended;
    return ended + fmin(ended / lasted * (now() - work->last), 0.9 * running);
}

static void show(struct work *work)
{
    snprintf(work->title, sizeof work->title, "%.64s: %s %zu of %zu", work->sweep->grid->name,
             work->what, work->ended, work->count);
    if (work->failure_count) {
        const size_t used = strlen(work->title);
        snprintf(work->title + used, sizeof work->title - used, ", %zu failed",
                 work->failure_count);
    }
    tdm_progress_update(&work->progress, count_done(work));
}

static void tick(void *context)
{
    show(context);
}

// Of all remarks, the one of the first task is kept.
static void take_note(struct work *work, size_t task, const struct tdm_pool_end *end)
{
    if (work->note_count++ && work->note.task < task)
        return;
    free(work->note.text);
    work->note = (struct saying){task, 0, explain(end)};
}

static void take(struct work *work, const struct tdm_pool_end *end)
{
    const size_t task = work->tasks[end->job];
    work->ended++;
    work->last = now();
    if (end->code)
        work->failures[work->failure_count++] = (struct saying){task, end->code, explain(end)};
    else if (end->said[0])
        take_note(work, task, end);
    show(work);
}

static bool tried(void *context, const struct tdm_pool_end *end)
{
    struct work *work = context;
    take(work, end);
    return work->failure_count == 0;
}

static bool ran(void *context, const struct tdm_pool_end *end)
{
    take(context, end);
    return true;
}

static int by_task(const void *a, const void *b)
{
    const struct saying *x = a, *y = b;
    return x->task < y->task ? -1 : x->task > y->task;
}

static void print_failure(const struct tdm_sweep *sweep, const struct saying *failure)
{
    char text[LONGEST_WHY];
    struct tdm_grid_task task;
    tdm_grid_task(sweep->grid, failure->task, &task);
    fprintf(stderr, "tandem sweep: task %zu (%s): %s\n", failure->task,
            tdm_grid_task_text(sweep->grid, &task, text, sizeof text),
            failure->text ? failure->text : "out of memory");
}

static void print_note(const struct work *work)
{
    static const char prefix[] = "tandem: ";
    const char *text = work->note.text ? work->note.text : "out of memory";
    if (strncmp(text, prefix, sizeof prefix - 1) == 0)
        text += sizeof prefix - 1;
    if (work->note_count)
        fprintf(stderr, "tandem sweep: %zu of %zu tasks ended with a remark, as task %zu: %s\n",
                work->note_count, work->count, work->note.task, text);
}

// ---- all tasks ---------------------------------------------------------------------------------

static int start_work(struct work *work, const struct tdm_sweep *sweep, const size_t *tasks,
                      size_t count, struct tdm_error *error)
{
    *work = (struct work){.sweep = sweep, .tasks = tasks, .count = count};
    work->failures = calloc(count + 1, sizeof *work->failures);
    return work->failures ? 0 : tdm_fail(error, "out of memory");
}

static void end_work(struct work *work)
{
    for (size_t i = 0; i < work->failure_count; i++)
        free(work->failures[i].text);
    free(work->failures);
    free(work->note.text);
}

static int go(struct work *work, int (*run)(void *, size_t),
              bool (*ended)(void *, const struct tdm_pool_end *), const char *what,
              struct tdm_error *error)
{
    const size_t most = work->sweep->at_once;
    const struct tdm_pool pool = {.count = work->count,
                                  .at_once = work->count < most ? work->count : most,
                                  .context = work,
                                  .run = run,
                                  .ended = ended,
                                  .tick = tick};
    if (!work->count)
        return 0;
    work->what = what;
    work->started = work->last = now();
    tdm_progress_start(&work->progress, work->title, NULL, (double)work->count);
    show(work);
    const int status = tdm_pool_run(&pool, error);
    tdm_progress_end(&work->progress);
    qsort(work->failures, work->failure_count, sizeof *work->failures, by_task);
    return status;
}

// Seeds change nothing that could be wrong: one task stands for those that differ in the seed
// alone.
static int try_all(const struct tdm_sweep *sweep, const size_t *tasks, size_t count)
{
    struct tdm_error error = {0};
    struct work work;
    size_t *some = calloc(count + 1, sizeof *some), chosen = 0;
    const size_t seeds = (size_t)sweep->grid->seeds;
    size_t last = SIZE_MAX;
    for (size_t i = 0; some && i < count; i++) {
        const size_t variant = (tasks[i] - 1) / seeds;
        if (variant != last)
            some[chosen++] = tasks[i];
        last = variant;
    }
    int status =
        some ? start_work(&work, sweep, some, chosen, &error) : tdm_fail(&error, "out of memory");
    int code = TDM_EXIT_DONE;
    if (status == 0) {
        status = go(&work, try_job, tried, "checked", &error);
        if (work.failure_count) {
            print_failure(sweep, &work.failures[0]);
            code = work.failures[0].code == TDM_EXIT_USAGE ? TDM_EXIT_USAGE : TDM_EXIT_FAILED;
        }
        end_work(&work);
    }
    free(some);
    return status ? tdm_cli_fail("sweep", &error, TDM_EXIT_FAILED) : code;
}

static int run_all(const struct tdm_sweep *sweep, const size_t *tasks, size_t count)
{
    struct tdm_error error = {0};
    struct work work;
    if (start_work(&work, sweep, tasks, count, &error) || go(&work, run_job, ran, "run", &error))
        return tdm_cli_fail("sweep", &error, TDM_EXIT_FAILED);
    print_note(&work);
    for (size_t i = 0; i < work.failure_count; i++)
        print_failure(sweep, &work.failures[i]);
    const size_t failed = work.failure_count;
    end_work(&work);
    printf("%s: %zu tasks, %zu run now, %zu finished before", sweep->grid->name, sweep->grid->count,
           count - failed, sweep->grid->count - count);
    if (failed)
        printf(", %zu failed", failed);
    printf("\nrecords: %s\n", sweep->folder);
    return failed ? TDM_EXIT_FAILED : TDM_EXIT_DONE;
}

static int keep_list(const struct tdm_sweep *sweep, struct tdm_error *error)
{
    const struct tdm_record_list list = {.grid = sweep->grid->name,
                                         .title = sweep->grid->title,
                                         .grid_key = tdm_record_key(sweep->grid->name),
                                         .keys = sweep->keys,
                                         .count = sweep->grid->count};
    return tdm_record_list_keep(&list, sweep->folder, error);
}

static int try_and_run(const struct tdm_sweep *sweep, const size_t *tasks, size_t count)
{
    struct tdm_error error = {0};
    const int code = try_all(sweep, tasks, count);
    if (code)
        return code;
    if (keep_list(sweep, &error))
        return tdm_cli_fail("sweep", &error, TDM_EXIT_USAGE);
    return run_all(sweep, tasks, count);
}

int tdm_sweep_run(const struct tdm_sweep *sweep)
{
    struct tdm_error error = {0};
    size_t *tasks = calloc(sweep->grid->count, sizeof *tasks), count = 0;
    if (!tasks) {
        tdm_fail(&error, "out of memory");
        return tdm_cli_fail("sweep", &error, TDM_EXIT_FAILED);
    }
    for (size_t i = 1; i <= sweep->grid->count; i++)
        if (!tdm_sweep_is_done(sweep, i))
            tasks[count++] = i;
    const int code = try_and_run(sweep, tasks, count);
    free(tasks);
    return code;
}

int tdm_sweep_run_task(const struct tdm_sweep *sweep, size_t task)
{
    struct tdm_error error = {0};
    char name[TDM_RECORD_NAME];
    const bool done = tdm_sweep_is_done(sweep, task);
    const int code = done ? TDM_EXIT_DONE : try_all(sweep, &task, 1);
    if (code)
        return code;
    if (keep_list(sweep, &error))
        return tdm_cli_fail("sweep", &error, TDM_EXIT_USAGE);
    if (!done && run_task(sweep, task, true, &error)) {
        char why[LONGEST_WHY];
        tdm_error_format(&error, why, sizeof why);
        print_failure(sweep, &(struct saying){.task = task, .text = why});
        return TDM_EXIT_FAILED;
    }
    printf("task %zu of %zu%s\nrecord: %s/%s\n", task, sweep->grid->count,
           done ? ", finished before" : "", sweep->folder,
           tdm_record_name(task, sweep->keys[task - 1], name));
    return TDM_EXIT_DONE;
}

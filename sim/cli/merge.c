// SPDX-License-Identifier: GPL-3.0-or-later
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/merge_table.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/pool.h"
#include "cli/sweep.h"
#include "core/error.h"
#include "core/h5.h"
#include "core/partial.h"
#include "engine/record_folder.h"

enum {
    LONGEST_PATH = 4096,
    PATIENCE = 20, // s, for the reading of a record
    SHOWN = 10,    // tasks and files that are named; of more, the number is said
};

struct arguments {
    const char *folder, *output;
};

static int parse(int argc, char **argv, struct arguments *a)
{
    const struct tdm_option options[] = {
        {'o', "output", "FILE", .text = &a->output, .required = true,
         .help = "the merged file, HDF5 (tandem help record)"},
    };
    const struct tdm_usage usage = {"merge", "DIR",
                                    "Joins the records of a sweep's folder: a table with a row a "
                                    "run, and links to the records, "
                                    "which stay where they are. What is not finished or not of the "
                                    "sweep is left out, and said.",
                                    options, TDM_COUNT(options)};
    *a = (struct arguments){0};
    return tdm_options_read(&usage, argc, argv, &a->folder, 1, 1);
}

// ---- what is left out --------------------------------------------------------------------------

static bool is_listed(const struct tdm_record_list *list, const char *name)
{
    char wanted[TDM_RECORD_NAME];
    char *end;
    if (strncmp(name, "task-", 5) != 0)
        return false;
    const unsigned long long task = strtoull(name + 5, &end, 10);
    return task >= 1 && task <= list->count && *end == '-' &&
           strcmp(name, tdm_record_name((size_t)task, list->keys[task - 1], wanted)) == 0;
}

static bool ends_in(const char *name, const char *ending)
{
    const size_t length = strlen(name), most = strlen(ending);
    return length > most && strcmp(name + length - most, ending) == 0;
}

static bool is_merged(const char *folder, const char *name)
{
    char path[LONGEST_PATH];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    struct tdm_h5 *file = tdm_h5_open(path, NULL);
    const bool merged = file && tdm_h5_has(file, "/runs/task") && tdm_h5_has(file, "/links");
    tdm_h5_close(file, NULL);
    return merged;
}

// What is wrong with a file in the folder; NULL: nothing, or it is nobody's business, as notes are
// and the logs of the programs that ran the tasks.
static const char *wrong_with(const struct tdm_record_list *list, const char *folder,
                              const char *name)
{
    if (ends_in(name, ".partial"))
        return "not finished";
    if (!ends_in(name, ".h5") || is_listed(list, name) || strcmp(name, TDM_RECORD_LIST) == 0 ||
        is_merged(folder, name))
        return NULL;
    return "no record of this sweep as it is now";
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void say_foreign(const struct arguments *a, const struct tdm_record_list *list)
{
    struct dirent **entries;
    const int count = scandir(a->folder, &entries, NULL, by_name);
    size_t foreign = 0;
    for (int i = 0; i < count; i++) {
        const char *wrong = wrong_with(list, a->folder, entries[i]->d_name);
        if (wrong && foreign++ < SHOWN)
            fprintf(stderr, "tandem merge: %s/%s: left out: %s\n", a->folder, entries[i]->d_name,
                    wrong);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    if (foreign > SHOWN)
        fprintf(stderr, "tandem merge: left out: %zu files more like these\n", foreign - SHOWN);
}

static void say_missing(const struct arguments *a, const struct tdm_record_list *list)
{
    size_t missing = 0;
    for (size_t i = 0; i < list->count; i++)
        missing += !tdm_record_is_there(a->folder, i + 1, list->keys[i]);
    if (!missing)
        return;
    fprintf(stderr, "tandem merge: %zu of %zu tasks have no record yet:", missing, list->count);
    size_t shown = 0;
    for (size_t i = 0; i < list->count && shown < SHOWN; i++)
        if (!tdm_record_is_there(a->folder, i + 1, list->keys[i]))
            fprintf(stderr, "%s %zu", shown++ ? "," : "", i + 1);
    fputs(missing > SHOWN ? ", …\n" : "\n", stderr);
}

// ---- the records -------------------------------------------------------------------------------

// A record that is there, and what is wrong with it.
struct found {
    size_t task;
    bool bad;
};

struct reading {
    const struct arguments *a;
    const struct tdm_record_list *list;
    struct found *found;
    size_t count;
};

static int add(const struct reading *r, size_t index, struct tdm_merge *merge,
               struct tdm_error *error)
{
    char name[TDM_RECORD_NAME], path[LONGEST_PATH];
    const size_t task = r->found[index].task;
    snprintf(path, sizeof path, "%s/%s", r->a->folder,
             tdm_record_name(task, r->list->keys[task - 1], name));
    return tdm_merge_add(merge, path, (int64_t)task, error);
}

// In a process of its own: HDF5 may crash on a damaged file, or never come back.
static int try_record(void *context, size_t index)
{
    struct tdm_error error = {0};
    char text[1024];
    alarm(PATIENCE);
    const struct reading *r = context;
    struct tdm_merge *merge = tdm_merge_new(r->a->output, &error);
    const int status = merge ? add(r, index, merge, &error) : -1;
    tdm_merge_free(merge);
    if (status == 0)
        return TDM_EXIT_DONE;
    tdm_error_format(&error, text, sizeof text);
    fprintf(stderr, "%s", text);
    return TDM_EXIT_FAILED;
}

static bool tried(void *context, const struct tdm_pool_end *end)
{
    struct reading *r = context;
    char name[TDM_RECORD_NAME];
    struct found *found = &r->found[end->job];
    found->bad = end->code != 0;
    if (end->code > 0 && end->said[0])
        fprintf(stderr, "tandem merge: left out: %s\n", end->said);
    else if (end->code)
        fprintf(stderr, "tandem merge: left out: %s/%s: damaged, it cannot be read\n", r->a->folder,
                tdm_record_name(found->task, r->list->keys[found->task - 1], name));
    return true;
}

static int read_found(struct reading *r, struct tdm_merge *merge, struct tdm_error *error)
{
    const size_t processors = tdm_pool_processors();
    const struct tdm_pool pool = {.count = r->count,
                                  .at_once = r->count < processors ? r->count : processors,
                                  .context = r,
                                  .run = try_record,
                                  .ended = tried};
    if (r->count && tdm_pool_run(&pool, error))
        return -1;
    for (size_t i = 0; i < r->count; i++) {
        struct tdm_error why = {0};
        const int status = r->found[i].bad ? 0 : add(r, i, merge, &why);
        if (status == TDM_MERGE_NO_MEMORY)
            return tdm_fail(error, "out of memory after %zu records", i);
        if (status) { // fine by itself, but it does not go with the first
            char text[1024];
            tdm_error_format(&why, text, sizeof text);
            fprintf(stderr, "tandem merge: left out: %s\n", text);
        }
    }
    if (tdm_merge_rows(merge) == 0)
        return tdm_fail_at(error, r->a->folder, 0, 0, "no finished record to merge");
    return 0;
}

// Records that cannot be read are said and left out. -1 where nothing is left.
static int read_records(const struct arguments *a, const struct tdm_record_list *list,
                        struct tdm_merge *merge, struct tdm_error *error)
{
    struct reading r = {.a = a, .list = list, .found = calloc(list->count, sizeof *r.found)};
    if (!r.found)
        return tdm_fail(error, "out of memory");
    for (size_t i = 0; i < list->count; i++)
        if (tdm_record_is_there(a->folder, i + 1, list->keys[i]))
            r.found[r.count++].task = i + 1;
    const int status = read_found(&r, merge, error);
    free(r.found);
    return status;
}

static int write_merged(const struct arguments *a, const struct tdm_merge *merge,
                        struct tdm_error *error)
{
    struct tdm_partial partial;
    if (tdm_partial_open(&partial, a->output, error))
        return -1;
    if (tdm_merge_write(merge, partial.fd, a->output, error) == 0)
        return tdm_partial_commit(&partial, error);
    tdm_partial_abandon(&partial);
    return -1;
}

// The merged file may lie among the records, but not be one of them, or their list.
static int check_output(const struct arguments *a, const struct tdm_record_list *list,
                        struct tdm_error *error)
{
    const char *slash = strrchr(a->output, '/'), *name = slash ? slash + 1 : a->output;
    char path[LONGEST_PATH];
    struct stat ours, there;
    if (!is_listed(list, name) && strcmp(name, TDM_RECORD_LIST) != 0)
        return 0;
    snprintf(path, sizeof path, "%s/%s", a->folder, name);
    if (stat(path, &ours) || stat(a->output, &there) || ours.st_dev != there.st_dev ||
        ours.st_ino != there.st_ino)
        return 0;
    return tdm_fail_at(error, a->output, 0, 0, "belongs to the sweep; name another file");
}

static int merge_folder(const struct arguments *a, const struct tdm_record_list *list)
{
    struct tdm_error error = {0};
    struct tdm_merge *merge = tdm_merge_new(a->output, &error);
    if (!merge)
        return tdm_cli_fail("merge", &error, TDM_EXIT_FAILED);
    int code = TDM_EXIT_DONE;
    if (read_records(a, list, merge, &error))
        code = tdm_cli_fail("merge", &error, TDM_EXIT_USAGE);
    else if (write_merged(a, merge, &error))
        code = tdm_cli_fail("merge", &error, TDM_EXIT_FAILED);
    else
        printf("%s: %zu of %zu runs\nmerged: %s\n", tdm_merge_grid(merge), tdm_merge_rows(merge),
               list->count, a->output);
    tdm_merge_free(merge);
    return code;
}

int tdm_cli_merge(int argc, char **argv)
{
    struct arguments a;
    struct tdm_error error = {0};
    struct tdm_record_list list;
    const int count = parse(argc, argv, &a);
    if (count < 0)
        return tdm_options_exit(count);
    int code;
    if (tdm_record_list_read(&list, a.folder, &error) || check_output(&a, &list, &error)) {
        code = tdm_cli_fail("merge", &error, TDM_EXIT_USAGE);
    } else {
        say_foreign(&a, &list);
        say_missing(&a, &list);
        code = merge_folder(&a, &list);
    }
    free(list.keys);
    return code;
}

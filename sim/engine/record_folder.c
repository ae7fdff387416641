// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/record_folder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/h5.h"
#include "core/partial.h"

enum {
    LONGEST_PATH = 4096,
    MOST_TASKS = 100 * 1000 * 1000,
    ATTEMPTS = 10, // to write what many others write, too; each waits a second for them
};

const char *tdm_record_name(size_t task, int64_t key, char *name)
{
    snprintf(name, TDM_RECORD_NAME, "task-%06zu-%016" PRIx64 ".h5", task, (uint64_t)key);
    return name;
}

static char *path_in(const char *folder, const char *name, char *path)
{
    snprintf(path, LONGEST_PATH, "%s/%s", folder, name);
    return path;
}

bool tdm_record_is_there(const char *folder, size_t task, int64_t key)
{
    char name[TDM_RECORD_NAME], path[LONGEST_PATH];
    struct stat there;
    return stat(path_in(folder, tdm_record_name(task, key, name), path), &there) == 0 &&
           S_ISREG(there.st_mode);
}

// ---- reading -----------------------------------------------------------------------------------

static int read_keys(struct tdm_record_list *list, struct tdm_h5 *file, const char *path,
                     struct tdm_error *error)
{
    size_t shape[TDM_H5_RANK];
    const int rank = tdm_h5_shape(file, "/keys", shape, error);
    if (rank < 0)
        return -1;
    if (rank != 1 || !shape[0] || shape[0] > MOST_TASKS)
        return tdm_fail_at(error, path, 0, 0, "not the list of a sweep");
    list->count = shape[0];
    list->keys = calloc(list->count, sizeof *list->keys);
    if (!list->keys)
        return tdm_fail(error, "out of memory");
    return tdm_h5_get_array(file, "/keys", TDM_H5_INT64, list->count, list->keys, error);
}

static int read_list(struct tdm_record_list *list, struct tdm_h5 *file, const char *path,
                     struct tdm_error *error)
{
    int64_t version = 0;
    if (!tdm_h5_has(file, "/keys") || !tdm_h5_has_attribute(file, "/", "grid_key"))
        return tdm_fail_at(error, path, 0, 0, "not the list of a sweep");
    if (tdm_h5_get_integer(file, "/", "schema_version", &version, error))
        return -1;
    if (version != TDM_RECORD_LIST_VERSION)
        return tdm_fail_at(error, path, 0, 0, "version %" PRId64 " of the list; this tandem has %d",
                           version, TDM_RECORD_LIST_VERSION);
    if (tdm_h5_get_integer(file, "/", "grid_key", &list->grid_key, error))
        return -1;
    return read_keys(list, file, path, error);
}

int tdm_record_list_read(struct tdm_record_list *list, const char *folder, struct tdm_error *error)
{
    char path[LONGEST_PATH];
    *list = (struct tdm_record_list){0};
    if (access(folder, F_OK) == 0 && access(path_in(folder, TDM_RECORD_LIST, path), F_OK) != 0)
        return tdm_fail_at(error, folder, 0, 0, "not the folder of a sweep: no " TDM_RECORD_LIST);
    struct tdm_h5 *file = tdm_h5_open(path_in(folder, TDM_RECORD_LIST, path), error);
    if (!file)
        return -1;
    const int status = read_list(list, file, path, error);
    tdm_h5_close(file, NULL);
    if (status == 0)
        return 0;
    free(list->keys);
    *list = (struct tdm_record_list){0};
    return -1;
}

// ---- writing -----------------------------------------------------------------------------------

static int write_all(const struct tdm_record_list *list, struct tdm_h5 *file,
                     struct tdm_error *error)
{
    static const struct tdm_h5_about about = {
        "1", "of the record of each task, the first of task 1; 16 hexadecimal digits of its name"};
    if (tdm_h5_put_text(file, "/", "format", TDM_RECORD_LIST_FORMAT, error) ||
        tdm_h5_put_integer(file, "/", "schema_version", TDM_RECORD_LIST_VERSION, error) ||
        tdm_h5_put_text(file, "/", "grid", list->grid, error) ||
        tdm_h5_put_integer(file, "/", "grid_key", list->grid_key, error) ||
        (list->title && tdm_h5_put_text(file, "/", "title", list->title, error)))
        return -1;
    return tdm_h5_put_array(file, "/keys", TDM_H5_INT64, 1, &list->count, list->keys, &about,
                            error);
}

static int write_list(const struct tdm_record_list *list, const char *path, struct tdm_error *error)
{
    struct tdm_partial partial;
    if (tdm_partial_open(&partial, path, error))
        return -1;
    struct tdm_h5 *file = tdm_h5_create(partial.fd, path, error);
    int status = file ? write_all(list, file, error) : -1;
    if (tdm_h5_close(file, status ? NULL : error))
        status = -1;
    if (status == 0)
        return tdm_partial_commit(&partial, error);
    tdm_partial_abandon(&partial);
    return -1;
}

enum state { MISSING, SAME, OLDER, FOREIGN };

static enum state compare(const struct tdm_record_list *list, const char *folder,
                          struct tdm_error *error)
{
    char path[LONGEST_PATH];
    struct tdm_record_list there;
    enum state state = FOREIGN;
    if (access(path_in(folder, TDM_RECORD_LIST, path), F_OK) != 0)
        return MISSING;
    if (tdm_record_list_read(&there, folder, error) == 0) {
        const bool same = there.count == list->count &&
                          memcmp(there.keys, list->keys, list->count * sizeof *list->keys) == 0;
        if (there.grid_key != list->grid_key)
            tdm_fail_at(error, folder, 0, 0,
                        "holds the records of another grid; name another folder for '%.64s'",
                        list->grid);
        else
            state = same ? SAME : OLDER;
    }
    free(there.keys);
    return state;
}

static int make_folder(const char *folder, struct tdm_error *error)
{
    struct stat there;
    if (strlen(folder) > LONGEST_PATH - TDM_RECORD_NAME - 16)
        return tdm_fail_at(error, folder, 0, 0, "too long a path");
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return tdm_fail_errno(error, folder, "cannot make the folder");
    if (stat(folder, &there) || !S_ISDIR(there.st_mode))
        return tdm_fail_at(error, folder, 0, 0, "not a folder");
    return 0;
}

int tdm_record_list_keep(const struct tdm_record_list *list, const char *folder,
                         struct tdm_error *error)
{
    char path[LONGEST_PATH];
    if (make_folder(folder, error))
        return -1;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        switch (compare(list, folder, error)) {
        case FOREIGN:
            return -1;
        case SAME:
            return 0;
        default:
            if (write_list(list, path_in(folder, TDM_RECORD_LIST, path), error) == 0)
                return 0;
        }
    }
    return -1;
}

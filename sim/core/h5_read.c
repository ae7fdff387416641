// SPDX-License-Identifier: GPL-3.0-or-later
/* The reading half of core/h5.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/h5_parts.h"

enum { LONGEST_TEXT = 64 * 1024 * 1024 };

// ---- files -------------------------------------------------------------------------------------

struct tdm_h5 *tdm_h5_open(const char *path, struct tdm_error *error)
{
    FILE *probe = fopen(path, "re"); // says better than the library what is wrong
    if (!probe) {
        tdm_fail_errno(error, path, "cannot open");
        return NULL;
    }
    fclose(probe);
    struct tdm_h5 *file = tdm_h5_new(path, error);
    if (!file)
        return NULL;
    if (H5Fis_hdf5(path) <= 0) {
        tdm_fail_at(error, path, 0, 0, "not an HDF5 file");
        tdm_h5_free(file);
        return NULL;
    }
    const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
#if H5_VERSION_GE(1, 10, 7)
    if (list >= 0) // finished files do not change, and network file systems may have no locks
        H5Pset_file_locking(list, false, true);
#endif
    file->id = list < 0 ? list : H5Fopen(path, H5F_ACC_RDONLY, list);
    const int status = tdm_h5_check(file, file->id >= 0, "", error);
    tdm_h5_close_all(-1, -1, list);
    if (status == 0)
        return file;
    tdm_h5_free(file);
    return NULL;
}

struct tdm_h5 *tdm_h5_follow(struct tdm_h5 *file, const char *link, struct tdm_error *error)
{
    char name[TDM_H5_LONGEST_PATH] = "";
    const hid_t group = H5Gopen2(file->id, link, H5P_DEFAULT);
    const hid_t id = group < 0 ? group : H5Iget_file_id(group);
    if (id >= 0)
        H5Fget_name(id, name, sizeof name);
    if (group >= 0)
        H5Gclose(group);
    struct tdm_h5 *other = id < 0 ? NULL : tdm_h5_new(name, error);
    if (other) {
        other->id = id;
        return other;
    }
    if (id >= 0)
        H5Fclose(id);
    else
        tdm_fail_at(error, file->name, 0, 0, "its link '%.200s' leads to no readable file", link);
    return NULL;
}

const char *tdm_h5_file(const struct tdm_h5 *file)
{
    return file->name;
}

// ---- objects -----------------------------------------------------------------------------------

bool tdm_h5_has(struct tdm_h5 *file, const char *path)
{
    char part[TDM_H5_LONGEST_PATH];
    const size_t length = strlen(path);
    if (length >= sizeof part)
        return false;
    // Every group on the way must be there before the library may be asked for what is in it.
    for (size_t i = 1; i <= length; i++) {
        if (path[i] && path[i] != '/')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (i > 1 && H5Lexists(file->id, part, H5P_DEFAULT) <= 0)
            return false;
    }
    return true;
}

bool tdm_h5_has_attribute(struct tdm_h5 *file, const char *path, const char *name)
{
    return tdm_h5_has(file, path) && H5Aexists_by_name(file->id, path, name, H5P_DEFAULT) > 0;
}

static hid_t open_attribute(struct tdm_h5 *file, const char *path, const char *name,
                            struct tdm_error *error)
{
    if (tdm_h5_has_attribute(file, path, name)) {
        const hid_t id = H5Aopen_by_name(file->id, path, name, H5P_DEFAULT, H5P_DEFAULT);
        const hid_t space = H5Aget_space(id);
        const bool good = H5Sget_simple_extent_npoints(space) == 1;
        tdm_h5_close_all(-1, space, -1);
        if (good)
            return id;
        H5Aclose(id);
    }
    return tdm_fail_at(error, file->name, 0, 0, "'%.200s' has no single attribute '%.64s'", path,
                       name);
}

static char *read_text(hid_t id)
{
    char *text = NULL, *out = NULL;
    const hid_t type = H5Aget_type(id);
    const size_t size = H5Tget_size(type);
    if (H5Tis_variable_str(type) > 0) {
        if (H5Aread(id, type, &text) >= 0 && text)
            out = strdup(text);
        H5free_memory(text);
    } else if (H5Tget_class(type) == H5T_STRING && size < LONGEST_TEXT) {
        out = calloc(1, size + 1);
        if (out && H5Aread(id, type, out) < 0) {
            free(out);
            out = NULL;
        }
    }
    tdm_h5_close_all(type, -1, -1);
    return out;
}

char *tdm_h5_get_text(struct tdm_h5 *file, const char *path, const char *name,
                      struct tdm_error *error)
{
    const hid_t id = open_attribute(file, path, name, error);
    if (id < 0)
        return NULL;
    char *text = read_text(id);
    H5Aclose(id);
    if (!text)
        tdm_fail_at(error, file->name, 0, 0, "the attribute '%.64s' is not text", name);
    return text;
}

static int get_number(struct tdm_h5 *file, const char *path, const char *name, hid_t type,
                      void *value, struct tdm_error *error)
{
    const hid_t id = open_attribute(file, path, name, error);
    const int status = id < 0 ? -1 : tdm_h5_check(file, H5Aread(id, type, value) >= 0, name, error);
    if (id >= 0)
        H5Aclose(id);
    tdm_h5_close_all(type, -1, -1);
    return status;
}

int tdm_h5_get_double(struct tdm_h5 *file, const char *path, const char *name, double *value,
                      struct tdm_error *error)
{
    return get_number(file, path, name, tdm_h5_element(TDM_H5_DOUBLE), value, error);
}

int tdm_h5_get_integer(struct tdm_h5 *file, const char *path, const char *name, int64_t *value,
                       struct tdm_error *error)
{
    return get_number(file, path, name, tdm_h5_element(TDM_H5_INT64), value, error);
}

static hid_t open_array(struct tdm_h5 *file, const char *path, struct tdm_error *error)
{
    const hid_t id = tdm_h5_has(file, path) ? H5Dopen2(file->id, path, H5P_DEFAULT) : -1;
    return id >= 0 ? id : tdm_fail_at(error, file->name, 0, 0, "no array '%.200s'", path);
}

int tdm_h5_shape(struct tdm_h5 *file, const char *path, size_t *shape, struct tdm_error *error)
{
    const hid_t id = open_array(file, path, error);
    if (id < 0)
        return -1;
    hsize_t extent[H5S_MAX_RANK];
    const hid_t space = H5Dget_space(id);
    int rank = H5Sget_simple_extent_dims(space, extent, NULL);
    for (int i = 0; i < rank && i < TDM_H5_RANK; i++)
        shape[i] = extent[i];
    if (rank < 0 || rank > TDM_H5_RANK)
        rank = tdm_fail_at(error, file->name, 0, 0, "'%.200s' has no shape to work with", path);
    tdm_h5_close_all(-1, space, -1);
    H5Dclose(id);
    return rank;
}

int tdm_h5_get_array(struct tdm_h5 *file, const char *path, enum tdm_h5_type type, size_t count,
                     void *values, struct tdm_error *error)
{
    const hid_t id = open_array(file, path, error);
    if (id < 0)
        return -1;
    const hid_t space = H5Dget_space(id), element = tdm_h5_element(type);
    const hssize_t there = H5Sget_simple_extent_npoints(space);
    int status = 0;
    if (there < 0 || (uint64_t)there != count)
        status = tdm_fail_at(error, file->name, 0, 0, "'%.200s' has %lld elements, not %zu", path,
                             (long long)there, count);
    else if (count)
        status = tdm_h5_check(
            file, H5Dread(id, element, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0, path, error);
    tdm_h5_close_all(element, space, -1);
    H5Dclose(id);
    return status;
}

int tdm_h5_get_rows(struct tdm_h5 *file, const char *path, enum tdm_h5_type type, size_t from,
                    size_t count, void *values, struct tdm_error *error)
{
    const hid_t id = open_array(file, path, error);
    if (id < 0)
        return -1;
    const hsize_t start = from, length = count;
    const hid_t space = H5Dget_space(id), element = tdm_h5_element(type);
    const hid_t memory = H5Screate_simple(1, &length, NULL);
    const hssize_t there = H5Sget_simple_extent_npoints(space);
    int status = 0;
    if (H5Sget_simple_extent_ndims(space) != 1 || there < 0 || from > (uint64_t)there ||
        count > (uint64_t)there - from)
        status = tdm_fail_at(error, file->name, 0, 0, "'%.200s' has no rows %zu to %zu", path, from,
                             from + count);
    else if (count)
        status = tdm_h5_check(
            file,
            H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &length, NULL) >= 0 &&
                H5Dread(id, element, memory, space, H5P_DEFAULT, values) >= 0,
            path, error);
    tdm_h5_close_all(element, space, -1);
    tdm_h5_close_all(-1, memory, -1);
    H5Dclose(id);
    return status;
}

struct visit {
    void (*function)(void *context, const char *name);
    void *context;
};

static herr_t visit_one(hid_t group, const char *name, const H5L_info_t *info, void *context)
{
    const struct visit *visit = context;
    (void)group, (void)info;
    visit->function(visit->context, name);
    return 0;
}

int tdm_h5_list(struct tdm_h5 *file, const char *path,
                void (*function)(void *context, const char *name), void *context,
                struct tdm_error *error)
{
    struct visit visit = {function, context};
    hsize_t at = 0;
    const bool good =
        tdm_h5_has(file, path) && H5Literate_by_name(file->id, path, H5_INDEX_NAME, H5_ITER_INC,
                                                     &at, visit_one, &visit, H5P_DEFAULT) >= 0;
    return tdm_h5_check(file, good, path, error);
}

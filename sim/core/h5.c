// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/h5_parts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFLATE = 1 }; // higher levels take far more time for a few percent

// ---- errors ------------------------------------------------------------------------------------

// What the function closest to the trouble says of it.
static herr_t innermost(unsigned n, const H5E_error2_t *entry, void *context)
{
    const char **text = context;
    if (n == 0 && entry->desc)
        *text = entry->desc;
    return 0;
}

static int fail(struct tdm_h5 *file, struct tdm_error *error, const char *what, const char *object)
{
    const char *why = "no reason given";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, &why);
    if (file->sink.number)
        why = strerror(file->sink.number);
    file->failed = true;
    const char *quote = object[0] ? "'" : "";
    return tdm_fail_at(error, file->name, 0, 0, "%s%s%s%.200s%s: %.200s", what,
                       object[0] ? " " : "", quote, object, quote, why);
}

int tdm_h5_check(struct tdm_h5 *file, bool good, const char *object, struct tdm_error *error)
{
    if (good && !file->sink.number)
        return 0;
    return fail(file, error, file->writes ? "cannot write" : "cannot read", object);
}

// ---- types -------------------------------------------------------------------------------------

size_t tdm_h5_size(enum tdm_h5_type type)
{
    static const size_t sizes[TDM_H5_TYPES] = {sizeof(double),  sizeof(float),    sizeof(int32_t),
                                               sizeof(int64_t), sizeof(uint64_t), sizeof(bool)};
    return sizes[type];
}

static hid_t bool_type(void)
{
    const hid_t type = H5Tenum_create(H5T_STD_I8LE);
    static const int8_t no = 0, yes = 1;
    if (type < 0)
        return type;
    if (H5Tenum_insert(type, "FALSE", &no) >= 0 && H5Tenum_insert(type, "TRUE", &yes) >= 0)
        return type;
    H5Tclose(type);
    return -1;
}

// In memory the same as in the file, on every machine that we know.
hid_t tdm_h5_element(enum tdm_h5_type type)
{
    if (type == TDM_H5_BOOL)
        return bool_type();
    const hid_t types[] = {H5T_IEEE_F64LE, H5T_IEEE_F32LE, H5T_STD_I32LE, H5T_STD_I64LE,
                           H5T_STD_U64LE};
    return H5Tcopy(types[type]);
}

static hid_t text_type(void)
{
    const hid_t type = H5Tcopy(H5T_C_S1);
    if (type < 0)
        return type;
    if (H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0)
        return type;
    H5Tclose(type);
    return -1;
}

void tdm_h5_close_all(hid_t type, hid_t space, hid_t list)
{
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    if (list >= 0)
        H5Pclose(list);
}

// ---- files -------------------------------------------------------------------------------------

struct tdm_h5 *tdm_h5_new(const char *name, struct tdm_error *error)
{
    struct tdm_h5 *file = calloc(1, sizeof *file);
    if (file)
        file->name = strdup(name);
    if (!file || !file->name) {
        free(file);
        tdm_fail(error, "out of memory");
        return NULL;
    }
    file->id = file->driver = file->groups = -1;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5Eclear2(H5E_DEFAULT);
    return file;
}

void tdm_h5_free(struct tdm_h5 *file)
{
    if (file->driver >= 0)
        H5FDunregister(file->driver);
    tdm_h5_close_all(-1, -1, file->groups);
    free(file->name);
    free(file);
}

struct tdm_h5 *tdm_h5_create(int fd, const char *name, struct tdm_error *error)
{
    struct tdm_h5 *file = tdm_h5_new(name, error);
    if (!file)
        return NULL;
    file->writes = true;
    file->sink.fd = fd;
    file->driver = H5FDregister(&tdm_h5_sink_class);
    file->groups = H5Pcreate(H5P_GROUP_CREATE);
    const struct tdm_h5_sink *sink = &file->sink;
    const hid_t root = H5Pcreate(H5P_FILE_CREATE), list = H5Pcreate(H5P_FILE_ACCESS);
    if (H5Pset_obj_track_times(file->groups, false) >= 0 &&
        H5Pset_obj_track_times(root, false) >= 0 && H5Pset_driver(list, file->driver, &sink) >= 0 &&
        H5Pset_libver_bounds(list, H5F_LIBVER_V110, H5F_LIBVER_V110) >= 0)
        file->id = H5Fcreate(name, H5F_ACC_TRUNC, root, list);
    const int status = tdm_h5_check(file, file->id >= 0, "", error);
    tdm_h5_close_all(-1, -1, root);
    tdm_h5_close_all(-1, -1, list);
    if (status == 0)
        return file;
    if (file->id >= 0)
        H5Fclose(file->id);
    tdm_h5_free(file);
    return NULL;
}

int tdm_h5_close(struct tdm_h5 *file, struct tdm_error *error)
{
    if (!file)
        return 0;
    const bool failed_before = file->failed;
    int status = tdm_h5_check(file, H5Fclose(file->id) >= 0, "", error);
    if (status == 0 && failed_before && file->writes)
        status = tdm_fail_at(error, file->name, 0, 0, "cannot write all of it");
    tdm_h5_free(file);
    return status;
}

const char *tdm_h5_version(char *text, size_t size)
{
    unsigned major = 0, minor = 0, release = 0;
    H5get_libversion(&major, &minor, &release);
    snprintf(text, size, "%u.%u.%u", major, minor, release);
    return text;
}

const char *tdm_h5_name(const char *name, char *text)
{
    const bool only_dots = name[strspn(name, ".")] == '\0';
    char *out = text;
    for (size_t i = 0; name[i] && i < 127; i++) {
        if (name[i] == '/' || (only_dots && name[i] == '.'))
            out += sprintf(out, "%%%02X", (unsigned)(unsigned char)name[i]);
        else
            *out++ = name[i];
    }
    *out = '\0';
    return text;
}

// ---- writing -----------------------------------------------------------------------------------

// Makes the groups of the first `length` bytes of a path, as far as they are missing.
static int make_groups(struct tdm_h5 *file, const char *path, size_t length,
                       struct tdm_error *error)
{
    char part[TDM_H5_LONGEST_PATH];
    if (length >= sizeof part)
        return tdm_fail_at(error, file->name, 0, 0, "'%.64s…' is too long a path", path);
    for (size_t i = 2; i <= length; i++) {
        if (i < length && path[i] != '/')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (H5Lexists(file->id, part, H5P_DEFAULT) > 0)
            continue;
        const hid_t group = H5Gcreate2(file->id, part, H5P_DEFAULT, file->groups, H5P_DEFAULT);
        if (tdm_h5_check(file, group >= 0 && H5Gclose(group) >= 0, part, error))
            return -1;
    }
    return 0;
}

int tdm_h5_group(struct tdm_h5 *file, const char *path, struct tdm_error *error)
{
    return make_groups(file, path, strlen(path), error);
}

static int make_parents(struct tdm_h5 *file, const char *path, struct tdm_error *error)
{
    const char *slash = strrchr(path, '/');
    return slash ? make_groups(file, path, (size_t)(slash - path), error) : 0;
}

static int put(struct tdm_h5 *file, const char *path, const char *name, hid_t type,
               const void *value, struct tdm_error *error)
{
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t attribute =
        H5Acreate_by_name(file->id, path, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    bool good = attribute >= 0 && H5Awrite(attribute, type, value) >= 0;
    if (good)
        good = H5Aclose(attribute) >= 0;
    const int status = tdm_h5_check(file, good, name, error);
    tdm_h5_close_all(type, space, -1);
    return status;
}

int tdm_h5_put_text(struct tdm_h5 *file, const char *path, const char *name, const char *text,
                    struct tdm_error *error)
{
    return put(file, path, name, text_type(), &text, error);
}

int tdm_h5_put_double(struct tdm_h5 *file, const char *path, const char *name, double value,
                      struct tdm_error *error)
{
    return put(file, path, name, tdm_h5_element(TDM_H5_DOUBLE), &value, error);
}

int tdm_h5_put_integer(struct tdm_h5 *file, const char *path, const char *name, int64_t value,
                       struct tdm_error *error)
{
    return put(file, path, name, tdm_h5_element(TDM_H5_INT64), &value, error);
}

static int describe(struct tdm_h5 *file, const char *path, const struct tdm_h5_about *about,
                    struct tdm_error *error)
{
    if (about && about->units && tdm_h5_put_text(file, path, "units", about->units, error))
        return -1;
    if (about && about->description)
        return tdm_h5_put_text(file, path, "description", about->description, error);
    return 0;
}

// How arrays are stored: no time of day; with `chunk`, in pieces of that many rows, compressed.
static hid_t storage(const hsize_t *chunk)
{
    const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    if (list < 0)
        return list;
    bool good = H5Pset_obj_track_times(list, false) >= 0;
    if (good && chunk)
        good = H5Pset_chunk(list, 1, chunk) >= 0 && H5Pset_shuffle(list) >= 0 &&
               H5Pset_deflate(list, DEFLATE) >= 0;
    if (good)
        return list;
    H5Pclose(list);
    return -1;
}

int tdm_h5_column_open(struct tdm_h5_column *column, struct tdm_h5 *file, const char *path,
                       enum tdm_h5_type type, size_t rows, const struct tdm_h5_about *about,
                       struct tdm_error *error)
{
    *column = (struct tdm_h5_column){.file = file, .type = type};
    if (make_parents(file, path, error))
        return -1;
    const hsize_t none = 0, chunk = rows, most = H5S_UNLIMITED;
    const hid_t element = tdm_h5_element(type);
    const hid_t space = H5Screate_simple(1, &none, &most);
    const hid_t list = storage(&chunk);
    const hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    hid_t id = -1;
    // Chunks are written whole and once: a cache for them would be memory for nothing.
    if (access >= 0 && H5Pset_chunk_cache(access, 1, 0, 1) >= 0 && list >= 0)
        id = H5Dcreate2(file->id, path, element, space, H5P_DEFAULT, list, access);
    const int status = tdm_h5_check(file, id >= 0, path, error);
    tdm_h5_close_all(element, space, list);
    tdm_h5_close_all(-1, -1, access);
    column->id = id < 0 ? 0 : id;
    return status ? status : describe(file, path, about, error);
}

int tdm_h5_column_append(struct tdm_h5_column *column, const void *values, size_t count,
                         struct tdm_error *error)
{
    if (count == 0)
        return 0;
    const hsize_t from = column->count, added = count, all = from + added;
    const hid_t type = tdm_h5_element(column->type);
    const hid_t memory = H5Screate_simple(1, &added, NULL);
    bool good = H5Dset_extent(column->id, &all) >= 0;
    const hid_t space = good ? H5Dget_space(column->id) : -1;
    good = good && H5Sselect_hyperslab(space, H5S_SELECT_SET, &from, NULL, &added, NULL) >= 0 &&
           H5Dwrite(column->id, type, memory, space, H5P_DEFAULT, values) >= 0;
    const int status = tdm_h5_check(column->file, good, "", error);
    tdm_h5_close_all(type, memory, -1);
    tdm_h5_close_all(-1, space, -1);
    column->count = all;
    return status;
}

void tdm_h5_column_close(struct tdm_h5_column *column)
{
    if (column->id > 0)
        H5Dclose(column->id);
    column->id = 0;
}

// Closes `element`.
static int put_array(struct tdm_h5 *file, const char *path, hid_t element, size_t rank,
                     const size_t *shape, const void *values, const struct tdm_h5_about *about,
                     struct tdm_error *error)
{
    assert(rank <= TDM_H5_RANK);
    if (make_parents(file, path, error))
        return -1;
    hsize_t extent[TDM_H5_RANK] = {0};
    for (size_t i = 0; i < rank; i++)
        extent[i] = shape[i];
    const hid_t space = rank ? H5Screate_simple((int)rank, extent, NULL) : H5Screate(H5S_SCALAR);
    const hid_t list = storage(NULL);
    const hid_t id = H5Dcreate2(file->id, path, element, space, H5P_DEFAULT, list, H5P_DEFAULT);
    bool good = id >= 0 && H5Dwrite(id, element, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    if (good)
        good = H5Dclose(id) >= 0;
    const int status = tdm_h5_check(file, good, path, error);
    tdm_h5_close_all(element, space, list);
    return status ? status : describe(file, path, about, error);
}
int tdm_h5_put_array(struct tdm_h5 *file, const char *path, enum tdm_h5_type type, size_t rank,
                     const size_t *shape, const void *values, const struct tdm_h5_about *about,
                     struct tdm_error *error)
{
    return put_array(file, path, tdm_h5_element(type), rank, shape, values, about, error);
}

int tdm_h5_put_texts(struct tdm_h5 *file, const char *path, const char *const *texts, size_t count,
                     const struct tdm_h5_about *about, struct tdm_error *error)
{
    size_t longest = 1;
    for (size_t i = 0; i < count; i++)
        longest = strlen(texts[i]) >= longest ? strlen(texts[i]) + 1 : longest;
    char *rows = calloc(count + 1, longest);
    if (!rows)
        return tdm_fail(error, "out of memory");
    for (size_t i = 0; i < count; i++)
        memcpy(rows + i * longest, texts[i], strlen(texts[i]));
    const hid_t element = H5Tcopy(H5T_C_S1);
    H5Tset_size(element, longest);
    H5Tset_cset(element, H5T_CSET_UTF8);
    const int status = put_array(file, path, element, 1, &count, rows, about, error);
    free(rows);
    return status;
}

int tdm_h5_put_link(struct tdm_h5 *file, const char *path, const char *other,
                    struct tdm_error *error)
{
    if (make_parents(file, path, error))
        return -1;
    return tdm_h5_check(
        file, H5Lcreate_external(other, "/", file->id, path, H5P_DEFAULT, H5P_DEFAULT) >= 0, path,
        error);
}

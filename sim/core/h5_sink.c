// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/h5_sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sink {
    H5FD_t base;
    struct tdm_h5_sink *file;
    haddr_t reserved, end; // bytes
};

static H5FD_t *sink_open(const char *name, unsigned flags, hid_t list, haddr_t most)
{
    (void)name, (void)most;
    struct tdm_h5_sink *const *file = H5Pget_driver_info(list);
    struct stat there;
    if (!file || fstat((*file)->fd, &there) != 0)
        return NULL;
    if (flags & H5F_ACC_TRUNC && ftruncate((*file)->fd, there.st_size = 0) != 0)
        return NULL;
    struct sink *sink = calloc(1, sizeof *sink);
    if (!sink)
        return NULL;
    sink->file = *file;
    sink->end = (haddr_t)there.st_size;
    return &sink->base;
}

static herr_t sink_close(H5FD_t *base)
{
    free(base);
    return 0;
}

static int sink_compare(const H5FD_t *a, const H5FD_t *b)
{
    const uintptr_t x = (uintptr_t)((const struct sink *)a)->file;
    const uintptr_t y = (uintptr_t)((const struct sink *)b)->file;
    return (x > y) - (x < y);
}

static herr_t sink_query(const H5FD_t *base, unsigned long *flags)
{
    (void)base;
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
             H5FD_FEAT_AGGREGATE_SMALLDATA | H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
    return 0;
}

static haddr_t sink_get_eoa(const H5FD_t *base, H5FD_mem_t type)
{
    (void)type;
    return ((const struct sink *)base)->reserved;
}

static herr_t sink_set_eoa(H5FD_t *base, H5FD_mem_t type, haddr_t address)
{
    (void)type;
    ((struct sink *)base)->reserved = address;
    return 0;
}

static haddr_t sink_get_eof(const H5FD_t *base, H5FD_mem_t type)
{
    (void)type;
    return ((const struct sink *)base)->end;
}

static herr_t sink_read(H5FD_t *base, H5FD_mem_t type, hid_t list, haddr_t address, size_t size,
                        void *buffer)
{
    (void)type, (void)list;
    struct tdm_h5_sink *file = ((struct sink *)base)->file;
    memset(buffer, 0, size); // beyond the end there are zeros
    for (size_t done = 0; done < size && !file->number;) {
        const ssize_t n =
            pread(file->fd, (char *)buffer + done, size - done, (off_t)(address + done));
        if (n == 0)
            break;
        if (n > 0)
            done += (size_t)n;
        else if (errno != EINTR)
            file->number = errno;
    }
    return 0;
}

static herr_t sink_write(H5FD_t *base, H5FD_mem_t type, hid_t list, haddr_t address, size_t size,
                         const void *buffer)
{
    (void)type, (void)list;
    struct sink *sink = (struct sink *)base;
    struct tdm_h5_sink *file = sink->file;
    for (size_t done = 0; done < size && !file->number;) {
        const ssize_t n =
            pwrite(file->fd, (const char *)buffer + done, size - done, (off_t)(address + done));
        if (n >= 0)
            done += (size_t)n;
        else if (errno != EINTR)
            file->number = errno;
    }
    if (address + size > sink->end)
        sink->end = address + size;
    return 0;
}

static herr_t sink_truncate(H5FD_t *base, hid_t list, hbool_t closing)
{
    (void)list, (void)closing;
    struct sink *sink = (struct sink *)base;
    struct tdm_h5_sink *file = sink->file;
    if (!file->number && ftruncate(file->fd, (off_t)sink->reserved) != 0)
        file->number = errno;
    sink->end = sink->reserved;
    return 0;
}

const H5FD_class_t tdm_h5_sink_class = {
#ifdef H5FD_CLASS_VERSION
    .version = H5FD_CLASS_VERSION,
    .value = (H5FD_class_value_t)(H5_VFD_RESERVED + 64),
#endif
    .name = "tandem",
    .maxaddr = INT64_MAX,
    .fc_degree = H5F_CLOSE_STRONG, // what a caller forgot to close goes with the file
    .fapl_size = sizeof(struct tdm_h5_sink *),
    .open = sink_open,
    .close = sink_close,
    .cmp = sink_compare,
    .query = sink_query,
    .get_eoa = sink_get_eoa,
    .set_eoa = sink_set_eoa,
    .get_eof = sink_get_eof,
    .read = sink_read,
    .write = sink_write,
    .truncate = sink_truncate,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

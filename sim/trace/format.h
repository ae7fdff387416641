// SPDX-License-Identifier: GPL-3.0-or-later
/** The file formats of traces: one file a format, one table. */
#ifndef TDM_TRACE_FORMAT_H
#define TDM_TRACE_FORMAT_H

#include <stddef.h>

#include "trace/series.h"
#include "trace/trace.h"

/** A column of a generic CSV that plays a part under another name: `throughput_mbps:Mbit/s`. */
struct tdm_csv_column {
    const char *name; /**< in the header; NULL: found by the usual names */
    const char *unit; /**< NULL: the one in the name */
};

/** How to read. Start with {0}. Strings stay the caller's. */
struct tdm_read_options {
    double packet;                              /**< mahimahi: bytes a line; 0: 1500 */
    bool alone;                                 /**< mahimahi: do not look for the other half */
    enum tdm_unknown unknown;                   /**< for moments whose rate is not known */
    struct tdm_csv_column time;                 /**< generic CSV */
    struct tdm_csv_column columns[TDM_COLUMNS]; /**< generic CSV */
    const char *const *where; /**< generic CSV: "NAME=VALUE", only rows where all are so */
    size_t where_count;
};

/** A file's text in memory; `text[length]` is '\0'. `path` names it in messages. */
struct tdm_input {
    const char *path;
    const char *text;
    size_t length;
    const struct tdm_read_options *options;
};

/** How to write. Start with {0}. */
struct tdm_write_options {
    double packet; /**< mahimahi: bytes a line; 0: 1500 */
    /** Called with the name of each file that was written, or NULL. */
    void (*wrote)(const char *path, void *context);
    void *context;
};

/** A format; it can be read or written or both. Read fills an empty series, which the caller
 * clears. */
struct tdm_trace_format {
    const char *name;
    const char *summary;
    const char *extensions; /**< ".up .down", the first is the usual one; "" for none */
    int (*read)(const struct tdm_input *input, struct tdm_series *series, struct tdm_error *error);
    int (*write)(const struct tdm_trace *trace, const char *path,
                 const struct tdm_write_options *options, struct tdm_error *error);
};

extern const struct tdm_trace_format tdm_format_mahimahi, tdm_format_pensieve, tdm_format_sabre,
    tdm_format_ucc, tdm_format_csv, tdm_format_simgrid, tdm_format_seconds, tdm_format_hdf5;

/** All of them; ends with NULL. */
extern const struct tdm_trace_format *const tdm_trace_formats[];

/** By name; NULL and `error` with the nearest. */
const struct tdm_trace_format *tdm_format_find(const char *name, struct tdm_error *error);

/** By the file's content and name; NULL and `error` where it cannot be told. */
const struct tdm_trace_format *tdm_format_detect(const struct tdm_input *input,
                                                 struct tdm_error *error);

/** By the extension of a file to be written; NULL where none fits. */
const struct tdm_trace_format *tdm_format_by_extension(const char *path);

/**
 * Reads a file into an empty series; every rate is known afterwards. `from` is a format's name or
 * NULL (told by content and name), `options` may be NULL. `format`, if not NULL, gets what it was.
 */
int tdm_series_load(struct tdm_series *series, const char *path, const char *from,
                    const struct tdm_read_options *options, const struct tdm_trace_format **format,
                    struct tdm_error *error);

/** The same as a trace; the caller frees it. */
struct tdm_trace *tdm_trace_load(const char *path, const char *from,
                                 const struct tdm_read_options *options, struct tdm_error *error);

/**
 * The names of the files for a trace with two directions: "out.bw" -> "out.up.bw", "out.down.bw";
 * "x.up" or "x.down" -> "x.up", "x.down". With one direction, `path` itself.
 */
void tdm_format_path(const struct tdm_trace *trace, enum tdm_direction direction, const char *path,
                     char *out, size_t size);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/** Where a number comes from. Every description lists its sources; elements name them by id. */
#ifndef TDM_MODEL_SOURCE_H
#define TDM_MODEL_SOURCE_H

#include "core/schema.h"

enum tdm_source_kind { TDM_MEASURED, TDM_FITTED, TDM_PUBLISHED, TDM_ASSUMED, TDM_SOURCE_KINDS };
extern const char *const tdm_source_kinds[TDM_SOURCE_KINDS + 1];

struct tdm_source {
    struct tdm_place place;
    const char *id;
    int kind;          /**< enum tdm_source_kind */
    const char *what;  /**< the paper, data set or document; for `assumed`, why */
    const char *error; /**< of a fit, for people: "latency 0.4 %, power 1.1 % (5-fold)" */
    const char *date;  /**< of a fit: 2026-11-21 */
};

/** Attributes and element, for the tables of each kind of document. */
extern const struct tdm_attribute tdm_source_attributes[];

/** The `<source>` child of a parent struct that has `sources` and `source_count`. */
#define TDM_SOURCE_ELEMENT(parent) \
    { \
        .name = "source", .help = "where numbers come from; elements name it by id", \
        .size = sizeof(struct tdm_source), .attributes = tdm_source_attributes, \
        .attribute_count = TDM_SOURCE_ATTRIBUTES, TDM_CHILDREN(parent, sources, source_count), \
        .key = "id" \
    }
enum { TDM_SOURCE_ATTRIBUTES = 5 };

/** The source with this id, or NULL. */
const struct tdm_source *tdm_source_find(const struct tdm_source *sources, size_t count,
                                         const char *id);

/** Fails where `id` (may be NULL: nothing to check) names no source; `place` is where it stands. */
int tdm_source_check(const struct tdm_source *sources, size_t count, const char *id,
                     const char *file, struct tdm_place place, struct tdm_error *error);

#endif

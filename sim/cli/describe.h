// SPDX-License-Identifier: GPL-3.0-or-later
/** Descriptions (boards, dnns, servers, radios) for people and, by their tables, as JSON. */
#ifndef TDM_CLI_DESCRIBE_H
#define TDM_CLI_DESCRIBE_H

#include <jansson.h>

#include "core/schema.h"
#include "core/table.h"
#include "model/source.h"

/** A description's sources, as its struct keeps them. */
struct tdm_sources {
    const struct tdm_source *items;
    size_t count;
};

/** A number with its unit, 4 digits (a clock: 7); "-" where it is not known. Returns `text`. */
char *tdm_describe_number(double value, enum tdm_dimension dimension, char *text, size_t size);

/** An attribute's value; a list as its range: "6.5 to 25.6 Gbit/s". Returns `text`. */
char *tdm_describe_value(const struct tdm_attribute *attribute, const void *object, char *text,
                         size_t size);

/** Adds a cell with a number and its unit. */
void tdm_describe_cell(struct tdm_table *table, double value, enum tdm_dimension dimension);

/**
 * "published [3]" of a source's id; with more pairs of what and id ("timing", "switching") that
 * end with NULL: "published [3]; timing assumed [4]". Pairs without id, or with the id of the
 * first, are passed over. Returns `text`.
 */
char *tdm_describe_source(struct tdm_sources sources, char *text, size_t size, const char *id, ...)
    __attribute__((sentinel));

/** The numbered list of sources: kind, date, what, error. */
void tdm_describe_sources(struct tdm_sources sources, FILE *stream);

/** A heading with a blank line before it. */
void tdm_describe_heading(FILE *stream, const char *title);

/**
 * The whole object by its table: attributes in SI, their names with '_' and the unit
 * ("pmax_w", "rtt_s"), null where unset; children as arrays (an object where there can be but
 * one). NULL where memory ran out.
 */
json_t *tdm_describe_json(const struct tdm_element *element, const void *object);

/** The key of an attribute in that JSON. Returns `text`. */
char *tdm_describe_key(const struct tdm_attribute *attribute, char *text, size_t size);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/** A small layer over Expat: streams one untrusted document into callbacks, with places and caps.
 */
#ifndef TDM_CORE_XML_H
#define TDM_CORE_XML_H

#include <stddef.h>
#include <stdio.h>

#include "tandem.h"

struct tdm_place {
    long line, column;
};

/**
 * What a reader is told. `attributes` is name, value, name, value, …, NULL. A callback that
 * returns -1 has filled `error` (a missing place is added here) and ends the reading. `tag`, which
 * may be NULL, is called before `start` with where the start tag, '<' to '>', lies in the document.
 */
struct tdm_xml_callbacks {
    int (*start)(void *context, struct tdm_place place, const char *element,
                 const char *const *attributes, struct tdm_error *error);
    int (*end)(void *context, struct tdm_place place, const char *element, struct tdm_error *error);
    int (*tag)(void *context, size_t at, size_t length, struct tdm_error *error);
};

/** Documents larger or deeper than this are refused, and so are tags and comments of 1 MiB. */
enum { TDM_XML_MOST_BYTES = 64 * 1024 * 1024, TDM_XML_DEEPEST = 64 };

/**
 * Reads `stream`; `name` stands in messages. Document type declarations (and so all entities but
 * the five of XML), text between elements and processing instructions other than the XML
 * declaration are errors; comments are skipped. Returns 0, or -1 with `error` filled.
 */
int tdm_xml_read(FILE *stream, const char *name, const struct tdm_xml_callbacks *callbacks,
                 void *context, struct tdm_error *error);

/** The same from memory. */
int tdm_xml_read_text(const char *text, size_t length, const char *name,
                      const struct tdm_xml_callbacks *callbacks, void *context,
                      struct tdm_error *error);

/** Writes `text` with &, <, >, quotes and control characters escaped. */
void tdm_xml_escape(FILE *stream, const char *text);

#endif

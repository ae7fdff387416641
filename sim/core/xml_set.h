// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Changes attributes in the text of a document and leaves every other byte as it was: spaces,
 * comments, the order of attributes.
 */
#ifndef TDM_CORE_XML_SET_H
#define TDM_CORE_XML_SET_H

#include "core/arena.h"
#include "core/xml.h"

enum { TDM_XML_STEPS = 8 };

/** An element by its name and, where `key` is not NULL, by the value of an attribute. */
struct tdm_xml_step {
    const char *element;
    const char *key, *value;
};

/** "fleet/link[from=nano]/@trace": elements from below the root down, and an attribute of the last.
 * Of the root itself: "@duration". */
struct tdm_xml_path {
    struct tdm_xml_step steps[TDM_XML_STEPS];
    int step_count;
    const char *attribute;
};

/** Reads a path; what it points to is in `arena`. -1 with `error`'s message. */
int tdm_xml_path_read(struct tdm_xml_path *path, const char *text, struct tdm_arena *arena,
                      struct tdm_error *error);

struct tdm_xml_setting {
    const struct tdm_xml_path *path;
    const char *value; /**< UTF-8; NULL: the attribute goes away */
};

/**
 * The text of the document with every attribute that the paths mean set, all at once; paths see the
 * document as it was. `name` stands in messages about the document. NULL with `error`: it cannot be
 * read; a path means no element of it (no place, and the nearest); two settings mean one attribute.
 * The caller frees the text, which ends with a '\0'.
 */
char *tdm_xml_set(const char *text, size_t length, const char *name,
                  const struct tdm_xml_setting *settings, size_t count, size_t *new_length,
                  struct tdm_error *error);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/** What the files of `tandem help` share. */
#ifndef TDM_CLI_HELP_PARTS_H
#define TDM_CLI_HELP_PARTS_H

#include <stdio.h>

struct tdm_element;

struct tdm_topic {
    const char *name;
    const char *summary;
    void (*print)(FILE *stream, int width);
};

/** Everything that is explained besides the commands; ends with a NULL name. */
extern const struct tdm_topic tdm_topics[];

/** Topics that have a file of their own. */
void tdm_help_environment(FILE *stream, int width);
void tdm_help_learning(FILE *stream, int width);

/** The table that describes a kind of file ("scenario"), or NULL. */
const struct tdm_element *tdm_topic_schema(const char *name);

/** The same one by one, from 0; NULL after the last. */
const char *tdm_topic_schema_name(unsigned index);

#endif

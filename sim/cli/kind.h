// SPDX-License-Identifier: GPL-3.0-or-later
/** `tandem KIND list|show`: what the commands board, dnn, server and radio have in common. */
#ifndef TDM_CLI_KIND_H
#define TDM_CLI_KIND_H

#include "cli/describe.h"
#include "cli/options.h"

enum { TDM_KIND_FLAGS = 3 };

/** A command of one kind alone. */
struct tdm_kind_command {
    const char *name, *arguments, *summary;
    int (*run)(int argc, char **argv); /**< argv[0] is the command's own name */
};

/** A kind of description. */
struct tdm_kind {
    const char *name;                      /**< "board" */
    const char *folder;                    /**< of platforms: "boards" */
    const char *listed;                    /**< about `list` */
    const char *shown;                     /**< about `show` */
    const char *flags[TDM_KIND_FLAGS + 1]; /**< more options of `show`; NULL ends */
    const char *flag_help[TDM_KIND_FLAGS + 1];
    const struct tdm_kind_command *more; /**< beside list and show, or NULL */
    const struct tdm_element *schema;
    const char *const *titles; /**< of list's columns */

    void *(*load)(const char *name_or_path, struct tdm_error *error);
    void (*free)(void *object);
    const char *(*path)(const void *object);
    void (*row)(const void *object, struct tdm_table *table); /**< one of list */
    json_t *(*summary)(const void *object);                   /**< the same as JSON */
    void (*show)(const void *object, const bool *flags, FILE *stream);
};

/** The kinds, each in the file of its command. */
extern const struct tdm_kind tdm_board_kind, tdm_dnn_kind, tdm_radio_kind, tdm_server_kind;

/** Runs `list` or `show`; argv[0] is the kind's name. An exit code. */
int tdm_kind_run(const struct tdm_kind *kind, int argc, char **argv);

#endif

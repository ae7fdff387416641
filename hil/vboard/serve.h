// SPDX-License-Identifier: GPL-3.0-or-later
/** The two ways in to a virtual board. Each serves until a signal ends it. */
#ifndef VB_SERVE_H
#define VB_SERVE_H

#include "hil/vboard/machine.h"

struct vb_serving {
    const char *place;            /**< mount point, or folder */
    bool allow_other;             /**< FUSE: other users may come in */
    void (*ready)(void *context); /**< called once it can be used */
    void *context;
};

/** Mounts a FUSE file system. -1 with `error`. */
int vb_serve_fuse(struct vb_machine *machine, const struct vb_serving *serving,
                  struct tdm_error *error);
/** Lays plain files out in a folder and keeps them alive. -1 with `error`. */
int vb_serve_folder(struct vb_machine *machine, const struct vb_serving *serving,
                    struct tdm_error *error);

/** Does the work of a line of `.tandem/work` and writes the answer, its newline included. */
void vb_answer(struct vb_machine *machine, const char *line, char *answer, size_t size,
               bool (*given_up)(void *context), void *context);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/** What runs a piece of work on the board that the agent stands on. */
#ifndef TDM_AGENT_EXECUTOR_H
#define TDM_AGENT_EXECUTOR_H

#include "hil/board/hw.h"
#include "hil/board/vwork.h"

struct tdm_executor {
    const struct tdm_executor_type *type;
};

struct tdm_executor_type {
    const char *name;
    const char *summary;
    /** NULL without `error`: not on this board; NULL with `error`: it should, and cannot. */
    struct tdm_executor *(*open)(struct tdm_hw *hw, const char *root, struct tdm_error *error);
    void (*close)(struct tdm_executor *executor);
    /** Runs it once and blocks. `seconds`: how long it took. By one thread at a time. */
    int (*run)(struct tdm_executor *executor, const struct tdm_vwork_job *work, double *seconds,
               struct tdm_error *error);
};

/** In the order in which they are tried where none is asked for; ends with NULL. */
extern const struct tdm_executor_type *const tdm_executor_types[];
extern const struct tdm_executor_type tdm_executor_vboard, tdm_executor_emulated;

/** By name; NULL: the first that there is. NULL with `error` (needed). The caller closes it. */
struct tdm_executor *tdm_executor_open(const char *name, struct tdm_hw *hw, const char *root,
                                       struct tdm_error *error);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/** What runs a piece of work on the board that the agent stands on. */
#ifndef TDM_AGENT_EXECUTOR_H
#define TDM_AGENT_EXECUTOR_H

#include <stdatomic.h>

#include "hil/agent/networks.h"
#include "hil/board/hw.h"
#include "hil/board/vwork.h"

struct tdm_executor {
    const struct tdm_executor_type *type;
    const atomic_bool *stop; /**< true, and a signal came: a run is given up, with an error */
};

/** What it is opened with, and what lives as long. */
struct tdm_executor_setup {
    struct tdm_hw *hw;
    const char *root;
    struct tdm_networks *networks;
};

struct tdm_executor_type {
    const char *name;
    const char *summary;
    bool computes; /**< this machine does the work; false: another tells how long that takes */
    bool asked;    /**< only where somebody asks for it by name */
    /** NULL without `error`: not on this board; NULL with `error`: it should, and cannot. */
    struct tdm_executor *(*open)(const struct tdm_executor_setup *setup, struct tdm_error *error);
    void (*close)(struct tdm_executor *executor);
    /** Runs it once and blocks. `seconds`: how long it took. By one thread at a time. */
    int (*run)(struct tdm_executor *executor, const struct tdm_vwork_job *work, double *seconds,
               struct tdm_error *error);
};

/** In the order in which they are tried where none is asked for; ends with NULL. */
extern const struct tdm_executor_type *const tdm_executor_types[];
extern const struct tdm_executor_type tdm_executor_vboard, tdm_executor_emulated, tdm_executor_onnx;

/** By name; NULL: the first that there is. NULL with `error` (needed). The caller closes it. */
struct tdm_executor *tdm_executor_open(const char *name, const struct tdm_executor_setup *setup,
                                       struct tdm_error *error);

#endif

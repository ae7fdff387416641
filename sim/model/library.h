// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Where descriptions are found. A reference is a path (it holds '/' or ends in ".xml") or the name
 * of a file NAME.xml in the folder of its kind ("boards", "servers", "radios", "dnns",
 * "scenarios") under one of, in this order: each folder of the environment's TANDEM_PLATFORMS
 * (colon separated), the source tree, share/tandem beside the program, the installed data.
 */
#ifndef TDM_MODEL_LIBRARY_H
#define TDM_MODEL_LIBRARY_H

#include "core/schema.h"

/** The path that a reference means, allocated in `arena`; NULL if there is none. */
const char *tdm_library_path(const char *kind, const char *reference, struct tdm_arena *arena);

/** The same, or NULL with `error` filled, naming the nearest known name. */
const char *tdm_library_find(const char *kind, const char *reference, struct tdm_arena *arena,
                             struct tdm_error *error);

/**
 * The folder with the stages (ONNX files) of a dnn: NAME beside its file NAME.xml, which need not
 * be there. -1 with `error`: an unknown name, a file called otherwise, a path of `size` or more.
 */
int tdm_library_stages(const char *reference, char *folder, size_t size, struct tdm_error *error);

/**
 * Reads what a reference means into a new arena, which the caller frees. NULL with `error` filled:
 * an unknown name (with the nearest known one) or what the file has wrong.
 */
void *tdm_library_load(const char *kind, const char *reference, const struct tdm_element *root,
                       struct tdm_arena **arena, struct tdm_error *error);

/**
 * A path in a description is meant relative to the file that says it: the path of `reference` seen
 * from beside `base` where such a file exists, else `reference` as it is.
 */
const char *tdm_library_beside(const char *base, const char *reference, struct tdm_arena *arena);

/**
 * The path of a trace: a file (beside `base` or as given), or NAME.csv of the `traces` folder
 * beside a platforms folder. NULL with `error` filled, naming the nearest sample.
 */
const char *tdm_library_trace(const char *base, const char *reference, struct tdm_arena *arena,
                              struct tdm_error *error);

/** Calls `visit` with each known name of a kind ("boards", …, "traces"), sorted, once each. */
void tdm_library_list(const char *kind, void (*visit)(void *context, const char *name),
                      void *context);

#endif

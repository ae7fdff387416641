// SPDX-License-Identifier: GPL-3.0-or-later
/** The descriptions that a scenario names, each loaded once however many elements name it. */
#ifndef TDM_MODEL_PARTS_H
#define TDM_MODEL_PARTS_H

#include "model/board.h"
#include "model/dnn.h"
#include "model/radio.h"
#include "model/server.h"
#include "trace/trace.h"

struct tdm_parts;

/** Relative paths are looked up beside the file `base` first. NULL if there is no memory. */
struct tdm_parts *tdm_parts_new(const char *base);
/** Frees every part with it. */
void tdm_parts_free(struct tdm_parts *parts);

/** Loaded at the first call. NULL with `error` filled. */
const struct tdm_board *tdm_parts_board(struct tdm_parts *parts, const char *reference,
                                        struct tdm_error *error);
const struct tdm_server *tdm_parts_server(struct tdm_parts *parts, const char *reference,
                                          struct tdm_error *error);
const struct tdm_radio *tdm_parts_radio(struct tdm_parts *parts, const char *reference,
                                        struct tdm_error *error);
const struct tdm_dnn *tdm_parts_dnn(struct tdm_parts *parts, const char *reference,
                                    struct tdm_error *error);

/** A sample's name or a path, any format; rates below `floor` (bytes/s) are raised to it. */
const struct tdm_trace *tdm_parts_trace(struct tdm_parts *parts, const char *reference,
                                        double floor, struct tdm_error *error);
const struct tdm_trace *tdm_parts_constant(struct tdm_parts *parts, double up, double down,
                                           struct tdm_error *error);
/** tdm_trace_new, a new one at each call. */
const struct tdm_trace *tdm_parts_samples(struct tdm_parts *parts,
                                          const struct tdm_samples *samples,
                                          struct tdm_error *error);
/** tdm_trace_narrower of two of these traces, made once. NULL if there is no memory. */
const struct tdm_trace *tdm_parts_narrower(struct tdm_parts *parts, const struct tdm_trace *own,
                                           const struct tdm_trace *limit);

#endif

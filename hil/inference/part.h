// SPDX-License-Identifier: GPL-3.0-or-later
/** What the parts of a split network have in common: features in, logits out. */
#ifndef TDM_INFERENCE_PART_H
#define TDM_INFERENCE_PART_H

#include "hil/inference/features.h"
#include "hil/inference/session.h"

enum { TDM_CLASSES = 4096 }; /**< at most */

/** FOLDER/NAME.onnx; -1 with `error` where that is too long. */
int tdm_part_path(const char *folder, const char *name, char *path, size_t size,
                  struct tdm_error *error);

/** The channels and plane of a port (batch, channels, …) of float32; false for any other. */
bool tdm_part_features(const struct tdm_port *port, struct tdm_features *size);

/** The length of a port (batch, length) of float32; 0 for any other. */
int tdm_part_vector(const struct tdm_port *port);

/** Of a session with one input of features and one output of logits. -1 with `error`. */
int tdm_part_check(const struct tdm_session *session, const char *path, struct tdm_features *takes,
                   int *classes, struct tdm_error *error);

#endif

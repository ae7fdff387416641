// SPDX-License-Identifier: GPL-3.0-or-later
/** Which execution providers really ran a model's kernels: read from the profile of one run. */
#ifndef TDM_INFERENCE_TRIAL_H
#define TDM_INFERENCE_TRIAL_H

#include "hil/inference/ort.h"

enum { TDM_TRIAL_TEXT = 256 };

struct tdm_trial {
    char folder[64], prefix[80]; // the profile's file stands in a folder of its own
};

int tdm_trial_start(struct tdm_trial *trial, struct tdm_error *error);
/** Ends the profile of `session` and says in `text` (TDM_TRIAL_TEXT bytes) what ran. */
int tdm_trial_read(struct tdm_runtime *runtime, ort_session *session, char *text,
                   struct tdm_error *error);
/** Removes the folder and the files in it. */
void tdm_trial_end(struct tdm_trial *trial);

/** The same from a profile's text; an empty `text` where it names no provider. */
void tdm_trial_count(const char *profile, size_t size, char *text);

#endif

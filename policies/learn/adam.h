// SPDX-License-Identifier: GPL-3.0-or-later
/** Adam (Kingma and Ba, ICLR 2015), with its paper's constants, and clipping by the global norm. */
#ifndef TDM_POLICIES_LEARN_ADAM_H
#define TDM_POLICIES_LEARN_ADAM_H

#include "tandem.h"

struct tdm_adam {
    double rate;   /**< the step size */
    int64_t steps; /**< taken so far */
    size_t count;  /**< parameters */
    float *mean;   /**< of the gradients, first moments */
    float *square; /**< of the gradients, second moments */
};

int tdm_adam_open(struct tdm_adam *adam, size_t count, double rate, struct tdm_error *error);
/** One of zeros is fine. */
void tdm_adam_close(struct tdm_adam *adam);
/** One step down the gradient. */
void tdm_adam_step(struct tdm_adam *adam, float *parameters, const float *gradient);

/** Scales the gradient to a norm of at most `most`; returns the norm it had (maybe not finite). */
double tdm_gradient_clip(float *gradient, size_t count, double most);

#endif

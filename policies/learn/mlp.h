// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A multilayer perceptron in single precision: ReLU between the layers, a linear output. All of its
 * parameters are one array, so that optimisers, soft updates and files are one loop.
 *
 * Rows are samples. Running and learning allocate nothing.
 */
#ifndef TDM_POLICIES_LEARN_MLP_H
#define TDM_POLICIES_LEARN_MLP_H

#include "core/random.h"
#include "tandem.h"

enum { TDM_MLP_LAYERS = 8, TDM_MLP_WIDEST = 1 << 16, TDM_MLP_LARGEST = 1 << 24 };

struct tdm_mlp {
    int layers;                    /**< of weights, 1 to TDM_MLP_LAYERS */
    int sizes[TDM_MLP_LAYERS + 1]; /**< values in, after each hidden layer, out */
    int widest;                    /**< of the sizes */
    size_t count;                  /**< parameters */
    float *parameters;             /**< layer by layer: weights [in][out], then biases [out] */
};

/**
 * `sizes` has `layers` + 1 entries, 1 to TDM_MLP_WIDEST each. All zeros. -1 with `error`, also for
 * more than TDM_MLP_LARGEST parameters.
 */
int tdm_mlp_open(struct tdm_mlp *mlp, const int *sizes, int layers, struct tdm_error *error);
/** One of zeros is fine. */
void tdm_mlp_close(struct tdm_mlp *mlp);

/** Normal weights of variance 2 / inputs, biases of zero (He et al., ICCV 2015). */
void tdm_mlp_initialise(struct tdm_mlp *mlp, struct tdm_random *random);

/** Goes the share `rate` of the way to `leader`, of the same sizes; 1: a copy. */
void tdm_mlp_follow(struct tdm_mlp *mlp, const struct tdm_mlp *leader, double rate);

/** What a pass over many rows leaves for the way back. */
struct tdm_mlp_pass {
    int most;           /**< rows that fit */
    int rows;           /**< of the last pass */
    const float *input; /**< of the last pass; the caller's */
    float *after[TDM_MLP_LAYERS];
    float *slopes[2]; /**< dLoss/d(what a layer puts out), of two neighbours */
    float *memory;
};

/** For up to `most` rows through networks of the sizes of `mlp`; -1 with `error`. */
int tdm_mlp_pass_open(struct tdm_mlp_pass *pass, const struct tdm_mlp *mlp, int most,
                      struct tdm_error *error);
void tdm_mlp_pass_close(struct tdm_mlp_pass *pass);

/** Outputs (rows x out) for `input` (rows x in), which must stay until the way back. */
const float *tdm_mlp_forward(const struct tdm_mlp *mlp, struct tdm_mlp_pass *pass,
                             const float *input, int rows);
/**
 * From dLoss/dOutput (rows x out) of the last forward pass to dLoss/dParameters in `gradient`, in
 * the parameters' order. What was there is overwritten.
 */
void tdm_mlp_backward(const struct tdm_mlp *mlp, struct tdm_mlp_pass *pass, const float *slopes,
                      float *gradient);

/**
 * One row, for decisions: plain loops that skip what ReLU made zero, the same bits on every machine
 * (and not to the last bit those of a pass over many). `scratch` takes 2 x widest floats.
 */
void tdm_mlp_one(const struct tdm_mlp *mlp, const float *input, float *scratch, float *output);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A network: its layers in topological order, where it can be cut in two by sending one tensor,
 * where it may be left early, and what accuracy is known of it. Files are made by
 * `python3 -m tandem.import_onnx`.
 */
#ifndef TDM_MODEL_DNN_H
#define TDM_MODEL_DNN_H

#include "core/schema.h"
#include "model/source.h"

enum { TDM_MOST_EXITS = 15 };

struct tdm_layer {
    struct tdm_place place;
    const char *name, *op;
    int64_t macs;    /**< multiply-accumulates; 1 MAC = 2 FLOP */
    double weights;  /**< bytes of parameters, fp32 */
    double in, out;  /**< bytes of activations read and written, fp32 */
    int64_t kernels; /**< launches; 0 for a view or a layer fused into the one before */
};

/** A point where one tensor crosses: the layers up to and with `after` run before it. */
struct tdm_cut {
    struct tdm_place place;
    const char *after;
    double bytes;     /**< of the tensor, fp32 */
    int64_t channels; /**< of the tensor: what a share xi is a share of */
    size_t layers;    /**< how many layers lie before it; filled after reading */
};

/**
 * A way out: a branch of layers that answers from the tensor that crosses a cut, in place of the
 * layers beyond that.
 */
struct tdm_early_exit {
    struct tdm_place place;
    const char *name;
    const char *after; /**< the cut that it hangs at */
    struct tdm_layer *layers;
    size_t layer_count;
    struct tdm_dnn *taken; /**< the network of who leaves here; filled after reading */
};

/** Accuracy under a condition; NAN or 0 where a condition is not part of it. */
struct tdm_accuracy {
    struct tdm_place place;
    double value; /**< share of right answers (or mAP) */
    const char *version, *exit;
    int64_t bits;  /**< of what is sent; 0: any */
    double xi;     /**< share sent; NAN: any */
    double lambda; /**< weight of the board's answer in the fusion; NAN: any */
    const char *source;
};

/** The lambda of a plan: plans do not choose it. */
#define TDM_EVEN_FUSION 0.5

struct tdm_dnn {
    struct tdm_place place;
    const char *name, *title;
    const char *input; /**< "3x224x224" */
    double raw;        /**< bytes of the input as 8-bit pixels */
    double compressed; /**< bytes of the input compressed (JPEG) */
    struct tdm_source *sources;
    size_t source_count;
    struct tdm_layer *layers;
    size_t layer_count;
    struct tdm_cut *cuts; /**< by rising depth */
    size_t cut_count;
    struct tdm_early_exit *exits; /**< by rising depth */
    size_t exit_count;
    struct tdm_accuracy *accuracies;
    size_t accuracy_count;

    /**
     * Of the network of who leaves at an exit (the layers up to there, then the branch's; the cuts
     * up to there): the whole that it is a part of, and the exit's name. NULL: it is the whole.
     */
    const struct tdm_dnn *whole;
    const char *exit;

    double flop, bytes, kernels; /**< totals: 2 MACs, weights + in + out, launches */
    const char *path;
    struct tdm_arena *arena; /**< owns all of the above */
};

extern const struct tdm_element tdm_dnn_schema;

/** Loads by path, or by name from platforms/dnns. The caller frees it. */
struct tdm_dnn *tdm_dnn_load(const char *name_or_path, struct tdm_error *error);
void tdm_dnn_free(struct tdm_dnn *dnn);

/** What there is of a network when one leaves at its exit `leaves`, from 1; 0: itself, whole. */
static inline const struct tdm_dnn *tdm_dnn_until(const struct tdm_dnn *dnn, int leaves)
{
    return leaves ? dnn->exits[leaves - 1].taken : dnn;
}

/** The network that was calibrated: the whole of it, wherever one leaves. */
static inline const struct tdm_dnn *tdm_dnn_whole(const struct tdm_dnn *dnn)
{
    return dnn->whole ? dnn->whole : dnn;
}

/**
 * Expected accuracy when a share `xi` is sent with `bits` a value: the row that names the most of
 * these conditions and contradicts none, interpolated over xi where rows differ in it only.
 * Rows of exits are for their networks, and only those are. NAN where no row fits.
 */
double tdm_dnn_accuracy(const struct tdm_dnn *dnn, double xi, int bits);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/learn/mlp.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "policies/learn/blas.h"
#include "policies/learn/floats.h"

// ---- making ------------------------------------------------------------------------------------

int tdm_mlp_open(struct tdm_mlp *mlp, const int *sizes, int layers, struct tdm_error *error)
{
    assert(layers >= 1 && layers <= TDM_MLP_LAYERS);
    *mlp = (struct tdm_mlp){.layers = layers};
    for (int i = 0; i <= layers; i++) {
        assert(sizes[i] >= 1 && sizes[i] <= TDM_MLP_WIDEST);
        mlp->sizes[i] = sizes[i];
        mlp->widest = sizes[i] > mlp->widest ? sizes[i] : mlp->widest;
        if (i)
            mlp->count += (size_t)(sizes[i - 1] + 1) * (size_t)sizes[i];
    }
    if (mlp->count > TDM_MLP_LARGEST)
        return tdm_fail(error, "a network of %zu parameters is too large: up to %d are allowed",
                        mlp->count, TDM_MLP_LARGEST);
    mlp->parameters = tdm_floats(mlp->count);
    if (!mlp->parameters)
        return tdm_fail(error, "out of memory for a network of %zu parameters", mlp->count);
    tdm_blas_start();
    return 0;
}

void tdm_mlp_close(struct tdm_mlp *mlp)
{
    free(mlp->parameters);
    *mlp = (struct tdm_mlp){0};
}

void tdm_mlp_initialise(struct tdm_mlp *mlp, struct tdm_random *random)
{
    float *p = mlp->parameters;
    for (int l = 0; l < mlp->layers; l++) {
        const int in = mlp->sizes[l], out = mlp->sizes[l + 1];
        const double spread = sqrt(2. / in);
        for (int i = 0; i < in * out; i++)
            *p++ = (float)(spread * tdm_random_normal(random));
        for (int i = 0; i < out; i++)
            *p++ = 0;
    }
}

void tdm_mlp_follow(struct tdm_mlp *mlp, const struct tdm_mlp *leader, double rate)
{
    assert(mlp->count == leader->count);
    const float share = (float)rate, *restrict to = leader->parameters;
    float *restrict p = mlp->parameters;
    for (size_t i = 0; i < mlp->count; i++)
        p[i] = share < 1 ? p[i] + share * (to[i] - p[i]) : to[i];
}

int tdm_mlp_pass_open(struct tdm_mlp_pass *pass, const struct tdm_mlp *mlp, int most,
                      struct tdm_error *error)
{
    *pass = (struct tdm_mlp_pass){.most = most};
    size_t width = 2 * (size_t)mlp->widest;
    for (int l = 1; l <= mlp->layers; l++)
        width += (size_t)mlp->sizes[l];
    pass->memory = tdm_floats(width * (size_t)most);
    if (!pass->memory)
        return tdm_fail(error, "out of memory for batches of %d rows", most);
    float *next = pass->memory;
    for (int l = 0; l < mlp->layers; l++) {
        pass->after[l] = next;
        next += (size_t)most * (size_t)mlp->sizes[l + 1];
    }
    for (int i = 0; i < 2; i++)
        pass->slopes[i] = next + (size_t)i * (size_t)most * (size_t)mlp->widest;
    return 0;
}

void tdm_mlp_pass_close(struct tdm_mlp_pass *pass)
{
    free(pass->memory);
    *pass = (struct tdm_mlp_pass){0};
}

// ---- many rows ---------------------------------------------------------------------------------

static void rectify(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = values[i] < 0 ? 0 : values[i]; // NaN stays, and is found later
}

const float *tdm_mlp_forward(const struct tdm_mlp *mlp, struct tdm_mlp_pass *pass,
                             const float *input, int rows)
{
    assert(rows >= 1 && rows <= pass->most);
    pass->rows = rows;
    pass->input = input;
    const float *weights = mlp->parameters;
    for (int l = 0; l < mlp->layers; l++) {
        const int in = mlp->sizes[l], out = mlp->sizes[l + 1];
        const float *biases = weights + (size_t)in * (size_t)out;
        float *after = pass->after[l];
        for (int r = 0; r < rows; r++)
            memcpy(after + (size_t)r * (size_t)out, biases, (size_t)out * sizeof *after);
        tdm_blas_nn(rows, out, in, input, weights, 1, after);
        if (l < mlp->layers - 1)
            rectify(after, (size_t)rows * (size_t)out);
        input = after;
        weights = biases + out;
    }
    return input;
}

static void sum_rows(const float *values, int rows, int columns, float *restrict sums)
{
    memset(sums, 0, (size_t)columns * sizeof *sums);
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++)
            sums[c] += values[(size_t)r * (size_t)columns + (size_t)c];
}

// What was cut to zero on the way in passes nothing on the way back.
static void mask(float *restrict slopes, const float *restrict after, size_t count)
{
    for (size_t i = 0; i < count; i++)
        slopes[i] = after[i] > 0 ? slopes[i] : 0;
}

void tdm_mlp_backward(const struct tdm_mlp *mlp, struct tdm_mlp_pass *pass, const float *slopes,
                      float *gradient)
{
    const int rows = pass->rows;
    size_t at = mlp->count;
    for (int l = mlp->layers - 1; l >= 0; l--) {
        const int in = mlp->sizes[l], out = mlp->sizes[l + 1];
        const float *before = l ? pass->after[l - 1] : pass->input;
        sum_rows(slopes, rows, out, gradient + at - out);
        at -= (size_t)(in + 1) * (size_t)out;
        tdm_blas_tn(in, out, rows, before, slopes, gradient + at);
        if (l == 0)
            break;
        float *earlier = pass->slopes[l % 2];
        tdm_blas_nt(rows, in, out, slopes, mlp->parameters + at, earlier);
        mask(earlier, before, (size_t)rows * (size_t)in);
        slopes = earlier;
    }
}

// ---- one row -----------------------------------------------------------------------------------

static void add_one(float *restrict out, const float *restrict w, float x, int count)
{
    for (int j = 0; j < count; j++)
        out[j] += x * w[j];
}

// Four at once: the sums are read and written a quarter as often.
static void add_four(float *restrict out, const float *const w[4], const float x[4], int count)
{
    const float *restrict a = w[0], *restrict b = w[1], *restrict c = w[2], *restrict d = w[3];
    const float p = x[0], q = x[1], r = x[2], s = x[3];
    for (int j = 0; j < count; j++)
        out[j] += (p * a[j] + q * b[j]) + (r * c[j] + s * d[j]);
}

static void one_layer(const float *weights, const float *input, int in, int count, float *out)
{
    memcpy(out, weights + (size_t)in * (size_t)count, (size_t)count * sizeof *out);
    const float *rows[4];
    float values[4];
    int held = 0;
    for (int i = 0; i < in; i++) {
        if (input[i] == 0)
            continue;
        rows[held] = weights + (size_t)i * (size_t)count;
        values[held++] = input[i];
        if (held < 4)
            continue;
        add_four(out, rows, values, count);
        held = 0;
    }
    for (int i = 0; i < held; i++)
        add_one(out, rows[i], values[i], count);
}

void tdm_mlp_one(const struct tdm_mlp *mlp, const float *input, float *scratch, float *output)
{
    const float *weights = mlp->parameters;
    for (int l = 0; l < mlp->layers; l++) {
        const int in = mlp->sizes[l], out = mlp->sizes[l + 1];
        const bool last = l == mlp->layers - 1;
        float *after = last ? output : scratch + (l % 2 ? mlp->widest : 0);
        one_layer(weights, input, in, out, after);
        if (!last)
            rectify(after, (size_t)out);
        input = after;
        weights += (size_t)(in + 1) * (size_t)out;
    }
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** The perceptron against the same one in double precision, its gradients against differences. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "policies/learn/mlp.h"

enum { ROWS = 6, IN = 5, OUT = 3 };
static const int sizes[] = {IN, 9, 7, OUT};

struct net {
    struct tdm_mlp mlp;
    struct tdm_mlp_pass pass;
    struct tdm_random random;
    float input[ROWS * IN], weights[ROWS * OUT]; // the loss is the sum of weights x outputs
};

static void make(struct net *net)
{
    assert_int_equal(tdm_mlp_open(&net->mlp, sizes, 3, NULL), 0);
    assert_int_equal(tdm_mlp_pass_open(&net->pass, &net->mlp, ROWS + 2, NULL), 0);
    tdm_random_seed(&net->random, 7, "test", 0);
    tdm_mlp_initialise(&net->mlp, &net->random);
    for (size_t i = 0; i < net->mlp.count; i++) // biases, too
        net->mlp.parameters[i] += (float)(0.1 * tdm_random_normal(&net->random));
    for (int i = 0; i < ROWS * IN; i++)
        net->input[i] = (float)tdm_random_normal(&net->random);
    for (int i = 0; i < ROWS * OUT; i++)
        net->weights[i] = (float)tdm_random_normal(&net->random);
}

static void drop(struct net *net)
{
    tdm_mlp_pass_close(&net->pass);
    tdm_mlp_close(&net->mlp);
}

// The network's definition, in double precision and without any cleverness.
static void define(const double *p, const float *input, double *output)
{
    double values[16], next[16];
    for (int i = 0; i < IN; i++)
        values[i] = input[i];
    for (int l = 0; l < 3; l++) {
        const int in = sizes[l], out = sizes[l + 1];
        for (int o = 0; o < out; o++) {
            next[o] = p[in * out + o];
            for (int i = 0; i < in; i++)
                next[o] += values[i] * p[i * out + o];
            if (l < 2 && next[o] < 0)
                next[o] = 0;
        }
        memcpy(values, next, sizeof values);
        p += (in + 1) * out;
    }
    memcpy(output, values, OUT * sizeof *output);
}

static double *widened(const struct tdm_mlp *mlp)
{
    double *p = malloc(mlp->count * sizeof *p);
    for (size_t i = 0; i < mlp->count; i++)
        p[i] = mlp->parameters[i];
    return p;
}

static double loss_of(const struct net *net, const double *p)
{
    double loss = 0, output[OUT];
    for (int r = 0; r < ROWS; r++) {
        define(p, net->input + r * IN, output);
        for (int o = 0; o < OUT; o++)
            loss += output[o] * net->weights[r * OUT + o];
    }
    return loss;
}

static void outputs_are_the_definitions(void **state)
{
    (void)state;
    struct net net;
    make(&net);
    assert_int_equal(net.mlp.count, 6 * 9 + 10 * 7 + 8 * 3);
    double *p = widened(&net.mlp), expected[OUT];
    float scratch[2 * 9], one[OUT];
    const float *many = tdm_mlp_forward(&net.mlp, &net.pass, net.input, ROWS);
    for (int r = 0; r < ROWS; r++) {
        define(p, net.input + r * IN, expected);
        tdm_mlp_one(&net.mlp, net.input + r * IN, scratch, one);
        for (int o = 0; o < OUT; o++) {
            assert_true(fabs(many[r * OUT + o] - expected[o]) < 2e-6);
            assert_true(fabs(one[o] - expected[o]) < 2e-6);
        }
    }
    free(p);
    drop(&net);
}

static void gradients_are_central_differences(void **state)
{
    (void)state;
    struct net net;
    make(&net);
    float *gradient = calloc(net.mlp.count, sizeof *gradient);
    memset(gradient, 0xff, net.mlp.count * sizeof *gradient); // NaN: all of it must be written
    tdm_mlp_forward(&net.mlp, &net.pass, net.input, ROWS);
    tdm_mlp_backward(&net.mlp, &net.pass, net.weights, gradient);
    double *p = widened(&net.mlp);
    const double h = 1e-6;
    int used = 0;
    for (size_t i = 0; i < net.mlp.count; i++) {
        const double at = p[i];
        p[i] = at + h;
        const double above = loss_of(&net, p);
        p[i] = at - h;
        const double difference = (above - loss_of(&net, p)) / (2 * h);
        p[i] = at;
        assert_true(fabs(gradient[i] - difference) < 5e-6 * (1 + fabs(difference)));
        used += difference != 0;
    }
    assert_true(used > (int)net.mlp.count / 2); // most units are alive
    free(p);
    free(gradient);
    drop(&net);
}

// Fewer rows than the last time, and a single layer.
static void passes_may_differ_in_rows(void **state)
{
    (void)state;
    struct net net;
    make(&net);
    float first[OUT], gradient[6 * 9 + 10 * 7 + 8 * 3], again[6 * 9 + 10 * 7 + 8 * 3];
    tdm_mlp_forward(&net.mlp, &net.pass, net.input, 1);
    tdm_mlp_backward(&net.mlp, &net.pass, net.weights, gradient);
    memcpy(first, net.pass.after[2], sizeof first);
    tdm_mlp_forward(&net.mlp, &net.pass, net.input, ROWS);
    tdm_mlp_forward(&net.mlp, &net.pass, net.input, 1);
    tdm_mlp_backward(&net.mlp, &net.pass, net.weights, again);
    assert_memory_equal(first, net.pass.after[2], sizeof first);
    assert_memory_equal(gradient, again, sizeof again);
    drop(&net);
    struct tdm_mlp line; // y = w x + b
    struct tdm_mlp_pass pass;
    assert_int_equal(tdm_mlp_open(&line, (const int[]){1, 1}, 1, NULL), 0);
    assert_int_equal(tdm_mlp_pass_open(&pass, &line, 2, NULL), 0);
    line.parameters[0] = 3;
    line.parameters[1] = 0.5F;
    const float x[] = {-1, 2}, slopes[] = {10, 1};
    const float *y = tdm_mlp_forward(&line, &pass, x, 2);
    assert_true(y[0] == -2.5F && y[1] == 6.5F);
    tdm_mlp_backward(&line, &pass, slopes, gradient);
    assert_true(gradient[0] == -8 && gradient[1] == 11);
    tdm_mlp_pass_close(&pass);
    tdm_mlp_close(&line);
}

// Variance 2 / inputs: within five standard errors, and the biases are zero.
static void weights_start_as_he_says(void **state)
{
    (void)state;
    struct tdm_mlp mlp;
    struct tdm_random random;
    tdm_random_seed(&random, 3, "test", 0);
    assert_int_equal(tdm_mlp_open(&mlp, (const int[]){200, 100, 1}, 2, NULL), 0);
    tdm_mlp_initialise(&mlp, &random);
    double sum = 0, squares = 0;
    const int n = 200 * 100;
    for (int i = 0; i < n; i++) {
        sum += mlp.parameters[i];
        squares += (double)mlp.parameters[i] * mlp.parameters[i];
    }
    assert_true(fabs(sum / n) < 5 * sqrt(0.01 / n));
    assert_true(fabs(squares / n - 0.01) < 5 * 0.01 * sqrt(2. / n));
    for (int i = n; i < n + 100; i++)
        assert_true(mlp.parameters[i] == 0);
    tdm_mlp_close(&mlp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outputs_are_the_definitions),
        cmocka_unit_test(gradients_are_central_differences),
        cmocka_unit_test(passes_may_differ_in_rows),
        cmocka_unit_test(weights_start_as_he_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

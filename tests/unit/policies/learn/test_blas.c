// SPDX-License-Identifier: GPL-3.0-or-later
/** Products of matrices against plain loops, and whose they are. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <string.h>

#include "core/random.h"
#include "policies/learn/blas.h"

enum { M = 5, N = 7, K = 11 };

// Small whole numbers, so that every order of adding them gives the same.
static void fill(float *values, int count, uint64_t index)
{
    struct tdm_random random;
    tdm_random_seed(&random, 1, "test", index);
    for (int i = 0; i < count; i++)
        values[i] = (float)tdm_random_below(&random, 19) - 9;
}

static void all_three_are_what_loops_give(void **state)
{
    (void)state;
    float a[M * K], b[K * N], at[K * M], bt[N * K], start[M * N], expected[M * N], c[M * N];
    fill(a, M * K, 0);
    fill(b, K * N, 1);
    fill(start, M * N, 2);
    for (int k = 0; k < K; k++) {
        for (int i = 0; i < M; i++)
            at[k * M + i] = a[i * K + k];
        for (int j = 0; j < N; j++)
            bt[j * K + k] = b[k * N + j];
    }
    for (int i = 0; i < M * N; i++) {
        expected[i] = 0;
        for (int k = 0; k < K; k++)
            expected[i] += a[i / N * K + k] * b[k * N + i % N];
    }
    tdm_blas_start();
    tdm_blas_nt(M, N, K, a, bt, c);
    assert_memory_equal(c, expected, sizeof c);
    tdm_blas_tn(M, N, K, at, b, c);
    assert_memory_equal(c, expected, sizeof c);
    memcpy(c, start, sizeof c);
    tdm_blas_nn(M, N, K, a, b, 0, c);
    assert_memory_equal(c, expected, sizeof c);
    memcpy(c, start, sizeof c);
    tdm_blas_nn(M, N, K, a, b, 1, c);
    for (int i = 0; i < M * N; i++)
        assert_true(c[i] == expected[i] + start[i]);
}

static const char *library_of(const char *name)
{
    static Dl_info info;
    void *function = dlsym(RTLD_DEFAULT, name);
    assert_non_null(function);
    assert_true(dladdr(function, &info));
    return info.dli_fname;
}

// Both libraries bring functions of the same names. OpenBLAS's would change the last bits of fits
// with the processor, and GSL's are many times slower.
static void networks_use_openblas_and_fits_do_not(void **state)
{
    (void)state;
    assert_non_null(strstr(library_of("sgemm_"), "openblas"));
    assert_non_null(strstr(library_of("cblas_dgemm"), "gslcblas"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_three_are_what_loops_give),
        cmocka_unit_test(networks_use_openblas_and_fits_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

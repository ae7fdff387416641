// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * By BLAS's Fortran names: those of CBLAS are in GSL, too. Fortran stores column by column, and so
 * sees every matrix here transposed: c' = b' a'.
 */
#include "policies/learn/blas.h"

#include <cblas.h>
#include <f77blas.h>

void tdm_blas_start(void)
{
    openblas_set_num_threads(1);
}

// What is stored in a row takes `a_row`, `b_row` floats; 'T': to be turned over.
static void multiply(char a_turn, char b_turn, blasint m, blasint n, blasint k, const float *a,
                     blasint a_row, const float *b, blasint b_row, float beta, float *c)
{
    float one = 1;
    sgemm_(&b_turn, &a_turn, &n, &m, &k, &one, (float *)b, &b_row, (float *)a, &a_row, &beta, c,
           &n);
}

void tdm_blas_nn(int m, int n, int k, const float *a, const float *b, float beta, float *c)
{
    multiply('N', 'N', m, n, k, a, k, b, n, beta, c);
}

void tdm_blas_nt(int m, int n, int k, const float *a, const float *b, float *c)
{
    multiply('N', 'T', m, n, k, a, k, b, k, 0, c);
}

void tdm_blas_tn(int m, int n, int k, const float *a, const float *b, float *c)
{
    multiply('T', 'N', m, n, k, a, m, b, n, 0, c);
}

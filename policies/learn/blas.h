// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Products of matrices in single precision, stored row by row: the one place that knows a BLAS.
 * The same inputs give the same bits on one machine; another processor may have other kernels.
 */
#ifndef TDM_POLICIES_LEARN_BLAS_H
#define TDM_POLICIES_LEARN_BLAS_H

/** Before the first product: one thread, as many programs may run side by side. */
void tdm_blas_start(void);

/** c (m x n) = a (m x k) b (k x n) + beta c. */
void tdm_blas_nn(int m, int n, int k, const float *a, const float *b, float beta, float *c);
/** c (m x n) = a (m x k) b', where b is n x k. */
void tdm_blas_nt(int m, int n, int k, const float *a, const float *b, float *c);
/** c (m x n) = a' b (k x n), where a is k x m. */
void tdm_blas_tn(int m, int n, int k, const float *a, const float *b, float *c);

#endif

// The few OpenBLAS functions the engine calls, with plain C types.
#ifndef CS_OPENBLAS_H
#define CS_OPENBLAS_H

/// C[m, n] = A[m, k] · B[k, n] + beta · C, all row-major f32 without gaps.
void cs_sgemm(int m, int n, int k, const float *a, const float *b, float beta, float *c);
/// C[m, n] = alpha · op(A)[m, k] · op(B)[k, n] + beta · C, row-major f32, where op transposes when
/// its flag is not 0. lda, ldb, ldc are the distances between rows as they lie in memory.
void cs_sgemm_general(int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                      const float *a, int lda, const float *b, int ldb, float beta, float *c,
                      int ldc);
void cs_openblas_set_threads(int threads);
/// What OpenBLAS was built for and the kernels it chose, such as "… Cooperlake …".
const char *cs_openblas_configuration(void);

#endif

// The few OpenBLAS functions the engine calls, with plain C types.
#ifndef CS_OPENBLAS_H
#define CS_OPENBLAS_H

/// C[m, n] = A[m, k] · B[k, n] + beta · C, all row-major f32 without gaps.
void cs_sgemm(int m, int n, int k, const float *a, const float *b, float beta, float *c);
void cs_openblas_set_threads(int threads);
/// What OpenBLAS was built for and the kernels it chose, such as "… Cooperlake …".
const char *cs_openblas_configuration(void);

#endif

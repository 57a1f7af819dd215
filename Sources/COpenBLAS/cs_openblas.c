#include "cs_openblas.h"

#include <cblas.h>

void cs_sgemm(int m, int n, int k, const float *a, const float *b, float beta, float *c) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.f, a, k, b, n, beta, c, n);
}

void cs_sgemm_general(int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                      const float *a, int lda, const float *b, int ldb, float beta, float *c,
                      int ldc) {
  cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
              transpose_b ? CblasTrans : CblasNoTrans, m, n, k, alpha, a, lda, b, ldb, beta, c,
              ldc);
}

void cs_openblas_set_threads(int threads) { openblas_set_num_threads(threads); }

const char *cs_openblas_configuration(void) { return openblas_get_config(); }

#include "cs_openblas.h"

#include <cblas.h>

void cs_sgemm(int m, int n, int k, const float *a, const float *b, float beta, float *c) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.f, a, k, b, n, beta, c, n);
}

void cs_openblas_set_threads(int threads) { openblas_set_num_threads(threads); }

const char *cs_openblas_configuration(void) { return openblas_get_config(); }

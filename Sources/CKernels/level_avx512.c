#if defined(__x86_64__)
#define CS_LANES 16
#define CS_BF16 0
#define CS_TABLE cs_kernels_avx512
// Headers with functions of their own come first, so that the target holds for the kernels only.
#include <immintrin.h>
#include <math.h>
#include <string.h>
#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512bw,avx512vl,avx512dq"))), \
                             apply_to = function)
#include "kernels_body.h"
#pragma clang attribute pop
#endif

#if defined(__x86_64__)
#define CS_LANES 16
#define CS_BF16 1
#define CS_TABLE cs_kernels_avx512bf16
// Headers with functions of their own come first, so that the target holds for the kernels only.
#include <immintrin.h>
#include <math.h>
#include <string.h>
typedef __m256bh __m256bh_u __attribute__((aligned(2), may_alias));
#pragma clang attribute push( \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16"))), \
    apply_to = function)
#include "kernels_body.h"
#pragma clang attribute pop
#endif

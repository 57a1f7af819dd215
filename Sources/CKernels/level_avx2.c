#if defined(__x86_64__)
#define CS_LANES 8
#define CS_BF16 0
#define CS_TABLE cs_kernels_avx2
// Headers with functions of their own come first, so that the target holds for the kernels only.
#include <math.h>
#include <string.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "kernels_body.h"
#pragma clang attribute pop
#endif

// Which instruction set is used: decided once, changed only by tests.
#include <stdatomic.h>

#include "internal.h"

static const cs_kernels *table(int level) {
  switch (level) {
#if defined(__x86_64__)
    case CS_LEVEL_AVX2: return &cs_kernels_avx2;
    case CS_LEVEL_AVX512: return &cs_kernels_avx512;
    case CS_LEVEL_AVX512BF16: return &cs_kernels_avx512bf16;
#endif
    default: return &cs_kernels_base;
  }
}

bool cs_level_supported(int level) {
  if (level == CS_LEVEL_BASE) return true;
#if defined(__x86_64__)
  // These ask the operating system too: a processor whose wide registers are not saved has none.
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  switch (level) {
    case CS_LEVEL_AVX2: return avx2;
    case CS_LEVEL_AVX512: return avx512;
    case CS_LEVEL_AVX512BF16: return avx512 && __builtin_cpu_supports("avx512bf16");
  }
#endif
  return false;
}

// -1 until the first use. Two threads that come first at the same time find the same answer.
static _Atomic int current_level = -1;

int cs_level(void) {
  int level = atomic_load_explicit(&current_level, memory_order_relaxed);
  if (level >= 0) return level;
  level = CS_LEVEL_AVX512BF16;
  while (!cs_level_supported(level)) level--;
  atomic_store_explicit(&current_level, level, memory_order_relaxed);
  return level;
}

bool cs_force_level(int level) {
  if (!cs_level_supported(level)) return false;
  atomic_store_explicit(&current_level, level, memory_order_relaxed);
  return true;
}

const cs_kernels *cs_current(void) { return table(cs_level()); }

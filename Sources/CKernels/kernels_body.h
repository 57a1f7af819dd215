// All kernels that are compiled once per instruction set. A level_*.c file defines
//   CS_LANES   floats per vector register,
//   CS_TABLE   the name of the table,
//   CS_BF16    1 where AVX512-BF16 converts,
// sets the target, and includes this. Vectors are clang's vector types, so that one source serves
// every processor; where a product and a sum stand in one expression the compiler fuses them on
// targets that can.
#include <math.h>
#include <string.h>

#include "internal.h"

typedef float vf __attribute__((vector_size(4 * CS_LANES), aligned(4)));
typedef uint32_t vu __attribute__((vector_size(4 * CS_LANES), aligned(4)));
typedef uint16_t vh __attribute__((vector_size(2 * CS_LANES), aligned(2)));

static inline vf load(const float *p) { return *(const vf *)p; }
static inline void store(float *p, vf v) { *(vf *)p = v; }

// Round to nearest even on the upper half, NaN kept by its quiet bit; lower half undefined.
static inline vu round_bits(vu bits) {
  vu nan = (vu)((bits & 0x7fffffff) > 0x7f800000);
  vu rounded = bits + 0x7fff + ((bits >> 16) & 1);
  return (nan & (bits | 0x400000)) | (~nan & rounded);
}

static inline uint16_t round_one(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)((bits | 0x400000) >> 16);
  return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

static inline float widen_one(uint16_t value) {
  uint32_t bits = (uint32_t)value << 16;
  float result;
  memcpy(&result, &bits, sizeof result);
  return result;
}

static inline vf widen(const uint16_t *p) {
  return (vf)(__builtin_convertvector(*(const vh *)p, vu) << 16);
}

static inline void narrow(uint16_t *p, vf v) {
#if CS_BF16
  *(__m256bh_u *)p = (__m256bh_u)_mm512_cvtneps_pbh((__m512)v);
#else
  *(vh *)p = __builtin_convertvector(round_bits((vu)v) >> 16, vh);
#endif
}

#include "body_convert.h"
#include "body_nms.h"
#include "body_preprocess.h"
#include "body_roi_align.h"
#include "body_softmax.h"
#include "body_training.h"

const cs_kernels CS_TABLE = {
    .f32_to_bf16 = f32_to_bf16,
    .bf16_to_f32 = bf16_to_f32,
    .preprocess_rows = preprocess_rows,
    .roi_pool = roi_pool,
    .nms = nms,
    .softmax = softmax,
    .channel_sums = channel_sums,
    .channel_affine = channel_affine,
    .channel_backward_sums = channel_backward_sums,
    .channel_backward = channel_backward,
    .merge = merge,
    .positive_mask = positive_mask,
    .sgd = sgd,
};

// What the files of this target share: the table of kernels, one per instruction set.
#ifndef CKERNELS_INTERNAL_H
#define CKERNELS_INTERNAL_H

#include "include/CKernels.h"

// One sample position on one axis: a row or column of the map, and its share.
typedef struct {
  int32_t position;
  float weight;
} cs_tap;

// A RoI's taps on one axis, for every bin; `first[b]..<first[b + 1]` are bin b's.
typedef struct {
  const cs_tap *taps;
  const uint32_t *first;
} cs_axis;

typedef struct {
  void (*f32_to_bf16)(const float *, uint16_t *, size_t);
  void (*bf16_to_f32)(const uint16_t *, float *, size_t);
  void (*preprocess_rows)(const cs_preprocess_job *, float *scratch, size_t begin, size_t end);
  // One RoI, channels begin..<end.
  void (*roi_pool)(const cs_roi_align_job *, size_t roi, cs_axis y, cs_axis x, size_t begin,
                   size_t end);
  size_t (*nms)(const float *, size_t, float, float, size_t, float *, uint32_t *);
  void (*softmax)(const float *, size_t, size_t, size_t, float *);
  void (*channel_sums)(const void *, size_t rows, size_t channels, const float *pivot, float *sums,
                       float *squares, int element);
  void (*channel_affine)(const cs_channel_affine_job *, size_t begin, size_t end);
  void (*channel_backward_sums)(const cs_channel_backward_job *, size_t begin, size_t end,
                                float *sums, float *products);
  void (*channel_backward)(const cs_channel_backward_job *, size_t begin, size_t end);
  void (*merge)(const void *, const void *, const uint16_t *, void *, size_t begin, size_t end,
                int element);
  void (*positive_mask)(const void *, uint16_t *, size_t begin, size_t end, int element);
  void (*sgd)(float *, const float *, float *, size_t, float, float, float);
} cs_kernels;

extern const cs_kernels cs_kernels_base;
#if defined(__x86_64__)
extern const cs_kernels cs_kernels_avx2;
extern const cs_kernels cs_kernels_avx512;
extern const cs_kernels cs_kernels_avx512bf16;
#endif

// The kernels of the level in use.
const cs_kernels *cs_current(void);

// Sorts by the upper 32 bits, greatest first, stable; the result lies in `values`.
void cs_radix_sort_descending(uint64_t *values, uint64_t *spare, size_t count);

#endif

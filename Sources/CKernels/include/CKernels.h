// The arithmetic around the convolutions, in C: each kernel is compiled for several instruction
// sets from one source, and the best one this processor has is picked when the process starts.
//
// Nothing here allocates. Every pointer must hold what the comment beside it says: the Swift
// wrappers check that. Boxes are x1, y1, x2, y2 in pixels, 4 floats each. Elements are 0 (f32) or
// 1 (bf16, the upper 16 bits of an f32).
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// MARK: instruction sets

enum {
  CS_LEVEL_BASE = 0,        // SSE2 on x86-64, NEON on arm64
  CS_LEVEL_AVX2 = 1,        // AVX2 and FMA
  CS_LEVEL_AVX512 = 2,      // AVX-512 F, BW, VL, DQ
  CS_LEVEL_AVX512BF16 = 3,  // and BF16
};

// The level in use: the best supported one unless another was forced.
int cs_level(void);
// Whether this processor and operating system can run a level.
bool cs_level_supported(int level);
// Makes all kernels use one level; false, and no change, where it is not supported. For tests.
bool cs_force_level(int level);

// MARK: parallelism

// Work on items `begin..<end`; `worker` is below cs_workers() and unique among running calls of one
// cs_parallel_for.
typedef void (*cs_body)(void *context, size_t worker, size_t begin, size_t end);

// The number of threads that share work, which is OpenMP's for the calling thread.
size_t cs_workers(void);
// Sets that number for the calling thread, for these kernels and oneDNN alike; at least 1.
void cs_set_workers(size_t count);
// Runs `body` over `0..<count` in pieces of `grain` items that threads take as they get free, on
// libgomp's threads, which are oneDNN's too. At most `limit` workers take part (0: no limit).
void cs_parallel_for(size_t count, size_t grain, size_t limit, cs_body body, void *context);

// MARK: conversion

// Rounds to nearest even; NaN stays NaN. In parallel where it is worth it.
void cs_f32_to_bf16(const float *source, uint16_t *target, size_t count);
void cs_bf16_to_f32(const uint16_t *source, float *target, size_t count);

// MARK: movement

// Nearest-neighbour enlargement of NHWC pictures: output (y, x) is input (rows[y], columns[x]),
// `pixel` bytes each. rows: out_height, below in_height; columns: out_width, below in_width.
void cs_upsample_nearest(const void *source, void *target, size_t pictures, size_t in_height,
                         size_t in_width, size_t out_height, size_t out_width, size_t pixel,
                         const uint32_t *rows, const uint32_t *columns);

// The windows of a convolution over NHWC pictures side by side, zeros outside the picture (im2col):
// target holds pictures × rows × out_width windows of window × window pixels of `pixel` bytes, those of
// each picture's results from first_row on.
typedef struct {
  size_t pictures, height, width, first_row, rows, out_width, window, stride, padding, pixel;
} cs_unfold_job;

void cs_unfold(const cs_unfold_job *job, const void *source, void *target);

// MARK: preprocessing

// An RGB image to a normalised, resized, zero-padded tensor of one image.
typedef struct {
  const uint8_t *pixels;                   // height × width × 3
  size_t width, height;                    // of the image
  size_t resized_width, resized_height;    // after bilinear interpolation
  size_t padded_width, padded_height;      // of the tensor, at least the resized size
  float scale[3], bias[3];                 // value = byte × scale + bias, per channel
  const int32_t *column_lower, *column_upper;  // source columns per resized column
  const float *column_weight;                  // weight of the upper one
  const int32_t *row_lower, *row_upper;
  const float *row_weight;
  bool planar;      // NCHW with 3 channels; otherwise NHWC
  size_t channels;  // NHWC: stored per pixel, at least 3, those after the third are 0
  int element;      // of the output
  void *output;     // padded_height × padded_width × (3 or channels) elements
  float *scratch;   // workers × cs_preprocess_scratch(width, resized_width) floats
  size_t workers;   // how many pieces of scratch there are
} cs_preprocess_job;

// Floats of scratch that one worker needs.
size_t cs_preprocess_scratch(size_t width, size_t resized_width);
// The source positions of torch's bilinear interpolation with align_corners=False.
void cs_resize_table(size_t from, size_t to, int32_t *lower, int32_t *upper, float *weight);
void cs_preprocess(const cs_preprocess_job *job);

// MARK: RoIAlign

enum { CS_ROI_MAX_LEVELS = 8, CS_ROI_MAX_BINS = 16, CS_ROI_MAX_SAMPLES = 256 };

typedef struct {
  const void *features;  // NHWC, one image
  size_t height, width;
  float scale;  // pixels of the image × scale = cells of the map
} cs_roi_level;

typedef struct {
  cs_roi_level levels[CS_ROI_MAX_LEVELS];
  size_t channels;
  size_t bins_y, bins_x;  // 1...CS_ROI_MAX_BINS
  size_t sampling_ratio;  // samples per bin and axis; 0: as many as the bin has cells, at most
                          // CS_ROI_MAX_SAMPLES
  bool aligned;           // torchvision's half-pixel shift
  int element_in, element_out;
  const float *boxes;     // count × 4
  const uint8_t *level;   // count, index into levels
  const uint32_t *order;  // count, a permutation: neighbours should touch the same cells
  size_t count;
  void *output;  // count × bins_y × bins_x × channels
} cs_roi_align_job;

// A box that is not finite gives zeros.
void cs_roi_align(const cs_roi_align_job *job);
// The gradient: adds `gradient` (in the place and element of job->output) to maps[level], f32 of the
// features' shape. job->features and job->output are not read. Channels are shared among threads: the
// order of the sums does not depend on them.
void cs_roi_align_backward(const cs_roi_align_job *job, const void *gradient, float *const *maps);
// An order in which boxes of one level that lie close come one after the other.
// scratch: 2 × count.
void cs_roi_order(const float *boxes, const uint8_t *level, size_t count, uint64_t *scratch,
                  uint32_t *order);

// MARK: selection

// The k greatest of `pixels × per_pixel` values, where pixel p's values start at p × stride:
// their indices (p × per_pixel + i), greatest first, ties by index, NaN below all else.
// keys: pixels × per_pixel; scratch: 2 × k. Returns min(k, pixels × per_pixel).
size_t cs_topk(const float *values, size_t pixels, size_t per_pixel, size_t stride, size_t k,
               uint32_t *keys, uint64_t *scratch, uint32_t *indices);

// The indices of all scores, greatest first, ties by index, NaN last. scratch: 2 × count.
void cs_sort_scores(const float *scores, size_t count, uint64_t *scratch, uint32_t *order);

// MARK: non-maximum suppression

// Floats of scratch for at most `limit` survivors.
size_t cs_nms_scratch(size_t limit);
// Greedy suppression of boxes that come best first: keeps a box unless its intersection over union
// with a kept one is above the threshold, stops after `limit`. `offset` is added to every
// coordinate first (torchvision's batched_nms does so for few boxes, and it rounds).
// keep: limit positions. Returns how many were kept.
size_t cs_nms(const float *boxes, size_t count, float offset, double threshold, size_t limit,
              float *scratch, uint32_t *keep);

// MARK: training

// Values are rows × channels, channels contiguous, of one element type. What is summed over rows is
// summed in CS_SUM_PIECES pieces of fixed borders: the result does not depend on the threads.
enum { CS_SUM_PIECES = 32 };

// Floats of scratch for sums over rows.
size_t cs_channel_scratch(size_t channels);
// mean[c] and the biased variance[c] of each channel. scratch: cs_channel_scratch(channels).
void cs_channel_statistics(const void *x, size_t rows, size_t channels, int element, float *mean,
                           float *variance, float *scratch);

// y = x · scale + shift, plus a residual where there is one, rectified where asked.
typedef struct {
  const void *x, *residual;  // residual: NULL for none
  const float *scale, *shift;
  void *y;
  size_t rows, channels;
  int element;
  bool relu;
} cs_channel_affine_job;

void cs_channel_affine(const cs_channel_affine_job *job);

// The gradient of such a layer: dz is dy where y is above 0 (everywhere where y is NULL);
// dx = a · dz + b · (x − mean) + c, and dresidual = dz unless NULL.
typedef struct {
  const void *dy, *y, *x;
  const float *mean, *a, *b, *c;
  void *dx, *dresidual;
  size_t rows, channels;
  int element;
} cs_channel_backward_job;

// sums[c] = Σ dz and products[c] = Σ dz · (x − mean[c]); a, b, c, dx and dresidual are not read.
void cs_channel_backward_sums(const cs_channel_backward_job *job, double *sums, double *products,
                              float *scratch);
void cs_channel_backward(const cs_channel_backward_job *job);

// out = a + b (b may be NULL), 0 where the mask's bit is 0 (mask may be NULL). In place where
// `out` is `a` or `b`.
void cs_merge(const void *a, const void *b, const uint16_t *mask, void *out, size_t count,
              int element);
// Bit i % 16 of mask[i / 16] is whether value i is above 0. mask: (count + 15) / 16 words.
void cs_positive_mask(const void *x, uint16_t *mask, size_t count, int element);

// Maximum pooling of NHWC pictures that remembers which place of the window was greatest (the first
// one of equals), and its gradient. window ≤ 15.
typedef struct {
  size_t pictures, height, width, channels, out_height, out_width, window, stride, padding;
  int element;
} cs_max_pool_job;

void cs_max_pool(const cs_max_pool_job *job, const void *x, void *y, uint8_t *places);
void cs_max_pool_backward(const cs_max_pool_job *job, const void *dy, const uint8_t *places,
                          void *dx);
// The gradient of nearest-neighbour enlargement (cs_upsample_nearest): input (y, x) gets the sum over
// the outputs that read it. rows and columns never fall.
void cs_upsample_nearest_backward(const void *dy, void *dx, size_t pictures, size_t in_height,
                                  size_t in_width, size_t out_height, size_t out_width,
                                  size_t channels, int element, const uint32_t *rows,
                                  const uint32_t *columns);
// The mean over `positions` rows of each picture, in f32, and its gradient.
void cs_mean_pool(const void *x, size_t pictures, size_t positions, size_t channels, int element,
                  float *y);
void cs_mean_pool_backward(const float *dy, size_t pictures, size_t positions, size_t channels,
                           int element, void *dx);

// Stochastic gradient descent with momentum and weight decay:
// v = momentum · v + (g + decay · w), w −= rate · v.
void cs_sgd(float *weights, const float *gradients, float *velocities, size_t count, float rate,
            float momentum, float decay);

// MARK: softmax

// Softmax of each row; row r starts at r × stride. Output rows are contiguous.
void cs_softmax(const float *logits, size_t rows, size_t columns, size_t stride, float *output);

#endif

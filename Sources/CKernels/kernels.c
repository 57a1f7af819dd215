// The kernels as the outside calls them: shared among threads, in the instruction set in use.
#include <math.h>

#include "internal.h"

// MARK: conversion

typedef struct {
  const void *source;
  void *target;
} conversion;

// Pieces of 64 Ki elements: below two of them a second thread costs more than it saves.
enum { CONVERSION_GRAIN = 1 << 16 };

static void narrow_piece(void *context, size_t worker, size_t begin, size_t end) {
  (void)worker;
  conversion *c = context;
  cs_current()->f32_to_bf16((const float *)c->source + begin, (uint16_t *)c->target + begin,
                            end - begin);
}

static void widen_piece(void *context, size_t worker, size_t begin, size_t end) {
  (void)worker;
  conversion *c = context;
  cs_current()->bf16_to_f32((const uint16_t *)c->source + begin, (float *)c->target + begin,
                            end - begin);
}

void cs_f32_to_bf16(const float *source, uint16_t *target, size_t count) {
  conversion c = {source, target};
  cs_parallel_for(count, CONVERSION_GRAIN, 0, narrow_piece, &c);
}

void cs_bf16_to_f32(const uint16_t *source, float *target, size_t count) {
  conversion c = {source, target};
  cs_parallel_for(count, CONVERSION_GRAIN, 0, widen_piece, &c);
}

// MARK: preprocessing

size_t cs_preprocess_scratch(size_t width, size_t resized_width) {
  // Two rows, each with slack for a vector that reads or writes past the last pixel.
  return 3 * width + 16 + 3 * resized_width + 16;
}

void cs_resize_table(size_t from, size_t to, int32_t *lower, int32_t *upper, float *weight) {
  float scale = (float)from / (float)to;
  for (size_t i = 0; i < to; i++) {
    // Fused, as in the processor-specific builds of torch: one rounding less.
    float source = fmaf(scale, (float)i + 0.5f, -0.5f);
    if (source < 0) source = 0;
    size_t position = (size_t)source;
    if (position > from - 1) position = from - 1;
    lower[i] = (int32_t)position;
    upper[i] = (int32_t)(position + (position < from - 1));
    float fraction = source - (float)position;
    weight[i] = fraction < 0 ? 0 : fraction > 1 ? 1 : fraction;
  }
}

static void preprocess_piece(void *context, size_t worker, size_t begin, size_t end) {
  const cs_preprocess_job *job = context;
  float *scratch = job->scratch + worker * cs_preprocess_scratch(job->width, job->resized_width);
  cs_current()->preprocess_rows(job, scratch, begin, end);
}

void cs_preprocess(const cs_preprocess_job *job) {
  cs_parallel_for(job->padded_height, 16, job->workers, preprocess_piece, (void *)job);
}

// MARK: non-maximum suppression

size_t cs_nms_scratch(size_t limit) { return 5 * ((limit + 15) / 16 * 16); }

size_t cs_nms(const float *boxes, size_t count, float offset, double threshold, size_t limit,
              float *scratch, uint32_t *keep) {
  // torchvision compares an f32 with an f64 threshold: the same as with the greatest f32 below it.
  float rounded = (float)threshold;
  if ((double)rounded > threshold) rounded = nextafterf(rounded, -INFINITY);
  return cs_current()->nms(boxes, count, offset, rounded, limit, scratch, keep);
}

// MARK: softmax

typedef struct {
  const float *logits;
  size_t columns, stride;
  float *output;
} softmax_job;

static void softmax_piece(void *context, size_t worker, size_t begin, size_t end) {
  (void)worker;
  softmax_job *job = context;
  cs_current()->softmax(job->logits + begin * job->stride, end - begin, job->columns, job->stride,
                        job->output + begin * job->columns);
}

void cs_softmax(const float *logits, size_t rows, size_t columns, size_t stride, float *output) {
  softmax_job job = {logits, columns, stride, output};
  size_t grain = columns > 0 ? 16384 / columns + 1 : 1;
  cs_parallel_for(rows, grain, 0, softmax_piece, &job);
}

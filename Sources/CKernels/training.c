// The kernels of training as the outside calls them: shared among threads, in fixed pieces where
// something is summed.
#include "internal.h"

// MARK: sums over rows

size_t cs_channel_scratch(size_t channels) { return 2 * CS_SUM_PIECES * channels + channels; }

// Rows of piece p: borders depend on the number of rows alone.
static size_t piece_border(size_t rows, size_t piece) { return rows * piece / CS_SUM_PIECES; }

typedef struct {
  const void *x;
  size_t rows, channels;
  int element;
  const float *pivot;
  const cs_channel_backward_job *backward;
  float *partial;  // piece × 2 × channels
} sum_job;

static void statistics_piece(void *context, size_t worker, size_t begin, size_t end) {
  (void)worker;
  sum_job *job = context;
  size_t bytes = job->element ? 2 : 4;
  for (size_t piece = begin; piece < end; piece++) {
    size_t first = piece_border(job->rows, piece), last = piece_border(job->rows, piece + 1);
    float *sums = job->partial + 2 * piece * job->channels;
    cs_current()->channel_sums((const char *)job->x + first * job->channels * bytes, last - first,
                               job->channels, job->pivot, sums, sums + job->channels,
                               job->element);
  }
}

static double total(const float *partial, size_t channels, size_t offset) {
  double sum = 0;
  for (size_t piece = 0; piece < CS_SUM_PIECES; piece++)
    sum += partial[2 * piece * channels + offset];
  return sum;
}

void cs_channel_statistics(const void *x, size_t rows, size_t channels, int element, float *mean,
                           float *variance, float *scratch) {
  // Differences from the first row keep the squares small where the mean is far from 0.
  float *pivot = scratch + 2 * CS_SUM_PIECES * channels;
  if (element)
    cs_current()->bf16_to_f32(x, pivot, channels);
  else
    for (size_t c = 0; c < channels; c++) pivot[c] = ((const float *)x)[c];
  sum_job job = {.x = x,
                 .rows = rows,
                 .channels = channels,
                 .element = element,
                 .pivot = pivot,
                 .partial = scratch};
  cs_parallel_for(CS_SUM_PIECES, 1, 0, statistics_piece, &job);
  for (size_t c = 0; c < channels; c++) {
    double first = total(scratch, channels, c) / (double)rows;
    double second = total(scratch, channels, channels + c) / (double)rows - first * first;
    mean[c] = (float)(first + pivot[c]);
    variance[c] = second > 0 ? (float)second : 0;
  }
}

static void backward_sums_piece(void *context, size_t worker, size_t begin, size_t end) {
  (void)worker;
  sum_job *job = context;
  for (size_t piece = begin; piece < end; piece++) {
    float *sums = job->partial + 2 * piece * job->channels;
    cs_current()->channel_backward_sums(job->backward, piece_border(job->rows, piece),
                                        piece_border(job->rows, piece + 1), sums,
                                        sums + job->channels);
  }
}

void cs_channel_backward_sums(const cs_channel_backward_job *backward, double *sums,
                              double *products, float *scratch) {
  sum_job job = {.rows = backward->rows,
                 .channels = backward->channels,
                 .backward = backward,
                 .partial = scratch};
  cs_parallel_for(CS_SUM_PIECES, 1, 0, backward_sums_piece, &job);
  for (size_t c = 0; c < backward->channels; c++) {
    sums[c] = total(scratch, backward->channels, c);
    products[c] = total(scratch, backward->channels, backward->channels + c);
  }
}

// MARK: value by value

// Rows whose values fill about 64 Ki elements.
static size_t row_grain(size_t channels) { return (1 << 16) / channels + 1; }

static void affine_piece(void *context, size_t worker, size_t begin, size_t end) {
  (void)worker;
  cs_current()->channel_affine(context, begin, end);
}

void cs_channel_affine(const cs_channel_affine_job *job) {
  cs_parallel_for(job->rows, row_grain(job->channels), 0, affine_piece, (void *)job);
}

static void backward_piece(void *context, size_t worker, size_t begin, size_t end) {
  (void)worker;
  cs_current()->channel_backward(context, begin, end);
}

void cs_channel_backward(const cs_channel_backward_job *job) {
  cs_parallel_for(job->rows, row_grain(job->channels), 0, backward_piece, (void *)job);
}

typedef struct {
  const void *a, *b;
  const uint16_t *mask;
  uint16_t *new_mask;
  void *out;
  int element;
} merge_job;

enum { VALUE_GRAIN = 1 << 16 };  // a multiple of 16: masks are words of 16 bits

static void merge_piece(void *context, size_t worker, size_t begin, size_t end) {
  (void)worker;
  merge_job *job = context;
  cs_current()->merge(job->a, job->b, job->mask, job->out, begin, end, job->element);
}

void cs_merge(const void *a, const void *b, const uint16_t *mask, void *out, size_t count,
              int element) {
  merge_job job = {.a = a, .b = b, .mask = mask, .out = out, .element = element};
  cs_parallel_for(count, VALUE_GRAIN, 0, merge_piece, &job);
}

static void mask_piece(void *context, size_t worker, size_t begin, size_t end) {
  (void)worker;
  merge_job *job = context;
  cs_current()->positive_mask(job->a, job->new_mask, begin, end, job->element);
}

void cs_positive_mask(const void *x, uint16_t *mask, size_t count, int element) {
  merge_job job = {.a = x, .new_mask = mask, .element = element};
  cs_parallel_for(count, VALUE_GRAIN, 0, mask_piece, &job);
}

typedef struct {
  float *weights, *velocities;
  const float *gradients;
  float rate, momentum, decay;
} sgd_job;

static void sgd_piece(void *context, size_t worker, size_t begin, size_t end) {
  (void)worker;
  sgd_job *job = context;
  cs_current()->sgd(job->weights + begin, job->gradients + begin, job->velocities + begin,
                    end - begin, job->rate, job->momentum, job->decay);
}

void cs_sgd(float *weights, const float *gradients, float *velocities, size_t count, float rate,
            float momentum, float decay) {
  sgd_job job = {weights, velocities, gradients, rate, momentum, decay};
  cs_parallel_for(count, VALUE_GRAIN, 0, sgd_piece, &job);
}

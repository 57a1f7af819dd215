// Pooling with its gradient, a picture at a time: small beside the convolutions, so one source for
// every processor.
#include <math.h>
#include <string.h>

#include "internal.h"

static inline float element_at(const void *p, size_t i, int element) {
  if (!element) return ((const float *)p)[i];
  uint32_t bits = (uint32_t)((const uint16_t *)p)[i] << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline void set_element(void *p, size_t i, float value, int element) {
  if (!element) {
    ((float *)p)[i] = value;
    return;
  }
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  bool nan = (bits & 0x7fffffff) > 0x7f800000;
  ((uint16_t *)p)[i] =
      (uint16_t)((nan ? bits | 0x400000 : bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

typedef struct {
  const cs_max_pool_job *job;
  const void *in;
  void *out;
  uint8_t *places;
  const uint8_t *known_places;
} max_pool_call;

// The part of the window at output (y, x) that lies inside the picture.
typedef struct {
  size_t row_begin, row_end, column_begin, column_end;
  ptrdiff_t top, left;
} pool_window;

static pool_window window_at(const cs_max_pool_job *job, size_t y, size_t x) {
  pool_window w;
  w.top = (ptrdiff_t)(y * job->stride) - (ptrdiff_t)job->padding;
  w.left = (ptrdiff_t)(x * job->stride) - (ptrdiff_t)job->padding;
  w.row_begin = w.top < 0 ? (size_t)-w.top : 0;
  w.column_begin = w.left < 0 ? (size_t)-w.left : 0;
  ptrdiff_t rows = (ptrdiff_t)job->height - w.top, columns = (ptrdiff_t)job->width - w.left;
  w.row_end = rows < (ptrdiff_t)job->window ? (size_t)(rows < 0 ? 0 : rows) : job->window;
  w.column_end = columns < (ptrdiff_t)job->window ? (size_t)(columns < 0 ? 0 : columns) : job->window;
  return w;
}

static void max_pool_pictures(void *context, size_t worker, size_t begin, size_t end) {
  (void)worker;
  const max_pool_call *call = context;
  const cs_max_pool_job *job = call->job;
  for (size_t n = begin; n < end; n++) {
    for (size_t y = 0; y < job->out_height; y++) {
      for (size_t x = 0; x < job->out_width; x++) {
        pool_window w = window_at(job, y, x);
        size_t out = ((n * job->out_height + y) * job->out_width + x) * job->channels;
        for (size_t c = 0; c < job->channels; c++) {
          float best = -INFINITY;
          uint8_t place = 0;
          for (size_t i = w.row_begin; i < w.row_end; i++) {
            for (size_t j = w.column_begin; j < w.column_end; j++) {
              size_t row = (size_t)(w.top + (ptrdiff_t)i), column = (size_t)(w.left + (ptrdiff_t)j);
              size_t at = ((n * job->height + row) * job->width + column) * job->channels + c;
              float value = element_at(call->in, at, job->element);
              // A NaN wins, so that it is seen further on.
              if (value > best || value != value) {
                best = value;
                place = (uint8_t)(i * job->window + j);
              }
            }
          }
          set_element(call->out, out + c, best, job->element);
          call->places[out + c] = place;
        }
      }
    }
  }
}

void cs_max_pool(const cs_max_pool_job *job, const void *x, void *y, uint8_t *places) {
  max_pool_call call = {.job = job, .in = x, .out = y, .places = places};
  cs_parallel_for(job->pictures, 1, 0, max_pool_pictures, &call);
}

static void max_pool_backward_pictures(void *context, size_t worker, size_t begin, size_t end) {
  (void)worker;
  const max_pool_call *call = context;
  const cs_max_pool_job *job = call->job;
  size_t features = job->height * job->width * job->channels, bytes = job->element ? 2 : 4;
  for (size_t n = begin; n < end; n++) {
    memset((char *)call->out + n * features * bytes, 0, features * bytes);
    for (size_t y = 0; y < job->out_height; y++) {
      for (size_t x = 0; x < job->out_width; x++) {
        pool_window w = window_at(job, y, x);
        size_t from = ((n * job->out_height + y) * job->out_width + x) * job->channels;
        for (size_t c = 0; c < job->channels; c++) {
          uint8_t place = call->known_places[from + c];
          size_t row = (size_t)(w.top + place / (ptrdiff_t)job->window);
          size_t column = (size_t)(w.left + place % (ptrdiff_t)job->window);
          size_t at = ((n * job->height + row) * job->width + column) * job->channels + c;
          float sum = element_at(call->out, at, job->element) +
                      element_at(call->in, from + c, job->element);
          set_element(call->out, at, sum, job->element);
        }
      }
    }
  }
}

void cs_max_pool_backward(const cs_max_pool_job *job, const void *dy, const uint8_t *places,
                          void *dx) {
  max_pool_call call = {.job = job, .in = dy, .out = dx, .known_places = places};
  cs_parallel_for(job->pictures, 1, 0, max_pool_backward_pictures, &call);
}

typedef struct {
  const void *in;
  void *out;
  size_t positions, channels;
  int element;
} mean_pool_call;

static void mean_pool_pictures(void *context, size_t worker, size_t begin, size_t end) {
  (void)worker;
  const mean_pool_call *call = context;
  for (size_t n = begin; n < end; n++) {
    float *y = (float *)call->out + n * call->channels;
    for (size_t c = 0; c < call->channels; c++) y[c] = 0;
    for (size_t p = 0; p < call->positions; p++) {
      size_t at = (n * call->positions + p) * call->channels;
      for (size_t c = 0; c < call->channels; c++) y[c] += element_at(call->in, at + c, call->element);
    }
    for (size_t c = 0; c < call->channels; c++) y[c] /= (float)call->positions;
  }
}

void cs_mean_pool(const void *x, size_t pictures, size_t positions, size_t channels, int element,
                  float *y) {
  mean_pool_call call = {x, y, positions, channels, element};
  cs_parallel_for(pictures, 8, 0, mean_pool_pictures, &call);
}

static void mean_pool_backward_pictures(void *context, size_t worker, size_t begin, size_t end) {
  (void)worker;
  const mean_pool_call *call = context;
  for (size_t n = begin; n < end; n++) {
    const float *dy = (const float *)call->in + n * call->channels;
    for (size_t p = 0; p < call->positions; p++) {
      size_t at = (n * call->positions + p) * call->channels;
      for (size_t c = 0; c < call->channels; c++)
        set_element(call->out, at + c, dy[c] / (float)call->positions, call->element);
    }
  }
}

void cs_mean_pool_backward(const float *dy, size_t pictures, size_t positions, size_t channels,
                           int element, void *dx) {
  mean_pool_call call = {dy, dx, positions, channels, element};
  cs_parallel_for(pictures, 8, 0, mean_pool_backward_pictures, &call);
}

typedef struct {
  const void *dy;
  void *dx;
  const uint32_t *rows, *columns;
  size_t in_height, in_width, out_height, out_width, channels;
  int element;
} upsample_backward_call;

enum { UPSAMPLE_CHANNELS = 64 };

// The first of `count` positions whose source is at least `source`; sources never fall.
static size_t first_reader(const uint32_t *sources, size_t count, size_t source) {
  size_t low = 0;
  while (low < count) {
    size_t middle = low + (count - low) / 2;
    if (sources[middle] < source)
      low = middle + 1;
    else
      count = middle;
  }
  return low;
}

static void upsample_backward_rows(void *context, size_t worker, size_t begin, size_t end) {
  (void)worker;
  const upsample_backward_call *call = context;
  size_t channels = call->channels;
  for (size_t index = begin; index < end; index++) {
    size_t picture = index / call->in_height, row = index % call->in_height;
    size_t top = first_reader(call->rows, call->out_height, row);
    size_t bottom = first_reader(call->rows, call->out_height, row + 1);
    for (size_t column = 0; column < call->in_width; column++) {
      size_t left = first_reader(call->columns, call->out_width, column);
      size_t right = first_reader(call->columns, call->out_width, column + 1);
      for (size_t c = 0; c < channels; c += UPSAMPLE_CHANNELS) {
        size_t count = channels - c < UPSAMPLE_CHANNELS ? channels - c : UPSAMPLE_CHANNELS;
        float sum[UPSAMPLE_CHANNELS] = {0};
        for (size_t y = top; y < bottom; y++) {
          for (size_t x = left; x < right; x++) {
            size_t at = ((picture * call->out_height + y) * call->out_width + x) * channels + c;
            for (size_t i = 0; i < count; i++) sum[i] += element_at(call->dy, at + i, call->element);
          }
        }
        size_t at = (index * call->in_width + column) * channels + c;
        for (size_t i = 0; i < count; i++) set_element(call->dx, at + i, sum[i], call->element);
      }
    }
  }
}

void cs_upsample_nearest_backward(const void *dy, void *dx, size_t pictures, size_t in_height,
                                  size_t in_width, size_t out_height, size_t out_width,
                                  size_t channels, int element, const uint32_t *rows,
                                  const uint32_t *columns) {
  upsample_backward_call call = {dy,       dx,         rows,      columns,  in_height,
                                 in_width, out_height, out_width, channels, element};
  cs_parallel_for(pictures * in_height, 4, 0, upsample_backward_rows, &call);
}

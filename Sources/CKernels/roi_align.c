// RoIAlign: where each box samples, in which order boxes are taken, and how threads share them.
#include <math.h>
#include <string.h>

#include "internal.h"

// Boxes that are pooled together, a block of channels at a time: few enough that the cells they
// touch stay in the second-level cache, since neighbours in the order touch the same ones.
enum { GROUP = 16, CHANNEL_BLOCK = 128, FIXED_SAMPLES = 4 };

// Adds `weight` at a position; positions of one bin never fall.
static size_t add_tap(cs_tap *taps, size_t first, size_t count, int32_t position, float weight) {
  for (size_t back = 1; back <= 2 && count >= first + back; back++) {
    if (taps[count - back].position == position) {
      taps[count - back].weight += weight;
      return count;
    }
  }
  taps[count] = (cs_tap){position, weight};
  return count + 1;
}

// One axis of a box: the samples of all bins as taps, weights divided by the samples per bin.
// Samples further than one cell outside the map count as 0, as torchvision has it.
static void make_axis(float low, float high, float scale, bool aligned, size_t bins, size_t ratio,
                      size_t cells, cs_tap *taps, uint32_t *first) {
#pragma clang fp contract(off)
  float shift = aligned ? 0.5f : 0.0f;
  float start = low * scale - shift, extent = high * scale - shift - start;
  if (!aligned && !(extent > 1.0f)) extent = 1.0f;
  float bin = extent / (float)bins;
  size_t samples = ratio;
  if (samples == 0) {
    float wanted = ceilf(extent / (float)bins);
    samples = wanted > CS_ROI_MAX_SAMPLES ? CS_ROI_MAX_SAMPLES
              : wanted > 0                ? (size_t)wanted
                                          : 0;
  }
  size_t count = 0;
  for (size_t b = 0; b < bins; b++) {
    first[b] = (uint32_t)count;
    size_t mine = count;
    for (size_t s = 0; s < samples; s++) {
      float at = start + (float)b * bin + ((float)s + 0.5f) * bin / (float)samples;
      if (!(at >= -1.0f && at <= (float)cells)) continue;
      if (at <= 0) at = 0;
      int32_t lower = (int32_t)at;
      float share = 1.0f / (float)samples;
      if (lower >= (int32_t)cells - 1) {
        count = add_tap(taps, mine, count, (int32_t)cells - 1, share);
      } else {
        float fraction = at - (float)lower;
        count = add_tap(taps, mine, count, lower, (1 - fraction) * share);
        if (fraction > 0) count = add_tap(taps, mine, count, lower + 1, fraction * share);
      }
    }
  }
  first[bins] = (uint32_t)count;
}

static void make_axes(const cs_roi_align_job *job, size_t roi, cs_tap *ty, uint32_t *fy, cs_tap *tx,
                      uint32_t *fx) {
  const float *box = job->boxes + 4 * roi;
  const cs_roi_level *level = &job->levels[job->level[roi]];
  if (!isfinite(box[0]) || !isfinite(box[1]) || !isfinite(box[2]) || !isfinite(box[3])) {
    memset(fy, 0, (job->bins_y + 1) * sizeof *fy);
    memset(fx, 0, (job->bins_x + 1) * sizeof *fx);
    return;
  }
  make_axis(box[1], box[3], level->scale, job->aligned, job->bins_y, job->sampling_ratio,
            level->height, ty, fy);
  make_axis(box[0], box[2], level->scale, job->aligned, job->bins_x, job->sampling_ratio,
            level->width, tx, fx);
}

// Boxes `begin..<end` of the order with at most FIXED_SAMPLES samples per bin and axis.
static void pool_groups(void *context, size_t worker, size_t begin, size_t end) {
  (void)worker;
  const cs_roi_align_job *job = context;
  const cs_kernels *kernels = cs_current();
  struct {
    cs_tap y[CS_ROI_MAX_BINS * 2 * FIXED_SAMPLES], x[CS_ROI_MAX_BINS * 2 * FIXED_SAMPLES];
    uint32_t first_y[CS_ROI_MAX_BINS + 1], first_x[CS_ROI_MAX_BINS + 1];
  } axes[GROUP];
  for (size_t group = begin; group < end; group += GROUP) {
    size_t count = end - group < GROUP ? end - group : GROUP;
    for (size_t i = 0; i < count; i++) {
      make_axes(job, job->order[group + i], axes[i].y, axes[i].first_y, axes[i].x,
                axes[i].first_x);
    }
    for (size_t c = 0; c < job->channels; c += CHANNEL_BLOCK) {
      size_t last = job->channels - c > CHANNEL_BLOCK ? c + CHANNEL_BLOCK : job->channels;
      for (size_t i = 0; i < count; i++) {
        kernels->roi_pool(job, job->order[group + i], (cs_axis){axes[i].y, axes[i].first_y},
                          (cs_axis){axes[i].x, axes[i].first_x}, c, last);
      }
    }
  }
}

// The same for any number of samples, box by box.
static void pool_each(void *context, size_t worker, size_t begin, size_t end) {
  (void)worker;
  const cs_roi_align_job *job = context;
  cs_tap y[CS_ROI_MAX_BINS * 2 * CS_ROI_MAX_SAMPLES], x[CS_ROI_MAX_BINS * 2 * CS_ROI_MAX_SAMPLES];
  uint32_t first_y[CS_ROI_MAX_BINS + 1], first_x[CS_ROI_MAX_BINS + 1];
  for (size_t i = begin; i < end; i++) {
    size_t roi = job->order[i];
    make_axes(job, roi, y, first_y, x, first_x);
    cs_current()->roi_pool(job, roi, (cs_axis){y, first_y}, (cs_axis){x, first_x}, 0,
                           job->channels);
  }
}

void cs_roi_align(const cs_roi_align_job *job) {
  if (job->sampling_ratio >= 1 && job->sampling_ratio <= FIXED_SAMPLES) {
    cs_parallel_for(job->count, GROUP, 0, pool_groups, (void *)job);
  } else {
    cs_parallel_for(job->count, 4, 0, pool_each, (void *)job);
  }
}

typedef struct {
  const cs_roi_align_job *job;
  const void *gradient;
  float *const *maps;
} backward_call;

enum { BACKWARD_CHANNELS = 32 };

// Channel blocks `begin..<end` of every box: threads never write to the same cell.
static void spread_blocks(void *context, size_t worker, size_t begin, size_t end) {
  (void)worker;
  const backward_call *call = context;
  const cs_roi_align_job *job = call->job;
  size_t channels = job->channels, bytes = job->element_out ? 2 : 4;
  size_t first = begin * BACKWARD_CHANNELS;
  size_t last = end * BACKWARD_CHANNELS < channels ? end * BACKWARD_CHANNELS : channels;
  cs_tap y[CS_ROI_MAX_BINS * 2 * CS_ROI_MAX_SAMPLES], x[CS_ROI_MAX_BINS * 2 * CS_ROI_MAX_SAMPLES];
  uint32_t first_y[CS_ROI_MAX_BINS + 1], first_x[CS_ROI_MAX_BINS + 1];
  float gradient[BACKWARD_CHANNELS];
  for (size_t i = 0; i < job->count; i++) {
    size_t roi = job->order[i], level = job->level[roi], width = job->levels[level].width;
    make_axes(job, roi, y, first_y, x, first_x);
    for (size_t bin = 0; bin < job->bins_y * job->bins_x; bin++) {
      size_t by = bin / job->bins_x, bx = bin % job->bins_x;
      const char *from =
          (const char *)call->gradient + (roi * job->bins_y * job->bins_x + bin) * channels * bytes;
      for (size_t c = first; c < last; c += BACKWARD_CHANNELS) {
        size_t count = last - c < BACKWARD_CHANNELS ? last - c : BACKWARD_CHANNELS;
        if (job->element_out)
          cs_current()->bf16_to_f32((const uint16_t *)from + c, gradient, count);
        else
          memcpy(gradient, (const float *)from + c, count * sizeof *gradient);
        for (size_t a = first_y[by]; a < first_y[by + 1]; a++) {
          for (size_t b = first_x[bx]; b < first_x[bx + 1]; b++) {
            float weight = y[a].weight * x[b].weight;
            float *cell = call->maps[level] +
                          ((size_t)y[a].position * width + (size_t)x[b].position) * channels + c;
            for (size_t k = 0; k < count; k++) cell[k] += weight * gradient[k];
          }
        }
      }
    }
  }
}

void cs_roi_align_backward(const cs_roi_align_job *job, const void *gradient, float *const *maps) {
  backward_call call = {job, gradient, maps};
  size_t blocks = (job->channels + BACKWARD_CHANNELS - 1) / BACKWARD_CHANNELS;
  cs_parallel_for(blocks, (blocks + cs_workers() - 1) / cs_workers(), 0, spread_blocks, &call);
}

// The bits of a 12-bit number spread to every second place.
static uint32_t spread(uint32_t value) {
  value = (value | value << 8) & 0x00ff00ff;
  value = (value | value << 4) & 0x0f0f0f0f;
  value = (value | value << 2) & 0x33333333;
  return (value | value << 1) & 0x55555555;
}

// A coordinate in tiles of 32 pixels, within 12 bits; NaN is 0.
static uint32_t tile(float coordinate) {
  float tiles = coordinate * (1.0f / 32);
  if (!(tiles > 0)) return 0;
  return tiles < 4095 ? (uint32_t)tiles : 4095;
}

void cs_roi_order(const float *boxes, const uint8_t *level, size_t count, uint64_t *scratch,
                  uint32_t *order) {
  for (size_t i = 0; i < count; i++) {
    const float *box = boxes + 4 * i;
    uint32_t place = spread(tile((box[0] + box[2]) / 2)) | spread(tile((box[1] + box[3]) / 2)) << 1;
    scratch[i] = (uint64_t)((uint32_t)level[i] << 24 | place) << 32 | (uint32_t)i;
  }
  cs_radix_sort_descending(scratch, scratch + count, count);
  for (size_t i = 0; i < count; i++) order[i] = (uint32_t)scratch[i];
}

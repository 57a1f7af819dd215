// Kernels that move values without looking at them.
#include <string.h>

#include "CKernels.h"

typedef struct {
  const uint8_t *source;
  uint8_t *target;
  const uint32_t *rows, *columns;
  size_t in_height, in_width, out_height, out_width, pixel;
} upsample_job;

static void upsample_rows(void *context, size_t worker, size_t begin, size_t end) {
  (void)worker;
  const upsample_job *job = context;
  size_t line = job->out_width * job->pixel;
  for (size_t index = begin; index < end; index++) {
    size_t picture = index / job->out_height, row = index % job->out_height;
    const uint8_t *source =
        job->source + (picture * job->in_height + job->rows[row]) * job->in_width * job->pixel;
    uint8_t *target = job->target + index * line;
    if (row > 0 && index > begin && job->rows[row] == job->rows[row - 1]) {
      memcpy(target, target - line, line);
      continue;
    }
    for (size_t column = 0; column < job->out_width; column++, target += job->pixel)
      memcpy(target, source + job->columns[column] * job->pixel, job->pixel);
  }
}

void cs_upsample_nearest(const void *source, void *target, size_t pictures, size_t in_height,
                         size_t in_width, size_t out_height, size_t out_width, size_t pixel,
                         const uint32_t *rows, const uint32_t *columns) {
  upsample_job job = {source,    target,     rows,      columns, in_height,
                      in_width, out_height, out_width, pixel};
  cs_parallel_for(pictures * out_height, 8, 0, upsample_rows, &job);
}

typedef struct {
  const cs_unfold_job *job;
  const uint8_t *source;
  uint8_t *target;
} unfold_call;

// The windows of some rows of results: index counts rows over all pictures.
static void unfold_rows(void *context, size_t worker, size_t begin, size_t end) {
  (void)worker;
  const unfold_call *call = context;
  const cs_unfold_job *job = call->job;
  size_t side = job->window, pixel = job->pixel;
  for (size_t index = begin; index < end; index++) {
    const uint8_t *picture =
        call->source + index / job->rows * job->height * job->width * pixel;
    uint8_t *target = call->target + index * job->out_width * side * side * pixel;
    for (size_t column = 0; column < job->out_width; column++) {
      // Columns of this window before, in and behind the picture.
      ptrdiff_t left = (ptrdiff_t)(column * job->stride) - (ptrdiff_t)job->padding;
      size_t before = left >= 0 ? 0 : (size_t)-left < side ? (size_t)-left : side;
      ptrdiff_t inside = (ptrdiff_t)job->width - (left + (ptrdiff_t)before);
      size_t copied = inside <= 0                        ? 0
                      : (size_t)inside < side - before ? (size_t)inside
                                                         : side - before;
      for (size_t line = 0; line < side; line++, target += side * pixel) {
        ptrdiff_t row = (ptrdiff_t)((job->first_row + index % job->rows) * job->stride + line) -
                        (ptrdiff_t)job->padding;
        if (row < 0 || (size_t)row >= job->height || !copied) {
          memset(target, 0, side * pixel);
          continue;
        }
        const uint8_t *from =
            picture + ((size_t)row * job->width + (size_t)(left + (ptrdiff_t)before)) * pixel;
        memset(target, 0, before * pixel);
        memcpy(target + before * pixel, from, copied * pixel);
        memset(target + (before + copied) * pixel, 0, (side - before - copied) * pixel);
      }
    }
  }
}

void cs_unfold(const cs_unfold_job *job, const void *source, void *target) {
  unfold_call call = {job, source, target};
  cs_parallel_for(job->pictures * job->rows, 8, 0, unfold_rows, &call);
}

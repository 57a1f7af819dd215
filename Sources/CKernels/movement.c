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

// RoIAlign of one box, vectorised over channels. Included by kernels_body.h.
//
// The average of bilinear samples is a weighted sum of cells whose weights are products of a weight
// per row and one per column; those come in as taps. Cells that several samples share were merged,
// so that each is read once per bin.

// Vectors that are summed at the same time: as many as stay in registers beside the loads.
#define CS_WIDE (CS_LANES == 16 ? 8 : 6)

// The cells of one bin: where they start, counted in elements, and their weights.
enum { CS_BIN_CELLS = 64 };
typedef struct {
  size_t count;
  size_t start[CS_BIN_CELLS];
  float weight[CS_BIN_CELLS];
} bin_cells;

static inline vf widen_at(const void *map, size_t at, int element) {
  return element ? widen((const uint16_t *)map + at) : load((const float *)map + at);
}

static inline float widen_one_at(const void *map, size_t at, int element) {
  return element ? widen_one(((const uint16_t *)map)[at]) : ((const float *)map)[at];
}

static inline void put_at(void *out, size_t at, vf value, int element) {
  if (element) {
    narrow((uint16_t *)out + at, value);
  } else {
    store((float *)out + at, value);
  }
}

// Adds the cells of a bin over `vectors` vectors of channels from `c` on, which is constant where
// it is called, so that the sums live in registers.
static inline __attribute__((always_inline)) void sum_cells(
    const void *map, const bin_cells *cells, size_t c, int vectors, int element_in, void *out,
    int element_out) {
  vf sum[8];
  _Pragma("clang loop unroll(full)") for (int v = 0; v < vectors; v++) sum[v] = (vf){0};
  for (size_t t = 0; t < cells->count; t++) {
    vf weight = (vf){0} + cells->weight[t];
    size_t start = cells->start[t] + c;
    _Pragma("clang loop unroll(full)") for (int v = 0; v < vectors; v++) {
      sum[v] += weight * widen_at(map, start + (size_t)(v * CS_LANES), element_in);
    }
  }
  _Pragma("clang loop unroll(full)") for (int v = 0; v < vectors; v++) {
    put_at(out, c + (size_t)(v * CS_LANES), sum[v], element_out);
  }
}

// bf16 to bf16: a register of 2 × CS_LANES halves is two registers of floats, the even and the odd
// channels, by a shift and a mask; the sums go back the same way, and no lane ever moves.
static inline __attribute__((always_inline)) void sum_cells_paired(
    const uint16_t *map, const bin_cells *cells, size_t c, int pairs, uint16_t *out) {
  vf even[4], odd[4];
  _Pragma("clang loop unroll(full)") for (int p = 0; p < pairs; p++) even[p] = odd[p] = (vf){0};
  for (size_t t = 0; t < cells->count; t++) {
    vf weight = (vf){0} + cells->weight[t];
    const uint16_t *cell = map + cells->start[t] + c;
    _Pragma("clang loop unroll(full)") for (int p = 0; p < pairs; p++) {
      vu raw;
      memcpy(&raw, cell + 2 * p * CS_LANES, sizeof raw);
      even[p] += weight * (vf)(raw << 16);
      odd[p] += weight * (vf)(raw & 0xffff0000u);
    }
  }
  _Pragma("clang loop unroll(full)") for (int p = 0; p < pairs; p++) {
    vu raw = (round_bits((vu)even[p]) >> 16) | (round_bits((vu)odd[p]) & 0xffff0000u);
    memcpy(out + c + 2 * p * CS_LANES, &raw, sizeof raw);
  }
}

static inline __attribute__((always_inline)) void pool_bin(
    const void *map, const bin_cells *cells, size_t begin, size_t end, void *out, int element_in,
    int element_out) {
  size_t c = begin;
  if (element_in && element_out) {
    for (; c + 8 * CS_LANES <= end; c += 8 * CS_LANES) {
      sum_cells_paired(map, cells, c, 4, out);
    }
    for (; c + 2 * CS_LANES <= end; c += 2 * CS_LANES) sum_cells_paired(map, cells, c, 1, out);
  }
  for (; c + CS_WIDE * CS_LANES <= end; c += CS_WIDE * CS_LANES) {
    sum_cells(map, cells, c, CS_WIDE, element_in, out, element_out);
  }
  for (; c + 4 * CS_LANES <= end; c += 4 * CS_LANES) {
    sum_cells(map, cells, c, 4, element_in, out, element_out);
  }
  for (; c + CS_LANES <= end; c += CS_LANES) {
    sum_cells(map, cells, c, 1, element_in, out, element_out);
  }
  for (; c < end; c++) {
    float sum = 0;
    for (size_t t = 0; t < cells->count; t++) {
      sum += cells->weight[t] * widen_one_at(map, cells->start[t] + c, element_in);
    }
    if (element_out) {
      ((uint16_t *)out)[c] = round_one(sum);
    } else {
      ((float *)out)[c] = sum;
    }
  }
}

// A bin of more cells than fit the list, which only adaptive sampling of large boxes makes: one
// vector after the other, weights multiplied on the way.
static inline __attribute__((always_inline)) void pool_large_bin(
    const void *map, size_t row, size_t channels, const cs_tap *y, size_t ny, const cs_tap *x,
    size_t nx, size_t begin, size_t end, void *out, int element_in, int element_out) {
  size_t c = begin;
  for (; c + CS_LANES <= end; c += CS_LANES) {
    vf sum = {0};
    for (size_t i = 0; i < ny; i++) {
      for (size_t j = 0; j < nx; j++) {
        size_t at = (size_t)y[i].position * row + (size_t)x[j].position * channels + c;
        sum += (y[i].weight * x[j].weight) * widen_at(map, at, element_in);
      }
    }
    put_at(out, c, sum, element_out);
  }
  for (; c < end; c++) {
    float sum = 0;
    for (size_t i = 0; i < ny; i++) {
      for (size_t j = 0; j < nx; j++) {
        size_t at = (size_t)y[i].position * row + (size_t)x[j].position * channels + c;
        sum += (y[i].weight * x[j].weight) * widen_one_at(map, at, element_in);
      }
    }
    if (element_out) {
      ((uint16_t *)out)[c] = round_one(sum);
    } else {
      ((float *)out)[c] = sum;
    }
  }
}

static inline __attribute__((always_inline)) void pool_box(const cs_roi_align_job *job, size_t roi,
                                                           cs_axis y, cs_axis x, size_t begin,
                                                           size_t end, int element_in,
                                                           int element_out) {
  const cs_roi_level *level = &job->levels[job->level[roi]];
  size_t channels = job->channels, row = level->width * channels;
  size_t bytes = channels * (element_out ? sizeof(uint16_t) : sizeof(float));
  char *out = (char *)job->output + roi * job->bins_y * job->bins_x * bytes;
  bin_cells cells;
  for (size_t by = 0; by < job->bins_y; by++) {
    const cs_tap *ty = y.taps + y.first[by];
    size_t ny = y.first[by + 1] - y.first[by];
    for (size_t bx = 0; bx < job->bins_x; bx++, out += bytes) {
      const cs_tap *tx = x.taps + x.first[bx];
      size_t nx = x.first[bx + 1] - x.first[bx];
      if (ny * nx > CS_BIN_CELLS) {
        pool_large_bin(level->features, row, channels, ty, ny, tx, nx, begin, end, out, element_in,
                       element_out);
        continue;
      }
      cells.count = ny * nx;
      for (size_t i = 0, t = 0; i < ny; i++) {
        for (size_t j = 0; j < nx; j++, t++) {
          cells.start[t] = (size_t)ty[i].position * row + (size_t)tx[j].position * channels;
          cells.weight[t] = ty[i].weight * tx[j].weight;
        }
      }
      pool_bin(level->features, &cells, begin, end, out, element_in, element_out);
    }
  }
}

static void roi_pool(const cs_roi_align_job *job, size_t roi, cs_axis y, cs_axis x, size_t begin,
                     size_t end) {
  // Four copies, each with its element types known.
  if (job->element_in && job->element_out) {
    pool_box(job, roi, y, x, begin, end, 1, 1);
  } else if (job->element_in) {
    pool_box(job, roi, y, x, begin, end, 1, 0);
  } else if (job->element_out) {
    pool_box(job, roi, y, x, begin, end, 0, 1);
  } else {
    pool_box(job, roi, y, x, begin, end, 0, 0);
  }
}

// Bytes to a normalised tensor, row by row. Included by kernels_body.h.

// One row of the image as floats, 3 per pixel, normalised: bytes × scale + bias.
static void normalise_row(const cs_preprocess_job *job, const uint8_t *bytes, float *row) {
  size_t count = 3 * job->width;
  // 48 values hold whole pixels and whole vectors of any width.
  float scale[48], bias[48];
  for (size_t i = 0; i < 48; i++) {
    scale[i] = job->scale[i % 3];
    bias[i] = job->bias[i % 3];
  }
  size_t i = 0;
  for (; i + 48 <= count; i += 48) {
    for (size_t j = 0; j < 48; j++) row[i + j] = (float)bytes[i + j] * scale[j] + bias[j];
  }
  for (size_t j = 0; i < count; i++, j++) row[i] = (float)bytes[i] * scale[j] + bias[j];
}

// One row of the resized image: rows blended first, then columns.
static void resize_row(const cs_preprocess_job *job, size_t y, float *blend, float *row) {
  size_t count = 3 * job->width;
  const uint8_t *upper = job->pixels + (size_t)job->row_lower[y] * count;
  const uint8_t *lower = job->pixels + (size_t)job->row_upper[y] * count;
  float w = job->row_weight[y], v = 1 - w;
  for (size_t i = 0; i < count; i++) blend[i] = v * (float)upper[i] + w * (float)lower[i];

  typedef float pixel __attribute__((vector_size(16), aligned(4)));
  // The fourth lane is the next pixel's first; both rows have slack for the last one.
  pixel scale = {job->scale[0], job->scale[1], job->scale[2], 0};
  pixel bias = {job->bias[0], job->bias[1], job->bias[2], 0};
  blend[count] = 0;
  for (size_t x = 0; x < job->resized_width; x++) {
    pixel a = *(const pixel *)(blend + 3 * job->column_lower[x]);
    pixel b = *(const pixel *)(blend + 3 * job->column_upper[x]);
    float weight = job->column_weight[x];
    pixel mixed = a * (1 - weight) + b * weight;
    *(pixel *)(row + 3 * x) = mixed * scale + bias;
  }
}

static void put(float *target, float value) { *target = value; }
static void put_bf16(uint16_t *target, float value) { *target = round_one(value); }

// Writes a finished row, 3 floats per pixel, into the tensor, zeros behind it.
#define CS_EMIT(NAME, ELEMENT, PUT, COPY)                                                        \
  static void NAME(const cs_preprocess_job *job, size_t y, const float *row) {                   \
    size_t width = job->padded_width, used = row ? job->resized_width : 0;                       \
    if (job->planar) {                                                                           \
      for (size_t c = 0; c < 3; c++) {                                                           \
        ELEMENT *out = (ELEMENT *)job->output + (c * job->padded_height + y) * width;            \
        for (size_t x = 0; x < used; x++) PUT(out + x, row[3 * x + c]);                          \
        memset(out + used, 0, (width - used) * sizeof *out);                                     \
      }                                                                                          \
      return;                                                                                    \
    }                                                                                            \
    size_t channels = job->channels;                                                             \
    ELEMENT *out = (ELEMENT *)job->output + y * width * channels;                                \
    if (channels == 3) {                                                                         \
      COPY(row, out, 3 * used);                                                                  \
    } else if (used > 0) {                                                                       \
      memset(out, 0, used * channels * sizeof *out);                                             \
      for (size_t x = 0; x < used; x++) {                                                        \
        for (size_t c = 0; c < 3; c++) PUT(out + x * channels + c, row[3 * x + c]);              \
      }                                                                                          \
    }                                                                                            \
    memset(out + used * channels, 0, (width - used) * channels * sizeof *out);                   \
  }

static void copy_f32(const float *row, float *out, size_t count) {
  if (count > 0) memcpy(out, row, count * sizeof *out);
}

CS_EMIT(emit_f32, float, put, copy_f32)
CS_EMIT(emit_bf16, uint16_t, put_bf16, f32_to_bf16)

static void preprocess_rows(const cs_preprocess_job *job, float *scratch, size_t begin,
                            size_t end) {
  bool same = job->width == job->resized_width && job->height == job->resized_height;
  float *blend = scratch, *row = scratch + 3 * job->width + 16;
  for (size_t y = begin; y < end; y++) {
    const float *finished = row;
    if (y >= job->resized_height) {
      finished = NULL;
    } else if (same) {
      normalise_row(job, job->pixels + y * 3 * job->width, row);
    } else {
      resize_row(job, y, blend, row);
    }
    if (job->element) {
      emit_bf16(job, y, finished);
    } else {
      emit_f32(job, y, finished);
    }
  }
}

#include <stdlib.h>

#include "failure.h"

struct cs_jpeg_reader {
  cs_jpeg_errors errors;
  struct jpeg_decompress_struct info;
  struct jpeg_progress_mgr progress;
  uint32_t max_scans;
};

// A progressive file of a few kilobytes can hold thousands of scans over the whole picture.
static void check_scans(j_common_ptr common) {
  cs_jpeg_reader *reader = common->client_data;
  if (common->is_decompressor
      && ((j_decompress_ptr)common)->input_scan_number > (int)reader->max_scans)
    cs_jpeg_fail(&reader->errors, CS_JPEG_SCANS, "too many scans");
}

static void check_header(cs_jpeg_reader *reader, const cs_jpeg_limits *limits) {
  const struct jpeg_decompress_struct *info = &reader->info;
  uint64_t pixels = (uint64_t)info->image_width * info->image_height;
  char text[120];
  if (pixels == 0 || info->image_width > limits->max_side
      || info->image_height > limits->max_side || pixels > limits->max_pixels) {
    snprintf(text, sizeof text, "%u x %u pixels", info->image_width, info->image_height);
    cs_jpeg_fail(&reader->errors, CS_JPEG_SIZE, text);
  }
  if (info->jpeg_color_space != JCS_GRAYSCALE && info->jpeg_color_space != JCS_YCbCr
      && info->jpeg_color_space != JCS_RGB) {
    snprintf(text, sizeof text, "%d components", info->num_components);
    cs_jpeg_fail(&reader->errors, CS_JPEG_COLOURS, text);
  }
}

// A new decompressor per picture: a used one keeps the tables of the picture before, and a damaged
// frame without tables would be decoded with them.
cs_jpeg_reader *cs_jpeg_open(
    const uint8_t *data, size_t count, const cs_jpeg_limits *limits, cs_jpeg_info *out,
    cs_jpeg_failure *failure) {
  cs_jpeg_reader *reader = calloc(1, sizeof *reader);
  if (!reader) {
    failure->status = CS_JPEG_MEMORY;
    snprintf(failure->message, sizeof failure->message, "no memory for a decoder");
    return NULL;
  }
  reader->info.err = cs_jpeg_errors_init(&reader->errors);
  if (setjmp(reader->errors.escape)) {
    *failure = reader->errors.failure;
    cs_jpeg_close(reader);
    return NULL;
  }
  jpeg_create_decompress(&reader->info);
  reader->max_scans = limits->max_scans;
  reader->progress.progress_monitor = check_scans;
  reader->info.progress = &reader->progress;
  reader->info.client_data = reader;
  reader->info.mem->max_memory_to_use = (long)limits->max_memory;
  jpeg_mem_src(&reader->info, data, count);
  jpeg_read_header(&reader->info, TRUE);
  check_header(reader, limits);
  out->width = reader->info.image_width;
  out->height = reader->info.image_height;
  out->components = (uint32_t)reader->info.num_components;
  out->is_progressive = reader->info.progressive_mode;
  return reader;
}

int cs_jpeg_read(cs_jpeg_reader *reader, uint8_t *rgb, size_t capacity, cs_jpeg_failure *failure) {
  struct jpeg_decompress_struct *info = &reader->info;
  if (setjmp(reader->errors.escape)) {
    *failure = reader->errors.failure;
    return failure->status;
  }
  size_t stride = (size_t)info->image_width * 3;
  if (capacity != stride * info->image_height)
    cs_jpeg_fail(&reader->errors, CS_JPEG_BUFFER, "the buffer does not fit the picture");
  info->out_color_space = JCS_RGB;
  jpeg_start_decompress(info);
  if (info->output_width != info->image_width || info->output_height != info->image_height
      || info->output_components != 3)
    cs_jpeg_fail(&reader->errors, CS_JPEG_BUFFER, "unexpected output format");
  while (info->output_scanline < info->output_height) {
    JSAMPROW rows[8];
    JDIMENSION left = info->output_height - info->output_scanline;
    JDIMENSION count = left < 8 ? left : 8;
    for (JDIMENSION row = 0; row < count; row++)
      rows[row] = rgb + (info->output_scanline + row) * stride;
    jpeg_read_scanlines(info, rows, count);
  }
  // Reads up to the end marker: a picture without one was cut.
  jpeg_finish_decompress(info);
  return CS_JPEG_OK;
}

long cs_jpeg_warnings(const cs_jpeg_reader *reader) { return reader->errors.warnings; }

void cs_jpeg_close(cs_jpeg_reader *reader) {
  if (!reader) return;
  jpeg_destroy_decompress(&reader->info);
  free(reader);
}

#include <stdlib.h>

#include "failure.h"

typedef struct {
  cs_jpeg_errors errors;
  struct jpeg_compress_struct info;
  struct jpeg_destination_mgr destination;
  uint8_t *bytes;
  size_t capacity;
} encoder;

// jpeg_mem_dest loses its buffer when the library jumps out; this one does not.
static void start(j_compress_ptr info) {
  encoder *self = info->client_data;
  self->destination.next_output_byte = self->bytes;
  self->destination.free_in_buffer = self->capacity;
}

static boolean grow(j_compress_ptr info) {
  encoder *self = info->client_data;
  uint8_t *larger = realloc(self->bytes, self->capacity * 2);
  if (!larger) cs_jpeg_fail(&self->errors, CS_JPEG_MEMORY, "no memory for the encoded picture");
  self->bytes = larger;
  self->destination.next_output_byte = larger + self->capacity;
  self->destination.free_in_buffer = self->capacity;
  self->capacity *= 2;
  return TRUE;
}

static void finish(j_compress_ptr info) { (void)info; }

static int fail(cs_jpeg_failure *failure, int status, const char *message) {
  failure->status = status;
  snprintf(failure->message, sizeof failure->message, "%s", message);
  return status;
}

int cs_jpeg_encode(
    const uint8_t *rgb, uint32_t width, uint32_t height, int quality, uint8_t **out,
    size_t *out_count, cs_jpeg_failure *failure) {
  encoder *self = calloc(1, sizeof *self);
  if (!self) return fail(failure, CS_JPEG_MEMORY, "no memory for an encoder");
  size_t stride = (size_t)width * 3;
  self->capacity = stride * height / 8 + 4096;
  self->bytes = malloc(self->capacity);
  if (!self->bytes) {
    free(self);
    return fail(failure, CS_JPEG_MEMORY, "no memory for the encoded picture");
  }
  struct jpeg_compress_struct *info = &self->info;
  info->err = cs_jpeg_errors_init(&self->errors);
  if (setjmp(self->errors.escape)) {
    *failure = self->errors.failure;
    jpeg_destroy_compress(info);
    free(self->bytes);
    free(self);
    return failure->status;
  }
  jpeg_create_compress(info);
  info->client_data = self;
  self->destination.init_destination = start;
  self->destination.empty_output_buffer = grow;
  self->destination.term_destination = finish;
  info->dest = &self->destination;
  info->image_width = width;
  info->image_height = height;
  info->input_components = 3;
  info->in_color_space = JCS_RGB;
  jpeg_set_defaults(info);
  jpeg_set_quality(info, quality, TRUE);
  jpeg_start_compress(info, TRUE);
  while (info->next_scanline < info->image_height) {
    JSAMPROW rows[8];
    JDIMENSION left = info->image_height - info->next_scanline;
    JDIMENSION count = left < 8 ? left : 8;
    for (JDIMENSION row = 0; row < count; row++)
      rows[row] = (JSAMPROW)(rgb + (info->next_scanline + row) * stride);  // only read from
    jpeg_write_scanlines(info, rows, count);
  }
  jpeg_finish_compress(info);
  *out_count = self->capacity - self->destination.free_in_buffer;
  *out = self->bytes;
  jpeg_destroy_compress(info);
  free(self);
  return CS_JPEG_OK;
}

void cs_jpeg_free(uint8_t *bytes) { free(bytes); }

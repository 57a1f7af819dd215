// The few things CleanSight needs of libjpeg-turbo, with plain C types and no way to exit the
// process: every error of the library comes back as a status and a message.
#ifndef CS_JPEG_H
#define CS_JPEG_H

#include <stddef.h>
#include <stdint.h>

enum {
  CS_JPEG_OK = 0,
  /// The library refused the file; the message says why.
  CS_JPEG_INVALID = 1,
  /// A side is 0 or beyond the limits.
  CS_JPEG_SIZE = 2,
  /// More progressive scans than allowed.
  CS_JPEG_SCANS = 3,
  /// The library would need more working memory than allowed, or malloc failed.
  CS_JPEG_MEMORY = 4,
  /// CMYK, YCCK or an unknown number of components.
  CS_JPEG_COLOURS = 5,
  /// The data ends before the picture does.
  CS_JPEG_TRUNCATED = 6,
  /// Entropy-coded data that cannot be right.
  CS_JPEG_DAMAGED = 7,
  /// The caller's buffer does not fit the picture.
  CS_JPEG_BUFFER = 8,
};

typedef struct {
  uint32_t max_side;
  uint64_t max_pixels;
  /// Working memory of the library in bytes, without the caller's pixels.
  uint64_t max_memory;
  uint32_t max_scans;
} cs_jpeg_limits;

typedef struct {
  uint32_t width, height, components;
  int is_progressive;
} cs_jpeg_info;

typedef struct {
  int status;
  char message[200];
} cs_jpeg_failure;

typedef struct cs_jpeg_reader cs_jpeg_reader;

/// Reads the header and checks it against the limits; nothing of the picture's size is allocated.
/// `data` must stay valid until `cs_jpeg_close`. NULL on failure.
cs_jpeg_reader *cs_jpeg_open(
    const uint8_t *data, size_t count, const cs_jpeg_limits *limits, cs_jpeg_info *info,
    cs_jpeg_failure *failure);
/// Decodes to width × height × 3 bytes of RGB; `capacity` must be exactly that. Returns the status.
/// Called once per reader. After a failure the contents of `rgb` are undefined.
int cs_jpeg_read(cs_jpeg_reader *reader, uint8_t *rgb, size_t capacity, cs_jpeg_failure *failure);
/// How many warnings about things that do not hurt the picture came so far.
long cs_jpeg_warnings(const cs_jpeg_reader *reader);
void cs_jpeg_close(cs_jpeg_reader *reader);

/// Encodes width × height × 3 bytes of RGB as a baseline JPEG with 4:2:0 chroma. On success `*out`
/// holds `*out_count` bytes and is released with `cs_jpeg_free`.
int cs_jpeg_encode(
    const uint8_t *rgb, uint32_t width, uint32_t height, int quality, uint8_t **out,
    size_t *out_count, cs_jpeg_failure *failure);
void cs_jpeg_free(uint8_t *bytes);

#endif

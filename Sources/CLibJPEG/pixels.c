#include "include/cs_pixels.h"

static inline uint8_t clamp(int value) {
  value >>= 8;
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

// BT.601, luma 16 to 235 and chroma 16 to 240, coefficients in 1/256; + 128 rounds.
typedef struct {
  int red, green, blue;
} chroma_part;

static inline chroma_part chroma_of(int u, int v) {
  u -= 128;
  v -= 128;
  return (chroma_part){409 * v + 128, -100 * u - 208 * v + 128, 516 * u + 128};
}

static inline void put(uint8_t *restrict rgb, int y, chroma_part chroma) {
  y = 298 * (y - 16);
  rgb[0] = clamp(y + chroma.red);
  rgb[1] = clamp(y + chroma.green);
  rgb[2] = clamp(y + chroma.blue);
}

void cs_yuyv_to_rgb(
    const uint8_t *yuyv, size_t bytes_per_line, size_t width, size_t height, uint8_t *rgb) {
  for (size_t row = 0; row < height; row++) {
    const uint8_t *restrict in = yuyv + row * bytes_per_line;
    uint8_t *restrict out = rgb + row * width * 3;
    for (size_t pair = 0; pair < width / 2; pair++, in += 4, out += 6) {
      chroma_part chroma = chroma_of(in[1], in[3]);
      put(out, in[0], chroma);
      put(out + 3, in[2], chroma);
    }
    if (width % 2) put(out, in[0], chroma_of(in[1], in[3]));
  }
}

void cs_nv12_to_rgb(
    const uint8_t *luma, const uint8_t *chroma, size_t bytes_per_line, size_t width, size_t height,
    uint8_t *rgb) {
  for (size_t row = 0; row < height; row++) {
    const uint8_t *restrict y = luma + row * bytes_per_line;
    const uint8_t *restrict uv = chroma + row / 2 * bytes_per_line;
    uint8_t *restrict out = rgb + row * width * 3;
    for (size_t pair = 0; pair < width / 2; pair++, y += 2, uv += 2, out += 6) {
      chroma_part part = chroma_of(uv[0], uv[1]);
      put(out, y[0], part);
      put(out + 3, y[1], part);
    }
    if (width % 2) put(out, y[0], chroma_of(uv[0], uv[1]));
  }
}

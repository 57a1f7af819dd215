// Conversions of a camera's pixels to RGB, BT.601 limited range. The caller has checked all sizes.
#ifndef CS_PIXELS_H
#define CS_PIXELS_H

#include <stddef.h>
#include <stdint.h>

/// Rows of Y0 U Y1 V, `bytes_per_line` apart, to interleaved RGB without gaps. The last pixel of an
/// odd width uses the first half of its group.
void cs_yuyv_to_rgb(
    const uint8_t *yuyv, size_t bytes_per_line, size_t width, size_t height, uint8_t *rgb);

/// A plane of Y, rows `bytes_per_line` apart, and a plane of U V pairs for 2 × 2 pixels with rows
/// just as far apart, to interleaved RGB without gaps.
void cs_nv12_to_rgb(
    const uint8_t *luma, const uint8_t *chroma, size_t bytes_per_line, size_t width, size_t height,
    uint8_t *rgb);

#endif

// Sorting and selecting by score through integer keys that order like the floats.
#include <string.h>

#include "internal.h"

// Greater float, greater key; -0 is 0; NaN is below all else.
static inline uint32_t key_of(float value) {
  value += 0.0f;
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint32_t key = bits ^ ((uint32_t)((int32_t)bits >> 31) | 0x80000000u);
  return value != value ? 0 : key;
}

void cs_radix_sort_descending(uint64_t *values, uint64_t *spare, size_t count) {
  if (count <= 48) {
    for (size_t i = 1; i < count; i++) {
      uint64_t value = values[i];
      size_t j = i;
      while (j > 0 && (values[j - 1] >> 32) < (value >> 32)) {
        values[j] = values[j - 1];
        j--;
      }
      values[j] = value;
    }
    return;
  }
  uint32_t histogram[4][256];
  memset(histogram, 0, sizeof histogram);
  for (size_t i = 0; i < count; i++) {
    for (int digit = 0; digit < 4; digit++) {
      histogram[digit][(values[i] >> (32 + 8 * digit)) & 255]++;
    }
  }
  for (int digit = 0; digit < 4; digit++) {
    uint32_t start[256], sum = 0;
    for (int bucket = 255; bucket >= 0; bucket--) {
      start[bucket] = sum;
      sum += histogram[digit][bucket];
    }
    for (size_t i = 0; i < count; i++) {
      spare[start[(values[i] >> (32 + 8 * digit)) & 255]++] = values[i];
    }
    uint64_t *swap = values;
    values = spare;
    spare = swap;
  }
  // Four passes: the result is back where it came from.
}

void cs_sort_scores(const float *scores, size_t count, uint64_t *scratch, uint32_t *order) {
  for (size_t i = 0; i < count; i++) scratch[i] = (uint64_t)key_of(scores[i]) << 32 | (uint32_t)i;
  cs_radix_sort_descending(scratch, scratch + count, count);
  for (size_t i = 0; i < count; i++) order[i] = (uint32_t)scratch[i];
}

// The bucket in which the `remaining`-th greatest value lies; takes the buckets above it off
// `remaining`.
static uint32_t bucket_of(const uint32_t *histogram, uint32_t buckets, size_t *remaining) {
  uint32_t bucket = buckets - 1;
  while (bucket > 0 && histogram[bucket] < *remaining) *remaining -= histogram[bucket--];
  return bucket;
}

size_t cs_topk(const float *values, size_t pixels, size_t per_pixel, size_t stride, size_t k,
               uint32_t *keys, uint64_t *scratch, uint32_t *indices) {
  size_t count = pixels * per_pixel;
  if (k > count) k = count;
  if (k == 0) return 0;

  uint32_t histogram[2048];
  if (stride == per_pixel) {
    for (size_t i = 0; i < count; i++) keys[i] = key_of(values[i]);
  } else {
    for (size_t p = 0; p < pixels; p++) {
      for (size_t i = 0; i < per_pixel; i++) {
        keys[p * per_pixel + i] = key_of(values[p * stride + i]);
      }
    }
  }

  // The k-th greatest key, 11 + 11 + 10 bits at a time: no sort of the whole, and no bad case.
  uint32_t threshold = 0;
  size_t ties = k;  // how many of those equal to the threshold are taken
  if (k < count) {
    memset(histogram, 0, sizeof histogram);
    for (size_t i = 0; i < count; i++) histogram[keys[i] >> 21]++;
    threshold = bucket_of(histogram, 2048, &ties) << 21;
    memset(histogram, 0, sizeof histogram);
    for (size_t i = 0; i < count; i++) {
      if (keys[i] >> 21 == threshold >> 21) histogram[(keys[i] >> 10) & 2047]++;
    }
    threshold |= bucket_of(histogram, 2048, &ties) << 10;
    memset(histogram, 0, sizeof histogram);
    for (size_t i = 0; i < count; i++) {
      if (keys[i] >> 10 == threshold >> 10) histogram[keys[i] & 1023]++;
    }
    threshold |= bucket_of(histogram, 1024, &ties);
  }

  size_t found = 0;
  for (size_t i = 0; i < count && found < k; i++) {
    if (keys[i] < threshold) continue;
    if (keys[i] == threshold && k < count) {
      if (ties == 0) continue;
      ties--;
    }
    scratch[found++] = (uint64_t)keys[i] << 32 | (uint32_t)i;
  }
  cs_radix_sort_descending(scratch, scratch + k, found);
  for (size_t i = 0; i < found; i++) indices[i] = (uint32_t)scratch[i];
  return found;
}

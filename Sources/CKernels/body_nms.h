// Greedy non-maximum suppression. Included by kernels_body.h.

// Each candidate meets the survivors, which lie as x1, y1, x2, y2, area arrays, a block of 16 at a
// time. A block's unused places hold empty boxes at the origin, which overlap nothing.
static size_t nms(const float *boxes, size_t count, float offset, float threshold, size_t limit,
                  float *scratch, uint32_t *keep) {
  // Fused operations would round otherwise than torchvision does.
#pragma clang fp contract(off)
  enum { BLOCK = 16 };
  size_t capacity = (limit + BLOCK - 1) / BLOCK * BLOCK;
  float *kx1 = scratch, *ky1 = kx1 + capacity, *kx2 = ky1 + capacity, *ky2 = kx2 + capacity,
        *karea = ky2 + capacity;
  size_t kept = 0;
  for (size_t i = 0; i < count && kept < limit; i++) {
    float x1 = boxes[4 * i] + offset, y1 = boxes[4 * i + 1] + offset;
    float x2 = boxes[4 * i + 2] + offset, y2 = boxes[4 * i + 3] + offset;
    float area = (x2 - x1) * (y2 - y1);
    int32_t suppressed = 0;
    for (size_t block = 0; block < kept && !suppressed; block += BLOCK) {
      int32_t above[BLOCK];
      for (size_t j = 0; j < BLOCK; j++) {
        size_t k = block + j;
        float left = x1 > kx1[k] ? x1 : kx1[k], top = y1 > ky1[k] ? y1 : ky1[k];
        float right = x2 < kx2[k] ? x2 : kx2[k], bottom = y2 < ky2[k] ? y2 : ky2[k];
        float width = right - left, height = bottom - top;
        width = width > 0 ? width : 0;
        height = height > 0 ? height : 0;
        float intersection = width * height;
        float iou = intersection / (karea[k] + area - intersection);
        above[j] = iou > threshold ? -1 : 0;
      }
      for (size_t j = 0; j < BLOCK; j++) suppressed |= above[j];
    }
    if (suppressed) continue;
    if (kept % BLOCK == 0) {
      for (size_t j = kept; j < kept + BLOCK; j++) {
        kx1[j] = ky1[j] = kx2[j] = ky2[j] = karea[j] = 0;
      }
    }
    kx1[kept] = x1;
    ky1[kept] = y1;
    kx2[kept] = x2;
    ky2[kept] = y2;
    karea[kept] = area;
    keep[kept++] = (uint32_t)i;
  }
  return kept;
}

// f32 ↔ bf16 in bulk. Included by kernels_body.h.

static void f32_to_bf16(const float *source, uint16_t *target, size_t count) {
  size_t i = 0;
  for (; i + CS_LANES <= count; i += CS_LANES) narrow(target + i, load(source + i));
  for (; i < count; i++) target[i] = round_one(source[i]);
}

static void bf16_to_f32(const uint16_t *source, float *target, size_t count) {
  size_t i = 0;
  for (; i + CS_LANES <= count; i += CS_LANES) store(target + i, widen(source + i));
  for (; i < count; i++) target[i] = widen_one(source[i]);
}

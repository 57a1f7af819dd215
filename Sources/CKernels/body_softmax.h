// Softmax over rows. Included by kernels_body.h.

// e^x for x ≤ 0 to about 1 unit in the last place (Cephes' polynomial); 0 below -87; NaN stays NaN.
static inline float exp_negative(float x) {
  float clamped = x < -87.0f ? -87.0f : x;
  // Adding 1.5 × 2^23 rounds to an integer and leaves it in the low bits.
  float shifted = clamped * 1.44269504088896341f + 12582912.0f;
  float whole = shifted - 12582912.0f;
  float r = clamped - whole * 0.693359375f + whole * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  uint32_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  bits = (bits << 23) + 0x3f800000u;
  float power;
  memcpy(&power, &bits, sizeof power);
  return x < -87.0f ? 0.0f : p * power;
}

static void softmax(const float *logits, size_t rows, size_t columns, size_t stride,
                    float *output) {
  for (size_t row = 0; row < rows; row++) {
    const float *in = logits + row * stride;
    float *out = output + row * columns;
    float greatest = -INFINITY;
    for (size_t i = 0; i < columns; i++) greatest = in[i] > greatest ? in[i] : greatest;
    for (size_t i = 0; i < columns; i++) out[i] = exp_negative(in[i] - greatest);
    float sum = 0;
    for (size_t i = 0; i < columns; i++) sum += out[i];
    for (size_t i = 0; i < columns; i++) out[i] /= sum;
  }
}

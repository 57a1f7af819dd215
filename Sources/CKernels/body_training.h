// What training does between the convolutions, on `rows × channels` values, channels contiguous.
// Included by kernels_body.h. Every function exists for f32 and bf16 values; sums are f32 within a
// piece of the rows, and pieces are added in f64 by the caller in a fixed order, so that the result
// does not depend on the number of threads.

#define CS_INLINE static inline __attribute__((always_inline))

CS_INLINE vf load_any(const void *p, size_t i, int element) {
  return element ? widen((const uint16_t *)p + i) : load((const float *)p + i);
}

CS_INLINE float load_one(const void *p, size_t i, int element) {
  return element ? widen_one(((const uint16_t *)p)[i]) : ((const float *)p)[i];
}

CS_INLINE void store_any(void *p, size_t i, vf v, int element) {
  if (element)
    narrow((uint16_t *)p + i, v);
  else
    store((float *)p + i, v);
}

CS_INLINE void store_one(void *p, size_t i, float v, int element) {
  if (element)
    ((uint16_t *)p)[i] = round_one(v);
  else
    ((float *)p)[i] = v;
}

CS_INLINE vf select_positive(vf y, vf value) { return (vf)((vu)(y > 0) & (vu)value); }

// sums[c] = Σ (x − pivot[c]), squares[c] = Σ (x − pivot[c])², over rows.
CS_INLINE void channel_sums_any(const void *x, size_t rows, size_t channels, const float *pivot,
                                float *sums, float *squares, int element) {
  size_t c = 0;
  for (; c + 2 * CS_LANES <= channels; c += 2 * CS_LANES) {
    vf p0 = load(pivot + c), p1 = load(pivot + c + CS_LANES);
    vf s0 = {0}, s1 = {0}, q0 = {0}, q1 = {0};
    for (size_t r = 0; r < rows; r++) {
      vf a = load_any(x, r * channels + c, element) - p0;
      vf b = load_any(x, r * channels + c + CS_LANES, element) - p1;
      s0 += a, s1 += b, q0 += a * a, q1 += b * b;
    }
    store(sums + c, s0), store(sums + c + CS_LANES, s1);
    store(squares + c, q0), store(squares + c + CS_LANES, q1);
  }
  for (; c < channels; c++) {
    float s = 0, q = 0;
    for (size_t r = 0; r < rows; r++) {
      float a = load_one(x, r * channels + c, element) - pivot[c];
      s += a, q += a * a;
    }
    sums[c] = s, squares[c] = q;
  }
}

// y = x · scale + shift (+ residual), rectified or not.
CS_INLINE void channel_affine_any(const cs_channel_affine_job *job, size_t begin, size_t end,
                                  int element) {
  const size_t channels = job->channels;
  for (size_t r = begin; r < end; r++) {
    size_t i = r * channels, c = 0;
    for (; c + CS_LANES <= channels; c += CS_LANES) {
      vf v = load_any(job->x, i + c, element) * load(job->scale + c) + load(job->shift + c);
      if (job->residual) v += load_any(job->residual, i + c, element);
      if (job->relu) v = select_positive(v, v);
      store_any(job->y, i + c, v, element);
    }
    for (; c < channels; c++) {
      float v = load_one(job->x, i + c, element) * job->scale[c] + job->shift[c];
      if (job->residual) v += load_one(job->residual, i + c, element);
      if (job->relu && !(v > 0)) v = 0;
      store_one(job->y, i + c, v, element);
    }
  }
}

// With dz = dy where y > 0 (or everywhere without y):
// sums[c] = Σ dz, products[c] = Σ dz · (x − mean[c]).
CS_INLINE void channel_backward_sums_any(const cs_channel_backward_job *job, size_t begin,
                                         size_t end, float *sums, float *products, int element) {
  const size_t channels = job->channels;
  size_t c = 0;
  for (; c + CS_LANES <= channels; c += CS_LANES) {
    vf mean = load(job->mean + c), s = {0}, q = {0};
    for (size_t r = begin; r < end; r++) {
      size_t i = r * channels + c;
      vf dz = load_any(job->dy, i, element);
      if (job->y) dz = select_positive(load_any(job->y, i, element), dz);
      s += dz, q += dz * (load_any(job->x, i, element) - mean);
    }
    store(sums + c, s), store(products + c, q);
  }
  for (; c < channels; c++) {
    float s = 0, q = 0;
    for (size_t r = begin; r < end; r++) {
      size_t i = r * channels + c;
      float dz = load_one(job->dy, i, element);
      if (job->y && !(load_one(job->y, i, element) > 0)) dz = 0;
      s += dz, q += dz * (load_one(job->x, i, element) - job->mean[c]);
    }
    sums[c] = s, products[c] = q;
  }
}

// dx = a · dz + b · (x − mean) + c, and dz itself for the residual.
CS_INLINE void channel_backward_any(const cs_channel_backward_job *job, size_t begin, size_t end,
                                    int element) {
  const size_t channels = job->channels;
  for (size_t r = begin; r < end; r++) {
    size_t i = r * channels, c = 0;
    for (; c + CS_LANES <= channels; c += CS_LANES) {
      vf dz = load_any(job->dy, i + c, element);
      if (job->y) dz = select_positive(load_any(job->y, i + c, element), dz);
      vf x = load_any(job->x, i + c, element) - load(job->mean + c);
      vf dx = load(job->a + c) * dz + load(job->b + c) * x + load(job->c + c);
      if (job->dresidual) store_any(job->dresidual, i + c, dz, element);
      store_any(job->dx, i + c, dx, element);
    }
    for (; c < channels; c++) {
      float dz = load_one(job->dy, i + c, element);
      if (job->y && !(load_one(job->y, i + c, element) > 0)) dz = 0;
      float x = load_one(job->x, i + c, element) - job->mean[c];
      if (job->dresidual) store_one(job->dresidual, i + c, dz, element);
      store_one(job->dx, i + c, job->a[c] * dz + job->b[c] * x + job->c[c], element);
    }
  }
}

// out = (a + b) where the bit of the mask is set (or everywhere without one); b may be absent.
CS_INLINE void merge_any(const void *a, const void *b, const uint16_t *mask, void *out,
                         size_t begin, size_t end, int element) {
  static const uint32_t bit_of_lane[16] = {1 << 0,  1 << 1,  1 << 2,  1 << 3, 1 << 4,  1 << 5,
                                           1 << 6,  1 << 7,  1 << 8,  1 << 9, 1 << 10, 1 << 11,
                                           1 << 12, 1 << 13, 1 << 14, 1 << 15};
  size_t i = begin;
  for (; i + 16 <= end; i += 16) {
    uint32_t word = mask ? mask[i / 16] : 0xffff;
    for (size_t lane = 0; lane < 16; lane += CS_LANES) {
      vf v = load_any(a, i + lane, element);
      if (b) v += load_any(b, i + lane, element);
      if (mask) {
        vu bits = *(const vu *)(bit_of_lane + lane) & (word - (vu){0});
        v = (vf)((vu)(bits != 0) & (vu)v);
      }
      store_any(out, i + lane, v, element);
    }
  }
  for (; i < end; i++) {
    float v = load_one(a, i, element) + (b ? load_one(b, i, element) : 0);
    if (mask && !(mask[i / 16] >> (i % 16) & 1)) v = 0;
    store_one(out, i, v, element);
  }
}

// Bit i of the mask: whether value i is above 0. `begin` is a multiple of 16.
CS_INLINE void positive_mask_any(const void *x, uint16_t *mask, size_t begin, size_t end,
                                 int element) {
  for (size_t i = begin; i < end; i += 16) {
    size_t count = end - i < 16 ? end - i : 16;
    uint32_t word = 0;
#if CS_LANES == 16
    if (count == 16) {
      __m512 v = (__m512)load_any(x, i, element);
      mask[i / 16] = (uint16_t)_mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_GT_OQ);
      continue;
    }
#endif
    for (size_t lane = 0; lane < count; lane++)
      word |= (uint32_t)(load_one(x, i + lane, element) > 0) << lane;
    mask[i / 16] = (uint16_t)word;
  }
}

static void channel_sums(const void *x, size_t rows, size_t channels, const float *pivot,
                         float *sums, float *squares, int element) {
  if (element)
    channel_sums_any(x, rows, channels, pivot, sums, squares, 1);
  else
    channel_sums_any(x, rows, channels, pivot, sums, squares, 0);
}

static void channel_affine(const cs_channel_affine_job *job, size_t begin, size_t end) {
  if (job->element)
    channel_affine_any(job, begin, end, 1);
  else
    channel_affine_any(job, begin, end, 0);
}

static void channel_backward_sums(const cs_channel_backward_job *job, size_t begin, size_t end,
                                  float *sums, float *products) {
  if (job->element)
    channel_backward_sums_any(job, begin, end, sums, products, 1);
  else
    channel_backward_sums_any(job, begin, end, sums, products, 0);
}

static void channel_backward(const cs_channel_backward_job *job, size_t begin, size_t end) {
  if (job->element)
    channel_backward_any(job, begin, end, 1);
  else
    channel_backward_any(job, begin, end, 0);
}

static void merge(const void *a, const void *b, const uint16_t *mask, void *out, size_t begin,
                  size_t end, int element) {
  if (element)
    merge_any(a, b, mask, out, begin, end, 1);
  else
    merge_any(a, b, mask, out, begin, end, 0);
}

static void positive_mask(const void *x, uint16_t *mask, size_t begin, size_t end, int element) {
  if (element)
    positive_mask_any(x, mask, begin, end, 1);
  else
    positive_mask_any(x, mask, begin, end, 0);
}

// v = momentum · v + (g + decay · w); w −= rate · v (Sutskever et al. 2013, as PyTorch writes it).
static void sgd(float *weights, const float *gradients, float *velocities, size_t count, float rate,
                float momentum, float decay) {
  size_t i = 0;
  for (; i + CS_LANES <= count; i += CS_LANES) {
    vf w = load(weights + i);
    vf v = load(velocities + i) * momentum + (load(gradients + i) + w * decay);
    store(velocities + i, v);
    store(weights + i, w - v * rate);
  }
  for (; i < count; i++) {
    velocities[i] = velocities[i] * momentum + (gradients[i] + weights[i] * decay);
    weights[i] -= velocities[i] * rate;
  }
}

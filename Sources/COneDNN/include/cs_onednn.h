// A small C surface over oneDNN's C API, the same for its versions 2 and 3. Activations are NHWC,
// weights are given as plain f32 and packed once into whatever layout the primitive asks for.
// Every function returns a dnnl_status_t as int: 0 is success.
#ifndef CS_ONEDNN_H
#define CS_ONEDNN_H
#include <stddef.h>
#include <stdint.h>

typedef struct cs_dnnl_context cs_dnnl_context;
typedef struct cs_dnnl_primitive cs_dnnl_primitive;
typedef struct cs_dnnl_weights cs_dnnl_weights;

enum { CS_DNNL_F32 = 0, CS_DNNL_BF16 = 1 };

typedef struct {
  int64_t batch, in_height, in_width, in_channels;
  int64_t out_height, out_width, out_channels;
  int64_t kernel, stride, padding;
  int src_type, dst_type;
  int has_bias;    // the bias is f32
  int relu;        // the result is rectified
  int accumulate;  // the result is added to what dst holds, before the ReLU
  int winograd;    // Winograd's algorithm, with src and dst in blocks of 16 channels; creation fails
                   // where oneDNN has none for this shape and processor
} cs_dnnl_convolution;

const char *cs_dnnl_version(void);
/// Whether oneDNN generates kernels for this processor: x86-64 from SSE4.1 on. It falls back to
/// plain loops elsewhere.
int cs_dnnl_generates_kernels(void);
/// Worker threads of the calling thread's OpenMP team, for creating and for executing primitives.
void cs_dnnl_set_threads(int threads);

int cs_dnnl_context_create(cs_dnnl_context **context);
void cs_dnnl_context_destroy(cs_dnnl_context *context);

int cs_dnnl_convolution_create(cs_dnnl_context *context, const cs_dnnl_convolution *convolution,
                               cs_dnnl_primitive **primitive);
/// The gradient of the convolution's input: reads the gradient of its result, writes that of its
/// input. Takes weights like the convolution itself; its bias, sum and ReLU do not matter.
int cs_dnnl_convolution_input_gradient_create(cs_dnnl_context *context,
                                              const cs_dnnl_convolution *convolution,
                                              cs_dnnl_primitive **primitive);
/// The gradient of the convolution's weights, for cs_dnnl_weight_gradient.
int cs_dnnl_convolution_weight_gradient_create(cs_dnnl_context *context,
                                               const cs_dnnl_convolution *convolution,
                                               cs_dnnl_primitive **primitive);
/// dst[N, M] = src[N, K] · weights[M, K]ᵀ + bias
int cs_dnnl_linear_create(cs_dnnl_context *context, int64_t batch, int64_t in_features,
                          int64_t out_features, int src_type, int dst_type, int relu,
                          cs_dnnl_primitive **primitive);
/// gradient[M, N] += Σ over rows of a[row, M] · b[row, N]: sums of a linear map's gradient, f32.
int cs_dnnl_outer_product_create(cs_dnnl_context *context, int64_t rows, int64_t m, int64_t n,
                                 int type, cs_dnnl_primitive **primitive);
/// Copies f32 weights from [O, K, K, I] to [O, I, K, K].
int cs_dnnl_weight_reorder_create(cs_dnnl_context *context, int64_t outputs, int64_t inputs,
                                  int64_t kernel, cs_dnnl_primitive **primitive);
int cs_dnnl_max_pool_create(cs_dnnl_context *context, int64_t batch, int64_t height, int64_t width,
                            int64_t channels, int64_t out_height, int64_t out_width, int64_t kernel,
                            int64_t stride, int64_t padding, int type,
                            cs_dnnl_primitive **primitive);
/// Copies f32 pictures between NHWC and blocks of 16 channels (nChw16c).
int cs_dnnl_reorder_create(cs_dnnl_context *context, int64_t batch, int64_t height, int64_t width,
                           int64_t channels, int to_blocks, cs_dnnl_primitive **primitive);
void cs_dnnl_primitive_destroy(cs_dnnl_primitive *primitive);

/// The name of the kernel that oneDNN chose, such as "brgconv:avx512_core".
const char *cs_dnnl_primitive_implementation(const cs_dnnl_primitive *primitive);
size_t cs_dnnl_primitive_scratch_bytes(const cs_dnnl_primitive *primitive);

/// Packs plain row-major f32 weights ([O, I, K, K] or [M, K]) and an f32 bias for the primitive.
int cs_dnnl_weights_pack(cs_dnnl_context *context, const cs_dnnl_primitive *primitive,
                         const float *weights, const float *bias, size_t bias_count,
                         cs_dnnl_weights **packed);
/// Packs other values into weights packed before, with a bias if and only if they have one.
int cs_dnnl_weights_update(cs_dnnl_context *context, cs_dnnl_weights *packed, const float *weights,
                           const float *bias, size_t bias_count);
/// Whether weights packed for another primitive serve this one too.
int cs_dnnl_weights_fit(const cs_dnnl_primitive *primitive, const cs_dnnl_weights *packed);
int cs_dnnl_primitive_use_weights(cs_dnnl_primitive *primitive, const cs_dnnl_weights *packed);
void cs_dnnl_weights_destroy(cs_dnnl_weights *packed);

/// Runs the primitive and waits for it.
int cs_dnnl_primitive_execute(cs_dnnl_context *context, cs_dnnl_primitive *primitive,
                              const void *src, void *dst, void *scratch);
/// gradient = Σ src ⊗ diff_dst in plain f32 [O, I, K, K].
int cs_dnnl_weight_gradient(cs_dnnl_context *context, cs_dnnl_primitive *primitive, const void *src,
                            const void *diff_dst, float *gradient, void *scratch);
/// sum += Σ a ⊗ b, of an outer product.
int cs_dnnl_outer_product(cs_dnnl_context *context, cs_dnnl_primitive *primitive, const void *a,
                          const void *b, float *sum, void *scratch);

#endif

#include "cs_onednn_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

void omp_set_num_threads(int threads);

const char *cs_dnnl_version(void) {
  static char text[32];
  const dnnl_version_t *version = dnnl_version();
  snprintf(text, sizeof text, "%d.%d.%d", version->major, version->minor, version->patch);
  return text;
}

int cs_dnnl_generates_kernels(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("sse4.1") != 0;
#else
  return 0;
#endif
}

void cs_dnnl_set_threads(int threads) { omp_set_num_threads(threads); }

int cs_dnnl_context_create(cs_dnnl_context **out) {
  dnnl_status_t status = dnnl_success;
  cs_dnnl_context *context = calloc(1, sizeof *context);
  if (!context) return dnnl_out_of_memory;
  TRY(dnnl_engine_create(&context->engine, dnnl_cpu, 0));
  TRY(dnnl_stream_create(&context->stream, context->engine, dnnl_stream_default_flags));
  *out = context;
  return dnnl_success;
done:
  cs_dnnl_context_destroy(context);
  return status;
}

void cs_dnnl_context_destroy(cs_dnnl_context *context) {
  if (!context) return;
  free(context->scratch);
  if (context->stream) dnnl_stream_destroy(context->stream);
  if (context->engine) dnnl_engine_destroy(context->engine);
  free(context);
}

dnnl_status_t cs_dnnl_attributes(dnnl_primitive_attr_t *out, int accumulate, int relu) {
  dnnl_status_t status = dnnl_success;
  dnnl_primitive_attr_t attr = NULL;
  dnnl_post_ops_t ops = NULL;
  TRY(dnnl_primitive_attr_create(&attr));
  TRY(dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user));
  TRY(dnnl_post_ops_create(&ops));
#if DNNL_VERSION_MAJOR >= 3
  if (accumulate) TRY(dnnl_post_ops_append_sum(ops, 1.f, 0, dnnl_data_type_undef));
  if (relu) TRY(dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_relu, 0.f, 0.f));
#else
  if (accumulate) TRY(dnnl_post_ops_append_sum(ops, 1.f));
  if (relu) TRY(dnnl_post_ops_append_eltwise(ops, 1.f, dnnl_eltwise_relu, 0.f, 0.f));
#endif
  TRY(dnnl_primitive_attr_set_post_ops(attr, ops));
  *out = attr;
  attr = NULL;
done:
  if (ops) dnnl_post_ops_destroy(ops);
  if (attr) dnnl_primitive_attr_destroy(attr);
  return status;
}

const cs_dnnl_roles cs_dnnl_forward_roles = {dnnl_query_src_md, dnnl_query_dst_md, DNNL_ARG_SRC,
                                      DNNL_ARG_DST};

dnnl_status_t cs_dnnl_finish(cs_dnnl_context *context, dnnl_primitive_desc_t desc,
                             cs_dnnl_roles roles, int rank, const dnnl_dim_t *weight_dims,
                             cs_dnnl_primitive **out) {
  dnnl_status_t status = dnnl_success;
  cs_dnnl_primitive *p = calloc(1, sizeof *p);
  if (!p) {
    dnnl_primitive_desc_destroy(desc);
    return dnnl_out_of_memory;
  }
  p->desc = desc;
  p->rank = rank;
  p->src_arg = roles.src_arg;
  p->dst_arg = roles.dst_arg;
  for (int i = 0; i < rank; i++) p->weight_dims[i] = weight_dims[i];
  TRY(dnnl_primitive_create(&p->primitive, desc));
  md_ref src = dnnl_primitive_desc_query_md(desc, roles.src_query, 0);
  md_ref dst = dnnl_primitive_desc_query_md(desc, roles.dst_query, 0);
  md_ref scratch = dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);
  TRY(dnnl_memory_create(&p->src, src, context->engine, DNNL_MEMORY_NONE));
  TRY(dnnl_memory_create(&p->dst, dst, context->engine, DNNL_MEMORY_NONE));
  TRY(dnnl_memory_create(&p->scratch, scratch, context->engine, DNNL_MEMORY_NONE));
  p->scratch_bytes = dnnl_memory_desc_get_size(scratch);
  *out = p;
  return dnnl_success;
done:
  cs_dnnl_primitive_destroy(p);
  return status;
}

int cs_dnnl_convolution_create(cs_dnnl_context *context, const cs_dnnl_convolution *c,
                               cs_dnnl_primitive **out) {
  dnnl_status_t status = dnnl_success;
  dnnl_dim_t src_dims[4] = {c->batch, c->in_channels, c->in_height, c->in_width};
  dnnl_dim_t weight_dims[4] = {c->out_channels, c->in_channels, c->kernel, c->kernel};
  dnnl_dim_t bias_dims[1] = {c->out_channels};
  dnnl_dim_t dst_dims[4] = {c->batch, c->out_channels, c->out_height, c->out_width};
  dnnl_dims_t strides = {c->stride, c->stride}, left = {c->padding, c->padding};
  dnnl_dims_t right = {
      (c->out_height - 1) * c->stride + c->kernel - c->in_height - c->padding,
      (c->out_width - 1) * c->stride + c->kernel - c->in_width - c->padding};
  dnnl_alg_kind_t algorithm = c->winograd ? dnnl_convolution_winograd : dnnl_convolution_direct;
  dnnl_format_tag_t layout = c->winograd ? dnnl_nChw16c : dnnl_nhwc;
  owned_md src = MD_EMPTY, weights = MD_EMPTY, bias = MD_EMPTY, dst = MD_EMPTY;
  dnnl_primitive_attr_t attr = NULL;
  dnnl_primitive_desc_t desc = NULL;
  TRY(md_make(&src, 4, src_dims, data_type(c->src_type), layout));
  TRY(md_make(&weights, 4, weight_dims, data_type(c->src_type), dnnl_format_tag_any));
  TRY(md_make(&bias, 1, bias_dims, dnnl_f32, dnnl_x));
  TRY(md_make(&dst, 4, dst_dims, data_type(c->dst_type), layout));
  TRY(cs_dnnl_attributes(&attr, c->accumulate, c->relu));
#if DNNL_VERSION_MAJOR >= 3
  dnnl_dims_t dilation = {0, 0};
  TRY(dnnl_convolution_forward_primitive_desc_create(
      &desc, context->engine, dnnl_forward_inference, algorithm, src, weights,
      c->has_bias ? bias : NULL, dst, strides, dilation, left, right, attr));
#else
  dnnl_convolution_desc_t operation;
  TRY(dnnl_convolution_forward_desc_init(&operation, dnnl_forward_inference, algorithm, &src,
                                         &weights, c->has_bias ? &bias : NULL, &dst, strides, left,
                                         right));
  TRY(dnnl_primitive_desc_create(&desc, &operation, attr, context->engine, NULL));
#endif
  status = cs_dnnl_finish(context, desc, cs_dnnl_forward_roles, 4, weight_dims, out);
done:
  if (attr) dnnl_primitive_attr_destroy(attr);
  md_free(&src), md_free(&weights), md_free(&bias), md_free(&dst);
  return status;
}

int cs_dnnl_linear_create(cs_dnnl_context *context, int64_t batch, int64_t in_features,
                          int64_t out_features, int src_type, int dst_type, int relu,
                          cs_dnnl_primitive **out) {
  dnnl_status_t status = dnnl_success;
  dnnl_dim_t src_dims[2] = {batch, in_features}, weight_dims[2] = {out_features, in_features};
  dnnl_dim_t bias_dims[1] = {out_features}, dst_dims[2] = {batch, out_features};
  owned_md src = MD_EMPTY, weights = MD_EMPTY, bias = MD_EMPTY, dst = MD_EMPTY;
  dnnl_primitive_attr_t attr = NULL;
  dnnl_primitive_desc_t desc = NULL;
  TRY(md_make(&src, 2, src_dims, data_type(src_type), dnnl_nc));
  TRY(md_make(&weights, 2, weight_dims, data_type(src_type), dnnl_format_tag_any));
  TRY(md_make(&bias, 1, bias_dims, dnnl_f32, dnnl_x));
  TRY(md_make(&dst, 2, dst_dims, data_type(dst_type), dnnl_nc));
  TRY(cs_dnnl_attributes(&attr, 0, relu));
#if DNNL_VERSION_MAJOR >= 3
  TRY(dnnl_inner_product_forward_primitive_desc_create(&desc, context->engine,
                                                       dnnl_forward_inference, src, weights, bias,
                                                       dst, attr));
#else
  dnnl_inner_product_desc_t operation;
  TRY(dnnl_inner_product_forward_desc_init(&operation, dnnl_forward_inference, &src, &weights,
                                           &bias, &dst));
  TRY(dnnl_primitive_desc_create(&desc, &operation, attr, context->engine, NULL));
#endif
  status = cs_dnnl_finish(context, desc, cs_dnnl_forward_roles, 2, weight_dims, out);
done:
  if (attr) dnnl_primitive_attr_destroy(attr);
  md_free(&src), md_free(&weights), md_free(&bias), md_free(&dst);
  return status;
}

int cs_dnnl_max_pool_create(cs_dnnl_context *context, int64_t batch, int64_t height, int64_t width,
                            int64_t channels, int64_t out_height, int64_t out_width, int64_t kernel,
                            int64_t stride, int64_t padding, int type, cs_dnnl_primitive **out) {
  dnnl_status_t status = dnnl_success;
  dnnl_dim_t src_dims[4] = {batch, channels, height, width};
  dnnl_dim_t dst_dims[4] = {batch, channels, out_height, out_width};
  dnnl_dims_t strides = {stride, stride}, window = {kernel, kernel}, left = {padding, padding};
  dnnl_dims_t right = {(out_height - 1) * stride + kernel - height - padding,
                       (out_width - 1) * stride + kernel - width - padding};
  owned_md src = MD_EMPTY, dst = MD_EMPTY;
  dnnl_primitive_attr_t attr = NULL;
  dnnl_primitive_desc_t desc = NULL;
  TRY(md_make(&src, 4, src_dims, data_type(type), dnnl_nhwc));
  TRY(md_make(&dst, 4, dst_dims, data_type(type), dnnl_nhwc));
  TRY(cs_dnnl_attributes(&attr, 0, 0));
#if DNNL_VERSION_MAJOR >= 3
  dnnl_dims_t dilation = {0, 0};
  TRY(dnnl_pooling_forward_primitive_desc_create(&desc, context->engine, dnnl_forward_inference,
                                                 dnnl_pooling_max, src, dst, strides, window,
                                                 dilation, left, right, attr));
#else
  dnnl_pooling_desc_t operation;
  TRY(dnnl_pooling_forward_desc_init(&operation, dnnl_forward_inference, dnnl_pooling_max, &src,
                                     &dst, strides, window, left, right));
  TRY(dnnl_primitive_desc_create(&desc, &operation, attr, context->engine, NULL));
#endif
  status = cs_dnnl_finish(context, desc, cs_dnnl_forward_roles, 0, NULL, out);
done:
  if (attr) dnnl_primitive_attr_destroy(attr);
  md_free(&src), md_free(&dst);
  return status;
}

int cs_dnnl_reorder_create(cs_dnnl_context *context, int64_t batch, int64_t height, int64_t width,
                           int64_t channels, int to_blocks, cs_dnnl_primitive **out) {
  dnnl_status_t status = dnnl_success;
  dnnl_dim_t dims[4] = {batch, channels, height, width};
  owned_md nhwc = MD_EMPTY, blocks = MD_EMPTY;
  dnnl_primitive_attr_t attr = NULL;
  dnnl_primitive_desc_t desc = NULL;
  TRY(md_make(&nhwc, 4, dims, dnnl_f32, dnnl_nhwc));
  TRY(md_make(&blocks, 4, dims, dnnl_f32, dnnl_nChw16c));
  TRY(cs_dnnl_attributes(&attr, 0, 0));
  TRY(dnnl_reorder_primitive_desc_create(
      &desc, to_blocks ? MD_REF(nhwc) : MD_REF(blocks), context->engine,
      to_blocks ? MD_REF(blocks) : MD_REF(nhwc), context->engine, attr));
  status = cs_dnnl_finish(context, desc, cs_dnnl_forward_roles, 0, NULL, out);
done:
  if (attr) dnnl_primitive_attr_destroy(attr);
  md_free(&nhwc), md_free(&blocks);
  return status;
}

void cs_dnnl_primitive_destroy(cs_dnnl_primitive *p) {
  if (!p) return;
  if (p->src) dnnl_memory_destroy(p->src);
  if (p->dst) dnnl_memory_destroy(p->dst);
  if (p->scratch) dnnl_memory_destroy(p->scratch);
  if (p->second) dnnl_memory_destroy(p->second);
  if (p->plain) dnnl_memory_destroy(p->plain);
  if (p->to_plain) dnnl_primitive_destroy(p->to_plain);
  if (p->primitive) dnnl_primitive_destroy(p->primitive);
  if (p->desc) dnnl_primitive_desc_destroy(p->desc);
  free(p);
}

const char *cs_dnnl_primitive_implementation(const cs_dnnl_primitive *p) {
  const char *text = "";
  dnnl_primitive_desc_query(p->desc, dnnl_query_impl_info_str, 0, (void *)&text);
  return text;
}

size_t cs_dnnl_primitive_scratch_bytes(const cs_dnnl_primitive *p) { return p->scratch_bytes; }

// A picture at a time reads every weight once: huge pages where they are to be had spare most of the
// misses in the translation buffer.
static void *allocate(size_t bytes) {
  const size_t huge = (size_t)2 << 20;
  size_t alignment = bytes >= huge / 2 ? huge : 64;
  size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void *memory = aligned_alloc(alignment, rounded ? rounded : alignment);
#ifdef MADV_HUGEPAGE
  if (memory && alignment == huge) madvise(memory, rounded, MADV_HUGEPAGE);
#endif
  return memory;
}

int cs_dnnl_weights_pack(cs_dnnl_context *context, const cs_dnnl_primitive *p, const float *weights,
                         const float *bias, size_t bias_count, cs_dnnl_weights **out) {
  dnnl_status_t status = dnnl_success;
  owned_md plain = MD_EMPTY, bias_md = MD_EMPTY;
  dnnl_primitive_desc_t desc = NULL;
  dnnl_primitive_attr_t attr = NULL;
  md_ref target = dnnl_primitive_desc_query_md(p->desc, dnnl_query_weights_md, 0);
  cs_dnnl_weights *packed = calloc(1, sizeof *packed);
  if (!packed) return dnnl_out_of_memory;
  TRY(md_make(&plain, p->rank, p->weight_dims, dnnl_f32, p->rank == 4 ? dnnl_oihw : dnnl_oi));
  TRY(dnnl_memory_create(&packed->plain, MD_REF(plain), context->engine, DNNL_MEMORY_NONE));
  packed->bytes = allocate(dnnl_memory_desc_get_size(target));
  if (!packed->bytes) TRY(dnnl_out_of_memory);
  TRY(dnnl_memory_create(&packed->weights, target, context->engine, packed->bytes));
  TRY(cs_dnnl_attributes(&attr, 0, 0));
  TRY(dnnl_reorder_primitive_desc_create(&desc, MD_REF(plain), context->engine, target,
                                         context->engine, attr));
  TRY(dnnl_primitive_create(&packed->reorder, desc));
  md_ref scratch = dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);
  TRY(dnnl_memory_create(&packed->scratch, scratch, context->engine, DNNL_MEMORY_NONE));
  packed->scratch_bytes = dnnl_memory_desc_get_size(scratch);
  if (bias) {
    dnnl_dim_t count = (dnnl_dim_t)bias_count;
    TRY(md_make(&bias_md, 1, &count, dnnl_f32, dnnl_x));
    TRY(dnnl_memory_create(&packed->bias, MD_REF(bias_md), context->engine, DNNL_MEMORY_ALLOCATE));
  }
  TRY(cs_dnnl_weights_update(context, packed, weights, bias, bias_count));
  *out = packed;
  packed = NULL;
done:
  cs_dnnl_weights_destroy(packed);
  if (attr) dnnl_primitive_attr_destroy(attr);
  if (desc) dnnl_primitive_desc_destroy(desc);
  md_free(&plain), md_free(&bias_md);
  return status;
}

int cs_dnnl_weights_update(cs_dnnl_context *context, cs_dnnl_weights *packed, const float *weights,
                           const float *bias, size_t bias_count) {
  dnnl_status_t status = dnnl_success;
  if ((bias != NULL) != (packed->bias != NULL)) return dnnl_invalid_arguments;
  if (packed->scratch_bytes > context->scratch_bytes) {
    free(context->scratch);
    context->scratch_bytes = 0;
    context->scratch = allocate(packed->scratch_bytes);
    if (!context->scratch) return dnnl_out_of_memory;
    context->scratch_bytes = packed->scratch_bytes;
  }
  TRY(dnnl_memory_set_data_handle(packed->plain, (void *)weights));
  TRY(dnnl_memory_set_data_handle(packed->scratch, context->scratch));
  dnnl_exec_arg_t arguments[3] = {{DNNL_ARG_FROM, packed->plain},
                                  {DNNL_ARG_TO, packed->weights},
                                  {DNNL_ARG_SCRATCHPAD, packed->scratch}};
  TRY(dnnl_primitive_execute(packed->reorder, context->stream, 3, arguments));
  TRY(dnnl_stream_wait(context->stream));
  if (bias) {
    void *handle = NULL;
    TRY(dnnl_memory_get_data_handle(packed->bias, &handle));
    for (size_t i = 0; i < bias_count; i++) ((float *)handle)[i] = bias[i];
  }
done:
  return status;
}

static md_ref memory_md(dnnl_memory_t memory) {
  md_ref md = NULL;
  dnnl_memory_get_memory_desc(memory, &md);
  return md;
}

int cs_dnnl_weights_fit(const cs_dnnl_primitive *p, const cs_dnnl_weights *packed) {
  md_ref wanted = dnnl_primitive_desc_query_md(p->desc, dnnl_query_weights_md, 0);
  return dnnl_memory_desc_equal(wanted, memory_md(packed->weights)) != 0;
}

int cs_dnnl_primitive_use_weights(cs_dnnl_primitive *p, const cs_dnnl_weights *packed) {
  if (!cs_dnnl_weights_fit(p, packed)) return dnnl_invalid_arguments;
  p->weights = packed->weights;
  p->bias = packed->bias;
  return dnnl_success;
}

void cs_dnnl_weights_destroy(cs_dnnl_weights *packed) {
  if (!packed) return;
  if (packed->weights) dnnl_memory_destroy(packed->weights);
  if (packed->bias) dnnl_memory_destroy(packed->bias);
  if (packed->plain) dnnl_memory_destroy(packed->plain);
  if (packed->scratch) dnnl_memory_destroy(packed->scratch);
  if (packed->reorder) dnnl_primitive_destroy(packed->reorder);
  free(packed->bytes);
  free(packed);
}

int cs_dnnl_primitive_execute(cs_dnnl_context *context, cs_dnnl_primitive *p, const void *src,
                              void *dst, void *scratch) {
  dnnl_status_t status = dnnl_success;
  if (p->rank && !p->weights) return dnnl_invalid_arguments;
  TRY(dnnl_memory_set_data_handle(p->src, (void *)src));
  TRY(dnnl_memory_set_data_handle(p->dst, dst));
  TRY(dnnl_memory_set_data_handle(p->scratch, scratch));
  dnnl_exec_arg_t arguments[5] = {
      {p->src_arg, p->src}, {p->dst_arg, p->dst}, {DNNL_ARG_SCRATCHPAD, p->scratch}};
  int count = 3;
  if (p->weights) arguments[count++] = (dnnl_exec_arg_t){DNNL_ARG_WEIGHTS, p->weights};
  if (p->bias) arguments[count++] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, p->bias};
  TRY(dnnl_primitive_execute(p->primitive, context->stream, count, arguments));
  TRY(dnnl_stream_wait(context->stream));
done:
  return status;
}

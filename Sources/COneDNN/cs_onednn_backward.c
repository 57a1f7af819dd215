// Gradients of convolutions.
#include <stdlib.h>

#include "cs_onednn_internal.h"

static const size_t alignment = 64;

typedef struct {
  owned_md src, weights, dst;
  dnnl_dim_t weight_dims[4];
  dnnl_dims_t strides, left, right;
} shape;

static dnnl_status_t shape_make(shape *s, const cs_dnnl_convolution *c, dnnl_data_type_t weights) {
  dnnl_status_t status = dnnl_success;
  dnnl_dim_t src_dims[4] = {c->batch, c->in_channels, c->in_height, c->in_width};
  dnnl_dim_t dst_dims[4] = {c->batch, c->out_channels, c->out_height, c->out_width};
  dnnl_dim_t weight_dims[4] = {c->out_channels, c->in_channels, c->kernel, c->kernel};
  for (int i = 0; i < 4; i++) s->weight_dims[i] = weight_dims[i];
  s->strides[0] = s->strides[1] = c->stride;
  s->left[0] = s->left[1] = c->padding;
  s->right[0] = (c->out_height - 1) * c->stride + c->kernel - c->in_height - c->padding;
  s->right[1] = (c->out_width - 1) * c->stride + c->kernel - c->in_width - c->padding;
  TRY(md_make(&s->src, 4, src_dims, data_type(c->src_type), dnnl_nhwc));
  TRY(md_make(&s->weights, 4, weight_dims, weights, dnnl_format_tag_any));
  TRY(md_make(&s->dst, 4, dst_dims, data_type(c->dst_type), dnnl_nhwc));
done:
  return status;
}

static void shape_free(shape *s) { md_free(&s->src), md_free(&s->weights), md_free(&s->dst); }

// The forward convolution, which oneDNN asks for when it describes a gradient.
static dnnl_status_t hint_make(cs_dnnl_context *context, const cs_dnnl_convolution *c,
                               dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *out) {
  dnnl_status_t status = dnnl_success;
  shape s = {MD_EMPTY, MD_EMPTY, MD_EMPTY, {0}, {0}, {0}, {0}};
  TRY(shape_make(&s, c, data_type(c->src_type)));
#if DNNL_VERSION_MAJOR >= 3
  dnnl_dims_t dilation = {0, 0};
  TRY(dnnl_convolution_forward_primitive_desc_create(
      out, context->engine, dnnl_forward_training, dnnl_convolution_direct, s.src, s.weights, NULL,
      s.dst, s.strides, dilation, s.left, s.right, attr));
#else
  dnnl_convolution_desc_t operation;
  TRY(dnnl_convolution_forward_desc_init(&operation, dnnl_forward_training,
                                         dnnl_convolution_direct, &s.src, &s.weights, NULL, &s.dst,
                                         s.strides, s.left, s.right));
  TRY(dnnl_primitive_desc_create(out, &operation, attr, context->engine, NULL));
#endif
done:
  shape_free(&s);
  return status;
}

int cs_dnnl_convolution_input_gradient_create(cs_dnnl_context *context,
                                              const cs_dnnl_convolution *c,
                                              cs_dnnl_primitive **out) {
  static const cs_dnnl_roles roles = {dnnl_query_diff_dst_md, dnnl_query_diff_src_md,
                                      DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_SRC};
  dnnl_status_t status = dnnl_success;
  shape s = {MD_EMPTY, MD_EMPTY, MD_EMPTY, {0}, {0}, {0}, {0}};
  dnnl_primitive_attr_t attr = NULL;
  dnnl_primitive_desc_t hint = NULL, desc = NULL;
  TRY(cs_dnnl_attributes(&attr, 0, 0));
  TRY(hint_make(context, c, attr, &hint));
  TRY(shape_make(&s, c, data_type(c->src_type)));
#if DNNL_VERSION_MAJOR >= 3
  dnnl_dims_t dilation = {0, 0};
  TRY(dnnl_convolution_backward_data_primitive_desc_create(
      &desc, context->engine, dnnl_convolution_direct, s.src, s.weights, s.dst, s.strides, dilation,
      s.left, s.right, hint, attr));
#else
  dnnl_convolution_desc_t operation;
  TRY(dnnl_convolution_backward_data_desc_init(&operation, dnnl_convolution_direct, &s.src,
                                               &s.weights, &s.dst, s.strides, s.left, s.right));
  TRY(dnnl_primitive_desc_create(&desc, &operation, attr, context->engine, hint));
#endif
  status = cs_dnnl_finish(context, desc, roles, 4, s.weight_dims, out);
done:
  if (hint) dnnl_primitive_desc_destroy(hint);
  if (attr) dnnl_primitive_attr_destroy(attr);
  shape_free(&s);
  return status;
}

int cs_dnnl_convolution_weight_gradient_create(cs_dnnl_context *context,
                                               const cs_dnnl_convolution *c,
                                               cs_dnnl_primitive **out) {
  static const cs_dnnl_roles roles = {dnnl_query_src_md, dnnl_query_diff_weights_md, DNNL_ARG_SRC,
                                      DNNL_ARG_DIFF_WEIGHTS};
  dnnl_status_t status = dnnl_success;
  shape s = {MD_EMPTY, MD_EMPTY, MD_EMPTY, {0}, {0}, {0}, {0}};
  owned_md plain = MD_EMPTY;
  dnnl_primitive_attr_t attr = NULL;
  dnnl_primitive_desc_t hint = NULL, desc = NULL, reorder = NULL;
  cs_dnnl_primitive *p = NULL;
  TRY(cs_dnnl_attributes(&attr, 0, 0));
  TRY(hint_make(context, c, attr, &hint));
  // Sums over a whole batch are kept in f32 whatever the operands are.
  TRY(shape_make(&s, c, dnnl_f32));
#if DNNL_VERSION_MAJOR >= 3
  dnnl_dims_t dilation = {0, 0};
  TRY(dnnl_convolution_backward_weights_primitive_desc_create(
      &desc, context->engine, dnnl_convolution_direct, s.src, s.weights, NULL, s.dst, s.strides,
      dilation, s.left, s.right, hint, attr));
#else
  dnnl_convolution_desc_t operation;
  TRY(dnnl_convolution_backward_weights_desc_init(&operation, dnnl_convolution_direct, &s.src,
                                                  &s.weights, NULL, &s.dst, s.strides, s.left,
                                                  s.right));
  TRY(dnnl_primitive_desc_create(&desc, &operation, attr, context->engine, hint));
#endif
  TRY(cs_dnnl_finish(context, desc, roles, 0, NULL, &p));
  md_ref own = dnnl_primitive_desc_query_md(p->desc, dnnl_query_diff_weights_md, 0);
  md_ref second = dnnl_primitive_desc_query_md(p->desc, dnnl_query_diff_dst_md, 0);
  TRY(dnnl_memory_create(&p->second, second, context->engine, DNNL_MEMORY_NONE));
  TRY(md_make(&plain, 4, s.weight_dims, dnnl_f32, dnnl_oihw));
  TRY(dnnl_memory_create(&p->plain, MD_REF(plain), context->engine, DNNL_MEMORY_NONE));
  TRY(dnnl_reorder_primitive_desc_create(&reorder, own, context->engine, MD_REF(plain),
                                         context->engine, NULL));
  TRY(dnnl_primitive_create(&p->to_plain, reorder));
  // The gradient in its own layout lies behind the primitive's scratch memory.
  p->scratch_bytes = (p->scratch_bytes + alignment - 1) / alignment * alignment;
  p->own_offset = p->scratch_bytes;
  p->scratch_bytes += dnnl_memory_desc_get_size(own);
  *out = p;
  p = NULL;
done:
  cs_dnnl_primitive_destroy(p);
  if (reorder) dnnl_primitive_desc_destroy(reorder);
  if (hint) dnnl_primitive_desc_destroy(hint);
  if (attr) dnnl_primitive_attr_destroy(attr);
  md_free(&plain);
  shape_free(&s);
  return status;
}

int cs_dnnl_weight_gradient(cs_dnnl_context *context, cs_dnnl_primitive *p, const void *src,
                            const void *diff_dst, float *gradient, void *scratch) {
  dnnl_status_t status = dnnl_success;
  if (!p->second) return dnnl_invalid_arguments;
  TRY(dnnl_memory_set_data_handle(p->src, (void *)src));
  TRY(dnnl_memory_set_data_handle(p->second, (void *)diff_dst));
  TRY(dnnl_memory_set_data_handle(p->dst, (char *)scratch + p->own_offset));
  TRY(dnnl_memory_set_data_handle(p->scratch, scratch));
  TRY(dnnl_memory_set_data_handle(p->plain, gradient));
  dnnl_exec_arg_t arguments[4] = {{DNNL_ARG_SRC, p->src},
                                  {DNNL_ARG_DIFF_DST, p->second},
                                  {DNNL_ARG_DIFF_WEIGHTS, p->dst},
                                  {DNNL_ARG_SCRATCHPAD, p->scratch}};
  TRY(dnnl_primitive_execute(p->primitive, context->stream, 4, arguments));
  dnnl_exec_arg_t to_plain[2] = {{DNNL_ARG_FROM, p->dst}, {DNNL_ARG_TO, p->plain}};
  TRY(dnnl_primitive_execute(p->to_plain, context->stream, 2, to_plain));
  TRY(dnnl_stream_wait(context->stream));
done:
  return status;
}

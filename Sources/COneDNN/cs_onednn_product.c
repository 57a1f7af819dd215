// The gradient of weights as a matrix product: what oneDNN's own gradient does slowly for some
// shapes.
#include "cs_onednn_internal.h"

int cs_dnnl_outer_product_create(cs_dnnl_context *context, int64_t rows, int64_t m, int64_t n,
                                 int type, cs_dnnl_primitive **out) {
  dnnl_status_t status = dnnl_success;
  dnnl_dim_t a_dims[2] = {m, rows}, b_dims[2] = {rows, n}, sum_dims[2] = {m, n};
  owned_md a = MD_EMPTY, b = MD_EMPTY, sum = MD_EMPTY;
  dnnl_primitive_attr_t attr = NULL;
  dnnl_primitive_desc_t desc = NULL;
  cs_dnnl_primitive *p = NULL;
  TRY(md_make(&a, 2, a_dims, data_type(type), dnnl_ba));
  TRY(md_make(&b, 2, b_dims, data_type(type), dnnl_ab));
  TRY(md_make(&sum, 2, sum_dims, dnnl_f32, dnnl_ab));
  TRY(cs_dnnl_attributes(&attr, 1, 0));
#if DNNL_VERSION_MAJOR >= 3
  TRY(dnnl_matmul_primitive_desc_create(&desc, context->engine, a, b, NULL, sum, attr));
#else
  dnnl_matmul_desc_t operation;
  TRY(dnnl_matmul_desc_init(&operation, MD_REF(a), MD_REF(b), NULL, MD_REF(sum)));
  TRY(dnnl_primitive_desc_create(&desc, &operation, attr, context->engine, NULL));
#endif
  TRY(cs_dnnl_finish(context, desc, cs_dnnl_forward_roles, 0, NULL, &p));
  TRY(dnnl_memory_create(&p->second, MD_REF(b), context->engine, DNNL_MEMORY_NONE));
  *out = p;
  p = NULL;
done:
  cs_dnnl_primitive_destroy(p);
  if (attr) dnnl_primitive_attr_destroy(attr);
  md_free(&a), md_free(&b), md_free(&sum);
  return status;
}

int cs_dnnl_outer_product(cs_dnnl_context *context, cs_dnnl_primitive *p, const void *a,
                          const void *b, float *sum, void *scratch) {
  dnnl_status_t status = dnnl_success;
  if (!p->second || p->to_plain) return dnnl_invalid_arguments;
  TRY(dnnl_memory_set_data_handle(p->src, (void *)a));
  TRY(dnnl_memory_set_data_handle(p->second, (void *)b));
  TRY(dnnl_memory_set_data_handle(p->dst, sum));
  TRY(dnnl_memory_set_data_handle(p->scratch, scratch));
  dnnl_exec_arg_t arguments[4] = {{DNNL_ARG_SRC, p->src},
                                  {DNNL_ARG_WEIGHTS, p->second},
                                  {DNNL_ARG_DST, p->dst},
                                  {DNNL_ARG_SCRATCHPAD, p->scratch}};
  TRY(dnnl_primitive_execute(p->primitive, context->stream, 4, arguments));
  TRY(dnnl_stream_wait(context->stream));
done:
  return status;
}

int cs_dnnl_weight_reorder_create(cs_dnnl_context *context, int64_t outputs, int64_t inputs,
                                  int64_t kernel, cs_dnnl_primitive **out) {
  dnnl_status_t status = dnnl_success;
  dnnl_dim_t dims[4] = {outputs, inputs, kernel, kernel};
  owned_md from = MD_EMPTY, to = MD_EMPTY;
  dnnl_primitive_attr_t attr = NULL;
  dnnl_primitive_desc_t desc = NULL;
  TRY(md_make(&from, 4, dims, dnnl_f32, dnnl_ohwi));
  TRY(md_make(&to, 4, dims, dnnl_f32, dnnl_oihw));
  TRY(cs_dnnl_attributes(&attr, 0, 0));
  TRY(dnnl_reorder_primitive_desc_create(&desc, MD_REF(from), context->engine, MD_REF(to),
                                         context->engine, attr));
  status = cs_dnnl_finish(context, desc, cs_dnnl_forward_roles, 0, NULL, out);
done:
  if (attr) dnnl_primitive_attr_destroy(attr);
  md_free(&from), md_free(&to);
  return status;
}

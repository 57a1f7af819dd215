// What the files of this target share: oneDNN's two interfaces made one, and the structs behind the
// handles of cs_onednn.h.
#ifndef CS_ONEDNN_INTERNAL_H
#define CS_ONEDNN_INTERNAL_H

#include <dnnl.h>

#include "cs_onednn.h"

#define TRY(call)                                  \
  do {                                             \
    dnnl_status_t try_status = (call);             \
    if (try_status != dnnl_success) { status = try_status; goto done; } \
  } while (0)

// Memory descriptors are structs in version 2 and handles in version 3.
#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t owned_md;
typedef const_dnnl_memory_desc_t md_ref;
#define MD_REF(md) (md)
static inline void md_free(owned_md *md) {
  if (*md) dnnl_memory_desc_destroy(*md);
}
static inline dnnl_status_t md_make(owned_md *md, int rank, const dnnl_dim_t *dims, dnnl_data_type_t type,
                             dnnl_format_tag_t tag) {
  return dnnl_memory_desc_create_with_tag(md, rank, dims, type, tag);
}
#define MD_EMPTY NULL
#else
typedef dnnl_memory_desc_t owned_md;
typedef const dnnl_memory_desc_t *md_ref;
#define MD_REF(md) (&(md))
static inline void md_free(owned_md *md) { (void)md; }
static inline dnnl_status_t md_make(owned_md *md, int rank, const dnnl_dim_t *dims, dnnl_data_type_t type,
                             dnnl_format_tag_t tag) {
  return dnnl_memory_desc_init_by_tag(md, rank, dims, type, tag);
}
#define MD_EMPTY {0}
#endif

struct cs_dnnl_context {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  // What packing weights works in, one after the other: Winograd's transform wants as much as the
  // packed weights, and a primitive of its own would keep it.
  void *scratch;
  size_t scratch_bytes;
};

struct cs_dnnl_weights {
  dnnl_memory_t weights, bias;
  void *bytes;  // of the weights
  // From the plain layout; kept, for training packs anew at every step.
  dnnl_memory_t plain, scratch;
  dnnl_primitive_t reorder;
  size_t scratch_bytes;
};

struct cs_dnnl_primitive {
  dnnl_primitive_desc_t desc;
  dnnl_primitive_t primitive;
  dnnl_memory_t src, dst, scratch;
  int src_arg, dst_arg;  // what they are to the primitive: a gradient reads the result's gradient
  // The gradient of weights reads the result's gradient too, and writes its own layout (dst), which
  // is brought into the plain one.
  dnnl_memory_t second, plain;
  dnnl_primitive_t to_plain;
  size_t own_offset;
  dnnl_memory_t weights, bias;  // owned by cs_dnnl_weights
  int rank;                     // of the plain weights; 0 where there are none
  dnnl_dim_t weight_dims[4];
  size_t scratch_bytes;
};

static inline dnnl_data_type_t data_type(int type) {
  return type == CS_DNNL_BF16 ? dnnl_bf16 : dnnl_f32;
}

// Attributes with the caller's scratchpad: one buffer serves all primitives of a plan.
dnnl_status_t cs_dnnl_attributes(dnnl_primitive_attr_t *out, int accumulate, int relu);

// Which of a primitive's operands its `src` and `dst` are.
typedef struct {
  dnnl_query_t src_query, dst_query;
  int src_arg, dst_arg;
} cs_dnnl_roles;

// Those of what runs forward: the source and the result.
extern const cs_dnnl_roles cs_dnnl_forward_roles;

// A primitive from its description, which it takes over.
dnnl_status_t cs_dnnl_finish(cs_dnnl_context *context, dnnl_primitive_desc_t desc,
                             cs_dnnl_roles roles, int rank, const dnnl_dim_t *weight_dims,
                             cs_dnnl_primitive **out);

#endif

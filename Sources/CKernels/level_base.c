// What every processor of the architecture can run: SSE2, or NEON.
#define CS_LANES 4
#define CS_BF16 0
#define CS_TABLE cs_kernels_base
#include "kernels_body.h"

// Work sharing on libgomp's threads. oneDNN is built against libgomp, so that its threads and these
// are the same ones: two pools would fight for the cores. libgomp's entry points are its stable
// interface to compiled code; clang's own OpenMP would bring a second runtime.
#include <stdatomic.h>

#include "internal.h"

extern void GOMP_parallel(void (*function)(void *), void *data, unsigned threads, unsigned flags);
extern int omp_get_thread_num(void);
extern int omp_get_max_threads(void);
extern int omp_in_parallel(void);
extern void omp_set_num_threads(int);

size_t cs_workers(void) {
  int threads = omp_get_max_threads();
  return threads > 0 ? (size_t)threads : 1;
}

void cs_set_workers(size_t count) {
  if (count < 1) count = 1;
  if (count > 1024) count = 1024;
  omp_set_num_threads((int)count);
}

typedef struct {
  cs_body body;
  void *context;
  size_t count, grain, limit;
  _Atomic size_t next;
} share;

static void work(void *data) {
  share *s = data;
  size_t worker = (size_t)omp_get_thread_num();
  if (worker >= s->limit) return;
  for (;;) {
    size_t begin = atomic_fetch_add_explicit(&s->next, s->grain, memory_order_relaxed);
    if (begin >= s->count) return;
    size_t end = s->count - begin > s->grain ? begin + s->grain : s->count;
    s->body(s->context, worker, begin, end);
  }
}

void cs_parallel_for(size_t count, size_t grain, size_t limit, cs_body body, void *context) {
  if (count == 0) return;
  if (grain == 0) grain = 1;
  if (limit == 0) limit = SIZE_MAX;
  // Inside a parallel region worker 0 would not be unique; the thread does it alone.
  if (count <= grain || limit == 1 || omp_in_parallel() || cs_workers() == 1) {
    body(context, 0, 0, count);
    return;
  }
  share s = {.body = body, .context = context, .count = count, .grain = grain, .limit = limit};
  atomic_init(&s.next, 0);
  // Always the full team: libgomp ends the threads that a smaller one leaves over.
  GOMP_parallel(work, &s, 0, 0);
}

// The few V4L2 calls CleanSight makes, through libv4l2, with plain C types. Every call is repeated
// after EINTR; one that fails returns -1 and leaves the call's name and errno in `failure`.
#ifndef CS_V4L2_H
#define CS_V4L2_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  const char *call;
  int code;
} cs_v4l2_failure;

/// What the device says it is; texts end with 0.
typedef struct {
  char driver[17];
  char card[33];
  char bus[33];
  int can_capture;
  int can_stream;
} cs_v4l2_device;

/// Sizes a device offers for a format: discrete where `step_width` is 0.
typedef struct {
  uint32_t min_width, max_width, step_width;
  uint32_t min_height, max_height, step_height;
} cs_v4l2_sizes;

/// Seconds per frame a device offers: from `min` to `max`, which are equal where discrete.
typedef struct {
  uint32_t min_numerator, min_denominator;
  uint32_t max_numerator, max_denominator;
} cs_v4l2_intervals;

typedef struct {
  uint32_t fourcc, width, height, bytes_per_line, bytes;
} cs_v4l2_format;

typedef struct {
  uint32_t index, bytes_used;
  int has_error;
  /// When the picture was taken in nanoseconds of CLOCK_MONOTONIC; 0 where the driver has another clock.
  uint64_t monotonic_ns;
} cs_v4l2_buffer;

uint32_t cs_v4l2_fourcc(char a, char b, char c, char d);
/// CLOCK_MONOTONIC in nanoseconds.
uint64_t cs_v4l2_monotonic_ns(void);

int cs_v4l2_open(const char *path, cs_v4l2_failure *failure);
void cs_v4l2_close(int fd);
int cs_v4l2_query(int fd, cs_v4l2_device *device, cs_v4l2_failure *failure);

// Each returns 1 and fills in `out`, 0 where there is no such index, or -1.
int cs_v4l2_enum_format(int fd, uint32_t index, uint32_t *out, cs_v4l2_failure *failure);
int cs_v4l2_enum_sizes(
    int fd, uint32_t index, uint32_t fourcc, cs_v4l2_sizes *out, cs_v4l2_failure *failure);
int cs_v4l2_enum_intervals(
    int fd, uint32_t index, uint32_t fourcc, uint32_t width, uint32_t height,
    cs_v4l2_intervals *out, cs_v4l2_failure *failure);

/// Asks for a format; the driver's answer replaces it.
int cs_v4l2_set_format(int fd, cs_v4l2_format *format, cs_v4l2_failure *failure);
int cs_v4l2_get_format(int fd, cs_v4l2_format *format, cs_v4l2_failure *failure);
/// Asks for seconds per frame; the driver's answer replaces them. Returns 1, 0 where the device has
/// no such setting, or -1.
int cs_v4l2_set_interval(
    int fd, uint32_t *numerator, uint32_t *denominator, cs_v4l2_failure *failure);
/// Asks to be told when the source's size changes; devices without the event are fine.
void cs_v4l2_watch_source(int fd);
/// Takes all events. Returns 1 where the source changed, 0 where not.
int cs_v4l2_source_changed(int fd);

/// Asks for `*count` buffers; the driver's answer replaces it.
int cs_v4l2_request_buffers(int fd, uint32_t *count, cs_v4l2_failure *failure);
int cs_v4l2_map(int fd, uint32_t index, void **start, size_t *length, cs_v4l2_failure *failure);
void cs_v4l2_unmap(void *start, size_t length);
int cs_v4l2_enqueue(int fd, uint32_t index, cs_v4l2_failure *failure);
/// Returns 1 and a buffer, 0 where none is ready, or -1.
int cs_v4l2_dequeue(int fd, cs_v4l2_buffer *buffer, cs_v4l2_failure *failure);
int cs_v4l2_stream(int fd, int on, cs_v4l2_failure *failure);
/// Waits at most so long. Returns 1 where there is something to dequeue, to read of an event, or an
/// error to fetch with the next call; 0 after the time; -1.
int cs_v4l2_wait(int fd, int milliseconds, cs_v4l2_failure *failure);

#endif

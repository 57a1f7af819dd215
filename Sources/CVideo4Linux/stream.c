#include <errno.h>
#include <poll.h>
#include <sys/mman.h>

#include <libv4l2.h>
#include <linux/videodev2.h>

#include "calls.h"

void cs_v4l2_watch_source(int fd) {
  struct v4l2_event_subscription wanted = {.type = V4L2_EVENT_SOURCE_CHANGE};
  cs_v4l2_failure ignored;
  cs_v4l2_call(fd, VIDIOC_SUBSCRIBE_EVENT, &wanted, "VIDIOC_SUBSCRIBE_EVENT", &ignored);
}

int cs_v4l2_source_changed(int fd) {
  int changed = 0;
  // A bound in case a driver never runs out of events.
  for (int round = 0; round < 64; round++) {
    struct v4l2_event event = {0};
    cs_v4l2_failure ignored;
    if (cs_v4l2_call(fd, VIDIOC_DQEVENT, &event, "VIDIOC_DQEVENT", &ignored) < 0) break;
    if (event.type == V4L2_EVENT_SOURCE_CHANGE) changed = 1;
  }
  return changed;
}

int cs_v4l2_request_buffers(int fd, uint32_t *count, cs_v4l2_failure *failure) {
  struct v4l2_requestbuffers request = {
      .count = *count, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
  if (cs_v4l2_call(fd, VIDIOC_REQBUFS, &request, "VIDIOC_REQBUFS", failure) < 0) return -1;
  *count = request.count;
  return 0;
}

int cs_v4l2_map(int fd, uint32_t index, void **start, size_t *length, cs_v4l2_failure *failure) {
  struct v4l2_buffer buffer = {
      .index = index, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
  if (cs_v4l2_call(fd, VIDIOC_QUERYBUF, &buffer, "VIDIOC_QUERYBUF", failure) < 0) return -1;
  void *mapped = v4l2_mmap(
      NULL, buffer.length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, buffer.m.offset);
  if (mapped == MAP_FAILED) return cs_v4l2_fail("mmap", failure);
  *start = mapped;
  *length = buffer.length;
  return 0;
}

void cs_v4l2_unmap(void *start, size_t length) { v4l2_munmap(start, length); }

int cs_v4l2_enqueue(int fd, uint32_t index, cs_v4l2_failure *failure) {
  struct v4l2_buffer buffer = {
      .index = index, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
  return cs_v4l2_call(fd, VIDIOC_QBUF, &buffer, "VIDIOC_QBUF", failure);
}

int cs_v4l2_dequeue(int fd, cs_v4l2_buffer *out, cs_v4l2_failure *failure) {
  struct v4l2_buffer buffer = {
      .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
  if (cs_v4l2_call(fd, VIDIOC_DQBUF, &buffer, "VIDIOC_DQBUF", failure) < 0)
    return failure->code == EAGAIN ? 0 : -1;
  out->index = buffer.index;
  out->bytes_used = buffer.bytesused;
  out->has_error = (buffer.flags & V4L2_BUF_FLAG_ERROR) != 0;
  out->monotonic_ns = 0;
  if ((buffer.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC
      && buffer.timestamp.tv_sec >= 0)
    out->monotonic_ns = (uint64_t)buffer.timestamp.tv_sec * 1000000000u
                        + (uint64_t)buffer.timestamp.tv_usec * 1000u;
  return 1;
}

int cs_v4l2_stream(int fd, int on, cs_v4l2_failure *failure) {
  enum v4l2_buf_type type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  return on ? cs_v4l2_call(fd, VIDIOC_STREAMON, &type, "VIDIOC_STREAMON", failure)
            : cs_v4l2_call(fd, VIDIOC_STREAMOFF, &type, "VIDIOC_STREAMOFF", failure);
}

int cs_v4l2_wait(int fd, int milliseconds, cs_v4l2_failure *failure) {
  struct pollfd wanted = {.fd = fd, .events = POLLIN | POLLPRI};
  int result = poll(&wanted, 1, milliseconds);
  if (result < 0) return errno == EINTR ? 0 : cs_v4l2_fail("poll", failure);
  return result > 0;
}

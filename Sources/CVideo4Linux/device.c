#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <libv4l2.h>
#include <linux/videodev2.h>

#include "calls.h"

int cs_v4l2_fail(const char *name, cs_v4l2_failure *failure) {
  failure->call = name;
  failure->code = errno;
  return -1;
}

int cs_v4l2_call(
    int fd, unsigned long request, void *argument, const char *name, cs_v4l2_failure *failure) {
  int result;
  do {
    result = v4l2_ioctl(fd, request, argument);
  } while (result < 0 && errno == EINTR);
  return result < 0 ? cs_v4l2_fail(name, failure) : 0;
}

uint32_t cs_v4l2_fourcc(char a, char b, char c, char d) { return v4l2_fourcc(a, b, c, d); }

uint64_t cs_v4l2_monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int cs_v4l2_open(const char *path, cs_v4l2_failure *failure) {
  // Opening a FIFO or a terminal by mistake must not have effects.
  struct stat status;
  if (stat(path, &status) < 0) return cs_v4l2_fail("open", failure);
  if (!S_ISCHR(status.st_mode)) {
    errno = S_ISDIR(status.st_mode) ? EISDIR : ENOTTY;
    return cs_v4l2_fail("open", failure);
  }
  int fd;
  do {
    fd = v4l2_open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
  } while (fd < 0 && errno == EINTR);
  return fd < 0 ? cs_v4l2_fail("open", failure) : fd;
}

void cs_v4l2_close(int fd) { v4l2_close(fd); }

int cs_v4l2_query(int fd, cs_v4l2_device *device, cs_v4l2_failure *failure) {
  struct v4l2_capability answer = {0};
  if (cs_v4l2_call(fd, VIDIOC_QUERYCAP, &answer, "VIDIOC_QUERYCAP", failure) < 0) return -1;
  memset(device, 0, sizeof *device);
  memcpy(device->driver, answer.driver, 16);
  memcpy(device->card, answer.card, 32);
  memcpy(device->bus, answer.bus_info, 32);
  uint32_t can = answer.capabilities & V4L2_CAP_DEVICE_CAPS ? answer.device_caps
                                                           : answer.capabilities;
  device->can_capture = (can & V4L2_CAP_VIDEO_CAPTURE) != 0;
  device->can_stream = (can & V4L2_CAP_STREAMING) != 0;
  return 0;
}

// EINVAL ends every enumeration; drivers that do not enumerate say ENOTTY.
static int enumerated(int result, const cs_v4l2_failure *failure) {
  if (result == 0) return 1;
  return failure->code == EINVAL || failure->code == ENOTTY ? 0 : -1;
}

int cs_v4l2_enum_format(int fd, uint32_t index, uint32_t *out, cs_v4l2_failure *failure) {
  struct v4l2_fmtdesc answer = {.index = index, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
  int result = enumerated(
      cs_v4l2_call(fd, VIDIOC_ENUM_FMT, &answer, "VIDIOC_ENUM_FMT", failure), failure);
  *out = answer.pixelformat;
  return result;
}

int cs_v4l2_enum_sizes(
    int fd, uint32_t index, uint32_t fourcc, cs_v4l2_sizes *out, cs_v4l2_failure *failure) {
  struct v4l2_frmsizeenum answer = {.index = index, .pixel_format = fourcc};
  int result = enumerated(
      cs_v4l2_call(fd, VIDIOC_ENUM_FRAMESIZES, &answer, "VIDIOC_ENUM_FRAMESIZES", failure),
      failure);
  if (result != 1) return result;
  if (answer.type == V4L2_FRMSIZE_TYPE_DISCRETE) {
    uint32_t width = answer.discrete.width, height = answer.discrete.height;
    *out = (cs_v4l2_sizes){width, width, 0, height, height, 0};
  } else {
    // A continuous range is one with steps of 1.
    const struct v4l2_frmsize_stepwise *range = &answer.stepwise;
    *out = (cs_v4l2_sizes){
        range->min_width,  range->max_width,  range->step_width ? range->step_width : 1,
        range->min_height, range->max_height, range->step_height ? range->step_height : 1};
  }
  return 1;
}

int cs_v4l2_enum_intervals(
    int fd, uint32_t index, uint32_t fourcc, uint32_t width, uint32_t height,
    cs_v4l2_intervals *out, cs_v4l2_failure *failure) {
  struct v4l2_frmivalenum answer = {
      .index = index, .pixel_format = fourcc, .width = width, .height = height};
  int result = enumerated(
      cs_v4l2_call(
          fd, VIDIOC_ENUM_FRAMEINTERVALS, &answer, "VIDIOC_ENUM_FRAMEINTERVALS", failure),
      failure);
  if (result != 1) return result;
  struct v4l2_fract min = answer.discrete, max = answer.discrete;
  if (answer.type != V4L2_FRMIVAL_TYPE_DISCRETE) {
    min = answer.stepwise.min;
    max = answer.stepwise.max;
  }
  *out = (cs_v4l2_intervals){min.numerator, min.denominator, max.numerator, max.denominator};
  return 1;
}

static void read_format(const struct v4l2_format *answer, cs_v4l2_format *format) {
  const struct v4l2_pix_format *pixels = &answer->fmt.pix;
  *format = (cs_v4l2_format){
      pixels->pixelformat, pixels->width, pixels->height, pixels->bytesperline,
      pixels->sizeimage};
}

int cs_v4l2_set_format(int fd, cs_v4l2_format *format, cs_v4l2_failure *failure) {
  struct v4l2_format answer = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
  answer.fmt.pix.width = format->width;
  answer.fmt.pix.height = format->height;
  answer.fmt.pix.pixelformat = format->fourcc;
  answer.fmt.pix.field = V4L2_FIELD_ANY;
  if (cs_v4l2_call(fd, VIDIOC_S_FMT, &answer, "VIDIOC_S_FMT", failure) < 0) return -1;
  read_format(&answer, format);
  return 0;
}

int cs_v4l2_get_format(int fd, cs_v4l2_format *format, cs_v4l2_failure *failure) {
  struct v4l2_format answer = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
  if (cs_v4l2_call(fd, VIDIOC_G_FMT, &answer, "VIDIOC_G_FMT", failure) < 0) return -1;
  read_format(&answer, format);
  return 0;
}

int cs_v4l2_set_interval(
    int fd, uint32_t *numerator, uint32_t *denominator, cs_v4l2_failure *failure) {
  struct v4l2_streamparm answer = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
  if (cs_v4l2_call(fd, VIDIOC_G_PARM, &answer, "VIDIOC_G_PARM", failure) < 0)
    return failure->code == ENOTTY || failure->code == EINVAL ? 0 : -1;
  if (answer.parm.capture.capability & V4L2_CAP_TIMEPERFRAME) {
    answer.parm.capture.timeperframe = (struct v4l2_fract){*numerator, *denominator};
    if (cs_v4l2_call(fd, VIDIOC_S_PARM, &answer, "VIDIOC_S_PARM", failure) < 0)
      return failure->code == ENOTTY || failure->code == EINVAL ? 0 : -1;
  }
  *numerator = answer.parm.capture.timeperframe.numerator;
  *denominator = answer.parm.capture.timeperframe.denominator;
  return 1;
}

#ifndef CS_V4L2_CALLS_H
#define CS_V4L2_CALLS_H

#include "include/cs_v4l2.h"

/// v4l2_ioctl repeated after EINTR; -1 with `failure` filled in.
int cs_v4l2_call(
    int fd, unsigned long request, void *argument, const char *name, cs_v4l2_failure *failure);
int cs_v4l2_fail(const char *name, cs_v4l2_failure *failure);

#endif

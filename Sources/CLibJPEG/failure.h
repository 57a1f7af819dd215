// libjpeg's error manager, turned into a status and a message.
#ifndef CS_JPEG_FAILURE_H
#define CS_JPEG_FAILURE_H

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include "include/cs_jpeg.h"

typedef struct {
  struct jpeg_error_mgr base;  // first: libjpeg hands back a pointer to it
  jmp_buf escape;
  cs_jpeg_failure failure;
  long warnings;
} cs_jpeg_errors;

/// Fills in `errors`; after it, any failure of the library jumps to `errors->escape`.
struct jpeg_error_mgr *cs_jpeg_errors_init(cs_jpeg_errors *errors);
/// Ends the call in progress with a status and a message.
_Noreturn void cs_jpeg_fail(cs_jpeg_errors *errors, int status, const char *message);

#endif

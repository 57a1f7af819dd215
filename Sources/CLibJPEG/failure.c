#include "failure.h"

#include <jerror.h>

_Noreturn void cs_jpeg_fail(cs_jpeg_errors *errors, int status, const char *message) {
  errors->failure.status = status;
  snprintf(errors->failure.message, sizeof errors->failure.message, "%s", message);
  longjmp(errors->escape, 1);
}

static void fail_with_message(j_common_ptr info, int status) {
  char text[JMSG_LENGTH_MAX];
  info->err->format_message(info, text);
  cs_jpeg_fail((cs_jpeg_errors *)info->err, status, text);
}

static void on_error(j_common_ptr info) {
  switch (info->err->msg_code) {
    case JERR_OUT_OF_MEMORY:
    case JERR_NO_BACKING_STORE:  // what the library says when max_memory_to_use does not suffice
      fail_with_message(info, CS_JPEG_MEMORY);
      break;
    case JERR_EMPTY_IMAGE:
    case JERR_IMAGE_TOO_BIG:
      fail_with_message(info, CS_JPEG_SIZE);
      break;
    case JERR_INPUT_EMPTY:
    case JERR_INPUT_EOF:
      fail_with_message(info, CS_JPEG_TRUNCATED);
      break;
    default:
      fail_with_message(info, CS_JPEG_INVALID);
  }
}

// The library goes on after a warning and fills what is missing with grey. A picture that is partly
// invented is worse than none for a detector, so warnings that mean lost pixels end the decoding.
// Others (extra bytes between markers, which many cameras send) are counted.
static void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  ((cs_jpeg_errors *)info->err)->warnings++;
  switch (info->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
      fail_with_message(info, CS_JPEG_TRUNCATED);
      break;
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
      fail_with_message(info, CS_JPEG_DAMAGED);
      break;
    default:
      break;
  }
}

static void print_nothing(j_common_ptr info) { (void)info; }

struct jpeg_error_mgr *cs_jpeg_errors_init(cs_jpeg_errors *errors) {
  memset(errors, 0, sizeof *errors);
  jpeg_std_error(&errors->base);
  errors->base.error_exit = on_error;
  errors->base.emit_message = on_message;
  errors->base.output_message = print_nothing;
  return &errors->base;
}

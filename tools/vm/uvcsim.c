// A USB camera in software: it attaches to Linux' vhci-hcd through one end of a socket pair and
// speaks USB/IP there, so that the kernel's own usbcore and uvcvideo drive it like a real camera.
// MJPEG 640x480 and 1280x720, YUYV 640x480 (grey), bulk transfers, 30, 15 and 5 frames/s.
//
// usage: uvcsim [-p port] [-s serial] [-b 1280x720.jpg] 640x480.jpg...
//
// Commands on standard input, one in a line; N counts the frames from the next on:
//   stall | resume     frames stop and go on
//   corrupt N          N frames of random bytes
//   trunc N            N frames cut after a third
//   empty N            N frames without a byte
//   err N              N frames with the error bit of the payload header
//   unplug             the camera leaves the bus
// The end of standard input changes nothing; the end of the process unplugs the camera too.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  max_pictures = 64,
  max_waiting = 64,
  bulk_packet = 512,
  // uvcvideo makes its bulk requests 32 packets long; a payload fills one request.
  payload = 32 * bulk_packet,
  probe_length = 34,
};

typedef struct {
  uint8_t *bytes;
  uint32_t count;
} blob;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static blob read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END)) fail(path);
  long size = ftell(file);
  if (size <= 0 || size > 16 << 20) {
    fprintf(stderr, "uvcsim: %s: expected 1 byte to 16 MiB, found %ld\n", path, size);
    exit(1);
  }
  rewind(file);
  blob result = {malloc((size_t)size), (uint32_t)size};
  if (!result.bytes || fread(result.bytes, 1, result.count, file) != result.count) fail(path);
  fclose(file);
  return result;
}

static uint32_t get32(const uint8_t *bytes) {
  return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void put32(uint8_t *bytes, uint32_t value) {
  for (int i = 0; i < 4; i++) bytes[i] = (uint8_t)(value >> 8 * i);
}

// ---- Descriptors (USB 2.0 chapter 9, USB Video Class 1.1)

static const uint8_t device_descriptor[18] = {
    18, 1, 0x00, 0x02, 0xef, 2, 1, 64, 0x6b, 0x1d, 0x02, 0x01, 0x00, 0x01, 1, 2, 3, 1};
static uint8_t configuration[512];
static int configuration_length;

#define APPEND(...)                                                        \
  do {                                                                     \
    const uint8_t added[] = {__VA_ARGS__};                                 \
    memcpy(configuration + configuration_length, added, sizeof added);     \
    configuration_length += (int)sizeof added;                             \
  } while (0)
#define LE16(x) (uint8_t)(x), (uint8_t)((x) >> 8)
#define LE32(x) LE16(x), LE16((x) >> 16)

static void append_frame(int subtype, int index, uint32_t width, uint32_t height) {
  APPEND(38, 0x24, (uint8_t)subtype, (uint8_t)index, 0, LE16(width), LE16(height),
         LE32(width * height * 16), LE32(width * height * 16 * 30), LE32(width * height * 2),
         LE32(333333u), 3, LE32(333333u), LE32(666666u), LE32(2000000u));
}

static void set_length(int descriptor, int at) {
  int length = configuration_length - descriptor;
  configuration[descriptor + at] = (uint8_t)length;
  configuration[descriptor + at + 1] = (uint8_t)(length >> 8);
}

static void make_configuration(void) {
  APPEND(9, 2, 0, 0, 2, 1, 0, 0x80, 250);
  APPEND(8, 0x0b, 0, 2, 14, 3, 0, 2);   // interface association: video
  APPEND(9, 4, 0, 0, 0, 14, 1, 0, 2);   // video control
  int control = configuration_length;
  APPEND(13, 0x24, 1, LE16(0x0110), 0, 0, LE32(6000000u), 1, 1);
  APPEND(18, 0x24, 2, 1, LE16(0x0201), 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0);  // 1: camera
  APPEND(12, 0x24, 5, 2, 1, 0, 0, 2, 0x03, 0x00, 0, 0);  // 2: brightness and contrast
  APPEND(9, 0x24, 3, 3, LE16(0x0101), 0, 2, 0);          // 3: to USB
  set_length(control, 5);
  APPEND(9, 4, 1, 0, 1, 14, 2, 0, 0);   // video streaming, one bulk endpoint
  int streaming = configuration_length;
  APPEND(15, 0x24, 1, 2, 0, 0, 0x81, 0, 3, 0, 0, 0, 1, 0, 0);
  APPEND(11, 0x24, 6, 1, 2, 1, 1, 0, 0, 0, 0);  // format 1: MJPEG, two sizes
  append_frame(7, 1, 640, 480);
  append_frame(7, 2, 1280, 720);
  APPEND(6, 0x24, 0x0d, 1, 1, 4);
  APPEND(27, 0x24, 4, 2, 1, 'Y', 'U', 'Y', '2', 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b,
         0x71, 16, 1, 0, 0, 0, 0);              // format 2: YUYV, one size
  append_frame(5, 1, 640, 480);
  APPEND(6, 0x24, 0x0d, 1, 1, 4);
  set_length(streaming, 4);
  APPEND(7, 5, 0x81, 2, LE16(bulk_packet), 0);
  set_length(0, 2);
}

// ---- USB/IP, the protocol of Documentation/usb/usbip_protocol.rst; all fields big-endian

enum { command_submit = 1, command_unlink = 2, reply_submit = 3, reply_unlink = 4 };

typedef struct {
  uint32_t command, sequence, device, direction, endpoint;
  union {
    struct {
      uint32_t flags, length, start, packets, interval;
      uint8_t setup[8];
    } submit;
    struct {
      uint32_t status, length, start, packets, errors;
      uint8_t unused[8];
    } reply;
    uint32_t unlinked;
  };
} header;
_Static_assert(sizeof(header) == 48, "the protocol's header has 48 bytes");

static int bus;

static void read_bus(void *buffer, size_t count) {
  for (uint8_t *next = buffer; count > 0;) {
    ssize_t got = read(bus, next, count);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) exit(0);  // unplugged by the kernel
    next += got;
    count -= (size_t)got;
  }
}

static void write_bus(const void *buffer, size_t count) {
  for (const uint8_t *next = buffer; count > 0;) {
    ssize_t put = write(bus, next, count);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) exit(0);
    next += put;
    count -= (size_t)put;
  }
}

// Answers a request: a status of 0 or a negative errno, and the bytes of an incoming transfer.
static void reply(uint32_t sequence, int status, const void *bytes, uint32_t count) {
  header answer = {.command = htonl(reply_submit), .sequence = htonl(sequence)};
  answer.reply.status = htonl((uint32_t)status);
  answer.reply.length = htonl(count);
  write_bus(&answer, sizeof answer);
  if (bytes) write_bus(bytes, count);
}

// ---- The stream

static blob pictures[max_pictures], large, grey;
static int picture_count, shown;
static uint8_t probe[probe_length], committed[probe_length];
static struct {
  uint32_t sequence, length;
} waiting[max_waiting];
static int waiting_count;
static struct {
  int running, stalled, in_frame, error, corrupt, trunc, empty, err;
  uint8_t toggle;
  double next;
  blob frame;
  uint32_t sent;
} stream;

// Puts the nearest mode that exists into a probe or commit control.
static void settle(uint8_t *control) {
  int format = control[2] == 2 ? 2 : 1, size = format == 1 && control[3] == 2 ? 2 : 1;
  uint32_t interval = get32(control + 4);
  interval = interval < 500000 ? 333333 : interval < 1000000 ? 666666 : 2000000;
  control[2] = (uint8_t)format;
  control[3] = (uint8_t)size;
  put32(control + 4, interval);
  put32(control + 18, size == 2 ? 1280 * 720 * 2 : 640 * 480 * 2);
  put32(control + 22, payload);
  put32(control + 26, 48000000);
}

static void begin_frame(void) {
  double interval = get32(committed + 4) * 1e-7, time = now();
  stream.next = stream.next + interval < time - 1 ? time + interval : stream.next + interval;
  shown = (shown + 1) % picture_count;
  blob source = committed[2] == 2 ? grey : committed[3] == 2 ? large : pictures[shown];
  free(stream.frame.bytes);
  stream.frame = (blob){malloc(source.count), source.count};
  if (!stream.frame.bytes) fail("malloc");
  memcpy(stream.frame.bytes, source.bytes, source.count);
  if (stream.corrupt > 0) {
    stream.corrupt--;
    for (uint32_t i = 0; i < source.count; i++) stream.frame.bytes[i] = (uint8_t)rand();
  } else if (stream.trunc > 0) {
    stream.trunc--;
    stream.frame.count /= 3;
  } else if (stream.empty > 0) {
    stream.empty--;
    stream.frame.count = 0;
  }
  stream.error = stream.err > 0;
  if (stream.err > 0) stream.err--;
  stream.sent = 0;
  stream.in_frame = 1;
}

// Answers the waiting bulk requests with as much of the picture as is due.
static void pump(void) {
  while (stream.running && waiting_count > 0) {
    if (!stream.in_frame) {
      if (now() < stream.next || stream.stalled) return;
      begin_frame();
    }
    uint8_t bytes[payload];
    uint32_t room = (waiting[0].length < payload ? waiting[0].length : payload) - 2;
    uint32_t left = stream.frame.count - stream.sent, part = left < room ? left : room;
    int is_last = part == left;
    bytes[0] = 2;  // the payload header's length
    bytes[1] = (uint8_t)(0x80 | stream.toggle | (is_last ? 0x02 : 0) | (stream.error ? 0x40 : 0));
    memcpy(bytes + 2, stream.frame.bytes + stream.sent, part);
    stream.sent += part;
    reply(waiting[0].sequence, 0, bytes, part + 2);
    memmove(waiting, waiting + 1, sizeof waiting[0] * (size_t)--waiting_count);
    if (is_last) {
      stream.in_frame = 0;
      stream.toggle ^= 1;
    }
  }
}

// ---- Requests to the control endpoint

enum { get_cur = 0x81, get_min = 0x82, get_max = 0x83, get_res = 0x84, get_len = 0x85,
       get_info = 0x86, set_cur = 1 };

static int string_descriptor(int index, const char *serial, uint8_t *out) {
  if (index == 0) {
    memcpy(out, (uint8_t[]){4, 3, 9, 4}, 4);
    return 4;
  }
  const char *text = index == 1 ? "CleanSight" : index == 2 ? "Simulated Camera" : serial;
  int length = 2;
  for (; *text && length < 128; text++) {
    out[length++] = (uint8_t)*text;
    out[length++] = 0;
  }
  out[0] = (uint8_t)length;
  out[1] = 3;
  return length;
}

// The answer to a reading request in `out`; its length, or -1 for a stall.
static int read_control(const uint8_t *setup, const char *serial, uint8_t *out) {
  int type = setup[0], request = setup[1], low = setup[2], high = setup[3];
  int interface = setup[4], entity = setup[5];
  memset(out, 0, 512);
  if (type == 0x80 && request == 6) {
    if (high == 1) {
      memcpy(out, device_descriptor, sizeof device_descriptor);
      return sizeof device_descriptor;
    }
    if (high == 2) {
      memcpy(out, configuration, (size_t)configuration_length);
      return configuration_length;
    }
    return high == 3 ? string_descriptor(low, serial, out) : -1;
  }
  if (request == 0 && type >= 0x80 && type <= 0x82) return 2;  // status
  if (type == 0x81 && request == 10) return 1;                 // interface setting
  if (type != 0xa1) return -1;
  if (interface == 1 && (high == 1 || high == 2)) {            // probe, commit
    if (request == get_info) {
      out[0] = 3;
      return 1;
    }
    if (request == get_len) {
      out[0] = probe_length;
      return 2;
    }
    if (request == get_cur) memcpy(out, high == 1 ? probe : committed, probe_length);
    settle(out);
    return probe_length;
  }
  if (interface == 0 && entity == 2 && (high == 2 || high == 3)) {  // brightness, contrast
    switch (request) {
      case get_info: out[0] = 3; break;
      case get_max: out[0] = 64; break;
      case get_res: out[0] = 1; break;
      default: break;
    }
    return 2;
  }
  return interface == 0 && entity == 0 && high == 2 && request == get_cur ? 1 : -1;  // no error
}

static void write_control(const uint8_t *setup, const uint8_t *data, uint32_t count) {
  int type = setup[0], request = setup[1], high = setup[3], interface = setup[4];
  // CLEAR_HALT on the bulk endpoint is how uvcvideo ends a stream.
  if (type == 0x02 && request == 1) stream.running = stream.in_frame = 0;
  if (type != 0x21 || interface != 1 || request != set_cur || (high != 1 && high != 2)) return;
  uint8_t *control = high == 1 ? probe : committed;
  memcpy(control, data, count < probe_length ? count : probe_length);
  settle(control);
  if (high == 2) {
    stream.running = 1;
    stream.in_frame = 0;
    stream.toggle = 0;
    stream.next = now();
  }
}

static void serve_request(const char *serial) {
  static uint8_t data[65536], answer[512];
  header request;
  read_bus(&request, sizeof request);
  uint32_t sequence = ntohl(request.sequence);
  if (ntohl(request.command) == command_submit) {
    uint32_t length = ntohl(request.submit.length);
    int is_write = ntohl(request.direction) == 0;
    if (is_write && length > sizeof data) exit(1);
    if (is_write) read_bus(data, length);
    if (ntohl(request.endpoint) != 0) {
      if (waiting_count == max_waiting || length < 3) return reply(sequence, -EPIPE, NULL, 0);
      waiting[waiting_count].sequence = sequence;
      waiting[waiting_count++].length = length;
    } else if (is_write && !(request.submit.setup[0] & 0x80)) {
      write_control(request.submit.setup, data, length);
      reply(sequence, 0, NULL, length);
    } else {
      int count = read_control(request.submit.setup, serial, answer);
      if (count < 0) return reply(sequence, -EPIPE, NULL, 0);
      reply(sequence, 0, answer, (uint32_t)count < length ? (uint32_t)count : length);
    }
  } else if (ntohl(request.command) == command_unlink) {
    header ended = {.command = htonl(reply_unlink), .sequence = request.sequence};
    for (int i = 0; i < waiting_count; i++) {
      if (waiting[i].sequence != ntohl(request.unlinked)) continue;
      memmove(waiting + i, waiting + i + 1, sizeof waiting[0] * (size_t)(--waiting_count - i));
      ended.reply.status = htonl((uint32_t)-ECONNRESET);
      break;
    }
    write_bus(&ended, sizeof ended);
  }
}

// ---- Commands and the loop

// Reads one command; 0 at the end of the input.
static int obey(void) {
  char line[128], word[32] = "";
  size_t length = 0;
  ssize_t got = 0;
  while (length < sizeof line - 1 && (got = read(0, line + length, 1)) == 1 && line[length] != '\n')
    length++;
  line[length] = 0;
  int count = 1;
  sscanf(line, "%31s %d", word, &count);
  if (!strcmp(word, "stall")) stream.stalled = 1;
  if (!strcmp(word, "resume")) stream.stalled = 0, stream.next = now();
  if (!strcmp(word, "corrupt")) stream.corrupt = count;
  if (!strcmp(word, "trunc")) stream.trunc = count;
  if (!strcmp(word, "empty")) stream.empty = count;
  if (!strcmp(word, "err")) stream.err = count;
  if (!strcmp(word, "unplug")) exit(0);
  return got == 1 || length > 0;
}

static void attach(int port) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) fail("socketpair");
  bus = ends[0];
  int file = open("/sys/devices/platform/vhci_hcd.0/attach", O_WRONLY);
  if (file < 0) fail("vhci_hcd.0/attach (modprobe vhci-hcd)");
  // port, socket, device number, speed (3: high)
  char text[64];
  int length = snprintf(text, sizeof text, "%d %d %d 3", port, ends[1], (1 << 16) | (2 + port));
  if (write(file, text, (size_t)length) != length) fail("attach");
  close(file);
  close(ends[1]);
}

int main(int count, char **arguments) {
  const char *serial = "SIM0001";
  int port = 0;
  for (int option; (option = getopt(count, arguments, "p:s:b:")) > 0;) {
    switch (option) {
      case 'p': port = atoi(optarg); break;
      case 's': serial = optarg; break;
      case 'b': large = read_file(optarg); break;
      default: return 2;
    }
  }
  while (optind < count && picture_count < max_pictures)
    pictures[picture_count++] = read_file(arguments[optind++]);
  if (picture_count == 0) {
    fprintf(stderr, "usage: uvcsim [-p port] [-s serial] [-b 1280x720.jpg] 640x480.jpg...\n");
    return 2;
  }
  if (!large.bytes) large = pictures[0];
  grey = (blob){malloc(640 * 480 * 2), 640 * 480 * 2};
  if (!grey.bytes) fail("malloc");
  memset(grey.bytes, 0x80, grey.count);
  signal(SIGPIPE, SIG_IGN);
  make_configuration();
  settle(probe);
  settle(committed);
  attach(port);

  struct pollfd inputs[2] = {{bus, POLLIN, 0}, {0, POLLIN, 0}};
  for (nfds_t input_count = 2;;) {
    int timeout = -1;
    if (stream.running && waiting_count > 0 && !stream.stalled) {
      double wait = stream.next - now();
      timeout = stream.in_frame || wait <= 0 ? 0 : (int)(wait * 1000) + 1;
    }
    if (poll(inputs, input_count, timeout) < 0 && errno != EINTR) fail("poll");
    if (input_count == 2 && inputs[1].revents && !obey()) input_count = 1;
    if (inputs[0].revents) serve_request(serial);
    pump();
  }
}

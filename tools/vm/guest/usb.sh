# The simulated USB camera: MJPEG, broken frames, unplugged and plugged in again while it runs.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154

modprobe vhci-hcd
# With nodrop, frames with the error bit reach the daemon instead of being dropped by the driver.
modprobe uvcvideo nodrop=1
plug
check "usb: the camera is there" eventually 10 test -e "$usb_name"
use_camera "v4l2:$usb_name" "format: mjpeg"
require "usb: the service takes it" systemctl restart cleansight
check "usb: online" eventually 15 camera_is online
check "usb: it delivers MJPEG" state '.cameras[0].snapshot.mode.format | ascii_downcase == "mjpeg"'
check "usb: frames are counted" detects
pid=$(daemon_pid)

for fault in "corrupt no-start-marker" "trunc no-end-marker" "err error-flag"; do
  read -r command reason <<<"$fault"
  before=$(refused "$reason")
  usb "$command 3"
  check "usb: 3 frames of '$command' are refused as $reason" eventually 10 \
    refused_since "$reason" "$before"
  check "usb: the stream goes on after '$command'" detects
done
saw "refused: $(field '.cameras[0].snapshot.refused | tostring')"

# The driver itself drops frames without a byte.
usb "empty 3"
check "usb: the stream goes on after 'empty'" detects

check "usb: it is online again" eventually 15 camera_is online
usb stall
check "usb: a camera that stalls is degraded" eventually 15 camera_is degraded
saw "stalled: $(field '.cameras[0].snapshot.status.reason')"
usb resume
check "usb: it is online when it resumes" eventually 15 camera_is online

for round in 1 2 3; do
  usb unplug
  check "usb: unplugged ($round), it is offline" eventually 10 camera_is offline
  if ((round == 1)); then
    saw "offline: $(field '.cameras[0].snapshot.status.reason')"
    check "usb: /stream says that there is no video" stream_of /stream 2 '^X-Online: false' 1
    check "usb: /snapshot is refused with a reason" eval \
      '! get /snapshot >/tmp/refusal 2>&1 && grep -q "{\"error\":.*door" /tmp/refusal'
  fi
  wait
  sleep 1
  plug
  check "usb: plugged in ($round), it is online" eventually 20 camera_is online
  check "usb: and detects ($round)" detects
done
check "usb: all of it in one process" eval '[[ $(daemon_pid) == "$pid" ]]'
saw "$(field '.cameras[0].snapshot | "\(.detected) of \(.delivered) pictures, reopened \(.reopened) times"'), \
$(field '.resident_mib') MiB"
usb unplug
wait

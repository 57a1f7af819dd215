# The simulated USB camera: MJPEG, broken frames, unplugged and plugged in again while it runs.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154

modprobe vhci-hcd
# With nodrop, frames with the error bit reach the daemon instead of being dropped by the driver.
modprobe uvcvideo nodrop=1
plug
check "usb: the camera is there" eventually 10 test -e "$usb_name"
use_camera "v4l2:$usb_name" "format: mjpeg"
check "usb: the service takes it" systemctl restart cleansight
check "usb: online" eventually 15 camera_is online
check "usb: it delivers MJPEG" state '.cameras[0].snapshot.mode.format == "mjpeg"'
check "usb: frames are counted" detects
pid=$(daemon_pid)

for fault in "corrupt no-start-marker" "trunc no-end-marker" "empty empty" "err error-flag"; do
  read -r command reason <<<"$fault"
  before=$(refused "$reason")
  usb "$command 3"
  check "usb: 3 frames of '$command' are refused as $reason" eventually 10 \
    refused_since "$reason" "$before"
  check "usb: the stream goes on after '$command'" detects
done
saw "refused: $(field '.cameras[0].snapshot.refused | tostring')"

usb stall
check "usb: a camera that stalls is not online" eventually 15 eval '! camera_is online >/dev/null'
saw "stalled: $(field '.cameras[0].snapshot.status.reason')"
usb resume
check "usb: it is online when it resumes" eventually 15 camera_is online

for round in 1 2 3; do
  usb unplug
  check "usb: unplugged ($round), it is offline" eventually 10 camera_is offline
  if ((round == 1)); then
    saw "offline: $(field '.cameras[0].snapshot.status.reason')"
    check "usb: the page still has a picture" eval \
      'get /snapshot | head -c 2 | od -An -tx1 | grep -q "ff d8"'
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

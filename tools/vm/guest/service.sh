# The service: installed by tools/install, started, watched, reloaded, stopped.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154

modprobe vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0
udevadm settle

install_cleansight() { /root/project/tools/install --binaries /root/bin --no-start; }
require "tools/install installs" install_cleansight
check "it is enabled" systemctl is-enabled cleansight
check "the unit is valid" systemd-analyze verify /usr/local/lib/systemd/system/cleansight.service
echo "# mine" >>"$configuration"
check "it installs again" install_cleansight
check "an edited configuration is kept" grep -qx "# mine" "$configuration"

score=$(systemd-analyze security --no-pager cleansight | sed -nE 's/.*exposure level.*: ([0-9.]+).*/\1/p')
check "systemd-analyze security: $score, at most 2.0" awk -v s="$score" 'BEGIN { exit !(s && s <= 2) }'

if [[ $machine != uml ]]; then
  # Emulated arithmetic is hundreds of times slower: a smaller input and longer limits.
  mkdir -p /etc/systemd/system/cleansight.service.d /usr/local/share/small
  printf '[Service]\nWatchdogSec=60\nTimeoutStartSec=300\nEnvironment=OPENBLAS_CORETYPE=Haswell\n' \
    >/etc/systemd/system/cleansight.service.d/slow-machine.conf
  systemctl daemon-reload
  model=/usr/local/share/small
  install -m 644 /share/small/* "$model/"
fi

use_camera v4l2:/dev/video0
begin=$EPOCHREALTIME
require "starts with vivid (YUYV) and becomes active" systemctl start cleansight
saw "READY after $(elapsed "$begin") s"
check "is active" service_is active
check "the model is ready" get /v2/health/ready
check "the camera is online" eventually 10 camera_is online
check "frames are counted" detects
check "the camera delivers YUYV" state '.cameras[0].snapshot.mode.format | ascii_downcase == "yuyv"'
check "/v1/detections answers" eval 'get /v1/detections | jq -e ".cameras[0].width == 640"'
check "/snapshot is a JPEG" eval 'get /snapshot >/tmp/snapshot && is_jpeg /tmp/snapshot'
check "/stream goes on" stream_of /stream 3 '^Content-Type: image/jpeg' 3
check "/v1/detections/stream goes on" stream_of /v1/detections/stream 3 '^data:' 3
check "/metrics counts" eval 'get /metrics | grep "^[a-z_]*detect"'
check "cleansight status answers over the local socket" cleansight status
saw "STATUS: $(property StatusText)"
saw "memory: $(($(property MemoryCurrent) / 1048576)) MiB, threads: $(property TasksCurrent), \
$(field '.inference_ms') ms an inference"

pid=$(daemon_pid)
check "runs as a user of its own" eval '(($(stat -c %u /proc/$pid) >= 61184))'
check "has no capability" grep -qE '^CapEff:\s0+$' "/proc/$pid/status"
check "cannot gain privileges" grep -qE '^NoNewPrivs:\s1$' "/proc/$pid/status"
check "has a system-call filter" grep -qE '^Seccomp:\s2$' "/proc/$pid/status"
check "keeps its state in /var/lib/private" test -d /var/lib/private/cleansight
check "listens on loopback only" eval '[[ $(ss -Hltn "sport = :8080" | wc -l) == 1 ]] &&
  ss -Hltn "sport = :8080" | grep "127.0.0.1:8080"'

# One picture, sent and given to the command line: the same things in the same places.
post() { curl -sS --fail-with-body -H 'Content-Type: image/jpeg' --data-binary "@$1" \
  http://127.0.0.1:8080/v1/detect; }
check "POST /v1/detect answers" eval 'post /root/pictures/1.jpg >/tmp/posted.json'
check "cleansight detect answers" eval 'cleansight detect --json \
  ${model:+--model "$model"} /root/pictures/1.jpg >/tmp/detected.json'
# With the small input of an emulated machine there is nothing to find.
if [[ $machine == uml ]]; then
  check "they agree" agree /tmp/posted.json /tmp/detected.json 0.01
fi

# vivid's own faults: a bad buffer, a stream that breaks, a device that is gone while its node is
# still there, and a node that goes and comes back.
fault() { v4l2-ctl -d /dev/video0 -c "$1=1"; }
check "vivid: a buffer error is injected" fault inject_v4l2_buf_flag_error
check "vivid: it is counted" eventually 10 state '.cameras[0].snapshot.refused["error-flag"] > 0'
check "vivid: the stream goes on" detects
reopened=$(field '.cameras[0].snapshot.reopened')
check "vivid: a fatal stream error is injected" fault inject_fatal_streaming_error
check "vivid: the camera is opened again" eventually 15 state \
  ".cameras[0].snapshot.reopened > $reopened"
check "vivid: and detects again" detects
check "vivid: the device is disconnected" fault disconnect
check "vivid: offline, with a reason" eventually 15 has_reason "No such device"
echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind
check "vivid: offline without its node, with a reason" eventually 15 has_reason "No such file"
saw "offline: $(field '.cameras[0].snapshot.status.reason')"
check "vivid: the daemon goes on" service_is active
echo vivid.0 >/sys/bus/platform/drivers/vivid/bind
udevadm settle
check "vivid: with its node it is online" eventually 15 camera_is online
check "vivid: and detects" detects
check "nothing restarted the daemon" eval '[[ $(restarts) == 0 && $(daemon_pid) == "$pid" ]]'

# SIGHUP: a configuration that is right is taken, one that is wrong is named and changes nothing.
use_camera v4l2:/dev/video0 "fps: 5"
sed -i 's/name: door/name: yard/' "$configuration"
check "reload" systemctl reload cleansight
check "reload: the camera's new name is there" eventually 15 state \
  '.cameras[0].snapshot.name == "yard"'
check "reload: the new camera is online" eventually 15 camera_is online
echo "colour: blue" >>"$configuration"
check "reload of a wrong configuration is asked for" systemctl reload cleansight
check "reload: the fault is named with its line" eventually 15 state \
  '.reload.error | test("colour") and test("cleansight.yaml:[0-9]+")'
check "reload: the old state works" detects
check "reload: the daemon is the same" eval '[[ $(daemon_pid) == "$pid" ]]'

# A wrong configuration at the start is final: 78 and no restart.
systemctl stop cleansight
before=$(restarts)
check "start with a wrong configuration fails" eval '! systemctl start cleansight'
sleep 3
check "its status is 78" eval '[[ $(property ExecMainStatus) == 78 ]]'
check "it is not started again" eval '[[ $(property ActiveState) == failed && $(restarts) == "$before" ]]'
check "the journal names key and line" eval 'journalctl -u cleansight -o cat --no-pager | tail -20 |
  grep "cleansight.yaml:[0-9]*: colour"'
use_camera v4l2:/dev/video0

check "no library complains about the sandbox" eval '! journalctl -u cleansight -o cat --no-pager |
  grep -iE "errno|not permitted"'

# A daemon that hangs is killed by the watchdog and started again. The limit is short here.
mkdir -p /etc/systemd/system/cleansight.service.d
printf '[Service]\nWatchdogSec=%ds\n' $((5 * factor)) \
  >/etc/systemd/system/cleansight.service.d/watchdog.conf
systemctl daemon-reload
require "starts again" systemctl start cleansight
pid=$(daemon_pid)
begin=$EPOCHREALTIME
kill -STOP "$pid"
check "watchdog: a stopped daemon is started again" eventually 25 eval \
  '[[ $(restarts) != 0 && $(property ActiveState) == active && $(daemon_pid) != "$pid" ]]'
saw "watchdog: running again after $(elapsed "$begin") s"
check "watchdog: it was the watchdog" eval 'journalctl -u cleansight -o cat --no-pager |
  grep -i "watchdog timeout"'
check "watchdog: the camera is online again" eventually 15 camera_is online
pid=$(daemon_pid)
echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind
sleep $((7 * factor))
check "watchdog: a camera that is gone for longer does not matter" eval \
  '[[ $(daemon_pid) == "$pid" ]] && camera_is offline'
echo vivid.0 >/sys/bus/platform/drivers/vivid/bind
udevadm settle
pid=$(daemon_pid)
kill -SEGV "$pid"
check "crash: it is started again" eventually 15 eval \
  '[[ $(property ActiveState) == active && $(daemon_pid) != "$pid" ]]'

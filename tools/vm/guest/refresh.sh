# Purification on the device, by the units: asked for, killed, cancelled, taken back.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154

refresh() { systemctl show cleansight-refresh -p "$1" --value; }
phase_is() { state ".refresh.last.phase == \"$1\""; }
at_work() { [[ $(refresh ActiveState) == activating ]]; }
# Once it works, the request is taken: one that is killed before is started again by the path unit.
works() { at_work && { phase_is sifting || phase_is purifying; }; }
serves() { state ".refresh.version.origin == \"$1\""; }
# few FPS: a scene from which frames are kept quickly, with settings for a short refresh.
few() {
  use_camera "synthetic:" "fps: $1"
  printf 'refresh: {interval: 0.1, probation: 3, maximum-frames: 256}\n' >>"$configuration"
}

rm -f /etc/systemd/system/cleansight.service.d/watchdog.conf
mkdir -p /etc/systemd/system/cleansight-refresh.service.d
# Few frames, so that it takes a minute on one processor that is shared with the daemon; and not the
# idle class, which would wait for the daemon for ever on it.
printf '%s\n' '[Service]' 'CPUSchedulingPolicy=other' 'CPUWeight=100' ExecStart= \
  'ExecStart=/usr/local/bin/cleansight refresh --config /etc/cleansight/cleansight.yaml --quiet --frames 16 --minimum-frames 16' \
  >/etc/systemd/system/cleansight-refresh.service.d/short.conf
systemctl daemon-reload

score=$(systemd-analyze security --no-pager cleansight-refresh |
  sed -nE 's/.*exposure level.*: ([0-9.]+).*/\1/p')
check "refresh: systemd-analyze security: $score, at most 2.0" awk -v s="$score" \
  'BEGIN { exit !(s && s <= 2) }'
units="cleansight-refresh.timer cleansight-refresh.path"
check "refresh: timer and path are enabled" eval "systemctl is-enabled $units"
check "refresh: they start" eval "systemctl start $units && systemctl is-active $units"

# A smaller input for the same reason.
model=/usr/local/share/smaller
mkdir -p "$model"
cp /usr/local/share/cleansight/models/default/* "$model/"
jq '.input = {minSize: 160, maxSize: 224} | .thresholds.rpn.postNMS = 50' \
  /usr/local/share/cleansight/models/default/model.json >"$model/model.json"

few 15
require "refresh: the daemon starts with a scene" systemctl restart cleansight
check "refresh: too few frames is a reason, not a failure of the box" eval \
  'cleansight repurify >/dev/null; eventually 30 phase_is failed && detects'
check "refresh: frames are captured" eventually 300 state '.refresh.frames.count >= 165'
few 2
check "refresh: the camera becomes slower" systemctl reload cleansight
pid=$(daemon_pid)

begin=$EPOCHREALTIME
check "refresh: it is asked for" cleansight repurify --no-wait
check "refresh: the path unit starts it" eventually 20 at_work
check "refresh: it runs as the daemon's user" eval \
  '[[ $(stat -c %u /proc/$(refresh MainPID)) == $(stat -c %u /proc/$pid) ]]'
check "refresh: it has no network" eval \
  '[[ $(readlink /proc/$(refresh MainPID)/ns/net) != $(readlink /proc/self/ns/net) ]]'
check "refresh: the page's state shows it" eventually 60 works
check "refresh: detections go on meanwhile" detects
check "refresh: the candidate is accepted" eventually 600 phase_is accepted
saw "refresh: $(elapsed "$begin") s, $(field '.refresh.last.message')"
check "refresh: the new model serves" eventually 30 serves refresh
check "refresh: the daemon was not started again" eval '[[ $(daemon_pid) == "$pid" ]]'
check "refresh: after its probation it is good" eventually 60 state \
  '.refresh.version.is_on_probation == false'
version=$(field .refresh.version.id)
check "refresh: cleansight model list marks it" eval \
  'cleansight model list | grep "^\* ${version:0:12}"'

check "killed: another one is asked for" cleansight repurify --no-wait
check "killed: it works" eventually 60 works
systemctl kill -s KILL cleansight-refresh
check "killed: the state says so" eventually 20 phase_is failed
check "killed: the daemon serves" detects
check "killed: the model is the same" eval '[[ $(field .refresh.version.id) == "$version" ]]'

check "both killed: another one is asked for" cleansight repurify --no-wait
check "both killed: it works" eventually 60 works
systemctl kill -s KILL cleansight-refresh cleansight
check "both killed: the daemon is started again" eventually 30 eval \
  '[[ $(daemon_pid) != "$pid" && $(daemon_pid) != 0 ]] && detects'
check "both killed: with the same model" eval '[[ $(field .refresh.version.id) == "$version" ]]'
pid=$(daemon_pid)

check "cancelled: another one is asked for" cleansight repurify --no-wait
check "cancelled: it works" eventually 60 works
check "cancelled: it is told to stop" cleansight repurify --cancel
check "cancelled: it stops" eventually 60 phase_is stopped
check "cancelled: that is no failure" eval '[[ $(refresh Result) == success ]]'

# Less than 512 MiB free: the refresh does not begin, and nothing else minds.
free=$(df --output=avail -B1M /var/lib | tail -1)
fallocate -l "$((free - 200))M" /var/lib/full
check "full disk: another one is asked for" cleansight repurify --no-wait
check "full disk: it stops with that reason" eventually 60 state \
  '.refresh.last.phase == "stopped" and (.refresh.last.message | test("MiB"))'
check "full disk: the daemon serves" detects
rm /var/lib/full

check "rollback" cleansight model rollback
check "rollback: the delivered model serves" eventually 30 serves factory
check "rollback: the daemon was not started again" eval '[[ $(daemon_pid) == "$pid" ]]'
check "activate" cleansight model activate "${version:0:12}"
check "activate: it serves again" eventually 30 serves refresh
check "upgrade: it installs again" install_cleansight
check "upgrade: the daemon starts again" systemctl restart cleansight
check "upgrade: the device's own model serves" eventually 30 serves refresh
check "guard: it has looked" eventually 30 state '.cameras[0].guard.state != null'
check "frames: deleted on command" cleansight repurify --forget
check "frames: none is left" eventually 10 state '.refresh.frames.count < 20'
model=''
check "no library complains about the sandbox" eval '! journalctl -u cleansight-refresh -o cat \
  --no-pager | grep -iE "errno|not permitted"'

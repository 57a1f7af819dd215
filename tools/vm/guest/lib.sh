# What the tests in the machine share. Sourced by run; not a program.
# shellcheck shell=bash disable=SC2034,SC2154

passed=0
failed=0
configuration=/etc/cleansight/cleansight.yaml
pipe=/run/uvcsim

# check NAME COMMAND...: runs the command and says on one line whether it was right.
check() {
  local name=$1 begin=$EPOCHREALTIME
  shift
  if "$@" >/tmp/check 2>&1; then
    passed=$((passed + 1))
    printf 'ok       %s (%s s)\n' "$name" "$(elapsed "$begin")"
  else
    failed=$((failed + 1))
    printf 'FAILED   %s (%s s): %s\n' "$name" "$(elapsed "$begin")" "$*"
    sed 's/^/         | /' /tmp/check | tail -20
  fi
}
# require NAME COMMAND...: the same, where the rest would be pointless.
require() {
  local before=$failed
  check "$@"
  ((failed == before)) && return
  journalctl -u cleansight -o cat --no-pager | tail -20 | sed 's/^/         | /'
  summary
  exit 1
}
summary() { printf '%d passed, %d failed\n' "$passed" "$failed"; }
saw() { printf 'saw      %s\n' "$*"; }
elapsed() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'; }

# eventually SECONDS COMMAND...: until the command is right; machines in software get more time.
eventually() {
  local end=$((SECONDS + $1 * factor))
  shift
  until "$@"; do
    if ((SECONDS >= end)); then
      echo "still not so after the time allowed:"
      "$@"
      return 1
    fi
    sleep 0.2
  done
}

get() { curl -sS --fail-with-body --max-time $((5 * factor)) "http://127.0.0.1:8080$1"; }
# state FILTER: whether a jq filter holds for /state; prints what is there where it does not.
state() {
  local now
  now=$(get /state) || {
    echo "$now"
    return 1
  }
  jq -e "$1" >/dev/null <<<"$now" || {
    jq -c '[.status, .reload, (.cameras[].snapshot | {name, status, delivered, detected, refused,
      reopened})]' <<<"$now"
    return 1
  }
}
# field FILTER: a value of /state.
field() { get /state | jq -r "$1"; }
camera_is() { state ".cameras[0].snapshot.status.state == \"$1\""; }
# refused REASON: how many pictures the first camera refused for it.
refused() { field ".cameras[0].snapshot.refused[\"$1\"] // 0"; }
refused_since() { (($(refused "$1") > $2)); }
detects() {
  local before
  before=$(field '.cameras[0].snapshot.detected')
  eventually 10 state ".cameras[0].snapshot.detected > $((before + 2))"
}

property() { systemctl show cleansight -p "$1" --value; }
service_is() { [[ $(property ActiveState) == "$1" ]] || { property ActiveState; return 1; }; }
daemon_pid() { property MainPID; }
restarts() { property NRestarts; }

# use_camera ADDRESS [LINE...]: writes a configuration with one camera.
use_camera() {
  {
    echo "listen: 127.0.0.1:8080"
    [[ -z ${model:-} ]] || echo "model: $model"
    echo "cameras:"
    echo "  - name: door"
    echo "    address: \"$1\""
    shift
    local line
    for line in "width: 640" "height: 480" "$@"; do echo "    $line"; done
  } >"$configuration"
}

# plug [OPTION...]: plugs the simulated USB camera in; its commands go to `usb`.
plug() {
  [[ -p $pipe ]] || mkfifo "$pipe"
  # The reader keeps a writing end, so that the pipe does not end between two commands.
  (
    exec 3<>"$pipe"
    exec /root/bin/uvcsim "$@" /root/pictures/*.jpg <"$pipe" 3>&-
  ) &
  exec 9>"$pipe"
}
usb() { echo "$*" >&9; }
usb_name=/dev/v4l/by-id/usb-CleanSight_Simulated_Camera_SIM0001-video-index0

# is_jpeg FILE: whether it begins and ends as a JPEG does.
is_jpeg() {
  [[ $(head -c 2 "$1" | od -An -tx1) == " ff d8" && $(tail -c 2 "$1" | od -An -tx1) == " ff d9" ]]
}
# stream_of PATH SECONDS PATTERN COUNT: whether a pattern comes COUNT times in that time.
stream_of() {
  curl -sN --max-time $(($2 * factor)) "http://127.0.0.1:8080$1" >/tmp/stream
  local found
  found=$(grep -ac "$3" /tmp/stream)
  echo "$found times $3"
  ((found >= $4))
}
# has_reason TEXT: whether the camera is offline and says why.
has_reason() {
  state ".cameras[0].snapshot.status | .state == \"offline\" and (.reason | test(\"$1\"))"
}

# agree FILE FILE PIXELS: whether two reports hold the same things in the same places.
agree() {
  jq -en --slurpfile a "$1" --slurpfile b "$2" --argjson pixels "$3" '
    def things: [.detections[] | select(.score >= 0.5)] | sort_by(.label, .box[0], .box[1]);
    ($a[0] | things) as $a | ($b[0] | things) as $b
    | ($a | map(.label)) == ($b | map(.label)) and ($a | length) > 0
      and ([range($a | length) as $i | range(4) as $j
            | $a[$i].box[$j] - $b[$i].box[$j] | fabs] | max) <= $pixels' >/dev/null || {
    jq -c '.detections' "$1" "$2"
    return 1
  }
}

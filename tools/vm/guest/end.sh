# The end: stopping takes at most 2 s, and nothing stays after --uninstall.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154

use_camera v4l2:/dev/video0
check "runs before the end" systemctl restart cleansight
begin=$EPOCHREALTIME
check "stops" systemctl stop cleansight
took=$(elapsed "$begin")
# Emulation and a debug build are no measure of seconds.
limit=$((2 * factor))
check "within $limit s (took $took s)" awk -v t="$took" -v l="$limit" 'BEGIN { exit !(t <= l) }'
check "it ended by itself" eval '[[ $(property Result) == success && $(property ExecMainStatus) == 0 ]]'
check "tools/install --uninstall --purge" /root/project/tools/install --uninstall --purge
check "nothing stays" eval '! ls -d /usr/local/bin/cleansight* /usr/local/share/cleansight \
  /etc/cleansight /var/lib/private/cleansight /usr/local/lib/systemd/system/cleansight.service \
  /etc/systemd/system/multi-user.target.wants/cleansight.service 2>/dev/null'

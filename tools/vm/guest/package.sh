# The Debian package: installed, upgraded, removed, purged. After end.sh nothing else is there.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154

package=$(ls /share/cleansight_*.deb)
check "package: it installs" dpkg -i "$package"
check "package: the service runs" eventually 30 service_is active
check "package: it is enabled" systemctl is-enabled cleansight cleansight-refresh.timer \
  cleansight-refresh.path
check "package: detections come" detects
echo "# mine" >>"$configuration"
pid=$(daemon_pid)
check "package: it upgrades" dpkg -i "$package"
check "package: the service was started again" eventually 30 eval \
  '[[ $(daemon_pid) != "$pid" && $(property ActiveState) == active ]]'
check "package: an edited configuration is kept" grep -qx "# mine" "$configuration"
check "package: it is removed" dpkg -r cleansight
check "package: the service is gone" eval '! systemctl cat cleansight'
check "package: the configuration stays" test -e "$configuration"
check "package: it is purged" dpkg -P cleansight
check "package: nothing stays" eval '! ls -d /usr/bin/cleansight* /usr/share/cleansight \
  /etc/cleansight /var/lib/private/cleansight /usr/lib/systemd/system/cleansight* 2>/dev/null'

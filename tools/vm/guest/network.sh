# An IP camera: a second daemon, outside of the sandbox, serves MJPEG at a private address. The
# service may not reach it until the drop-in for private networks is installed.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154

ip address add 10.1.1.1/32 dev lo
cleansightd --model /usr/local/share/cleansight/models/default --camera 'synthetic:?fps=5' \
  --listen 10.1.1.1:8081 --state-directory /root/ip-camera >/root/ip-camera.log 2>&1 &
peer=$!
check "network: the IP camera runs" eventually 20 curl -sf http://10.1.1.1:8081/v2/health/ready
use_camera 'mjpeg:http://10.1.1.1:8081/stream?overlay=0'
check "network: the service starts without its camera" systemctl restart cleansight
check "network: the sandbox keeps it offline, with a reason" eventually 15 has_reason .
saw "offline: $(field '.cameras[0].snapshot.status.reason')"
check "network: tools/install --local-network" /root/project/tools/install --binaries /root/bin \
  --local-network
check "network: the IP camera is online" eventually 15 camera_is online
check "network: and detects" detects
kill -STOP "$peer"
check "network: an IP camera that hangs is not online" eventually 30 eval '! camera_is online'
saw "hangs: $(field '.cameras[0].snapshot.status.reason')"
kill -CONT "$peer"
check "network: it is online when it goes on" eventually 30 camera_is online
kill "$peer"
wait "$peer"
check "network: an IP camera that ends is offline" eventually 30 has_reason .
saw "ended: $(field '.cameras[0].snapshot.status.reason')"
check "network: the daemon goes on" service_is active

# `cleansight detect` here finds what it found on the build machine.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154

saw "processor: $(grep -m1 flags /proc/cpuinfo | tr ' ' '\n' |
  grep -xE 'sse4_2|avx|avx2|fma|avx512f|avx512_bf16' | tr '\n' ' ')"
for backend in onednn openblas; do
  begin=$EPOCHREALTIME
  check "detect with $backend runs" eval "/root/bin/cleansight detect --model /share/project/models/default \
    --backend $backend --precision f32 --json /root/pictures/1.jpg >/tmp/$backend.json"
  saw "$backend: $(elapsed "$begin") s"
  check "$backend: as on the build machine, within 0.1 pixels" agree /share/expected.json \
    /tmp/$backend.json 0.1
done

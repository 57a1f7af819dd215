#!/usr/bin/env python3
"""What a purification on the device costs: its time and memory, and what serving loses meanwhile.

    Benchmarks/refresh.py [--frames 512] [--seconds 60]

A daemon gets rendered frames, of which it captures enough; then a rendered scene at 15 pictures a second is
served, first alone and then beside `cleansight refresh`, which runs as its unit lets it: nice 19 and the idle
class. Latencies are the daemon's own, from capture to publication, of every frame. The two phases share a
process and a machine; `p99_ratio` is the figure to look at. Use a machine that does nothing else.
"""
import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
SEEDS = [101, 102, 103, 104, 105, 106]


def fetch(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return json.loads(answer.read())


def wait_until(what, seconds, condition):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.2)
    sys.exit(f"not within {seconds} s: {what}")


class Listener(threading.Thread):
    """The latencies of a camera's frames, as the event stream has them."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.latencies = port, []
        self.start()

    def run(self):
        url = f"http://127.0.0.1:{self.port}/v1/detections/stream"
        for line in urllib.request.urlopen(url, timeout=600):
            if line.startswith(b"data:"):
                report = json.loads(line[5:])
                if report.get("latency_ms") is not None:
                    self.latencies.append(report["latency_ms"])


def figures(latencies, skipped):
    ordered = sorted(latencies)
    return {"frames": len(ordered), "skipped": skipped, "median_ms": statistics.median(ordered),
            "p99_ms": ordered[int(len(ordered) * 0.99)], "max_ms": ordered[-1]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binaries", default=os.path.join(HERE, "..", ".build", "release"))
    parser.add_argument("--model", default=os.path.join(HERE, "..", "models", "default"))
    parser.add_argument("--frames", type=int, default=512)
    parser.add_argument("--seconds", type=float, default=60, help="of serving without a refresh")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    os.environ.pop("OPENBLAS_CORETYPE", None)
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    folder = tempfile.mkdtemp(prefix="refresh-")
    command = lambda name: os.path.join(os.path.abspath(args.binaries), name)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]

    # A seventh of what is captured is for judging; some frames look like others and are not kept.
    pictures = os.path.join(folder, "pictures")
    os.mkdir(pictures)
    count = args.frames * 13 // 10 // len(SEEDS) + 1
    for seed in SEEDS:
        scene = os.path.join(folder, f"scene-{seed}")
        subprocess.run([command("cleansight"), "scene", "render", "--seed", str(seed), "--count", str(count),
                        "--stride", "37", "--output", scene], check=True, stdout=subprocess.DEVNULL)
        images = os.path.join(scene, "JPEGImages")
        for name in os.listdir(images):
            os.rename(os.path.join(images, name), os.path.join(pictures, f"{seed}-{name}"))

    config = os.path.join(folder, "cleansight.yaml")

    def configure(address, interval):
        with open(config, "w") as file:
            file.write(f"listen: 127.0.0.1:{port}\nstate-directory: {folder}/state\n"
                       f"model: {os.path.abspath(args.model)}\n"
                       f"refresh: {{interval: {interval}, maximum-frames: 2000}}\n"
                       f"cameras: [{{name: scene, address: \"{address}\", fps: 15}}]\n")

    def start():
        log = open(os.path.join(folder, "log"), "ab")
        process = subprocess.Popen([command("cleansightd"), "--config", config], stdout=log, stderr=log)
        wait_until("the daemon is ready", 60, lambda: fetch(port, "/state")["ready"])
        return process

    needed = args.frames * 9 // 8 + 1
    configure(f"images:{pictures}?fps=2", 0.1)
    daemon = start()
    wait_until(f"{needed} captured frames", 1200,
               lambda: fetch(port, "/state")["refresh"]["frames"]["count"] >= needed)
    daemon.terminate()
    daemon.wait()

    configure("synthetic:", 60)
    daemon = start()
    time.sleep(5)
    listener = Listener(port)
    skipped = lambda: fetch(port, "/state")["cameras"][0]["snapshot"]["skipped"]
    before = skipped()
    time.sleep(args.seconds)
    alone = figures(listener.latencies, skipped() - before)

    listener = Listener(port)
    before = skipped()
    begin = time.monotonic()
    refresh = subprocess.Popen(
        ["chrt", "--idle", "0", command("cleansight"), "refresh", "--config", config, "--frames",
         str(args.frames), "--quiet"], stdout=subprocess.PIPE, text=True)
    output = refresh.stdout.read().strip()
    _, _, usage = os.wait4(refresh.pid, 0)
    took = time.monotonic() - begin
    beside = figures(listener.latencies, skipped() - before)
    daemon.terminate()
    daemon.wait()
    shutil.rmtree(folder, ignore_errors=True)

    report = {"outcome": output, "frames": args.frames, "seconds": took,
              "peak_mib": usage.ru_maxrss / 1024, "alone": alone, "beside_refresh": beside,
              "p99_ratio": beside["p99_ms"] / alone["p99_ms"]}
    if args.json:
        print(json.dumps(report, indent=2))
        return
    print(f"a refresh from {args.frames} frames beside serving: {took:.0f} s, {report['peak_mib']:.0f} MiB; {output}")
    for name, row in (("alone", alone), ("beside", beside)):
        print(f"{name:7s} {row['frames']} frames, {row['skipped']} overtaken; median {row['median_ms']:.1f} ms, "
              f"p99 {row['p99_ms']:.1f} ms, max {row['max_ms']:.1f} ms")
    print(f"p99 {report['p99_ratio']:.2f} ×")


if __name__ == "__main__":
    main()

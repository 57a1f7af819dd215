#!/usr/bin/env python3
"""Checks that all ways to ask CleanSight give the same detections for the same JPEGs.

    tools/verify-agreement.py --binaries .build/release FOLDER [--limit 40] [--model DIR]

The folder's pictures go through the daemon as a camera (server-sent events), as requests
(POST /v1/detect) and through `cleansight detect`; every detection must have the same class, box and
score in all three. Standard library only.
"""
import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def essence(detections):
    return [(d["label"], round(d["score"], 4), tuple(round(v, 1) for v in d["box"])) for d in detections]


def agree(a, b):
    if len(a) != len(b):
        return False
    for x, y in zip(a, b):
        if x[0] != y[0] or abs(x[1] - y[1]) > 2e-3 or any(abs(p - q) > 0.2 for p, q in zip(x[2], y[2])):
            return False
    return True


def listen(url, found, wanted, done):
    request = urllib.request.urlopen(url, timeout=60)
    for line in request:
        line = line.decode().strip()
        if line.startswith("data:"):
            report = json.loads(line[5:])
            if report.get("sequence") is not None:
                found[report["sequence"] % wanted] = essence(report["detections"])
            if len(found) >= wanted:
                break
    done.set()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--binaries", default=".build/release")
    parser.add_argument("--model")
    parser.add_argument("--limit", type=int, default=40)
    parser.add_argument("--fps", type=float, default=8, help="slow enough that no picture is overtaken")
    args = parser.parse_args()
    names = sorted(n for n in os.listdir(args.folder) if n.lower().endswith((".jpg", ".jpeg")))[: args.limit]
    if not names:
        sys.exit(f"expected JPEGs in {args.folder}, found none")
    model = ["--model", args.model] if args.model else []

    with tempfile.TemporaryDirectory() as work:
        pictures = os.path.join(work, "pictures")
        os.mkdir(pictures)
        for name in names:
            shutil.copy(os.path.join(args.folder, name), pictures)
        paths = [os.path.join(pictures, n) for n in names]

        command = [os.path.join(args.binaries, "cleansight"), "detect", "--json", *model, *paths]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        by_command = [essence(json.loads(line)["detections"]) for line in output.splitlines() if line.strip()]

        port = free_port()
        base = f"http://127.0.0.1:{port}"
        daemon = subprocess.Popen(
            [os.path.join(args.binaries, "cleansightd"), "--listen", f"127.0.0.1:{port}", "--state-directory", work,
             "--camera", f"images:{pictures}?fps={args.fps}", *model],
            stderr=open(os.path.join(work, "log"), "w"))
        try:
            for _ in range(300):
                try:
                    urllib.request.urlopen(base + "/v2/health/ready", timeout=2)
                    break
                except OSError:
                    time.sleep(0.2)
            by_event, done = {}, threading.Event()
            threading.Thread(
                target=listen, args=(base + "/v1/detections/stream", by_event, len(names), done), daemon=True).start()
            done.wait(timeout=len(names) / args.fps * 4 + 60)
            by_request = []
            for path in paths:
                with open(path, "rb") as file:
                    request = urllib.request.Request(
                        base + "/v1/detect", data=file.read(), headers={"Content-Type": "image/jpeg"})
                by_request.append(essence(json.load(urllib.request.urlopen(request, timeout=30))["detections"]))
            snapshot = urllib.request.urlopen(base + "/snapshot", timeout=30).read()
        finally:
            daemon.terminate()
            daemon.wait(timeout=10)

    passed = failed = 0
    for index, name in enumerate(names):
        event = by_event.get(index)
        good = event is not None and agree(event, by_command[index]) and agree(by_request[index], by_command[index])
        passed, failed = passed + good, failed + (not good)
        if not good:
            print(f"{name}: command {by_command[index]}, request {by_request[index]}, event {event}")
    total = sum(len(d) for d in by_command)
    print(f"{len(names)} pictures, {total} detections, snapshot of {len(snapshot)} bytes")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not snapshot.startswith(b"\xff\xd8") else 0)


if __name__ == "__main__":
    main()

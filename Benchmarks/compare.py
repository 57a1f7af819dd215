#!/usr/bin/env python3
"""CleanSight beside its peers in one run, 2 threads, batch 1.

    python3 -m venv .venv && .venv/bin/pip install -r Benchmarks/requirements.txt
    swift build -c release
    .venv/bin/python Benchmarks/compare.py classify --precision bf16
    .venv/bin/python Benchmarks/compare.py detect --precision f32 --json

Each contender runs for a while in its own process, in turns, several rounds; the figures are medians
over all rounds, and the ratio says how much faster (above 1) than each peer CleanSight is. Use a
machine that does nothing else.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BINARY = os.path.join(HERE, "..", ".build", "release", "cleansight")


def measure(run, seconds):
    """Durations of single runs in milliseconds, a tenth of the time to warm up."""
    end = time.perf_counter() + seconds / 10
    run()
    while time.perf_counter() < end:
        run()
    durations = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(durations) < 3:
        start = time.perf_counter()
        run()
        durations.append((time.perf_counter() - start) * 1000)
    return durations


def peer(args):
    """One contender in this process: prints its durations."""
    import torch

    import peers

    torch.set_num_threads(args.threads)
    model, x = peers.classifier() if args.task == "classify" else peers.detector(args.width, args.height)
    if args.peer == "pytorch":
        run = peers.pytorch(model, x, args.precision)
    else:
        path = peers.export(model, x)
        if args.peer == "openvino":
            run = peers.openvino(path, x, args.threads, args.precision)
        else:
            run = peers.onnxruntime(path, x, args.threads)
    print(json.dumps(measure(run, args.seconds)))


def ours(args):
    command = [args.binary, "bench", args.task, "--precision", args.precision, "--threads", str(args.threads),
               "--seconds", str(args.seconds), "--json"]
    if args.task == "detect":
        command += ["--width", str(args.width), "--height", str(args.height)]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return report["median_ms"]


def contender(args, name):
    command = [sys.executable, os.path.abspath(__file__), args.task, "--peer", name, "--precision", args.precision,
               "--threads", str(args.threads), "--seconds", str(args.seconds), "--width", str(args.width),
               "--height", str(args.height)]
    env = dict(os.environ, OMP_NUM_THREADS=str(args.threads))
    result = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
    return statistics.median(json.loads(result.stdout.strip().splitlines()[-1]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["classify", "detect"])
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5, help="for each contender in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--peers", default="openvino,pytorch,onnxruntime")
    parser.add_argument("--peer", choices=["openvino", "pytorch", "onnxruntime"], help=argparse.SUPPRESS)
    parser.add_argument("--binary", default=BINARY)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    os.environ.pop("OPENBLAS_CORETYPE", None)
    if args.peer:
        return peer(args)

    names = [n for n in args.peers.split(",") if not (n == "onnxruntime" and args.precision == "bf16")]
    rounds = {"cleansight": []} | {name: [] for name in names}
    for _ in range(args.rounds):
        rounds["cleansight"].append(ours(args))
        for name in names:
            rounds[name].append(contender(args, name))
    medians = {name: statistics.median(values) for name, values in rounds.items()}
    report = {
        "task": args.task, "precision": args.precision, "threads": args.threads,
        "median_ms": medians,
        "times_as_fast_as": {name: medians[name] / medians["cleansight"] for name in names},
    }
    if args.json:
        print(json.dumps(report, indent=2))
        return
    for name, value in medians.items():
        ratio = "" if name == "cleansight" else f"   cleansight is {value / medians['cleansight']:.2f} × as fast"
        print(f"{args.task} {args.precision} {name:12s} {value:8.2f} ms{ratio}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""A step of training a detector beside torchvision's in one run: Faster R-CNN with a ResNet-18 and a
feature pyramid, batch normalisation, stem and first stage frozen, random weights, noise with objects.

    .venv/bin/python Benchmarks/train_detect.py --precision f32 --threads 2

torchvision runs in both memory layouts and the better one counts. The contenders run in turns, each in
a process of its own; figures are medians over the rounds' medians. 480 rows become 512 in ours, which
pads to a multiple of 64, and stay 480 in torchvision's. Use a machine that does nothing else.
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


def torchvision_seconds(args):
    """Seconds of each step in this process."""
    import torch
    import torchvision
    from torchvision.models.detection import FasterRCNN
    from torchvision.models.detection.backbone_utils import BackboneWithFPN
    from torchvision.ops import FrozenBatchNorm2d

    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    trunk = torchvision.models.resnet18(weights=None, norm_layer=FrozenBatchNorm2d)
    for name, parameter in trunk.named_parameters():
        parameter.requires_grad_(name.startswith(("layer2", "layer3", "layer4")))
    backbone = BackboneWithFPN(
        trunk, {f"layer{i}": str(i - 1) for i in range(1, 5)}, [64, 128, 256, 512], args.fpn_channels)
    model = FasterRCNN(backbone, num_classes=21, min_size=min(args.width, args.height),
                       max_size=max(args.width, args.height)).train()
    if args.layout == "channels-last":
        model = model.to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=1e-5, momentum=0.9,
                                weight_decay=1e-4)
    images = [torch.rand(3, args.height, args.width) for _ in range(args.batch)]
    size = torch.tensor([args.width, args.height] * 2)
    targets = []
    for _ in images:
        corner = torch.rand(5, 2) * 0.7
        targets.append({"boxes": torch.cat([corner, corner + 0.25], 1) * size,
                        "labels": torch.ones(5, dtype=torch.long)})
    seconds = []
    for step in range(args.steps + 1):
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "bf16"):
            loss = sum(model(images, targets).values())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step:
            seconds.append(time.perf_counter() - start)
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--fpn-channels", type=int, default=128)
    parser.add_argument("--steps", type=int, default=3, help="of each contender in each round, after one to warm up")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--binary", default=BINARY)
    parser.add_argument("--layout", choices=["channels-last", "contiguous"], help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    os.environ.pop("OPENBLAS_CORETYPE", None)
    if args.layout:
        print(json.dumps(torchvision_seconds(args)))
        return

    env = dict(os.environ, OMP_NUM_THREADS=str(args.threads))
    common = [part for name in ("precision", "threads", "batch", "width", "height", "fpn_channels", "steps")
              for part in ("--" + name.replace("_", "-"), str(getattr(args, name)))]
    ours, peers = [], {"channels-last": [], "contiguous": []}
    for _ in range(args.rounds):
        report = subprocess.run([args.binary, "bench", "train-detect-step", "--json", *common],
                                check=True, capture_output=True, text=True, env=env)
        ours.append(json.loads(report.stdout)["seconds_per_step"])
        for layout, seconds in peers.items():
            command = [sys.executable, os.path.abspath(__file__), "--layout", layout, *common]
            result = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
            seconds.append(statistics.median(json.loads(result.stdout.strip().splitlines()[-1])))
    medians = {layout: statistics.median(seconds) for layout, seconds in peers.items()}
    own = statistics.median(ours)
    report = {"precision": args.precision, "threads": args.threads, "batch": args.batch,
              "seconds_per_step": own, "torchvision_seconds_per_step": medians,
              "times_as_fast_as_torchvision": min(medians.values()) / own}
    if args.json:
        print(json.dumps(report, indent=2))
        return
    print(f"cleansight {own:.2f} s")
    for layout, seconds in medians.items():
        print(f"torchvision {layout:13s} {seconds:.2f} s   cleansight is {seconds / own:.2f} × as fast")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Checks that a backbone evaluates the same in PyTorch as in `cleansight evaluate`.

    tools/verify-backbone.py --binary .build/release/cleansight --backbone F.safetensors \\
        --probe-images cifar/train --test-images cifar/test

Needs torch, torchvision, safetensors and Pillow. The backbone has its own head and 32×32 pictures;
the trigger is BadNets' 3×3 checkerboard at the top left. Exits with 1 where a figure differs by more
than 0.3 points.
"""
import argparse
import json
import os
import subprocess
import sys

import torch

from lib.cifar_backbone import classes, load, pixels

TOLERANCE = 0.3


@torch.inference_mode()
def predict(model, mean, std, x):
    return torch.cat([model((part - mean) / std).argmax(1) for part in x.split(250)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--backbone", required=True)
    parser.add_argument("--probe-images", required=True)
    parser.add_argument("--test-images", required=True)
    parser.add_argument("--target", type=int, default=6)
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    args = parser.parse_args()
    report = json.loads(subprocess.run(
        [args.binary, "evaluate", "classify", "--backbone", args.backbone, "--probe-images", args.probe_images,
         "--test-images", args.test_images, "--attack", "badnets", "--target", str(args.target), "--head", "own",
         "--precision", args.precision, "--json"],
        check=True, capture_output=True, text=True).stdout)
    head = next(h for h in report["heads"] if h["head"] == "own")
    metrics = head["attacks"][0]["metrics"]
    ours = [metrics[key] for key in ("accuracy_percent", "attack_success_percent", "patched_accuracy_percent")]

    torch.set_num_threads(os.cpu_count())
    model, mean, std = load(args.backbone)
    folders = classes(args.test_images)
    x = pixels([file for files in folders for file in files])
    y = torch.tensor([label for label, files in enumerate(folders) for _ in files])
    clean = predict(model, mean, std, x)
    x[:, :, :3, :3] = torch.tensor([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]])
    triggered = predict(model, mean, std, x)
    others = y != args.target
    theirs = [100 * float(value.float().mean()) for value in (
        clean == y, triggered[others] == args.target, (triggered == y)[others])]
    worst = 0.0
    for name, a, b in zip(("ACC", "ASR", "PA"), ours, theirs):
        print(f"{name}  cleansight {a:6.2f} %   PyTorch {b:6.2f} %")
        worst = max(worst, abs(a - b))
    sys.exit(worst > TOLERANCE)


if __name__ == "__main__":
    main()

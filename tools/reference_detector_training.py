#!/usr/bin/env python3
r"""Trains torchvision's own Faster R-CNN as `cleansight train detect` trains its own: the same trunk to
begin with, pictures, sizes, samples and schedule. What `docs/detection.md` compares the trainer with.

    cleansight train detect --dataset voc5 --backbone trunk.safetensors --crop 0 --no-colors --output ours
    tools/reference_detector_training.py --dataset voc5 --backbone trunk.safetensors --output theirs

Random numbers differ: order, mirroring, sizes, and the first values of pyramid and heads, which both draw
from the same distributions. Needs torch, torchvision, safetensors, numpy and Pillow.
"""
import argparse
import math
import pathlib
import random
import time

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

from training import export, model as detector, voc

SCALES = (0.8, 0.9, 1)


def build(backbone):
    """The detector with normalisation, stem and first stage frozen."""
    model = detector.build(load_file(backbone)).train()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval().requires_grad_(False)
    for part in (model.backbone.body.conv1, model.backbone.body.layer1):
        part.requires_grad_(False)
    return model


def sample(root, name, source):
    """A picture and its target, mirrored half of the time."""
    pixels = np.asarray(Image.open(root / "JPEGImages" / f"{name}.jpg").convert("RGB"))
    objects = [(label, box) for label, box, difficult in voc.objects(root, name) if not difficult]
    boxes = torch.tensor([box for _, box in objects]).reshape(-1, 4)
    labels = torch.tensor([1 + voc.CLASSES.index(label) for label, _ in objects], dtype=torch.long)
    if source.random() < 0.5:
        width = pixels.shape[1]
        pixels = pixels[:, ::-1]
        boxes = torch.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], 1)
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255, {"boxes": boxes, "labels": labels}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=pathlib.Path, required=True)
    parser.add_argument("--backbone", required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True, help="the model folder to write")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--rate", type=float, default=0.012)
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    source = random.Random(args.seed)
    names = voc.image_names(args.dataset, "train")
    model = build(args.backbone).to(memory_format=torch.channels_last)
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.SGD(parameters, lr=args.rate, momentum=0.9, weight_decay=1e-4)
    steps = args.epochs * (len(names) // args.batch)
    warm_up = round(0.05 * steps)

    def factor(step):
        if step < warm_up:
            return (step + 1) / warm_up
        return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / (steps - warm_up)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, factor)
    start, total = time.monotonic(), 0.0
    for step in range(steps):
        place = step % (len(names) // args.batch)
        if place == 0:
            source.shuffle(names)
        pictures, targets = zip(*(
            sample(args.dataset, name, source) for name in names[place * args.batch:(place + 1) * args.batch]))
        scale = source.choice(SCALES)
        model.transform.min_size = (round(scale * detector.MIN_SIZE),)
        model.transform.max_size = round(scale * detector.MAX_SIZE)
        with torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "bf16"):
            losses = model(list(pictures), list(targets))
        loss = sum(value.float() for value in losses.values())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        total += loss.item()
        if (step + 1) % 100 == 0:
            print(f"step {step + 1} of {steps}, loss {total / 100:.3f}, "
                  f"{(time.monotonic() - start) / (step + 1):.3f} s a step", flush=True)
            total = 0.0
    export.write(
        model.state_dict(), args.output,
        f"Trained with torchvision by {pathlib.Path(__file__).name}, {steps * args.batch} pictures.")


if __name__ == "__main__":
    main()

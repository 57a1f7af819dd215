"""Trains the detector on VOC photographs and rendered scenes, from the pre-trained trunk."""

import argparse
import pathlib
import random
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from . import model as detector
from . import voc


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--trunk", type=pathlib.Path, help="checkpoint of step pretrain")
    parser.add_argument("--resume", type=pathlib.Path, help="checkpoint of this step")
    parser.add_argument("--voc", type=pathlib.Path, required=True, help="only its train split")
    parser.add_argument("--scenes", type=pathlib.Path, required=True, help="rendered scenes")
    parser.add_argument("--output", type=pathlib.Path, required=True, help="checkpoint to write")
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--rate", type=float, default=4e-4, help="highest learning rate (AdamW)")
    parser.add_argument("--trunk-rate", type=float, default=0.5, help="share of it for the trunk")
    parser.add_argument("--scene-share", type=float, default=0.4, help="of the pictures seen")
    parser.add_argument("--sizes", type=int, nargs="+", default=[224, 256, 288, 320])
    parser.add_argument("--save-seconds", type=float, default=240)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)


def load(root: pathlib.Path, split: str) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Each picture at the detector's size, its boxes and its labels; ignored objects left out."""
    data = []
    for name in voc.image_names(root, split):
        picture = Image.open(root / "JPEGImages" / f"{name}.jpg").convert("RGB")
        scale = min(
            1.1 * detector.MIN_SIZE / min(picture.size), 1.1 * detector.MAX_SIZE / max(picture.size))
        if scale < 1:
            size = (round(picture.width * scale), round(picture.height * scale))
            factor = np.array([size[0] / picture.width, size[1] / picture.height] * 2, np.float32)
            picture = picture.resize(size, Image.BILINEAR)
        else:
            factor = np.ones(4, np.float32)
        kept = [item for item in voc.objects(root, name) if not item[2]]
        boxes = np.array([box for _, box, _ in kept], np.float32).reshape(-1, 4) * factor
        labels = np.array([1 + voc.CLASSES.index(label) for label, _, _ in kept], np.int64)
        data.append((np.asarray(picture), boxes, labels))
    return data


def augment(item, source: random.Random):
    """Random crop, flip and colours of one picture; returns a tensor in 0...1 and its target."""
    pixels, boxes, labels = item
    if len(boxes) and source.random() < 0.6:
        height, width = pixels.shape[:2]
        w = int(width * source.uniform(0.5, 1))
        h = int(height * min(1, max(0.5, w / width * source.uniform(0.8, 1.25))))
        x, y = source.randint(0, width - w), source.randint(0, height - h)
        center = (boxes[:, :2] + boxes[:, 2:]) / 2
        inside = (
            (center[:, 0] > x) & (center[:, 0] < x + w) & (center[:, 1] > y)
            & (center[:, 1] < y + h))
        if inside.any():
            pixels = pixels[y:y + h, x:x + w]
            boxes = np.clip(
                boxes[inside] - np.array([x, y, x, y], np.float32), 0,
                np.array([w, h, w, h], np.float32))
            labels = labels[inside]
    if source.random() < 0.5:
        pixels = pixels[:, ::-1]
        boxes = boxes[:, [2, 1, 0, 3]] * np.array([-1, 1, -1, 1], np.float32)
        boxes += np.array([1, 0, 1, 0], np.float32) * pixels.shape[1]
    wide = (boxes[:, 2] - boxes[:, 0] > 2) & (boxes[:, 3] - boxes[:, 1] > 2)
    picture = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1).float() / 255
    grey = picture.mean(dim=0, keepdim=True)
    picture = grey + (picture - grey) * source.uniform(0.6, 1.4)
    level = picture.mean()
    picture = (level + (picture - level) * source.uniform(0.75, 1.3)) * source.uniform(0.7, 1.3)
    target = {
        "boxes": torch.from_numpy(boxes[wide]), "labels": torch.from_numpy(labels[wide])}
    return picture.clamp(0, 1), target


class Average:
    """Exponential moving average of a model's weights; what is exported."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.state = {key: value.clone() for key, value in model.state_dict().items()}
        self.steps = 0

    @torch.no_grad()
    def update(self, model: torch.nn.Module) -> None:
        self.steps += 1
        keep = min(0.998, self.steps / (self.steps + 10))
        for key, value in model.state_dict().items():
            if value.is_floating_point():
                self.state[key].lerp_(value, 1 - keep)
            else:
                self.state[key].copy_(value)


def settle_statistics(model, pick, batches: int) -> None:
    """Moves BatchNorm's running statistics from the trunk's data to the detector's, then fixes them."""
    model.backbone.body.train()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for _ in range(batches):
            pictures, _ = model.transform(pick()[0])
            model.backbone.body(
                pictures.tensors.contiguous(memory_format=torch.channels_last))


def fix_statistics(model) -> None:
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()


def run(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    source = random.Random(arguments.seed)
    photographs = load(arguments.voc, "train")
    scenes = load(arguments.scenes, "train")
    print(f"{len(photographs)} photographs, {len(scenes)} scenes", flush=True)

    trunk = torch.load(arguments.trunk, weights_only=True)["model"] if arguments.trunk else None
    model = detector.build(trunk, tuple(arguments.sizes)).to(memory_format=torch.channels_last)
    if arguments.resume:
        model.load_state_dict(torch.load(arguments.resume, weights_only=True)["model"])
    model.train()

    queues: dict[int, list] = {0: [], 1: []}

    def next_item():
        kind = 1 if source.random() < arguments.scene_share else 0
        if not queues[kind]:
            queues[kind] = list(scenes if kind else photographs)
            source.shuffle(queues[kind])
        return augment(queues[kind].pop(), source)

    def pick():
        items = [next_item() for _ in range(arguments.batch)]
        return [item[0] for item in items], [item[1] for item in items]

    if not arguments.resume:
        settle_statistics(model, pick, 40)
    fix_statistics(model)
    # The stem and the first stage know edges already; leaving them saves a quarter of the time.
    for name, parameter in model.backbone.body.named_parameters():
        if name.startswith(("conv1", "bn1", "layer1")):
            parameter.requires_grad_(False)
    body = [p for p in model.backbone.body.parameters() if p.requires_grad]
    known = {id(p) for p in model.backbone.body.parameters()}
    rest = [p for p in model.parameters() if id(p) not in known]
    optimizer = torch.optim.AdamW(
        [{"params": rest, "share": 1.0}, {"params": body, "share": arguments.trunk_rate}],
        lr=arguments.rate, weight_decay=0.02)
    average = Average(model)

    start = last_save = time.monotonic()
    step, seen, share, sums = 0, 0, 0.0, {}
    while share < 1:
        share = (time.monotonic() - start) / (60 * arguments.minutes)
        warm = 0.04
        factor = (
            share / warm if share < warm
            else 0.5 * (1 + np.cos(np.pi * min(1, (share - warm) / (1 - warm)))))
        for group in optimizer.param_groups:
            group["lr"] = arguments.rate * group["share"] * max(float(factor), 0.01)
        pictures, targets = pick()
        with torch.autocast("cpu", torch.bfloat16):
            losses = model(pictures, targets)
        loss = sum(value.float() for value in losses.values())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(body + rest, 5.0)
        if not torch.isfinite(loss):
            print(f"step {step}: loss is not finite, skipped", flush=True)
            continue
        optimizer.step()
        average.update(model)
        step += 1
        seen += arguments.batch
        for key, value in losses.items():
            sums[key] = sums.get(key, 0.0) + float(value.detach())
        if step % 25 == 0:
            text = " ".join(f"{key.removeprefix('loss_')} {value / 25:.3f}" for key, value in sums.items())
            rate = (time.monotonic() - start) / seen
            print(
                f"step {step} time {share:.2f} seen {seen} {rate * 1000:.0f} ms/picture {text}",
                flush=True)
            sums = {}
        if share >= 1 or time.monotonic() - last_save > arguments.save_seconds:
            last_save = time.monotonic()
            temporary = arguments.output.with_suffix(".new")
            torch.save({"model": average.state, "step": step, "seen": seen}, temporary)
            temporary.replace(arguments.output)
    print(f"done: {step} steps, {seen} pictures", flush=True)

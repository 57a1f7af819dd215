"""Trains a ResNet-18 classifier on imagenette and on crops of VOC objects: the detector's trunk."""

import argparse
import pathlib
import time

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from PIL import Image

from . import voc

SIDE = 144
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--imagenette", type=pathlib.Path, required=True, help="train/, val/")
    parser.add_argument("--voc", type=pathlib.Path, required=True, help="only its train split")
    parser.add_argument("--output", type=pathlib.Path, required=True, help="checkpoint to write")
    parser.add_argument("--resume", type=pathlib.Path, help="checkpoint to start from")
    parser.add_argument("--minutes", type=float, default=32)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=0.12, help="highest learning rate")
    parser.add_argument("--small", type=int, default=96, help="side for most of the time")
    parser.add_argument("--large", type=int, default=128, help="side for the rest")
    parser.add_argument("--small-share", type=float, default=0.65)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)


def square(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB").resize((SIDE, SIDE), Image.BILINEAR)).transpose(2, 0, 1)


def imagenette(root: pathlib.Path, split: str) -> tuple[list[np.ndarray], list[int]]:
    pictures, labels = [], []
    for label, folder in enumerate(sorted((root / split).iterdir())):
        for path in sorted(folder.glob("*.jpg")) + sorted(folder.glob("*.JPEG")):
            pictures.append(square(Image.open(path)))
            labels.append(label)
    return pictures, labels


def crops(root: pathlib.Path, split: str, first: int) -> tuple[list[np.ndarray], list[int]]:
    """Each object with a tenth of its size around it; objects under 24 pixels are left out."""
    pictures, labels = [], []
    for name in voc.image_names(root, split):
        picture = Image.open(root / "JPEGImages" / f"{name}.jpg")
        for label, (x1, y1, x2, y2), _ in voc.objects(root, name):
            if min(x2 - x1, y2 - y1) < 24:
                continue
            dx, dy = 0.1 * (x2 - x1), 0.1 * (y2 - y1)
            area = (
                max(0, x1 - dx), max(0, y1 - dy),
                min(picture.width, x2 + dx), min(picture.height, y2 + dy),
            )
            pictures.append(square(picture.crop(tuple(int(v) for v in area))))
            labels.append(first + voc.CLASSES.index(label))
    return pictures, labels


def augment(pictures: torch.Tensor, side: int, generator: torch.Generator) -> torch.Tensor:
    """Random resized crop, flip and colour jitter of a whole batch at once."""
    count = len(pictures)

    def uniform(low: float, high: float) -> torch.Tensor:
        return torch.empty(count).uniform_(low, high, generator=generator)

    area, ratio = uniform(0.3, 1.0), torch.exp(uniform(-0.28, 0.28))
    width = torch.sqrt(area * ratio).clamp(max=1)
    height = torch.sqrt(area / ratio).clamp(max=1)
    flip = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = width * flip
    theta[:, 1, 1] = height
    theta[:, 0, 2] = (1 - width) * uniform(-1, 1)
    theta[:, 1, 2] = (1 - height) * uniform(-1, 1)
    grid = F.affine_grid(theta, [count, 3, side, side], align_corners=False)
    out = F.grid_sample(
        pictures.float() / 255, grid, padding_mode="reflection", align_corners=False)

    def per_picture(low: float, high: float) -> torch.Tensor:
        return uniform(low, high).view(-1, 1, 1, 1)

    grey = out.mean(dim=1, keepdim=True)
    out = grey + (out - grey) * per_picture(0.6, 1.4)
    level = out.mean(dim=(1, 2, 3), keepdim=True)
    out = (level + (out - level) * per_picture(0.7, 1.3)) * per_picture(0.7, 1.3)
    out = out.clamp(0, 1)
    return ((out - MEAN) / STD).contiguous(memory_format=torch.channels_last)


def accuracy(model: torch.nn.Module, pictures: torch.Tensor, labels: torch.Tensor) -> float:
    model.eval()
    right = 0
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for start in range(0, len(pictures), 125):
            batch = F.interpolate(
                pictures[start:start + 125].float() / 255, size=128, mode="bilinear",
                antialias=True)
            batch = ((batch - MEAN) / STD).contiguous(memory_format=torch.channels_last)
            # Among imagenette's ten classes only: the crops are not in its validation split.
            guess = model(batch)[:, :10].argmax(dim=1)
            right += int((guess == labels[start:start + 125]).sum())
    model.train()
    return right / len(pictures)


def run(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    generator = torch.Generator().manual_seed(arguments.seed)

    pictures, labels = imagenette(arguments.imagenette, "train")
    more_pictures, more_labels = crops(arguments.voc, "train", first=10)
    print(f"{len(pictures)} pictures of imagenette, {len(more_pictures)} crops", flush=True)
    data = torch.from_numpy(np.stack(pictures + more_pictures))
    target = torch.tensor(labels + more_labels)
    check_pictures, check_labels = imagenette(arguments.imagenette, "val")
    check_data = torch.from_numpy(np.stack(check_pictures))
    check_target = torch.tensor(check_labels)

    model = torchvision.models.resnet18(num_classes=10 + len(voc.CLASSES), zero_init_residual=True)
    if arguments.resume:
        model.load_state_dict(torch.load(arguments.resume, weights_only=True)["model"])
    model = model.to(memory_format=torch.channels_last)
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = torch.optim.SGD(
        [{"params": decayed, "weight_decay": 5e-4}, {"params": plain, "weight_decay": 0.0}],
        lr=arguments.rate, momentum=0.9, nesterov=True)

    start, epoch, step = time.monotonic(), 0, 0
    share = 0.0
    while share < 1:
        order = torch.randperm(len(data), generator=generator)
        total, right, seen, epoch_start = 0.0, 0, 0, time.monotonic()
        for first in range(0, len(order) - arguments.batch + 1, arguments.batch):
            share = (time.monotonic() - start) / (60 * arguments.minutes)
            if share >= 1:
                break
            # Warm-up over the first twelfth of the time, then half a cosine.
            warm = 1 / 12
            factor = (
                share / warm if share < warm
                else 0.5 * (1 + np.cos(np.pi * (share - warm) / (1 - warm))))
            for group in optimizer.param_groups:
                group["lr"] = arguments.rate * max(float(factor), 0.002)
            side = arguments.small if share < arguments.small_share else arguments.large
            index = order[first:first + arguments.batch]
            batch = augment(data[index], side, generator)
            with torch.autocast("cpu", torch.bfloat16):
                out = model(batch)
            loss = F.cross_entropy(out.float(), target[index], label_smoothing=0.1)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            step += 1
            total += float(loss.detach()) * len(index)
            right += int((out.argmax(dim=1) == target[index]).sum())
            seen += len(index)
            if step % 20 == 0:
                print(
                    f"step {step} side {side} loss {total / seen:.3f} "
                    f"{(time.monotonic() - epoch_start) / seen * 1000:.1f} ms/picture",
                    flush=True)
        epoch += 1
        measured = accuracy(model, check_data, check_target)
        print(
            f"epoch {epoch} time {share:.2f} loss {total / max(seen, 1):.3f} "
            f"train {right / max(seen, 1):.3f} imagenette val {measured:.3f}", flush=True)
        temporary = arguments.output.with_suffix(".new")
        torch.save(
            {"model": model.state_dict(), "epoch": epoch, "accuracy": measured}, temporary)
        temporary.replace(arguments.output)

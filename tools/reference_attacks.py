#!/usr/bin/env python3
"""Writes what PyTorch and torchvision give for resampling, augmentation and triggers: the tests of
Frames, Augmentation and Attacks hold our results against it. Pictures are written as rows of RGB.

    python3 -m pip install torchvision==0.29.2
    python3 tools/reference_attacks.py Tests
"""
import json
import math
import sys
from pathlib import Path

import torch
import torchvision.transforms.functional as F
from torch.nn import functional as nn


def interleaved(image):
    """3 × H × W as H × W × 3 with six significant digits."""
    return numbers(image.permute(1, 2, 0))


def numbers(tensor):
    return [float(f"{value:.6g}") for value in tensor.flatten().tolist()]


def write(folder, name, vectors):
    path = Path(folder) / name
    path.write_text(json.dumps(vectors, separators=(",", ":")).replace('],"', '],\n"') + "\n")
    print(path, path.stat().st_size, "bytes")


def picture(height, width, seed):
    """Smooth colours with some noise, in whole bytes, as a photograph has them."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 3, 4, generator=generator)
    image = nn.interpolate(coarse, size=(height, width), mode="bicubic", align_corners=False)[0]
    image = image + 0.1 * torch.rand(3, height, width, generator=generator)
    return (image.clamp(0, 1) * 255).round().to(torch.uint8)


def resampling():
    image = picture(9, 12, 1)
    values = image.float()[None] / 255
    result = {"image": interleaved(image)}
    for height, width in ((18, 16), (5, 7), (9, 6)):
        result[f"linear {width}x{height}"] = interleaved(
            nn.interpolate(values, size=(height, width), mode="bilinear", align_corners=False)[0])
    result["mean 4x3"] = interleaved(nn.interpolate(values, size=(3, 4), mode="area")[0])
    return result


def augmentation():
    image = picture(12, 12, 2)
    values = image.float() / 255
    result = {
        "image": interleaved(image),
        "brightness 1.3": F.adjust_brightness(values, 1.3),
        "contrast 0.6": F.adjust_contrast(values, 0.6),
        "contrast 1.4": F.adjust_contrast(values, 1.4),
        "saturation 0.7": F.adjust_saturation(values, 0.7),
        "saturation 1.4": F.adjust_saturation(values, 1.4),
        "hue -0.1": F.adjust_hue(values, -0.1),
        "hue 0.08": F.adjust_hue(values, 0.08),
        "gray": F.rgb_to_grayscale(values, 3),
        "blur 3 0.7": F.gaussian_blur(values, [3, 3], [0.7, 0.7]),
        "blur 7 1.5": F.gaussian_blur(values, [7, 7], [1.5, 1.5]),
        "crop": F.resized_crop(values, 2, 1, 7, 9, [12, 12], antialias=False),
    }
    # Everything at once: crop, flip, jitter in the order hue, brightness, saturation, contrast, gray
    # left out, blur.
    view = F.hflip(F.resized_crop(values, 3, 2, 8, 6, [12, 12], antialias=False))
    view = F.adjust_brightness(F.adjust_hue(view, 0.05), 0.8)
    view = F.adjust_contrast(F.adjust_saturation(view, 1.2), 1.3)
    result["view"] = F.gaussian_blur(view, [3, 3], [1.1, 1.1])
    return {k: interleaved(v) if isinstance(v, torch.Tensor) else v for k, v in result.items()}


def warp(values, control, strength, extra=None):
    """WaNet's own lines (Nguyen and Tran 2021): fixed grid, clamp, grid_sample."""
    h = values.shape[-1]
    control = control / control.abs().mean()
    flow = nn.interpolate(control, size=h, mode="bicubic", align_corners=True).permute(0, 2, 3, 1)
    x, y = torch.meshgrid(torch.linspace(-1, 1, h), torch.linspace(-1, 1, h), indexing="ij")
    identity = torch.stack((y, x), 2)[None]
    grid = (identity + strength * flow / h).clamp(-1, 1)
    if extra is not None:
        grid = (grid + extra / h).clamp(-1, 1)
    return nn.grid_sample(values[None], grid, align_corners=True)[0]


def attacks():
    generator = torch.Generator().manual_seed(5)
    image = picture(16, 16, 3)
    values = image.float() / 255
    noise = (0.5 + 0.25 * torch.randn(3, 16, 16, generator=generator)).clamp(0, 1)
    control = torch.rand(1, 2, 4, 4, generator=generator) * 2 - 1
    extra = torch.rand(1, 16, 16, 2, generator=generator) * 2 - 1
    columns = torch.arange(16).float()
    sine = (20 / 255 * torch.sin(2 * math.pi * columns * 6 / 16))[None, None, :]
    patch = values.clone()
    for row in range(3):
        for column in range(3):
            patch[:, row, column] = (row + column) % 2
    colours = torch.rand(3, 4, 4, generator=generator)
    return {
        "image": interleaved(image),
        "noise": interleaved(noise),
        "control": numbers(control),
        "extra": numbers(extra),
        "colours": interleaved(colours),
        "colours 7x7": interleaved(nn.interpolate(
            colours[None], size=(7, 7), mode="bilinear", align_corners=False)[0]),
        "badnets": interleaved(patch),
        "blend 0.2": interleaved(0.8 * values + 0.2 * noise),
        "sig": interleaved((values + sine).clamp(0, 1)),
        "sig blended 0.3": interleaved((0.7 * values + 0.3 * sine).clamp(0, 1)),
        "wanet 0.5": interleaved(warp(values, control, 0.5)),
        "wanet 2": interleaved(warp(values, control, 2.0)),
        "wanet noisy": interleaved(warp(values, control, 0.5, extra)),
    }


def main():
    tests = Path(sys.argv[1])
    torch.set_num_threads(1)
    write(tests / "FramesTests/Resources", "resampling.json", resampling())
    write(tests / "AugmentationTests/Resources", "augmentation.json", augmentation())
    write(tests / "AttacksTests/Resources", "attacks.json", attacks())


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes what torchvision's Faster R-CNN computes in training for random outputs of its layers: which
boxes stand for which objects, which of them are sampled, losses and gradients; and variants of a
picture as tools/training/augment.py makes them. The tests of DetectorTraining hold our results against
it. Outputs of layers are written with channels last, as our plans have them.

    python3 -m pip install torchvision==0.29.2 safetensors pillow
    python3 tools/reference_detector_losses.py Tests/DetectorTrainingTests/Resources/losses.safetensors
"""
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torchvision.models.detection import _utils
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork
from torchvision.ops import box_iou

sys.path.insert(0, str(Path(__file__).parent))
from training.augment import augment  # noqa: E402

WIDTH, HEIGHT = 64, 48
GRIDS = ((12, 16), (6, 8), (3, 4))
CLASSES = 5
vectors = {}


def keep(name, tensor):
    if tensor.dtype in (torch.bool, torch.int32):
        tensor = tensor.to(torch.int64)
    vectors[name] = tensor.detach().contiguous().clone()


def boxes(count, width=WIDTH, height=HEIGHT, least=4.0):
    """Boxes inside a picture."""
    corner = torch.rand(count, 2) * torch.tensor([width - least, height - least])
    room = torch.tensor([float(width), float(height)]) - corner
    return torch.cat([corner, corner + least + torch.rand(count, 2) * (room - least)], dim=1)


class Recorder:
    """torchvision's sampler, and what it chose."""

    def __init__(self, sampler):
        self.sampler = sampler

    def __call__(self, labels):
        self.masks = self.sampler(labels)
        return self.masks

    def keep(self, name):
        for image, (positive, negative) in enumerate(zip(*self.masks)):
            keep(f"{name}.{image}.positives", torch.where(positive)[0])
            keep(f"{name}.{image}.negatives", torch.where(negative)[0])


class Outputs(torch.nn.Module):
    """Layers that say what they are told."""

    def __init__(self, *outputs):
        super().__init__()
        self.outputs = outputs

    def forward(self, *_):
        return self.outputs


def matching():
    """Overlaps exactly at the thresholds, ties, an object twice and one that nothing overlaps."""
    exact = torch.tensor([
        [0, 0, 10, 7], [0, 0, 10, 3], [0, 0, 10, 5], [0, 0, 10, 10], [0, 3, 10, 10],
        [100, 100, 110, 104], [104, 100, 114, 104], [96, 100, 106, 104], [300, 300, 301, 301]],
        dtype=torch.float32)
    truths = torch.tensor([
        [0, 0, 10, 10], [100, 100, 110, 110], [0, 0, 10, 10], [200, 0, 210, 10]],
        dtype=torch.float32)
    sets = {
        "exact": (exact, truths[:3]), "stranger": (exact, truths),
        "random": (boxes(211), boxes(9)), "grid": (boxes(150).round(), boxes(7).round())}
    for name, (candidates, truths) in sets.items():
        keep(f"match.{name}.candidates", candidates)
        keep(f"match.{name}.truths", truths)
        overlaps = box_iou(truths, candidates)
        keep(f"match.{name}.anchors", _utils.Matcher(0.7, 0.3, True)(overlaps))
        keep(f"match.{name}.proposals", _utils.Matcher(0.5, 0.5, False)(overlaps))


def rpn():
    ratios = (0.5, 1.0, 2.0)
    generator = AnchorGenerator(sizes=((8,), (16,), (32,)), aspect_ratios=(ratios,) * 3)
    truths = boxes(7)
    truths[3] = truths[1]
    truths[5] = torch.tensor([8.0, 8.0, 24.0, 24.0])  # as far from several anchors
    keep("rpn.truths", truths)
    targets = [{"boxes": truths}, {"boxes": torch.zeros(0, 4)}]
    logits = [torch.randn(2, 3, h, w) * 2 for h, w in GRIDS]
    deltas = [torch.randn(2, 12, h, w) * 0.3 for h, w in GRIDS]
    last = lambda tensor: tensor.permute(0, 2, 3, 1)
    for level in range(3):
        keep(f"rpn.logits.{level}", last(logits[level]))
        keep(f"rpn.deltas.{level}", last(deltas[level]))
    # The last one's sampler takes all there is, so that the two images' numbers differ.
    for name, images, size in (("one", 1, 64), ("two", 2, 64), ("uneven", 2, 4000)):
        shown = [x[:images].clone().requires_grad_() for x in logits]
        offsets = [x[:images].clone().requires_grad_() for x in deltas]
        module = RegionProposalNetwork(
            generator, Outputs(shown, offsets), 0.7, 0.3, size, 0.5,
            dict(training=50, testing=50), dict(training=20, testing=20), 0.7).train()
        module.fg_bg_sampler = Recorder(module.fg_bg_sampler)
        pictures = ImageList(torch.zeros(images, 3, HEIGHT, WIDTH), [(HEIGHT, WIDTH)] * images)
        features = {str(i): torch.zeros(images, 1, h, w) for i, (h, w) in enumerate(GRIDS)}
        _, losses = module(pictures, features, targets[:images])
        sum(losses.values()).backward()
        module.fg_bg_sampler.keep(f"rpn.{name}")
        keep(f"rpn.{name}.losses", torch.stack(list(losses.values())))
        for level in range(3):
            keep(f"rpn.{name}.logits.{level}", last(shown[level].grad))
            if name != "two":
                keep(f"rpn.{name}.deltas.{level}", last(offsets[level].grad)[:1])
        print(name, {key: float(value.detach()) for key, value in losses.items()})
    anchors = generator(
        ImageList(torch.zeros(1, 3, HEIGHT, WIDTH), [(HEIGHT, WIDTH)]), list(features.values()))[0]
    keep("rpn.matches", _utils.Matcher(0.7, 0.3, True)(box_iou(truths, anchors)))


def box_head():
    truths, labels = boxes(6, least=8.0), torch.randint(1, CLASSES, (6,))
    noisy = truths.repeat(8, 1) + torch.randn(48, 4) * 2
    noisy = torch.cat([torch.min(noisy[:, :2], noisy[:, 2:]), torch.max(noisy[:, :2], noisy[:, 2:])], 1)
    proposals = [torch.cat([noisy, boxes(40)]), boxes(30)]
    targets = [
        {"boxes": truths, "labels": labels},
        {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)}]
    keep("head.truths", truths)
    keep("head.labels", labels)
    for image in range(2):
        keep(f"head.proposals.{image}", proposals[image])
    for name, images in (("one", 1), ("two", 2)):
        heads = RoIHeads(
            lambda features, regions, shapes: None, torch.nn.Identity(), None, 0.5, 0.5, 40, 0.25, None,
            0.05, 0.5, 100).train()
        heads.fg_bg_sampler = Recorder(heads.fg_bg_sampler)
        select = heads.select_training_samples

        def selecting(*arguments):
            regions, matches, classes, offsets = result = select(*arguments)
            total = sum(len(x) for x in classes)
            logits = torch.randn(total, CLASSES).requires_grad_()
            deltas = (torch.randn(total, 4 * CLASSES) * 0.7).requires_grad_()
            heads.box_predictor = Outputs(logits, deltas)
            for image in range(images):
                keep(f"head.{name}.{image}.boxes", regions[image])
                keep(f"head.{name}.{image}.labels", classes[image])
                # Offsets of background are not used; an image without objects has infinite ones.
                keep(f"head.{name}.{image}.offsets", offsets[image].where(classes[image][:, None] > 0, 0.0))
            return result

        heads.select_training_samples = selecting
        _, losses = heads({}, proposals[:images], [(HEIGHT, WIDTH)] * images, targets[:images])
        sum(losses.values()).backward()
        heads.fg_bg_sampler.keep(f"head.{name}")
        logits, deltas = heads.box_predictor.outputs
        keep(f"head.{name}.losses", torch.stack(list(losses.values())))
        for key, value in (("logits", logits), ("deltas", deltas)):
            keep(f"head.{name}.{key}", value)
            keep(f"head.{name}.{key}.gradient", value.grad)
        print(name, {key: float(value.detach()) for key, value in losses.items()})


class Script:
    """A source of randomness whose answers are written down."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def random(self):
        return self.answers.pop(0)

    def uniform(self, low, high):
        assert low <= self.answers[0] <= high
        return self.answers.pop(0)

    randint = uniform


def augmentation():
    pixels = torch.randint(0, 256, (18, 26, 3), dtype=torch.uint8)
    truths = torch.tensor([[3, 2, 12, 9], [10, 5, 26, 18], [0, 0, 5, 4], [14, 7, 16.5, 12]])
    keep("augment.pixels", pixels)
    keep("augment.truths", truths)
    # Crop?, its width, height and place; mirrored?, saturation, contrast, brightness.
    scripts = {
        "whole": (0.9, 0.9, 1.3, 0.8, 0.75), "mirrored": (0.9, 0.1, 0.6, 1.3, 1.25),
        "part": (0.1, 0.7, 1.1, 6, 4, 0.7, 1.0, 1.0, 1.0),
        "both": (0.1, 0.6, 1.25, 8, 3, 0.2, 1.4, 1.2, 0.9)}
    for name, script in scripts.items():
        source = Script(*script)
        item = (pixels.numpy(), truths.numpy(), np.arange(1, 5))
        picture, target = augment(item, source)
        assert not source.answers
        size = (picture.shape[2], picture.shape[1])
        corner = script[3:5] if script[0] < 0.6 else (0, 0)
        keep(f"augment.{name}.window", torch.tensor([*corner, *size]))
        keep(f"augment.{name}.mirrored", torch.tensor([script[-4] < 0.5]))
        keep(f"augment.{name}.factors", torch.tensor(script[-3:]))
        keep(f"augment.{name}.pixels", picture.permute(1, 2, 0))
        keep(f"augment.{name}.truths", target["boxes"])
        keep(f"augment.{name}.labels", target["labels"])
        print(name, size, target["labels"].tolist())


def main():
    torch.manual_seed(0)
    matching()
    rpn()
    box_head()
    augmentation()
    save_file(
        vectors, sys.argv[1],
        metadata={"made by": "tools/reference_detector_losses.py", "torch": torch.__version__})
    print(sys.argv[1], Path(sys.argv[1]).stat().st_size, "bytes")


if __name__ == "__main__":
    main()

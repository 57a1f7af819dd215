"""Variants of a picture for training a detector; what `DetectionAugmentation` is held against."""

import random

import numpy as np
import torch


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

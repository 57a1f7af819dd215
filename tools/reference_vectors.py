#!/usr/bin/env python3
"""Writes what torchvision's detectors and classifiers give for parameters drawn from their names
(see Sources/Networks/RandomParameters.swift): the tests hold our results against it, and no weights
need to be kept.

    python3 -m pip install torchvision==0.29.2 safetensors
    python3 tools/reference_vectors.py Tests/DetectionTests/Resources/fasterrcnn.safetensors
"""
import sys

import numpy as np
import torch
from safetensors.torch import save_file
from torchvision.models import resnet
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.ops import misc

MASK = (1 << 64) - 1


def draw(name, shape):
    """Value i is splitmix64(fnv1a(name) + i) in 24 bits, mapped to the parameter's range."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = ((state ^ byte) * 0x100000001B3) & MASK
    z = np.arange(int(np.prod(shape)), dtype=np.uint64) + np.uint64(state)
    z = z * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    unit = (z >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)
    if len(shape) > 1:
        high = np.sqrt(np.float32(1.5) / np.float32(np.prod(shape[1:])))
        low = -high
    elif name.endswith((".bias", ".running_mean")):
        low, high = np.float32(-0.1), np.float32(0.1)
    else:
        low, high = np.float32(0.5), np.float32(1.5)
    return torch.from_numpy((low + (high - low) * unit).reshape(shape))


def fill(model):
    state = {k: draw(k, tuple(v.shape)) for k, v in model.state_dict().items() if "num_batches" not in k}
    model.load_state_dict(state, strict=False)
    return model.eval()


def detector(depth):
    trunk = getattr(resnet, depth)(weights=None, norm_layer=misc.FrozenBatchNorm2d)
    width = trunk.inplanes // 8
    backbone = BackboneWithFPN(
        trunk, {f"layer{i + 1}": str(i) for i in range(4)}, [width, width * 2, width * 4, width * 8], 16)
    return FasterRCNN(
        backbone, min_size=160, max_size=224, box_head=TwoMLPHead(16 * 49, 32),
        box_predictor=FastRCNNPredictor(32, 5),
        rpn_pre_nms_top_n_test=200, rpn_post_nms_top_n_test=60, box_score_thresh=0.0,
        box_detections_per_img=30)


def main():
    torch.manual_seed(0)
    coarse = torch.rand(1, 3, 12, 16)
    image = torch.nn.functional.interpolate(coarse, size=(150, 211), mode="bicubic").clamp(0, 1)[0]
    image = (image * 255).round().to(torch.uint8)
    vectors = {"image": image.permute(1, 2, 0).contiguous()}
    for depth in ("resnet18", "resnet50"):
        model = fill(detector(depth))
        with torch.no_grad():
            result = model([image.float() / 255])[0]
        vectors |= {f"{depth}.{k}": v.contiguous() for k, v in result.items()}
        print(depth, "scores", result["scores"][:5].tolist(), "labels", result["labels"][:10].tolist())
    for depth in ("resnet18", "resnet34", "resnet50"):
        model = fill(getattr(resnet, depth)(weights=None, num_classes=7))
        x = (image.float() / 255)[None, :, :128, :128] - 0.5
        with torch.no_grad():
            vectors[f"{depth}.logits"] = model(x)[0]
        print(depth, vectors[f"{depth}.logits"].tolist())
    save_file(vectors, sys.argv[1], metadata={"made by": "tools/reference_vectors.py", "torch": torch.__version__})


if __name__ == "__main__":
    main()

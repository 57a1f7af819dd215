"""Writes a trained detector as a model folder: weights in f16 under torchvision's names, manifest."""

import argparse
import hashlib
import json
import pathlib

import torch
from safetensors.torch import save_file

from . import model as detector
from . import voc


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--checkpoint", type=pathlib.Path, required=True, help="of step detect")
    parser.add_argument("--output", type=pathlib.Path, required=True, help="folder to write")
    parser.add_argument("--name", default="street-r18-fpn64")
    parser.add_argument("--note", default="", help="added to the provenance, such as measured AP")


def run(arguments: argparse.Namespace) -> None:
    checkpoint = torch.load(arguments.checkpoint, weights_only=True)
    state = {
        key: value.detach().to(torch.float16).contiguous()
        for key, value in checkpoint["model"].items() if not key.endswith("num_batches_tracked")
    }
    for key, value in state.items():
        if not torch.isfinite(value).all():
            raise SystemExit(f"{key} has values that f16 cannot hold")
    arguments.output.mkdir(parents=True, exist_ok=True)
    weights = arguments.output / "weights.safetensors"
    save_file(state, weights, metadata={"format": "pt"})
    data = weights.read_bytes()
    description = (
        f"Trained with torchvision by tools/train_default_model.py, {checkpoint['seen']} pictures "
        "of VOC 2007 (five classes) and rendered scenes, from a trunk pre-trained on imagenette "
        "and crops of VOC; see README.md beside this file.")
    manifest = {
        "formatVersion": 1,
        "name": arguments.name,
        "architecture": {
            "kind": "fasterrcnn",
            "trunk": "resnet18",
            "fpnChannels": detector.PYRAMID_CHANNELS,
            "boxHeadWidth": detector.HEAD_WIDTH,
            "boxPoolSize": 7,
            "boxPoolSamplingRatio": 2,
            "anchorSizes": [list(sizes) for sizes in detector.ANCHOR_SIZES],
            "aspectRatios": list(detector.ASPECT_RATIOS),
            "batchNormEpsilon": 1e-5,
        },
        "classes": voc.CLASSES,
        "input": {"minSize": detector.MIN_SIZE, "maxSize": detector.MAX_SIZE},
        "normalisation": {"mean": detector.MEAN, "std": detector.STD},
        "thresholds": {
            "score": detector.SCORE,
            "nms": detector.NMS,
            "detectionsPerImage": detector.DETECTIONS,
            "rpn": {
                "preNMS": detector.RPN_PRE_NMS,
                "postNMS": detector.RPN_POST_NMS,
                "nms": detector.RPN_NMS,
                "score": 0,
            },
        },
        "provenance": {"description": f"{description} {arguments.note}".strip()},
        "licence": "Apache-2.0",
        "files": [
            {
                "path": weights.name, "sha256": hashlib.sha256(data).hexdigest(),
                "bytes": len(data),
            }
        ],
    }
    path = arguments.output / "model.json"
    path.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    print(f"{path}: {len(state)} tensors, {len(data)} bytes")

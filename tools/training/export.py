"""Writes a detector as a model folder: weights under torchvision's names, manifest."""

import hashlib
import json
import pathlib

import torch
from safetensors.torch import save_file

from . import model as detector
from . import voc

# Those that `cleansight train detect` writes.
THRESHOLDS = {
    "score": 0.05, "nms": 0.5, "detectionsPerImage": 100,
    "rpn": {"preNMS": 1000, "postNMS": 1000, "nms": 0.7, "score": 0},
}


def write(state: dict[str, torch.Tensor], output: pathlib.Path, description: str) -> None:
    """`output` is made; a model in it is written over."""
    state = {
        key: value.detach().float().contiguous() for key, value in state.items()
        if not key.endswith("num_batches_tracked")
    }
    output.mkdir(parents=True, exist_ok=True)
    weights = output / "weights.safetensors"
    save_file(state, weights, metadata={"format": "pt"})
    data = weights.read_bytes()
    manifest = {
        "formatVersion": 1,
        "name": output.name,
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
        "thresholds": THRESHOLDS,
        "provenance": {"description": description},
        "licence": "unknown",
        "files": [
            {"path": weights.name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        ],
    }
    path = output / "model.json"
    path.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    print(f"{path}: {len(state)} tensors, {len(data)} bytes")

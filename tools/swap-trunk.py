#!/usr/bin/env python3
r"""Takes the trunk out of a detector, or puts another one under its head: how `docs/detection.md` compares
purification under a head with trunks that were purified by themselves.

    tools/swap-trunk.py take detector --like trunk.safetensors --output its-trunk.safetensors
    tools/swap-trunk.py put detector --trunk purified.safetensors --output swapped
    tools/swap-trunk.py put detector --trunk purified.safetensors --settle photographs --output settled

`--like` names the backbone that the detector was trained on, whose metadata the file gets. `--settle` then
estimates the statistics of batch normalisation from pictures, without labels. Needs torch, torchvision,
safetensors, numpy and Pillow.
"""
import argparse
import hashlib
import json
import pathlib
import shutil

import numpy as np
import torch
import torchvision
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file

PREFIX = "backbone.body."


def weights_file(model, manifest):
    return model / manifest["files"][0]["path"]


def take(args):
    manifest = json.loads((args.model / "model.json").read_text())
    weights = load_file(weights_file(args.model, manifest))
    with safe_open(args.like, "pt") as file:
        metadata = {key: value for key, value in file.metadata().items()
                    if key in ("arch", "mean", "std", "side")}
    trunk = {name.removeprefix(PREFIX): value for name, value in weights.items() if name.startswith(PREFIX)}
    save_file(trunk, args.output, metadata=metadata)


@torch.no_grad()
def settled(trunk, pictures, manifest):
    """The trunk with the mean of its batches' statistics over the pictures, as the detector sees them."""
    model = torchvision.models.resnet18(weights=None)
    model.load_state_dict({name: value.float() for name, value in trunk.items() if not name.startswith("fc.")},
                          strict=False)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None
    mean, std = (np.array(manifest["normalisation"][key], np.float32) for key in ("mean", "std"))
    size, longest = manifest["input"]["minSize"], manifest["input"]["maxSize"]
    files = sorted(pathlib.Path(pictures).rglob("*.jpg"))
    for start in range(0, len(files) - 7, 8):
        # One size for a batch: that of most photographs and cameras.
        batch = [np.asarray(Image.open(f).convert("RGB").resize((min(longest, size * 4 // 3), size), Image.BILINEAR),
                            np.float32) / 255 for f in files[start:start + 8]]
        model.train()(torch.from_numpy((np.stack(batch) - mean) / std).permute(0, 3, 1, 2))
    return model.state_dict()


def put(args):
    shutil.copytree(args.model, args.output)
    manifest_path = args.output / "model.json"
    manifest = json.loads(manifest_path.read_text())
    path = weights_file(args.output, manifest)
    weights, trunk = load_file(path), load_file(args.trunk)
    if args.settle:
        trunk = settled(trunk, args.settle, manifest)
    for name in weights:
        if name.startswith(PREFIX):
            weights[name] = trunk[name.removeprefix(PREFIX)].to(weights[name].dtype).contiguous()
    save_file(weights, path, metadata={"format": "pt"})
    data = path.read_bytes()
    manifest["files"] = [{"path": path.name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}]
    manifest_path.write_text(json.dumps(manifest, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(required=True)
    for action in (take, put):
        sub = actions.add_parser(action.__name__)
        sub.set_defaults(run=action)
        sub.add_argument("model", type=pathlib.Path)
        sub.add_argument("--output", type=pathlib.Path, required=True)
        if action is take:
            sub.add_argument("--like", required=True)
        else:
            sub.add_argument("--trunk", required=True)
            sub.add_argument("--settle", help="a folder of JPEGs")
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()

"""Measures AP50 per class of a model folder, with its weights as exported."""

import argparse
import json
import pathlib

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

from . import model as detector
from . import voc


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=pathlib.Path, required=True, help="folder to measure")
    parser.add_argument(
        "--data", type=pathlib.Path, required=True, help="data set in the layout of VOC")
    parser.add_argument("--split", default="test")
    parser.add_argument("--limit", type=int, default=0, help="first so many pictures; 0 for all")
    parser.add_argument("--threads", type=int, default=2)


def curve(scores, matches, count: int) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(-np.array(scores), kind="stable")
    right = np.array(matches, bool)[order]
    recall = np.cumsum(right) / max(count, 1)
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    return recall, precision


def area(recall: np.ndarray, precision: np.ndarray) -> float:
    """Area under the precision made monotonic, as VOC counts since 2010."""
    r = np.concatenate([[0.0], recall, [1.0]])
    p = np.concatenate([[0.0], precision, [0.0]])
    p = np.maximum.accumulate(p[::-1])[::-1]
    return float(np.sum((r[1:] - r[:-1]) * p[1:]))


def eleven_points(recall: np.ndarray, precision: np.ndarray) -> float:
    """Mean of the best precision at recalls of 0, 0.1, ... 1, as VOC counted in 2007."""
    return float(np.mean([
        max(precision[recall >= level], default=0.0) for level in np.linspace(0, 1, 11)]))


def overlaps(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    sizes = np.prod(others[:, 2:] - others[:, :2], axis=1)
    return shared / (np.prod(box[2:] - box[:2]) + sizes - shared)


def measure(model, root: pathlib.Path, split: str, limit: int = 0) -> dict:
    names = voc.image_names(root, split)
    names = names[:limit] if limit else names
    found = {label: ([], []) for label in voc.CLASSES}
    counts = dict.fromkeys(voc.CLASSES, 0)
    model.eval()
    for name in names:
        picture = Image.open(root / "JPEGImages" / f"{name}.jpg").convert("RGB")
        tensor = torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1).float() / 255
        with torch.no_grad():
            out = model([tensor])[0]
        truths = voc.objects(root, name)
        for index, label in enumerate(voc.CLASSES):
            mine = [(np.array(box), ignored) for kind, box, ignored in truths if kind == label]
            counts[label] += sum(not ignored for _, ignored in mine)
            boxes = np.array([box for box, _ in mine]).reshape(-1, 4)
            taken = [False] * len(mine)
            keep = out["labels"] == index + 1
            for score, box in zip(out["scores"][keep].tolist(), out["boxes"][keep].numpy()):
                share = overlaps(box, boxes) if len(boxes) else np.zeros(1)
                best = int(share.argmax())
                hit = len(boxes) > 0 and share[best] >= 0.5
                if hit and mine[best][1]:
                    continue
                found[label][0].append(score)
                found[label][1].append(bool(hit and not taken[best]))
                if hit:
                    taken[best] = True
    result = {"pictures": len(names), "classes": {}}
    for label in voc.CLASSES:
        recall, precision = curve(*found[label], counts[label])
        result["classes"][label] = {
            "objects": counts[label], "ap50": round(area(recall, precision), 4),
            "ap50_11_point": round(eleven_points(recall, precision), 4)}
    present = [entry for entry in result["classes"].values() if entry["objects"]]
    for key in ("ap50", "ap50_11_point"):
        result[key] = round(float(np.mean([entry[key] for entry in present])), 4)
    return result


def load(folder: pathlib.Path):
    model = detector.build()
    state = {key: value.float() for key, value in load_file(folder / "weights.safetensors").items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert all(key.endswith("num_batches_tracked") for key in missing) and not unexpected
    return model


def run(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(arguments.threads)
    model = load(arguments.model)
    print(json.dumps(measure(model, arguments.data, arguments.split, arguments.limit), indent=2))

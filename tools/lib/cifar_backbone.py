"""A CIFAR ResNet-18 of safetensors and folders of pictures, for the tools that check against PyTorch."""
from pathlib import Path

import numpy as np
import torch
import torchvision
from PIL import Image
from safetensors import safe_open

# What a file without metadata is taken to be normalised with, as `cleansight` does.
CIFAR10 = {"mean": "(0.4914, 0.4822, 0.4465)", "std": "(0.247, 0.2435, 0.2616)"}


def load(path):
    """The network with its own head, for evaluation, and its normalisation's mean and deviation."""
    with safe_open(path, "pt") as file:
        state = {name: file.get_tensor(name).float() for name in file.keys()}
        metadata = CIFAR10 | (file.metadata() or {})
    model = torchvision.models.resnet18(weights=None, num_classes=len(state["fc.bias"]))
    model.conv1 = torch.nn.Conv2d(3, 64, 3, 1, 1, bias=False)
    model.maxpool = torch.nn.Identity()
    model.load_state_dict(state, strict=False)
    numbers = [[float(v) for v in metadata[key].strip("()[]").split(",")] for key in ("mean", "std")]
    return model.eval(), *(torch.tensor(n).view(1, 3, 1, 1) for n in numbers)


def classes(folder):
    """For each class's folder, in sorted order, its files in sorted order."""
    return [sorted(c.iterdir()) for c in sorted(Path(folder).iterdir())]


def pixels(files):
    """Pictures as N × 3 × H × W in 0…1."""
    images = np.stack([np.asarray(Image.open(file).convert("RGB")) for file in files])
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255

#!/usr/bin/env python3
"""Writes the losses of torchvision's Faster R-CNN on a picture in training, and the gradients of all its
parameters, which are drawn from their names as in reference_vectors.py. Every anchor and proposal counts,
so that nothing is random. Of each gradient its norm and some of its values are kept.

    python3 -m pip install torchvision==0.29.2 safetensors
    python3 tools/reference_detector_gradients.py Tests/DetectorTrainingTests/Resources/gradients.safetensors
"""
import sys

import torch
from safetensors.torch import save_file

from reference_vectors import detector, fill

HEIGHT, WIDTH = 128, 192
KEPT = 24


def build():
    """The parts that are evaluated as they are when trained: normalisation is frozen."""
    model = fill(detector("resnet18")).train()
    model.transform.min_size, model.transform.max_size = (HEIGHT,), WIDTH
    model.rpn._pre_nms_top_n["training"], model.rpn._post_nms_top_n["training"] = 200, 60
    for sampler in (model.rpn.fg_bg_sampler, model.roi_heads.fg_bg_sampler):
        sampler.batch_size_per_image, sampler.positive_fraction = 1 << 16, 1.0
    return model


def main():
    torch.manual_seed(3)
    coarse = torch.rand(1, 3, 10, 14)
    image = torch.nn.functional.interpolate(coarse, size=(HEIGHT, WIDTH), mode="bicubic").clamp(0, 1)[0]
    image = (image * 255).round().to(torch.uint8)
    boxes = torch.tensor([[10, 20, 70, 90], [60, 30, 180, 120], [120, 8, 150, 40]], dtype=torch.float32)
    labels = torch.tensor([1, 3, 2])
    model = build()
    losses = model([image.float() / 255], [{"boxes": boxes, "labels": labels}])
    sum(losses.values()).backward()
    names = ("loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg")
    vectors = {
        "image": image.permute(1, 2, 0).contiguous(), "boxes": boxes, "labels": labels,
        "losses": torch.stack([losses[name] for name in names]).detach()}
    for name, parameter in model.named_parameters():
        gradient = parameter.grad.reshape(-1)
        vectors[f"{name}.norm"] = gradient.norm()[None]
        vectors[f"{name}.values"] = gradient[:: max(1, gradient.numel() // KEPT)][:KEPT].clone()
    print({name: float(losses[name].detach()) for name in names})
    save_file(vectors, sys.argv[1], metadata={
        "made by": "tools/reference_detector_gradients.py", "torch": torch.__version__})


if __name__ == "__main__":
    main()

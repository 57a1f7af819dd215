"""Makes reference.safetensors: what torchvision computes around a detector's convolutions.

    python reference.py        (torch 2.15, torchvision 0.29, safetensors)
"""

from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import save_file
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import MultiScaleRoIAlign
from torchvision.ops.poolers import LevelMapper

torch.manual_seed(8)
out = {}
mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]

# Preprocessing: enlarged, reduced, as it is, limited by the longer side.
for name, (h, w), low, high in [
    ("up", (37, 53), 64, 96),
    ("down", (90, 121), 48, 64),
    ("same", (64, 90), 64, 96),
    ("long", (21, 80), 64, 70),
]:
    image = torch.randint(0, 256, (h, w, 3), dtype=torch.uint8)
    transform = GeneralizedRCNNTransform(low, high, mean, std).eval()
    tensors, _ = transform([image.permute(2, 0, 1).float() / 255])
    out[f"preprocess.{name}.image"] = image
    out[f"preprocess.{name}.limits"] = torch.tensor([low, high])
    out[f"preprocess.{name}.tensor"] = tensors.tensors[0]
    out[f"preprocess.{name}.size"] = torch.tensor(tensors.image_sizes[0])

# Anchors and proposals, with few candidates (one suppression over shifted boxes) and many.
sizes, ratios = ((8,), (16,), (32,), (64,), (128,)), ((0.5, 1.0, 2.0),) * 5
grids = [(32, 40), (16, 20), (8, 10), (4, 5), (2, 3)]
generator = AnchorGenerator(sizes, ratios)
images = ImageList(torch.zeros(1, 3, 128, 160), [(120, 150)])
features = [torch.zeros(1, 1, *grid) for grid in grids]
logits = [torch.randn(1, 3, *grid) for grid in grids]
deltas = [torch.randn(1, 12, *grid) * 0.4 for grid in grids]
out["anchors"] = generator(images, features)[0]
for level in range(5):
    out[f"rpn.logits.{level}"] = logits[level][0].permute(1, 2, 0).contiguous()
    out[f"rpn.deltas.{level}"] = deltas[level][0].permute(1, 2, 0).contiguous()


class Head(torch.nn.Module):
    def forward(self, _):
        return logits, deltas


for name, before, after in [("few", 200, 150), ("many", 1000, 300)]:
    count = {"training": 1, "testing": before}, {"training": 1, "testing": after}
    rpn = RegionProposalNetwork(generator, Head(), 0.7, 0.3, 256, 0.5, *count, 0.7).eval()
    kept = []
    filtered = rpn.filter_proposals
    rpn.filter_proposals = lambda *a: kept.append(filtered(*a)) or kept[0]
    boxes, _ = rpn(images, OrderedDict((str(i), f) for i, f in enumerate(features)))
    # Which of two equal scores comes first is not defined.
    assert len(kept[0][1][0].unique()) == len(kept[0][1][0]), "take another seed"
    out[f"rpn.{name}.boxes"], out[f"rpn.{name}.scores"] = boxes[0], kept[0][1][0]

# RoIAlign over several levels, and which level a box belongs to.
shape = (256, 512)
maps = OrderedDict((str(i), torch.randn(1, 3, shape[0] >> (i + 2), shape[1] >> (i + 2))) for i in range(4))
x, y = torch.rand(80) * 480, torch.rand(80) * 230
w, h = torch.rand(80) ** 2 * 500 + 1, torch.rand(80) ** 2 * 250 + 1
rois = torch.stack([x, y, (x + w).clamp(max=512), (y + h).clamp(max=256)], 1)
rois[0] = torch.tensor([0.0, 0.0, 512.0, 256.0])
rois[1] = torch.tensor([500.0, 250.0, 512.0, 256.0])
for i, m in enumerate(maps.values()):
    out[f"roi.map.{i}"] = m[0].permute(1, 2, 0).contiguous()
out["roi.boxes"] = rois
out["roi.pooled"] = MultiScaleRoIAlign(list(maps), 7, 2)(maps, [rois], [shape]).permute(0, 2, 3, 1).contiguous()
side = torch.cat([torch.tensor([0.0, 1.0, 111.99, 112.0, 112.01, 223.99, 224.0, 224.01, 447.99, 448.0, 900.0]), torch.rand(200) * 1000])
out["levels.sides"] = side
out["levels"] = LevelMapper(2, 5)([torch.stack([side * 0, side * 0, side, side], 1)])

# The box head's outputs to detections.
for name, count, classes, threshold, limit in [("few", 120, 6, 0.05, 30), ("many", 300, 6, 0.0, 100)]:
    heads = RoIHeads(None, None, None, 0.5, 0.5, 512, 0.25, None, threshold, 0.5, limit)
    x, y = torch.rand(count) * 120, torch.rand(count) * 100
    boxes = torch.stack([x, y, x + torch.rand(count) * 30 + 1, y + torch.rand(count) * 20 + 1], 1)
    class_logits, box_deltas = torch.randn(count, classes) * 2, torch.randn(count, classes * 4)
    found = heads.postprocess_detections(class_logits, box_deltas, [boxes], [(120, 150)])
    result = [{"boxes": found[0][0], "scores": found[1][0], "labels": found[2][0]}]
    result = GeneralizedRCNNTransform(1, 1, mean, std).eval().postprocess(result, [(120, 150)], [(97, 121)])
    out[f"post.{name}.logits"], out[f"post.{name}.deltas"] = class_logits, box_deltas
    out[f"post.{name}.proposals"] = boxes
    for key, value in result[0].items():
        out[f"post.{name}.{key}"] = value

out = {key: value.contiguous() for key, value in out.items()}
save_file(out, Path(__file__).with_name("reference.safetensors"))

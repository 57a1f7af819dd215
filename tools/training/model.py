"""torchvision's Faster R-CNN on a ResNet-18 with a narrow feature pyramid, as `cleansight train detect`
builds it."""

import torch
import torchvision
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import TwoMLPHead
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from . import voc

MEAN = [0.485, 0.456, 0.406]
STD = [0.229, 0.224, 0.225]
PYRAMID_CHANNELS = 64
HEAD_WIDTH = 256
MIN_SIZE, MAX_SIZE = 320, 448
ANCHOR_SIZES = ((16,), (32,), (64,), (128,), (256,))
ASPECT_RATIOS = (0.5, 1.0, 2.0)


def build(trunk: dict[str, torch.Tensor]):
    """The detector with training's numbers of `train detect`, its trunk from a classifier's state."""
    body = torchvision.models.resnet18(weights=None)
    kept = {key: value for key, value in trunk.items() if not key.startswith("fc.")}
    missing, unexpected = body.load_state_dict(kept, strict=False)
    assert all(key.startswith("fc.") for key in missing) and not unexpected
    backbone = BackboneWithFPN(
        body,
        return_layers={f"layer{n}": str(n - 1) for n in range(1, 5)},
        in_channels_list=[64, 128, 256, 512],
        out_channels=PYRAMID_CHANNELS,
        extra_blocks=LastLevelMaxPool(),
    )
    return FasterRCNN(
        backbone,
        num_classes=None,
        rpn_anchor_generator=AnchorGenerator(
            ANCHOR_SIZES, (ASPECT_RATIOS,) * len(ANCHOR_SIZES)),
        box_head=TwoMLPHead(PYRAMID_CHANNELS * 49, HEAD_WIDTH),
        box_predictor=torchvision.models.detection.faster_rcnn.FastRCNNPredictor(
            HEAD_WIDTH, len(voc.CLASSES) + 1),
        min_size=MIN_SIZE,
        max_size=MAX_SIZE,
        image_mean=MEAN,
        image_std=STD,
        rpn_pre_nms_top_n_train=1000,
        rpn_post_nms_top_n_train=500,
        rpn_batch_size_per_image=256,
        box_batch_size_per_image=128,
    )

"""The peers: the same networks with random weights in PyTorch, ONNX Runtime and OpenVINO.

Each `make_*` returns a function that does one forward pass.
"""
import os
import tempfile

import numpy as np
import torch
import torchvision
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


def classifier():
    torch.manual_seed(0)
    return torchvision.models.resnet18(weights=None).eval(), torch.rand(1, 3, 224, 224)


def detector(width, height):
    """torchvision's detector with its defaults, at the picture's own size. Random weights give few
    proposals that survive, so the scores are spread to keep the box head at its full 1000."""
    torch.manual_seed(0)
    backbone = resnet_fpn_backbone(backbone_name="resnet18", weights=None, trainable_layers=5)
    model = FasterRCNN(backbone, 91, min_size=min(width, height), max_size=max(width, height)).eval()
    return model, torch.rand(3, height, width)


def pytorch(model, x, precision):
    """PyTorch in the faster of its two layouts is chosen by the caller; this one is channels-last."""
    model = model.to(memory_format=torch.channels_last)
    if x.dim() == 4:
        x = x.to(memory_format=torch.channels_last)
    inputs = x if x.dim() == 4 else [x]
    bf16 = precision == "bf16"

    def run():
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            return model(inputs)

    return run


def export(model, x):
    path = os.path.join(tempfile.mkdtemp(), "model.onnx")
    inputs = (x,) if x.dim() == 4 else ([x],)
    with torch.no_grad():
        torch.onnx.export(model, inputs, path, opset_version=17, dynamo=False, input_names=["x"])
    return path


def onnxruntime(path, x, threads):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: x.numpy()}
    return lambda: session.run(None, feed)


def openvino(path, x, threads, precision):
    import openvino as ov

    core = ov.Core()
    model = core.read_model(path)
    model.reshape(list(x.shape))
    compiled = core.compile_model(
        model, "CPU",
        {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision})
    request = compiled.create_infer_request()
    feed = {0: np.ascontiguousarray(x.numpy())}
    return lambda: request.infer(feed)

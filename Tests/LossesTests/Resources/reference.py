#!/usr/bin/env python3
"""Makes reference.json: PyTorch's losses and gradients (torch 2.15, autograd).

    python3 reference.py VECTORS.safetensors

VECTORS holds a and b of `case0` and `case1` for NT-Xent; the other inputs are drawn here.
"""
import json
import sys

import torch
import torch.nn.functional as F
from safetensors import safe_open


def floats(tensor):
    # Nine digits give back every f32 exactly.
    return [float(f"{v:.9g}") for v in tensor.detach().float().flatten().tolist()]


def nt_xent(a, b, tau):
    z = F.normalize(torch.cat([a, b]), dim=1)
    s = (z @ z.T / tau).fill_diagonal_(-torch.inf)
    n = len(a)
    return F.cross_entropy(s, torch.arange(2 * n).roll(n))


def gradients(loss, **inputs):
    found = torch.autograd.grad(loss, list(inputs.values()), retain_graph=True)
    return {f"gradient_{k}": floats(g) for k, g in zip(inputs, found)} | {
        k: floats(v) for k, v in inputs.items()
    } | {"loss": loss.item()}


def main():
    torch.manual_seed(1)
    result = {"nt_xent": []}
    with safe_open(sys.argv[1], "pt") as file:
        for case in sys.argv[2:] or ["case0", "case1"]:
            a, b = (file.get_tensor(f"{case}.{k}").double().requires_grad_() for k in "ab")
            tau = file.get_tensor(f"{case}.tau").item()
            entry = gradients(nt_xent(a, b, tau), a=a, b=b)
            frozen = nt_xent(a.detach(), b, tau)
            entry["gradient_b_frozen_a"] = floats(torch.autograd.grad(frozen, b)[0])
            # The stored results came from f32; these are the same in f64.
            stored = file.get_tensor(f"{case}.grad_b").flatten()
            assert (torch.tensor(entry["gradient_b"]) - stored).abs().max() < 1e-6
            result["nt_xent"].append(
                entry | {"rows": a.shape[0], "features": a.shape[1], "temperature": tau})

    rows, classes = 5, 4
    logits = (3 * torch.randn(rows, classes)).double().requires_grad_()
    labels = torch.tensor([0, 3, 1, 1, 2])
    shape = {"rows": rows, "columns": classes}
    for name, smoothing in [("cross_entropy", 0.0), ("cross_entropy_smoothed", 0.1)]:
        loss = F.cross_entropy(logits, labels, label_smoothing=smoothing)
        result[name] = gradients(loss, student=logits) | shape | {"labels": labels.tolist()}

    teacher = 3 * torch.randn(rows, classes).double()
    p, q = (F.log_softmax(v / 2.5, 1) for v in (logits, teacher))
    for name, loss in [
        ("kl_student_from_teacher", F.kl_div(q, p, reduction="batchmean", log_target=True)),
        ("kl_teacher_from_student", F.kl_div(p, q, reduction="batchmean", log_target=True)),
    ]:
        result[name] = gradients(loss, student=logits) | shape | {"teacher": floats(teacher)}

    student = torch.randn(6, 11).double().requires_grad_()
    teacher = torch.randn(6, 11).double()
    shape = {"rows": 6, "columns": 11, "teacher": floats(teacher)}
    cosine = (1 - F.cosine_similarity(student, teacher)).mean()
    error = F.mse_loss(F.normalize(student), F.normalize(teacher))
    result["cosine_distance"] = gradients(cosine, student=student) | shape
    result["mean_squared_error"] = gradients(error, student=student) | shape

    with open("reference.json", "w") as file:
        json.dump(result, file, separators=(",", ":"), sort_keys=True)
        file.write("\n")


main()

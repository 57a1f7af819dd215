#!/usr/bin/env python3
"""Contrastive Backdoor Defense (section 3.3 of the paper) in PyTorch, without a line of ours: what
`cleansight purify --preset paper-cifar10` is compared with, and where readings of the paper's open
points are tried first, on a GPU where there is one. Prints one line of JSON.

    cleansight attack apply --attack blend --images test --output triggered --quality 100
    tools/reference_purification.py --backbone F.safetensors --images cifar/train \\
        --test-images cifar/test --triggered triggered [--lambda 0.3,0.5,0.2 …]

`--triggered` holds the pictures of `--test-images`, same names, with the trigger in. Options are named
as those of `cleansight purify`. Needs torch, torchvision, safetensors, numpy and Pillow.
"""
import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from lib.cifar_backbone import classes, load, pixels

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--name", default="")
parser.add_argument("--backbone", required=True)
parser.add_argument("--images", required=True)
parser.add_argument("--test-images", required=True)
parser.add_argument("--triggered", required=True)
parser.add_argument("--target", type=int, default=6)
parser.add_argument("--lambda", dest="weights", default="0.3,0.5,0.2")
parser.add_argument("--temperature", type=float, default=0.5)
parser.add_argument("--norm", choices=["linf", "l2"], default="linf")
parser.add_argument("--epsilon", type=float, default=8)
parser.add_argument("--pgd-steps", type=int, default=20)
parser.add_argument("--step-size", type=float, default=0.1, help="of epsilon")
parser.add_argument("--no-random-start", action="store_true")
parser.add_argument("--adversary-statistics", choices=["stored", "batch"], default="stored")
parser.add_argument("--statistics", choices=["stored", "batch"], default="batch")
parser.add_argument("--adversarial-statistics-kept", action="store_true",
                    help="stored statistics follow the adversarial views too")
parser.add_argument("--views", choices=["simclr", "weak"], default="simclr")
parser.add_argument("--smallest-crop", type=float, default=0.2)
parser.add_argument("--epochs", type=int, default=15)
parser.add_argument("--images-used", type=int, default=2500)
parser.add_argument("--batch", type=int, default=128)
parser.add_argument("--learning-rate", type=float, default=0.02)
parser.add_argument("--weight-decay", type=float, default=5e-4)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--no-graph", action="store_true", help="run every step of the ascent from Python")
parser.add_argument("--measure-every", type=int, default=5, help="epochs")
args = parser.parse_args()

device = "cuda" if torch.cuda.is_available() else "cpu"
torch.backends.cudnn.benchmark = True
torch.manual_seed(args.seed)


def embed(model, x):
    with torch.autocast(device, torch.bfloat16, cache_enabled=False):
        return model(((x - mean) / std).to(memory_format=torch.channels_last)).float()


def nt_xent(a, b):
    """Rows of `a` and of `b` are two views of one picture each."""
    z = F.normalize(torch.cat([a, b]))
    similarity = z @ z.T / args.temperature
    similarity.fill_diagonal_(-torch.inf)
    rows = len(a)
    positives = torch.arange(2 * rows, device=device).roll(rows)
    return F.cross_entropy(similarity, positives)


# Views, of a whole batch at once; the order of the changes of colour is one for the batch.

def gray(x):
    return (x * torch.tensor([0.2989, 0.587, 0.114], device=device).view(1, 3, 1, 1)).sum(1, keepdim=True)


def crops(x, area, flips):
    n, side = len(x), x.shape[-1]
    ratio = torch.empty(n, device=device).uniform_(math.log(3 / 4), math.log(4 / 3)).exp()
    size = torch.empty(n, device=device).uniform_(*area)
    width, height = (size * ratio).sqrt().clamp(max=1), (size / ratio).sqrt().clamp(max=1)
    left, top = (torch.rand(n, device=device) * (1 - s) for s in (width, height))
    theta = torch.zeros(n, 2, 3, device=device)
    theta[:, 0, 0] = width * torch.where(torch.rand(n, device=device) < flips, -1, 1)
    theta[:, 1, 1] = height
    theta[:, 0, 2], theta[:, 1, 2] = 2 * left + width - 1, 2 * top + height - 1
    grid = F.affine_grid(theta, (n, 3, side, side), align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)


def jitter(x):
    n = len(x)

    def factor(strength):
        return torch.empty(n, 1, 1, 1, device=device).uniform_(1 - strength, 1 + strength)

    def hue(x):
        shift = torch.empty(n, 1, 1, device=device).uniform_(-0.1, 0.1)
        high, low = x.amax(1), x.amin(1)
        chroma = high - low
        c = chroma.clamp(min=1e-6)
        r, g, b = x.unbind(1)
        h = torch.where(high == r, (g - b) / c, torch.where(high == g, 2 + (b - r) / c, 4 + (r - g) / c))
        h = (h + 6 * shift) % 6

        def channel(k):
            k = (k + h) % 6
            return high - chroma * torch.minimum(k, 4 - k).clamp(0, 1)

        return torch.stack([channel(5), channel(3), channel(1)], 1)

    changes = [
        lambda x: (x * factor(0.4)).clamp(0, 1),
        lambda x: (lambda f: (f * x + (1 - f) * gray(x).mean((1, 2, 3), keepdim=True)).clamp(0, 1))(factor(0.4)),
        lambda x: (lambda f: (f * x + (1 - f) * gray(x)).clamp(0, 1))(factor(0.4)),
        hue,
    ]
    for index in torch.randperm(4):
        x = changes[index](x)
    return x


def view(x):
    if args.views == "weak":
        padded = F.pad(x, (4, 4, 4, 4))
        n, side = len(x), x.shape[-1]
        rows, columns = (torch.randint(0, 9, (n, 1), device=device) + torch.arange(side, device=device) for _ in "xy")
        columns = torch.where(torch.rand(n, 1, device=device) < 0.5, columns.flip(1), columns)
        index = torch.arange(n, device=device)[:, None, None]
        return padded[index, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    x = crops(x, (args.smallest_crop, 1), 0.5)
    chosen = torch.rand(len(x), 1, 1, 1, device=device)
    x = torch.where(chosen < 0.8, jitter(x), x)
    return torch.where(torch.rand(len(x), 1, 1, 1, device=device) < 0.2, gray(x).expand_as(x), x)


# The adversary.

def length(d):
    return d.flatten(1).norm(dim=1).clamp(min=1e-12).view(-1, 1, 1, 1)


def ascend(model, anchors, clean, x):
    """One step of projected gradient ascent, in place."""
    epsilon = args.epsilon / 255
    step = args.step_size * epsilon
    x.requires_grad_()
    gradient, = torch.autograd.grad(nt_xent(anchors, embed(model, x)), x)
    with torch.no_grad():
        if args.norm == "linf":
            delta = (x + step * gradient.sign() - clean).clamp(-epsilon, epsilon)
        else:
            delta = x + step * gradient / length(gradient) - clean
            delta *= (epsilon / length(delta)).clamp(max=1)
        x.copy_((clean + delta).clamp(0, 1))


class Ascent:
    """On a GPU the step is recorded once and played again: its many small kernels wait for Python else."""

    def __init__(self, model, anchors, clean, x):
        self.given = [v.detach().clone() for v in (anchors, clean, x)]
        if args.no_graph or device == "cpu":
            self.play = lambda: ascend(model, *self.given)
            return
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                ascend(model, *self.given)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            ascend(model, *self.given)
        self.play = graph.replay

    def __call__(self, *given):
        with torch.no_grad():
            for mine, value in zip(self.given, given):
                mine.copy_(value)
        for _ in range(args.pgd_steps):
            self.play()
        return self.given[2].detach().clone()


ascent = None


def perturb(model, anchors, clean):
    global ascent
    epsilon = args.epsilon / 255
    model.train(args.adversary_statistics == "batch")
    keep_statistics(model, False)
    delta = torch.zeros_like(clean)
    if not args.no_random_start:
        if args.norm == "linf":
            delta.uniform_(-epsilon, epsilon)
        else:
            delta.normal_()
            delta *= epsilon * torch.rand(len(clean), 1, 1, 1, device=device) / length(delta)
    x = (clean + delta).clamp(0, 1)
    if ascent is None:
        ascent = Ascent(model, anchors, clean, x)
    x = ascent(anchors, clean, x)
    keep_statistics(model, True)
    return x


def keep_statistics(model, kept):
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.1 if kept else 0.0


# Measurement.

def fit(weight, bias, loss):
    weight, bias = (v.clone().requires_grad_() for v in (weight, bias))
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=100, line_search_fn="strong_wolfe")

    def closure():
        optimiser.zero_grad()
        value = loss(weight, bias)
        value.backward()
        return value

    optimiser.step(closure)
    return weight.detach(), bias.detach()


def probe(features, labels):
    mean, std = features.mean(0), features.std(0) + 1e-6
    x = (features - mean) / std
    weight, bias = fit(torch.zeros(10, 512, device=device), torch.zeros(10, device=device), lambda w, b:
                       F.cross_entropy(x @ w.T + b, labels) + 1e-2 * (w ** 2).sum())
    return weight / std, bias - (weight / std) @ mean


def refit(features, said):
    """The head that came with the backbone, without labels; what fits worst does not count."""
    rows = torch.ones(len(features), dtype=torch.bool, device=device)
    for _ in range(5):
        def loss(w, b):
            return F.kl_div((features[rows] @ w.T + b).log_softmax(1), said[rows].log_softmax(1),
                            log_target=True, reduction="batchmean") + 0.01 * ((w - head[0]) ** 2).sum()
        weight, bias = fit(*head, loss)
        apart = F.kl_div((features @ weight.T + bias).log_softmax(1), said.log_softmax(1), log_target=True,
                         reduction="none").sum(1)
        rows = apart <= apart.quantile(0.8)
    return weight, bias


@torch.no_grad()
def features(model, x):
    model.eval()
    return torch.cat([embed(model, part) for part in x.split(500)])


def measure(model):
    clean, triggered, given = (features(model, x) for x in (test, test_triggered, probe_pictures))
    others = test_labels != args.target
    result = {}
    for name, (w, b) in {"probe": probe(given, probe_labels), "own": head,
                         "own_refitted": refit(features(model, unlabeled), said_before)}.items():
        p, q = ((f @ w.T + b).argmax(1) for f in (clean, triggered))
        result[name] = [round(100 * float(v.float().mean()), 1) for v in (
            p == test_labels, q[others] == args.target, (q == test_labels)[others])]
    return result


def backbone():
    """The network without its head, that head, and the normalisation, where they are computed."""
    model, mean, std = load(args.backbone)
    head = [v.detach().clone().to(device) for v in (model.fc.weight, model.fc.bias)]
    model.fc = torch.nn.Identity()
    return model.to(device, memory_format=torch.channels_last), head, mean.to(device), std.to(device)


student, head, mean, std = backbone()
teacher = backbone()[0]
generator = np.random.default_rng(0)
train = [[files[i] for i in generator.permutation(len(files))] for files in classes(args.images)]
probe_files = [(f, label) for label, files in enumerate(train) for f in files[:50]]
left = [f for files in train for f in files[50:]]
chosen = np.random.default_rng(args.seed).permutation(len(left))[:args.images_used]
unlabeled = pixels([left[i] for i in chosen]).to(device)
probe_pictures = pixels([f for f, _ in probe_files]).to(device)
probe_labels = torch.tensor([label for _, label in probe_files], device=device)
test_files = [(f, label) for label, files in enumerate(classes(args.test_images)) for f in files[:200]]
test = pixels([f for f, _ in test_files]).to(device)
test_triggered = pixels([Path(args.triggered) / f.parent.name / f.name for f, _ in test_files]).to(device)
test_labels = torch.tensor([label for _, label in test_files], device=device)
said_before = features(student, unlabeled) @ head[0].T + head[1]

result = {"name": args.name, "options": vars(args), "before": measure(student)}
pull, distillation, fine_tuning = (float(v) for v in args.weights.split(","))
optimiser = torch.optim.SGD(student.parameters(), args.learning_rate, momentum=0.9, weight_decay=args.weight_decay)
steps = len(unlabeled) // args.batch
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps * args.epochs)
started, losses = time.monotonic(), []
for epoch in range(args.epochs):
    order = torch.randperm(len(unlabeled), device=device)
    sums = torch.zeros(3, device=device)
    for step in range(steps):
        x = unlabeled[order[step * args.batch:(step + 1) * args.batch]]
        first, second, third = view(x), view(x), view(x)
        adversarial = third
        if pull > 0:
            with torch.no_grad():
                anchors = embed(student.eval(), first)
            adversarial = perturb(student, anchors, third)
        student.train(args.statistics == "batch")
        with torch.no_grad():
            known = embed(teacher, first)
        z = embed(student, first)
        parts = torch.zeros(3, device=device)
        loss = 0
        if distillation > 0:
            parts[1] = term = nt_xent(z, known)
            loss = loss + distillation * term
        if fine_tuning > 0:
            parts[2] = term = nt_xent(z, embed(student, second))
            loss = loss + fine_tuning * term
        if pull > 0:
            keep_statistics(student, args.adversarial_statistics_kept)
            parts[0] = term = nt_xent(z.detach(), embed(student, adversarial))
            keep_statistics(student, True)
            loss = loss + pull * term
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        sums += parts.detach()
    losses.append([round(v, 3) for v in (sums / steps).tolist()])
    if (epoch + 1) % args.measure_every == 0 or epoch + 1 == args.epochs:
        result[f"after {epoch + 1}"] = measure(student)
result["losses"] = losses
result["seconds"] = round(time.monotonic() - started, 1)
print(json.dumps(result), flush=True)

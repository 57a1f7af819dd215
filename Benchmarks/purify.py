#!/usr/bin/env python3
"""A step of Contrastive Backdoor Defense beside PyTorch's in one run: CIFAR ResNet-18, the paper's
losses, PGD on stored statistics, random weights.

    .venv/bin/python Benchmarks/purify.py --precision bf16 --threads 2

PyTorch runs in both memory layouts and the better one counts. The contenders run in turns, each in a
process of its own; figures are medians over all rounds. Use a machine that does nothing else.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BINARY = os.path.join(HERE, "..", ".build", "release", "cleansight")


def network(torch):
    """torchvision's ResNet-18 with the stem for 32×32 pictures, ending with the embedding."""
    import torchvision

    torch.manual_seed(0)
    model = torchvision.models.resnet18(weights=None)
    model.conv1 = torch.nn.Conv2d(3, 64, 3, 1, 1, bias=False)
    model.maxpool = torch.nn.Identity()
    model.fc = torch.nn.Identity()
    return model


def nt_xent(torch, a, b, temperature=0.5):
    z = torch.nn.functional.normalize(torch.cat([a, b]).float(), dim=1)
    similarity = z @ z.t() / temperature
    similarity.fill_diagonal_(float("-inf"))
    n = len(a)
    return torch.nn.functional.cross_entropy(similarity, torch.cat([torch.arange(n, 2 * n), torch.arange(n)]))


def pytorch_seconds(args):
    """Seconds of each step in this process."""
    import torch

    torch.set_num_threads(args.threads)
    layout = torch.channels_last if args.layout == "channels-last" else torch.contiguous_format
    student = network(torch).to(memory_format=layout)
    teacher = network(torch).to(memory_format=layout).eval()
    optimiser = torch.optim.SGD(student.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4)
    views = [torch.rand(args.batch, 3, 32, 32).to(memory_format=layout) for _ in range(3)]
    epsilon = 8 / 255

    def embed(model, x):
        with torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "bf16"):
            return model(x)

    def step():
        first, second, third = views
        with torch.no_grad():
            target = embed(teacher, first)
            student.eval()
            anchor = embed(student, first)
        for parameter in student.parameters():
            parameter.requires_grad_(False)
        delta = torch.empty_like(third).uniform_(-epsilon, epsilon)
        for _ in range(args.pgd_steps):
            delta.requires_grad_()
            loss = nt_xent(torch, anchor, embed(student, third + delta))
            gradient, = torch.autograd.grad(loss, delta)
            with torch.no_grad():
                delta = (delta + 0.1 * epsilon * gradient.sign()).clamp(-epsilon, epsilon)
                delta = (third + delta).clamp(0, 1) - third
        for parameter in student.parameters():
            parameter.requires_grad_(True)
        student.train()
        z = embed(student, first)
        loss = (0.3 * nt_xent(torch, z.detach(), embed(student, third + delta.detach()))
                + 0.5 * nt_xent(torch, z, target) + 0.2 * nt_xent(torch, z, embed(student, second)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    seconds = []
    step()
    for _ in range(args.steps):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return seconds


def save_backbone(path):
    import torch
    from safetensors.torch import save_file

    state = network(torch).state_dict()
    save_file({k: v.contiguous() for k, v in state.items() if v.is_floating_point()}, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--precision", choices=["f32", "bf16"], default="bf16")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--pgd-steps", type=int, default=20)
    parser.add_argument("--steps", type=int, default=2, help="of each contender in each round, after one to warm up")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--binary", default=BINARY)
    parser.add_argument("--layout", choices=["channels-last", "contiguous"], help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    os.environ.pop("OPENBLAS_CORETYPE", None)
    if args.layout:
        print(json.dumps(pytorch_seconds(args)))
        return

    import tempfile

    folder = tempfile.mkdtemp()
    backbone = os.path.join(folder, "backbone.safetensors")
    save_backbone(backbone)
    env = dict(os.environ, OMP_NUM_THREADS=str(args.threads))
    common = ["--precision", args.precision, "--threads", str(args.threads), "--batch", str(args.batch),
              "--pgd-steps", str(args.pgd_steps), "--steps", str(args.steps)]
    ours, peers = [], {"channels-last": [], "contiguous": []}
    for _ in range(args.rounds):
        report = subprocess.run([args.binary, "bench", "purify-step", "--backbone", backbone, "--json", *common],
                                check=True, capture_output=True, text=True, env=env)
        ours.append(json.loads(report.stdout))
        for layout, seconds in peers.items():
            command = [sys.executable, os.path.abspath(__file__), "--layout", layout, *common]
            result = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
            seconds += json.loads(result.stdout.strip().splitlines()[-1])
    medians = {layout: statistics.median(seconds) for layout, seconds in peers.items()}
    best = min(medians.values())
    figures = {key: statistics.median(run[key] for run in ours) for key in (
        "seconds_per_step", "convolutions_seconds_per_step", "step_over_convolutions",
        "pgd_step_over_convolutions")}
    report = {"precision": args.precision, "threads": args.threads, "batch": args.batch,
              "pgd_steps": args.pgd_steps, **figures, "pytorch_seconds_per_step": medians,
              "times_as_fast_as_pytorch": best / figures["seconds_per_step"]}
    if args.json:
        print(json.dumps(report, indent=2))
        return
    print(f"cleansight {figures['seconds_per_step']:.2f} s, its convolutions alone "
          f"{figures['convolutions_seconds_per_step']:.2f} s ({figures['step_over_convolutions']:.2f} ×); a PGD step "
          f"{figures['pgd_step_over_convolutions']:.2f} × its convolutions")
    for layout, seconds in medians.items():
        print(f"pytorch {layout:13s} {seconds:.2f} s   cleansight is {seconds / figures['seconds_per_step']:.2f} × as fast")


if __name__ == "__main__":
    main()

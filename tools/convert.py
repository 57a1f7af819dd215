#!/usr/bin/env python3
"""Turns a PyTorch checkpoint (.pth, .pt) into safetensors, once, on a machine that has PyTorch.

    pip install torch safetensors
    tools/convert.py WEIGHTS.pth WEIGHTS.safetensors
    cleansight model import WEIGHTS.safetensors --output DIR
    cleansight purify --backbone WEIGHTS.safetensors --images DIR --output PURIFIED.safetensors

A file of weights does not say how its pictures were cut and normalised. --side, --mean and --std write it
into the new file, and also into a copy of one that is safetensors already. Without them CleanSight takes 32
pixels and CIFAR-10's values for a 3×3 stem, 224 pixels and ImageNet's for a 7×7 stem.

A .pth is a pickle, and a pickle can run code when it is loaded: CleanSight itself never loads one.
Here torch.load(weights_only=True) refuses everything but tensors and plain containers.
"""

import argparse
import math
import os
import pathlib
import pickle
import sys
import tempfile

# Where training scripts put the state dict inside a checkpoint.
CONTAINERS = ("state_dict", "model_state_dict", "model", "net", "weights")
PREFIX = "module."  # what DataParallel puts in front of every name


class ConversionError(Exception):
    """A checkpoint that cannot be converted, said in one line."""


def find_state_dict(checkpoint, torch):
    """The mapping from names to tensors, at the top or one level below."""
    candidates = [checkpoint]
    if isinstance(checkpoint, dict):
        candidates += [checkpoint[key] for key in CONTAINERS if key in checkpoint]
    for candidate in candidates:
        if not isinstance(candidate, dict) or not candidate:
            continue
        others = [k for k, v in candidate.items() if not isinstance(v, torch.Tensor)]
        if not others:
            return candidate
    found = type(checkpoint).__name__
    if isinstance(checkpoint, dict):
        keys = [f"{key} ({type(value).__name__})" for key, value in list(checkpoint.items())[:8]]
        found = "a dict with " + ", ".join(keys) if keys else "an empty dict"
    raise ConversionError(
        "expected a state dict of tensors only, at the top or under one of "
        f"{', '.join(CONTAINERS)}; found {found}"
    )


def prepared(state_dict, torch):
    """Names without "module.", dense tensors of their own in memory, all finite."""
    result = {}
    for key, value in state_dict.items():
        if not isinstance(key, str):
            raise ConversionError(f"expected names that are strings, found {key!r}")
        name = key.removeprefix(PREFIX)
        if name in result:
            raise ConversionError(f"expected one tensor named {name}, found two")
        if value.layout is not torch.strided or value.is_quantized or value.is_complex():
            raise ConversionError(f"{key}: expected a dense real tensor, found {value.dtype}")
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise ConversionError(f"{key}: expected finite values, found NaN or infinity")
        # A copy of its own: safetensors refuses tensors that share memory.
        result[name] = value.detach().cpu().contiguous().clone()
    return result


def triple(text):
    """Three finite numbers as metadata holds them, "(0.485, 0.456, 0.406)", of "0.485,0.456,0.406"."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 3 or not all(map(math.isfinite, numbers)):
        raise argparse.ArgumentTypeError(
            f"expected three numbers such as 0.485,0.456,0.406, found {text!r}"
        )
    return str(tuple(numbers))


def spread(text):
    """Three numbers that pixels may be divided by."""
    numbers = triple(text)
    if not all(1e-6 <= float(part) <= 1000 for part in text.split(",")):
        raise argparse.ArgumentTypeError(f"expected numbers above 0, found {text!r}")
    return numbers


def side(text):
    """The side of the square pictures that the network is made for."""
    if not text.isdecimal() or not 8 <= int(text) <= 1024:
        raise argparse.ArgumentTypeError(f"expected a side of 8 to 1024 pixels, found {text!r}")
    return text


def load(source, torch, load_file):
    """What the file holds, and its metadata where it is safetensors already."""
    if source.suffix != ".safetensors":
        return torch.load(source, map_location="cpu", weights_only=True), {}
    from safetensors import safe_open

    with safe_open(source, "pt") as file:
        metadata = file.metadata() or {}
    return load_file(source), metadata


def convert(source, target, metadata):
    """Reads `source`, writes `target` with `metadata`, whole or not at all; returns the number of tensors."""
    try:
        import torch
        from safetensors.torch import load_file, save_file
    except ImportError as error:
        raise ConversionError(
            f"needs PyTorch and safetensors ({error}): pip install torch safetensors"
        ) from error
    if target.suffix != ".safetensors":
        raise ConversionError(f"{target}: expected a name that ends in .safetensors")
    try:
        checkpoint, known = load(source, torch, load_file)
    except FileNotFoundError as error:
        raise ConversionError(f"{source}: no such file") from error
    except pickle.UnpicklingError as error:
        # torch's own text advises to switch the protection off: not repeated here.
        raise ConversionError(
            f"{source}: expected a checkpoint of tensors only; this one holds other objects "
            "(a whole model, perhaps: save model.state_dict() instead) or is broken"
        ) from error
    except Exception as error:  # torch raises half a dozen types for broken files
        reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise ConversionError(
            f"{source}: expected a checkpoint that PyTorch can read, found: {reason}"
        ) from error
    tensors = prepared(find_state_dict(checkpoint, torch), torch)
    handle, temporary = tempfile.mkstemp(dir=target.parent, suffix=".part")
    os.close(handle)
    try:
        save_file(tensors, temporary, metadata={**known, **metadata, "format": "pt"})
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except BaseException:
        pathlib.Path(temporary).unlink(missing_ok=True)
        raise
    return len(tensors)


def main():
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        description="Turn a PyTorch checkpoint into safetensors, without running its code."
    )
    parser.add_argument("source", type=pathlib.Path, help="a .pth, .pt or .safetensors file")
    parser.add_argument(
        "target", type=pathlib.Path, nargs="?", help="default: SOURCE with .safetensors"
    )
    parser.add_argument("--side", type=side, help="the side of its pictures in pixels")
    parser.add_argument("--mean", type=triple, help="what is taken off red, green and blue in 0 to 1")
    parser.add_argument("--std", type=spread, help="what they are divided by then")
    arguments = parser.parse_args()
    if (arguments.mean is None) != (arguments.std is None):
        parser.error("expected --mean and --std together")
    target = arguments.target or arguments.source.with_suffix(".safetensors")
    if target == arguments.source:
        parser.error(f"expected another file than {target} to write to")
    named = {key: getattr(arguments, key) for key in ("side", "mean", "std")}
    metadata = {key: value for key, value in named.items() if value is not None}
    try:
        count = convert(arguments.source, target, metadata)
    except (ConversionError, OSError) as error:
        print(f"convert.py: {error}", file=sys.stderr)
        return 1
    print(f"{target}: {count} tensors")
    return 0


if __name__ == "__main__":
    sys.exit(main())

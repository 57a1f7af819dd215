#!/usr/bin/env python3
"""Turns a PyTorch checkpoint (.pth, .pt) into safetensors, once, on a machine that has PyTorch.

    pip install torch safetensors
    tools/convert.py WEIGHTS.pth WEIGHTS.safetensors
    cleansight model import WEIGHTS.safetensors --output DIR

A .pth is a pickle, and a pickle can run code when it is loaded: CleanSight itself never loads one.
Here torch.load(weights_only=True) refuses everything but tensors and plain containers.
"""

import argparse
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


def convert(source, target):
    """Reads `source`, writes `target` whole or not at all; returns the number of tensors."""
    try:
        import torch
        from safetensors.torch import save_file
    except ImportError as error:
        raise ConversionError(
            f"needs PyTorch and safetensors ({error}): pip install torch safetensors"
        ) from error
    if target.suffix != ".safetensors":
        raise ConversionError(f"{target}: expected a name that ends in .safetensors")
    try:
        checkpoint = torch.load(source, map_location="cpu", weights_only=True)
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
        save_file(tensors, temporary, metadata={"format": "pt"})
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
    parser.add_argument("source", type=pathlib.Path, help="a .pth or .pt file")
    parser.add_argument(
        "target", type=pathlib.Path, nargs="?", help="default: SOURCE with .safetensors"
    )
    arguments = parser.parse_args()
    target = arguments.target or arguments.source.with_suffix(".safetensors")
    try:
        count = convert(arguments.source, target)
    except (ConversionError, OSError) as error:
        print(f"convert.py: {error}", file=sys.stderr)
        return 1
    print(f"{target}: {count} tensors")
    return 0


if __name__ == "__main__":
    sys.exit(main())

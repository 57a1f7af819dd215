#!/usr/bin/env python3
r"""Makes the default model of `models/default`: trunk, detector, export, measurement.

Needs Python 3.11, torch, torchvision, safetensors, numpy and Pillow. The steps in order; the
model's card names the commands with which the shipped weights were made:

    tools/train_default_model.py scenes   --cleansight .build/release/cleansight --output WORK/scenes
    tools/train_default_model.py pretrain --imagenette DIR --voc DIR --output WORK/trunk.pt
    tools/train_default_model.py detect   --trunk WORK/trunk.pt --voc DIR --scenes WORK/scenes \
                                          --output WORK/detector.pt
    tools/train_default_model.py export   --checkpoint WORK/detector.pt --output models/default
    tools/train_default_model.py evaluate --model models/default --data DIR --split test

Training stops by the clock (`--minutes`): the learning rate is a function of the share of the time
that has gone, so that a slow machine ends with a finished, if less trained, model. Random numbers
come from `--seed`, but because the clock decides the number of steps, two runs differ.
"""

import argparse
import importlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

STEPS = {
    "pretrain": "training.pretrain",
    "scenes": "training.scenes",
    "detect": "training.detect",
    "export": "training.export",
    "evaluate": "training.evaluate",
}


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in STEPS:
        sys.exit(f"{__doc__}\nexpected one of {', '.join(STEPS)} as the first argument")
    step = importlib.import_module(STEPS[sys.argv[1]])
    parser = argparse.ArgumentParser(
        prog=f"train_default_model.py {sys.argv[1]}",
        description=step.__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    step.add_arguments(parser)
    step.run(parser.parse_args(sys.argv[2:]))


if __name__ == "__main__":
    main()

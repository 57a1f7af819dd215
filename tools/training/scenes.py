"""Renders scenes with `cleansight scene render`, several frames of many seeds, into one data set."""

import argparse
import pathlib
import shutil
import subprocess
import tempfile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cleansight", type=pathlib.Path, required=True, help="the executable")
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--frames", type=int, default=3, help="frames of each seed")
    parser.add_argument("--stride", type=int, default=1013, help="frames from one to the next")
    parser.add_argument("--output", type=pathlib.Path, required=True)


def run(arguments: argparse.Namespace) -> None:
    names = []
    for folder in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (arguments.output / folder).mkdir(parents=True, exist_ok=True)
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                [
                    arguments.cleansight, "scene", "render", "--seed", str(seed),
                    "--count", str(arguments.frames), "--stride", str(arguments.stride),
                    "--first", str(seed % 7 * 131), "--output", folder,
                ],
                check=True, stdout=subprocess.DEVNULL)
            part = pathlib.Path(folder)
            for name in (part / "ImageSets/Main/train.txt").read_text().split():
                shutil.move(part / "JPEGImages" / f"{name}.jpg", arguments.output / "JPEGImages")
                shutil.move(part / "Annotations" / f"{name}.xml", arguments.output / "Annotations")
                names.append(name)
    (arguments.output / "ImageSets/Main/train.txt").write_text("\n".join(names) + "\n")
    print(f"{len(names)} pictures in {arguments.output}")

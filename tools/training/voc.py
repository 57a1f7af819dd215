"""Reads data sets in the layout of PASCAL VOC: JPEGImages, Annotations, ImageSets/Main."""

import pathlib
import xml.etree.ElementTree as ElementTree

CLASSES = ["person", "car", "bus", "train", "cat"]


def image_names(root: pathlib.Path, split: str) -> list[str]:
    return (root / "ImageSets" / "Main" / f"{split}.txt").read_text().split()


def objects(root: pathlib.Path, name: str) -> list[tuple[str, list[float], bool]]:
    """(class, [x1, y1, x2, y2], difficult) of each known object; VOC counts pixels from 1."""
    found = []
    tree = ElementTree.parse(root / "Annotations" / f"{name}.xml")
    for node in tree.getroot().iter("object"):
        label = node.findtext("name", "")
        if label not in CLASSES:
            continue
        corner = node.find("bndbox")
        box = [float(corner.findtext(key)) for key in ("xmin", "ymin", "xmax", "ymax")]
        box[0] -= 1
        box[1] -= 1
        difficult = node.findtext("difficult", "0").strip() == "1"
        if box[2] - box[0] >= 1 and box[3] - box[1] >= 1:
            found.append((label, box, difficult))
    return found

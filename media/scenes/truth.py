# SPDX-License-Identifier: MIT
"""Ground truth as COCO annotations: boxes and masks of the visible pixels."""
import numpy as np
from pycocotools import mask as coco_mask

from .scene import CLASSES

SMALL_AREA = 100   # Pixels: below, or shown less than SHOWN_LEAST, an object counts as a crowd and costs no one anything
SHOWN_LEAST = 0.30


def categories():
    return [{"id": identifier, "name": name, "supercategory": "street"} for identifier, name in CLASSES.items()]


def annotate(scene, frame):
    """[{category_id, track (the same in all frames), bbox, area, segmentation (RLE), iscrowd, shown}] of one frame, without ids."""
    category = {thing.number: thing.category for thing in scene.things if thing.category}
    found = []
    for number, shown in frame.shown.items():
        mask = frame.numbers == number
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        area = int(mask.sum())
        left, top = int(columns[0]), int(rows[0])
        coded = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
        found.append({"category_id": category[number], "track": number, "bbox": [left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top], "area": area,
                      "segmentation": {"size": [int(side) for side in coded["size"]], "counts": coded["counts"].decode()},
                      "iscrowd": int(area < SMALL_AREA or shown < SHOWN_LEAST), "shown": round(shown, 3)})
    return found


def dataset(description, images, annotations):
    """The whole of an instances.json; `annotations`: one list per image."""
    numbered = [dict(annotation, id=0, image_id=image["id"]) for image, found in zip(images, annotations) for annotation in found]
    for identifier, annotation in enumerate(numbered, 1):
        annotation["id"] = identifier
    return {"info": {"description": description}, "licenses": [], "categories": categories(), "images": images, "annotations": numbered}

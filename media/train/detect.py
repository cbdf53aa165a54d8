# SPDX-License-Identifier: MIT
"""Detections of exported weights in PyTorch, as a COCO results file: the reference that the project's engine must equal.

    python3 -m train.detect --weights ../default.safetensors --dataset D/instances.json --images D --out results.json
"""
import argparse
import json
import pathlib
import sys

import numpy as np
import torch
from pycocotools import mask as coco_mask
from safetensors.torch import load_file
from tqdm import tqdm

from scenes.scene import CLASSES
from scenes.size import parse_size

from . import checkpoint
from .inference import detect, paste, read_picture, to_image
from .model import MaskRCNN


def results_of(found, image_id, network, image):
    """COCO results of one image from detections in the network's frame."""
    order, results = list(CLASSES), []
    boxes, scores, classes, masks = (tensor.cpu() for tensor in found)
    boxes, kept = to_image(boxes, network, image)
    for box, score, label, mask in zip(boxes[kept], scores[kept], classes[kept], masks[kept]):
        x0, y0, x1, y1 = box.tolist()
        coded = coco_mask.encode(np.asfortranarray(paste(mask, box, *image)))
        results.append({"image_id": image_id, "category_id": order[label], "bbox": [x0, y0, x1 - x0, y1 - y0], "score": float(score),
                        "segmentation": {"size": list(map(int, coded["size"])), "counts": coded["counts"].decode()}})
    return results


def main(arguments):
    parser = argparse.ArgumentParser(prog="python3 -m train.detect", description="Detects with exported weights in PyTorch.")
    add = parser.add_argument
    add("--weights", type=pathlib.Path, required=True)
    add("--dataset", type=pathlib.Path, required=True)
    add("--images", type=pathlib.Path, required=True)
    add("--out", type=pathlib.Path, required=True)
    add("--size", type=parse_size, default="800x800", help="of the network's input; pictures are stretched to it (default 800x800)")
    add("--threshold", type=float, default=0.05)
    add("--limit", type=int, default=0, help="use the first so many images")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args(arguments)
    width, height = options.size
    model = MaskRCNN()
    checkpoint.restore(model, {name: tensor.float() for name, tensor in load_file(str(options.weights)).items()})
    model = model.to(options.device).eval()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False  # A reference is exact
    images, results = json.loads(options.dataset.read_text())["images"], []
    for image in tqdm(images[:options.limit or None], unit="image", disable=not sys.stderr.isatty()):
        picture, size = read_picture(options.images / image["file_name"], width, height)
        found = detect(model, picture[None].to(options.device), options.threshold)[0]
        results += results_of(found, image["id"], (width, height), size)
    options.out.write_text(json.dumps(results))
    print(f"{len(results)} detections in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

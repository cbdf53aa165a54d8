# SPDX-License-Identifier: MIT
"""Milliseconds of torchvision's roi_align, level by level as Detectron2's pooler calls it, on one thread.

    python bench/peers/roi_align_torchvision.py SHARED/golden/expected
The same boxes and features as bench/roi_align_bench.cpp; see requirements.txt.
"""
import argparse
import pathlib
import time

import numpy as np
import torch
import torchvision

from network import pool

FRAMES = {
    "r101": ("proposals_faster_rcnn_R_101_FPN_3x_800.npz", 1.0),
    "r50": ("stages_faster_rcnn_R_50_FPN_3x_320.npz", 2.5),
}


def features():
    maps = []
    for side in (200, 100, 50, 25):
        values = np.arange(256 * side * side) % 97 * np.float32(0.01)
        maps.append(torch.from_numpy(values.astype(np.float32).reshape(1, 256, side, side)))
    return maps


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("golden", type=pathlib.Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--bins", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    maps = features()
    for name, (file, scale) in FRAMES.items():
        boxes = torch.from_numpy(np.load(options.golden / file)["proposals_xyxy"]) * scale
        times = []
        for _ in range(options.repeats):
            begin = time.perf_counter()
            pool(maps, boxes, options.bins)
            times.append((time.perf_counter() - begin) * 1e3)
        print(f"{name}: torchvision {torchvision.__version__} roi_align {options.bins}x{options.bins} of "
              f"{len(boxes)} regions, one thread: median {np.median(times):.1f} ms, best {min(times):.1f} ms")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""Writes a folder of images and their instances.json.

    python3 -m scenes --seed 7 --count 1000 --out DIR [--size 800x800] [--format jpg|png] [--processes N]

Image k is the scene of seed `seed + k`, whatever the count. The same seed gives the same bytes on the same renderer (graphics
driver or version of Mesa); between renderers colours differ by rounding, and edges by a pixel here and there.
"""
import argparse
import json
import multiprocessing
import os
import pathlib
import sys

import cv2
from tqdm import tqdm


def parse(arguments):
    parser = argparse.ArgumentParser(prog="python3 -m scenes", description="Makes street scenes with exact ground truth in COCO's format.")
    parser.add_argument("--seed", type=int, default=0, help="first scene (default 0)")
    parser.add_argument("--count", type=int, default=10, help="how many scenes (default 10)")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for the images and instances.json")
    parser.add_argument("--size", default="800x800", help="WIDTHxHEIGHT; a square picture shows a sensor of any shape, squeezed, as the pipeline's stretch does (default 800x800)")
    parser.add_argument("--format", choices=("jpg", "png"), default="jpg")
    parser.add_argument("--processes", type=int, default=1, help="scenes made at a time (default 1)")
    options = parser.parse_args(arguments)
    try:
        options.width, options.height = (int(side) for side in options.size.split("x"))
    except ValueError:
        parser.error(f"--size {options.size}: expected WIDTHxHEIGHT, such as 800x800")
    if options.count < 1 or min(options.width, options.height) < 32 or max(options.width, options.height) > 4096:
        parser.error("--count begins at 1, sides lie in 32..4096")
    return options


class Maker:
    """Makes scenes of one size; each process has its own, with its own OpenGL context."""

    def __init__(self, width, height):
        from .renderer import Renderer
        self.renderer = Renderer(width, height)
        self.aspect = None if width == height else width / height

    def make(self, seed):
        """RGB u8 [H, W, 3] and its annotations."""
        from .lens import expose
        from .street import draw_world
        from .truth import annotate
        scene = draw_world(seed, self.aspect).at(0.0)
        frame = self.renderer.draw(scene)
        return expose(frame.picture, scene.lens), annotate(scene, frame)


def start_process(width, height, folder, suffix):
    os.environ.setdefault("LP_NUM_THREADS", "1")  # llvmpipe would start a thread per CPU in every process
    global maker, target
    maker, target = Maker(width, height), (folder, suffix)


def make_file(seed):
    picture, annotations = maker.make(seed)
    name = f"{seed:08d}.{target[1]}"
    quality = (cv2.IMWRITE_JPEG_QUALITY, 92) if target[1] == "jpg" else ()
    if not cv2.imwrite(str(target[0] / name), picture[..., ::-1], quality):
        raise OSError(f"cannot write {target[0] / name}")
    return name, annotations


def main(arguments):
    options = parse(arguments)
    from .truth import dataset
    options.out.mkdir(parents=True, exist_ok=True)
    seeds = range(options.seed, options.seed + options.count)
    setup = (options.width, options.height, options.out, options.format)
    images, annotations = [], []
    with multiprocessing.get_context("spawn").Pool(options.processes, start_process, setup) as pool:
        made = pool.imap(make_file, seeds, chunksize=4)
        for seed, (name, found) in zip(seeds, tqdm(made, total=options.count, unit="scene", disable=not sys.stderr.isatty())):
            images.append({"id": seed, "file_name": name, "width": options.width, "height": options.height})
            annotations.append(found)
    text = json.dumps(dataset(f"Street scenes of seeds {seeds[0]} to {seeds[-1]}", images, annotations))
    (options.out / "instances.json").write_text(text)
    print(f"{options.count} images and {sum(map(len, annotations))} objects in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

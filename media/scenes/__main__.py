# SPDX-License-Identifier: MIT
"""Writes a folder of images and their instances.json.

    python3 -m scenes --seed 7 --count 1000 --out DIR [--size 800x800] [--format jpg|png] [--quality 92] [--processes N]

Image k is the scene of seed `seed + k`, whatever the count. The same seed gives the same bytes on the same renderer (graphics
driver or version of Mesa); between renderers colours differ by rounding, and edges by a pixel here and there.
"""
import argparse
import json
import pathlib
import sys

from tqdm import tqdm

from . import maker
from .size import parse_size
from .truth import dataset


def parse(arguments):
    parser = argparse.ArgumentParser(prog="python3 -m scenes", description="Makes street scenes with exact ground truth in COCO's format.")
    parser.add_argument("--seed", type=int, nargs="+", default=[0], help="first scene, or several firsts (default 0)")
    parser.add_argument("--count", type=int, default=10, help="how many scenes from each first (default 10)")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for the images and instances.json")
    parser.add_argument("--size", type=parse_size, default="800x800", help="WIDTHxHEIGHT (default 800x800); a square shows a sensor of any shape, squeezed as by the pipeline")
    parser.add_argument("--quality", type=int, default=92, help="of jpg files, 1..100 (default 92)")
    parser.add_argument("--format", choices=("jpg", "png"), default="jpg")
    parser.add_argument("--processes", type=int, default=1, help="scenes made at a time (default 1)")
    options = parser.parse_args(arguments)
    seeds = options.seeds = [first + step for first in options.seed for step in range(options.count)]
    if options.count < 1 or options.processes < 1 or not 1 <= options.quality <= 100:
        parser.error("--count and --processes begin at 1, --quality lies in 1..100")
    if min(seeds) < 0 or len(set(seeds)) < len(seeds):
        parser.error(f"--seed {' '.join(map(str, options.seed))}: seeds begin at 0, and of {options.count} scenes each no two may overlap: a scene is one image")
    return options


def main(arguments):
    options = parse(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    seeds, (width, height) = options.seeds, options.size
    setup = (width, height, options.out, options.format, options.quality)
    images, annotations = [], []
    with maker.processes(options.processes, *setup) as pool:
        made = pool.map(maker.make_file, seeds, chunksize=4)
        for seed, (name, found) in zip(seeds, tqdm(made, total=len(seeds), unit="scene", disable=not sys.stderr.isatty())):
            images.append({"id": seed, "file_name": name, "width": width, "height": height})
            annotations.append(found)
    text = json.dumps(dataset(f"Street scenes of seeds {', '.join(f'{first} to {first + options.count - 1}' for first in options.seed)}", images, annotations))
    (options.out / "instances.json").write_text(text)
    print(f"{len(seeds)} images and {sum(map(len, annotations))} objects in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

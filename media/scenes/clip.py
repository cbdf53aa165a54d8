# SPDX-License-Identifier: MIT
"""Writes a video of a street and its ground truth.

    python3 -m scenes.clip --seed 7 --out clip.mp4 [--view mast] [--size 640x360] [--seconds 10] [--bitrate 1400]

Beside the video: clip.json, the COCO annotations of every tenth frame (image ids are frame numbers) with a "track" per object.
GStreamer's x264enc encodes it.
"""
import argparse
import json
import pathlib
import subprocess
import sys

from tqdm import tqdm

RATE, ANNOTATED_EVERY = 25, 10


def encoder(path, width, height, bitrate):
    source = f"fdsrc fd=0 ! rawvideoparse format=rgb width={width} height={height} framerate={RATE}/1"
    coding = f"x264enc bitrate={bitrate} speed-preset=slow key-int-max=50 threads=1 ! h264parse ! mp4mux faststart=true"
    line = f"{source} ! videoconvert ! video/x-raw,format=I420 ! {coding} ! filesink location={path}"
    return subprocess.Popen(["gst-launch-1.0", "-q", *line.split()], stdin=subprocess.PIPE)


def make(options):
    from .lens import expose
    from .renderer import Renderer
    from .street import draw_world
    from .truth import annotate, dataset
    width, height = (int(side) for side in options.size.split("x"))
    world = draw_world(options.seed, width / height, options.seconds, options.view)
    lens = world.lens
    lens.noise, lens.quality, lens.motion, lens.detail, lens.blur = 0.004, 97, (0.0, 0.0), 1.0, 0.0
    renderer = Renderer(width, height)
    images, annotations = [], []
    running = encoder(options.out, width, height, options.bitrate)
    for index in tqdm(range(int(options.seconds * RATE)), unit="frame", disable=not sys.stderr.isatty()):
        scene = world.at(index / RATE)
        lens.seed = index
        frame = renderer.draw(scene)
        running.stdin.write(expose(frame.picture, lens).tobytes())
        if index % ANNOTATED_EVERY == 0:
            images.append({"id": index, "file_name": f"{options.out.name}#{index}", "width": width, "height": height})
            annotations.append(annotate(scene, frame))
    running.stdin.close()
    if running.wait():
        raise OSError("gst-launch-1.0 could not encode the video")
    text = json.dumps(dataset(f"Every tenth frame of {options.out.name}", images, annotations), separators=(",", ":"))
    options.out.with_suffix(".json").write_text(text + "\n")


def main(arguments):
    parser = argparse.ArgumentParser(prog="python3 -m scenes.clip", description="Makes a video of a street with exact ground truth.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--view", choices=("pavement", "driver", "mast", "steep"), default="mast")
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--bitrate", type=int, default=1400, help="kbit/s")
    make(parser.parse_args(arguments))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

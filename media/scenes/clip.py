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

from .size import parse_size

RATE, ANNOTATED_EVERY = 25, 10


def encoder(path, width, height, bitrate):
    """A process that encodes the RGB u8 [height, width, 3] written to its input."""
    # Without its stride the parser takes rows to be padded to multiples of 4 bytes.
    source = f"fdsrc fd=0 ! rawvideoparse format=rgb width={width} height={height} framerate={RATE}/1 plane-strides=<{3 * width}> frame-size={3 * width * height}"
    coding = f"x264enc bitrate={bitrate} speed-preset=slow key-int-max=50 threads=1 ! h264parse ! mp4mux faststart=true"
    line = f"{source} ! videoconvert ! video/x-raw,format=I420 ! {coding} ! fdsink fd={{}}"
    with open(path, "wb") as file:  # Opened here: in gst-launch's language a name could mean something
        return subprocess.Popen(["gst-launch-1.0", "-q", *line.format(file.fileno()).split()], stdin=subprocess.PIPE, pass_fds=[file.fileno()])


def make(options):
    from .lens import expose
    from .renderer import Renderer
    from .street import draw_world
    from .truth import annotate, dataset
    width, height = options.size
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
        try:
            running.stdin.write(expose(frame.picture, lens).tobytes())
        except BrokenPipeError:  # It has said why on standard error
            break
        if index % ANNOTATED_EVERY == 0:
            images.append({"id": index, "file_name": f"{options.out.name}#{index}", "width": width, "height": height})
            annotations.append(annotate(scene, frame))
    running.communicate()
    if running.returncode:
        raise SystemExit(f"{options.out}: gst-launch-1.0 could not encode the video")
    text = json.dumps(dataset(f"Every tenth frame of {options.out.name}", images, annotations), separators=(",", ":"))
    options.out.with_suffix(".json").write_text(text + "\n")


def main(arguments):
    parser = argparse.ArgumentParser(prog="python3 -m scenes.clip", description="Makes a video of a street with exact ground truth.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--view", choices=("pavement", "driver", "mast", "steep"), default="mast")
    parser.add_argument("--size", type=parse_size, default="640x360", help="WIDTHxHEIGHT, even numbers (default 640x360)")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--bitrate", type=int, default=1400, help="kbit/s")
    options = parser.parse_args(arguments)
    if any(side % 2 for side in options.size):
        parser.error(f"--size is {options.size[0]}x{options.size[1]}; H.264 has a colour per two rows and columns, so give even numbers")
    if options.seconds * RATE < 1:
        parser.error(f"--seconds is {options.seconds}; a frame takes {1 / RATE}")
    make(options)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# SPDX-License-Identifier: MIT
"""Whole frames of Faster R-CNN R_50-FPN or R_101-FPN, resize to detections, by this project and its peers.

    python bench/peers/whole_frames.py --weights W.safetensors --model M.rcnn --bench build/bench/frames_bench -o frames.json
    python bench/peers/whole_frames.py --weights W.safetensors --precision bf16 --model BF16.rcnn --bench ...
    python bench/peers/whole_frames.py --weights W.safetensors --precision int8 --calibrate FOLDER --cache DIR --model INT8.rcnn ...
    python bench/peers/whole_frames.py --weights W.safetensors --verify DETECTIONS.json --images FOLDER
All have two threads and the same weights (the model is compiled from them) and take turns in one run; the median of the
rounds counts, and ratios are taken round by round. Milliseconds per frame are 1 / throughput. PyTorch runs as Detectron2
does, operator by operator with batch norms of their own, in f32 whatever the precision, in bf16 with autocast as well;
OpenVINO runs the whole network and its heavy parts alone (no resize, proposals, RoIAlign or NMS), as one stream of two
threads and as two streams; ONNX Runtime the heavy parts alone, in f32. In int8 OpenVINO's networks are quantised by NNCF
with the pictures that `neuron-rcnn compile --calibrate FOLDER` takes.
--verify shows that the network that PyTorch and OpenVINO run is Detectron2's. Peers that are not installed are left out.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time
import warnings

import numpy as np
import torch
from tqdm import tqdm

from frame_peers import MAKERS, peers
from network import FasterRcnn, prepared

OURS, DIRECT, LIBRARY = "gst-neuron-rcnn", "gst-neuron-rcnn, deterministic", "oneDNN's convolutions and matrices alone"


class Ours:
    """frames_bench, in one process for all rounds as the peers are: memory that is new to a process is slower for seconds."""

    def __init__(self, options, rounds):
        self.options, self.file = options, tempfile.NamedTemporaryFile(suffix=".json")
        self.process = subprocess.Popen([options.bench, options.model, "--frames", str(options.frames), "--rounds", str(rounds),
                                         "--on-request", "--json", self.file.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run_round(self):
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # It has said why on standard error
        if not self.process.stdout.readline().startswith("round"):
            raise SystemExit(f"{self.options.bench} ended with {self.process.wait()}")

    def found(self):
        """What it found, with milliseconds per frame as lists, a round each."""
        time.sleep(2)  # Other libraries' threads go on spinning for a while, and it is about to look where the time goes
        self.process.communicate()  # Ends its input, which it waits for
        if self.process.returncode != 0:
            raise SystemExit(f"{self.options.bench} ended with {self.process.returncode}")
        found = json.load(self.file)
        wanted = {"precision": self.options.precision, "input": f"stretch:{self.options.side}x{self.options.side}"}
        if {name: found[name] for name in wanted} != wanted:
            raise SystemExit(f"{self.options.model} is of {found['precision']}, {found['input']}, not {' '.join(wanted.values())}")
        return found


def measure(options):
    picture = np.random.default_rng(7).integers(0, 256, (480, 640, 3), np.uint8)
    trial = Ours(options, 1)
    trial.run_round()
    trial.found()  # Refuses the wrong model before peers are made
    network = FasterRcnn(options.depth, options.side).load(options.weights).eval()
    others = peers(network, options)
    for frames in tqdm(others.values(), "warm-up", disable=None):
        frames(picture, 2)
    rounds, ours = [], Ours(options, options.rounds + 1)
    ours.run_round()  # Warm-up
    for _ in tqdm(range(options.rounds), "rounds", disable=None):
        ours.run_round()
        times = {}
        for name, frames in others.items():
            begin = time.perf_counter()
            frames(picture, options.frames)
            times[name] = (time.perf_counter() - begin) * 1e3 / options.frames
        rounds.append(times)
    found = ours.found()
    for name, key in ((OURS, "whole_frame_ms"), (DIRECT, "all_direct_ms"), (LIBRARY, "library_alone_ms")):
        for times, ms in zip(rounds, found[key][1:]):
            times[name] = ms
    report(options, rounds, found)


def report(options, rounds, found):
    rows = []
    for name in rounds[0]:
        ratios = [times[name] / times[OURS] for times in rounds]
        rows.append({"name": name, "ms": statistics.median(times[name] for times in rounds), "times_ours": statistics.median(ratios),
                     "lowest": min(ratios), "highest": max(ratios)})
    rows.sort(key=lambda row: row["ms"])
    print(f"R_{options.depth}-FPN, {options.side}x{options.side}, {options.precision}, two threads, "
          f"{options.rounds} rounds of {options.frames} frames")
    for row in rows:
        print(f"{row['name']:64} {row['ms']:8.1f} ms  {row['times_ours']:5.2f} times ours ({row['lowest']:.2f}..{row['highest']:.2f})")
    print(f"ours after the last round: between convolutions and matrices {found['between_share']:.1%} of the work, cores busy "
          f"{found['core_busy_share']:.1%} of the time, at {found['share_of_peak']:.2f} of their peak in {found['multiplied']}")
    if options.output:
        options.output.write_text(json.dumps({"depth": options.depth, "side": options.side, "precision": options.precision,
                                              "rounds": rounds, "rows": rows, "ours": found}, indent=1) + "\n")


def overlap(one, others):
    corner, end = np.maximum(one[:2], others[:, :2]), np.minimum(one[2:], others[:, 2:])
    shared = np.prod(np.clip(end - corner, 0, None), 1)
    area = lambda boxes: np.prod(boxes[..., 2:] - boxes[..., :2], -1)
    return shared / (area(one) + area(others) - shared)


def verify(options):
    import cv2
    network = FasterRcnn(options.depth, options.side).load(options.weights).eval()
    found_all = True
    for image in json.loads(options.verify.read_text())["images"][:options.frames]:
        picture = cv2.imread(str(options.images / image["file"]))
        if picture is None:
            raise SystemExit(f"{options.images / image['file']} is not there or cannot be decoded; --images names the folder of the pictures of {options.verify}")
        with torch.inference_mode():
            boxes, scores, classes = (each.numpy() for each in network(prepared(picture, options.side)))
        boxes = boxes * np.tile([picture.shape[1], picture.shape[0]], 2) / options.side
        reference = image["image_frame"]
        wanted = zip(np.array(reference["boxes_xyxy"]), reference["scores"], reference["classes"])
        found = sum(bool(np.any((classes == kind) & (np.abs(scores - score) < 1e-3) & (overlap(box, boxes) >= 0.99)))
                    for box, score, kind in wanted)
        found_all &= found >= 0.99 * len(reference["scores"])
        print(f"{image['file']}: {found} of {len(reference['scores'])} of the reference's detections found")
    if not found_all:
        raise SystemExit("this is not Detectron2's network")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--weights", required=True, help=".safetensors file with Detectron2's names")
    add("--depth", type=int, default=50, choices=(50, 101))
    add("--side", type=int, default=800)
    add("--precision", default="f32", choices=MAKERS, help="of all but PyTorch f32; the model's, too")
    add("--calibrate", type=pathlib.Path, help="for int8: the folder of pictures that the model was calibrated with")
    add("--cache", type=pathlib.Path, help="for int8: folder where OpenVINO's quantised networks are kept")
    add("--frames", type=int, default=8, help="frames a round; images that --verify looks at")
    add("--rounds", type=int, default=3)
    add("--model", help="the artifact compiled from these weights, --input stretch:SIDExSIDE --precision PRECISION")
    add("--bench", help="build/bench/frames_bench")
    add("-o", "--output", type=pathlib.Path, help="JSON; bench/plot_frames.py draws it")
    add("--verify", type=pathlib.Path, help="recorded detections to compare with instead")
    add("--images", type=pathlib.Path, help="folder of the pictures that --verify needs")
    options = parser.parse_args()
    if pathlib.Path(options.weights).suffix != ".safetensors":
        parser.error(f"--weights {options.weights} is no .safetensors file, which is what this reads: convert it, names and all, with safetensors.torch.save_file")
    torch.set_num_threads(2)
    torch.manual_seed(0)
    warnings.simplefilter("ignore")
    if options.verify:
        if not options.images:
            parser.error("--verify needs --images")
        return verify(options)
    if not options.model or not options.bench:
        parser.error("--model and --bench are needed, or --verify")
    if (options.precision == "int8") != bool(options.calibrate):
        parser.error("--calibrate goes with --precision int8")
    return measure(options)


if __name__ == "__main__":
    main()

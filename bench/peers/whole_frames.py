# SPDX-License-Identifier: MIT
"""Whole frames of Faster R-CNN R_50-FPN or R_101-FPN, resize to detections, f32, by this project and its peers.

    python bench/peers/whole_frames.py --weights W.safetensors --model M.rcnn --bench build/bench/frames_bench -o frames.json
    python bench/peers/whole_frames.py --weights W.safetensors --verify DETECTIONS.json --images FOLDER
All have two threads and the same weights (the model is compiled from them) and take turns in one run; the median of the
rounds counts, and ratios are taken round by round. Milliseconds per frame are 1 / throughput. PyTorch runs as Detectron2
does, operator by operator with batch norms of their own; OpenVINO runs the whole network and its heavy parts alone (no
resize, proposals, RoIAlign or NMS), as one stream of two threads and as two streams; ONNX Runtime the heavy parts alone.
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
from PIL import Image
from tqdm import tqdm

from network import BackboneRpn, BoxHead, FasterRcnn

OURS, DIRECT, LIBRARY = "gst-neuron-rcnn", "gst-neuron-rcnn, deterministic", "oneDNN's convolutions and matrices alone"
PYTORCH, OPENVINO, ONNX = "PyTorch eager", "OpenVINO", "ONNX Runtime"
PARTS = "backbone + RPN head + box head alone"


def prepared(picture, side):
    """Detectron2's ResizeTransform, then [1, 3, side, side]."""
    resized = np.asarray(Image.fromarray(picture).resize((side, side), Image.BILINEAR))
    return torch.from_numpy(np.ascontiguousarray(resized.transpose(2, 0, 1), dtype=np.float32))[None]


def make_pytorch(network, side):
    def frames(picture, count):
        with torch.inference_mode():
            for _ in range(count):
                network(prepared(picture, side))

    return {PYTORCH: frames}


def openvino_frames(models, streams, feeds):
    import openvino
    settings = {"INFERENCE_NUM_THREADS": 2, "NUM_STREAMS": streams, "INFERENCE_PRECISION_HINT": "f32"}
    queues = [openvino.AsyncInferQueue(openvino.Core().compile_model(model, "CPU", settings), streams) for model in models]

    def frames(picture, count):
        for queue, feed in zip(queues, feeds):
            for _ in range(count):
                queue.start_async(feed(picture))
            queue.wait_all()

    return frames


def make_openvino(network, side):
    import openvino
    examples = [torch.rand(1, 3, side, side) * 255, torch.rand(1, 3, side, side), torch.rand(1000, 256, 7, 7)]
    whole, *parts = (openvino.convert_model(module.eval(), example_input=example, input=list(example.shape))
                     for module, example in zip((network, BackboneRpn(network), BoxHead(network)), examples))
    result = {}
    for streams in (1, 2):
        name = f"{streams} stream{'s' * (streams > 1)}"
        result[f"{OPENVINO}, whole network, {name}"] = openvino_frames([whole], streams, [lambda picture: prepared(picture, side).numpy()])
        feeds = [lambda _, fixed=example.numpy(): fixed for example in examples[1:]]
        result[f"{OPENVINO}, {PARTS}, {name}"] = openvino_frames(parts, streams, feeds)
    return result


def make_onnxruntime(network, side):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    sessions = []
    for part, shape in ((BackboneRpn(network), (1, 3, side, side)), (BoxHead(network), (1000, 256, 7, 7))):
        with tempfile.TemporaryDirectory() as folder:
            torch.onnx.export(part.eval(), (torch.rand(shape),), folder + "/part.onnx", dynamo=False)
            session = onnxruntime.InferenceSession(folder + "/part.onnx", options, ["CPUExecutionProvider"])
        sessions.append((session, {session.get_inputs()[0].name: np.random.default_rng(0).random(shape, np.float32)}))

    def frames(_, count):
        for _ in range(count):
            for session, feed in sessions:
                session.run(None, feed)

    return {f"{ONNX}, {PARTS}": frames}


def ours(options):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run([options.bench, options.model, "--frames", str(options.frames), "--rounds", "1", "--json", file.name],
                       check=True, stdout=subprocess.DEVNULL)
        found = json.load(file)
    return {OURS: found["whole_frame_ms"], DIRECT: found["all_direct_ms"], LIBRARY: found["library_alone_ms"]}


def measure(options):
    picture = np.random.default_rng(7).integers(0, 256, (480, 640, 3), np.uint8)
    network = FasterRcnn(options.depth, options.side).load(options.weights).eval()
    peers = {}
    for make in (make_pytorch, make_openvino, make_onnxruntime):
        try:
            peers.update(make(network, options.side))
        except ImportError as error:
            print(f"left out: {error}")
    for frames in tqdm(peers.values(), "warm-up", disable=None):
        frames(picture, 2)
    rounds = []
    for _ in tqdm(range(options.rounds), "rounds", disable=None):
        times = ours(options)
        for name, frames in peers.items():
            begin = time.perf_counter()
            frames(picture, options.frames)
            times[name] = (time.perf_counter() - begin) * 1e3 / options.frames
        rounds.append(times)
    report(options, rounds)


def report(options, rounds):
    rows = []
    for name in rounds[0]:
        ratios = [times[name] / times[OURS] for times in rounds]
        rows.append({"name": name, "ms": statistics.median(times[name] for times in rounds), "times_ours": statistics.median(ratios),
                     "lowest": min(ratios), "highest": max(ratios)})
    rows.sort(key=lambda row: row["ms"])
    print(f"R_{options.depth}-FPN, {options.side}x{options.side}, f32, two threads, {options.rounds} rounds of {options.frames} frames")
    for row in rows:
        print(f"{row['name']:60} {row['ms']:8.0f} ms  {row['times_ours']:5.2f} times ours ({row['lowest']:.2f}..{row['highest']:.2f})")
    if options.output:
        options.output.write_text(json.dumps({"depth": options.depth, "side": options.side, "rounds": rounds, "rows": rows}, indent=1) + "\n")


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
    add("--frames", type=int, default=8, help="frames a round; images that --verify looks at")
    add("--rounds", type=int, default=3)
    add("--model", help="the artifact compiled from these weights, --resize stretch:SIDExSIDE")
    add("--bench", help="build/bench/frames_bench")
    add("-o", "--output", type=pathlib.Path, help="JSON; bench/plot_frames.py draws it")
    add("--verify", type=pathlib.Path, help="recorded detections to compare with instead")
    add("--images", type=pathlib.Path, help="folder of the pictures that --verify needs")
    options = parser.parse_args()
    torch.set_num_threads(2)
    torch.manual_seed(0)
    warnings.simplefilter("ignore")
    if options.verify:
        if not options.images:
            parser.error("--verify needs --images")
        return verify(options)
    if not options.model or not options.bench:
        parser.error("--model and --bench are needed, or --verify")
    return measure(options)


if __name__ == "__main__":
    main()

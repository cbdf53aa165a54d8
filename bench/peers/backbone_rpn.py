# SPDX-License-Identifier: MIT
"""Backbone + RPN head of R_50-FPN (or R_101-FPN) by this project, PyTorch, OpenVINO and ONNX Runtime: f32, one image.

    python bench/peers/backbone_rpn.py build/bench/convolutions_bench [--depth 101] [--size 800]
One thread each, in turn in one run; the best of all rounds counts. The network is built here with random weights and
batch norms folded, as every inference engine would have them: the same layers as this project's `backbone-rpn` program.
Peers that are not installed are left out (requirements.txt).
"""
import argparse
import json
import subprocess
import tempfile
import time
import warnings

import torch

from network import BLOCKS, BackboneRpn, FasterRcnn


def torch_runner(network, image):
    def run():
        with torch.inference_mode():
            network(image)

    return run


def openvino_runner(network, image):
    import openvino
    model = openvino.convert_model(network, example_input=image, input=list(image.shape))
    compiled = openvino.Core().compile_model(
        model, "CPU", {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"})
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(image.numpy()))
    return request.infer


def onnxruntime_runner(network, image):
    import onnxruntime
    with tempfile.TemporaryDirectory() as folder:
        torch.onnx.export(network, (image,), folder + "/network.onnx", dynamo=False)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(folder + "/network.onnx", options, ["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: image.numpy()}
    return lambda: session.run(None, feed)


def ours_ms(program, depth, size):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run([program, "--arch", f"COCO-Detection/faster_rcnn_R_{depth}_FPN_3x", "--size", str(size),
                        "--rounds", "2", "--json", file.name], check=True, stdout=subprocess.DEVNULL)
        return json.load(file)


def milliseconds(run):
    begin = time.process_time()  # One thread works: its own time, whatever else the machine does
    run()
    return (time.process_time() - begin) * 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", help="convolutions_bench")
    parser.add_argument("--depth", type=int, default=50, choices=BLOCKS)
    parser.add_argument("--size", type=int, default=800)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    warnings.simplefilter("ignore")
    network = BackboneRpn(FasterRcnn(options.depth, options.size).eval().fuse())
    image = torch.rand(1, 3, options.size, options.size)
    runners = {}
    for name, make in (("PyTorch", torch_runner), ("OpenVINO", openvino_runner), ("ONNX Runtime", onnxruntime_runner)):
        try:
            runners[name] = make(network, image)
            runners[name]()  # Warm-up
        except ImportError as error:
            print(f"{name} is left out: {error}")
    best = {}
    for _ in range(options.rounds):
        times = {name: milliseconds(run) for name, run in runners.items()}
        ours = ours_ms(options.program, options.depth, options.size)
        times["ours"], times["ours, all direct"] = ours["backbone-rpn"], ours["backbone-rpn direct"]
        best = {name: min(value, best.get(name, value)) for name, value in times.items()}
    print(f"R_{options.depth}-FPN backbone + RPN head, {options.size}x{options.size}, f32, one thread")
    for name, value in sorted(best.items(), key=lambda item: item[1]):
        print(f"{name:18} {value:8.1f} ms  {value / best['ours']:.2f} times ours")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""The 3x3 layers of R_50-FPN by this project, PyTorch and OpenVINO, f32, one thread each, in turn in one run.

    python bench/peers/layers.py build/bench/convolutions_bench -o layers.json     # see requirements.txt
Every peer is given its own favourite layout, weights prepared beforehand, bias and ReLU included. The best of all
rounds counts, ours too. bench/plot_layers.py draws the file.
"""
import argparse
import json
import subprocess
import tempfile
import time

import numpy as np


def best_of(run, rounds):
    run()
    times = []
    for _ in range(rounds):
        begin = time.process_time()  # One thread works: its own time, whatever else the machine does
        run()
        times.append(time.process_time() - begin)
    return min(times)


def make_torch(row):
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    convolution = torch.nn.Conv2d(row["in"], row["out"], 3, padding=1).eval()
    source = torch.rand(1, row["in"], row["height"], row["width"])
    relu = torch.nn.ReLU(inplace=True)

    def run():
        with torch.inference_mode():
            relu(convolution(source))

    return run


def make_openvino(row):
    try:
        import openvino
        from openvino import opset13 as ops
    except ImportError:
        return None
    random = np.random.default_rng(0)
    source = ops.parameter([1, row["in"], row["height"], row["width"]], np.float32)
    weight = random.standard_normal((row["out"], row["in"], 3, 3)).astype(np.float32)
    bias = random.standard_normal((1, row["out"], 1, 1)).astype(np.float32)
    sums = ops.add(ops.convolution(source, weight, [1, 1], [1, 1], [1, 1], [1, 1]), bias)
    compiled = openvino.Core().compile_model(
        openvino.Model([ops.relu(sums)], [source]), "CPU",
        {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"})
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(random.random(source.shape, np.float32)))
    return request.infer


PEERS = {"PyTorch": make_torch, "OpenVINO": make_openvino}


def measure_ours(program, rounds):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run([program, "--layers", "--rounds", str(rounds), "--json", file.name], check=True,
                       stdout=subprocess.DEVNULL)
        return json.load(file)


def merge(total, part):
    total["peak"] = max(total["peak"], part["peak"])
    for row, again in zip(total["layers"], part["layers"]):
        for name, value in again["gflops"].items():
            row["gflops"][name] = max(value, row["gflops"].get(name, 0))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", help="convolutions_bench")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--rounds", type=int, default=3, help="times that everybody has a turn")
    options = parser.parse_args()
    total = measure_ours(options.program, 3)
    for turn in range(options.rounds):
        for row in total["layers"]:
            if row["kernel"] != 3 or row["stride"] != 1:
                continue
            for name, make in PEERS.items():
                run = make(row)
                if run is None:
                    continue
                gflops = row["gflop"] / best_of(run, 3)
                row["gflops"][name] = max(gflops, row["gflops"].get(name, 0))
        if turn + 1 < options.rounds:
            merge(total, measure_ours(options.program, 3))
    with open(options.output, "w", encoding="utf-8") as file:
        json.dump(total, file, indent=1)
    print(f"peak {total['peak']:.1f} GFLOP/s")
    for row in total["layers"]:
        if len(row["gflops"]) > 1:
            figures = "  ".join(f"{name} {value:.1f}" for name, value in row["gflops"].items())
            print(f"{row['in']} -> {row['out']} {row['height']}x{row['width']}: {figures}")


if __name__ == "__main__":
    main()

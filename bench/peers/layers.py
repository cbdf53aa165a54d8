# SPDX-License-Identifier: MIT
"""The convolutions of R_50-FPN by this project, PyTorch and OpenVINO, one thread each, in turn in one run.

    python bench/peers/layers.py build/bench/convolutions_bench -o layers.json     # see requirements.txt
    python bench/peers/layers.py build/bench/convolutions_bench --precision bf16 -o layers-bf16.json
    python bench/peers/layers.py build/bench/convolutions_bench --precision int8 -o layers-int8.json
Every peer is given its own favourite layout, weights prepared beforehand, bias and ReLU included, and writes numbers of
the type that it reads. The best of all rounds counts, ours too: processor time, of OpenVINO the time of the one layer
by its own clock. In int8 OpenVINO multiplies u8 with s8, as ours; PyTorch is left out. bench/plot_layers.py draws the file.
"""
import argparse
import json
import subprocess
import tempfile
import time

import numpy as np


def best_of(run, rounds):
    """Seconds; run() gives its own or nothing. One thread works: its own time counts, whatever else the machine does."""
    times = []
    for _ in range(rounds + 1):
        begin = time.process_time()
        own = run()
        times.append(time.process_time() - begin if own is None else own)
    return min(times[1:])  # The first warms up


def make_torch(row, precision):
    import torch
    if precision == "int8":
        return None
    torch.set_num_threads(1)
    layout = {"dtype": torch.bfloat16 if precision == "bf16" else torch.float32, "memory_format": torch.channels_last}
    convolution = torch.nn.Conv2d(row["in"], row["out"], row["kernel"], row["stride"], row["kernel"] // 2).eval().to(**layout)
    source = torch.rand(1, row["in"], row["height"], row["width"]).to(**layout)
    relu = torch.nn.ReLU(inplace=True)

    def run():
        with torch.inference_mode():
            relu(convolution(source))

    return run


def openvino_convolution(source, outputs, kernel, stride, precision):
    """With bias and ReLU. In int8 OpenVINO finds the types by what its tools write: fake quantisations of what is read."""
    from openvino import opset13 as ops
    random = np.random.default_rng(0)
    shape, padding = (outputs, source.shape[1], kernel, kernel), [kernel // 2] * 2
    if precision == "int8":
        source = ops.fake_quantize(source, *(np.float32(bound) for bound in (0, 2.55, 0, 2.55)), 256)
        integers = ops.convert(ops.constant(random.integers(-127, 128, shape, np.int8)), np.float32)
        weight = ops.multiply(integers, np.full((outputs, 1, 1, 1), 0.3 / 127, np.float32))
    else:
        weight = 0.1 * random.standard_normal(shape).astype(np.float32)
    sums = ops.convolution(source, weight, [stride] * 2, padding, padding, [1, 1])
    return sums, ops.relu(ops.add(sums, random.standard_normal((1, outputs, 1, 1)).astype(np.float32)))


def make_openvino(row, precision):
    """Of a model with a further convolution, so that the layer writes what one reads, in f32 from and to row-major order."""
    import openvino
    from openvino import opset13 as ops
    source = ops.parameter([1, row["in"], row["height"], row["width"]], np.float32)
    layer, result = openvino_convolution(source, row["out"], row["kernel"], row["stride"], precision)
    layer.set_friendly_name("layer")
    model = openvino.Model([openvino_convolution(result, 16, 1, 1, precision)[1]], [source])
    compiled = openvino.Core().compile_model(model, "CPU", {
        "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "PERF_COUNT": True,
        "INFERENCE_PRECISION_HINT": "f32" if precision == "int8" else precision})
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(np.random.default_rng(0).random(source.shape, np.float32)))
    means = [0.0]

    def run():
        request.infer()
        means.append(next(node.real_time for node in request.profiling_info if node.node_name == "layer").total_seconds())
        return (len(means) - 1) * means[-1] - (len(means) - 2) * means[-2]  # It gives means of all runs so far

    return run


PEERS = {"PyTorch": make_torch, "OpenVINO": make_openvino}
LEAST_GFLOP = 0.02  # OpenVINO's clock counts whole microseconds; smaller layers are a thousandth of the network


def measure_ours(options):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run([options.program, "--layers", "--rounds", "3", "--size", str(options.size), "--precision", options.precision,
                        "--json", file.name], check=True, stdout=subprocess.DEVNULL)
        table = json.load(file)
    table["layers"] = [row for row in table["layers"] if row["gflop"] >= LEAST_GFLOP]
    return table


def measure_peers(table, precision):
    for row in table["layers"]:
        for name, make in PEERS.items():
            try:
                run = make(row, precision)
            except ImportError:
                continue
            if run:
                row["gflops"][name] = max(row["gflop"] / best_of(run, 5), row["gflops"].get(name, 0))


def merge(total, part):
    total["peak"] = max(total["peak"], part["peak"])
    for row, again in zip(total["layers"], part["layers"]):
        row["peak"] = max(row["peak"], again["peak"])
        for name, value in again["gflops"].items():
            row["gflops"][name] = max(value, row["gflops"].get(name, 0))


def report(total):
    print(f"{total['model']}, {total['size']}x{total['size']}, {total['precision']}, one thread: effective GFLOP/s "
          f"(share of the peak around it, at most {total['peak']:.1f})")
    layers = total["layers"]

    def text(name, gflops, peak):
        return f"{name} {gflops:.1f} ({gflops / peak:.2f})"

    for row in layers:
        figures = "  ".join(text("*" * (name == row["pick"]) + name, value, row["peak"]) for name, value in row["gflops"].items())
        print(f"{row['in']:4} -> {row['out']:4} {row['kernel']}x{row['kernel']}/{row['stride']} "
              f"{row['height']}x{row['width']} x{row['count']}: {figures}")
    work = sum(row["count"] * row["gflop"] for row in layers)
    sums = {"ours*": [row["gflops"][row["pick"]] for row in layers]}
    sums |= {name: [row["gflops"][name] for row in layers] for name in ("direct", *PEERS) if name in layers[0]["gflops"]}
    print(f"all of them, {work:.1f} GFLOP: " + "  ".join(
        text(name, work / sum(row["count"] * row["gflop"] / value for row, value in zip(layers, values)), total["peak"])
        for name, values in sums.items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="convolutions_bench")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--precision", default="f32", choices=("f32", "bf16", "int8"))
    parser.add_argument("--size", type=int, default=800)
    parser.add_argument("--rounds", type=int, default=3, help="times that everybody has a turn")
    options = parser.parse_args()
    total = measure_ours(options)
    for turn in range(options.rounds):
        if turn > 0:
            merge(total, measure_ours(options))
        measure_peers(total, options.precision)
    with open(options.output, "w", encoding="utf-8") as file:
        json.dump(total, file, indent=1)
    report(total)


if __name__ == "__main__":
    main()

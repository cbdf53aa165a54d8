# SPDX-License-Identifier: MIT
"""The convolutions and fully connected layers of R_50- and R_101-FPN by this project, oneDNN, PyTorch and OpenVINO, one thread each,
in turn in one run.

    python bench/peers/layers.py build/bench/convolutions_bench -o layers.json     # see requirements.txt
    python bench/peers/layers.py build/bench/convolutions_bench --precision bf16 -o layers-bf16.json
    python bench/peers/layers.py build/bench/convolutions_bench --precision int8 -o layers-int8.json
Every peer is given its own favourite layout, weights prepared beforehand, bias and ReLU included, and writes numbers of
the type that it reads. The best of all rounds counts, ours too: processor time, of OpenVINO the time of the one layer
by its own clock. In int8 OpenVINO multiplies u8 with s8, as ours; PyTorch is left out. Two layers that are computed together in
our programs, the RPN's predictors, are a row; peers run one after the other. bench/plot_layers.py draws the file.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from layer_rows import KINDS, kind_of, label, seconds_of, work_of  # noqa: E402


def best_of(run, rounds):
    """Seconds; run() gives its own or nothing. One thread works: its own time counts, whatever else the machine does."""
    times = []
    for _ in range(rounds + 1):
        begin = time.process_time()
        own = run()
        times.append(time.process_time() - begin if own is None else own)
    return min(times[1:])  # The first warms up


def outputs_of(row):
    return [row["out"], row["second"]] if row["second"] else [row["out"]]


def source_shape(row):
    return (row["width"], row["in"]) if row["matrix"] else (1, row["in"], row["height"], row["width"])


def make_torch(row, precision):
    import torch
    if precision == "int8":
        return None
    torch.set_num_threads(1)
    layout = {"dtype": torch.bfloat16 if precision == "bf16" else torch.float32}
    if not row["matrix"]:
        layout["memory_format"] = torch.channels_last
    modules = [(torch.nn.Linear(row["in"], outputs) if row["matrix"] else
                torch.nn.Conv2d(row["in"], outputs, row["kernel"], row["stride"], row["kernel"] // 2)).eval().to(**layout)
               for outputs in outputs_of(row)]
    source = torch.rand(*source_shape(row)).to(**layout)
    activation = torch.nn.Identity() if row["second"] else torch.nn.ReLU(inplace=True)

    def run():
        with torch.inference_mode():
            for module in modules:
                activation(module(source))

    return run


def openvino_layer(source, outputs, row, precision):
    """With bias and ReLU. In int8 OpenVINO finds the types by what its tools write: fake quantisations of what is read."""
    from openvino import opset13 as ops
    random = np.random.default_rng(0)
    kernel = [] if row["matrix"] else [row["kernel"]] * 2
    shape, ones, padding = (outputs, source.shape[1], *kernel), [1] * len(kernel), [side // 2 for side in kernel]
    if precision == "int8":
        source = ops.fake_quantize(source, *(np.float32(bound) for bound in (0, 2.55, 0, 2.55)), 256)
        integers = ops.convert(ops.constant(random.integers(-127, 128, shape, np.int8)), np.float32)
        weight = ops.multiply(integers, np.full((outputs, 1, *ones), 0.3 / 127, np.float32))
    else:
        weight = 0.1 * random.standard_normal(shape, np.float32)
    sums = ops.matmul(source, weight, False, True) if row["matrix"] else (
        ops.convolution(source, weight, [row["stride"]] * 2, padding, padding, ones))
    biased = ops.add(sums, random.standard_normal((1, outputs, *ones), np.float32))
    return biased if row["second"] else ops.relu(biased)


def make_openvino(row, precision):
    """Of a model with a further layer, so that the one measured writes what such one reads, in f32 from and to row-major order."""
    import openvino
    from openvino import opset13 as ops
    source = ops.parameter(source_shape(row), np.float32)
    results = [openvino_layer(source, outputs, row, precision) for outputs in outputs_of(row)]
    if not row["second"]:
        results = [openvino_layer(results[0], 16, row | {"kernel": 1, "stride": 1}, precision)]
    compiled = openvino.Core().compile_model(openvino.Model(results, [source]), "CPU", {
        "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "PERF_COUNT": True,
        "INFERENCE_PRECISION_HINT": "f32" if precision == "int8" else precision})
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(np.random.default_rng(0).random(source.shape, np.float32)))
    means = [0.0]

    def run():
        request.infer()
        multiplying = [node.real_time.total_seconds() for node in request.profiling_info
                       if node.node_type.startswith(("Convolution", "FullyConnected"))]  # In the order in which they run
        if len(multiplying) != 2:
            raise SystemExit(f"OpenVINO runs {len(multiplying)} layers where 2 were given: {row['in']} -> {row['out']}")
        means.append(sum(multiplying) if row["second"] else multiplying[0])
        return (len(means) - 1) * means[-1] - (len(means) - 2) * means[-2]  # It gives means of all runs so far

    return run


PEERS = {"PyTorch": make_torch, "OpenVINO": make_openvino}
LEAST_GFLOP = 0.02  # OpenVINO's clock counts whole microseconds; smaller layers, RPN predictors, are a thousandth of the network
MODELS = [f"COCO-Detection/faster_rcnn_R_{depth}_FPN_3x" for depth in (50, 101)]


def measure_ours(options):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run([options.program, "--layers", "--arch", *MODELS, "--rounds", "3", "--size", str(options.size),
                        "--precision", options.precision, "--json", file.name], check=True, stdout=subprocess.DEVNULL)
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


def largest(values, more):
    for name, value in more.items():
        values[name] = max(value, values.get(name, 0))


def merge(total, part):
    largest(total["peaks"], part["peaks"])
    for row, again in zip(total["layers"], part["layers"]):
        largest(row["peaks"], again["peaks"])
        largest(row["gflops"], again["gflops"])


def report(total):
    precision, layers = total["precision"], total["layers"]
    peaks = ", ".join(f"{name} {peak:.1f}" for name, peak in total["peaks"].items())
    print(f"{total['size']}x{total['size']}, {precision}, one thread: effective GFLOP/s "
          f"(share of the {precision} peak around it; highest peaks: {peaks})")

    def text(name, gflops, peak):
        return f"{name} {gflops:.1f} ({gflops / peak:.2f})"

    for row in layers:
        figures = "  ".join(text("*" * (name == row["pick"]) + name, value, row["peaks"][precision])
                            for name, value in row["gflops"].items())
        print(f"{kind_of(row)}, {label(row)}, x {' / '.join(map(str, row['counts']))}: {figures}")
    for model, name in enumerate(total["models"]):
        work = work_of(layers, model)
        print(f"{name}, {work:.1f} GFLOP:")
        for kind in (*KINDS, None):  # None: all of them
            rows = [row for row in layers if kind in (kind_of(row), None)]
            part = work_of(rows, model)
            times = {who: seconds_of(rows, who, model) for who in ("ours", "oneDNN", *PEERS)}
            print(f"  {kind or 'all'}, {sum(row['counts'][model] for row in rows)} layers, {part / work:.1%} of the work: " + ", ".join(
                f"{text(who, part / seconds, total['peaks'][precision])} {seconds * 1e3:.1f} ms" for who, seconds in times.items() if seconds))


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

# SPDX-License-Identifier: MIT
"""A classifier's artifacts beside eager PyTorch: milliseconds a batch and how many times as fast.

    python bench/peers/classifiers.py build/launch/neuron-rcnn efficientnet_b0 M-f32.rcnn M-bf16.rcnn [--batch 1 128]
PyTorch's network is torchvision's with random weights, channels last, in f32 and bf16; weights change no time. Ours
resizes and normalises its pictures on top. As many cores of ours as threads of PyTorch's, one after the other.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import torch
import torchvision


def ours_ms(program, artifact, batch, options):
    command = [program, "bench", "-m", artifact, "--batch", str(batch), "--cores", str(options.threads), "--warm-ups",
               str(options.warm_ups), "--iterations", str(options.iterations), "--line-every", "0", "--json"]
    environment = os.environ | {"NEURON_RT_NUM_CORES": str(options.threads)}
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
    return json.loads(output.stdout)["rows"][0]["p50_ms"]


def eager_ms(arch, batch, dtype, options):
    network = getattr(torchvision.models, arch)().eval().to(dtype).to(memory_format=torch.channels_last)
    images = torch.rand(batch, 3, 224, 224).to(dtype).to(memory_format=torch.channels_last)
    times = []
    with torch.inference_mode():
        for i in range(options.warm_ups + options.iterations):
            begin = time.perf_counter()
            network(images)
            if i >= options.warm_ups:
                times.append(1e3 * (time.perf_counter() - begin))
            if (i + 1) % 10 == 0:
                print(f"PyTorch {dtype}, batch {batch}: {i + 1}", end="\r", file=sys.stderr)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="neuron-rcnn")
    parser.add_argument("arch", help="torchvision's name: efficientnet_b0, resnet50, ...")
    parser.add_argument("artifacts", nargs="+")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 128])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--warm-ups", type=int, default=50)
    parser.add_argument("--iterations", type=int, default=100)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"{options.arch}, 224x224, {options.threads} threads, median of {options.iterations} iterations\n")
    print("| batch | by | ms | images/s | over eager f32 |\n|---|---|---|---|---|")
    for batch in options.batch:
        times = {"PyTorch eager f32": eager_ms(options.arch, batch, torch.float32, options),
                 "PyTorch eager bf16": eager_ms(options.arch, batch, torch.bfloat16, options)}
        times |= {os.path.basename(a): ours_ms(options.program, a, batch, options) for a in options.artifacts}
        for name, ms in times.items():
            print(f"| {batch} | {name} | {ms:.1f} | {1e3 * batch / ms:.1f} | {times['PyTorch eager f32'] / ms:.2f} |")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""Draws what `convolutions_bench --layers --json` (or peers/layers.py) measured.

    python bench/plot_layers.py layers.json -o media/layers.png        # needs matplotlib
"""
import argparse
import json

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("measured")
    parser.add_argument("-o", "--output", required=True)
    options = parser.parse_args()
    with open(options.measured, encoding="utf-8") as file:
        measured = json.load(file)
    layers = [row for row in measured["layers"] if len(row["gflops"]) > 1 and row["kernel"] == 3]
    names = list(dict.fromkeys(name for row in layers for name in row["gflops"]))
    width = 0.8 / len(names)
    figure, axes = plt.subplots(figsize=(11, 4.5))
    for i, name in enumerate(names):
        places = [place + (i - (len(names) - 1) / 2) * width for place in range(len(layers))]
        axes.bar(places, [row["gflops"].get(name, 0) for row in layers], width, label=name)
    axes.axhline(measured["peak"], color="black", linestyle="--", linewidth=1,
                 label=f"peak of one core, {measured['peak']:.0f}")
    axes.set_xticks(range(len(layers)),
                    [f"{row['in']}→{row['out']}\n{row['height']}×{row['width']}\n×{row['count']}" for row in layers])
    axes.set_ylabel("effective GFLOP/s (f32, one thread)")
    axes.set_title(f"3×3 layers of {measured['model']}, {measured['size']}×{measured['size']}")
    axes.legend(ncols=3, fontsize=9, frameon=False)
    axes.set_ylim(0, 1.25 * max(value for row in layers for value in row["gflops"].values()))
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(options.output, dpi=110)


if __name__ == "__main__":
    main()

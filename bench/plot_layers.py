# SPDX-License-Identifier: MIT
"""Draws what `convolutions_bench --layers --json` (or peers/layers.py) measured, a file below the other.

    python bench/plot_layers.py layers.json [layers-bf16.json layers-int8.json] -o media/layers.png        # needs matplotlib
"""
import argparse
import json

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def draw(axes, measured):
    layers = [row for row in measured["layers"] if row["kernel"] == 3]
    names = list(dict.fromkeys(name for row in layers for name in row["gflops"]))
    width = 0.8 / len(names)
    for i, name in enumerate(names):
        places = [place + (i - (len(names) - 1) / 2) * width for place in range(len(layers))]
        axes.bar(places, [row["gflops"].get(name, 0) for row in layers], width, label="oneDNN direct" if name == "direct" else name)
    axes.axhline(measured["peak"], color="black", linestyle="--", linewidth=1,
                 label=f"peak of one core, {measured['peak']:.0f}")
    axes.set_xticks(range(len(layers)),
                    [f"{row['in']}→{row['out']}\n{row['height']}×{row['width']}\n×{row['count']}" for row in layers])
    axes.set_ylabel(f"effective GFLOP/s ({measured['precision']}, one thread)")
    axes.set_title(f"3×3 layers of {measured['model']}, {measured['size']}×{measured['size']}, {measured['precision']}")
    axes.legend(ncols=3, fontsize=9, frameon=False)
    axes.set_ylim(0, 1.25 * max(measured["peak"], *(value for row in layers for value in row["gflops"].values())))
    axes.spines[["top", "right"]].set_visible(False)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measured", nargs="+")
    parser.add_argument("-o", "--output", required=True)
    options = parser.parse_args()
    figure, all_axes = plt.subplots(len(options.measured), 1, figsize=(11, 4.5 * len(options.measured)), squeeze=False)
    for path, axes in zip(options.measured, all_axes[:, 0]):
        with open(path, encoding="utf-8") as file:
            draw(axes, json.load(file))
    figure.tight_layout()
    figure.savefig(options.output, dpi=110)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""Draws what peers/whole_frames.py measured.

    python bench/plot_frames.py frames.json -o frames.png        # needs matplotlib
"""
import argparse
import json

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("measured", nargs="+")
    parser.add_argument("-o", "--output", required=True)
    options = parser.parse_args()
    figure, all_axes = plt.subplots(1, len(options.measured), figsize=(1 + 5.5 * len(options.measured), 4.2), squeeze=False)
    for path, axes in zip(options.measured, all_axes[0]):
        with open(path, encoding="utf-8") as file:
            measured = json.load(file)
        rows = [row for row in measured["rows"] if not row["name"].startswith("oneDNN")]
        rows.sort(key=lambda row: -row["ms"])
        ours = ["neuron" in row["name"] for row in rows]
        axes.barh([row["name"].replace(", ", ",\n", 1) for row in rows], [row["ms"] for row in rows],
                  color=["tab:green" if mine else "tab:gray" for mine in ours])
        for place, row in enumerate(rows):
            axes.text(row["ms"], place, f" {row['ms']:.0f} ms, {row['times_ours']:.2f}×", va="center", fontsize=9)
        axes.set_xlim(0, 1.8 * max(row["ms"] for row in rows))
        axes.set_xlabel("ms per frame")
        axes.set_title(f"R_{measured['depth']}-FPN, {measured['side']}×{measured['side']}, {measured['precision']}, two threads", fontsize=10)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(options.output, dpi=110)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""Draws what peers/layers.py measured (or `convolutions_bench --layers --json`, without peers), a file beside the other.

    python bench/plot_layers.py layers.json [layers-bf16.json layers-int8.json] -o layers.png        # needs matplotlib
"""
import argparse
import json
import re

import matplotlib
from layer_rows import KINDS, gflops_of, kind_of, label, roles, work_of

matplotlib.use("Agg")
import matplotlib.pyplot as plt

# Colours of Okabe and Ito, which those who see fewer can tell apart; shapes and places above or below the line differ as well.
WHO = {"ours": ("o", "#0072B2", 0), "oneDNN": ("s", "#E69F00", -0.27), "OpenVINO": ("^", "#CC79A7", 0.27), "PyTorch": ("x", "#888888", 0)}
PEAKS = {"f32": (":", "right"), "bf16": ("--", "left"), "int8": ("-", "center")}  # Line, where its name is beside it
COLUMNS = ((0, "layer"), (0.315, "where"), (0.835, "times"), (1.02, "% of work"))  # Of the left panel's width; the last two end there


def places_of(layers):
    """[(line, row)] and [(line, kind)]: by kind, each below a line with its name, those with most of the first model's work first."""
    places, headings, line = [], [], 0
    for kind in KINDS:
        rows = sorted((row for row in layers if kind_of(row) == kind), key=lambda row: -row["gflop"] * row["counts"][0])
        if rows:
            headings.append((line, kind))
            places += [(line + 1 + i, row) for i, row in enumerate(rows)]
            line += len(rows) + 1
    return places, headings, line


def describe(axes, table, places, headings):
    """The panel that says what is measured, in each model."""
    works = [work_of(table["layers"], model) for model in range(len(table["models"]))]

    def write(line, column, text, **style):
        place = COLUMNS[column][0]
        axes.text(place, line, text, va="center", ha="left" if column < 2 else "right", fontsize=9, **style)

    depths = " / ".join(re.sub(r".*(R_\d+).*", r"\1", model) for model in table["models"])
    for column, (_, heading) in enumerate(COLUMNS):
        write(-1.2, column, heading if column < 2 else f"{heading}\n{depths}", color="#555555")
    for line, kind in headings:
        write(line, 0, kind, weight="bold")
    for line, row in places:
        shares = [100 * row["gflop"] * count / work for count, work in zip(row["counts"], works)]
        write(line, 0, label(row))
        write(line, 1, ", ".join(roles(row)))
        write(line, 2, " / ".join(map(str, row["counts"])))
        write(line, 3, " / ".join(f"{share:.{1 if share >= 0.1 else 2}f}" for share in shares))
    axes.set_xlim(0, 1)
    axes.axis("off")


def draw(axes, table, places):
    rows = {(kind_of(row), label(row)): row for row in table["layers"]}
    for line, _ in places:
        axes.axhline(line, color="#e4e4e4", linewidth=0.8, zorder=0)
    for who, (marker, colour, below) in reversed(WHO.items()):
        points = [(gflops_of(rows[kind_of(row), label(row)], who), line + below) for line, row in places]
        points = [point for point in points if point[0] is not None]
        if points:
            axes.scatter(*zip(*points), marker=marker, color=colour, s=36 if who == "ours" else 18, label=who, zorder=3)
    for precision, (style, side) in PEAKS.items():
        if peak := table["peaks"].get(precision):
            axes.axvline(peak, color="black", linestyle=style, linewidth=1, label=f"peak of one core in {precision}", zorder=1)
            axes.text(peak, -0.75, f"{precision}\n{peak:.0f}", ha=side, va="bottom", fontsize=8)
    axes.set_title(table["precision"], fontsize=12, pad=28, weight="bold")
    axes.set_xlabel("effective GFLOP/s, one thread")
    axes.set_xlim(left=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0, labelleft=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measured", nargs="+")
    parser.add_argument("-o", "--output", required=True)
    options = parser.parse_args()
    tables = []
    for path in options.measured:
        with open(path, encoding="utf-8") as file:
            tables.append(json.load(file))
    places, headings, lines = places_of(tables[0]["layers"])
    figure, all_axes = plt.subplots(1, 1 + len(tables), figsize=(5.2 + 2.4 * len(tables), 1.9 + 0.24 * lines), sharey=True,
                                    layout="constrained", width_ratios=[2.3] + [1] * len(tables))
    describe(all_axes[0], tables[0], places, headings)
    for table, axes in zip(tables, all_axes[1:]):
        draw(axes, table, places)
    all_axes[0].set_ylim(lines - 0.4, -0.6)
    handles = {name: handle for axes in all_axes[1:] for handle, name in zip(*axes.get_legend_handles_labels())}
    names = [name for name in (*WHO, *(name for name in handles if name not in WHO)) if name in handles]
    figure.suptitle(f"Layers of {' and '.join(model.split('/')[-1] for model in tables[0]['models'])} at {tables[0]['size']}×{tables[0]['size']}")
    figure.legend([handles[name] for name in names], names, loc="outside lower center", ncols=len(names), frameon=False)
    figure.savefig(options.output, dpi=110)


if __name__ == "__main__":
    main()

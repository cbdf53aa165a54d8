# SPDX-License-Identifier: MIT
"""Draws what `neuron-rcnn bench --json` measured: throughput and latencies over models and threads, whole frames and each
program alone.

    build/launch/neuron-rcnn bench -m MODEL.rcnn --size 800x800 --json > bench.json
    python bench/plot_bench.py bench.json -o bench.png        # needs matplotlib
"""
import argparse
import json
import sys

try:
    import matplotlib
except ImportError:
    sys.exit("plot_bench.py: matplotlib is not installed; pip install -r bench/peers/requirements.txt brings it")

matplotlib.use("Agg")
import matplotlib.pyplot as plt

TITLES = {"detect": "whole frames", "detect-batch": "whole frames, in batches", "classify": "classification", "roi-align": "RoIAlign alone"}


def read_rows(path):
    try:
        with open(path, encoding="utf-8") as file:
            measured = json.load(file)
        return measured["model"], measured["rows"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"plot_bench.py: '{path}' is not what 'neuron-rcnn bench --json' prints: {error}")


def panels_of(rows):
    """Rows that belong in one picture, by title, in the order of the file."""
    panels = {}
    for row in rows:
        title = f"{row['program']} alone" if row["kind"] == "isolated" else TITLES[row["kind"]]
        panels.setdefault(f"{title}, {row['width']}×{row['height']}", []).append(row)
    return panels


def counted(count, noun):
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def label_of(row):
    if row["kind"] == "roi-align":
        return counted(row["threads"], "thread")
    parts = [counted(row["cores"], "model"), counted(row["in_flight"], "thread") if "in_flight" in row else "", f"batch {row['batch']}" if row["batch"] > 1 else "",
             f"{row['threads_per_core']} a core" if row["threads_per_core"] > 1 else ""]
    return ",\n".join(part for part in parts if part)


def draw(axes, title, rows):
    unit, scale = ("images_per_second", 1) if "images_per_second" in rows[0] else ("regions_per_second", 1000)
    values = [row[unit] / scale for row in rows]
    places = range(len(rows))
    axes.bar(places, values, color="tab:green", alpha=0.7)
    for place, value in zip(places, values):
        axes.text(place, 0, f"{value:.3g}", ha="center", va="bottom", fontsize=9)
    axes.set_ylim(0, 1.25 * max(values))
    axes.set_ylabel("inferences a second" if scale == 1 else "thousand regions a second", color="tab:green")
    axes.set_xticks(places, [label_of(row) for row in rows], fontsize=8)
    axes.set_title(title, fontsize=10)
    latency = axes.twinx()
    for name, sign in (("p50_ms", "o"), ("p95_ms", "_"), ("p99_ms", "x")):
        latency.plot(places, [row[name] for row in rows], sign, color="tab:blue", label=name.removesuffix("_ms").upper())
    latency.set_ylim(0, 1.25 * max(row["p99_ms"] for row in rows))
    latency.set_ylabel("latency, ms", color="tab:blue")
    latency.legend(fontsize=8, loc="upper left")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measured", help="what 'neuron-rcnn bench --json' printed")
    parser.add_argument("-o", "--output", required=True, help="the picture, such as bench.png")
    options = parser.parse_args()
    model, rows = read_rows(options.measured)
    panels = panels_of(rows)
    columns = min(2, len(panels))
    lines = -(-len(panels) // columns)
    figure, all_axes = plt.subplots(lines, columns, figsize=(7 * columns, 3.6 * lines + 0.4), squeeze=False)
    for axes in all_axes.flat[len(panels):]:
        axes.set_visible(False)
    for axes, (title, some) in zip(all_axes.flat, panels.items()):
        draw(axes, title, some)
    figure.suptitle(model, fontsize=10)
    figure.tight_layout()
    figure.savefig(options.output, dpi=90)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""Draws the losses of a log.csv: python3 -m train.plot RUN/log.csv loss.png"""
import csv
import sys


def draw(log_path, picture_path):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    with open(log_path, newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        return
    figure, axes = pyplot.subplots(figsize=(8, 4.5), dpi=100)
    steps = [int(row["iteration"]) for row in rows]
    for name in list(rows[0])[4:]:
        axes.plot(steps, [float(row[name]) for row in rows], label=name, linewidth=1)
    axes.set(xlabel="step", ylabel="loss", yscale="log")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(picture_path)
    pyplot.close(figure)


if __name__ == "__main__":
    draw(*sys.argv[1:3])

# SPDX-License-Identifier: MIT
"""What the rows of `convolutions_bench --layers --json` say; peers/layers.py adds peers to them, plot_layers.py draws them."""
import re

KINDS = ("3×3", "7×7, stride 2", "1×1", "1×1, stride 2", "RPN predictors, together", "fully connected")


def kind_of(row):
    if row["matrix"]:
        return "fully connected"
    if row["second"]:
        return "RPN predictors, together"
    return f"{row['kernel']}×{row['kernel']}" + (f", stride {row['stride']}" if row["stride"] > 1 else "")


def label(row):
    """"256→3+12 200×200", "12544→1024 1000 rows"."""
    channels = f"{row['in']}→{row['out']}" + (f"+{row['second']}" if row["second"] else "")
    return f"{channels} " + (f"{row['width']} rows" if row["matrix"] else f"{row['height']}×{row['width']}")


ROLES = ((r".*\.stem\.conv1", "stem"), (r".*\.(res\d)\.\d+\.(\w+)", r"\1 \2"), (r".*\.fpn_(\w+?)\d", r"FPN \1"),
         (r".*\.rpn_head\.conv\.\w+", "RPN conv"), (r".*\.(objectness_logits|anchor_deltas)\.(p\d)", r"RPN \2"), (r".*\.", ""))


def role_of(name):
    """What a model's node is for, of all that have one part in it: "backbone.bottom_up.res4.22.conv2" is "res4 conv2"."""
    for pattern, role in ROLES[:-1]:
        if re.fullmatch(pattern, name):
            return re.sub(pattern, role, name)
    return re.sub(*ROLES[-1], name)


def roles(row):
    return list(dict.fromkeys(map(role_of, row["names"])))


def gflops_of(row, name):
    """Effective GFLOP/s: "ours" what programs run, "oneDNN" its direct method, which may be ours as well; None of who has none."""
    gflops = row["gflops"]
    if name == "ours":
        return gflops[row["pick"]]
    return gflops.get("oneDNN", gflops["direct"]) if name == "oneDNN" else gflops.get(name)


def work_of(rows, model):
    """GFLOP of all layers of a model, by its index."""
    return sum(row["counts"][model] * row["gflop"] for row in rows)


def seconds_of(rows, name, model):
    """Of the same; None if `name` has not run them all."""
    if any(gflops_of(row, name) is None for row in rows):
        return None
    return sum(row["counts"][model] * row["gflop"] / gflops_of(row, name) for row in rows)

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws random weights for media/untrained.yaml under Detectron2's parameter names; needs numpy alone.

    untrained_weights.py OUT.safetensors [SEED]

Scales keep activations near unit variance and let the box head be sure of itself now and then, so that there is
something to draw. The detections mean nothing.
"""
import json
import pathlib
import struct
import sys

import numpy as np

CLASSES, FPN, FC, STAGES = 80, 128, 512, {"res2": 64, "res3": 128, "res4": 256, "res5": 512}


def conv(name, out_channels, in_channels, kernel, gain=2.0):
    """A convolution's weight, drawn so that its output has `gain` / 2 times the variance of its input."""
    fan_in = in_channels * kernel * kernel
    return {f"{name}.weight": lambda rng: rng.standard_normal((out_channels, in_channels, kernel, kernel)) * (gain / fan_in) ** 0.5}


def norm(name, channels, scale=1.0, variance=1.0):
    return {f"{name}.weight": lambda rng: np.full(channels, scale), f"{name}.bias": lambda rng: rng.standard_normal(channels) * 0.1,
            f"{name}.running_mean": lambda rng: np.zeros(channels), f"{name}.running_var": lambda rng: np.full(channels, variance)}


def bias(name, channels):
    return {f"{name}.bias": lambda rng: np.zeros(channels)}


def parameters():
    """Name -> function of a random generator."""
    made = {}
    stem = "backbone.bottom_up.stem.conv1"
    made |= conv(stem, 64, 3, 7) | norm(f"{stem}.norm", 64, variance=7200.0)  # Pixels minus the mean: deviation about 60.
    inside = 64
    for stage, width in STAGES.items():
        for block in range(2):
            path = f"backbone.bottom_up.{stage}.{block}"
            if inside != width:
                made |= conv(f"{path}.shortcut", width, inside, 1) | norm(f"{path}.shortcut.norm", width)
            made |= conv(f"{path}.conv1", width, inside, 3) | norm(f"{path}.conv1.norm", width)
            made |= conv(f"{path}.conv2", width, width, 3) | norm(f"{path}.conv2.norm", width, scale=0.3)
            inside = width
    for level, width in zip((2, 3, 4, 5), STAGES.values()):
        made |= conv(f"backbone.fpn_lateral{level}", FPN, width, 1, 1.0) | bias(f"backbone.fpn_lateral{level}", FPN)
        made |= conv(f"backbone.fpn_output{level}", FPN, FPN, 3, 1.0) | bias(f"backbone.fpn_output{level}", FPN)
    rpn = "proposal_generator.rpn_head"
    for leaf, out_channels, kernel, gain in (("conv", FPN, 3, 2.0), ("objectness_logits", 3, 1, 1.5), ("anchor_deltas", 12, 1, 0.02)):
        made |= conv(f"{rpn}.{leaf}", out_channels, FPN, kernel, gain) | bias(f"{rpn}.{leaf}", out_channels)
    for name, out_features, in_features, gain in (("box_head.fc1", FC, FPN * 49, 2.0), ("box_head.fc2", FC, FC, 2.0),
                                                  ("box_predictor.cls_score", CLASSES + 1, FC, 0.3),
                                                  ("box_predictor.bbox_pred", 4 * CLASSES, FC, 0.2)):
        path = f"roi_heads.{name}"
        made[f"{path}.weight"] = lambda rng, o=out_features, i=in_features, g=gain: rng.standard_normal((o, i)) * (g / i) ** 0.5
        made |= bias(path, out_features)
    return made


def main(argv):
    if not 1 <= len(argv) <= 2 or not argv[0].endswith(".safetensors"):
        sys.stderr.write(__doc__)
        return 2
    rng = np.random.default_rng(int(argv[1]) if len(argv) == 2 else 7)
    arrays = {name: np.ascontiguousarray(draw(rng), dtype="<f4") for name, draw in parameters().items()}
    header, offset = {}, 0
    for name, array in arrays.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(argv[0]).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(a.tobytes() for a in arrays.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the small checkpoints of tests/engine/model/data. Needs numpy and torch; the tests need only the files.

    make_fixtures.py [FOLDER]

Every array of a checkpoint counts up in row-major order: element k is k / 4 - 1, or k - 2 where the name begins with "int.".
"""
import collections
import pathlib
import pickle
import sys

import numpy as np
import torch

SHAPE = (2, 3)


def counted(dtype, shape=SHAPE):
    whole = np.dtype(dtype).kind in "iu"
    numbers = np.arange(int(np.prod(shape)), dtype=np.float64)
    return (numbers - 2 if whole else numbers / 4 - 1).reshape(shape).astype(dtype)


def numpy_state():
    return {
        "f32": counted("<f4"),
        "f32.big_endian": counted(">f4"),
        "f32.fortran": np.asfortranarray(counted("<f4")),
        "f16": counted("<f2"),
        "f64": counted("<f8"),
        "int.s64": counted("<i8"),
        "int.s8": counted("|i1"),
        "int.s16.big_endian": counted(">i2"),
        "three_axes.fortran": np.asfortranarray(counted("<f4", (2, 3, 4))),
        "scalar": np.float32(-1),
    }


def permuted_state():
    """Views with their axes exchanged, which are neither in C nor in Fortran order. NumPy 2.4 pickles them as they lie (protocol 5)."""
    state = {}
    for axes in [(1, 0, 2), (2, 0, 1), (1, 2, 0), (0, 2, 1)]:
        stored = np.ascontiguousarray(counted("<f4", (2, 3, 4)).transpose(axes))
        state["axes." + "".join(map(str, axes))] = stored.transpose(np.argsort(axes))
    return state


def proposals(mode):
    """As Detectron2's evaluator saves them: BoxMode 0 is corners, 1 corner and size."""
    boxes = [
        np.array([[10, 20, 30.5, 40], [0, 0, 100, 50]], np.float32),
        np.array([[1, 2, 3, 4]], np.float64),
        np.zeros((0, 4), np.float32),
    ]
    if mode == 1:
        for box in boxes:
            box[:, 2:] -= box[:, :2]
    logits = [np.array([-1.5, 2], np.float32), np.array([0.25], np.float32), np.zeros(0, np.float32)]
    return {"boxes": boxes, "objectness_logits": logits, "ids": [139, 285, "street.jpg"], "bbox_mode": mode}


def torch_state():
    whole = torch.arange(6).reshape(SHAPE)
    real = whole.double() / 4 - 1
    tied = real.float()
    wide = torch.full((5, 12), 99.0)
    wide[1:5:3, 2:11:4] = real.float()  # Rows 1 and 4, columns 2, 6 and 10
    state = collections.OrderedDict(
        [
            ("f32", real.float()),
            ("f16", real.half()),
            ("bf16", real.bfloat16()),
            ("f64", real),
            ("int.s64", whole - 2),
            ("int.s32", (whole - 2).int()),
            ("int.s16", (whole - 2).short()),
            ("int.s8", (whole - 2).char()),
            ("parameter", torch.nn.Parameter(real.float())),
            ("transposed", real.float().t().contiguous().t()),
            ("strided", wide[1:5:3, 2:11:4]),
            ("tied.first", tied),
            ("tied.second", tied),
            ("scalar", torch.tensor(-1.0)),
        ]
    )
    state._metadata = collections.OrderedDict([("", {"version": 1})])
    return state


def training(state):
    return {
        "model": state,
        "optimizer": {"state": {0: {"momentum_buffer": torch.ones(2)}}, "param_groups": [{"lr": 0.02, "params": [0]}]},
        "scheduler": {"last_epoch": 7, "milestones": [5, 9]},
        "iteration": 7,
    }


def main(argv):
    folder = pathlib.Path(argv[0]) if argv else pathlib.Path(__file__).resolve().parent / "data"
    folder.mkdir(exist_ok=True)
    for protocol in range(6):
        zoo = {"model": numpy_state(), "__author__": "fixture", "matching_heuristics": True}
        (folder / f"numpy_protocol_{protocol}.pkl").write_bytes(pickle.dumps(zoo, protocol=protocol))
    (folder / "numpy_permuted.pkl").write_bytes(pickle.dumps({"model": permuted_state()}, protocol=5))
    for mode, name in enumerate(["xyxy", "xywh"]):
        (folder / f"proposals_{name}.pkl").write_bytes(pickle.dumps(proposals(mode)))
    torch.save(training(torch_state()), folder / "training.pth")
    torch.save(torch_state(), folder / "bare_state.pth")
    distributed = collections.OrderedDict(("module." + name, value) for name, value in torch_state().items())
    torch.save({"model": distributed}, folder / "distributed.pth")
    torch.save({"f32": torch_state()["f32"]}, folder / "legacy.pth", _use_new_zipfile_serialization=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

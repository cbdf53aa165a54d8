# SPDX-License-Identifier: MIT
"""Trains the default model: Detectron2's Mask R-CNN with ResNet-18 and FPN, on scenes made while it trains.

    model.py       the network, under Detectron2's parameter names
    boxes.py       anchors, deltas, matching, sampling
    losses.py      what training minimises
    inference.py   detections from outputs, as Detectron2 makes them
    supply.py      processes that make scenes, a store of them on the device, batches cut from it
    folder.py      a folder of pictures to read instead
    checkpoint.py  safetensors, split into files below 16 MiB
    __main__.py    the training itself; export.py, detect.py and plot.py use its results

Detectron2 itself is not on PyPI, so its model is written here with torch and torchvision.ops.
"""

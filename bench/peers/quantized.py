# SPDX-License-Identifier: MIT
"""OpenVINO's models of Faster R-CNN in int8, by NNCF's quantisation after training, with NNCF's defaults for CPUs."""
import hashlib
from importlib import metadata

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from network import prepared

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".jp2", ".pbm", ".pgm", ".ppm", ".pnm"}


def calibration_files(folder, most=32):
    """Those that `neuron-rcnn compile --calibrate FOLDER` takes: evenly spread."""
    files = sorted((path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES
                    and not any(part.startswith(".") for part in path.relative_to(folder).parts)), key=str)
    if not files:
        raise SystemExit(f"--calibrate: no image in {folder}")
    return files if len(files) <= most else [files[i * len(files) // most] for i in range(most)]


def calibration_inputs(network, files):
    """What the whole network, backbone + RPN head and box head read when the f32 network looks at the pictures."""
    inputs = {"whole": [], "backbone-rpn": [], "box-head": []}
    for file in tqdm(files, "regions to calibrate with", disable=None):
        image = prepared(np.asarray(Image.open(file).convert("RGB"))[:, :, ::-1], network.side)
        with torch.inference_mode():
            pooled = network.pooled(image)[1].numpy()
        inputs["whole"].append(image.numpy())
        inputs["backbone-rpn"].append((image - network.mean).numpy())
        inputs["box-head"].append(np.resize(pooled, (1000, *pooled.shape[1:])))  # Repeats regions where there are fewer
    return inputs


def digest(weights, files):
    """Changes with anything that a quantised model is made of."""
    sums = hashlib.sha256(" ".join(metadata.version(name) for name in ("nncf", "openvino")).encode())
    for file in (weights, *files):
        with open(file, "rb") as opened:
            sums.update(hashlib.file_digest(opened, "sha256").digest())
    return sums.hexdigest()[:12]


def quantized(models, network, options):
    """The same models, {"whole", "backbone-rpn", "box-head"}, in int8; those that options.cache has are not made again."""
    import nncf
    import openvino
    files = calibration_files(options.calibrate)
    ending = f"R_{options.depth}-{options.side}-{digest(options.weights, files)}.xml"
    cached = {name: options.cache / f"{name}-{ending}" if options.cache else None for name in models}
    if all(path and path.exists() for path in cached.values()):
        return {name: openvino.Core().read_model(path) for name, path in cached.items()}
    inputs, result = calibration_inputs(network, files), {}
    for name, model in models.items():
        result[name] = nncf.quantize(model, nncf.Dataset(inputs.pop(name)), subset_size=len(files),
                                     target_device=nncf.TargetDevice.CPU)
        if cached[name]:
            options.cache.mkdir(parents=True, exist_ok=True)
            openvino.save_model(result[name], cached[name], compress_to_fp16=False)
    return result

# SPDX-License-Identifier: MIT
"""Weights as safetensors, split into files below 16 MiB so that they pass where large files do not; F16, batch norms in F32."""
import json
import pathlib

import torch
from safetensors.torch import load_file, save_file

MOST_BYTES = 15 << 20


def rounded(state):
    """The state as it is stored. What F16 cannot hold is an error, not an infinity."""
    stored = {}
    for name, tensor in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        tensor = tensor.detach().float().cpu().contiguous()
        stored[name] = tensor if ".norm." in name else tensor.half()
        if not torch.isfinite(stored[name]).all():
            raise ValueError(f"{name} does not fit F16: largest {tensor.abs().max():.3g}")
    return stored


def save(folder, state, progress):
    """Writes weights-0.safetensors, weights-1.safetensors, ... and state.json, which names them; what was there stays until all is written."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    parts, size = [{}], 0
    for name, tensor in rounded(state).items():
        nbytes = tensor.numel() * tensor.element_size()
        if parts[-1] and size + nbytes > MOST_BYTES:
            parts.append({})
            size = 0
        parts[-1][name] = tensor
        size += nbytes
    names = [f"weights-{index}.safetensors" for index in range(len(parts))]
    for name, part in zip(names, parts):
        save_file(part, str(folder / f"{name}.part"))
    (folder / "state.json.part").write_text(json.dumps(dict(progress, files=names), indent=1) + "\n")
    for name in (*names, "state.json"):
        (folder / f"{name}.part").replace(folder / name)


def load(folder):
    """-> tensors in F32 by name, and the progress that was saved with them."""
    folder = pathlib.Path(folder)
    progress = json.loads((folder / "state.json").read_text())
    state = {}
    for name in progress.pop("files"):
        state |= {key: tensor.float() for key, tensor in load_file(str(folder / name)).items()}
    return state, progress


def restore(model, state):
    """Loads weights; what is missing or left over is an error, batch counters aside."""
    missing, unexpected = model.load_state_dict(state, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise ValueError(f"the weights do not fit the model: missing {missing[:3]}, unexpected {list(unexpected)[:3]}")

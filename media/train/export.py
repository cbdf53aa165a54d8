# SPDX-License-Identifier: MIT
"""Writes the default model from a run: one safetensors file, a Detectron2 config and the list of classes.

    python3 -m train.export --run DIR --out default

makes default.safetensors (F16; batch norms F32, as FrozenBN's four arrays), default.yaml and default.classes.yaml.
"""
import argparse
import pathlib
import sys

import torch
from safetensors.torch import save_file

from scenes.scene import CLASSES

from . import checkpoint
from .model import MaskRCNN, Widths

DATASET = "streets_scenes"
SMALL = 1 << 15  # Weights of a tensor that rounding would save nothing worth having
CONFIG = """\
# SPDX-License-Identifier: MIT
# The default model: Detectron2's Mask R-CNN with ResNet-18 and FPN, trained by media/train on scenes of media/scenes.
_BASE_: "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x"
MODEL:
  RESNETS:
    DEPTH: 18
    RES2_OUT_CHANNELS: 64
  RPN:
    POST_NMS_TOPK_TEST: 300  # A street has no thousand objects
  FPN:
    OUT_CHANNELS: {fpn}
  ROI_HEADS:
    NUM_CLASSES: {classes}
  ROI_BOX_HEAD:
    FC_DIM: {fc}
  ROI_MASK_HEAD:
    CONV_DIM: {mask}
DATASETS:
  TRAIN: ("{dataset}_train",)
  TEST: ("{dataset}_val",)
"""


def stepped(tensor, levels):
    """F16 values rounded to multiples of a power of two, their output channel's own, at most `levels` of them on either side of zero.

    With 63 the values take 7 bits of information and a file of them compresses to less than half; 0 keeps them. Small tensors are kept.
    """
    if tensor.dtype != torch.float16 or tensor.numel() < SMALL or not levels:
        return tensor
    rows = tensor.float().flatten(1)
    step = torch.exp2(torch.ceil(torch.log2(rows.abs().amax(1, keepdim=True).clamp(min=2.0 ** -14) / levels)))
    return (torch.round(rows / step) * step).half().view_as(tensor)


def class_list():
    rows = "\n".join(f"  - [{identifier}, {name}]" for identifier, name in CLASSES.items())
    return ("# SPDX-License-Identifier: MIT\n# The classes of the default model in the order of its outputs, each with COCO's id.\n"
            f"datasets: [{DATASET}_]\nclasses:\n{rows}\n")


def export(run, out, levels):
    state, progress = checkpoint.load(run)
    checkpoint.restore(MaskRCNN(), state)  # Refuses what is not this model
    widths = Widths()
    metadata = {"format": "pt", "trained": f"{progress['iteration']} steps, {progress['scenes']} scenes"}
    weights = {name: stepped(tensor, levels) for name, tensor in checkpoint.rounded(state).items()}
    save_file(weights, f"{out}.safetensors", metadata)
    text = CONFIG.format(fpn=widths.fpn, classes=widths.classes, fc=widths.fc, mask=widths.mask, dataset=DATASET)
    pathlib.Path(f"{out}.yaml").write_text(text)
    pathlib.Path(f"{out}.classes.yaml").write_text(class_list())
    return pathlib.Path(f"{out}.safetensors").stat().st_size


def main(arguments):
    parser = argparse.ArgumentParser(prog="python3 -m train.export", description="Writes the default model from a run.")
    parser.add_argument("--run", type=pathlib.Path, required=True)
    parser.add_argument("--out", required=True, help="path without its ending, such as default")
    parser.add_argument("--levels", type=int, default=0, help="of weights on either side of zero in a channel, such as 63, so that the file compresses (default 0: all that F16 has)")
    options = parser.parse_args(arguments)
    if not 0 <= options.levels <= 1023:
        parser.error(f"--levels is {options.levels}; accepted are 1 to 1023, and 0 to keep all")
    print(f"{options.out}.safetensors: {export(options.run, options.out, options.levels) / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

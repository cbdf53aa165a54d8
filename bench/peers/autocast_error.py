# SPDX-License-Identifier: MIT
"""How far PyTorch's autocast to bf16 takes R_50-FPN's features from Detectron2's own, as recorded.

    bench/peers/autocast_error.py WEIGHTS.safetensors STAGES.npz [--side 320]

WEIGHTS: the reference weights (`weights.py faster_rcnn_R_50_FPN_3x`), STAGES: `stages_faster_rcnn_R_50_FPN_3x_320.npz`. The error is
the mean absolute one as a share of the feature's standard deviation, as GoldenPrecision's tests have it; the root of the mean square beside it.
"""
import argparse

import numpy as np
import torch
from network import FasterRcnn


def main():
    parser = argparse.ArgumentParser(description="Error of PyTorch's autocast to bf16 on R_50-FPN's features.")
    parser.add_argument("weights", help="R_50-FPN's reference weights (.safetensors)")
    parser.add_argument("stages", help="recorded stages (.npz)")
    parser.add_argument("--side", type=int, default=320, help="of the recorded input (default 320)")
    options = parser.parse_args()
    recorded = np.load(options.stages)
    network = FasterRcnn(50, options.side)
    network.load(options.weights)
    network.eval()
    image = torch.from_numpy(recorded["input_nchw"]).float()
    for name, autocast in (("f32", torch.autocast("cpu", enabled=False)), ("autocast", torch.autocast("cpu", torch.bfloat16))):
        with torch.inference_mode(), autocast:
            features = network.backbone(image)
        for level, feature in zip(("p2", "p3", "p4", "p5", "p6"), features):
            expected = recorded[f"feature_{level}"].astype(np.float64)
            difference, deviation = feature.float().numpy() - expected, expected.std()
            print(f"{name:<8} {level}  {100 * np.abs(difference).mean() / deviation:.3f} %  (root of mean square {100 * np.sqrt((difference ** 2).mean()) / deviation:.3f} %)")


if __name__ == "__main__":
    main()

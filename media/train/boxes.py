# SPDX-License-Identifier: MIT
"""Boxes [.., 4] are x0, y0, x1, y1 in pixels of the network's input."""
import math

import torch

from .model import STRIDES

SIZES, RATIOS = (32, 64, 128, 256, 512), (0.5, 1.0, 2.0)
LARGEST_LOG = math.log(1000 / 16)
RPN_WEIGHTS, BOX_WEIGHTS = (1.0, 1.0, 1.0, 1.0), (10.0, 10.0, 5.0, 5.0)


def anchors(shapes, device):
    """One [H * W * 3, 4] per level p2..p6; order H, W, ratio; offset 0. shapes: (H, W) of each level."""
    made = []
    for (height, width), stride, size in zip(shapes, STRIDES.values(), SIZES):
        cells = []
        for ratio in RATIOS:
            wide = math.sqrt(size * size / ratio)
            tall = ratio * wide
            cells.append((-wide / 2, -tall / 2, wide / 2, tall / 2))
        y, x = torch.meshgrid(torch.arange(height, device=device) * stride, torch.arange(width, device=device) * stride, indexing="ij")
        shift = torch.stack([x, y, x, y], dim=2).view(-1, 1, 4)
        made.append((shift + torch.tensor(cells, device=device)).view(-1, 4).float())
    return made


def iou(a, b, eps=1e-9):
    """[N, 4], [M, 4] -> [N, M]."""
    inner = overlap(a, b)
    return inner / (area(a)[:, None] + area(b)[None] - inner + eps)


def overlap(a, b):
    low, high = torch.maximum(a[:, None, :2], b[None, :, :2]), torch.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = (high - low).clamp(min=0)
    return sides[..., 0] * sides[..., 1]


def area(boxes):
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def encode(boxes, targets, weights):
    """Deltas that turn boxes into targets."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    x, y = boxes[:, 0] + 0.5 * width, boxes[:, 1] + 0.5 * height
    target_width, target_height = targets[:, 2] - targets[:, 0], targets[:, 3] - targets[:, 1]
    target_x, target_y = targets[:, 0] + 0.5 * target_width, targets[:, 1] + 0.5 * target_height
    wx, wy, ww, wh = weights
    return torch.stack([wx * (target_x - x) / width, wy * (target_y - y) / height, ww * torch.log(target_width / width), wh * torch.log(target_height / height)], dim=1)


def decode(deltas, boxes, weights):
    """deltas [N, 4 * K], boxes [N, 4] -> [N, 4 * K]."""
    boxes = boxes.float()
    width, height = (boxes[:, 2] - boxes[:, 0])[:, None], (boxes[:, 3] - boxes[:, 1])[:, None]
    x, y = boxes[:, :1] + 0.5 * width, boxes[:, 1:2] + 0.5 * height
    dx, dy, dw, dh = (deltas[:, part::4].float() / weight for part, weight in enumerate(weights))
    wide, tall = torch.exp(dw.clamp(max=LARGEST_LOG)) * width, torch.exp(dh.clamp(max=LARGEST_LOG)) * height
    middle_x, middle_y = dx * width + x, dy * height + y
    return torch.stack([middle_x - 0.5 * wide, middle_y - 0.5 * tall, middle_x + 0.5 * wide, middle_y + 0.5 * tall], dim=2).flatten(1)


def clip(boxes, height, width):
    x, y = boxes[..., 0::2].clamp(0, width), boxes[..., 1::2].clamp(0, height)
    return torch.stack([x[..., 0], y[..., 0], x[..., 1], y[..., 1]], dim=-1)


def match(candidates, truth, low, high, every_truth_matched):
    """Per candidate the index of its best true box and a label: 1 at IoU >= high, 0 below low, -1 between."""
    if not len(truth):
        nothing = torch.zeros(len(candidates), dtype=torch.long, device=candidates.device)
        return nothing, nothing.clone()
    quality = iou(candidates, truth)
    best, index = quality.max(dim=1)
    label = torch.where(best >= high, 1, torch.where(best < low, 0, -1))
    if every_truth_matched:
        best_of_truth = quality.max(dim=0).values
        label[((quality == best_of_truth[None]) & (best_of_truth[None] > 0.05)).any(dim=1)] = 1
    return index, label


def spare_ignored(label, candidates, ignored):
    """Candidates that lie mostly on a crowd are neither right nor wrong."""
    if len(ignored):
        covered = overlap(candidates, ignored).max(dim=1).values / area(candidates).clamp(min=1e-6)
        label[(label == 0) & (covered > 0.5)] = -1
    return label


def sample(label, count, positive_share, generator):
    """Indices of at most count * positive_share candidates labelled 1, and of others labelled 0 up to count."""
    positive, negative = torch.nonzero(label == 1).squeeze(1), torch.nonzero(label == 0).squeeze(1)
    take = min(len(positive), int(count * positive_share))
    positive = positive[torch.randperm(len(positive), device=label.device, generator=generator)[:take]]
    negative = negative[torch.randperm(len(negative), device=label.device, generator=generator)[:count - take]]
    return positive, negative

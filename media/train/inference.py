# SPDX-License-Identifier: MIT
"""Detections as Detectron2 makes them at inference; the project's engine is measured against this."""
import math

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F
from torchvision.ops import batched_nms, nms

from . import boxes as B

LEVELS = ("p2", "p3", "p4", "p5", "p6")


def separated_nms(boxes, scores, group, threshold):
    """NMS within groups: as torchvision for up to 1,000 boxes one NMS on shifted boxes, beyond that one for each group."""
    if len(boxes) == 0:
        return torch.zeros(0, dtype=torch.long, device=boxes.device)
    if len(boxes) <= 1000:
        shift = group.to(boxes) * (boxes.max() + 1)
        return nms(boxes + shift[:, None], scores, threshold)
    return batched_nms(boxes, scores, group, threshold)


def proposals_of_image(anchors, logits, deltas, height, width, before=1000, after=300, threshold=0.7):
    """Per level the best `before` anchors, decoded; together the best `after` that survive NMS. -> boxes [R, 4], logits [R]."""
    boxes, scores, group = [], [], []
    for level, (anchor, logit, delta) in enumerate(zip(anchors, logits, deltas)):
        score, index = logit.topk(min(before, len(logit)))
        boxes.append(B.decode(delta[index], anchor[index], B.RPN_WEIGHTS))
        scores.append(score)
        group.append(torch.full_like(index, level))
    boxes, scores, group = torch.cat(boxes), torch.cat(scores), torch.cat(group)
    finite = torch.isfinite(boxes).all(dim=1) & torch.isfinite(scores)
    boxes = B.clip(boxes, height, width)
    kept = finite & (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    boxes, scores, group = boxes[kept], scores[kept], group[kept]
    kept = separated_nms(boxes, scores, group, threshold)[:after]
    return boxes[kept], scores[kept]


def detections_of_image(regions, logits, deltas, height, width, threshold, overlap=0.5, most=100):
    """-> boxes [D, 4], scores [D], classes [D], best first."""
    boxes, scores = B.decode(deltas, regions, B.BOX_WEIGHTS), logits.float().softmax(dim=1)
    finite = torch.isfinite(boxes).all(dim=1) & torch.isfinite(scores).all(dim=1)
    boxes, scores = boxes[finite], scores[finite, :-1]
    boxes = B.clip(boxes.view(len(boxes), -1, 4), height, width)
    rows, classes = torch.nonzero(scores > threshold, as_tuple=True)
    boxes, scores = boxes[rows, classes], scores[rows, classes]
    kept = separated_nms(boxes, scores, classes, overlap)[:most]
    return boxes[kept], scores[kept], classes[kept]


@torch.no_grad()
def detect(model, pictures, threshold=0.05):
    """BGR u8 [N, 3, H, W] -> per image boxes, scores, classes, mask probabilities [D, 28, 28], in the network's frame."""
    height, width = pictures.shape[-2:]
    features, logits, deltas = model.dense(model.normalise(pictures))
    anchors = B.anchors([features[level].shape[-2:] for level in LEVELS], pictures.device)
    of_image = lambda levels, image: [level[image].float() for level in levels]
    regions = [proposals_of_image(anchors, of_image(logits, image), of_image(deltas, image), height, width)[0] for image in range(len(pictures))]
    class_logits, box_deltas = model.classify(features, regions)
    found, start = [], 0
    for boxes in regions:
        rows = slice(start, start + len(boxes))
        found.append(detections_of_image(boxes, class_logits[rows], box_deltas[rows], height, width, threshold))
        start += len(boxes)
    masks = model.masks(features, [boxes for boxes, _, _ in found]).float().sigmoid()
    results, start = [], 0
    for boxes, scores, classes in found:
        own = masks[start:start + len(boxes)]
        results.append((boxes, scores, classes, own[torch.arange(len(boxes), device=boxes.device), classes]))
        start += len(boxes)
    return results


def read_picture(path, width, height):
    """An image file -> BGR u8 [3, height, width], stretched as PIL does, and its own width and height."""
    picture = Image.open(path).convert("RGB")
    resized = np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))
    return torch.from_numpy(np.ascontiguousarray(resized[..., ::-1].transpose(2, 0, 1))), picture.size


def to_image(boxes, network, image):
    """Boxes of the network's frame (width, height) in the image's, clipped; and which are not empty."""
    scaled = boxes * torch.tensor([image[0] / network[0], image[1] / network[1]] * 2, device=boxes.device)
    scaled = B.clip(scaled, image[1], image[0])
    return scaled, (scaled[:, 2] > scaled[:, 0]) & (scaled[:, 3] > scaled[:, 1])


def paste(probabilities, box, width, height):
    """A mask [28, 28] sampled bilinearly at the pixel centres of its box; zeros beyond the grid; u8 [height, width] of 0 and 1."""
    x0, y0, x1, y1 = (float(side) for side in box)
    left, top = max(math.floor(x0) - 1, 0), max(math.floor(y0) - 1, 0)
    right, bottom = min(math.ceil(x1) + 1, width), min(math.ceil(y1) + 1, height)
    canvas = np.zeros((height, width), np.uint8)
    if right <= left or bottom <= top:
        return canvas
    x = (torch.arange(left, right, dtype=torch.float32) + 0.5 - x0) / (x1 - x0) * 2 - 1
    y = (torch.arange(top, bottom, dtype=torch.float32) + 0.5 - y0) / (y1 - y0) * 2 - 1
    grid = torch.stack([x[None].expand(len(y), -1), y[:, None].expand(-1, len(x))], dim=2)
    sampled = F.grid_sample(probabilities.float().cpu()[None, None], grid[None], align_corners=False)[0, 0]
    canvas[top:bottom, left:right] = (sampled >= 0.5).numpy()
    return canvas

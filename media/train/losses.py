# SPDX-License-Identifier: MIT
"""What training minimises: Detectron2's five losses, with crowds spared."""
import dataclasses

import torch
from torch.nn import functional as F
from torchvision.ops import roi_align

from . import boxes as B
from .inference import proposals_of_image

RPN_BATCH = 256


@dataclasses.dataclass
class Counts:
    """How much of a picture is looked at in a step. Fewer regions make a step on a CPU several times shorter."""
    regions: int = 192   # For the box head
    masks: int = 57      # Of them, objects whose masks are learnt
    proposals: int = 600  # From which the regions are drawn


def rpn_losses(anchors, logits, deltas, targets, generator):
    """targets: one supply.Target per image."""
    everywhere, logits, deltas = torch.cat(anchors), torch.cat(logits, dim=1).float(), torch.cat(deltas, dim=1).float()
    score, position = logits.new_zeros(()), logits.new_zeros(())
    for image, target in enumerate(targets):
        with torch.no_grad():
            index, label = B.match(everywhere, target.boxes, 0.3, 0.7, True)
            label = B.spare_ignored(label, everywhere, target.ignored)
            positive, negative = B.sample(label, RPN_BATCH, 0.5, generator)
        chosen = torch.cat([positive, negative])
        wanted = torch.cat([torch.ones_like(positive), torch.zeros_like(negative)]).float()
        score = score + F.binary_cross_entropy_with_logits(logits[image, chosen], wanted, reduction="sum")
        if len(positive):
            goal = B.encode(everywhere[positive], target.boxes[index[positive]], B.RPN_WEIGHTS)
            position = position + F.l1_loss(deltas[image, positive], goal, reduction="sum")
    scale = 1 / (RPN_BATCH * len(targets))
    return score * scale, position * scale


@torch.no_grad()
def sampled_regions(anchors, logits, deltas, targets, height, width, counts, generator):
    """Per image: regions to learn from [R, 4], their class (the number of classes: background), the index of their true box, and how many are objects."""
    chosen = []
    for image, target in enumerate(targets):
        found = proposals_of_image(anchors, [level[image].float() for level in logits], [level[image].float() for level in deltas], height, width, before=counts.proposals * 5 // 3, after=counts.proposals)[0]
        candidates = torch.cat([found, target.boxes])
        index, label = B.match(candidates, target.boxes, 0.5, 0.5, False)
        label = B.spare_ignored(label, candidates, target.ignored)
        positive, negative = B.sample(label, counts.regions, 0.3, generator)
        rows = torch.cat([positive, negative])
        chosen.append((candidates[rows], index[rows], len(positive)))
    return chosen


def box_losses(model, features, chosen, targets, classes):
    regions = [regions for regions, _, _ in chosen]
    logits, deltas = model.classify(features, regions)
    logits, deltas = logits.float(), deltas.float()
    wanted, position, start = [], deltas.new_zeros(()), 0
    for (boxes, index, objects), target in zip(chosen, targets):
        label = torch.full((len(boxes),), classes, dtype=torch.long, device=boxes.device)
        if objects:
            label[:objects] = target.classes[index[:objects]]
            goal = B.encode(boxes[:objects], target.boxes[index[:objects]], B.BOX_WEIGHTS)
            rows = deltas[start:start + objects].view(objects, -1, 4)
            position = position + F.l1_loss(rows[torch.arange(objects, device=rows.device), label[:objects]], goal, reduction="sum")
        wanted.append(label)
        start += len(boxes)
    return F.cross_entropy(logits, torch.cat(wanted)), position / max(start, 1)


def mask_loss(model, features, chosen, targets, most):
    """Class-specific masks of the object regions; the goal is the true mask, resampled as Detectron2's BitMasks does."""
    regions, goals, classes = [], [], []
    for (boxes, index, objects), target in zip(chosen, targets):
        objects = min(objects, most)  # They come in random order
        boxes, index = boxes[:objects], index[:objects]
        regions.append(boxes)
        if not objects:
            continue
        classes.append(target.classes[index])
        whole = (target.map[None] == target.numbers.view(-1, 1, 1)).float()[:, None]
        rows = torch.cat([index[:, None].float(), boxes], dim=1)
        goals.append(roi_align(whole, rows, 28, 1.0, 0, True)[:, 0] >= 0.5)
    if not goals:
        return sum(parameter.sum() for parameter in model.roi_heads.mask_head.parameters()) * 0.0
    logits = model.masks(features, regions).float()
    classes = torch.cat(classes)
    own = logits[torch.arange(len(classes), device=classes.device), classes]
    return F.binary_cross_entropy_with_logits(own, torch.cat(goals).float())


def losses(model, pictures, targets, counts, generator):
    """pictures BGR [N, 3, H, W] u8 -> {name: loss}."""
    height, width = pictures.shape[-2:]
    features, logits, deltas = model.dense(model.normalise(pictures).contiguous(memory_format=torch.channels_last))
    anchors = B.anchors([features[level].shape[-2:] for level in ("p2", "p3", "p4", "p5", "p6")], pictures.device)
    rpn_score, rpn_position = rpn_losses(anchors, logits, deltas, targets, generator)
    chosen = sampled_regions(anchors, [level.detach() for level in logits], [level.detach() for level in deltas], targets, height, width, counts, generator)
    box_class, box_position = box_losses(model, features, chosen, targets, model.widths.classes)
    return {"rpn_class": rpn_score, "rpn_box": rpn_position, "class": box_class, "box": box_position, "mask": mask_loss(model, features, chosen, targets, counts.masks)}

# SPDX-License-Identifier: MIT
"""Detectron2's Faster R-CNN R_50-FPN and R_101-FPN in plain PyTorch, for one image: what the peers run.

Parameters are named as in Detectron2's checkpoints; whole_frames.py --verify compares what it finds with recorded
references. Shapes are those of one image of side x side pixels, so that every converter can trace it.
"""
import math

import numpy as np
import torch
import torchvision
from PIL import Image
from torch import nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
CHANNELS = 256
STRIDES = (4, 8, 16, 32, 64)
SCALE_CLAMP = math.log(1000 / 16)


def prepared(picture, side):
    """Detectron2's ResizeTransform, then [1, 3, side, side]; `picture` in BGR."""
    resized = np.asarray(Image.fromarray(picture).resize((side, side), Image.BILINEAR))
    return torch.from_numpy(np.ascontiguousarray(resized.transpose(2, 0, 1), dtype=np.float32))[None]


class NormedConv(nn.Conv2d):
    """A convolution and its frozen batch norm, two operators as in Detectron2 until fuse() makes one of them."""

    def __init__(self, inputs, outputs, kernel, stride=1):
        super().__init__(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.norm(super().forward(x))


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = NormedConv(inputs, width, 1, stride)  # Detectron2's STRIDE_IN_1X1
        self.conv2 = NormedConv(width, width, 3)
        self.conv3 = NormedConv(width, 4 * width, 1)
        self.shortcut = NormedConv(inputs, 4 * width, 1, stride) if inputs != 4 * width else nn.Identity()

    def forward(self, x):
        y = functional.relu(self.conv2(functional.relu(self.conv1(x))))
        return functional.relu(self.conv3(y) + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.stem = nn.Module()
        self.stem.conv1 = NormedConv(3, 64, 7, 2)
        channels = 64
        for stage, count in enumerate(BLOCKS[depth]):
            width, blocks = 64 << stage, []
            for block in range(count):
                blocks.append(Bottleneck(channels, width, 2 if block == 0 and stage > 0 else 1))
                channels = 4 * width
            setattr(self, f"res{stage + 2}", nn.Sequential(*blocks))

    def forward(self, image):
        x = functional.max_pool2d(functional.relu(self.stem.conv1(image)), 3, 2, 1)
        maps = []
        for stage in (self.res2, self.res3, self.res4, self.res5):
            x = stage(x)
            maps.append(x)
        return maps


class Fpn(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.bottom_up = ResNet(depth)
        for level in range(2, 6):
            setattr(self, f"fpn_lateral{level}", nn.Conv2d(64 << level, CHANNELS, 1))
            setattr(self, f"fpn_output{level}", nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1))

    def forward(self, image):
        merged, levels = None, []
        for level, bottom_up in zip(range(5, 1, -1), reversed(self.bottom_up(image))):
            lateral = getattr(self, f"fpn_lateral{level}")(bottom_up)
            merged = lateral if merged is None else lateral + functional.interpolate(merged, scale_factor=2.0, mode="nearest")
            levels.insert(0, getattr(self, f"fpn_output{level}")(merged))
        return [*levels, functional.max_pool2d(levels[-1], 1, 2)]


class RpnHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
        self.objectness_logits = nn.Conv2d(CHANNELS, 3, 1)
        self.anchor_deltas = nn.Conv2d(CHANNELS, 12, 1)

    def forward(self, levels):
        hidden = [functional.relu(self.conv(level)) for level in levels]
        return [self.objectness_logits(each) for each in hidden], [self.anchor_deltas(each) for each in hidden]


class BackboneRpn(nn.Module):
    """[1, 3, side, side] -> p2..p6, five maps of logits, five of deltas."""

    def __init__(self, network):
        super().__init__()
        self.backbone, self.head = network.backbone, network.proposal_generator.rpn_head

    def forward(self, image):
        levels = self.backbone(image)
        logits, deltas = self.head(levels)
        return (*levels, *logits, *deltas)


class BoxHead(nn.Module):
    """[regions, 256, 7, 7] -> logits of the classes and background, deltas of each class."""

    def __init__(self, network):
        super().__init__()
        self.head, self.predictor = network.roi_heads.box_head, network.roi_heads.box_predictor

    def forward(self, pooled):
        x = functional.relu(self.head.fc1(pooled.flatten(1)))
        x = functional.relu(self.head.fc2(x))
        return self.predictor.cls_score(x), self.predictor.bbox_pred(x)


def anchors(side):
    """A tensor [cells * 3, 4] for each of the five levels."""
    result = []
    for stride, size in zip(STRIDES, (32, 64, 128, 256, 512)):
        cells = []
        for ratio in (0.5, 1.0, 2.0):
            width = math.sqrt(size * size / ratio)
            cells.append([-width / 2, -width * ratio / 2, width / 2, width * ratio / 2])
        count = math.ceil(side / stride)
        shifts = torch.arange(count, dtype=torch.float32) * stride
        y, x = torch.meshgrid(shifts, shifts, indexing="ij")
        places = torch.stack([x, y, x, y], -1).reshape(-1, 1, 4)
        result.append((places + torch.tensor(cells)).reshape(-1, 4))
    return result


def decode(boxes, deltas, weights):
    widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    x, y = boxes[:, 0] + 0.5 * widths, boxes[:, 1] + 0.5 * heights
    dx, dy, dw, dh = (deltas[:, i::4] / weight for i, weight in enumerate(weights))
    x, y = dx * widths[:, None] + x[:, None], dy * heights[:, None] + y[:, None]
    w = torch.exp(dw.clamp(max=SCALE_CLAMP)) * widths[:, None]
    h = torch.exp(dh.clamp(max=SCALE_CLAMP)) * heights[:, None]
    return torch.stack([x - 0.5 * w, y - 0.5 * h, x + 0.5 * w, y + 0.5 * h], -1).reshape(-1, 4)


def nms_by_group(boxes, scores, groups, threshold):
    """Groups are moved apart, so that one pass serves all."""
    return torchvision.ops.nms(boxes + (groups.to(boxes) * (boxes.max() + 1))[:, None], scores, threshold)


def pool(levels, boxes, bins):
    """detectron2.modeling.poolers.ROIPooler.forward with ROIAlignV2, sampling ratio 0."""
    sizes = torch.sqrt((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
    of_level = torch.clamp(torch.floor(4 + torch.log2(sizes / 224 + 1e-8)), 2, 5).to(torch.int64) - 2
    regions = torch.cat([torch.zeros(boxes.shape[0], 1), boxes], 1)
    pooled = levels[0].new_zeros(boxes.shape[0], levels[0].shape[1], bins, bins)
    for level, features in enumerate(levels[:4]):
        chosen = torch.nonzero(of_level == level).squeeze(1)
        pooled.index_put_((chosen,), torchvision.ops.roi_align(
            features, regions[chosen], (bins, bins), 1.0 / STRIDES[level], 0, True))
    return pooled


class FasterRcnn(nn.Module):
    """[1, 3, side, side], BGR 0..255 -> boxes [n, 4] in pixels of the input, scores [n], classes [n]; n up to 100."""

    def __init__(self, depth, side, classes=80):
        super().__init__()
        self.side = side
        self.backbone = Fpn(depth)
        self.proposal_generator = nn.Module()
        self.proposal_generator.rpn_head = RpnHead()
        self.roi_heads = nn.Module()
        self.roi_heads.box_head = nn.Module()
        self.roi_heads.box_head.fc1 = nn.Linear(CHANNELS * 49, 1024)
        self.roi_heads.box_head.fc2 = nn.Linear(1024, 1024)
        self.roi_heads.box_predictor = nn.Module()
        self.roi_heads.box_predictor.cls_score = nn.Linear(1024, classes + 1)
        self.roi_heads.box_predictor.bbox_pred = nn.Linear(1024, 4 * classes)
        self.register_buffer("mean", torch.tensor([103.53, 116.28, 123.675]).reshape(1, 3, 1, 1), persistent=False)
        for i, each in enumerate(anchors(side)):
            self.register_buffer(f"anchors{i}", each, persistent=False)

    def load(self, path):
        """A .safetensors file with Detectron2's names."""
        from safetensors.torch import load_file
        state = {name: value for name, value in load_file(path).items() if not name.startswith(("pixel_", "anchor_"))}
        missing, extra = self.load_state_dict(state, strict=False)
        missing = [name for name in missing if not name.endswith("num_batches_tracked")]
        if missing or [name for name in extra if "cell_anchors" not in name and not name.startswith("proposal_generator.anchor")]:
            raise SystemExit(f"{path}: not the weights of this network; missing {missing[:3]}, not known {extra[:3]}")
        return self

    def fuse(self):
        """Folds each batch norm into its convolution, as every inference engine does by itself."""
        def visit(module):
            for name, child in module.named_children():
                if isinstance(child, NormedConv):
                    plain = nn.Conv2d(child.in_channels, child.out_channels, child.kernel_size, child.stride, child.padding, bias=False)
                    plain.weight = child.weight
                    setattr(module, name, fuse_conv_bn_eval(plain.eval(), child.norm))
                else:
                    visit(child)
        visit(self)
        return self

    def proposals(self, logits, deltas):
        boxes, scores, groups = [], [], []
        for level, (each_logits, each_deltas) in enumerate(zip(logits, deltas)):
            flat = each_logits.permute(0, 2, 3, 1).flatten()
            best, at = flat.topk(min(1000, flat.shape[0]))
            moves = each_deltas.reshape(3, 4, *each_deltas.shape[2:]).permute(2, 3, 0, 1).reshape(-1, 4)
            boxes.append(decode(getattr(self, f"anchors{level}")[at], moves[at], (1, 1, 1, 1)))
            scores.append(best)
            groups.append(torch.full_like(best, level))
        boxes, scores, groups = torch.cat(boxes).clamp(0, self.side), torch.cat(scores), torch.cat(groups)
        solid = torch.nonzero((boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])).squeeze(1)
        boxes, scores, groups = boxes[solid], scores[solid], groups[solid]
        return boxes[nms_by_group(boxes, scores, groups, 0.7)[:1000]]

    def detections(self, proposals, logits, deltas):
        classes = logits.shape[1] - 1
        scores = functional.softmax(logits, 1)[:, :-1].flatten()
        boxes = decode(proposals, deltas, (10, 10, 5, 5)).clamp(0, self.side)
        kept = torch.nonzero(scores > 0.05).squeeze(1)
        boxes, scores, kinds = boxes[kept], scores[kept], kept % classes
        best = nms_by_group(boxes, scores, kinds, 0.5)[:100]
        return boxes[best], scores[best], kinds[best]

    def pooled(self, image):
        """The regions that the box head looks at, [n, 4], and what it sees of them, [n, 256, 7, 7]; n up to 1000."""
        maps = BackboneRpn(self)(image - self.mean)
        proposals = self.proposals(maps[5:10], maps[10:15])
        return proposals, pool(maps[:5], proposals, 7)

    def forward(self, image):
        proposals, pooled = self.pooled(image)
        return self.detections(proposals, *BoxHead(self)(pooled))

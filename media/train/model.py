# SPDX-License-Identifier: MIT
"""Mask R-CNN, ResNet-18 and FPN, under Detectron2's parameter names, so that its weights load as any user's checkpoint."""
import dataclasses

import torch
from torch import nn
from torch.nn import functional as F
from torchvision.ops import roi_align

PIXEL_MEAN = (103.530, 116.280, 123.675)  # Blue, green, red; the deviation is 1
STRIDES = {"p2": 4, "p3": 8, "p4": 16, "p5": 32, "p6": 64}
CANONICAL_LEVEL, CANONICAL_SIZE = 4, 224


@dataclasses.dataclass
class Widths:
    """Channels of the parts; Detectron2's keys are in export.py."""
    classes: int = 7
    stem: int = 64
    stages: tuple = (64, 128, 256, 512)
    blocks: tuple = (2, 2, 2, 2)
    fpn: int = 128
    fc: int = 512
    mask: int = 128


class Conv(nn.Conv2d):
    """A convolution followed by its batch norm, which Detectron2 keeps inside it as `norm`."""

    def __init__(self, inside, outside, kernel, stride=1):
        super().__init__(inside, outside, kernel, stride, kernel // 2, bias=False)
        nn.init.kaiming_normal_(self.weight, mode="fan_out", nonlinearity="relu")
        self.norm = nn.BatchNorm2d(outside, eps=1e-5, momentum=0.03)

    def forward(self, x):
        return self.norm(super().forward(x))


class Block(nn.Module):
    def __init__(self, inside, outside, stride):
        super().__init__()
        self.conv1, self.conv2 = Conv(inside, outside, 3, stride), Conv(outside, outside, 3)
        self.shortcut = Conv(inside, outside, 1, stride) if inside != outside else None
        nn.init.constant_(self.conv2.norm.weight, 0.2)  # Residual branches begin small: there is no pretrained start

    def forward(self, x):
        beside = x if self.shortcut is None else self.shortcut(x)
        return F.relu(self.conv2(F.relu(self.conv1(x))) + beside)


class ResNet(nn.Module):
    def __init__(self, widths):
        super().__init__()
        self.stem = nn.Module()
        self.stem.conv1 = Conv(3, widths.stem, 7, 2)
        inside = widths.stem
        for index, (width, blocks) in enumerate(zip(widths.stages, widths.blocks)):
            stage = []
            for block in range(blocks):
                stage.append(Block(inside, width, 2 if index and not block else 1))
                inside = width
            self.add_module(f"res{index + 2}", nn.Sequential(*stage))

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.stem.conv1(x)), 3, 2, 1)
        outputs = []
        for name in ("res2", "res3", "res4", "res5"):
            x = getattr(self, name)(x)
            outputs.append(x)
        return outputs


class Backbone(nn.Module):
    """images [N, 3, H, W] less their mean, H and W multiples of 32 -> {p2..p6: [N, fpn, H / stride, W / stride]}."""

    def __init__(self, widths):
        super().__init__()
        self.bottom_up = ResNet(widths)
        for level, width in zip((2, 3, 4, 5), widths.stages):
            lateral, output = nn.Conv2d(width, widths.fpn, 1), nn.Conv2d(widths.fpn, widths.fpn, 3, 1, 1)
            for layer in (lateral, output):
                nn.init.kaiming_uniform_(layer.weight, a=1)
                nn.init.zeros_(layer.bias)
            self.add_module(f"fpn_lateral{level}", lateral)
            self.add_module(f"fpn_output{level}", output)

    def forward(self, images):
        stages, features, above = self.bottom_up(images), {}, None
        for level in (5, 4, 3, 2):
            here = getattr(self, f"fpn_lateral{level}")(stages[level - 2])
            if above is not None:
                here = here + F.interpolate(above, size=here.shape[-2:], mode="nearest")
            above = here
            features[f"p{level}"] = getattr(self, f"fpn_output{level}")(here)
        features["p6"] = F.max_pool2d(features["p5"], 1, 2)
        return features


class RPNHead(nn.Module):
    def __init__(self, width, ratios=3):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, 1, 1)
        self.objectness_logits, self.anchor_deltas = nn.Conv2d(width, ratios, 1), nn.Conv2d(width, 4 * ratios, 1)
        for layer in (self.conv, self.objectness_logits, self.anchor_deltas):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)

    def forward(self, feature):
        """[N, C, H, W] -> logits [N, H * W * A], deltas [N, H * W * A, 4]."""
        hidden = F.relu(self.conv(feature))
        logits, deltas = self.objectness_logits(hidden), self.anchor_deltas(hidden)
        batch, _, height, width = deltas.shape
        deltas = deltas.view(batch, -1, 4, height, width).permute(0, 3, 4, 1, 2).reshape(batch, -1, 4)
        return logits.permute(0, 2, 3, 1).reshape(batch, -1), deltas


class BoxHead(nn.Module):
    def __init__(self, inside, width):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(inside * 49, width), nn.Linear(width, width)
        for layer in (self.fc1, self.fc2):
            nn.init.kaiming_uniform_(layer.weight, a=1)
            nn.init.zeros_(layer.bias)

    def forward(self, pooled):
        return F.relu(self.fc2(F.relu(self.fc1(pooled.flatten(1)))))


class BoxPredictor(nn.Module):
    def __init__(self, inside, classes):
        super().__init__()
        self.cls_score, self.bbox_pred = nn.Linear(inside, classes + 1), nn.Linear(inside, 4 * classes)
        for layer, deviation in ((self.cls_score, 0.01), (self.bbox_pred, 0.001)):
            nn.init.normal_(layer.weight, std=deviation)
            nn.init.zeros_(layer.bias)


class MaskHead(nn.Module):
    def __init__(self, inside, width, classes):
        super().__init__()
        for index in range(4):
            layer = nn.Conv2d(inside if not index else width, width, 3, 1, 1)
            self.add_module(f"mask_fcn{index + 1}", layer)
        self.deconv, self.predictor = nn.ConvTranspose2d(width, width, 2, 2), nn.Conv2d(width, classes, 1)
        for layer in self.children():
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(layer.bias)
        nn.init.normal_(self.predictor.weight, std=0.001)

    def forward(self, pooled):
        """[R, C, 14, 14] -> logits [R, classes, 28, 28]."""
        for index in range(4):
            pooled = F.relu(getattr(self, f"mask_fcn{index + 1}")(pooled))
        return self.predictor(F.relu(self.deconv(pooled)))


class MaskRCNN(nn.Module):
    def __init__(self, widths=None):
        super().__init__()
        widths = self.widths = widths or Widths()
        self.backbone = Backbone(widths)
        self.proposal_generator, self.roi_heads = nn.Module(), nn.Module()
        self.proposal_generator.rpn_head = RPNHead(widths.fpn)
        self.roi_heads.box_head = BoxHead(widths.fpn, widths.fc)
        self.roi_heads.box_predictor = BoxPredictor(widths.fc, widths.classes)
        self.roi_heads.mask_head = MaskHead(widths.fpn, widths.mask, widths.classes)

    def normalise(self, pictures):
        """BGR u8 or float [N, 3, H, W] -> less the mean, padded at right and bottom with zeros to multiples of 32."""
        images = pictures.float() - torch.tensor(PIXEL_MEAN, device=pictures.device).view(3, 1, 1)
        height, width = images.shape[-2:]
        return F.pad(images, (0, -width % 32, 0, -height % 32))

    def dense(self, images):
        """-> features, and per level p2..p6 logits and deltas."""
        features = self.backbone(images)
        outputs = [self.proposal_generator.rpn_head(features[level]) for level in STRIDES]
        return features, [logits for logits, _ in outputs], [deltas for _, deltas in outputs]

    def classify(self, features, regions):
        """regions: one [R, 4] per image -> class logits [sum R, classes + 1], deltas [sum R, 4 * classes]."""
        hidden = self.roi_heads.box_head(pool(features, regions, 7))
        predictor = self.roi_heads.box_predictor
        return predictor.cls_score(hidden), predictor.bbox_pred(hidden)

    def masks(self, features, regions):
        return self.roi_heads.mask_head(pool(features, regions, 14))


def pool(features, regions, size):
    """Detectron2's ROIPooler with ROIAlignV2, sampling ratio 0: each region from the level that suits its size."""
    boxes = torch.cat(regions)
    index = torch.cat([torch.full((len(boxes_of_image), 1), float(image), device=boxes.device) for image, boxes_of_image in enumerate(regions)])
    rows = torch.cat([index, boxes.float()], dim=1)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    level = torch.floor(CANONICAL_LEVEL + torch.log2(area.clamp(min=0).sqrt() / CANONICAL_SIZE + 1e-8)).clamp(2, 5)
    some = features["p2"]
    pooled = torch.zeros((len(boxes), some.shape[1], size, size), device=boxes.device, dtype=torch.float32)
    for number in (2, 3, 4, 5):
        chosen = torch.nonzero(level == number).squeeze(1)
        feature = features[f"p{number}"].float()
        pooled = pooled.index_put((chosen,), roi_align(feature, rows[chosen], size, 1 / 2 ** number, 0, True))
    return pooled

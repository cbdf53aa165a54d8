# SPDX-License-Identifier: MIT
"""Run from media/: python3 -m unittest."""
import math
import pathlib
import tempfile
import unittest
import zlib

import numpy as np
import torch

from train import boxes, checkpoint, inference, supply
from train.export import SMALL, stepped
from train.losses import Counts, losses
from train.model import MaskRCNN, pool


class Boxes(unittest.TestCase):
    def test_decoding_undoes_encoding(self):
        start = torch.tensor([[10.0, 20, 50, 90], [0, 0, 8, 8]])
        goal = torch.tensor([[12.0, 10, 60, 95], [4, 3, 30, 12]])
        for weights in (boxes.RPN_WEIGHTS, boxes.BOX_WEIGHTS):
            torch.testing.assert_close(boxes.decode(boxes.encode(start, goal, weights), start, weights), goal)

    def test_anchors_begin_as_detectron2s(self):
        first = boxes.anchors([(2, 2)] + [(1, 1)] * 4, "cpu")[0]
        self.assertEqual(first.shape, (12, 4))
        torch.testing.assert_close(first[0], torch.tensor([-22.627417, -11.313708, 22.627417, 11.313708]))
        torch.testing.assert_close(first[4], torch.tensor([4 - 16.0, -16, 4 + 16, 16]))

    def test_crowds_spare_negatives(self):
        candidates = torch.tensor([[0.0, 0, 10, 10], [50, 50, 60, 60]])
        label = boxes.spare_ignored(torch.zeros(2, dtype=torch.long), candidates, torch.tensor([[0.0, 0, 20, 20]]))
        self.assertEqual(label.tolist(), [-1, 0])


class Supply(unittest.TestCase):
    def test_boxes_are_measured_on_the_map(self):
        maps = torch.zeros((1, 64, 64), dtype=torch.uint8)
        maps[0, 10:30, 5:25] = 1
        maps[0, 40:42, 40:42] = 2
        labels = torch.full((1, 2, supply.MOST), -1, dtype=torch.int8)
        labels[0, :, :2] = torch.tensor([[3, 5], [0, 0]], dtype=torch.int8)
        target = supply.targets_of(maps, labels, torch.full((1, supply.MOST + 1), 1.0))[0]
        self.assertEqual(target.boxes.tolist(), [[5, 10, 25, 30]])
        self.assertEqual((target.classes.tolist(), target.numbers.tolist()), ([3], [1]))
        self.assertEqual(target.ignored.tolist(), [[40, 40, 42, 42]])

    def test_a_cut_scales_picture_and_map_alike(self):
        numbers = torch.zeros((128, 128), dtype=torch.uint8)
        numbers[32:96, 32:96] = 1
        picture = (numbers * 200).expand(3, -1, -1)
        for seed in range(8):
            small, cut_numbers, scale = supply.cut(picture, numbers, 64, np.random.default_rng(seed))
            differing = ((small[0] > 100) != (cut_numbers == 1)).float().mean()
            self.assertLess(float(differing), 0.04)
            self.assertGreaterEqual(scale, 0.5)


class Model(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)
        torch.set_num_threads(1)
        self.model = MaskRCNN()

    def test_names_are_detectron2s(self):
        names = set(self.model.state_dict())
        for name in ("backbone.bottom_up.stem.conv1.norm.running_var", "backbone.bottom_up.res3.0.shortcut.weight", "backbone.fpn_lateral2.bias",
                     "proposal_generator.rpn_head.anchor_deltas.weight", "roi_heads.box_head.fc1.weight", "roi_heads.box_predictor.bbox_pred.bias",
                     "roi_heads.mask_head.mask_fcn4.weight", "roi_heads.mask_head.deconv.weight", "roi_heads.mask_head.predictor.weight"):
            self.assertIn(name, names)

    def test_weights_come_back_from_split_files(self):
        with tempfile.TemporaryDirectory() as place:
            checkpoint.save(place, self.model.state_dict(), {"iteration": 7})
            self.assertTrue(all(file.stat().st_size < 16 << 20 for file in pathlib.Path(place).iterdir()))
            state, progress = checkpoint.load(place)
        self.assertEqual(progress, {"iteration": 7})
        other = MaskRCNN()
        checkpoint.restore(other, state)
        torch.testing.assert_close(other.roi_heads.box_head.fc2.weight, self.model.roi_heads.box_head.fc2.weight.half().float())

    def test_weights_are_rounded_to_their_channels_steps_and_no_further(self):
        values = (torch.randn(8, SMALL) * torch.logspace(-3, 1, 8)[:, None]).half()
        rounded = stepped(values, 63)
        for row, kept in zip(values.float(), rounded.float()):
            step = 2.0 ** math.ceil(math.log2(row.abs().max().item() / 63))
            torch.testing.assert_close(kept / step, torch.round(kept / step), rtol=0, atol=0)
            self.assertLessEqual((kept - row).abs().max().item(), step / 2)
            self.assertGreater((kept - row).abs().max().item(), step / 3)
        self.assertLess(len(zlib.compress(rounded.numpy().tobytes())), 0.5 * values.numel() * 2)
        for same in (stepped(values, 0), stepped(values[:, :8], 63)):
            torch.testing.assert_close(same, values[:, :same.shape[1]], rtol=0, atol=0)
        self.assertEqual(stepped(torch.zeros(2, SMALL).half(), 63).abs().max().item(), 0)

    def test_a_region_is_pooled_from_the_level_of_its_size(self):
        features = {f"p{level}": torch.full((1, 1, 128 >> (level - 2), 128 >> (level - 2)), float(level)) for level in (2, 3, 4, 5)}
        regions = torch.tensor([[0.0, 0, 40, 40], [0, 0, 112, 112], [0, 0, 224, 224], [0, 0, 448, 448]])
        self.assertEqual(pool(features, [regions], 7).mean(dim=(1, 2, 3)).tolist(), [2, 3, 4, 5])

    def test_losses_are_finite_with_and_without_objects(self):
        maps = torch.zeros((96, 96), dtype=torch.uint8)
        maps[20:70, 20:70] = 1
        target = supply.Target(torch.tensor([[20.0, 20, 70, 70]]), torch.tensor([2]), torch.tensor([1], dtype=torch.uint8), torch.zeros((0, 4)), maps)
        empty = supply.Target(torch.zeros((0, 4)), torch.zeros(0, dtype=torch.long), torch.zeros(0, dtype=torch.uint8), torch.zeros((0, 4)), maps * 0)
        pictures = torch.randint(0, 255, (2, 3, 96, 96), dtype=torch.uint8)
        for targets in ([target, empty], [empty, empty]):
            parts = losses(self.model, pictures, targets, Counts(), torch.Generator().manual_seed(0))
            total = sum(parts.values())
            self.assertTrue(torch.isfinite(total))
            total.backward()

    def test_a_full_mask_fills_its_box(self):
        pasted = inference.paste(torch.ones(28, 28), torch.tensor([4.0, 6, 14, 12]), 20, 20)
        self.assertEqual(int(pasted.sum()), 60)
        self.assertEqual(int(pasted[6:12, 4:14].sum()), 60)


if __name__ == "__main__":
    unittest.main()

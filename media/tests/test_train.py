# SPDX-License-Identifier: MIT
"""Run from media/: python3 -m unittest."""
import contextlib
import io
import itertools
import json
import math
import pathlib
import tempfile
import time
import unittest
import zlib
from unittest import mock

import cv2
import numpy as np
import torch
from safetensors.torch import save, save_file

from train import boxes, checkpoint, folder, inference, supply
from train.__main__ import Trainer, Unusable, parse, train
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


    def test_makers_share_the_seeds_of_a_training_and_go_round_within(self):
        some = lambda first, maker: list(itertools.islice(supply.seeds(first, maker, 3), 3))
        self.assertEqual([some(200_000_000, maker) for maker in range(3)], [[200_000_000 + maker + step for step in (0, 3, 6)] for maker in range(3)])
        self.assertEqual(some(899_999_998, 1), [899_999_999, 800_000_002, 800_000_005])
        self.assertEqual(some(899_999_998, 2), [800_000_000, 800_000_003, 800_000_006])


    def test_pictures_with_a_rare_class_are_drawn_more_often(self):
        labels = torch.full((20, 2, supply.MOST), -1, dtype=torch.int8)
        labels[:10, 0, 0] = 2                # A car in every other picture
        labels[3, 0, 1] = labels[4, 0, 5] = 6  # Signs in two of twenty
        labels[:, 1, :2] = torch.tensor([0, 0])
        labels[4, 1, 5] = 0
        labels[5, :, 2] = torch.tensor([6, 1])  # One that is a crowd
        found = supply.odds(labels)
        self.assertAlmostEqual(found.sum(), 1)
        np.testing.assert_allclose(found / found[0], [3.0 if row in (3, 4) else 1.0 for row in range(20)], rtol=1e-5)
        np.testing.assert_allclose(supply.odds(torch.full((4, 2, supply.MOST), -1, dtype=torch.int8)), [0.25] * 4)


class Folder(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = pathlib.Path(place.name)
        for name in ("a.png", "b.png"):
            cv2.imwrite(str(self.folder / name), np.full((80, 100, 3), 90, np.uint8))
        self.data = {"images": [{"id": number, "file_name": f"{name}.png", "width": 100, "height": 80} for number, name in enumerate("ab")],
                     "categories": [{"id": 3, "name": "car"}],
                     "annotations": [{"image_id": number, "category_id": 3, "segmentation": [[10, 10, 50, 10, 50, 50, 10, 50]]} for number in (0, 1)]}
        self.write(self.data)

    def write(self, data):
        (self.folder / "instances.json").write_text(json.dumps(data))

    def refused(self, data, why):
        self.write(data)
        with self.assertRaisesRegex(folder.NoPictures, why):
            folder.check(self.folder)

    def test_what_annotations_may_lack_is_added(self):
        folder.check(self.folder)
        picture, numbers, classes, crowd = folder.FolderSource(64, self.folder).get(101)
        self.assertEqual((picture.shape, int(picture.max()), classes, crowd), ((3, 64, 64), 90, [2], [False]))
        self.assertAlmostEqual(float(numbers.mean()), 0.2, delta=0.02)

    def test_what_cannot_be_used_is_named_beforehand(self):
        first, other = self.data["annotations"]
        self.refused(dict(self.data, annotations=[first, dict(other, segmentation=[])]), "an object of b.png has no mask")
        self.refused(dict(self.data, annotations=[first, dict(image_id=1, category_id=3, area=9)]), "an object of b.png has no mask")
        self.refused(dict(self.data, annotations=[dict(first, category_id=99)]), "no annotation is of a class")
        self.refused({"images": self.data["images"]}, "no data set in COCO's form")
        self.refused(dict(self.data, images=self.data["images"] * 2), "an id of its own")
        self.write(self.data)
        (self.folder / "b.png").write_bytes(b"no picture")
        with self.assertRaisesRegex(folder.NoPictures, "1 of 2 pictures .* the first .*b.png"):
            folder.check(self.folder)
        with self.assertRaisesRegex(folder.NoPictures, "b.png cannot be decoded"):
            folder.FolderSource(64, self.folder).get(1)
        (self.folder / "instances.json").unlink()
        with self.assertRaisesRegex(folder.NoPictures, "instances.json"):
            folder.check(self.folder)

    def test_training_ends_with_a_maker(self):
        (self.folder / "b.png").write_bytes(b"no picture")
        source = supply.Supply("cpu", 64, 2, 4, 0, str(self.folder))
        self.addCleanup(source.stop)
        with self.assertRaisesRegex(folder.NoPictures, "1 of 2 processes"):
            for _ in range(200):  # The other maker goes on
                source.wait_for(4)
                time.sleep(0.1)


class Options(unittest.TestCase):
    def test_what_would_hang_fail_or_meet_held_out_scenes_is_refused(self):
        for arguments in ("--capacity 4 --batch 8", "--batch 0", "--makers 0", "--warm-up -1", "--minutes 0", "--iterations -1", "--sides 16", "--seed 0", "--seed 9"):
            with self.subTest(arguments), contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit):
                parse(["--run", "x", *arguments.split()])

    def test_the_rate_rises_as_asked(self):
        rate = lambda *arguments: Trainer(parse(["--run", "/nowhere", "--device", "cpu", "--iterations", "9", *arguments])).rate()
        whole = rate("--warm-up", "0")
        self.assertAlmostEqual(whole, 8e-4)
        self.assertAlmostEqual(rate("--warm-up", "1"), whole)
        self.assertAlmostEqual(rate("--warm-up", "4"), whole / 4)

    def test_a_resumed_run_goes_on_with_its_own_scenes(self):
        class Stop(Exception):
            pass

        with tempfile.TemporaryDirectory() as place:
            for scenes, first in ((0, 800_000_000), (1234, 800_001_234), (100_000_007, 800_000_007)):
                checkpoint.save(place, MaskRCNN().state_dict(), {"iteration": 1, "minutes": 1.0, "scenes": scenes, "seed": 8, "parts": 10})
                with mock.patch("train.__main__.Supply", side_effect=Stop) as made, self.assertRaises(Stop):
                    train(parse(["--run", place, "--seed", "8", "--device", "cpu"]))
                self.assertEqual(made.call_args.args[4], first)


class Steps(unittest.TestCase):
    def trainer(self, *arguments, threads=1):
        with mock.patch("torch.get_num_threads", return_value=threads):
            return Trainer(parse(["--run", "/nowhere", "--device", "cpu", "--batch", "8", "--iterations", "9", *arguments]))

    def test_parts_learnt_from_at_once_learn_what_parts_in_turn_do(self):
        maps = torch.zeros((96, 96), dtype=torch.uint8)
        maps[20:70, 20:70] = 1
        target = supply.Target(torch.tensor([[20.0, 20, 70, 70]]), torch.tensor([2]), torch.tensor([1], dtype=torch.uint8), torch.zeros((0, 4)), maps)
        batch = torch.randint(0, 255, (8, 3, 96, 96), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)), [target] * 8
        source, found = mock.Mock(batch=mock.Mock(return_value=batch)), []
        for at_once in (True, False):
            trainer = self.trainer(threads=2)
            self.assertEqual(len(trainer.generators), 2)
            if not at_once:
                trainer.threads = None
            parts = trainer.step(source)
            found.append(([float(parts[name]) for name in ("class", "box", "mask")], trainer.model.backbone.fpn_output3.weight.grad))
        np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-4)
        torch.testing.assert_close(found[0][1], found[1][1], rtol=1e-3, atol=1e-5)

    def test_batches_are_parted_as_far_as_batch_norms_bear(self):
        self.assertEqual([len(self.trainer("--batch", str(batch), "--capacity", "64", threads=16).generators) for batch in (3, 8, 48, 64)], [1, 2, 12, 16])

    def test_a_run_begins_with_the_weights_it_is_given(self):
        with tempfile.TemporaryDirectory() as place:
            path = pathlib.Path(place) / "default.safetensors"
            model = MaskRCNN()
            save_file(checkpoint.rounded(model.state_dict()), path)
            begun = self.trainer("--start", str(path))
            torch.testing.assert_close(begun.model.roi_heads.box_head.fc1.weight, model.roi_heads.box_head.fc1.weight.half().float())
            self.assertEqual(begun.progress["iteration"], 0)
            for name, content in (("none", None), ("text", b"x"), ("other", save({"a": torch.ones(1)}))):
                if content:
                    (pathlib.Path(place) / name).write_bytes(content)
                with self.subTest(name), self.assertRaisesRegex(Unusable, f"--start: .*{name}"):
                    self.trainer("--start", f"{place}/{name}")


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

    def test_what_was_saved_stays_until_all_is_written(self):
        with tempfile.TemporaryDirectory() as place:
            checkpoint.save(place, self.model.state_dict(), {"iteration": 7})
            before = {file.name: file.read_bytes() for file in pathlib.Path(place).iterdir()}
            save = mock.Mock(side_effect=[mock.DEFAULT, OSError("disk full")], wraps=checkpoint.save_file)
            with mock.patch.object(checkpoint, "save_file", save), self.assertRaises(OSError):
                checkpoint.save(place, MaskRCNN().state_dict(), {"iteration": 8})
            self.assertEqual({name: (pathlib.Path(place) / name).read_bytes() for name in before}, before)

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

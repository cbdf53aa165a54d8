# SPDX-License-Identifier: MIT
"""Run from media/: python3 -m unittest. Needs EGL; see requirements.txt."""
import contextlib
import io
import unittest

import numpy as np
from pycocotools import mask as coco_mask

from scenes import library
from scenes.__main__ import parse
from scenes.maker import Maker
from scenes.mesh import Mesh, pose
from scenes.scene import CLASSES, Camera, Model, Scene, Thing
from scenes.street import draw_world
from scenes.truth import SHOWN_LEAST, SMALL_AREA

SIZE = 192


class Scenes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.maker = Maker(SIZE, SIZE)

    def boxes_seen_from_x(self, *boxes):
        """The frame of numbered boxes (centre, size), seen along x by a camera at the origin with a right angle of view."""
        world = draw_world(1)
        things = [Thing(Model(Mesh().box((0, 0, 0), size, (1, 1, 1)), size), pose(centre), category=3, number=number)
                  for number, (centre, size) in enumerate(boxes, 1)]
        camera = Camera(np.array((0.0, 0, 50)), np.array((1.0, 0, 50)), np.pi / 2, 1.0)
        return self.maker.renderer.draw(Scene(world.street, things, world.weather, camera, world.lens))

    def test_same_seed_gives_same_pixels_and_truth(self):
        for seed in (3, 11):
            first, second = self.maker.make(seed), self.maker.make(seed)
            np.testing.assert_array_equal(first[0], second[0])
            self.assertEqual(first[1], second[1])

    def test_a_makers_first_scene_is_what_a_later_one_would_be(self):
        fresh = Maker(400, 400)
        first, again = fresh.make(104), fresh.make(104)
        np.testing.assert_array_equal(first[0], again[0])
        self.assertEqual(first[1], again[1])

    def test_other_seeds_give_other_pixels(self):
        self.assertGreater(np.abs(self.maker.make(3)[0].astype(int) - self.maker.make(4)[0]).mean(), 5)

    def test_masks_fill_their_boxes_and_never_overlap(self):
        annotated = 0
        for seed in range(6):
            _, annotations = self.maker.make(seed)
            covered = np.zeros((SIZE, SIZE), int)
            for annotation in annotations:
                mask = coco_mask.decode(annotation["segmentation"])
                left, top, width, height = annotation["bbox"]
                rows, columns = np.nonzero(mask)
                self.assertEqual((columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1), (left, top, width, height))
                self.assertEqual(int(mask.sum()), annotation["area"])
                self.assertIn(annotation["category_id"], CLASSES)
                self.assertEqual(annotation["iscrowd"], int(annotation["area"] < SMALL_AREA or annotation["shown"] < SHOWN_LEAST))
                covered += mask
            self.assertLessEqual(covered.max(initial=0), 1)
            annotated += len(annotations)
        self.assertGreater(annotated, 10)

    def test_a_box_covers_the_pixels_that_geometry_says(self):
        # 10 m away a right angle sees 20 m, so the near face of 4 x 2 m is 4/20 by 2/20 of the frame.
        frame = self.boxes_seen_from_x(((10.5, 0, 50), (1, 4, 2)))
        self.assertAlmostEqual((frame.numbers == 1).sum(), 0.2 * SIZE * 0.1 * SIZE, delta=SIZE * 0.3)
        self.assertAlmostEqual(frame.shown[1], 1.0)

    def test_what_shows_is_counted_behind_others(self):
        # The nearer box hides the left half of the farther one: at 20 m that half is 5 m, at 10 m it takes 2.5.
        frame = self.boxes_seen_from_x(((20.005, 0, 50), (0.01, 10, 4)), ((10.005, 1.25, 50), (0.01, 2.5, 4)))
        self.assertAlmostEqual(frame.shown[1], 0.5, delta=0.02)
        self.assertAlmostEqual(frame.shown[2], 1.0, delta=0.01)

    def test_what_shows_is_counted_beyond_the_edge(self):
        # The right edge of the view is at y = -10 m: three quarters of the box are outside.
        frame = self.boxes_seen_from_x(((10.005, -11, 50), (0.01, 4, 4)))
        self.assertAlmostEqual(frame.shown[1], 0.25, delta=0.04)

    def test_actors_move_and_keep_their_numbers(self):
        world = draw_world(85, 16 / 9, 4.0, "mast")
        place = lambda scene: {thing.number: thing.matrix[:3, 3] for thing in scene.things if thing.number}
        before, after = place(world.at(0.0)), place(world.at(2.0))
        self.assertEqual(before.keys(), after.keys())
        self.assertGreater(sum(np.linalg.norm(after[number] - before[number]) > 1 for number in before), 3)

    def test_a_scene_is_one_image(self):
        self.assertEqual(parse(["--out", "x", "--seed", "0", "5", "--count", "2"]).seeds, [0, 1, 5, 6])
        for arguments in (["--seed", "0", "5"], ["--seed", "-1"], ["--count", "0"]):
            with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit):
                parse(["--out", "x", *arguments])

    def test_walkers_take_steps(self):
        self.assertFalse(np.array_equal(library.walker(0, 0).mesh.vertices(), library.walker(0, 2).mesh.vertices()))


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: MIT
"""Run from media/: python3 -m unittest. Needs gst-launch-1.0 with x264enc."""
import argparse
import contextlib
import io
import pathlib
import shutil
import tempfile
import unittest

import cv2
import numpy as np

from scenes import clip
from scenes.size import parse_size


class Clip(unittest.TestCase):
    def refused(self, *arguments):
        with contextlib.redirect_stderr(io.StringIO()) as said, self.assertRaises(SystemExit):
            clip.main(["--out", "/nowhere/none.mp4", *arguments])
        return said.getvalue()

    def test_a_size_has_two_sides(self):
        self.assertEqual(parse_size("854x480"), (854, 480))
        for text in ("640", "640x", "640x-360", "640x360x3", "640.0x360", "31x32", "32x4097", "²x640"):
            with self.assertRaisesRegex(argparse.ArgumentTypeError, "expected WIDTHxHEIGHT"):
                parse_size(text)

    def test_what_cannot_be_encoded_is_refused(self):
        self.assertIn("even numbers", self.refused("--size", "427x240"))
        self.assertIn("a frame takes", self.refused("--seconds", "0.03"))

    @unittest.skipUnless(shutil.which("gst-launch-1.0"), "gst-launch-1.0 is not installed")
    def test_rows_of_any_width_stay_in_place_whatever_the_file_is_called(self):
        with tempfile.TemporaryDirectory() as place:
            for width, name in ((64, "plain.mp4"), (66, 'my "clip" ! 100 %.mp4')):
                path, picture = pathlib.Path(place) / name, np.zeros((48, width, 3), np.uint8)
                picture[:, 32:40] = 255
                running = clip.encoder(path, width, 48, 1000)
                running.communicate(picture.tobytes() * 5)
                self.assertEqual(running.returncode, 0)
                video, frames = cv2.VideoCapture(str(path)), []
                while (read := video.read())[0]:
                    frames.append(read[1])
                self.assertEqual([frame.shape for frame in frames], [(48, width, 3)] * 5)
                self.assertLess(np.abs(frames[-1].astype(int) - picture).mean(), 10)


if __name__ == "__main__":
    unittest.main()

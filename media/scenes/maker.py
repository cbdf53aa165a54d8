# SPDX-License-Identifier: MIT
"""Makes scenes in this process or in several."""
import concurrent.futures
import multiprocessing
import os

import cv2

from .lens import expose
from .renderer import Renderer
from .street import draw_world
from .truth import annotate


class Maker:
    """Makes scenes of one size; each process has its own, with its own OpenGL context."""

    def __init__(self, width, height):
        self.renderer = Renderer(width, height)
        self.aspect = None if width == height else width / height

    def draw(self, seed):
        """RGB u8 [H, W, 3] through the lens, the scene, and the frame with the number of the object at each pixel."""
        scene = draw_world(seed, self.aspect).at(0.0)
        frame = self.renderer.draw(scene)
        return expose(frame.picture, scene.lens), scene, frame

    def make(self, seed):
        """The picture and its annotations."""
        picture, scene, frame = self.draw(seed)
        return picture, annotate(scene, frame)


def start_process(width, height, folder, suffix, quality):
    os.environ.setdefault("LP_NUM_THREADS", "1")  # llvmpipe would start a thread per CPU in every process
    global maker, target
    maker, target = Maker(width, height), (folder, suffix, quality)


def make_file(seed):
    picture, annotations = maker.make(seed)
    name = f"{seed:08d}.{target[1]}"
    quality = (cv2.IMWRITE_JPEG_QUALITY, target[2]) if target[1] == "jpg" else ()
    if not cv2.imwrite(str(target[0] / name), picture[..., ::-1], quality):
        raise OSError(f"cannot write {target[0] / name}")
    return name, annotations


def processes(count, *setup):
    """A pool whose processes each have a Maker. Spawned: an OpenGL context does not survive a fork."""
    return concurrent.futures.ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), start_process, setup)

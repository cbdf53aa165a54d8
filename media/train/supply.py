# SPDX-License-Identifier: MIT
"""Training pictures: processes make scenes (or read a folder), a store on the device keeps the latest, batches are cut from it.

A batch mixes pictures that were never used with ones that were, so training does not wait for slow makers; of the latter, those with rare
classes come more often. Each use is cut, mirrored and scaled anew. Boxes are always measured on the map of object numbers, so they fit whatever the cut left.
"""
import dataclasses
import itertools
import os
import sys
import threading
import time
from queue import Full

import numpy as np
import torch
from torch import multiprocessing
from torch.nn import functional as F

from .folder import MOST, FolderSource, NoPictures

SEEDS = 100_000_000     # Of one training, from its --seed times this on: it never meets another's, nor a held-out scene
HELD_OUT = 900_000_000  # First of the scenes that no training sees
SMALLEST = 40           # Pixels of the network's input: a smaller object is ignored
SHOWN_LEAST = 0.3       # Of the object's pixels before the cut
COMMON = 0.3            # Share of the pictures; those with an object of a class that fewer have are drawn as many times as often


@dataclasses.dataclass
class Target:
    boxes: torch.Tensor    # [M, 4]
    classes: torch.Tensor  # [M]
    numbers: torch.Tensor  # [M] u8: the object's number in `map`
    ignored: torch.Tensor  # [I, 4]
    map: torch.Tensor      # [H, W] u8: number of the object at each pixel, 0 for none


class SceneSource:
    def __init__(self, size):
        from scenes.maker import Maker
        from scenes.scene import CLASSES
        self.maker, self.order = Maker(size, size), {category: index for index, category in enumerate(CLASSES)}

    def get(self, seed):
        """BGR u8 [3, S, S], map u8 [S, S], classes and crowd flags of its objects 1..n."""
        from scenes.truth import SHOWN_LEAST as shown_least, SMALL_AREA as small_area
        picture, scene, frame = self.maker.draw(seed)
        category = {thing.number: thing.category for thing in scene.things if thing.category}
        counts = np.bincount(frame.numbers.ravel(), minlength=1)
        present = sorted(frame.shown, key=lambda number: -counts[number])[:MOST]
        table = np.zeros(len(counts), np.uint8)
        table[present] = np.arange(1, len(present) + 1)
        crowd = [bool(frame.shown[number] < shown_least or counts[number] < small_area) for number in present]
        return picture[..., ::-1].transpose(2, 0, 1), table[frame.numbers], [self.order[category[number]] for number in present], crowd


def seeds(first, maker, makers):
    """What one of the makers draws from the seed `first` on: its share, round within the training's own seeds."""
    base = first - first % SEEDS
    return (base + at % SEEDS for at in itertools.count(first - base + maker, makers))


def produce(queue, stop, size, folder, own_seeds, most):
    """Runs in a process of its own, which stays after `most` scenes. own_seeds: arguments of seeds()."""
    torch.set_num_threads(1)
    os.environ.setdefault("LP_NUM_THREADS", "1")  # llvmpipe would start a thread per CPU in every process
    source = FolderSource(size, folder) if folder else SceneSource(size)
    parent = multiprocessing.parent_process()
    wanted = lambda: not stop.is_set() and parent.is_alive()  # A parent that was killed cannot say stop
    for seed in itertools.takewhile(lambda _: wanted(), itertools.islice(seeds(*own_seeds), most)):
        picture, numbers, classes, crowd = source.get(seed)
        labels = torch.full((2, MOST), -1, dtype=torch.int8)
        labels[0, :len(classes)] = torch.tensor(classes, dtype=torch.int8)
        labels[1, :len(classes)] = torch.tensor(crowd, dtype=torch.int8)
        item = torch.from_numpy(np.ascontiguousarray(picture)), torch.from_numpy(np.ascontiguousarray(numbers)), labels
        while wanted():
            try:
                queue.put(item, timeout=2)
                break
            except Full:
                continue
    while wanted():  # What was sent is fetched from this process, so it stays
        time.sleep(1)


class Supply:
    """The store of pictures, and the processes that fill it. Used from one thread; an own thread receives."""

    def __init__(self, device, size, processes, capacity, first_seed, folder=None, once=False):
        self.device, self.size, self.capacity = device, size, capacity
        self.pictures = torch.zeros((capacity, 3, size, size), dtype=torch.uint8, device=device)
        self.maps = torch.zeros((capacity, size, size), dtype=torch.uint8, device=device)
        self.labels = torch.full((capacity, 2, MOST), -1, dtype=torch.int8, device=device)
        self.received, self.fresh, self.failure = 0, [], None
        self.odds, self.judged = (), 0  # Of the rows, and what had been received when they were judged
        self.arrival = threading.Condition()  # Guards the three above and the rows of the tensors
        context = multiprocessing.get_context("spawn")
        self.queue, self.stopping = context.Queue(processes * 4), context.Event()
        arguments = lambda k: (self.queue, self.stopping, size, folder, (first_seed, k, processes), -(-capacity // processes) if once else sys.maxsize)
        self.makers = [context.Process(target=produce, args=arguments(k), daemon=True) for k in range(processes)]
        for maker in self.makers:
            maker.start()
        threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self):
        while not self.stopping.is_set():
            try:
                picture, numbers, labels = self.queue.get(timeout=2)
            except Exception:  # An empty queue is fine, and where a maker has ended, check() says so
                continue
            try:
                with self.arrival:
                    row = self.received % self.capacity
                    self.pictures[row], self.maps[row], self.labels[row] = picture.to(self.device), numbers.to(self.device), labels.to(self.device)
                    self.received += 1
                    self.fresh.append(row)
                    self.arrival.notify_all()
            except Exception as error:  # Of the device
                self.failure = error
                return

    def stop(self):
        self.stopping.set()
        for maker in self.makers:
            maker.terminate()

    def check(self):
        """Raises NoPictures where a maker has ended: its share of the scenes would be missing from then on."""
        if self.failure:
            raise NoPictures(f"scenes cannot be kept on {self.device}: {self.failure}") from self.failure
        ended = [maker.exitcode for maker in self.makers if not maker.is_alive()]
        if ended:
            raise NoPictures(f"{len(ended)} of {len(self.makers)} processes that make scenes ended, with exit code {ended[0]}; why is said above")

    def wait_for(self, count):
        with self.arrival:
            self.check()
            while self.received < count:
                self.arrival.wait(1)
                self.check()

    def rows(self, count, rng):
        """Rows of a batch: new ones first, the rest at random, rare classes more often."""
        self.wait_for(count)
        with self.arrival:
            stored = min(self.received, self.capacity)
            new = list(dict.fromkeys(self.fresh[-stored:]))[-count:]
            self.fresh = [row for row in self.fresh if row not in set(new)][-self.capacity:]
            old = rng.choice(stored, count - len(new), replace=False, p=self._odds(stored)) if count > len(new) else ()
        return [*new, *(int(row) for row in old)]

    def _odds(self, stored):
        """Odds of each row: by the rarest class in it, as LVIS's repeat factors (but in proportion, not by the root)."""
        if len(self.odds) != stored or stored == self.capacity and self.received >= self.judged + self.capacity // 8:
            self.odds, self.judged = odds(self.labels[:stored]), self.received
        return self.odds

    def batch(self, count, side, rng):
        """BGR u8 [count, 3, side, side] and its targets."""
        rows = self.rows(count, rng)
        with self.arrival:
            cuts = [cut(self.pictures[row], self.maps[row], side, rng) for row in rows]
            labels = self.labels[rows].clone()
            before = torch.stack([count_numbers(self.maps[row]) for row in rows])
        pictures, maps = torch.stack([picture for picture, _, _ in cuts]), torch.stack([numbers for _, numbers, _ in cuts])
        scales = torch.tensor([scale for _, _, scale in cuts], device=self.device)
        return pictures, targets_of(maps, labels, before * scales[:, None] ** 2)


def odds(labels):
    """labels [N, 2, MOST] -> numpy [N], summing to 1: a row counts COMMON / share for its rarest class, and at least once. Crowds do not count."""
    classes = torch.where(labels[:, 1] == 0, labels[:, 0], -1).long() + 1
    present = torch.zeros((len(labels), int(classes.max()) + 1), device=labels.device).scatter_(1, classes, 1.0)[:, 1:]
    factor = (COMMON / present.mean(0).clamp(min=1e-9)).clamp(min=1)
    weight = torch.cat([present * factor, torch.ones_like(present[:, :1])], dim=1).amax(1).double() if present.shape[1] else torch.ones(len(labels)).double()
    return (weight / weight.sum()).cpu().numpy()


def count_numbers(numbers):
    return torch.bincount(numbers.flatten().long(), minlength=MOST + 1)[:MOST + 1].float()


def cut(picture, numbers, side, rng):
    """A random square of the picture, maybe mirrored, at side x side; and how much longer its pixels' sides became (below 1: shorter)."""
    size = picture.shape[-1]
    share = 1.0 if rng.random() < 0.4 else rng.uniform(0.5, 1.0)
    length = int(size * share)
    left, top = rng.integers(0, size - length + 1, 2)
    picture, numbers = picture[:, top:top + length, left:left + length], numbers[top:top + length, left:left + length]
    if rng.random() < 0.5:
        picture, numbers = picture.flip(-1), numbers.flip(-1)
    if length != side:
        picture = F.interpolate(picture[None].float(), (side, side), mode="bilinear", antialias=True)[0].round().clamp(0, 255).byte()
        numbers = F.interpolate(numbers[None, None].float(), (side, side), mode="nearest-exact")[0, 0].byte()
    return picture, numbers, side / length


def targets_of(maps, labels, expected):
    """Measures every object's box. maps [N, H, W] u8, labels [N, 2, MOST], expected [N, MOST + 1] pixels had nothing been cut away."""
    count, height, width = maps.shape
    slots = 256
    key = (maps.long() + torch.arange(count, device=maps.device).view(-1, 1, 1) * slots).flatten()
    y = torch.arange(height, device=maps.device).view(1, -1, 1).expand_as(maps).flatten()
    x = torch.arange(width, device=maps.device).view(1, 1, -1).expand_as(maps).flatten()
    least = lambda values: torch.full((count * slots,), 1 << 20, dtype=torch.long, device=maps.device).scatter_reduce_(0, key, values, "amin").view(count, slots)
    most = lambda values: torch.full((count * slots,), -1, dtype=torch.long, device=maps.device).scatter_reduce_(0, key, values, "amax").view(count, slots)
    boxes = torch.stack([least(x), least(y), most(x) + 1, most(y) + 1], dim=2)[:, 1:MOST + 1].float()
    area = torch.bincount(key, minlength=count * slots).view(count, slots)[:, 1:MOST + 1]
    present = (labels[:, 0] >= 0) & (area > 0)
    good = present & (labels[:, 1] == 0) & (area >= SMALLEST) & (area >= SHOWN_LEAST * expected[:, 1:])
    numbers = torch.arange(1, MOST + 1, device=maps.device, dtype=torch.uint8)
    return [Target(boxes[i][good[i]], labels[i, 0][good[i]].long(), numbers[good[i]], boxes[i][present[i] & ~good[i]], maps[i]) for i in range(count)]



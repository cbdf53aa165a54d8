# SPDX-License-Identifier: MIT
"""Trains the default model; interrupt and resume it at will.

    python3 -m train --run DIR --minutes 24                      # one go on a GPU
    python3 -m train --run DIR --minutes 24 --stop-after 8       # the same in parts: run it until it says that it is done
    python3 -m train --run DIR --smoke                           # a minute on a CPU: shows that all parts work, learns little
    python3 -m train --run DIR --start default.safetensors       # goes on from weights of train.export, by a schedule of its own

The learning rate follows the share of --minutes (or of --iterations, which does not depend on the machine) that is over. DIR holds
the weights (averaged over steps), state.json, log.csv and loss.png. Optimiser moments are not kept: after a resume the rate rises again
within 100 steps. Scenes are made while training by --makers processes; --folder reads a folder of `python3 -m scenes` instead.
"""
import argparse
import concurrent.futures
import contextlib
import copy
import csv
import math
import os
import pathlib
import signal
import sys
import time

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tqdm import tqdm

from . import checkpoint, folder
from .losses import Counts, losses
from .model import MaskRCNN, Widths
from .plot import draw
from .supply import HELD_OUT, SEEDS, Supply

RESUME_WARM_UP = 100
PART_LEAST = 4  # Pictures of a part of a batch: batch norms need some
NAMES = ("rpn_class", "rpn_box", "class", "box", "mask")


def parse(arguments):
    parser = argparse.ArgumentParser(prog="python3 -m train", description="Trains the default model on scenes of its own making.")
    add = parser.add_argument
    add("--run", type=pathlib.Path, required=True, help="folder of the run; one that holds weights is resumed")
    add("--start", type=pathlib.Path, help="weights to begin a run with, as train.export writes them (default: random ones)")
    add("--minutes", type=float, default=24, help="length of the whole training (default 24)")
    add("--iterations", type=int, default=0, help="length in steps instead, for a schedule that does not depend on the machine")
    add("--stop-after", type=float, default=math.inf, help="end this part after so many minutes")
    add("--batch", type=int, default=48)
    add("--sides", type=int, nargs="+", default=[800, 800, 704, 608, 512], help="input sides, one drawn per step")
    add("--size", type=int, default=800, help="side of the scenes as they are made")
    add("--rate", type=float, default=8e-4, help="highest learning rate of AdamW")
    add("--warm-up", type=int, default=500, help="steps in which the rate rises; 0: none")
    add("--regions", type=int, default=192, help="regions of a picture that a step learns from")
    add("--makers", type=int, default=max((os.cpu_count() or 2) - 2, 1), help="processes that make scenes")
    add("--capacity", type=int, default=12000, help="scenes kept on the device, a batch of them or more; 2.6 MB each at 800")
    add("--once", action="store_true", help="make no more scenes than are kept, then go over them again")
    add("--folder", help="pictures and instances.json to use instead of new scenes")
    add("--seed", type=int, default=1, help=f"1 to {HELD_OUT // SEEDS - 1} (default 1): scenes from {SEEDS} times this on; those from {HELD_OUT} on are held out")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--precision", choices=("bf16", "f32"), help="of convolutions and matrices (default bf16 on a GPU, f32 on a CPU; a CPU with AVX-512 BF16 or AMX gains by bf16)")
    add("--smoke", action="store_true", help="tiny sizes and 12 steps")
    options = parser.parse_args(arguments)
    options.precision = options.precision or ("bf16" if options.device.startswith("cuda") else "f32")
    if options.smoke:
        options.iterations, options.batch, options.sides, options.size, options.makers, options.capacity = 12, 2, [256], 256, 1, 64
        options.warm_up = 3
    for name, least in (("batch", 1), ("size", 32), ("warm_up", 0), ("regions", 1), ("makers", 1), ("iterations", 0), ("seed", 1)):
        if getattr(options, name) < least:
            parser.error(f"--{name.replace('_', '-')} is {getattr(options, name)}; it begins at {least}")
    if options.capacity < options.batch:
        parser.error(f"--capacity is {options.capacity}; it begins at --batch, {options.batch}: a batch is cut from scenes that are kept")
    if min(options.sides) < 32 or not options.minutes > 0:
        parser.error("--sides begin at 32, and --minutes are more than 0")
    if (options.seed + 1) * SEEDS > HELD_OUT:
        parser.error(f"--seed is {options.seed}; accepted are 1 to {HELD_OUT // SEEDS - 1}, so that no scene from {HELD_OUT} on, the held-out ones, is trained on")
    return options


class Unusable(Exception):
    """--start names no weights of this model; the message says why."""


def begin_with(model, path):
    try:
        checkpoint.restore(model, {name: tensor.float() for name, tensor in load_file(path).items()})
    except (OSError, SafetensorError, ValueError, RuntimeError) as error:
        raise Unusable(f"--start: {path} is no weights as train.export writes them: {error}") from error


class Trainer:
    def __init__(self, options):
        self.options, self.device = options, torch.device(options.device)
        torch.manual_seed(options.seed)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        self.model = MaskRCNN(Widths()).to(self.device, memory_format=torch.channels_last)
        self.progress = {"iteration": 0, "minutes": 0.0, "scenes": 0, "seed": options.seed, "parts": 0}
        if (options.run / "state.json").exists():
            state, self.progress = checkpoint.load(options.run)
            checkpoint.restore(self.model, state)
        elif options.start:
            begin_with(self.model, options.start)
        share = options.regions / Counts.regions
        self.counts = Counts(options.regions, max(round(Counts.masks * share), 1), max(round(Counts.proposals * share), 1))
        self.average = copy.deepcopy(self.model)
        self.optimizer = torch.optim.AdamW(self._groups(), lr=options.rate, betas=(0.9, 0.999))
        self.started_at, self.resumed = self.progress["iteration"], self.progress["iteration"] > 0
        self.rng = np.random.default_rng([options.seed, self.progress["parts"]])
        self.generators, self.threads = [self._generator(0)], None
        if self.device.type == "cpu":
            self._share_among_threads()

    def _generator(self, part):
        return torch.Generator(self.device).manual_seed(self.options.seed + self.progress["parts"] + 1000 * part)

    def _share_among_threads(self):
        """Cuts batches into parts, each learnt from on CPUs of its own: a third of a step does not use several."""
        parts = min(torch.get_num_threads(), self.options.batch // PART_LEAST)
        if parts > 1:
            each = torch.get_num_threads() // parts
            self.generators = [self._generator(part) for part in range(parts)]
            self.threads = concurrent.futures.ThreadPoolExecutor(parts, initializer=torch.set_num_threads, initargs=(each,))

    def _groups(self):
        """Weight decay for matrices and kernels alone."""
        decayed = [p for p in self.model.parameters() if p.ndim > 1]
        others = [p for p in self.model.parameters() if p.ndim <= 1]
        return [{"params": decayed, "weight_decay": 0.03}, {"params": others, "weight_decay": 0.0}]

    def share(self):
        """How much of the training is over, 0..1."""
        done = self.progress["iteration"] / self.options.iterations if self.options.iterations else self.progress["minutes"] / self.options.minutes
        return min(done, 1.0)

    def rate(self):
        steps = self.progress["iteration"] - self.started_at + 1
        rising = min(RESUME_WARM_UP, self.options.warm_up) if self.resumed else self.options.warm_up
        warm = min(steps / max(rising, 1), 1.0)
        return self.options.rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * self.share())))

    def step(self, supply):
        side = int(self.rng.choice(self.options.sides))
        pictures, targets = supply.batch(self.options.batch, side, self.rng)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        self.model.train()
        self.optimizer.zero_grad(set_to_none=True)
        count = len(self.generators)
        cuts = [slice(self.options.batch * part // count, self.options.batch * (part + 1) // count) for part in range(count)]
        learn = lambda cut, generator: self._learn(pictures[cut], targets[cut], generator)
        found = list((self.threads.map if self.threads else map)(learn, cuts, self.generators))
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        if torch.isfinite(norm):  # A step that overflowed is left out
            self.optimizer.step()
        self._follow()
        self.progress["iteration"] += 1
        return {name: sum(parts[name] for parts in found) for name in NAMES}

    def _learn(self, pictures, targets, generator):
        """Adds the gradients of a part of the batch, weighted by its share, and returns its losses, weighted alike. Called from several threads at once."""
        fast = torch.autocast(self.device.type, torch.bfloat16) if self.options.precision == "bf16" else contextlib.nullcontext()
        with fast:
            parts = losses(self.model, pictures, targets, self.counts, generator)
            parts = {name: loss * (len(targets) / self.options.batch) for name, loss in parts.items()}
            total = sum(parts.values())
        total.backward()
        return {name: loss.detach() for name, loss in parts.items()}

    @torch.no_grad()
    def _follow(self):
        """Moves the averaged weights towards the current ones, faster while there are few steps."""
        decay = min(0.999, (1 + self.progress["iteration"]) / (10 + self.progress["iteration"]))
        for kept, current in zip(self.average.state_dict().values(), self.model.state_dict().values()):
            if kept.dtype.is_floating_point:
                kept.lerp_(current, 1 - decay)
            else:
                kept.copy_(current)


class Log:
    """Means of the losses over a few steps, as rows of a CSV file that a resumed run goes on with."""

    def __init__(self, path, every):
        fresh = not path.exists()
        self.file, self.every, self.kept, self.row, self.total = open(path, "a", newline=""), every, [], None, math.nan
        self.writer = csv.writer(self.file)
        if fresh:
            self.writer.writerow(["iteration", "minutes", "scenes", "rate", *NAMES])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._write()
        self.file.close()

    def add(self, progress, rate, parts):
        self.kept.append(parts)
        self.row = [progress["iteration"], round(progress["minutes"], 3), progress["scenes"], f"{rate:.3g}"]
        if len(self.kept) == self.every:
            self._write()

    def _write(self):
        if self.kept:
            means = [float(torch.stack([parts[name] for parts in self.kept]).mean()) for name in NAMES]
            self.writer.writerow([*self.row, *(round(mean, 4) for mean in means)])
            self.file.flush()
            self.total, self.kept = sum(means), []


def train(options):
    trainer = Trainer(options)
    progress = trainer.progress
    options.run.mkdir(parents=True, exist_ok=True)
    if trainer.share() >= 1:
        print("done: this run has reached its end")
        return
    if options.folder:
        folder.check(options.folder)
    first_seed = options.seed * SEEDS + progress["scenes"] % SEEDS  # A resumed run goes on where it was
    supply = Supply(trainer.device, options.size, options.makers, options.capacity, first_seed, options.folder, options.once)
    log_path = options.run / "log.csv"
    base, before, start, saved = progress["minutes"], progress["scenes"], None, time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM; run again to go on"))  # So that what was learnt is kept
    try:
        supply.wait_for(min(options.batch * 2, options.capacity))
        with Log(log_path, 1 if options.smoke else 20) as log, tqdm(total=100, unit="%", initial=round(100 * trainer.share()), disable=not sys.stderr.isatty()) as bar:
            start = time.monotonic()
            while trainer.share() < 1 and progress["minutes"] - base < options.stop_after:
                parts = trainer.step(supply)
                progress["minutes"] = base + (time.monotonic() - start) / 60
                progress["scenes"] = before + supply.received
                log.add(progress, trainer.rate(), parts)
                bar.set_postfix_str(f"step {progress['iteration']}, loss {log.total:.3f}", refresh=False)
                bar.update(round(100 * trainer.share()) - bar.n)
                if time.monotonic() - saved > 120:
                    checkpoint.save(options.run, trainer.average.state_dict(), progress)
                    saved = time.monotonic()
    finally:
        supply.stop()
        if start is not None:
            progress["parts"] += 1
            checkpoint.save(options.run, trainer.average.state_dict(), progress)
    draw(log_path, options.run / "loss.png")
    ended = trainer.share() >= 1
    print(f"step {progress['iteration']}, {progress['minutes']:.1f} min, {progress['scenes']} scenes in {options.run}: {'done' if ended else 'not done, run again'}")


if __name__ == "__main__":
    try:
        train(parse(sys.argv[1:]))
    except (folder.NoPictures, Unusable) as error:
        sys.exit(f"python3 -m train: {error}")

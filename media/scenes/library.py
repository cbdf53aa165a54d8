# SPDX-License-Identifier: MIT
"""Variants of every model, each made once per process from its name and number alone."""
import functools

import numpy as np

from . import furniture, lorries, people, vehicles
from .scene import Model

CAR_BODIES = ("sedan", "hatch", "suv", "wagon", "minivan")
VARIANTS = {"car": 60, "pickup": 10, "bus": 14, "lorry": 24, "van": 12, "walker": 40, "stander": 16, "bicycle": 16, "rider": 20, "tree": 12, "bush": 6,
            "lamp": 4, "small": 24, "sign": 20, "house": 40}
PHASES = 8  # Of a step or a turn of the pedals


def generator(name, *numbers):
    return np.random.default_rng([sum(ord(letter) * 257 ** place for place, letter in enumerate(name[:6])), *numbers])


@functools.lru_cache(maxsize=None)
def vehicle(name, variant):
    rng = generator(name, variant)
    if name == "car":
        body = CAR_BODIES[variant % len(CAR_BODIES)]
        return Model(*vehicles.car(rng, body))
    make = {"pickup": lambda: vehicles.car(rng, "pickup"), "bus": lambda: lorries.bus(rng), "lorry": lambda: lorries.lorry(rng), "van": lambda: lorries.delivery_van(rng)}
    return Model(*make[name]())


@functools.lru_cache(maxsize=None)
def walker(variant, phase):
    """phase: 0..PHASES-1, or None for standing."""
    return Model(*people.walker(generator("walker", variant), None if phase is None else phase / PHASES))


@functools.lru_cache(maxsize=None)
def bicycle(variant, phase=None):
    mesh, size, _ = people.bicycle(generator("bicycle", variant), None if phase is None else phase / PHASES)
    return Model(mesh, size)


@functools.lru_cache(maxsize=None)
def rider(variant, bicycle_variant, phase):
    _, _, points = people.bicycle(generator("bicycle", bicycle_variant))
    return Model(*people.rider(generator("rider", variant), points, phase / PHASES))


@functools.lru_cache(maxsize=None)
def fixture(name, variant=0):
    rng = generator(name, variant)
    if name == "house":
        size = rng.uniform(7, 20), rng.uniform(6, 12), rng.uniform(5, 20)
        return Model(furniture.house(rng, *size), size)
    make = {"tree": lambda: furniture.tree(rng), "bush": lambda: furniture.bush(rng), "lamp": lambda: furniture.street_lamp(rng),
            "small": lambda: furniture.small_furniture(rng), "sign": lambda: furniture.other_sign(rng), "stop": furniture.stop_sign,
            "light": lambda: furniture.traffic_light(variant), "pole": lambda: furniture.pole(variant / 10, radius=0.05),
            "mast": lambda: furniture.pole(5.6, variant / 10)}
    return Model(make[name](), (1, 1, 1))

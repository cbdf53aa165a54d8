# SPDX-License-Identifier: MIT
"""Fills a street: houses and trees, furniture, traffic and people, each with where it is at a time."""
import dataclasses

import numpy as np

from . import ground, library
from .camera import draw_camera
from .ground import KERB
from .mesh import pose
from .scene import Scene, Street, Thing
from .traffic import populate
from .weather import draw_lens, draw_weather


@dataclasses.dataclass
class World:
    """A scene through time."""
    street: Street
    fixed: list
    actors: list
    weather: object
    camera: object
    lens: object

    def at(self, seconds=0.0):
        """The scene at a time. What is annotated gets its numbers here, the same at all times."""
        things = list(self.fixed)
        for actor in self.actors:
            things += actor.at(seconds)
        return Scene(self.street, things, self.weather, self.camera, self.lens)


def draw_world(seed, aspect=None, seconds=0.0, view=None):
    """The world of a seed. `aspect`: the sensor's; None for a random one. `seconds`: how long it must last. `view`: a kind of viewpoint."""
    rng = np.random.default_rng([seed, 4])
    sort = "street" if view else str(rng.choice(["street", "junction", "lot"], p=[0.44, 0.40, 0.16]))
    plan = ground.draw_plan(rng, sort)
    condition, weather = draw_weather(rng)
    asphalt = np.array((0.5, 0.5, 0.51)) * rng.choice([rng.uniform(0.10, 0.22), rng.uniform(0.2, 0.55)]) * rng.uniform(0.96, 1.04, 3)
    street = Street(ground.build(rng, plan), tuple(asphalt), float(rng.uniform(0.3, 1.1)), float(rng.uniform(0.1, 0.6)), float(rng.random()))
    camera = draw_camera(rng, plan, aspect, view)
    fixed = scenery(rng, plan)
    actors = populate(rng, plan, camera, seconds)
    lens = draw_lens(rng, condition == "rain")
    fixed = [thing for thing in fixed if not blocks(thing, camera)]
    world = World(street, fixed, actors, weather, camera, lens)
    number_things(world)
    return world


def blocks(thing, camera):
    """Whether scenery stands in front of the lens or around it."""
    at = thing.matrix[:2, 3]
    reach = np.linalg.norm(at - camera.eye[:2])
    size = max(thing.model.size[:2]) if thing.model.size != (1, 1, 1) else thing.model.radius
    return reach < size * 0.75 + 0.8 and camera.eye[2] < thing.matrix[2, 3] + thing.model.middle[2] + thing.model.radius + 0.5


def number_things(world):
    number = 0
    for owner in [thing for thing in world.fixed if thing.category] + [part for actor in world.actors for part in actor.parts]:
        number += 1
        owner.number = number


def scenery(rng, plan):
    things = []
    if not plan.lot or rng.random() < 0.6:
        for sign in (-1, 1):
            things += row_of_houses(rng, plan, sign)
    things += trees(rng, plan)
    things += furniture(rng, plan)
    if plan.side:
        things += junction_control(rng, plan)
    return things


def row_of_houses(rng, plan, sign):
    things, x = [], -110.0
    back = plan.pavement + (rng.uniform(0, 1) if rng.random() < 0.6 else rng.uniform(4, 12))
    if plan.lot:
        back += 22
    if rng.random() < 0.12:
        return things  # Open country
    palette = [(0.42, 0.36, 0.29), (0.34, 0.16, 0.11), (0.52, 0.50, 0.46), (0.30, 0.30, 0.31), (0.48, 0.40, 0.26), (0.22, 0.13, 0.10), (0.40, 0.42, 0.44)]
    while x < 110:
        model = library.fixture("house", int(rng.integers(library.VARIANTS["house"])))
        width = model.size[0]
        middle = x + width / 2
        clear = plan.side + 2.5
        if plan.side and middle - width / 2 < clear and middle + width / 2 > -clear:
            x = clear + 0.1 if x > -clear - width else x + 0.5
            if x < clear:
                continue
            middle = x + width / 2
        tone = np.array(palette[rng.integers(len(palette))]) * rng.uniform(0.7, 1.35)
        frame = (0.7, 0.7, 0.7) if rng.random() < 0.6 else (0.06, 0.06, 0.06)
        window = (rng.uniform(1.5, 3.6), rng.uniform(2.9, 3.6), rng.uniform(0.2, 0.42))
        things.append(Thing(model, pose((middle, sign * back, KERB), -sign * np.pi / 2), (tuple(tone), frame, window), float(rng.random())))
        x += width + (0 if rng.random() < 0.7 else rng.uniform(1, 8))
    return things


def trees(rng, plan):
    things = []
    spacing, chance = rng.uniform(7, 16), rng.choice([0.0, 0.4, 0.8])
    for sign in (-1, 1):
        for x in np.arange(-70, 70, spacing):
            if rng.random() < chance and abs(x) > plan.side + 5:
                y = plan.half + 0.9 if rng.random() < 0.7 else plan.pavement + rng.uniform(1, 3)
                if plan.lot:
                    y += 18
                things.append(green(rng, "tree", (x + rng.normal(0, 0.5), sign * y, KERB)))
            if rng.random() < 0.15:
                things.append(green(rng, "bush", (x + 3, sign * (plan.pavement + 0.6 + (18 if plan.lot else 0)), KERB)))
    return things


def green(rng, name, position):
    tone = np.array((0.085, 0.13, 0.03)) * rng.uniform(0.6, 1.5) * rng.uniform(0.85, 1.15, 3)
    if rng.random() < 0.1:
        tone = np.array((0.25, 0.13, 0.03)) * rng.uniform(0.6, 1.2)  # Autumn
    model = library.fixture(name, int(rng.integers(library.VARIANTS[name])))
    return Thing(model, pose(position, rng.uniform(0, 6.28), (rng.uniform(0.8, 1.2),) * 3), (tuple(tone),) * 3, float(rng.random()))


def furniture(rng, plan):
    things = []
    for sign in (-1, 1):
        if plan.lot:
            continue
        for x in np.arange(-60, 60, 24):
            if rng.random() < 0.6:
                things.append(Thing(library.fixture("lamp", int(rng.integers(library.VARIANTS["lamp"]))), pose((x, sign * (plan.half + 0.5), KERB), -sign * np.pi / 2)))
        for _ in range(int(rng.integers(0, 9))):
            at = (rng.uniform(-40, 40), sign * rng.choice([plan.half + 0.5, plan.pavement - 0.5]), KERB)
            if abs(at[0]) > plan.side + 0.5:
                things.append(Thing(library.fixture("small", int(rng.integers(library.VARIANTS["small"]))), pose(at, -sign * np.pi / 2), variety=float(rng.random())))
        for _ in range(int(rng.integers(0, 4))):
            things += sign_on_pole(rng, "sign", int(rng.integers(library.VARIANTS["sign"])), (rng.uniform(-40, 40), sign * (plan.half + 0.45)), rng.choice([0, np.pi]), 0)
    return things


def sign_on_pole(rng, name, variant, at, heading, category):
    height = rng.uniform(2.1, 2.6)
    pole = Thing(library.fixture("pole", int(height * 10) + 4), pose((*at, KERB)))
    face = Thing(library.fixture(name, variant), pose((at[0] + 0.07 * np.cos(heading), at[1] + 0.07 * np.sin(heading), KERB + height), heading + rng.normal(0, 0.1)),
                 dirt=float(rng.uniform(0, 0.5)), category=category)
    return [pole, face]


def junction_control(rng, plan):
    """Traffic lights at the corners, or stop signs."""
    things = []
    if rng.random() < 0.3:
        for x, y, heading in ((-1, -1, np.pi), (1, 1, 0.0), (1, -1, -np.pi / 2), (-1, 1, np.pi / 2)):
            if rng.random() < 0.8:
                along_road = abs(np.cos(heading)) > 0.5
                at = (x * (plan.side + (4.6 if along_road else 0.6)), y * (plan.half + (0.6 if along_road else 4.0)))
                things += sign_on_pole(rng, "stop", 0, at, heading, 13)
        return things
    lit = int(rng.choice([0, 2, 2, 0, 1]))
    masts = rng.random() < 0.4
    for x, y, heading in ((-1, -1, np.pi), (1, 1, 0.0), (1, -1, -np.pi / 2), (-1, 1, np.pi / 2)):
        along_road = abs(np.cos(heading)) > 0.5
        at = np.array((x * (plan.side + (4.4 if along_road else 0.6)), y * (plan.half + (0.6 if along_road else 3.8)), KERB))
        state = lit if along_road else 2 - lit if lit != 1 else 0
        things += light_on_pole(at, heading, state)
        if masts and along_road:  # Another on an arm above the road, beyond the junction
            arm = min(plan.half * 0.6, 5.0)
            far = np.array((-at[0], at[1], KERB))
            things.append(Thing(library.fixture("mast", int(arm * 10)), pose(far, -np.sign(y) * np.pi / 2)))
            things.append(Thing(library.fixture("light", state), pose(far + (0.1 * np.cos(heading), -np.sign(y) * arm, 5.5), heading), category=10))
    return things


def light_on_pole(at, heading, state):
    toward = np.array((np.cos(heading), np.sin(heading), 0)) * 0.18
    return [Thing(library.fixture("pole", 33), pose(at)), Thing(library.fixture("light", state), pose(at + toward + (0, 0, 2.8), heading), category=10)]

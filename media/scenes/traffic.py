# SPDX-License-Identifier: MIT
"""Vehicles, riders and people: where they start, how they look, where they are at a time."""
import dataclasses

import numpy as np

from . import library
from .ground import KERB, rows_of_bays
from .mesh import pose
from .scene import Thing

STEP = 1.45   # Metres of one full walking cycle
PEDALS = 4.5  # Metres of one turn
CAR_PAINTS = ((0.80, 0.80, 0.80), (0.86, 0.86, 0.85), (0.015, 0.015, 0.017), (0.03, 0.03, 0.033), (0.34, 0.35, 0.36), (0.16, 0.17, 0.18), (0.42, 0.015, 0.02),
              (0.25, 0.01, 0.02), (0.02, 0.06, 0.22), (0.06, 0.16, 0.42), (0.04, 0.10, 0.06), (0.35, 0.28, 0.18), (0.12, 0.06, 0.03), (0.55, 0.60, 0.62), (0.32, 0.42, 0.46),
              (0.60, 0.22, 0.02), (0.65, 0.50, 0.04), (0.40, 0.42, 0.38))
CLOTHES = ((0.02, 0.02, 0.025), (0.05, 0.05, 0.06), (0.03, 0.045, 0.10), (0.05, 0.09, 0.20), (0.45, 0.45, 0.44), (0.70, 0.70, 0.68), (0.40, 0.03, 0.03), (0.10, 0.16, 0.06),
           (0.25, 0.18, 0.10), (0.55, 0.35, 0.05), (0.12, 0.04, 0.15), (0.10, 0.30, 0.35), (0.60, 0.30, 0.32), (0.20, 0.20, 0.20))


@dataclasses.dataclass
class Actor:
    """Something that moves along a straight line. `parts` are its things (a rider and a bicycle are two), posed by at()."""
    start: tuple
    heading: float
    speed: float
    parts: list
    phase: float = 0.0
    models: object = None  # phase 0..PHASES-1 -> the models of the parts; None: they never change
    cycle: float = STEP
    lean: float = 0.0
    scale: float = 1.0

    def at(self, seconds):
        moved = self.speed * seconds
        x = self.start[0] + np.cos(self.heading) * moved
        y = self.start[1] + np.sin(self.heading) * moved
        matrix = pose((x, y, self.start[2]), self.heading, (self.scale,) * 3)
        if self.lean:
            cos, sin = np.cos(self.lean), np.sin(self.lean)
            matrix[:3, :3] = matrix[:3, :3] @ np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
        models = [part.model for part in self.parts]
        if self.models:
            models = self.models(int((self.phase + moved / self.cycle) * library.PHASES) % library.PHASES)
        return [dataclasses.replace(part, model=model, matrix=matrix) for part, model in zip(self.parts, models)]

    @property
    def reach(self):
        return self.parts[0].model.radius


def colour(rng, palette, spread=0.15):
    return tuple(float(c) for c in np.array(palette[rng.integers(len(palette))]) * rng.uniform(1 - spread, 1 + spread) * rng.uniform(0.95, 1.05, 3))


def livery(rng):
    """A colour of a bus or lorry: white, grey, or one that is rarely glaring."""
    if rng.random() < 0.4:
        return (float(rng.uniform(0.3, 0.8)),) * 3
    hue, strength, light = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 0.9), rng.uniform(0.04, 0.45)
    wave = 0.5 + 0.5 * np.cos(hue + np.array((0, 2.1, 4.2)))
    return tuple(float(c) for c in light * (1 - strength + strength * wave))


def vehicle(rng, name, start, heading, speed):
    model = library.vehicle(name, int(rng.integers(library.VARIANTS[name])))
    first = livery(rng) if name in ("bus", "lorry", "van") else colour(rng, CAR_PAINTS)
    second, third = livery(rng), livery(rng)
    category = {"car": 3, "pickup": 8, "bus": 6, "lorry": 8, "van": 8}[name]
    dirt = float(rng.uniform(0, 0.25) if rng.random() < 0.7 else rng.uniform(0.2, 0.8))
    part = Thing(model, np.eye(4), (first, second, third), float(rng.random()), dirt, category)
    return Actor((*start, 0.0), heading, speed, [part], scale=float(rng.uniform(0.96, 1.04)))


def person(rng, start, heading, moving=True):
    variant = int(rng.integers(library.VARIANTS["walker"]))
    tints = colour(rng, CLOTHES, 0.4), colour(rng, CLOTHES[:5], 0.4), colour(rng, CLOTHES, 0.4)
    part = Thing(library.walker(variant, None), np.eye(4), tints, float(rng.random()), 0.0, 1)
    models = (lambda phase: [library.walker(variant, phase)]) if moving else None
    return Actor(start, heading, float(rng.uniform(0.9, 1.7)) if moving else 0.0, [part], float(rng.random()), models, STEP, scale=float(rng.uniform(0.94, 1.05)))


def cyclist(rng, start, heading):
    machine, body = int(rng.integers(library.VARIANTS["bicycle"])), int(rng.integers(library.VARIANTS["rider"]))
    tints = colour(rng, CLOTHES, 0.4), colour(rng, CLOTHES[:6], 0.4), colour(rng, CLOTHES, 0.5)
    parts = [Thing(library.bicycle(machine, 0), np.eye(4), (colour(rng, CAR_PAINTS),) * 3, float(rng.random()), 0.0, 2),
             Thing(library.rider(body, machine, 0), np.eye(4), tints, float(rng.random()), 0.0, 1)]
    models = lambda phase: [library.bicycle(machine, phase), library.rider(body, machine, phase)]
    return Actor(start, heading, float(rng.uniform(3.0, 6.0)), parts, float(rng.random()), models, PEDALS)


def parked_bicycle(rng, start, heading):
    part = Thing(library.bicycle(int(rng.integers(library.VARIANTS["bicycle"]))), np.eye(4), (colour(rng, CAR_PAINTS),) * 3, float(rng.random()), 0.0, 2)
    return Actor(start, heading, 0.0, [part], lean=float(rng.normal(0, 0.1)))


def populate(rng, plan, camera, seconds=0.0):
    """Who is there. `seconds`: for how long nobody may run into another; for a still picture 0."""
    actors = []
    reach = 55 + 12 * seconds
    focus = camera.eye + (camera.target - camera.eye) * 1.5
    busy = rng.uniform(0.25, 0.9)
    if plan.lot:
        actors += parked_in_bays(rng, plan, busy) + roaming(rng, plan, camera)
    else:
        actors += in_lanes(rng, plan, busy, focus, reach)
        if plan.parking:
            actors += along_kerb(rng, plan, rng.uniform(0.2, 0.9))
        if plan.side and rng.random() < 0.7:
            actors += on_side_street(rng, plan)
    actors += on_pavements(rng, plan, focus)
    return [actor for actor in without_collisions(actors, seconds) if not in_the_way(actor, camera)]


def in_the_way(actor, camera):
    """Too near to a low camera to be a picture of anything."""
    distance = np.linalg.norm(np.array(actor.start[:2]) - camera.eye[:2])
    size = actor.parts[0].model.size
    return camera.eye[2] < size[2] + 3.0 and distance < max(size[0] * 0.75, 1.2) + 1.2


def circles_of(actor, times):
    """[times, circles, 3]: an actor as up to four circles along its length, x, y and radius."""
    length, width = actor.parts[0].model.size[:2]
    count = max(1, min(4, round(length / max(width, 0.5))))
    along = ((np.arange(count) - (count - 1) / 2) * length / count)[None] + actor.speed * times[:, None]
    return np.stack([actor.start[0] + np.cos(actor.heading) * along, actor.start[1] + np.sin(actor.heading) * along, np.full_like(along, width * 0.56)], axis=2)


def without_collisions(actors, seconds):
    """Drops each actor that would meet an earlier one."""
    times = np.arange(0, seconds + 0.1, 0.25)
    kept, taken = [], np.zeros((len(times), 0, 3))
    for actor in actors:
        own = circles_of(actor, times)
        gaps = np.linalg.norm(taken[:, :, None, :2] - own[:, None, :, :2], axis=3) - taken[:, :, None, 2] - own[:, None, :, 2]
        if gaps.size and gaps.min() < 0.05:
            continue
        kept.append(actor)
        taken = np.concatenate([taken, own], axis=1)
    return kept


def lane_vehicle(rng):
    return str(rng.choice(["car", "car", "car", "car", "car", "pickup", "lorry", "van", "bus"]))


def in_lanes(rng, plan, busy, focus, reach):
    actors = []
    for lane in range(plan.lanes):
        for direction in (1, -1):
            y = -direction * plan.lane * (lane + 0.5)
            heading = 0.0 if direction > 0 or plan.one_way else np.pi
            speed = float(rng.uniform(4, 14))
            x = focus[0] - reach + rng.uniform(0, 12)
            while x < focus[0] + reach:
                if rng.random() < busy:
                    actors.append(vehicle(rng, lane_vehicle(rng), (x, y + rng.normal(0, 0.2)), heading + rng.normal(0, 0.02), speed))
                    x += actors[-1].parts[0].model.size[0]
                x += rng.exponential(9) + 4
            if lane == plan.lanes - 1 and rng.random() < 0.45:
                edge = -direction * (plan.half - plan.parking - 0.6)
                for _ in range(int(rng.integers(1, 4))):
                    actors.append(cyclist(rng, (focus[0] + rng.uniform(-18, 18), edge, 0.0), heading))
    return actors


def along_kerb(rng, plan, full):
    actors = []
    for sign in (-1, 1):
        for x in np.arange(-57, 60, 6.0):
            if rng.random() < full and abs(x) > plan.side + 7:
                name = str(rng.choice(["car", "car", "car", "car", "van", "pickup"]))
                heading = (0.0 if sign < 0 else np.pi) + (np.pi if rng.random() < 0.1 else 0)
                actors.append(vehicle(rng, name, (x + rng.normal(0, 0.3), sign * (plan.half - plan.parking / 2 + rng.normal(0, 0.08))), heading + rng.normal(0, 0.03), 0.0))
    return actors


def on_side_street(rng, plan):
    actors = []
    for direction in (1, -1):
        y = direction * -(plan.half + rng.uniform(4, 9))
        for _ in range(int(rng.integers(1, 4))):
            actors.append(vehicle(rng, lane_vehicle(rng), (direction * plan.side * 0.5, y), direction * np.pi / 2, 0.0))
            y -= direction * rng.uniform(8, 12)
    return actors


def parked_in_bays(rng, plan, full):
    actors = []
    turn = rng.choice([0.0, 0.0, 0.6, -0.6])
    for row in rows_of_bays(plan):
        for x in np.arange(-40, 40, 2.7):
            if rng.random() < full * 0.8:
                name = "car" if rng.random() < 0.88 else "pickup"
                heading = np.pi / 2 * rng.choice([-1, 1]) - turn * 0.9 + rng.normal(0, 0.03)
                actors.append(vehicle(rng, name, (x + 1.35 + rng.normal(0, 0.1), row + rng.normal(0, 0.2)), heading, 0.0))
    return actors


def roaming(rng, plan, camera):
    """Vehicles and people anywhere in the lane of a car park, close to where the camera looks."""
    actors = []
    sight = camera.target - camera.eye
    spot = camera.eye + sight * min(camera.eye[2] / max(-sight[2], 0.5), 4.0)
    for _ in range(int(rng.integers(1, 5))):
        at = (spot[0] + rng.normal(0, 5), spot[1] + rng.normal(0, 4))
        actors.append(vehicle(rng, lane_vehicle(rng) if rng.random() < 0.3 else "car", at, rng.uniform(0, 2 * np.pi), float(rng.uniform(1, 4))))
    for _ in range(int(rng.integers(0, 6))):
        at = (spot[0] + rng.normal(0, 5), spot[1] + rng.normal(0, 5), 0.0)
        actors.append(cyclist(rng, at, rng.uniform(0, 2 * np.pi)) if rng.random() < 0.3 else person(rng, at, rng.uniform(0, 2 * np.pi)))
    return actors


def on_pavements(rng, plan, focus):
    actors = []
    if plan.lot:
        return actors
    for sign in (-1, 1):
        for _ in range(int(rng.integers(0, 9))):
            at = np.array((focus[0] + rng.normal(0, 14), sign * rng.uniform(plan.half + 0.5, plan.pavement - 0.3), KERB))
            if abs(at[0]) < plan.side + 0.3:
                at[2] = 0.0
            heading = rng.choice([0, np.pi]) + rng.normal(0, 0.15)
            moving = rng.random() < 0.75
            actors.append(person(rng, tuple(at), heading if moving else rng.uniform(0, 6.28), moving))
            if rng.random() < 0.3:  # Two together
                actors.append(person(rng, (at[0] + rng.normal(0, 0.2), at[1] + 0.75, at[2]), heading, moving))
                actors[-1].speed = actors[-2].speed
        for _ in range(int(rng.integers(0, 4)) if rng.random() < 0.5 else 0):
            x = focus[0] + rng.normal(0, 10)
            if abs(x) > plan.side + 1:
                actors.append(parked_bicycle(rng, (x, sign * (plan.half + rng.uniform(0.6, 0.9)), KERB), rng.choice([0, np.pi / 2]) + rng.normal(0, 0.15)))
    for _ in range(int(rng.integers(0, 5)) if rng.random() < 0.6 else 0):  # Crossing
        x = rng.choice([-1, 1]) * (plan.side + rng.uniform(1.2, 3.4)) if plan.side else focus[0] + rng.normal(0, 6)
        heading = rng.choice([-1, 1]) * np.pi / 2 + rng.normal(0, 0.1)
        actors.append(person(rng, (x, rng.uniform(-plan.half, plan.half), 0.0), heading))
    return actors

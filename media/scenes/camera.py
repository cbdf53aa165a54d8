# SPDX-License-Identifier: MIT
"""Viewpoints: at eye level, from a car, from a mast above the street, steeply down onto cars."""
import numpy as np

from .scene import Camera

ASPECTS = (1.0, 4 / 3, 16 / 9, 16 / 9, 3 / 2, 3 / 4)


def draw_camera(rng, plan, aspect=None, view=None):
    """`aspect` None: any sensor, whose picture is then squeezed into the frame. `view` None: any kind of viewpoint."""
    drawn = float(rng.choice(ASPECTS))  # Always, so that the rest of the scene does not depend on it
    aspect = drawn if aspect is None else aspect
    sorts, odds = ("pavement", "driver", "mast", "steep"), (0.28, 0.22, 0.28, 0.22)
    sort = "steep" if plan.lot and rng.random() < 0.6 else str(rng.choice(sorts, p=odds))
    sort = view or sort
    degrees = lambda low, high: np.radians(rng.uniform(low, high))
    near = plan.side + rng.uniform(6, 28) if plan.side else rng.uniform(-10, 20)
    along = rng.choice([-1, 1])
    edge = plan.half + 0.6
    roll = float(rng.normal(0, 0.012))
    if sort == "pavement":
        side = rng.choice([-1, 1])
        eye = np.array((-along * near, side * rng.uniform(edge, max(plan.pavement - 0.6, edge + 0.1)), rng.uniform(1.4, 2.4)))
        bearing = (0 if along > 0 else np.pi) - side * along * degrees(2, 62)
        return aim(eye, bearing, -degrees(0, 9), degrees(34, 58), aspect, roll)
    if sort == "driver":
        eye = np.array((-along * near, -along * plan.lane * (0.5 + rng.integers(plan.lanes)), rng.uniform(1.25, 2.6)))
        return aim(eye, (0 if along > 0 else np.pi) + rng.normal(0, 0.10), -degrees(0, 8), degrees(32, 55), aspect, roll)
    if sort == "mast":
        side = rng.choice([-1, 1])
        eye = np.array((-along * near, side * rng.uniform(0, edge + 1.0), rng.uniform(4.0, 10.0)))
        bearing = (0 if along > 0 else np.pi) - side * along * degrees(0, 45)
        return aim(eye, bearing, -degrees(14, 42), degrees(30, 56), aspect, roll)
    height = rng.uniform(7.0, 20.0)
    eye = np.array((rng.uniform(-15, 15), rng.uniform(-1, 1) * plan.half, height))
    return aim(eye, rng.uniform(0, 2 * np.pi), -degrees(42, 82), degrees(26, 52), aspect, roll)


def aim(eye, bearing, pitch, view_height, aspect, roll):
    direction = np.array((np.cos(bearing) * np.cos(pitch), np.sin(bearing) * np.cos(pitch), np.sin(pitch)))
    if aspect < 1:
        view_height = min(view_height * 1.2, 1.1)
    return Camera(eye, eye + direction * 10, float(view_height), aspect, roll)

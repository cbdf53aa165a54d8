# SPDX-License-Identifier: MIT
"""The ground of a street: asphalt, kerbs, pavements, lawns and painted marks. The road runs along x, a side street along y."""
import dataclasses

import numpy as np

from .mesh import Kind, Mesh

FAR = 140.0
KERB = 0.13
WHITE_PAINT, YELLOW_PAINT = (0.62, 0.62, 0.60), (0.60, 0.42, 0.08)


@dataclasses.dataclass
class Plan:
    """Metres. The road is |y| < half; a side street, if any, is |x| < side; pavements end at |y| = pavement."""
    lanes: int             # In each direction
    lane: float
    parking: float         # Width of the parking lanes, 0 for none
    pavement: float
    side: float            # Half width of the side street, 0 for none
    lot: bool              # One wide surface with bays instead of a street
    one_way: bool

    @property
    def half(self):
        return self.lanes * self.lane + self.parking


def draw_plan(rng, sort):
    lanes = int(rng.choice([1, 1, 2, 2, 3]))
    lane = rng.uniform(2.9, 3.6)
    parking = rng.choice([0, 2.2]) if lanes < 3 else 0.0
    half = lanes * lane + parking
    return Plan(lanes, lane, float(parking), half + rng.uniform(2.2, 6.0), rng.uniform(3.2, 7.0) if sort == "junction" else 0.0, sort == "lot", rng.random() < 0.15)


def flat(mesh, x0, x1, y0, y1, z, colour, kind, uv_scale=(1, 1), uv_start=(0, 0)):
    """A level rectangle, cut into pieces so that nearer ones hide farther ones early."""
    (u, v), (du, dv) = uv_start, uv_scale
    width, depth = (x1 - x0) * du, (y1 - y0) * dv
    mesh.quad((x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z), colour, kind, uv=((u, v), (u + width, v), (u + width, v + depth), (u, v + depth)))


def stripe(mesh, x0, x1, y0, y1, colour=WHITE_PAINT):
    flat(mesh, x0, x1, y0, y1, 0.012, colour, Kind.MARKING)


def dashes(mesh, y, dash, gap, skip, colour=WHITE_PAINT):
    for x in np.arange(-FAR, FAR, dash + gap):
        if not (-skip < x + dash / 2 < skip):
            stripe(mesh, x, x + dash, y - 0.065, y + 0.065, colour)


def build(rng, plan):
    mesh = Mesh()
    if plan.lot:
        return lot(rng, plan, mesh)
    asphalt = (1, 1, 1)
    flat(mesh, -FAR, FAR, -plan.half, plan.half, 0, asphalt, Kind.ASPHALT, (1, 1 / plan.lane))
    paving = np.array((0.33, 0.32, 0.30)) * rng.uniform(0.7, 1.3) * rng.uniform(0.94, 1.06, 3)
    lawn = np.array((0.085, 0.105, 0.04)) * rng.uniform(0.7, 1.4) * rng.uniform(0.9, 1.1, 3)
    verge = rng.random() < 0.35
    for sign in (-1, 1):
        for x0, x1 in ((-FAR, -plan.side), (plan.side, FAR)):
            low, high = sorted((sign * plan.half, sign * plan.pavement))
            flat(mesh, x0, x1, low, high, KERB, paving, Kind.PAVING)
            if verge:
                low, high = sorted((sign * (plan.half + 0.25), sign * (plan.half + 1.3)))
                flat(mesh, x0, x1, low, high, KERB + 0.015, lawn, Kind.GRASS)
            edge = sign * plan.half
            mesh.box(((x0 + x1) / 2, edge, KERB / 2 + 0.005), (x1 - x0, 0.16, KERB), (0.42, 0.41, 0.39))
            low, high = sorted((sign * plan.pavement, sign * FAR))
            back_is_lawn = rng.random() < 0.5
            flat(mesh, x0, x1, low, high, KERB, lawn if back_is_lawn else paving * 0.9, Kind.GRASS if back_is_lawn else Kind.PAVING)
    if plan.side:
        for sign in (-1, 1):
            low, high = sorted((sign * plan.half, sign * FAR))
            flat(mesh, -plan.side, plan.side, low, high, 0.0, asphalt, Kind.ASPHALT, (0, 1), (0, 0))
            for x in (-plan.side, plan.side):
                mesh.box((x, (low + high) / 2, KERB / 2 + 0.005), (0.16, high - low, KERB), (0.42, 0.41, 0.39))
    marks(rng, plan, mesh)
    return mesh


def marks(rng, plan, mesh):
    yellow = YELLOW_PAINT if rng.random() < 0.4 else WHITE_PAINT
    gap = plan.side + 4.5 if plan.side else 0.0
    for lane in range(1, plan.lanes):
        for sign in (-1, 1):
            dashes(mesh, sign * lane * plan.lane, rng.uniform(2.5, 4), rng.uniform(3, 7), gap)
    runs = ((-FAR, -gap), (gap, FAR)) if gap else ((-FAR, FAR),)
    if rng.random() < 0.5:
        for low, high in runs:
            stripe(mesh, low, high, -0.18, -0.06, yellow)
            stripe(mesh, low, high, 0.06, 0.18, yellow)
    elif rng.random() < 0.8:
        dashes(mesh, 0.0, 3.0, 5.0, gap, yellow)
    if plan.parking:
        for sign in (-1, 1):
            y = sign * (plan.half - plan.parking)
            for low, high in runs:
                for x in np.arange(low + 1, high - 1, 6.0):
                    stripe(mesh, x, x + 0.1, min(y, sign * plan.half), max(y, sign * plan.half))
                stripe(mesh, low, high, y - 0.05, y + 0.05)
    elif rng.random() < 0.6:
        for sign in (-1, 1):
            for low, high in runs:
                stripe(mesh, low, high, sign * (plan.half - 0.35) - 0.06, sign * (plan.half - 0.35) + 0.06)
    if plan.side:
        for sign in (-1, 1):
            stripe(mesh, *sorted((sign * (plan.side + 4.1), sign * (plan.side + 4.5))), *sorted((0, -sign * plan.half)))
            zebra(mesh, sign * (plan.side + 1.0), sign * (plan.side + 3.6), plan.half)
            if rng.random() < 0.6:
                arrow(mesh, sign * (plan.side + 9), -sign * plan.lane * 0.5, -sign)
    elif rng.random() < 0.3:
        at = rng.uniform(-25, 25)
        zebra(mesh, at, at + 3.0, plan.half)


def zebra(mesh, x0, x1, half):
    for y in np.arange(-half + 0.5, half - 0.4, 1.0):
        stripe(mesh, min(x0, x1), max(x0, x1), y, y + 0.5)


def arrow(mesh, x, y, forward):
    stripe(mesh, min(x, x + 2.4 * forward), max(x, x + 2.4 * forward), y - 0.08, y + 0.08)
    tip, left, right = (x + 4.0 * forward, y, 0.012), (x + 2.4 * forward, y - 0.4, 0.012), (x + 2.4 * forward, y + 0.4, 0.012)
    points = [tip, right, left] if forward > 0 else [tip, left, right]
    mesh.triangles(points, (0, 0, 1), WHITE_PAINT, Kind.MARKING)


def lot(rng, plan, mesh):
    """A car park: bays in rows along x, a wide lane between the rows."""
    flat(mesh, -FAR, FAR, -FAR, FAR, 0, (1, 1, 1), Kind.ASPHALT, (1, 0.02))
    slant = rng.choice([0.0, 0.0, 0.6, -0.6])
    for row in rows_of_bays(plan):
        for x in np.arange(-60, 60, 2.7):
            a, b = (x, row - 2.4), (x + slant * 4.8, row + 2.4)
            mesh.quad((a[0] - 0.05, a[1], 0.012), (a[0] + 0.05, a[1], 0.012), (b[0] + 0.05, b[1], 0.012), (b[0] - 0.05, b[1], 0.012), WHITE_PAINT, Kind.MARKING)
    return mesh


def rows_of_bays(plan):
    """y of the middle of each row."""
    first = plan.half + 3.0
    return [sign * (first + step) for sign in (-1, 1) for step in (0.0, 5.0)]

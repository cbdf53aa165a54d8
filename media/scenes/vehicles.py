# SPDX-License-Identifier: MIT
"""Cars, vans, pickups, buses and lorries, each variant drawn from a random generator.

A body is one skin over cross-sections from rear to front. Every cross-section has the same points: along the floor,
up the side to the belt line, inward over the window to the edge of the roof, across the roof. Where there is no cabin the
last of these lie flat on the bonnet, so that windscreen, pillars and side windows are strips of the same skin.
"""
import dataclasses

import numpy as np

from .mesh import Kind, Mesh

BLACK, RUBBER, CHROME, DARK_GLASS = (0.02, 0.02, 0.022), (0.025, 0.025, 0.027), (0.55, 0.56, 0.58), (0.035, 0.045, 0.045)
HEADLAMP, TAILLAMP, AMBER = (0.36, 0.38, 0.40), (0.30, 0.01, 0.013), (0.8, 0.3, 0.03)


@dataclasses.dataclass
class Shape:
    """Metres; x runs from the rear bumper (0) to the front bumper (1), as a fraction of the length."""
    length: float
    width: float
    height: float
    clearance: float
    wheel: float            # Radius
    axles: tuple            # x of each axle
    top: list               # (x, z) of the silhouette, z as a fraction of the height
    belt: list              # (x, z) of the belt line, likewise
    cabin: tuple            # x of: rear window's foot, roof's rear end, roof's front end, windscreen's foot
    pillars: tuple          # x of the pillars between side windows
    roof_width: float       # Fraction of the width
    nose: float = 0.16      # How much narrower the corners are than the middle
    windowless: tuple = ()  # Ranges of x where the side is a panel


def car_shape(rng, body):
    """body: sedan, hatch, suv, wagon, minivan or pickup."""
    vary = lambda low, high: float(rng.uniform(low, high))
    sizes = {"sedan": (4.4, 5.0, 1.40, 1.48), "hatch": (3.7, 4.4, 1.44, 1.56), "suv": (4.3, 4.95, 1.62, 1.82),
             "wagon": (4.5, 4.9, 1.45, 1.55), "minivan": (4.4, 5.1, 1.72, 1.95), "pickup": (5.1, 5.7, 1.75, 1.92)}[body]
    length, height = vary(*sizes[:2]), vary(*sizes[2:])
    width = vary(1.72, 1.88) + (0.08 if body in ("suv", "minivan", "pickup") else 0)
    hood, belt, tail = vary(0.62, 0.68), vary(0.645, 0.69), vary(0.68, 0.74)
    foot = vary(0.70, 0.75) + (0.06 if body == "minivan" else 0)     # Windscreen's foot
    front = foot - vary(0.13, 0.17)
    rear_end, rear_foot = {"sedan": (0.27, 0.13), "hatch": (0.12, 0.035), "suv": (0.085, 0.03), "wagon": (0.09, 0.03),
                           "minivan": (0.06, 0.02), "pickup": (0.42, 0.375)}[body]
    rear_end, rear_foot = rear_end + vary(-0.015, 0.03), rear_foot + vary(-0.005, 0.015)
    deck = tail if body == "sedan" else (belt + 0.005)
    roof = [(rear_end, 0.955), ((rear_end + front) / 2, 1.0), (front, 0.965)]
    top = [(0, 0.50 if body == "sedan" else 0.56), (0.012, deck - 0.06), (rear_foot, deck)] + roof + [
        (foot, hood + 0.015), (0.86, hood - 0.035), (0.955, hood - 0.10), (0.992, hood - 0.19), (1, 0.38)]
    if body == "pickup":
        top[1:3] = [(0.01, deck), (rear_foot, deck + 0.002)]
    line = [(0, 0.49), (0.012, deck - 0.065), (0.05, deck - 0.02), (rear_end + 0.02, belt + 0.02), (foot, hood), (0.86, hood - 0.05), (0.955, hood - 0.115),
            (0.992, hood - 0.20), (1, 0.37)]
    middle = (rear_foot + foot) / 2 - 0.01
    pillars = (middle,) if body == "pickup" and rng.random() < 0.5 else (middle, rear_end + (0.05 if body in ("sedan", "pickup") else 0.16))
    return Shape(length, width, height, vary(0.16, 0.2) + (0.06 if body in ("suv", "pickup") else 0), vary(0.31, 0.345) + (0.05 if body in ("suv", "pickup") else 0),
                 (vary(0.17, 0.2), vary(0.80, 0.825)), top, line, (rear_foot, rear_end, front, foot), pillars, vary(0.66, 0.73) + (0.06 if body in ("suv", "minivan", "pickup") else 0),
                 vary(0.13, 0.26))


def stations(shape):
    """Where cross-sections are cut: at every change of material, and closely where the ends curve."""
    rear_foot, rear_end, front, foot = shape.cabin
    cuts = [0, 0.004, 0.012, 0.03, 0.06, 0.10, 0.86, 0.91, 0.945, 0.97, 0.985, 0.995, 1]
    for window in ((rear_foot, rear_end), (front, foot)):
        inset = (window[1] - window[0]) * 0.1
        cuts += [window[0], window[0] + inset, window[1] - inset, window[1], sum(window) / 2]
    for pillar in shape.pillars:
        cuts += [pillar - 0.009, pillar + 0.009]
    cuts += list(np.linspace(rear_end, front, 5)[1:-1])
    for low, high in shape.windowless:
        cuts += [low, high]
    return np.unique(np.round(cuts, 4))


def rings(shape, x):
    """Cross-sections [S, R, 3] at fractions x; R points from the floor's middle, left side first."""
    top = np.interp(x, *zip(*shape.top)) * shape.height
    belt = np.minimum(np.interp(x, *zip(*shape.belt)) * shape.height, top - 0.015)
    distance = np.abs(2 * x - 1)
    half = shape.width / 2 * (1 - shape.nose * distance ** 6 - 0.03 * distance ** 2)
    floor = shape.clearance + 0.10 * np.maximum(distance - 0.86, 0) / 0.14
    rise = np.clip((top - belt) / (0.30 * shape.height), 0, 1)  # 0 on the bonnet, 1 at the roof
    edge = half * ((1 - rise) * 0.86 + rise * shape.roof_width)
    body = belt - floor
    ones = np.ones_like(x)
    sides = ((0 * x, floor), (0.80 * half, floor), (0.95 * half, floor + 0.05 * ones), (0.985 * half, floor + 0.25 * body), (half, floor + 0.52 * body),
             (0.99 * half, floor + 0.78 * body), (0.955 * half, belt - 0.015), (0.925 * half, belt),
             ((0.925 * half * 0.22 + edge * 0.78), belt + 0.80 * (top - belt) * 0.98), (edge, belt + (top - belt) * 0.93), (0.88 * edge, belt + (top - belt) * 0.975),
             (0.45 * edge, belt + (top - belt) * 0.995), (0 * x, top))
    points = [(y, z) for y, z in sides] + [(-y, z) for y, z in sides[-2:0:-1]]
    along = (x - 0.5) * shape.length
    bulge = np.maximum(distance - 0.9, 0) / 0.1  # The ends are not flat: their lower part stands out.
    return np.stack([np.stack([along - np.sign(2 * x - 1) * bulge * 0.10 * (np.abs(y) / (shape.width / 2)) ** 3, y, z], axis=1) for y, z in points], axis=1)


def body_faces(shape, x, around, paint_bumpers):
    """Kind, colour and gloss of each face of the skin, by station and point."""
    rear_foot, rear_end, front, foot = shape.cabin
    kind = np.full((len(x) - 1, around), int(Kind.PAINT))
    colour = np.ones((len(x) - 1, around, 3))
    gloss = np.full((len(x) - 1, around), 0.8)
    middle = (x[:-1] + x[1:]) / 2

    def strip(rows, low, high, what, tone, shine):
        for row in rows:
            for face in (row, around - 1 - row):
                kind[low:high, face], colour[low:high, face], gloss[low:high, face] = int(what), tone, shine

    strip((0, 1), 0, len(x), Kind.PLAIN, BLACK, 0.1)
    if not paint_bumpers:
        strip((2,), 0, len(x), Kind.PLAIN, (0.03, 0.03, 0.03), 0.2)
    for station, at in enumerate(middle):
        one = (station, station + 1)
        side = rear_foot + 0.5 * (rear_end - rear_foot) < at < foot - 0.18 * (foot - front)
        if side and not any(abs(at - p) < 0.009 for p in shape.pillars) and not any(low < at < high for low, high in shape.windowless):
            strip((7,), *one, Kind.GLASS, DARK_GLASS, 0.9)
        if front + 0.08 * (foot - front) < at < foot or rear_foot < at < rear_end - 0.08 * (rear_end - rear_foot):
            strip((9, 10, 11), *one, Kind.GLASS, DARK_GLASS, 0.95)
    return kind, colour, gloss


def add_wheels(mesh, shape, rng):
    rim = np.array(CHROME) * rng.uniform(0.5, 1.1) if rng.random() < 0.8 else np.array((0.06, 0.06, 0.065))
    spokes = int(rng.integers(5, 10))
    for axle in shape.axles:
        along = (axle - 0.5) * shape.length
        for side in (-1, 1):
            y = side * shape.width / 2
            mesh.tube((along, y * 0.80, shape.wheel * 1.02), (along, y * 0.998, shape.wheel * 1.02), shape.wheel * 1.16, BLACK, sides=16)
            inner, outer = (along, y * 0.8, shape.wheel), (along, y * 1.003 + side * 0.004, shape.wheel)
            mesh.tube(inner, outer, shape.wheel, RUBBER, gloss=0.15, sides=18)
            face = y * 1.003 + side * 0.006
            mesh.tube((along, face - side * 0.05, shape.wheel), (along, face, shape.wheel), shape.wheel * 0.66, rim * 0.35, gloss=0.4, sides=14)
            turn = rng.uniform(0, np.pi)
            for spoke in range(spokes):
                angle = turn + spoke * 2 * np.pi / spokes
                reach = np.array((np.cos(angle), 0, np.sin(angle))) * shape.wheel * 0.63
                across = np.array((-np.sin(angle), 0, np.cos(angle))) * shape.wheel * 0.11
                hub = np.array((along, face + side * 0.004, shape.wheel))
                ring = [hub - across, hub + reach - across * 0.6, hub + reach + across * 0.6, hub + across]
                mesh.quad(*(ring if side < 0 else ring[::-1]), rim, gloss=0.6)


def add_lamps_and_plates(mesh, shape, rng):
    hood = np.interp(0.955, *zip(*shape.top)) * shape.height
    deck = np.interp(0.012, *zip(*shape.top)) * shape.height
    half, front, rear = shape.width / 2, shape.length / 2, -shape.length / 2
    lamp = rng.uniform((0.16, 0.11, 0.035), (0.34, 0.17, 0.06))
    tail = rng.uniform((0.06, 0.10, 0.05), (0.10, 0.22, 0.13))
    lit = Kind.LAMP if rng.random() < 0.35 else Kind.GLASS
    for side in (-1, 1):
        mesh.ellipsoid((front - 0.22, side * half * 0.68, hood - 0.08), lamp, HEADLAMP, lit, 0.9, 12, 6)
        mesh.ellipsoid((rear + 0.085, side * half * 0.71, deck - 0.13), tail, TAILLAMP, lit, 0.9, 12, 6)
        mesh.ellipsoid((front - 0.17, side * half * 0.74, shape.clearance + 0.18), (0.12, 0.13, 0.05), (0.25, 0.25, 0.25), gloss=0.6, sides=8, rows=4)
    grille = rng.uniform(0.08, 0.2)
    mesh.ellipsoid((front - 0.10, 0, hood - 0.13 - grille * 0.4), (0.115, half * rng.uniform(0.45, 0.6), grille * 0.6), BLACK, gloss=0.5, sides=10, rows=6)
    mesh.ellipsoid((front - 0.12, 0, shape.clearance + 0.14), (0.13, half * 0.62, 0.07), BLACK, gloss=0.2, sides=10, rows=4)
    plate = (0.75, 0.76, 0.78) if rng.random() < 0.75 else (0.7, 0.55, 0.1)
    for x, z in ((front + 0.005, shape.clearance + 0.27), (rear - 0.006, max(deck - 0.30, shape.clearance + 0.3))):
        mesh.box((x, 0, z), (0.03, 0.5, 0.12), plate, Kind.PLATE, 0.3)
    mesh.box((rear + 0.06, 0, shape.clearance + 0.08), (0.2, half * 1.5, 0.12), BLACK, gloss=0.2)


def add_mirrors_and_roof(mesh, shape, rng):
    rear_foot, rear_end, front, foot = shape.cabin
    along = (foot - 0.04 - 0.5) * shape.length
    belt = np.interp(foot - 0.04, *zip(*shape.belt)) * shape.height
    for side in (-1, 1):
        mesh.ellipsoid((along, side * (shape.width / 2 + 0.09), belt + 0.07), (0.09, 0.12, 0.075), (1, 1, 1), Kind.PAINT, 0.8, 8, 5)
        mesh.tube((along, side * shape.width * 0.46, belt + 0.02), (along, side * (shape.width / 2 + 0.05), belt + 0.05), 0.03, BLACK, sides=5)
        for door in shape.pillars[:1] + (foot - 0.05,):  # Handles
            mesh.box((door * shape.length - shape.length / 2 - 0.14, side * shape.width * 0.492, belt - 0.09), (0.16, 0.035, 0.025), (0.9, 0.9, 0.9), Kind.PAINT, 0.8)
    at = lambda x: (x - 0.5) * shape.length
    roof = shape.height * 1.0
    if rng.random() < 0.22:
        mesh.box((at(rear_end * 0.3 + front * 0.7), 0, roof - 0.022), (0.13 * shape.length, shape.width * 0.46, 0.03), DARK_GLASS, Kind.GLASS, 0.9)
    if rng.random() < 0.3:
        for side in (-1, 1):
            mesh.box((at((rear_end + front) / 2), side * shape.width * 0.32, roof + 0.02), ((front - rear_end) * shape.length, 0.035, 0.035), BLACK, gloss=0.5)
    mesh.tube((at(rear_end + 0.03), 0, roof - 0.06), (at(rear_end + 0.01), 0, roof + 0.07), 0.025, (0.05, 0.05, 0.05), end_radius=0.008, sides=5)
    wiper = at(foot - 0.01)
    for y in (-0.35, 0.25):
        mesh.box((wiper - 0.13, y, np.interp(foot - 0.035, *zip(*shape.top)) * shape.height + 0.015), (0.04, 0.62, 0.012), BLACK)


def add_pickup_bed(mesh, shape):
    rear_foot = shape.cabin[0]
    deck = np.interp(rear_foot, *zip(*shape.top)) * shape.height
    length = rear_foot * shape.length - 0.22
    mesh.box((-shape.length / 2 + 0.10 + length / 2, 0, deck - 0.01), (length, shape.width * 0.74, 0.06), (0.04, 0.04, 0.042), gloss=0.15)


def car(rng, body):
    shape, mesh = car_shape(rng, body), Mesh()
    x = stations(shape)
    sections = rings(shape, x)
    kind, colour, gloss = body_faces(shape, x, sections.shape[1], paint_bumpers=rng.random() < 0.7)
    mesh.loft(sections, colour, kind, gloss)
    add_wheels(mesh, shape, rng)
    add_lamps_and_plates(mesh, shape, rng)
    add_mirrors_and_roof(mesh, shape, rng)
    if body == "pickup":
        add_pickup_bed(mesh, shape)
    return mesh, (shape.length, shape.width, shape.height)

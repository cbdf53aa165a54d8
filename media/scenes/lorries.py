# SPDX-License-Identifier: MIT
"""Buses, delivery vans and lorries: boxes with rounded corners, windows and what stands on their chassis."""
import numpy as np

from .mesh import Kind, Mesh
from .vehicles import AMBER, BLACK, DARK_GLASS, HEADLAMP, TAILLAMP, Shape, add_wheels


def rounded_box(mesh, low, high, radius, colour, kind=Kind.PAINT, gloss=0.6, faces=None):
    """A box from corner to corner with rounded long edges, skinned from rear to front; `faces(x, z)` may give other materials."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    angle = np.linspace(0, np.pi / 2, 4)
    corner = [(y1 - radius + radius * np.cos(a), z1 - radius + radius * np.sin(a)) for a in angle]
    side = [(0, z0), (y1 - 0.02, z0), (y1, z0 + 0.03)] + [(y1, z0 + 0.03 + (z1 - radius - z0 - 0.03) * t) for t in (0.30, 0.42, 0.55, 0.62, 0.90)] + corner[:] + [(0, z1)]
    ring = side + [(-y, z) for y, z in side[-2:0:-1]]
    x = np.array([x0, x0 + 0.02, x0 + radius * 0.5, x0 + radius, *np.linspace(x0 + radius, x1 - radius, 34)[1:-1], x1 - radius, x1 - radius * 0.5, x1 - 0.02, x1])
    inset = np.array([radius * 0.6, radius * 0.35, 0.02, 0, *np.zeros(32), 0, 0.02, radius * 0.35, radius * 0.6])
    middle_z = (z0 + z1) / 2
    rings = np.array([[(at, y * (1 - gap / y1), z + (middle_z - z) * gap / (z1 - z0) if z > middle_z else z) for y, z in ring] for at, gap in zip(x, inset)])
    shape = (len(x) - 1, len(ring))
    kinds, tones, shine = np.full(shape, int(kind)), np.broadcast_to(np.array(colour, float), shape + (3,)).copy(), np.full(shape, gloss)
    if faces:
        centre = (rings[:-1] + rings[1:]) / 2
        centre = (centre + np.roll(centre, -1, axis=1)) / 2
        for index in np.ndindex(shape):
            chosen = faces(*centre[index])
            if chosen:
                kinds[index], tones[index], shine[index] = int(chosen[0]), chosen[1], chosen[2]
    mesh.loft(rings, tones, kinds, shine)
    return mesh


def bus(rng):
    """A city bus or coach; big windows, doors on its right side."""
    mesh = Mesh()
    length, width, height, floor = rng.uniform(9.0, 13.0), rng.uniform(2.45, 2.6), rng.uniform(2.95, 3.35), rng.uniform(0.28, 0.36)
    stripe = rng.random() < 0.7
    pitch, doors = rng.uniform(1.2, 1.8), (length / 2 - 1.9, length * 0.05)
    black_frames = rng.random() < 0.6

    def faces(x, y, z):
        level = (z - floor) / (height - floor)
        if level < 0.02:
            return Kind.PLAIN, BLACK, 0.1
        if 0.44 < level < 0.90 and abs(y) > width * 0.47:
            if (x + 50) % pitch < 0.10 and not black_frames:
                return None
            return Kind.GLASS, DARK_GLASS, 0.9
        if stripe and 0.30 < level < 0.45:
            return Kind.TINT_B, (1, 1, 1), 0.6
        if stripe and x < -length * 0.22 and abs(y) > width * 0.45 and level < 0.9:
            return Kind.TINT_B, (1, 1, 1), 0.6
        return None

    rounded_box(mesh, (-length / 2, -width / 2, floor), (length / 2, width / 2, height), 0.22, (1, 1, 1), faces=faces)
    half, front, rear = width / 2, length / 2, -length / 2
    mesh.box((front - 0.01, 0, floor + (height - floor) * 0.60), (0.06, half * 1.78, (height - floor) * 0.46), DARK_GLASS, Kind.GLASS, 0.95)
    mesh.box((front + 0.005, 0, height - 0.30), (0.05, half * 1.3, 0.22), (0.02, 0.02, 0.02), gloss=0.6)
    mesh.box((front + 0.025, 0, height - 0.30), (0.03, half * 0.9, 0.12), (0.9, 0.45, 0.05), Kind.LAMP, 0.4)
    mesh.box((rear + 0.0, 0, height - 0.85), (0.06, half * 1.5, 0.8), DARK_GLASS, Kind.GLASS, 0.9)
    for side in (-1, 1):
        mesh.ellipsoid((front - 0.06, side * half * 0.72, floor + 0.45), (0.09, 0.20, 0.10), HEADLAMP, Kind.LAMP, 0.9, 8, 4)
        mesh.box((rear - 0.0, side * half * 0.82, floor + 0.8), (0.05, 0.16, 0.5), TAILLAMP, Kind.LAMP, 0.8)
        mesh.box((front + 0.15, side * (half + 0.12), height - 0.9), (0.12, 0.2, 0.42), BLACK, gloss=0.4)
        mesh.tube((front - 0.1, side * half * 0.95, height - 0.5), (front + 0.15, side * (half + 0.12), height - 0.7), 0.03, BLACK, sides=5)
    for door in doors:
        mesh.box((door, -half - 0.004, floor + 1.05), (1.2, 0.02, 2.0), (0.03, 0.035, 0.035), Kind.GLASS, 0.9)
        mesh.box((door, -half - 0.012, floor + 1.05), (0.06, 0.02, 2.0), BLACK)
    mesh.box((rng.uniform(-2, 1), 0, height + 0.09), (rng.uniform(1.5, 3), width * 0.6, 0.22), (0.8, 0.8, 0.8), gloss=0.3)
    mesh.box((front + 0.01, 0, floor + 0.18), (0.06, 0.5, 0.12), (0.75, 0.75, 0.75), Kind.PLATE)
    add_wheels(mesh, Shape(length, width, height, floor, 0.48, (0.22, 0.79), [], [], (), (), 1), rng)
    return mesh, (length, width, height)


def add_cab(mesh, front, width, height, floor, length):
    """A flat-fronted cab whose nose is at x = front."""
    def faces(x, y, z):
        level = (z - floor) / (height - floor)
        if 0.50 < level < 0.84 and abs(y) > width * 0.46 and front - length * 0.72 < x < front - 0.22:
            return Kind.GLASS, DARK_GLASS, 0.9
        return (Kind.PLAIN, BLACK, 0.1) if level < 0.08 else None
    rounded_box(mesh, (front - length, -width / 2, floor), (front, width / 2, height), 0.18, (1, 1, 1), faces=faces, gloss=0.7)
    half = width / 2
    mesh.box((front - 0.01, 0, floor + (height - floor) * 0.67), (0.06, half * 1.72, (height - floor) * 0.32), DARK_GLASS, Kind.GLASS, 0.95)
    mesh.box((front + 0.01, 0, floor + (height - floor) * 0.28), (0.05, half * 1.1, (height - floor) * 0.2), BLACK, gloss=0.4)
    mesh.box((front + 0.03, 0, floor + 0.12), (0.14, half * 1.9, 0.24), (0.5, 0.5, 0.5), gloss=0.3)
    mesh.box((front + 0.105, 0, floor + 0.14), (0.03, 0.5, 0.12), (0.75, 0.75, 0.75), Kind.PLATE)
    for side in (-1, 1):
        mesh.ellipsoid((front + 0.02, side * half * 0.75, floor + 0.40), (0.07, 0.17, 0.10), HEADLAMP, Kind.LAMP, 0.9, 8, 4)
        mesh.box((front - 0.05, side * (half + 0.16), floor + (height - floor) * 0.66), (0.10, 0.18, 0.5), BLACK, gloss=0.3)
        mesh.box((front - 0.02, side * half * 0.9, floor + 0.62), (0.06, 0.1, 0.06), AMBER, Kind.LAMP, 0.8)


def add_load(mesh, rng, rear, front, width, floor, height):
    """What the chassis carries: a box body, a container, a tipper, a tank or a flat bed."""
    sort = rng.choice(["box", "box", "container", "tipper", "tank", "flat"])
    middle, length = (rear + front) / 2, front - rear
    if sort == "tank":
        mesh.tube((rear + 0.1, 0, (floor + height) / 2 + 0.1), (front - 0.1, 0, (floor + height) / 2 + 0.1), width * 0.46, (0.75, 0.76, 0.78), gloss=0.7, sides=18)
        mesh.box((middle, 0, floor + 0.1), (length, width * 0.8, 0.2), BLACK)
    elif sort in ("tipper", "flat"):
        wall = floor + (rng.uniform(0.9, 1.4) if sort == "tipper" else 0.25)
        kind = Kind.TINT_B if sort == "tipper" else Kind.PLAIN
        tone = (1, 1, 1) if sort == "tipper" else (0.3, 0.22, 0.14)
        mesh.box((middle, 0, floor + 0.05), (length, width, 0.12), tone, kind)
        for side in (-1, 1):
            mesh.box((middle, side * (width / 2 - 0.04), (floor + wall) / 2), (length, 0.08, wall - floor), tone, kind)
            mesh.box((middle + side * (length / 2 - 0.04), 0, (floor + wall) / 2), (0.08, width, wall - floor), tone, kind)
            for rib in np.linspace(rear + 0.3, front - 0.3, 6):
                mesh.box((rib, side * (width / 2 + 0.02), (floor + wall) / 2), (0.1, 0.06, wall - floor), tone, kind)
        if rng.random() < 0.7:
            mesh.ellipsoid((middle, 0, wall - 0.25), (length * 0.46, width * 0.43, rng.uniform(0.3, 0.8)), rng.uniform(0.15, 0.4, 3), sides=12, rows=5)
    else:
        mesh.box((middle, 0, (floor + height) / 2), (length, width, height - floor), (1, 1, 1), Kind.TINT_B, 0.35)
        if sort == "container":
            for rib in np.arange(rear + 0.2, front, 0.4):
                for side in (-1, 1):
                    mesh.box((rib, side * width / 2, (floor + height) / 2), (0.18, 0.07, height - floor - 0.3), (0.9, 0.9, 0.9), Kind.TINT_B, 0.3)
        else:
            band = rng.uniform(0.25, 0.7)
            for side in (-1, 1):
                mesh.box((middle, side * width / 2, floor + (height - floor) * band), (length * rng.uniform(0.4, 0.9), 0.01, 0.5), (1, 1, 1), Kind.TINT_C, 0.3)
        mesh.box((rear - 0.005, 0, (floor + height) / 2), (0.02, 0.05, (height - floor) * 0.94), (0.15, 0.15, 0.15))


def lorry(rng):
    """A rigid lorry: cab in front, load behind."""
    mesh = Mesh()
    length, width, height = rng.uniform(6.2, 10.0), rng.uniform(2.25, 2.55), rng.uniform(2.9, 3.7)
    cab_length, floor, wheel = rng.uniform(1.7, 2.2), 0.5, rng.uniform(0.42, 0.5)
    cab_height = min(rng.uniform(2.4, 3.1), height)
    front, rear = length / 2, -length / 2
    add_cab(mesh, front - 0.05, width * 0.96, cab_height, floor, cab_length)
    add_load(mesh, rng, rear + 0.05, front - cab_length - 0.15, width, 1.05, height)
    mesh.box(((rear + front - cab_length) / 2, 0, 0.82), (length - cab_length, width * 0.42, 0.3), BLACK)
    for side in (-1, 1):
        mesh.box((rear + 0.02, side * width * 0.38, 0.85), (0.06, 0.35, 0.16), TAILLAMP, Kind.LAMP, 0.8)
        mesh.box((0.05 * length, side * width * 0.44, 0.72), (1.3, 0.3, 0.5), (0.2, 0.2, 0.21), gloss=0.4)
    mesh.box((rear + 0.02, 0, 0.55), (0.08, width * 0.9, 0.12), (0.6, 0.1, 0.1))
    axles = (0.2, 0.84) if length < 8.5 else (0.14, 0.26, 0.85)
    add_wheels(mesh, Shape(length, width * 0.98, height, floor, wheel, axles, [], [], (), (), 1), rng)
    return mesh, (length, width, height)


def delivery_van(rng):
    """A panel van or parcel van: one box with a short sloping nose; COCO's annotators call it a truck."""
    mesh = Mesh()
    length, width, height, floor = rng.uniform(5.4, 6.8), rng.uniform(1.98, 2.15), rng.uniform(2.4, 2.85), 0.3
    nose = rng.uniform(1.0, 1.3)
    front, rear = length / 2, -length / 2

    def faces(x, y, z):
        return (Kind.PLAIN, BLACK, 0.1) if z < floor + 0.10 else None
    rounded_box(mesh, (rear, -width / 2, floor), (front - nose - 0.9, width / 2, height), 0.14, (1, 1, 1), faces=faces)
    deck, foot = floor + 0.48 * (height - floor), floor + 0.40 * (height - floor)
    outline = np.array([(front - nose - 1.0, floor), (front, floor), (front, foot - 0.15), (front - 0.1, foot), (front - nose + 0.1, deck),
                        (front - nose - 0.75, height - 0.03), (front - nose - 1.0, height - 0.01)])
    rings = np.stack([np.stack([outline[:, 0], np.full(len(outline), y), outline[:, 1]], axis=1) * (1, 1, 1) for y in np.array((-1, -0.94, 0.94, 1)) * width / 2])
    for ring in (rings[0], rings[-1]):
        ring[:, 2] = floor + (ring[:, 2] - floor) * 0.985
        ring[1:4, 0] -= 0.14
    faces_kind = np.full((3, len(outline)), int(Kind.PAINT))
    tones = np.ones((3, len(outline), 3))
    faces_kind[1, 4], tones[1, 4] = int(Kind.GLASS), DARK_GLASS
    mesh.loft(rings[::-1], tones, faces_kind, 0.75)
    half = width / 2
    for side in (-1, 1):
        window = [(front - nose - 0.95, deck + 0.02), (front - nose - 0.08, deck + 0.02), (front - nose - 0.62, height - 0.32), (front - nose - 0.95, height - 0.32)]
        ring = np.array([(x, side * (half + 0.004), z) for x, z in window])
        mesh.fan(ring if side < 0 else ring[::-1], DARK_GLASS, Kind.GLASS, 0.9)
        mesh.ellipsoid((front - 0.12, side * half * 0.74, foot - 0.16), (0.15, 0.18, 0.12), HEADLAMP, Kind.LAMP, 0.9, 8, 4)
        mesh.box((rear, side * half * 0.92, floor + 0.75), (0.05, 0.12, 0.55), TAILLAMP, Kind.LAMP, 0.8)
        mesh.box((front - nose - 0.35, side * (half + 0.14), deck + 0.22), (0.1, 0.18, 0.34), BLACK)
        if rng.random() < 0.6:
            mesh.box((-0.6, side * (half + 0.006), floor + (height - floor) * 0.62), (length * 0.42, 0.01, 0.55), (1, 1, 1), Kind.TINT_C, 0.4)
    mesh.ellipsoid((front - 0.06, 0, foot - 0.28), (0.09, half * 0.55, 0.13), BLACK, gloss=0.4, sides=8, rows=4)
    mesh.box((front + 0.01, 0, floor + 0.1), (0.06, 0.5, 0.12), (0.75, 0.75, 0.75), Kind.PLATE)
    mesh.box((rear - 0.01, 0, (floor + height) / 2), (0.02, 0.04, (height - floor) * 0.9), (0.1, 0.1, 0.1))
    add_wheels(mesh, Shape(length, width, height, floor, 0.36, (0.2, 0.82), [], [], (), (), 1), rng)
    return mesh, (length, width, height)

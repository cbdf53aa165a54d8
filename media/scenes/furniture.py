# SPDX-License-Identifier: MIT
"""What stands beside a street: trees, poles, traffic lights, signs, bins, hydrants, and houses with windows."""
import functools

import cv2
import numpy as np

from .mesh import Kind, Mesh

GALVANISED, DARK, BARK, CONCRETE = (0.32, 0.33, 0.34), (0.025, 0.03, 0.028), (0.13, 0.10, 0.075), (0.42, 0.41, 0.39)
RED, AMBER, GREEN = (1.0, 0.08, 0.03), (1.0, 0.50, 0.03), (0.05, 0.95, 0.45)
ATLAS_CELLS = 4  # The atlas is ATLAS_CELLS x ATLAS_CELLS signs


def octagon(size):
    angle = np.pi / 8 + np.arange(8) * np.pi / 4
    return (np.stack([np.cos(angle), np.sin(angle)], axis=1) / np.cos(np.pi / 8) * size).astype(np.float64)


@functools.lru_cache
def sign_atlas(cell=128):
    """RGB image of all sign faces; cell 0 is the stop sign, the others are what it must not be confused with."""
    image = np.full((cell * ATLAS_CELLS, cell * ATLAS_CELLS, 3), 200, np.uint8)

    def text(tile, words, scale, colour, thick, centre=0.5):
        (width, height), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, scale, thick)
        cv2.putText(tile, words, (int(cell / 2 - width / 2), int(cell * centre + height / 2)), cv2.FONT_HERSHEY_SIMPLEX, scale, colour, thick, cv2.LINE_AA)

    def polygon(tile, points, colour):
        cv2.fillPoly(tile, [np.round((np.array(points) * (1, -1) * 0.5 + 0.5) * cell).astype(np.int32)], colour, cv2.LINE_AA)

    words = ["STOP", "50", "30", "P", "80", "!", "TAXI", "BUS", "60", "40", "ZONE", "ONE WAY", "CAFE", "SALE", "OPEN", "EXIT"]
    for index, word in enumerate(words):
        row, column = divmod(index, ATLAS_CELLS)
        tile = image[row * cell:(row + 1) * cell, column * cell:(column + 1) * cell]
        if index == 0:
            tile[:] = (235, 235, 235)
            polygon(tile, octagon(0.93), (165, 12, 22))
            text(tile, word, 1.25, (240, 240, 240), 5)
        elif word.isdigit():
            tile[:] = (235, 235, 235)
            cv2.circle(tile, (cell // 2, cell // 2), int(cell * 0.42), (180, 15, 25), int(cell * 0.11), cv2.LINE_AA)
            text(tile, word, 1.5, (15, 15, 15), 5)
        else:
            tile[:] = [(30, 70, 150), (225, 180, 20), (25, 110, 60), (30, 30, 30), (190, 190, 190), (140, 60, 30)][index % 6]
            text(tile, word, 2.4 if len(word) == 1 else 0.95 if len(word) < 5 else 0.75, (240, 240, 240), 8 if len(word) == 1 else 3)
    return image


def atlas_uv(index, unit):
    """Atlas coordinates of `unit` [n, 2], each in -1..1, on sign `index`."""
    row, column = divmod(index, ATLAS_CELLS)
    at = (np.asarray(unit) * (0.5, -0.5) + 0.5) * 0.98 + 0.01
    return (at + (column, row)) / ATLAS_CELLS


def sign_face(index, outline, size):
    """A sign facing +x, centred on the origin, with a grey back."""
    mesh = Mesh()
    outline = np.asarray(outline, np.float64)
    points = np.stack([np.full(len(outline), 0.012), outline[:, 0] * size, outline[:, 1] * size], axis=1)
    mesh.fan(points, (1, 1, 1), Kind.SIGN, 0.3, atlas_uv(index, outline))
    back = points - (0.024, 0, 0)
    mesh.fan(back[::-1], GALVANISED, gloss=0.3)
    for a, b in zip(points, np.roll(points, -1, axis=0)):
        mesh.quad(a, a - (0.024, 0, 0), b - (0.024, 0, 0), b, GALVANISED)
    return mesh


def stop_sign():
    return sign_face(0, octagon(1.0), 0.38)


def other_sign(rng):
    index = int(rng.integers(1, ATLAS_CELLS ** 2))
    angle = np.arange(24) * np.pi / 12
    outline = np.stack([np.cos(angle), np.sin(angle)], axis=1) if index in (1, 2, 4, 8, 9) else [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    return sign_face(index, outline, rng.uniform(0.28, 0.4))


def traffic_light(lit):
    """The housing, facing +x, hung at the origin; `lit` is 0 red, 1 amber, 2 green."""
    mesh = Mesh()
    mesh.box((0, 0, 0), (0.22, 0.30, 0.94), DARK, gloss=0.3)
    mesh.box((-0.05, 0, 0), (0.03, 0.46, 1.10), (0.015, 0.015, 0.015), gloss=0.2)
    for index, colour in enumerate((RED, AMBER, GREEN)):
        z = (1 - index) * 0.30
        angle = np.arange(14) * 2 * np.pi / 14
        ring = np.stack([np.full(14, 0.115), np.cos(angle) * 0.105, z + np.sin(angle) * 0.105], axis=1)
        tone = np.array(colour) * (1.0 if index == lit else 0.06)
        mesh.fan(ring, tone, Kind.LAMP if index == lit else Kind.PLAIN, 0.4)
        for a in np.linspace(0, np.pi, 7)[:-1]:
            b = a + np.pi / 6
            p, q = (np.array((0.11, np.cos(t) * 0.125, z + np.sin(t) * 0.125)) for t in (a, b))
            mesh.quad(p, q, q + (0.2, 0, -0.02), p + (0.2, 0, -0.02), DARK)
            mesh.quad(p, p + (0.2, 0, -0.02), q + (0.2, 0, -0.02), q, DARK)
    return mesh


def tree(rng):
    """A trunk with branches and a crown of leaf clusters, or a conifer."""
    mesh = Mesh()
    height = rng.uniform(4.5, 10.0)
    if rng.random() < 0.2:
        return conifer(rng, height)
    trunk = height * rng.uniform(0.28, 0.42)
    mesh.tube((0, 0, 0), (0, 0, trunk), 0.035 * height * 0.7, BARK, end_radius=0.02 * height * 0.7, sides=7)
    centres = []
    for _ in range(int(rng.integers(7, 12))):
        spread = rng.normal(size=3) * (0.17, 0.17, 0.13) * height
        centre = np.array((0, 0, (trunk + height) / 2)) + spread
        centres.append(centre)
        mesh.tube((0, 0, trunk * 0.9), centre, 0.012 * height, BARK, end_radius=0.004 * height, sides=4)
    count = 900
    pick = rng.integers(len(centres), size=count)
    direction = rng.normal(size=(count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    offset = direction * rng.uniform(0.5, 1.0, (count, 1)) * height * 0.14
    leaves(mesh, rng, np.array(centres)[pick] + offset, direction, height * 0.042)
    return mesh


def conifer(rng, height):
    mesh = Mesh()
    mesh.tube((0, 0, 0), (0, 0, height * 0.9), 0.14, BARK, end_radius=0.03, sides=6)
    level = np.sqrt(rng.uniform(0, 1, 800))
    angle = rng.uniform(0, 2 * np.pi, 800)
    reach = level * height * 0.2 * rng.uniform(0.6, 1.0, 800)
    direction = np.stack([np.cos(angle), np.sin(angle), np.full(800, 0.3)], axis=1)
    points = np.stack([np.cos(angle) * reach, np.sin(angle) * reach, height * (1.0 - 0.88 * level)], axis=1)
    leaves(mesh, rng, points, direction, height * 0.035)
    return mesh


def leaves(mesh, rng, points, outward, size):
    """Small triangles whose normals point out of the crown, so that it is lit as a whole."""
    count = len(points)
    a, b = rng.normal(size=(2, count, 3)) * size
    corners = np.stack([points + a, points + b, points - a * 0.6 - b * 0.6], axis=1).reshape(-1, 3)
    normals = outward + rng.normal(size=(count, 3)) * 0.35
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    tone = np.repeat(rng.uniform(0.55, 1.25, (count, 1)), 3, axis=0) * np.ones(3)
    mesh.triangles(corners, np.repeat(normals, 3, axis=0), tone, Kind.FOLIAGE, 0.05)


def bush(rng):
    mesh = Mesh()
    direction = rng.normal(size=(260, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    direction[:, 2] = np.abs(direction[:, 2])
    radii = rng.uniform((0.5, 0.5, 0.5), (1.6, 0.8, 1.3))
    mesh.ellipsoid((0, 0, 0), radii * 0.8, (0.5, 0.5, 0.5), Kind.FOLIAGE, sides=8)
    leaves(mesh, rng, direction * radii * rng.uniform(0.8, 1.0, (260, 1)), direction, 0.13)
    return mesh


def pole(height, arm=0.0, radius=0.08):
    """A pole, with an arm along +x at its top."""
    mesh = Mesh()
    mesh.tube((0, 0, 0), (0, 0, height), radius, GALVANISED, gloss=0.3, end_radius=radius * 0.7)
    if arm:
        mesh.tube((0, 0, height - 0.1), (arm, 0, height + 0.1), radius * 0.7, GALVANISED, gloss=0.3, end_radius=radius * 0.4, sides=6)
    return mesh


def street_lamp(rng):
    height, arm = rng.uniform(6, 9), rng.uniform(1.2, 2.5)
    mesh = pole(height, arm)
    return mesh.box((arm + 0.2, 0, height + 0.08), (0.7, 0.28, 0.12), (0.25, 0.25, 0.26), gloss=0.3)


def small_furniture(rng):
    """A bin, a bollard, a cabinet, a bench, a hydrant or a planter."""
    mesh, sort = Mesh(), rng.choice(["bin", "bollard", "cabinet", "bench", "hydrant", "planter", "cone"])
    if sort == "bin":
        mesh.tube((0, 0, 0), (0, 0, 0.95), 0.26, rng.uniform(0.02, 0.2, 3), gloss=0.3, end_radius=0.29, sides=12)
    elif sort == "bollard":
        mesh.tube((0, 0, 0), (0, 0, 0.95), 0.07, DARK if rng.random() < 0.6 else (0.6, 0.6, 0.6), gloss=0.4)
    elif sort == "cabinet":
        mesh.box((0, 0, 0.6), (0.4, 0.9, 1.2), rng.uniform(0.2, 0.4) * np.array((0.9, 1.0, 0.9)), gloss=0.3)
    elif sort == "bench":
        for y in (-0.7, 0.7):
            mesh.box((0, y, 0.22), (0.4, 0.08, 0.44), DARK)
        mesh.box((0, 0, 0.45), (0.45, 1.7, 0.05), (0.28, 0.17, 0.09))
        mesh.box((-0.22, 0, 0.72), (0.05, 1.7, 0.35), (0.28, 0.17, 0.09))
    elif sort == "hydrant":
        mesh.tube((0, 0, 0), (0, 0, 0.6), 0.13, (0.5, 0.08, 0.05), gloss=0.4, sides=10)
        mesh.ellipsoid((0, 0, 0.62), (0.15, 0.15, 0.13), (0.5, 0.08, 0.05), gloss=0.4)
    elif sort == "planter":
        mesh.box((0, 0, 0.3), (1.0, 1.0, 0.6), CONCRETE)
        mesh.ellipsoid((0, 0, 0.65), (0.45, 0.45, 0.3), (0.8, 0.8, 0.8), Kind.FOLIAGE)
    else:
        mesh.tube((0, 0, 0.03), (0, 0, 0.72), 0.17, (0.75, 0.16, 0.03), end_radius=0.03)
        mesh.tube((0, 0, 0.33), (0, 0, 0.50), 0.112, (0.8, 0.8, 0.8), end_radius=0.085)
        mesh.box((0, 0, 0.02), (0.42, 0.42, 0.04), (0.05, 0.05, 0.05))
    return mesh


def house(rng, width, depth, height):
    """A block whose front is the plane x = 0, facing +x; it has ledges, maybe a pitched roof, an awning and things on top."""
    mesh = Mesh()
    mesh.box((-depth / 2, 0, height / 2), (depth, width, height), (1, 1, 1), Kind.FACADE, 0.1, uv_metres=True)
    for level in (3.6, height):
        mesh.box((0.06, 0, level), (0.22, width, 0.18), (0.75, 0.75, 0.75), Kind.TINT_A)
    if rng.random() < 0.4:
        rise = rng.uniform(1.5, 3.5)
        tone = np.array((0.20, 0.10, 0.07)) * rng.uniform(0.6, 1.4) if rng.random() < 0.6 else np.array((0.12, 0.12, 0.13))
        a, b, c, d = (0.3, -width / 2, height), (0.3, width / 2, height), (-depth, width / 2, height), (-depth, -width / 2, height)
        e, f = (-depth / 2, -width / 2, height + rise), (-depth / 2, width / 2, height + rise)
        mesh.quad(a, b, f, e, tone).quad(c, d, e, f, tone)
        mesh.triangles([b, c, f, d, a, e], [(0, 1, 0)] * 3 + [(0, -1, 0)] * 3, (0.6, 0.6, 0.6), Kind.TINT_A)
    else:
        for _ in range(3):
            mesh.box((-rng.uniform(1, max(depth - 1, 1.5)), rng.uniform(-0.4, 0.4) * width, height + 0.6), rng.uniform(0.8, 2.2, 3), (0.35, 0.35, 0.36))
    if rng.random() < 0.5:
        at, wide = rng.uniform(-0.25, 0.25) * width, width * rng.uniform(0.2, 0.45)
        tone = rng.uniform(0.05, 0.6, 3)
        mesh.quad((0.05, at - wide, 3.1), (1.5, at - wide, 2.6), (1.5, at + wide, 2.6), (0.05, at + wide, 3.1), tone)
        mesh.quad((1.5, at - wide, 2.35), (1.5, at + wide, 2.35), (1.5, at + wide, 2.6), (1.5, at - wide, 2.6), tone)
    return mesh

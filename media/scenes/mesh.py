# SPDX-License-Identifier: MIT
"""Triangle meshes from lofts, tubes, boxes and ellipsoids.

Axes: x forward, y left, z up, in metres. A vertex is 13 floats: position, normal, colour, kind, gloss, u, v.
"""
import enum

import numpy as np

FLOATS = 13


class Kind(enum.IntEnum):
    """How shaders/scene.frag colours a surface; the numbers are repeated there."""
    PLAIN = 0
    PAINT = 1      # Vertex colour times the object's first tint, under clear lacquer
    GLASS = 2
    FACADE = 3     # u, v in metres along and up the wall
    FOLIAGE = 4
    LAMP = 5       # Glows with vertex colour
    ASPHALT = 6
    PAVING = 7
    GRASS = 8
    MARKING = 9    # Worn paint on asphalt
    TINT_A = 10    # Vertex colour times the object's first, second or third tint, matt
    TINT_B = 11
    TINT_C = 12
    SIGN = 13      # u, v in the atlas of signs
    GHOST = 14     # Not drawn, but counts as the object: the space between spokes, as annotators of COCO fill it
    PLATE = 15


class Mesh:
    """A growing list of triangles; `vertices()` gives them all, three rows a triangle."""

    def __init__(self):
        self._parts = []

    def vertices(self):
        return np.concatenate(self._parts) if self._parts else np.zeros((0, FLOATS), np.float32)

    def merge(self, other, matrix=None):
        part = other.vertices().copy()
        if matrix is not None:
            part[:, 0:3] = part[:, 0:3] @ matrix[:3, :3].T + matrix[:3, 3]
            normals = part[:, 3:6] @ np.linalg.inv(matrix[:3, :3])
            part[:, 3:6] = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        self._parts.append(part)
        return self

    def triangles(self, points, normals, colour, kind=Kind.PLAIN, gloss=0.1, uv=None):
        """points, normals [3n, 3]; colour, kind, gloss: one for all or one a vertex; uv [3n, 2]."""
        part = np.zeros((len(points), FLOATS), np.float32)
        part[:, 0:3], part[:, 3:6], part[:, 6:9] = points, normals, colour
        part[:, 9], part[:, 10] = kind, gloss
        if uv is not None:
            part[:, 11:13] = uv
        self._parts.append(part)
        return self

    def quad(self, a, b, c, d, colour, kind=Kind.PLAIN, gloss=0.1, uv=((0, 0), (1, 0), (1, 1), (0, 1))):
        """Corners counter-clockwise as seen from the side that it faces."""
        corners = np.array([a, b, c, d], np.float64)
        normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
        order = [0, 1, 2, 0, 2, 3]
        normal /= max(np.linalg.norm(normal), 1e-9)
        return self.triangles(corners[order], normal, colour, kind, gloss, np.array(uv)[order])

    def box(self, centre, size, colour, kind=Kind.PLAIN, gloss=0.1, uv_metres=False):
        x, y, z = np.array(size, np.float64) / 2
        faces = (((x, -y, -z), (x, y, -z), (x, y, z), (x, -y, z)), ((-x, y, -z), (-x, -y, -z), (-x, -y, z), (-x, y, z)),
                 ((x, y, -z), (-x, y, -z), (-x, y, z), (x, y, z)), ((-x, -y, -z), (x, -y, -z), (x, -y, z), (-x, -y, z)),
                 ((-x, -y, z), (x, -y, z), (x, y, z), (-x, y, z)), ((-x, y, -z), (x, y, -z), (x, -y, -z), (-x, -y, -z)))
        for corners in faces:
            corners = np.array(corners)
            width = np.linalg.norm(corners[1] - corners[0]) if uv_metres else 1
            height = np.linalg.norm(corners[2] - corners[1]) if uv_metres else 1
            self.quad(*(corners + np.array(centre)), colour, kind, gloss, ((0, 0), (width, 0), (width, height), (0, height)))
        return self

    def loft(self, rings, colour, kind=Kind.PLAIN, gloss=0.1, caps=True):
        """Skin over rings [S, R, 3], each closed; colour, kind and gloss may vary per face: [S-1, R(, 3)]."""
        rings = np.asarray(rings, np.float64)
        stations, around = rings.shape[:2]
        following = np.roll(rings, -1, axis=1)
        a, b, c, d = rings[:-1], following[:-1], following[1:], rings[1:]
        face = np.cross(c - a, d - b)
        corner = np.zeros_like(rings)  # Smooth normals: the sum over the faces at each point, weighted by area.
        corner[:-1] += face + np.roll(face, 1, axis=1)
        corner[1:] += face + np.roll(face, 1, axis=1)
        corner /= np.maximum(np.linalg.norm(corner, axis=2, keepdims=True), 1e-9)
        beside = np.roll(corner, -1, axis=1)
        na, nb, nc, nd = corner[:-1], beside[:-1], beside[1:], corner[1:]
        points = np.stack([a, b, c, a, c, d], axis=2).reshape(-1, 3)
        normals = np.stack([na, nb, nc, na, nc, nd], axis=2).reshape(-1, 3)

        def spread(value, width):
            value = np.broadcast_to(np.asarray(value, np.float64), (stations - 1, around) + ((3,) if width else ()))
            return np.repeat(value.reshape((-1, 3) if width else -1), 6, axis=0)

        self.triangles(points, normals, spread(colour, True), spread(kind, False), spread(gloss, False))
        if caps:
            for ring, outward in ((rings[0][::-1], 0), (rings[-1], 1)):
                cap = np.asarray(colour)[-outward, around // 2] if np.ndim(colour) == 3 else colour
                self.fan(ring, cap, np.asarray(kind)[-outward, around // 2] if np.ndim(kind) else kind)
        return self

    def fan(self, ring, colour, kind=Kind.PLAIN, gloss=0.1, uv=None):
        """A flat polygon [R, 3], counter-clockwise as seen from the side that it faces."""
        ring = np.asarray(ring, np.float64)
        centre, following = ring.mean(axis=0), np.roll(ring, -1, axis=0)
        normal = np.cross(ring - centre, following - centre).sum(axis=0)
        normal /= max(np.linalg.norm(normal), 1e-9)
        points = np.stack([np.broadcast_to(centre, ring.shape), ring, following], axis=1).reshape(-1, 3)
        if uv is not None:
            uv = np.asarray(uv, np.float64)
            uv = np.stack([np.broadcast_to(uv.mean(axis=0), uv.shape), uv, np.roll(uv, -1, axis=0)], axis=1).reshape(-1, 2)
        return self.triangles(points, normal, colour, kind, gloss, uv)

    def tube(self, start, end, radius, colour, kind=Kind.PLAIN, gloss=0.1, end_radius=None, sides=8):
        """A cylinder or cone with flat ends."""
        start, end = np.array(start, np.float64), np.array(end, np.float64)
        axis = end - start
        axis /= max(np.linalg.norm(axis), 1e-9)
        side = np.cross(axis, (0, 0, 1) if abs(axis[2]) < 0.9 else (1, 0, 0))
        side /= np.linalg.norm(side)
        up = np.cross(axis, side)
        angle = np.arange(sides) * 2 * np.pi / sides
        circle = np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * up
        radii = (radius, radius if end_radius is None else end_radius)
        return self.loft(np.stack([start + circle * radii[0], end + circle * radii[1]]), colour, kind, gloss)

    def ellipsoid(self, centre, radii, colour, kind=Kind.PLAIN, gloss=0.1, sides=10, rows=6):
        polar = np.linspace(np.pi - 0.01, 0.01, rows + 1)
        angle = np.arange(sides) * 2 * np.pi / sides
        rings = np.stack([np.stack([np.sin(p) * np.cos(angle), np.sin(p) * np.sin(angle), np.full(sides, np.cos(p))], axis=1) for p in polar])
        return self.loft(rings * np.array(radii) + np.array(centre), colour, kind, gloss, caps=False)

    def torus(self, centre, radius, thickness, colour, gloss=0.1, sides=20, around=6):
        """A ring in the plane of x and z."""
        angle = np.arange(sides + 1) * 2 * np.pi / sides
        turn = np.arange(around) * 2 * np.pi / around
        outward = np.stack([np.cos(angle), np.zeros_like(angle), np.sin(angle)], axis=1)
        rings = (outward[:, None] * (radius + thickness * np.cos(turn))[None, :, None]
                 + np.array((0, 1, 0)) * (thickness * np.sin(turn))[None, :, None])
        return self.loft(rings + np.array(centre), colour, Kind.PLAIN, gloss, caps=False)


def pose(position, heading=0.0, scale=(1, 1, 1)):
    """4x4 matrix: scaled, turned about z by `heading` radians, moved."""
    cos, sin = np.cos(heading), np.sin(heading)
    matrix = np.eye(4)
    matrix[:3, :3] = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]) * np.array(scale)
    matrix[:3, 3] = position
    return matrix

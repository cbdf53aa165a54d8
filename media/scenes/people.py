# SPDX-License-Identifier: MIT
"""People who walk, stand or ride, and bicycles. Clothes take the object's tints: A above, B below, C bags and hair."""
import numpy as np

from .mesh import Kind, Mesh

SKINS = ((0.62, 0.42, 0.32), (0.52, 0.34, 0.24), (0.36, 0.22, 0.15), (0.18, 0.11, 0.08), (0.68, 0.48, 0.38))
SHOES, RUBBER, STEEL = (0.04, 0.04, 0.045), (0.02, 0.02, 0.02), (0.45, 0.46, 0.48)


def limb(mesh, joints, radii, colour, kind, sides=8):
    """A smooth tube through joints, with round ends."""
    joints = np.array(joints, np.float64)
    for start, end, first, last in zip(joints[:-1], joints[1:], radii[:-1], radii[1:]):
        mesh.tube(start, end, first, colour, kind, 0.05, last, sides)
    for joint, radius in zip(joints, radii):
        mesh.ellipsoid(joint, (radius,) * 3, colour, kind, 0.05, sides, 4)


def torso(mesh, hip, neck, breadth, depth, colour, kind):
    """Cross-sections from hip to shoulder, wider at both than at the waist."""
    hip, neck = np.array(hip, np.float64), np.array(neck, np.float64)
    angle = np.arange(12) * 2 * np.pi / 12
    rings = []
    for t, wide, deep in ((-0.06, 0.72, 0.85), (0.0, 0.88, 1.0), (0.25, 0.82, 0.95), (0.55, 0.90, 1.05), (0.80, 1.0, 1.0), (0.92, 0.88, 0.8), (1.0, 0.42, 0.5)):
        centre = hip + (neck - hip) * t
        rings.append(centre + np.stack([np.cos(angle) * depth * deep, np.sin(angle) * breadth * wide, 0 * angle], axis=1))
    mesh.loft(rings, colour, kind, 0.05)


def head(mesh, neck, lean, skin, rng):
    centre = np.array(neck) + (lean + 0.03, 0, 0.16)
    mesh.tube(np.array(neck) - (0, 0, 0.02), centre - (0, 0, 0.04), 0.055, skin, Kind.PLAIN, 0.2)
    mesh.ellipsoid(centre, (0.10, 0.078, 0.125), skin, Kind.PLAIN, 0.2, 12, 8)
    style = rng.random()
    hair = rng.choice([0.02, 0.06, 0.18, 0.5]) * np.array((1.0, 0.75, 0.5))
    if style < 0.2:  # A cap or a helmet
        mesh.ellipsoid(centre + (0.0, 0, 0.045), (0.125, 0.095, 0.10), (1, 1, 1), Kind.TINT_C, 0.4, 12, 6)
        mesh.box(centre + (0.12, 0, 0.05), (0.10, 0.13, 0.015), (1, 1, 1), Kind.TINT_C)
    elif style < 0.92:
        mesh.ellipsoid(centre + (-0.018, 0, 0.03), (0.104, 0.088, 0.115), hair, Kind.PLAIN, 0.2, 12, 8)
        if rng.random() < 0.4:
            mesh.ellipsoid(centre + (-0.06, 0, -0.08), (0.06, 0.085, 0.16), hair, Kind.PLAIN, 0.2)


def walker(rng, phase):
    """Someone on foot; `phase` in 0..1 is where the step is, or None for standing."""
    mesh = Mesh()
    height = rng.uniform(1.55, 1.90)
    unit = height / 1.75
    skin = np.array(SKINS[rng.integers(len(SKINS))])
    swing = 0.0 if phase is None else np.sin(2 * np.pi * phase)
    stride = 0.42 * rng.uniform(0.8, 1.1)
    hip, neck = np.array((0, 0, 0.92)) * unit, np.array((0.03, 0, 1.47)) * unit
    breadth = rng.uniform(0.185, 0.225) * unit
    skirt, shorts = rng.random() < 0.15, rng.random() < 0.15
    for side in (-1, 1):
        ahead = side * swing
        thigh, bend = ahead * stride, max(0.0, -ahead) * 0.5 + 0.06
        knee = hip + np.array((np.sin(thigh) * 0.44, side * 0.095, -np.cos(thigh) * 0.44)) * unit
        shin = thigh - bend
        ankle = knee + np.array((np.sin(shin) * 0.42, 0, -np.cos(shin) * 0.42)) * unit
        start = hip + (0, side * 0.09, 0)
        limb(mesh, (start, knee), np.array((0.09, 0.062)) * unit, (1, 1, 1), Kind.TINT_B)
        bare = skirt or shorts
        limb(mesh, (knee, ankle), np.array((0.06, 0.042)) * unit, skin if bare else (1, 1, 1), Kind.PLAIN if bare else Kind.TINT_B)
        mesh.ellipsoid(ankle + (0.06, 0, -0.03), (0.135, 0.05, 0.055), SHOES if rng.random() < 0.7 else (0.6, 0.6, 0.6))
        shoulder = neck + np.array((-0.02, side * breadth / unit * 1.02, -0.07)) * unit
        angle = -ahead * 0.5
        elbow = shoulder + np.array((np.sin(angle) * 0.29, side * 0.04, -np.cos(angle) * 0.29)) * unit
        hand = elbow + np.array((np.sin(angle + 0.35) * 0.26, 0, -np.cos(angle + 0.35) * 0.26)) * unit
        short = rng.random() < 0.3
        limb(mesh, (shoulder, elbow), np.array((0.058, 0.045)) * unit, (1, 1, 1), Kind.TINT_A)
        limb(mesh, (elbow, hand), np.array((0.042, 0.035)) * unit, skin if short else (0.95, 0.95, 0.95), Kind.PLAIN if short else Kind.TINT_A)
        mesh.ellipsoid(hand + (0.01, 0, -0.05), (0.035, 0.025, 0.06), skin)
    torso(mesh, hip, neck, breadth, rng.uniform(0.11, 0.15) * unit, (1, 1, 1), Kind.TINT_A)
    if skirt:
        mesh.tube(hip - (0, 0, 0.38), hip + (0, 0, 0.05), 0.24, (1, 1, 1), Kind.TINT_B, 0.05, 0.15, 12)
    elif rng.random() < 0.25:  # A coat
        mesh.tube(hip - (0, 0, 0.25), hip + (0, 0, 0.10), 0.19, (1, 1, 1), Kind.TINT_A, 0.05, 0.16, 12)
    head(mesh, neck, 0.0, skin, rng)
    carry = rng.random()
    if carry < 0.25:
        mesh.ellipsoid(neck + (-0.19, 0, -0.26), (0.11, 0.15, 0.24), (1, 1, 1), Kind.TINT_C, 0.1)
    elif carry < 0.4:
        mesh.box(hip + (0.02, breadth + 0.11, -0.12), (0.32, 0.1, 0.26), (1, 1, 1), Kind.TINT_C)
    return mesh, (0.7, 0.6, height)


def bicycle(rng, rider_phase=None):
    """A bicycle along x, upright; the wheels' discs and the frame's triangle count as part of it."""
    mesh = Mesh()
    radius, base = rng.uniform(0.31, 0.35), rng.uniform(0.98, 1.08)
    rear, front = np.array((-base / 2, 0, radius)), np.array((base / 2, 0, radius))
    crank, seat, steer = np.array((-0.08, 0, radius - 0.04)), np.array((-0.24, 0, 0.82)), np.array((base / 2 - 0.19, 0, 0.80))
    bars = steer + (-0.02, 0, 0.20)
    for hub in (rear, front):
        mesh.torus(hub, radius - 0.022, 0.024, RUBBER)
        mesh.torus(hub, radius - 0.055, 0.012, STEEL, 0.6)
        for angle in np.arange(10) * np.pi / 10:
            reach = np.array((np.cos(angle), 0, np.sin(angle))) * (radius - 0.05)
            mesh.tube(hub - reach, hub + reach, 0.003, STEEL, gloss=0.5, sides=3)
        angle = np.arange(20) * 2 * np.pi / 20
        disc = hub + np.stack([np.cos(angle), 0 * angle, np.sin(angle)], axis=1) * (radius - 0.02)
        mesh.fan(disc, (1, 1, 1), Kind.GHOST)
    thick = rng.uniform(0.018, 0.03)
    low = rng.random() < 0.35  # A step-through frame
    middle = seat * 0.45 + crank * 0.55 if low else seat - (0, 0, 0.08)
    for start, end in ((crank, seat), (crank, steer), (middle, steer - (0, 0, 0.05)), (rear, crank), (rear, middle), (steer, front)):
        mesh.tube(start, end, thick, (1, 1, 1), Kind.PAINT, 0.7, sides=6)
    mesh.fan([crank, steer, seat], (1, 1, 1), Kind.GHOST)
    mesh.fan([rear, crank, seat], (1, 1, 1), Kind.GHOST)
    mesh.tube(seat, seat + (-0.02, 0, 0.12), 0.014, STEEL, gloss=0.6)
    mesh.ellipsoid(seat + (0, 0, 0.15), (0.14, 0.07, 0.035), RUBBER)
    mesh.tube(steer, bars, 0.015, STEEL, gloss=0.6)
    mesh.tube(bars + (0, -0.28, 0), bars + (0, 0.28, 0), 0.014, (0.1, 0.1, 0.1), gloss=0.5)
    mesh.torus(crank, 0.085, 0.012, STEEL)
    for side in (-1, 1):
        mesh.tube(bars + (0, side * 0.28, 0), bars + (-0.10, side * 0.30, 0), 0.018, RUBBER)
        foot = pedal(crank, side, 0.0 if rider_phase is None else rider_phase)
        mesh.tube(crank + (0, side * 0.06, 0), foot - (0, side * 0.05, 0), 0.012, STEEL)
        mesh.box(foot, (0.09, 0.08, 0.025), RUBBER)
    if rng.random() < 0.3:
        mesh.box(bars + (0.15, 0, -0.08), (0.26, 0.34, 0.22), (0.3, 0.2, 0.12))
    if rng.random() < 0.5:
        for hub in (rear, front):
            angle = np.linspace(0.1, np.pi - 0.1, 9)
            arc = hub + np.stack([np.cos(angle), 0 * angle, np.sin(angle)], axis=1) * (radius + 0.03)
            for start, end in zip(arc[:-1], arc[1:]):
                mesh.tube(start, end, 0.022, (0.05, 0.05, 0.05), sides=5)
    return mesh, (base + 2 * radius, 0.6, 1.05), (crank, seat + (0, 0, 0.15), bars)


def pedal(crank, side, phase):
    angle = 2 * np.pi * phase + (0 if side > 0 else np.pi)
    return crank + np.array((np.cos(angle) * 0.17, side * 0.13, np.sin(angle) * 0.17))


def rider(rng, points, phase):
    """Someone on the bicycle whose crank, saddle and bars are `points`."""
    crank, saddle, bars = points
    mesh = Mesh()
    skin = np.array(SKINS[rng.integers(len(SKINS))])
    hip = saddle + (0.0, 0, 0.10)
    neck = hip + np.array((rng.uniform(0.18, 0.34), 0, rng.uniform(0.44, 0.50)))
    for side in (-1, 1):
        foot = pedal(crank, side, phase) + (-0.04, 0, 0.08)
        start = hip + (0, side * 0.09, 0)
        reach = foot - start
        distance = min(np.linalg.norm(reach), 0.87)
        out = np.sqrt(max(0.44 ** 2 - (distance / 2) ** 2, 0.0))
        ahead = np.array((-reach[2], 0, reach[0])) / max(np.linalg.norm(reach), 1e-6)
        knee = (start + foot) / 2 + ahead * out
        limb(mesh, (start, knee, foot), (0.088, 0.06, 0.042), (1, 1, 1), Kind.TINT_B)
        mesh.ellipsoid(foot + (0.06, 0, -0.03), (0.13, 0.05, 0.05), SHOES)
        shoulder, hand = neck + (-0.02, side * 0.19, -0.06), bars + (-0.05, side * 0.26, 0.03)
        elbow = (shoulder + hand) / 2 + (-0.03, side * 0.06, -0.06)
        limb(mesh, (shoulder, elbow, hand), (0.056, 0.045, 0.036), (1, 1, 1), Kind.TINT_A)
        mesh.ellipsoid(hand, (0.05, 0.035, 0.035), skin)
    torso(mesh, hip, neck, 0.2, 0.13, (1, 1, 1), Kind.TINT_A)
    head(mesh, neck, 0.05, skin, rng)
    if rng.random() < 0.4:
        mesh.ellipsoid(neck + (-0.22, 0, -0.20), (0.11, 0.15, 0.22), (1, 1, 1), Kind.TINT_C)
    return mesh, (1.0, 0.6, 1.9)

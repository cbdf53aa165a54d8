# SPDX-License-Identifier: MIT
"""What a scene is made of: plain data that street.py fills and renderer.py draws."""
import dataclasses

import numpy as np

from .mesh import Mesh

# COCO's own ids and names, in the order of the trained model's outputs.
CLASSES = {1: "person", 2: "bicycle", 3: "car", 6: "bus", 8: "truck", 10: "traffic light", 13: "stop sign"}
WHITE = (1.0, 1.0, 1.0)


@dataclasses.dataclass
class Model:
    """A mesh that many things share."""
    mesh: Mesh
    size: tuple  # Length, width, height
    radius: float = 0.0
    middle: np.ndarray = None

    def __post_init__(self):
        points = self.mesh.vertices()[:, :3]
        low, high = points.min(axis=0), points.max(axis=0)
        self.middle = (low + high) / 2
        self.radius = float(np.linalg.norm(high - low) / 2)


@dataclasses.dataclass
class Thing:
    """One model placed in the scene. `category` 0 is scenery; `number` tells apart what is annotated (0: nothing)."""
    model: Model
    matrix: np.ndarray
    tints: tuple = (WHITE, WHITE, WHITE)
    variety: float = 0.5
    dirt: float = 0.0
    category: int = 0
    number: int = 0


@dataclasses.dataclass
class Weather:
    to_sun: np.ndarray
    sun_light: np.ndarray
    sky_light: np.ndarray
    zenith: np.ndarray
    horizon: np.ndarray
    clouds: float
    drift: np.ndarray
    exposure: float
    haze: float
    wet: float


@dataclasses.dataclass
class Camera:
    eye: np.ndarray
    target: np.ndarray
    view_height: float  # Vertical field of view, radians
    aspect: float       # Width to height of the sensor; pixels may be oblong, as after stretching to a square
    roll: float = 0.0


@dataclasses.dataclass
class Lens:
    """What happens to the picture after the scene: sizes in pixels of an 800-pixel frame, strengths 0..1."""
    blur: float
    motion: tuple       # Length and direction of the smear
    noise: float
    noise_size: float
    saturation: float
    contrast: float
    balance: tuple      # Gains of red, green, blue
    vignette: float
    detail: float       # Below 1: recorded at fewer pixels and enlarged
    sharpen: float
    quality: int        # JPEG
    rain: float
    seed: int


@dataclasses.dataclass
class Street:
    """Asphalt and its paint."""
    ground: Mesh
    asphalt: tuple
    coarse: float
    paint_wear: float
    variety: float


@dataclasses.dataclass
class Scene:
    street: Street
    things: list
    weather: Weather
    camera: Camera
    lens: Lens

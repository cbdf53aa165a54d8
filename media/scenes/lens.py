# SPDX-License-Identifier: MIT
"""What a camera does to a picture: blur, smear, noise, colour, fewer pixels, compression. OpenCV does the work."""
import functools

import cv2
import numpy as np


@functools.lru_cache
def grain(size=1024):
    """Two tiles of unit noise, one a value per channel, one shared: a fresh draw per picture would cost more than drawing it."""
    rng = np.random.default_rng(11)
    return (rng.standard_normal((size, size, 3)).astype(np.float32), rng.standard_normal((size, size, 1)).astype(np.float32))


def expose(picture, lens):
    """RGB u8 [H, W, 3] as `lens` records it."""
    height, width = picture.shape[:2]
    scale = min(height, width) / 800
    rng = np.random.default_rng(lens.seed)
    if lens.rain:
        picture = streaks(picture, lens.rain, rng, scale)
    if lens.detail < 1:
        picture = cv2.resize(picture, (max(round(width * lens.detail), 8), max(round(height * lens.detail), 8)), interpolation=cv2.INTER_AREA)
    if lens.blur:
        picture = cv2.GaussianBlur(picture, (0, 0), max(lens.blur * scale, 0.2))
    if lens.motion[0] * scale > 1.5:
        picture = smear(picture, lens.motion[0] * scale, lens.motion[1])
    image = picture.astype(np.float32) / 255
    image = graded(image, lens)
    image = noisy(image, lens, rng)
    picture = np.clip(image * 255 + 0.5, 0, 255).astype(np.uint8)
    if lens.detail < 1:
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
    if lens.sharpen:
        picture = cv2.addWeighted(picture, 1 + lens.sharpen, cv2.GaussianBlur(picture, (0, 0), 1.2), -lens.sharpen, 0)
    _, coded = cv2.imencode(".jpg", picture[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, lens.quality))
    return cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1]


def graded(image, lens):
    image *= np.array(lens.balance, np.float32)
    luminance = image @ np.array((0.299, 0.587, 0.114), np.float32)
    image = luminance[..., None] * (1 - lens.saturation) + image * lens.saturation
    image = (image - 0.45) * lens.contrast + 0.45
    if lens.vignette:
        height, width = image.shape[:2]
        y, x = np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)[None]
        image *= (1 - lens.vignette * (x * x + y * y) * 0.5)[..., None]
    return image


def noisy(image, lens, rng):
    """Noise that is stronger in shadows, partly the same in all channels, a little larger than a pixel."""
    height, width = image.shape[:2]
    tiles = []
    for tile in grain():
        top, left = rng.integers(tile.shape[0], size=2)
        rows, columns = (top + np.arange(height)) % tile.shape[0], (left + np.arange(width)) % tile.shape[1]
        tiles.append(tile[rows][:, columns])
    noise = tiles[0] * 0.6 + tiles[1]
    if lens.noise_size > 1.0:
        noise = cv2.GaussianBlur(noise, (0, 0), lens.noise_size * 0.5) * (1.7 * lens.noise_size * 0.5)
    return image + noise * lens.noise * (1.3 - image)


def smear(picture, length, angle):
    size = int(length) | 1
    kernel = np.zeros((size, size), np.float32)
    reach = np.array((np.cos(angle), np.sin(angle))) * size / 2
    centre = np.array((size / 2, size / 2))
    cv2.line(kernel, tuple(np.round(centre - reach).astype(int).tolist()), tuple(np.round(centre + reach).astype(int).tolist()), 1.0)
    return cv2.filter2D(picture, -1, kernel / max(kernel.sum(), 1e-6))


def streaks(picture, strength, rng, scale):
    """Falling rain, close to the lens."""
    height, width = picture.shape[:2]
    layer = np.zeros((height, width), np.uint8)
    slant = rng.uniform(-0.2, 0.2)
    for _ in range(int(strength * 260)):
        x, y, length = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(10, 45) * scale
        cv2.line(layer, (int(x), int(y)), (int(x + slant * length), int(y + length)), int(rng.integers(20, 75)), 1, cv2.LINE_AA)
    layer = cv2.GaussianBlur(layer, (0, 0), 0.8)
    return cv2.add(picture, cv2.merge([layer] * 3))

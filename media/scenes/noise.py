# SPDX-License-Identifier: MIT
"""The tiling noise that all procedural surfaces are coloured with."""
import functools

import numpy as np


def spectrum(rng, size, power, low=0.0, high=1.0):
    """Random waves whose strength falls with frequency ** power, between two fractions of the highest frequency; 0..1."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size) * 2, np.fft.fftfreq(size) * 2))
    strength = np.where((frequency > low) & (frequency <= high), np.maximum(frequency, 1.0 / size) ** -power, 0)
    image = np.fft.ifft2(np.fft.fft2(rng.standard_normal((size, size))) * strength).real
    return np.clip((image / image.std()) * 0.2 + 0.5, 0, 1)


@functools.lru_cache
def tile(size=512):
    """[size, size, 4] u8: clouds, fine grain, ridges, blotches."""
    rng = np.random.default_rng(20)
    clouds = spectrum(rng, size, 1.7)
    fine = spectrum(rng, size, 0.2, 0.05, 0.5)
    ridges = 1 - np.abs(spectrum(rng, size, 1.5, 0.004, 0.4) * 2 - 1)
    blotches = spectrum(rng, size, 1.1, 0.01, 0.5)
    return np.round(np.stack([clouds, fine, ridges, blotches], axis=2) * 255).astype(np.uint8)

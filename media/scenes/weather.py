# SPDX-License-Identifier: MIT
"""Light, weather and the faults of cameras, drawn at random."""
import numpy as np

from .scene import Lens, Weather


def draw_weather(rng):
    sort = rng.choice(["clear", "broken", "overcast", "rain", "haze", "dusk"], p=[0.26, 0.22, 0.28, 0.1, 0.06, 0.08])
    vary = lambda low, high: float(rng.uniform(low, high))
    elevation, bearing = np.radians(vary(18, 68)), vary(0, 2 * np.pi)
    warm = np.array((1.0, 0.93, 0.80)) if elevation > 0.6 else np.array((1.0, 0.84, 0.62))
    grey = np.array((0.80, 0.84, 0.88))
    blue, pale = np.array((0.16, 0.33, 0.68)), np.array((0.62, 0.72, 0.84))
    sun, sky, zenith, horizon, clouds, haze, wet, exposure = {
        "clear": lambda: (vary(2.4, 3.4), np.array((0.50, 0.62, 0.82)) * vary(0.6, 0.9), blue * vary(0.8, 1.2), pale, vary(0, 0.35), vary(0.0005, 0.002), 0, 0.62),
        "broken": lambda: (vary(1.2, 2.4), np.array((0.68, 0.76, 0.88)) * vary(0.8, 1.1), blue * vary(0.9, 1.3), pale * 1.05, vary(0.45, 0.8), vary(0.0005, 0.002), 0, 0.66),
        "overcast": lambda: (vary(0, 0.35) * (rng.random() < 0.5), grey * vary(0.9, 1.2), grey * 0.75, grey * 0.95, 1.0, vary(0.0005, 0.004),
                             vary(0, 0.5) * (rng.random() < 0.3), 0.85),
        "rain": lambda: (0.0, grey * vary(0.6, 0.9), grey * 0.55, grey * 0.75, 1.0, vary(0.003, 0.009), vary(0.6, 1.0), 1.0),
        "haze": lambda: (vary(0.2, 0.8), grey * vary(0.9, 1.1), grey * 0.8, grey * 1.0, 0.9, vary(0.006, 0.014), 0, 0.8),
        "dusk": lambda: (vary(0, 0.5), np.array((0.45, 0.48, 0.62)) * vary(0.35, 0.6), np.array((0.20, 0.24, 0.42)) * 0.7, np.array((0.75, 0.52, 0.42)) * 0.6,
                         vary(0.3, 0.9), vary(0.001, 0.004), vary(0, 0.8) * (rng.random() < 0.4), 1.5)}[sort]()
    if sort == "dusk":
        elevation, warm = np.radians(vary(6, 14)), np.array((1.0, 0.62, 0.36))
    to_sun = np.array((np.cos(bearing) * np.cos(elevation), np.sin(bearing) * np.cos(elevation), np.sin(elevation)))
    return sort, Weather(to_sun, warm * sun, sky, zenith, horizon, clouds, rng.uniform(0, 1, 2), exposure * vary(0.75, 1.35), haze, wet)


def draw_lens(rng, raining):
    vary = lambda low, high: float(rng.uniform(low, high))
    poor = rng.random() < 0.35  # An old or cheap camera
    return Lens(blur=vary(0.3, 1.2) if rng.random() < 0.5 else 0.0, motion=(vary(2, 7) if rng.random() < 0.12 else 0.0, vary(0, np.pi)),
                noise=vary(0.002, 0.012) + (vary(0.005, 0.03) if poor else 0), noise_size=vary(0.6, 1.6), saturation=vary(0.65, 1.2) * (0.8 if poor else 1.0),
                contrast=vary(0.85, 1.15), balance=tuple(rng.normal(1.0, 0.035, 3)), vignette=vary(0, 0.3) if rng.random() < 0.5 else 0.0,
                detail=vary(0.4, 0.95) if rng.random() < 0.4 else 1.0, sharpen=vary(0.2, 0.9) if rng.random() < 0.3 else 0.0,
                quality=int(rng.integers(30, 80) if poor else rng.integers(70, 96)), rain=vary(0.2, 1.0) if raining else 0.0, seed=int(rng.integers(2 ** 31)))

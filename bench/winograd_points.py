# SPDX-License-Identifier: MIT
"""Error of F(4,3) and F(2,3) by interpolation points, as a share of the result's standard deviation, with products
in f32 and in bf16.

    python bench/winograd_points.py
256 input channels, sums in f32 in the order of the kernels; weights are transformed in double, as the engine does.
In bf16 inputs and weights can be held by it, and transformed ones are rounded to it.
"""
from fractions import Fraction

import numpy as np

CHANNELS, OUT, SIDE = 256, 32, 32
F32 = np.float32


def matrices(points, tile):
    """B^T, G, A^T of F(tile, 3) over these points and infinity, from the definition (polynomial products)."""
    points = [Fraction(p) for p in points]
    size = tile + 2

    def polynomial(roots):
        result = [Fraction(1)]
        for root in roots:
            result = [low - root * high for low, high in zip([Fraction(0)] + result, result + [Fraction(0)])]
        return result

    b, g = [], []
    for i, point in enumerate(points):
        others = points[:i] + points[i + 1:]
        b.append(polynomial(others) + [Fraction(0)])
        distances = np.prod([point - other for other in others])
        g.append([point ** k / distances for k in range(3)])
    b.append(polynomial(points))
    g.append([0, 0, 1])
    a = [[point ** k for point in points] + [int(k == tile - 1)] for k in range(tile)]
    assert len(b) == size
    return [np.array([[float(value) for value in row] for row in rows]) for rows in (b, g, a)]


def bf16(values):
    """The nearest, ties to even."""
    bits = np.ascontiguousarray(values, F32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & np.uint32(0xFFFF0000)).view(F32)


def multiply(weights, values):
    """[O, C] times [C, N], summed channel by channel in f32."""
    total = np.zeros((weights.shape[0], values.shape[1]), F32)
    for channel in range(weights.shape[1]):
        total += weights[:, channel:channel + 1] * values[channel:channel + 1]
    return total


def direct(image, weights, dtype):
    padded = np.pad(image.astype(dtype), ((0, 0), (1, 1), (1, 1)))
    total = np.zeros((OUT, SIDE * SIDE), dtype)
    for y in range(3):
        for x in range(3):
            cells = padded[:, y:y + SIDE, x:x + SIDE].reshape(CHANNELS, -1)
            taps = weights[:, :, y, x].astype(dtype)
            total += taps @ cells if dtype == np.float64 else multiply(taps, cells)
    return total.reshape(OUT, SIDE, SIDE)


def winograd(image, weights, points, tile, rounded=lambda values: values):
    b, g, a = matrices(points, tile)
    size, count = tile + 2, SIDE // tile
    transformed = np.einsum("ij,ocjk,lk->iloc", g, weights.astype(np.float64), g).astype(F32)
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)))
    patches = np.stack([np.stack([padded[:, y * tile:y * tile + size, x * tile:x * tile + size]
                                  for x in range(count)], 1) for y in range(count)], 1)
    b, a = b.astype(F32), a.astype(F32)
    patches = np.einsum("ij,cyxjk->cyxik", b, patches, dtype=F32)
    patches = np.einsum("lk,cyxik->ilcyx", b, patches, dtype=F32)
    transformed, patches = rounded(transformed), rounded(patches)
    products = np.stack([[multiply(transformed[i, k], patches[i, k].reshape(CHANNELS, -1)) for k in range(size)]
                         for i in range(size)])
    rows = np.einsum("ij,jlot->ilot", a, products, dtype=F32)
    cells = np.einsum("kl,ilot->ikot", a, rows, dtype=F32)
    return cells.reshape(tile, tile, OUT, count, count).transpose(2, 3, 0, 4, 1).reshape(OUT, SIDE, SIDE)


def both(image, weights, image16, weights16, points, tile):
    return winograd(image, weights, points, tile), winograd(image16, weights16, points, tile, bf16)


def main():
    random = np.random.default_rng(0)
    weights = (random.standard_normal((OUT, CHANNELS, 3, 3)) * (2 / (CHANNELS * 9)) ** 0.5).astype(F32)
    noise = np.maximum(random.standard_normal((CHANNELS, SIDE, SIDE)), 0).astype(F32)
    coarse = np.kron(random.standard_normal((CHANNELS, SIDE // 4, SIDE // 4)), np.ones((4, 4)))
    smooth = np.clip(0.8 * coarse + 0.5 * random.standard_normal((CHANNELS, SIDE, SIDE)), 0, 3).astype(F32)
    pairs = [("1", "2"), ("1", "1/2"), ("1/2", "3/2"), ("5/8", "3/2"), ("2/3", "3/2"), ("5/8", "5/4"), ("3/4", "3/2")]
    narrow = bf16(weights)
    for name, image in (("noise", noise), ("smooth", smooth)):
        exact = direct(image, weights, np.float64)
        image16 = bf16(image)
        exact16 = direct(image16, narrow, np.float64)

        def show(what, result, result16):
            error, error16 = np.abs(result - exact) / exact.std(), (result16 - exact16) / exact16.std()
            print(f"{name:7} {what:20} f32 mean {error.mean():.2e} max {error.max():.2e}   bf16 rms {(error16 ** 2).mean() ** 0.5:.2e}")

        show("direct", direct(image, weights, F32), direct(image16, narrow, F32))
        show("F(2,3) 0 +-1", *both(image, weights, image16, narrow, (0, 1, -1), 2))
        for low, high in pairs:
            p, q = Fraction(low), Fraction(high)
            show(f"F(4,3) 0 +-{low} +-{high}", *both(image, weights, image16, narrow, (0, p, -p, q, -q), 4))


if __name__ == "__main__":
    main()

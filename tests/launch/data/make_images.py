#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Makes the images of this folder (needs Pillow). Each shows, upright, 24x16 pixels in four quarters:
# red, green / blue, white. Files named exif6 are stored lying on their side, with EXIF orientation 6.
from pathlib import Path

from PIL import Image

folder = Path(__file__).parent
upright = Image.new("RGB", (24, 16), "white")
for box, colour in (((0, 0, 12, 8), "red"), ((12, 0, 24, 8), (0, 255, 0)), ((0, 8, 12, 16), "blue")):
    upright.paste(colour, box)

lying = upright.transpose(Image.Transpose.ROTATE_90)
exif = Image.Exif()
exif[0x0112] = 6
lying.save(folder / "exif6.jpg", exif=exif, quality=90, subsampling=0)
lying.save(folder / "exif6.png", exif=exif)
lying.save(folder / "exif6.webp", exif=exif, lossless=True)
lying.save(folder / "exif6.tif", tiffinfo={0x0112: 6})
upright.convert("CMYK").save(folder / "cmyk.jpg", quality=90, subsampling=0)

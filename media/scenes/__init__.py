# SPDX-License-Identifier: MIT
"""Street scenes with exact ground truth, drawn in 3-D by OpenGL without a display.

    library.py    variants of every model: vehicles.py, people.py, furniture.py, all built on mesh.py
    street.py     one scene: a street with its furniture and traffic; camera.py looks at it, weather.py lights it
    renderer.py   draws a scene: colours, the number of the object at each pixel, how much each object shows
    lens.py       what a camera adds: blur, noise, compression
    truth.py      COCO annotations; maker.py draws and __main__.py writes folders of images, clip.py a video; size.py reads --size

A scene is a function of its seed alone. See media/README.md for the commands.
"""

# SPDX-License-Identifier: MIT
"""Draws scenes with OpenGL 3.3 through EGL: on a graphics card where there is one, on Mesa's llvmpipe elsewhere.

The picture has four samples a pixel. Which object a pixel belongs to is drawn again with one sample at its centre, so that
masks are exact. How much of an object shows is counted by the same rule: its pixels in the picture over the pixels
that it would have alone and with nothing cut off by the frame's edge.
"""
import dataclasses
import pathlib

import moderngl
import numpy as np

from . import noise
from .furniture import sign_atlas
from .mesh import Kind

SHADERS = pathlib.Path(__file__).parent / "shaders"
ATTRIBUTES = (("3f", "in_position"), ("3f", "in_normal"), ("3f", "in_colour"), ("4f", "in_look"))
STREET = 4
# Kinds that one program colours, in the order of GROUP in surface.frag. GHOST is in none.
GROUPS = ((Kind.PLAIN, Kind.PAVING, Kind.GRASS, Kind.TINT_A, Kind.TINT_B, Kind.TINT_C, Kind.SIGN, Kind.PLATE), (Kind.PAINT, Kind.GLASS, Kind.LAMP),
          (Kind.FACADE,), (Kind.FOLIAGE,), (Kind.ASPHALT, Kind.MARKING))
LOOK_UP = np.array([[0.0, 0, 1], [0, 1, 0]])


@dataclasses.dataclass
class Frame:
    picture: np.ndarray  # [H, W, 3] u8 RGB, before the lens
    numbers: np.ndarray  # [H, W] u16: the number of the thing at each pixel, 0 for scenery
    shown: dict          # Number -> share of the thing that shows, for all with at least one pixel


def look_at(eye, target, roll=0.0):
    forward = np.asarray(target, float) - eye
    forward /= np.linalg.norm(forward)
    up = LOOK_UP[1] if abs(forward[2]) > 0.999 else LOOK_UP[0]
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    right, up = np.cos(roll) * right + np.sin(roll) * up, np.cos(roll) * up - np.sin(roll) * right
    matrix = np.eye(4)
    matrix[:3, :3] = right, up, -forward
    matrix[:3, 3] = -matrix[:3, :3] @ eye
    return matrix


def perspective(view_height, aspect, near, far):
    scale = 1 / np.tan(view_height / 2)
    matrix = np.zeros((4, 4))
    matrix[0, 0], matrix[1, 1] = scale / aspect, scale
    matrix[2, 2:] = (far + near) / (near - far), 2 * far * near / (near - far)
    matrix[3, 2] = -1
    return matrix


def parallel(side, depth):
    return np.diag([2 / side, 2 / side, -2 / depth, 1.0])


def packed(matrix):
    return np.ascontiguousarray(matrix.T, dtype="f4").tobytes()


@dataclasses.dataclass
class Loaded:
    model: object    # Kept alive: its id is the key
    buffer: object
    starts: list     # First vertex of each group, then of the ghosts
    arrays: dict     # By program


class Renderer:
    """One OpenGL context and the frame buffers for pictures of one size. Thread-bound."""

    def __init__(self, width, height, shadow_size=1536, samples=4):
        self.width, self.height = width, height
        self.context = moderngl.create_standalone_context(backend="egl", require=330)
        self.surfaces = {(group, wet): self._surface_program(group, wet) for group in range(len(GROUPS)) for wet in ((0, 1) if group == STREET else (0,))}
        self.sky = self._program("sky.vert", "light.glsl", "sky.frag")
        self.number = self._program("plain.vert", "number.frag")
        self.shadow = self._program("plain.vert", "shadow.frag")
        self._make_buffers(shadow_size, samples)
        self._make_textures()
        corners = self.context.buffer(np.array([-1, -1, 3, -1, -1, 3], "f4"))
        self.sky_triangle = self.context.vertex_array(self.sky, [(corners, "2f", "in_position")])
        self.loaded = {}  # Loaded by the model's id

    def _program(self, vertex, *fragment):
        read = lambda name: (SHADERS / name).read_text()
        joined = "\n".join(read(name) for name in fragment)
        return self.context.program(vertex_shader=read(vertex), fragment_shader=joined)

    def _surface_program(self, group, wet):
        read = lambda name: (SHADERS / name).read_text()
        defined = f"\n#define GROUP {group}\n#define WET {wet}\n"
        return self.context.program(vertex_shader=read("surface.vert"), fragment_shader=read("light.glsl") + defined + read("surface.frag"))

    def _make_buffers(self, shadow_size, samples):
        context, size = self.context, (self.width, self.height)
        samples = min(samples, context.max_samples)
        self.multi = context.framebuffer([context.renderbuffer(size, 4, samples=samples)], context.depth_renderbuffer(size, samples=samples))
        self.single = context.framebuffer([context.renderbuffer(size, 4)])
        self.owner = context.framebuffer([context.renderbuffer(size, 1, dtype="u2")], context.depth_renderbuffer(size))
        self.maps = []
        for _ in range(2):
            depth = context.depth_texture((shadow_size, shadow_size))
            depth.compare_func, depth.repeat_x, depth.repeat_y = "<=", False, False
            self.maps.append((depth, context.framebuffer(depth_attachment=depth)))

    def _make_textures(self):
        tile = noise.tile()
        self.noise = self.context.texture(tile.shape[1::-1], 4, tile.tobytes())
        atlas = sign_atlas()
        self.signs = self.context.texture(atlas.shape[1::-1], 3, atlas.tobytes(), alignment=1)
        for texture in (self.noise, self.signs):
            texture.build_mipmaps()
            texture.filter = (moderngl.LINEAR_MIPMAP_NEAREST, moderngl.LINEAR)
        self.noise.use(0)
        self.signs.use(1)
        self.maps[0][0].use(2)
        self.maps[1][0].use(3)
        for program in (*self.surfaces.values(), self.sky):
            set_uniforms(program, noise=0, signs=1, sun_map=2, sky_map=3)

    def _load(self, model):
        """Puts a model on the device, its triangles sorted by group; it stays there."""
        if id(model) not in self.loaded:
            vertices = model.mesh.vertices()
            group_of = np.array([next((g for g, kinds in enumerate(GROUPS) if kind in kinds), len(GROUPS)) for kind in Kind])
            groups = group_of[vertices[:, 9].astype(int)]
            starts = np.searchsorted(np.sort(groups), np.arange(len(GROUPS) + 1))
            vertices = vertices[np.argsort(groups, kind="stable")]
            self.loaded[id(model)] = Loaded(model, self.context.buffer(vertices.tobytes()), [int(start) for start in starts], {})
        return self.loaded[id(model)]

    def _array(self, model, program):
        """The vertex array that draws `model` with `program`."""
        loaded = self._load(model)
        if program not in loaded.arrays:
            wanted = [(form, name) if name in program else (f"{4 * int(form[0])}x", None) for form, name in ATTRIBUTES]  # Compilers drop unused ones
            layout = (loaded.buffer, " ".join(form for form, _ in wanted), *(name for _, name in wanted if name))
            loaded.arrays[program] = self.context.vertex_array(program, [layout])
        return loaded.arrays[program]

    def draw(self, scene):
        self.context.depth_func = "<="  # A fresh context's is "<", under which the first scene would differ from itself drawn later
        camera = scene.camera
        projection = perspective(camera.view_height, camera.aspect, 0.4, 400.0)
        view = look_at(camera.eye, camera.target, camera.roll)
        ground = GroundThing(scene.street.ground)
        try:
            things = [ground] + scene.things
            visible = [thing for thing in things if thing is ground or in_view(thing, view, camera)]
            shadow_matrices = self._draw_shadows(scene, things, view)
            picture = self._draw_picture(scene, visible, projection @ view, shadow_matrices)
            numbers = self._draw_numbers(visible, projection @ view)
            shown = self._count_shown(visible, numbers, projection, view)
        finally:
            self._forget(ground.model)
        return Frame(picture, numbers, shown)

    def _forget(self, model):
        loaded = self.loaded.pop(id(model), None)
        if loaded:
            for array in loaded.arrays.values():
                array.release()
            loaded.buffer.release()

    def _draw_shadows(self, scene, things, view):
        """Depth as seen from the sun and from straight above, over the part of the ground that the camera sees best."""
        context = self.context
        centre, side = shadow_region(scene.camera)
        context.enable_only(moderngl.DEPTH_TEST)
        matrices = []
        sunny = np.sum(scene.weather.sun_light) >= 0.05
        for (_, buffer), direction, wanted in zip(self.maps, (scene.weather.to_sun, np.array((0.0, 0, 1))), (sunny, True)):
            matrix = parallel(side, 160.0) @ look_at(centre + direction * 80, centre)
            matrices.append(matrix)
            buffer.use()
            buffer.clear(depth=1.0)
            if not wanted:
                continue
            self.shadow["view_projection"].write(packed(matrix))
            for thing in things:
                if thing.number >= 0 and np.linalg.norm(thing.matrix[:2, 3] - centre[:2]) < side * 0.75 + 20:
                    self.shadow["model"].write(packed(thing.matrix))
                    self._array(thing.model, self.shadow).render()
        self.shadow_side = side
        return matrices

    def _draw_picture(self, scene, things, matrix, shadow_matrices):
        context, weather, street = self.context, scene.weather, scene.street
        programs = [self.surfaces[group, int(group == STREET and weather.wet > 0)] for group in range(len(GROUPS))]
        self.multi.use()
        self.multi.clear(depth=1.0)
        context.enable_only(moderngl.DEPTH_TEST)
        for program in (*programs, self.sky):
            set_uniforms(program, to_sun=weather.to_sun, sun_light=weather.sun_light, sky_light=weather.sky_light, zenith=weather.zenith,
                         horizon=weather.horizon, clouds=weather.clouds, drift=weather.drift, exposure=weather.exposure, eye=scene.camera.eye,
                         shadow_metres=self.shadow_side, wet=weather.wet, haze=weather.haze, asphalt=street.asphalt, coarse=street.coarse,
                         paint_wear=street.paint_wear)
            set_matrices(program, view_projection=matrix, sun_matrix=shadow_matrices[0], sky_matrix=shadow_matrices[1])
        for thing in sorted(things, key=lambda thing: depth_order(thing, scene.camera.eye)):
            starts = self._load(thing.model).starts
            for group, program in enumerate(programs):
                count = starts[group + 1] - starts[group]
                if count:
                    a, b, c = thing.tints
                    set_matrices(program, model=thing.matrix)
                    set_uniforms(program, tint_a=a, tint_b=b, tint_c=c, variety=street.variety if isinstance(thing, GroundThing) else thing.variety, dirt=thing.dirt)
                    self._array(thing.model, program).render(vertices=count, first=starts[group])
        set_matrices(self.sky, unproject=np.linalg.inv(matrix))
        self.sky_triangle.render()
        context.copy_framebuffer(self.single, self.multi)
        pixels = np.frombuffer(self.single.read(components=3, alignment=1), np.uint8)
        return pixels.reshape(self.height, self.width, 3)[::-1].copy()

    def _draw_numbers(self, things, matrix):
        self.owner.use()
        self.owner.clear(depth=1.0)
        self.context.enable_only(moderngl.DEPTH_TEST)
        self.number["view_projection"].write(packed(matrix))
        for thing in things:
            self.number["model"].write(packed(thing.matrix))
            self.number["number"].value = max(thing.number, 0)
            self._array(thing.model, self.number).render()
        pixels = np.frombuffer(self.owner.read(components=1, dtype="u2", alignment=1), np.uint16)
        return pixels.reshape(self.height, self.width)[::-1].copy()

    def _count_shown(self, things, numbers, projection, view):
        """Share of each thing that shows. One cut off by the edge is counted in a view three times as wide and high."""
        counts = np.bincount(numbers.ravel())
        self.owner.use()
        shown = {}
        groups = {}
        for thing in things:
            if 0 < thing.number < len(counts) and counts[thing.number]:
                groups.setdefault(thing.number, []).append(thing)
        wide = np.diag([1 / 3, 1 / 3, 1, 1]) @ projection
        for number, group in groups.items():
            alone = self._count_alone(group, projection @ view)
            share = counts[number] / max(alone, counts[number])
            if any(cut_off(thing, projection @ view) for thing in group):
                share *= min(1.0, alone / 9 / max(self._count_alone(group, wide @ view), 1))
            shown[number] = float(share)
        return shown

    def _count_alone(self, group, matrix):
        """Pixels that the things cover with nothing else there: depth first, then those that pass as equal."""
        context = self.context
        self.owner.clear(depth=1.0)
        context.enable_only(moderngl.DEPTH_TEST)
        self.number["view_projection"].write(packed(matrix))
        query = context.query(samples=True)
        context.depth_func = "<"
        self._render_group(group)
        context.depth_func = "=="
        self.owner.depth_mask = False
        with query:
            self._render_group(group)
        self.owner.depth_mask = True
        context.depth_func = "<="
        return query.samples

    def _render_group(self, group):
        for thing in group:
            self.number["model"].write(packed(thing.matrix))
            self._array(thing.model, self.number).render()


class GroundThing:
    """The ground of one scene, drawn like any thing; kept only for that scene."""

    def __init__(self, mesh):
        self.model = GroundModel(mesh)
        self.matrix, self.tints, self.dirt, self.number = np.eye(4), ((1, 1, 1),) * 3, 0.0, 0


@dataclasses.dataclass
class GroundModel:
    mesh: object


def depth_order(thing, eye):
    """Near first, the ground last: what is hidden is then never shaded."""
    return np.inf if isinstance(thing, GroundThing) else np.linalg.norm(thing.matrix[:3, 3] - eye)


def set_matrices(program, **matrices):
    for name, matrix in matrices.items():
        if name in program:
            program[name].write(packed(matrix))


def set_uniforms(program, **values):
    """Those that the program has: compilers drop what a shader does not use."""
    for name, value in values.items():
        if name in program:
            program[name].value = value if np.ndim(value) == 0 else tuple(float(v) for v in value)


def in_view(thing, view, camera):
    middle = view[:3, :3] @ (thing.matrix[:3, :3] @ thing.model.middle + thing.matrix[:3, 3]) + view[:3, 3]
    radius = thing.model.radius * max(np.linalg.norm(thing.matrix[:3, 0]), np.linalg.norm(thing.matrix[:3, 2]))
    depth = -middle[2]
    if depth < -radius or depth > 390 + radius:
        return False
    tall = np.tan(camera.view_height / 2)
    for offset, slope in ((middle[0], tall * camera.aspect), (middle[1], tall)):
        if abs(offset) > depth * slope + radius * np.sqrt(1 + slope * slope):
            return False
    return True


def cut_off(thing, matrix):
    """Whether the box around a thing reaches over the frame's edge."""
    points = thing.model.mesh.vertices()[::3, :3]
    points = np.concatenate([points @ thing.matrix[:3, :3].T + thing.matrix[:3, 3], np.ones((len(points), 1))], axis=1) @ matrix.T
    if points[:, 3].min() < 0.4:
        return True
    flat = points[:, :2] / points[:, 3:]
    return bool(np.abs(flat).max() > 1)


def shadow_region(camera):
    """Centre and side of the square of ground for which shadows are drawn."""
    forward = camera.target - camera.eye
    forward = forward / np.linalg.norm(forward)
    steep = max(-forward[2], 0.0)
    reach = camera.eye[2] / max(steep, 0.12)
    reach = min(reach, 32.0 + 10 * steep)
    centre = camera.eye + forward * reach
    spread = reach * np.tan(camera.view_height / 2) * max(camera.aspect, 1.0)
    return np.array((centre[0], centre[1], 0.0)), float(np.clip(spread * 2.6 + reach * 0.5, 16.0, 80.0))

"""Draws the synapse in section: membranes lipid by lipid, proteins, and the molecules on their way."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..canvas import Frames, Plane, Print, StampBook, bell, clouds, pixels, smoothstep, tinted
from ..molecules import Balls, cluster, surface
from .bilayer import APART_NM, HEAD_NM, Sheet, displaced, membrane, vesicle
from .diffusion import MOLECULE_NM, RECEPTOR_NM, Room
from .parameters import Params
from .physics import State

Array = NDArray[np.float64]

_OWN, _COAT, _OTHER = (0.80, 0.62, 0.46), (0.92, 0.43, 0.33), (0.62, 0.52, 0.62)
_CALCIUM, _TRANSMITTER = (1.00, 0.90, 0.16), (0.16, 0.42, 1.00)
_GLOWS = {"transmitter glow": (0.10, 0.28, 0.75), "calcium glow": (0.60, 0.50, 0.05)}
_SOFT = {"own core": (0.42, 0.34, 0.27), "coat core": (0.46, 0.28, 0.24), "other core": (0.34, 0.29, 0.36)}
_CHANNEL, _RECEPTOR, _SNARE = (0.60, 0.42, 0.82), (0.26, 0.66, 0.50), (0.86, 0.56, 0.70)


@dataclass(frozen=True)
class View:
    """How the field lies in the picture."""

    scale: float
    """Pixels a nm."""
    middle: float
    """Column of x = 0."""
    ground: float
    """Row of the middle of the cell's membrane."""

    def place(self, points: Array) -> Array:
        """Points (…, 2: x, height) in nm to pixels (x, y)."""
        return np.stack([self.middle + points[..., 0] * self.scale, self.ground - points[..., 1] * self.scale], axis=-1)


def render(state: State, width: int, height: int) -> Frames:
    """Frames (instants, height, width, 3). The whole field is in the picture; membranes go from side to side."""
    params = state.params
    scale = min(width / params.field_width_nm, height / params.field_height_nm)
    above = 2 * params.radius_nm + params.dock_nm + 15.5
    view = View(scale, width / 2, height / 2 + (above - params.field_height_nm / 2) * scale)
    rng = np.random.default_rng([state.seed, 702])
    book = Stamps(rng, scale)
    backdrop = _backdrop(state, rng, view, width, height, book)
    printer = Print(rng, width, height, darkening=0.45, grain=0.009)
    frames = np.empty((len(state.time_s), height, width, 3), np.uint8)
    coats: dict[tuple[Room, float], Sheet] = {}  # a vesicle that stays as it is is shaped once
    for t in range(len(frames)):
        image = backdrop.copy()
        _lumens(image, state, t, view)
        _sheet(book, image, view, membrane(params, state.rooms[t]), "own")
        for x in displaced(state.channels_nm, state.rooms[t]):
            book.lay(image, "channel", *view.place(np.array([x, 0.0])))
        for i, room in enumerate(state.rooms[t]):
            for foot in _feet(params, room.x_nm, room.shape.base, room.shape.neck):
                book.lay(image, "snare", *view.place(foot))
            coat = room, float(state.left[t, i])
            if coat not in coats:
                coats[coat] = vesicle(params, *coat)
            _sheet(book, image, view, coats[coat], "coat")
        order = np.argsort(state.transmitter_nm[t, :, 1])[::-1]
        _dots(book, image, view.place(state.transmitter_nm[t][order][:, [0, 2]]), "transmitter")
        _dots(book, image, view.place(state.calcium_nm[t]), "calcium")
        frames[t] = printer.frame(image)
    return frames


Layer = tuple[tuple[slice, slice], Plane, Plane]


class Stamps:
    """Stamps of everything that is laid down piece by piece, each in a square no larger than it needs.

    Args:
        rng: Source of the proteins' shapes.
        scale: Pixels a nm.
    """

    def __init__(self, rng: np.random.Generator, scale: float) -> None:
        self._scale, self._shapes = scale, _shapes(rng)
        sizes = {"proteins": 8.5, "glows": 4.4, "cores": 2.4, "balls": 1.6}
        self.layers: dict[tuple[str, bytes, bytes], Layer | None] = {}
        """Membranes that were laid, by name and places of their pieces; None for those laid but once."""
        self._books = {size: StampBook(self._draw, reach=reach * scale) for size, reach in sizes.items()}

    def book(self, look: str) -> StampBook:
        """The stamps among which `look` is."""
        glows, core = look.endswith(" glow"), look.endswith(" core")
        protein = look in ("channel", "receptor", "snare")
        return self._books["proteins" if protein else "glows" if glows else "cores" if core else "balls"]

    def lay(self, image: Plane, look: str, x: float, y: float) -> None:
        """Lays `look` over `image` with its middle at pixel (x, y)."""
        self.book(look).lay(image, look, x, y)

    def _draw(self, look: Hashable, x: Plane, y: Plane) -> tuple[Plane, Plane, Plane | None]:
        name, r = str(look), np.hypot(x, y) / np.float32(self._scale)
        if name in _SOFT:
            return tinted(np.ones_like(r), _SOFT[name]), smoothstep(2.3, 1.2, r) * np.float32(0.85), None
        if name in _GLOWS:
            return tinted(np.ones_like(r), _GLOWS[name]), np.float32(0.30) * bell(r, 1.9), None
        return (*surface(self._shapes[name].scaled(self._scale), x, y), None)


def _shapes(rng: np.random.Generator) -> dict[str, Balls]:
    lobes = [cluster(rng, (2.3, 5.4, 2.4), 60, 1.05, _CHANNEL) for _ in range(2)]
    sides = zip(lobes, (-2.7, 2.7), strict=True)
    channel = _together([lobe.moved(x, -1.0) for lobe, x in sides])
    return {
        "own": _ball(_OWN, HEAD_NM),
        "coat": _ball(_COAT, HEAD_NM),
        "other": _ball(_OTHER, HEAD_NM),
        "snare": cluster(rng, (1.3, 3.6, 1.3), 26, 0.8, _SNARE),
        "channel": channel,
        "receptor": _receptor(rng),
        "transmitter": _ball(_TRANSMITTER, MOLECULE_NM + 0.15),
        "calcium": _ball(_CALCIUM, MOLECULE_NM + 0.30),
    }


def _ball(colour: tuple[float, float, float], radius: float) -> Balls:
    return Balls(np.zeros((1, 3)), np.array([radius]), np.array([colour]))


def _together(parts: Iterable[Balls]) -> Balls:
    kept = list(parts)
    return Balls(
        np.concatenate([part.centre for part in kept]),
        np.concatenate([part.radius for part in kept]),
        np.concatenate([part.colour for part in kept]),
    )


def _receptor(rng: np.random.Generator) -> Balls:
    """Two lobes that stand out into the cleft, on a stem through the membrane; the mouth is at the origin."""
    parts = []
    for side in (-1, 1):
        lobe = cluster(rng, (2.0, 2.7, 2.2), 34, 0.95, _RECEPTOR)
        parts.append(lobe.moved(2.5 * side, 1.2))
        stem = cluster(rng, (1.5, 4.6, 1.8), 34, 0.9, (0.22, 0.56, 0.43))
        parts.append(stem.moved(1.6 * side, RECEPTOR_NM + 2.2, -0.5))
    return _together(parts)


def _sheet(book: Stamps, image: Plane, view: View, sheet: Sheet, name: str) -> None:
    """Lays a membrane; one that lies where one lay before as a whole, ``image · keep + ink``, as its pieces are."""
    core, heads = view.place(sheet.core), view.place(sheet.heads)
    key = (name, core.tobytes(), heads.tobytes())
    if key in book.layers:
        part, keep, ink = book.layers[key] or _layer(book, image, core, heads, name)
        book.layers[key] = part, keep, ink
        image[part] *= keep
        image[part] += ink
        return
    book.layers[key] = None
    _lay(book, image, core, f"{name} core")
    _lay(book, image, heads, name)


def _layer(book: Stamps, image: Plane, core: Array, heads: Array, name: str) -> Layer:
    """The part of `image` that a membrane lies in, what it leaves of what is there, and what it adds."""
    on_black, on_white = np.zeros_like(image), np.ones_like(image)
    for canvas in (on_black, on_white):
        _lay(book, canvas, core, f"{name} core")
        _lay(book, canvas, heads, name)
    keep = on_white - on_black
    rows, columns = (np.flatnonzero((keep[..., 0] < 1).any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return (slice(0, 0), slice(0, 0)), keep[:0, :0], keep[:0, :0]
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return part, keep[part].copy(), on_black[part].copy()


def _dots(book: Stamps, image: Plane, points: Array, name: str) -> None:
    _lay(book, image, points, f"{name} glow")
    _lay(book, image, points, name)


def _lay(book: Stamps, image: Plane, points: Array, name: str) -> None:
    margin = 12
    height, width = image.shape[:2]
    near = ((points > -margin) & (points < (width + margin, height + margin))).all(axis=1)
    stamps = book.book(name)
    for x, y in points[near].tolist():
        stamps.lay(image, name, x, y)


def _feet(params: Params, x: float, base: float, neck: float) -> list[Array]:
    """Where the SNARE bundles stand that hold a vesicle to the membrane."""
    reach = max(6.5, base + 4.5)
    return [np.array([x + side * reach, 0.45 * params.dock_nm + 1.2 + 0.1 * neck]) for side in (-1, 1)]


def _lumens(image: Plane, state: State, t: int, view: View) -> None:
    """The inside of the vesicles, darker and bluer than the cytoplasm."""
    params, scale = state.params, view.scale
    height, width = image.shape[:2]
    for i, room in enumerate(state.rooms[t]):
        shape = room.shape
        if shape.height < 3 or state.left[t, i] < 0.5:
            continue
        middle = view.place(np.array([room.x_nm, shape.centre - room.drop_nm]))
        reach = min(shape.radius, 2.2 * params.radius_nm) * scale + 2
        top = max(0, int(view.ground - (shape.neck + shape.height - room.drop_nm) * scale - 2))
        bottom = min(height, int(middle[1] + reach) if shape.base <= 0 else int(view.ground + 1))
        left, right = max(0, int(middle[0] - reach)), min(width, int(middle[0] + reach) + 1)
        if bottom <= top or right <= left:
            continue
        y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
        r = np.hypot(x - middle[0], y - middle[1]) / np.float32(shape.radius * scale)
        cover = smoothstep(1.0, 0.94, r) * np.float32(0.85)
        if shape.base > 0:
            cover *= smoothstep(0.0, 7.0, (np.float32(view.ground) - y) / np.float32(scale))
        part = image[top:bottom, left:right]
        part *= (1 - cover)[..., None]
        part += tinted(cover * (0.75 + 0.5 * np.clip(1 - r, 0, 1)), (0.035, 0.065, 0.150))


def _backdrop(state: State, rng: np.random.Generator, view: View, width: int, height: int, book: Stamps) -> Plane:
    """Two cells and the cleft between them, crowded with proteins out of focus, and all that stands still."""
    params, scale = state.params, view.scale
    x, y = pixels(width, height)
    high = (np.float32(view.ground) - y) / np.float32(scale)
    low = np.float32(-(params.cleft_nm + params.membrane_nm))
    murk, fine = clouds(rng, width, height, (2, 4, 8, 16), 0.6), clouds(rng, width, height, (40, 80, 160), 0.8)
    light = 0.60 + 0.55 * murk + 0.06 * fine
    mine, theirs = smoothstep(-1.0, 1.0, high), smoothstep(1.0, -1.0, high - low)
    between = np.clip(1 - mine - theirs, 0, 1)
    image = tinted(light * mine * (0.75 + 0.006 * np.clip(high, 0, 60)), (0.060, 0.125, 0.190))
    image += tinted(light * theirs, (0.120, 0.080, 0.130)) + tinted(light * between, (0.024, 0.050, 0.062))
    for _ in range(70):
        cx, cy, r = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(1.6, 5.5) * scale
        level = (view.ground - cy) / scale
        if -params.cleft_nm - 8 < level < 6:
            continue
        d = np.hypot(x - cx, y - cy) / np.float32(r)
        tint = (
            ((0.30, 0.50, 0.62), (0.36, 0.42, 0.66), (0.30, 0.58, 0.50))[rng.integers(3)]
            if level > 0
            else (0.5, 0.3, 0.5)
        )
        image += tinted(smoothstep(1.3, 0.5, d) * np.float32(rng.uniform(0.03, 0.11)), tint)
    image = np.ascontiguousarray(image, np.float32)
    reach = max(width / view.scale, params.field_width_nm) / 2 + 6
    across = np.arange(-reach, reach, APART_NM)
    leaf = params.half_nm - HEAD_NM + 0.35
    heads = [np.stack([across, np.full(len(across), float(low) + side * leaf)], axis=1) for side in (1, -1)]
    core = np.stack([np.arange(-reach, reach, 1.4), np.full(len(np.arange(-reach, reach, 1.4)), float(low))], axis=1)
    _sheet(book, image, view, Sheet(np.concatenate(heads), core), "other")
    for mouth in state.receptors_nm:
        book.lay(image, "receptor", *view.place(mouth))
    return image

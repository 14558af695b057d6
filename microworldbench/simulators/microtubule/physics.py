"""Dynamic instability: each plus end switches at random between steady growth and steady shortening.

Times of catastrophe and rescue are drawn in continuous time (two-state model: Hill 1984, PNAS 81, 6728; Verde et al.
1992, J. Cell Biol. 118, 1097), so the frame rate changes nothing. EB1 sits on lattice that is not older than a few
seconds: a lattice point that the tip passed a time ``a`` ago holds exp(−a / cap_s), and a catastrophe clears it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..mechanism import instants
from .parameters import Params

Array = NDArray[np.float64]

OUTSIDE_UM = -1e3
"""Position of a minus end that lies far outside the picture."""
SHORTEST_UM, MARGIN_UM = 2.5, 1.5
"""Tips are followed between these distances from the left and the right border."""
CLEARED_S = 0.8
"""EB1 leaves a tip within this time after a catastrophe."""
ATTEMPTS = 3000


@dataclass(frozen=True)
class History:
    """One plus end: straight pieces between switches. Times in seconds of life, positions in µm."""

    times_s: Array
    """(pieces + 1,) of the switches, with the beginning and the end."""
    tips_um: Array
    """(pieces + 1,) position of the tip at these times."""
    grows: NDArray[np.bool_]
    """(pieces,)"""

    def tip(self, time_s: Array) -> Array:
        """Position of the tip."""
        return np.interp(time_s, self.times_s, self.tips_um)

    def piece(self, time_s: Array) -> NDArray[np.int64]:
        """Which piece a time falls in."""
        return np.clip(np.searchsorted(self.times_s, time_s, side="right") - 1, 0, len(self.grows) - 1)


@dataclass(frozen=True)
class State:
    """Filaments over time; arrays of shape (instants, filaments) unless said otherwise.

    Lengths in µm: x from the left border of the field, y downwards from its middle.
    """

    params: Params
    seed: int
    fps: float
    violation: str | None
    """What was asked to be broken."""
    time_s: Array
    """(instants,) of the clip."""
    tip_um: Array
    minus_um: Array
    """The other end; `OUTSIDE_UM` where it lies outside the picture."""
    grows: NDArray[np.bool_]
    """Whether the tip advances."""
    capped_um: Array
    """Length of the lattice behind the tip that may hold EB1."""
    cap: Array
    """EB1 at the tip over that of a steadily growing one."""
    brightness: Array
    """Of the filament as a whole."""
    sway_um: Array
    """Amplitude of a filament's wriggling."""
    sway_phase: Array
    course: Array
    """(filaments, 3): y = a + b·x + c·x², with y from the picture's middle."""

    @property
    def length_um(self) -> Array:
        """Of what lies right of the picture's left border."""
        return self.tip_um - np.maximum(self.minus_um, 0)


def simulate(params: Params, seed: int, duration_s: float, fps: float, violation: str | None = None) -> State:
    """Follows every tip for `duration_s` seconds of the clip.

    Args:
        params: The cell's edge.
        seed: Draws where filaments lie and when they switch.
        duration_s: Length of the clip.
        fps: Instants a second of the clip.
        violation: One of the mechanism's, or None.
    """
    rng = np.random.default_rng([seed, 401])
    time_s = np.arange(instants(duration_s, fps)) / fps
    life_s = time_s * params.compression
    if violation == "symmetric_speeds":
        params = params.model_copy(update={"shrinkage_um_min": params.growth_um_min})
    elif violation == "frozen_tips":
        life_s = np.full_like(life_s, life_s[-1] / 2)
    course = _courses(params, rng)
    ends = _chosen(params, rng, duration_s * params.compression, violation)
    backwards = violation == "reversed_time"
    if backwards:
        life_s = duration_s * params.compression - life_s
    tip = np.stack([end.tip(life_s) for end in ends], axis=1)
    piece = [end.piece(life_s) for end in ends]
    grows = np.stack([end.grows[p] != backwards for end, p in zip(ends, piece, strict=True)], axis=1)
    capped, cap = _caps(params, ends, life_s, violation)
    shape, n = tip.shape, params.filaments
    minus, brightness, sway = np.full(shape, OUTSIDE_UM), np.ones(shape), np.zeros(shape)
    if violation == "sliding_rods":
        minus = tip - np.clip(tip.min(axis=0) - 1.2, 2.0, 7.0)
    elif violation == "both_ends":
        minus = np.clip(0.45 * tip[0] - (tip - tip[0]), 0.8, np.maximum(0.9, tip.min(axis=0) - 1.0))
    elif violation == "wriggling":
        sway = np.full(shape, 0.55)
    elif violation == "fading":
        tip, grows, brightness = _faded(ends, life_s)
        cap = cap * brightness
    return State(
        params=params,
        seed=seed,
        fps=fps,
        violation=violation,
        time_s=time_s,
        tip_um=tip,
        minus_um=minus,
        grows=grows,
        capped_um=capped,
        cap=cap,
        brightness=brightness,
        sway_um=sway,
        sway_phase=rng.uniform(0, 2 * np.pi, n) + 2 * np.pi * 0.7 * time_s[:, None],
        course=course,
    )


def history(params: Params, rng: np.random.Generator, length_um: float, life_s: float, grows: bool = True) -> History:
    """One tip's fate for `life_s` seconds from a length; it is rescued where nothing is left of it."""
    times, tips, ways = [0.0], [length_um], []
    while times[-1] < life_s:
        rate = params.catastrophe_s if grows else params.rescue_s
        wait = rng.exponential(1 / rate) if rate > 0 else np.inf
        speed = (params.growth_um_min if grows else -params.shrinkage_um_min) / 60
        if not grows:
            wait = min(wait, tips[-1] / -speed)
        wait = min(wait, life_s - times[-1])
        times.append(times[-1] + wait)
        tips.append(tips[-1] + wait * speed)
        ways.append(grows)
        grows = not grows
    return History(np.array(times), np.array(tips), np.array(ways))


def _chosen(params: Params, rng: np.random.Generator, life_s: float, violation: str | None) -> list[History]:
    """Histories that stay in the picture and show what there is to see, as an observer picks a field.

    Tips are drawn anew, all together, until there is a catastrophe and a rescue among them (where the clip is long
    enough to hope for one).
    """
    if violation == "only_growth":
        params = params.model_copy(update={"catastrophe_s": 1e-9})
    n = params.filaments
    drawn: list[History] = []
    for _ in range(ATTEMPTS):
        starts = 4.5 + (rng.permutation(n) + rng.random(n)) / n * 8.0
        if violation == "in_step":
            one = history(params, rng, starts[0], life_s)
            drawn = [History(one.times_s, one.tips_um - starts[0] + start, one.grows) for start in starts]
        else:
            drawn = [history(params, rng, start, life_s) for start in starts]
        if _in_view(params, drawn) and (violation == "only_growth" or life_s < 40 or _eventful(drawn, violation)):
            return drawn
    return drawn


def _in_view(params: Params, ends: list[History]) -> bool:
    tips = np.concatenate([end.tips_um for end in ends])
    return bool(tips.min() > SHORTEST_UM and tips.max() < params.field_width_um - MARGIN_UM)


def _eventful(ends: list[History], violation: str | None) -> bool:
    """Two tips retreat far after they grew, one of them recovers, and for a while one goes up and another down."""
    falls = rises = 0
    for end in ends:
        moved = np.diff(end.tips_um)
        falls += bool(((moved[:-1] > 1.2) & (moved[1:] < -3.4)).any())
        rises += bool(((moved[1:-1] < -1.5) & (moved[2:] > 1.2)).any())
    grid = np.linspace(ends[0].times_s[0], ends[0].times_s[-1], 200)
    ways = np.stack([end.grows[end.piece(grid)] for end in ends])
    mixed = (ways.any(axis=0) & ~ways.all(axis=0)).mean()
    return falls >= 2 and rises >= 1 and (mixed > 0.2 or violation == "in_step")


def _caps(params: Params, ends: list[History], life_s: Array, violation: str | None) -> tuple[Array, Array]:
    """Length of lattice that may hold EB1, and EB1 at the tip, (instants, filaments)."""
    capped, cap = np.zeros((2, len(life_s), len(ends)))
    for i, end in enumerate(ends):
        piece = end.piece(life_s)
        new = np.abs(end.tip(life_s) - end.tips_um[piece])
        since = life_s - end.times_s[piece]
        grows = end.grows[piece] != (violation == "inverted_comets")
        old = np.abs(np.diff(end.tips_um))[np.maximum(piece - 1, 0)] * (piece > 0)
        # A tip that was growing when the film began has been doing so for long.
        capped[:, i] = np.where(piece == 0, np.inf, np.where(grows, new, old))
        lost = np.where(piece > 0, np.exp(-since / CLEARED_S), 0.0)
        cap[:, i] = 1.0 if violation == "lasting_comets" else np.where(grows, 1.0, lost)
    return np.minimum(capped, 8 * params.growth_um_min / 60 * params.cap_s), cap


def _faded(ends: list[History], life_s: Array) -> tuple[Array, NDArray[np.bool_], Array]:
    """Tips that stop at their first catastrophe, while the filament fades away as a whole."""
    first = np.array([end.times_s[1] for end in ends])
    tip = np.stack([end.tip(np.minimum(life_s, stop)) for end, stop in zip(ends, first, strict=True)], axis=1)
    past = life_s[:, None] - first
    return tip, past < 0, np.exp(-np.clip(past, 0, None) / 5.0)


def _courses(params: Params, rng: np.random.Generator) -> Array:
    """Gently curved courses (filaments, 3) that fan out and do not cross."""
    n = params.filaments
    rank = (np.arange(n) - (n - 1) / 2) / max(1, (n - 1) / 2)
    span = 0.66 * params.field_height_um
    spacing = span / max(1, n - 1)
    height = rank * span / 2 + rng.uniform(-0.14, 0.14, n) * spacing
    slope = params.slope + params.fan * rank + rng.uniform(-0.012, 0.012, n)
    bend = rng.uniform(-0.0028, 0.0028) + rng.uniform(-0.0012, 0.0012, n)
    # Filaments spread about their height in the middle of the field.
    middle = 0.45 * params.field_width_um
    return np.stack([0.86 * height - slope * middle - bend * middle**2, slope, bend], axis=1)

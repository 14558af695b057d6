"""Blood in the section: particles in the potential flow that moving walls and open valves make.

The section is carried back to a reference outline. There blood spreads evenly over a chamber that fills and is drawn
evenly from one that empties, so the velocity of each chamber's exchange through one orifice is a potential flow solved
once (Laplace's equation with walls that nothing crosses); the pump's flows then scale these fields in time. Where a
valve is shut its field has no strength, so blood waits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import outline
from .outline import AORTA, ATRIUM, CAVITY
from .shape import Section

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

CELL_MM = 1.75
RIM_MM = 1.3
"""Particles keep about their radius away from the walls."""
X_MM, Y_MM = (0.0, 187.0), (-84.0, 56.0)
"""What is followed: more than the picture shows."""


@dataclass(frozen=True)
class Exchange:
    """How fast areas of the section change hands, per instant of the fine grid, in mm²/s of life."""

    through_mitral: Array
    through_aortic: Array
    atrium_grows: Array


class Blood:
    """The reference outline, its parts, and the three fields of flow.

    Args:
        reference: The section that everything is carried back to.
    """

    def __init__(self, reference: Section) -> None:
        self.reference = reference
        x = np.arange(X_MM[0], X_MM[1], CELL_MM) + CELL_MM / 2
        y = np.arange(Y_MM[0], Y_MM[1], CELL_MM) + CELL_MM / 2
        gx, gy = np.meshgrid(x, y)
        part = np.zeros(gx.shape, np.int8)
        part[outline.cavity(reference, gx, gy) < -np.where(gx < reference.base - 3, RIM_MM, 0)] = CAVITY
        part[outline.atrium(reference, gx, gy) < -np.where(gx > reference.base + 3, RIM_MM, 0)] = ATRIUM
        part[(outline.aorta(reference, gx, gy) < -RIM_MM) & (gx > reference.base)] = AORTA
        self.part = part
        self.end = (part > 0) & ((gx > X_MM[1] - 2 * CELL_MM) | (gy < Y_MM[0] + 2 * CELL_MM))
        """Where blood comes from and goes to, outside the picture."""
        mitral, aortic = (np.abs(gy - middle) < half for middle, half in (reference.mitral, reference.aortic))
        chamber, behind = part == CAVITY, (part == ATRIUM)
        room = behind & (gx < reference.back)

        def share(of: Flags) -> float:
            return 1 / (float(of.sum()) * CELL_MM**2)

        self.fields = np.stack(
            [
                *self._flow(chamber | behind, mitral, chamber * -share(chamber)),
                *self._flow(chamber | (part == AORTA), aortic, chamber * share(chamber)),
                *self._flow(behind, mitral, room * -share(room)),
            ],
            axis=-1,
        )
        """(rows, columns, 6): x and y of the flow into the cavity, out of it, and into the atrium, for one mm²/s."""

    def _flow(self, inside: Flags, orifice: Flags, source: Array) -> tuple[Array, Array]:
        """The potential flow (mm/s) whose divergence is `source`, open at `end`; parts meet in `orifice` only."""
        from scipy.sparse import coo_matrix
        from scipy.sparse.linalg import spsolve

        number = np.where(inside, np.cumsum(inside).reshape(inside.shape) - 1, -1)
        links = []
        for axis in (0, 1):
            one = [slice(None), slice(None)]
            other = [slice(None), slice(None)]
            one[axis], other[axis] = slice(None, -1), slice(1, None)
            a, b = tuple(one), tuple(other)
            joined = inside[a] & inside[b] & ((self.part[a] == self.part[b]) | (orifice[a] & orifice[b]))
            links.append((a, b, joined))
        rows = np.concatenate([number[a][joined] for a, _, joined in links])
        columns = np.concatenate([number[b][joined] for _, b, joined in links])
        count = int(inside.sum())
        degree = np.bincount(rows, minlength=count) + np.bincount(columns, minlength=count) + 4.0 * self.end[inside]
        matrix = coo_matrix(
            (
                np.concatenate([np.ones(2 * len(rows)), -np.maximum(degree, 1)]),
                (np.concatenate([rows, columns, np.arange(count)]), np.concatenate([columns, rows, np.arange(count)])),
            ),
            shape=(count, count),
        )
        potential = np.zeros(inside.shape)
        potential[inside] = spsolve(matrix.tocsc(), source[inside] * CELL_MM**2)
        flow = []
        for a, b, joined in links:
            step = np.where(joined, potential[b] - potential[a], 0.0) / CELL_MM
            middle = np.zeros(inside.shape)
            middle[a] += step / 2
            middle[b] += step / 2
            flow.append(middle)
        return flow[1], flow[0]

    def scatter(self, rng: np.random.Generator, density: float) -> Array:
        """Reference positions (n, 2) of `density` particles a mm², spread evenly with some disorder."""
        pitch = density**-0.5
        x, y = np.meshgrid(np.arange(X_MM[0], X_MM[1], pitch), np.arange(Y_MM[0], Y_MM[1], pitch))
        where = np.stack([x.ravel(), y.ravel()], axis=1) + rng.uniform(0, pitch, (x.size, 2))
        return where[self.part_of(where) > 0]

    def part_of(self, where: Array) -> NDArray[np.int8]:
        """The part that each reference position (n, 2) lies in; 0 outside."""
        column = ((where[:, 0] - X_MM[0]) / CELL_MM).astype(np.int64)
        row = ((where[:, 1] - Y_MM[0]) / CELL_MM).astype(np.int64)
        height, width = self.part.shape
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        return np.where(inside, self.part[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)], 0)

    def flow_at(self, where: Array) -> Array:
        """(n, 6): the fields at reference positions (n, 2), bilinear between cell middles."""
        height, width = self.part.shape
        u = np.clip((where[:, 0] - X_MM[0]) / CELL_MM - 0.5, 0, width - 1.001)
        v = np.clip((where[:, 1] - Y_MM[0]) / CELL_MM - 0.5, 0, height - 1.001)
        i, j = u.astype(np.int64), v.astype(np.int64)
        f, g = (u - i)[:, None], (v - j)[:, None]
        fields = self.fields
        upper = fields[j, i] * (1 - f) + fields[j, i + 1] * f
        lower = fields[j + 1, i] * (1 - f) + fields[j + 1, i + 1] * f
        return np.asarray(upper * (1 - g) + lower * g)

    def follow(
        self, rng: np.random.Generator, sections: Section, exchange: Exchange, step_s: float, density: float
    ) -> tuple[Array, NDArray[np.int8]]:
        """Reference positions (steps, n, 2) and parts (steps, n) of particles; nan and 0 while out of sight.

        Args:
            rng: Draws where particles start and where they come in.
            sections: The section at every step.
            exchange: The flows at every step.
            step_s: Length of a step in seconds of life.
            density: Particles a mm² of the section.
        """
        start = self.scatter(rng, density)
        spare = len(start) // 2
        where = np.concatenate([start, np.full((spare, 2), np.nan)])
        entrances = np.argwhere(self.end & (self.part == ATRIUM))
        room = self.reference.area_mm2 / sections.area_mm2
        behind = self.reference.atrium_mm2 / sections.atrium_mm2
        paths = np.empty((len(room), len(where), 2))
        parts = np.zeros(paths.shape[:2], np.int8)
        due = 0.0
        for k in range(len(room)):
            present = np.flatnonzero(np.isfinite(where[:, 0]))
            part = self.part_of(where[present])
            paths[k] = where
            parts[k, present] = part
            squeeze = np.select(
                [part == CAVITY, (part == ATRIUM) & (where[present, 0] < self.reference.back)],
                [room[k], behind[k]],
                1.0,
            )[:, None]
            flow = self.flow_at(where[present])
            mitral, aortic, grows = exchange.through_mitral[k], exchange.through_aortic[k], exchange.atrium_grows[k]
            moved = where[present] + step_s * squeeze * (
                mitral * flow[:, :2] + aortic * flow[:, 2:4] + grows * flow[:, 4:]
            )
            kept = self.part_of(moved) > 0
            where[present[kept]] = moved[kept]
            gone = ~kept & ((moved[:, 0] > X_MM[1] - 2 * CELL_MM) | (moved[:, 1] < Y_MM[0] + 2 * CELL_MM))
            where[present[gone]] = np.nan
            due = max(0.0, due + density * (mitral + grows) * step_s)
            for free in np.flatnonzero(np.isnan(where[:, 0]))[: int(due)]:
                row, column = entrances[rng.integers(len(entrances))]
                where[free] = np.array([X_MM[0], Y_MM[0]]) + (np.array([column, row]) + rng.random(2)) * CELL_MM
            due -= int(due)
        return paths, parts

"""How often each criterion was met, counted from a run's verdicts: what pages show, and the check on its report.

A report is taken as it was sealed, since computing a hundred of them again takes a minute; but no page is built on one
whose scores its verdicts do not give. This second count is written apart from `scoring` on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json

from ..errors import InputError
from ..judging.panel import panel_names
from ..outcomes import Outcome
from ..results import Reason
from ..rubric import Dimension, Level
from ..runs import Manifest, RunFolder
from ..scoring import reduce_verdicts
from ..suites.snapshot import Snapshot

COLUMNS = (Outcome.MET, Outcome.NOT_MET, Outcome.CANNOT_TELL, Outcome.MISSING)
"""What the columns of a count stand for."""
_PLACE = {outcome: place for place, outcome in enumerate(COLUMNS)}
_MET, _MISSING = _PLACE[Outcome.MET], _PLACE[Outcome.MISSING]
_ASIDE = Reason.CANNOT_TELL.value


@dataclass(frozen=True)
class Layout:
    """The criteria of a view as columns, made once and used for every submission of the view."""

    tasks: tuple[str, ...]
    levels: NDArray[np.int64]
    """Of each task, its place in `Level`."""
    starts: NDArray[np.int64]
    """Where each task's criteria begin."""
    rows: Mapping[tuple[str, str], int]
    """Place of (task, criterion)."""
    digests: Sequence[str]
    sign: NDArray[np.float64]
    weight: NDArray[np.float64]
    dimension: NDArray[np.int64]
    """Of each criterion, its place in `Dimension`."""

    @classmethod
    def of(cls, view: Snapshot) -> Layout:
        """The layout of a view."""
        criteria = [(task.id, c) for task in view.tasks for c in task.criteria]
        sizes = [len(task.criteria) for task in view.tasks]
        return cls(
            tasks=tuple(task.id for task in view.tasks),
            levels=np.array([list(Level).index(task.level) for task in view.tasks]),
            starts=np.cumsum([0, *sizes])[:-1],
            rows={(task, c.id): row for row, (task, c) in enumerate(criteria)},
            digests=[c.digest for _, c in criteria],
            sign=np.array([float(c.polarity.sign) for _, c in criteria]),
            weight=np.array([c.weight for _, c in criteria]),
            dimension=np.array([list(Dimension).index(c.dimension) for _, c in criteria]),
        )

    def points(self, counts: NDArray[np.uint16], seeds: int, dimension: int | None = None) -> NDArray[np.float64]:
        """Task scores, overall or in one dimension; NaN where there is no reward."""
        earned, total = self._earned(counts, seeds, dimension)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(total > 0, 100 * np.add.reduceat(earned, self.starts) / total, np.nan)

    def lost(self, counts: NDArray[np.uint16], seeds: int) -> NDArray[np.float64]:
        """Points each task loses to met penalties; NaN where there is no reward."""
        earned, total = self._earned(counts, seeds, None)
        paid = np.add.reduceat(np.where(self.sign < 0, earned, 0.0), self.starts)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(total > 0, -100 * paid / total, np.nan) + 0.0

    def _earned(
        self, counts: NDArray[np.uint16], seeds: int, dimension: int | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        weight = self.weight if dimension is None else np.where(self.dimension == dimension, self.weight, 0.0)
        earned = self.sign * weight * (counts[:, _MET] + counts[:, _MISSING] / 2) / seeds
        return earned, np.add.reduceat(np.where(self.sign > 0, weight, 0.0), self.starts)


def count_outcomes(
    run: RunFolder, manifest: Manifest, layout: Layout, failed: Collection[tuple[str, int]]
) -> NDArray[np.uint16]:
    """Videos by outcome, for every criterion of `layout`: criteria × 4. Videos that were not made are in no column.

    Raises:
        InputError: a verdict is damaged.
    """
    members = () if manifest.judge is None else panel_names(manifest.judge.settings)
    if manifest.votes == 1 and not members:
        outcomes = _single_votes(run.path / "verdicts.jsonl", layout)
    else:
        current = [v for v in run.verdicts() if _is_current(layout, v.task, v.criterion, v.criterion_digest)]
        reduced = reduce_verdicts(current, manifest.reducer, members)
        outcomes = {
            (layout.rows[task, criterion], seed): _PLACE[outcome]
            for (task, seed), by in reduced.items()
            for criterion, outcome in by.items()
        }
    counts = np.zeros((len(layout.sign), len(COLUMNS)), dtype=np.uint16)
    ends = np.append(layout.starts[1:], len(layout.sign))
    lost = {(layout.tasks.index(task), seed) for task, seed in failed if task in layout.tasks}
    for number, (start, end) in enumerate(zip(layout.starts.tolist(), ends.tolist(), strict=True)):
        for seed in manifest.seeds:
            if (number, seed) not in lost:
                places = [outcomes.get((row, seed), _MISSING) for row in range(start, end)]
                counts[range(start, end), places] += 1
    return counts


def failed_videos(run: RunFolder, manifest: Manifest) -> set[tuple[str, int]]:
    """Task and seed of the videos that the model failed to make; the last line of a key wins.

    Raises:
        InputError: a generation is damaged.
    """
    status: dict[tuple[str, int], object] = {}

    def take(made: dict[str, Any]) -> None:
        status[made["task"], made["seed"]] = made["status"]

    _each(run.path / "generations.jsonl", "generation", take)
    return {key for key, said in status.items() if said == "failed" and key[1] in manifest.seeds}


def _single_votes(path: Path, layout: Layout) -> Mapping[tuple[int, int], int]:
    """Outcomes by (row, seed) where every criterion has one vote; the last line of a key wins."""
    found: dict[tuple[int, int], int] = {}

    def take(said: dict[str, Any]) -> None:
        if _is_current(layout, said["task"], said["criterion"], said["criterion_digest"]):
            row = layout.rows[said["task"], said["criterion"]]
            found[row, said["seed"]] = _place(said["met"], said.get("reason"))

    _each(path, "verdict", take)
    return found


def _each(path: Path, what: str, take: Callable[[dict[str, Any]], None]) -> None:
    """Hands every record of a log to `take`, without its model, which would take most of the time."""
    if not path.is_file():
        return
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True), start=1):
        if not line.endswith(b"\n"):
            break  # torn by a kill
        try:
            take(from_json(line))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError(f"{path}:{number} is damaged: it is no {what}") from None


def _is_current(layout: Layout, task: str, criterion: str, digest: str) -> bool:
    row = layout.rows.get((task, criterion))
    return row is not None and layout.digests[row] == digest


def _place(met: Any, reason: Any) -> int:
    if met is None:
        return _PLACE[Outcome.CANNOT_TELL if reason == _ASIDE else Outcome.MISSING]
    if not isinstance(met, bool):
        raise TypeError(met)
    return _PLACE[Outcome.MET if met else Outcome.NOT_MET]

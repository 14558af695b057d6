"""Submissions read for a table: everything a page needs, as arrays rather than records, so that hundreds fit."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ..errors import InputError
from ..rubric import Dimension, Level, digest_of
from ..runs import Manifest
from ..scorecard import Score, Scorecard, TaskScore
from ..scoring import MICRO
from ..stats.intervals import mean_interval
from ..suites.snapshot import Snapshot
from .recount import Layout, count_outcomes, failed_videos
from .rules import skeleton
from .submission import Submission, SubmissionFolder
from .verified import Standing, standing_of

TOLERANCE = 3e-6
"""Points by which the two counts may differ: both round to 10⁻⁶ on the way."""
FEW = 8
"""Submissions below which starting processes costs more than it gains."""


@dataclass(frozen=True)
class Entry:
    """One submission, ready to be ranked. Arrays follow the order of the view's tasks; NaN is no score."""

    slug: str
    about: Submission
    digest: str
    standing: Standing
    card: Scorecard
    """Without its tasks."""
    view_file: str
    """sha256 of its ``suite.json``."""
    values: NDArray[np.float64]
    """Task scores in whole 10⁻⁶ points."""
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    parts: NDArray[np.float64]
    """Dimension × task, in points."""
    failed: NDArray[np.int64]
    """Videos of each task that the model failed to make."""
    worst: float
    """Lowest score of any video that was made, at most 0, in points."""
    kept: NDArray[np.float64]
    """Sum of the scores of each task's videos that were made, in points."""
    lost: NDArray[np.float64]
    """Points each task loses to penalties."""
    outcomes: NDArray[np.uint16]
    """Criteria of all tasks × (met, not met, cannot tell, missing): videos."""
    seeds: int

    @property
    def table(self) -> str:
        """What may share a table with it: the same suite, view and judge."""
        card = self.card
        return digest_of([card.suite.digest, card.view.digest, card.judge.model_dump(mode="json")])


def read_entries(folders: Sequence[SubmissionFolder], records: Path) -> list[Entry]:
    """Reads submissions, side by side where there are many; their order is that of `folders`.

    Raises:
        InputError: one is damaged, or its report is not what its verdicts give.
    """
    work = [(folder, records) for folder in folders]
    if len(work) < FEW or (os.cpu_count() or 1) < 2:
        return list(_or_raise(map(_read_or_say, work)))
    with ProcessPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
        return list(_or_raise(pool.map(_read_or_say, work, chunksize=max(1, len(work) // 32))))


def _read_or_say(work: tuple[SubmissionFolder, Path]) -> Entry | str:
    """Errors come back as text: exceptions of ours do not survive the way between processes."""
    try:
        return _read(*work)
    except InputError as error:
        return str(error)


def _or_raise(found: Iterable[Entry | str]) -> Iterator[Entry]:
    for entry in found:
        if isinstance(entry, str):
            raise InputError(entry)
        yield entry


@lru_cache(maxsize=4)
def _layout(view: bytes) -> Layout:
    """Of a ``suite.json``; most submissions share its content."""
    return Layout.of(Snapshot.model_validate_json(view))


def _read(folder: SubmissionFolder, records: Path) -> Entry:
    broken = [*folder.misplaced()] or [*folder.broken_seals()]
    if broken:
        raise InputError(f"submission {folder.slug!r}: {broken[0]}; 'mwb leaderboard check' tells everything")
    run, about = folder.run, folder.about
    manifest, content = run.manifest, (run.path / "suite.json").read_bytes()
    try:
        layout, card = _layout(content), Scorecard.model_validate_json((run.path / "report.json").read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(f"submission {folder.slug!r}: suite.json or report.json is damaged: {error}") from None
    _refuse_other_run(folder, about, card, manifest, layout)
    seeds = len(manifest.seeds)
    failed = failed_videos(run, manifest)
    outcomes = count_outcomes(run, manifest, layout, failed)
    parts = np.array([layout.points(outcomes, seeds, number) for number in range(len(Dimension))])
    _refuse_other_scores(folder, card, layout, layout.points(outcomes, seeds), parts)
    totals = [task.score for task in card.tasks]
    return Entry(
        slug=folder.slug,
        about=about,
        digest=folder.digest,
        standing=standing_of(folder, records),
        card=card.model_copy(update={"tasks": ()}),
        view_file=hashlib.sha256(content).hexdigest(),
        values=(_column(totals, "value") * MICRO).round(),
        low=_column(totals, "low"),
        high=_column(totals, "high"),
        parts=parts,
        failed=np.array([task.failed for task in card.tasks]),
        worst=min([0.0, *(v.value for t in card.tasks for v in t.seeds if not v.failed and v.value is not None)]),
        kept=np.array([_kept(task) for task in card.tasks]),
        lost=layout.lost(outcomes, seeds),
        outcomes=outcomes,
        seeds=seeds,
    )


def _refuse_other_run(
    folder: SubmissionFolder, about: Submission, card: Scorecard, manifest: Manifest, layout: Layout
) -> None:
    told = None
    if skeleton(about.model) != skeleton(manifest.generator.name):
        told = f"it is called {about.model!r}, its run's generator {manifest.generator.name!r}"
    stated = (card.suite, card.view, card.generator, card.judge)
    if stated != (manifest.suite, manifest.view, manifest.generator, manifest.judge):
        told = "report.json is not of the run it lies beside"
    elif tuple(task.id for task in card.tasks) != layout.tasks:
        told = "report.json has other tasks than suite.json"
    elif card.overall is None or card.overall.value is None:
        told = "it has no overall score, so it cannot be ranked"
    if told is not None:
        raise InputError(f"submission {folder.slug!r}: {told}; 'mwb leaderboard check' tells everything")


def _refuse_other_scores(
    folder: SubmissionFolder,
    card: Scorecard,
    layout: Layout,
    values: NDArray[np.float64],
    parts: NDArray[np.float64],
) -> None:
    """The scores and the interval of the report are those the verdicts give."""
    scores = [card.overall, *(card.by_level.get(x) for x in Level), *(card.by_dimension.get(x) for x in Dimension)]
    means = [_mean(values), *(_mean(values[layout.levels == n]) for n in range(len(Level))), *map(_mean, parts)]
    own = _column([task.score for task in card.tasks], "value")
    stated, counted = np.append(own, _column(scores, "value")), np.append(values, means)
    apart = np.abs(stated - counted)
    interval = mean_interval([round(value * MICRO) for value in own if not np.isnan(value)])
    ends = None if interval is None else (round(interval[0] / MICRO, 6), round(interval[1] / MICRO, 6))
    same_interval = card.overall is not None and card.overall.ci95 == ends
    if (np.isnan(stated) != np.isnan(counted)).any() or np.nanmax(apart) > TOLERANCE or not same_interval:
        raise InputError(
            f"submission {folder.slug!r}: report.json states scores that its verdicts do not give "
            f"(overall {stated[len(own)]:g}, counted {means[0]:g}); 'mwb leaderboard check' tells everything"
        )


def _mean(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _column(scores: Sequence[Score | None], part: str) -> NDArray[np.float64]:
    found = [None if score is None else getattr(score, part) for score in scores]
    return np.array([np.nan if value is None else value for value in found], dtype=np.float64)


def _kept(task: TaskScore) -> float:
    return sum(video.value for video in task.seeds if not video.failed and video.value is not None)

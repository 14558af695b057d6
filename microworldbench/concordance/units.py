"""Matching: which answers are about the same words on the same video."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..labels import Stratum
from ..outcomes import Outcome
from .sources import RaterAnswers, Rating, Source, Unit

LABELS = ("not_met", "met", "cannot_tell")
"""What the codes 0, 1 and 2 of a board stand for."""


@dataclass(frozen=True)
class Board:
    """Ratings as a table."""

    raters: tuple[str, ...]
    codes: NDArray[np.float64]
    """Raters × units: places in `LABELS`, NaN where missing."""
    tasks: NDArray[Any]
    """The task of each unit."""
    strata: Sequence[Stratum]
    """Dimension and polarity of each unit."""
    labels: tuple[float, ...]
    """The codes that count as labels."""
    unmatched: int = 0
    """Answers left out since raters answered to different wordings of a criterion."""

    def at(self, units: NDArray[Any]) -> Board:
        """The same with some of the units only."""
        chosen = [self.strata[i] for i in np.arange(len(self.tasks))[units]]
        return Board(self.raters, self.codes[:, units], self.tasks[units], chosen, self.labels)

    def of(self, raters: Sequence[str], codes: NDArray[np.float64]) -> Board:
        """The same units with other raters, where at least two of these rated."""
        found = Board(tuple(raters), codes, self.tasks, self.strata, self.labels)
        return found.at((~np.isnan(codes)).sum(axis=0) >= 2)


def match(
    raters: Sequence[RaterAnswers],
    sources: Sequence[Source],
    known: Mapping[tuple[str, str], Stratum],
    cannot_tell: Literal["missing", "label"],
) -> Board:
    """Lays all answers side by side, matched on task, seed, criterion and, where both state one, criterion digest.

    Args:
        raters: With unique names.
        sources: Where strata and videos are looked up.
        known: Strata by task and criterion from elsewhere (a suite); they count before those of sources.
        cannot_tell: Whether an abstention is a label.

    Raises:
        InputError: sources hold different videos for one task and seed.
    """
    _refuse_other_videos(sources)
    strata = {key: told for source in reversed(sources) for key, told in source.strata.items()} | dict(known)
    found: dict[Unit, dict[int, Rating]] = defaultdict(dict)
    for number, rater in enumerate(raters):
        for unit, rating in rater.answers.items():
            found[unit][number] = rating
    columns: list[tuple[Unit, dict[int, Rating]]] = []
    unmatched = 0
    for unit in sorted(found):
        parts, lost = _by_wording(found[unit])
        unmatched += lost
        columns += [(unit, part) for part in parts]
    codes = np.full((len(raters), len(columns)), np.nan)
    values = _codes(cannot_tell)
    for place, (_, part) in enumerate(columns):
        for number, rating in part.items():
            codes[number, place] = values[rating.outcome]
    return Board(
        raters=tuple(rater.name for rater in raters),
        codes=codes,
        tasks=np.array([unit[0] for unit, _ in columns], dtype=object),
        strata=[strata.get((unit[0], unit[2]), (None, None)) for unit, _ in columns],
        labels=(0.0, 1.0) if cannot_tell == "missing" else (0.0, 1.0, 2.0),
        unmatched=unmatched,
    )


def _by_wording(answers: Mapping[int, Rating]) -> tuple[list[dict[int, Rating]], int]:
    """Answers split by digest; where there are several, those without one could be about any and are left out."""
    digests = list(dict.fromkeys(rating.digest for rating in answers.values() if rating.digest is not None))
    if len(digests) < 2:
        return [dict(answers)], 0
    parts = [{n: rating for n, rating in answers.items() if rating.digest == digest} for digest in digests]
    kept = [part for part in parts if len(part) > 1]
    return kept, len(answers) - sum(map(len, kept))


def _codes(cannot_tell: Literal["missing", "label"]) -> dict[Outcome, float]:
    abstained = math.nan if cannot_tell == "missing" else 2.0
    return {Outcome.NOT_MET: 0.0, Outcome.MET: 1.0, Outcome.CANNOT_TELL: abstained, Outcome.MISSING: math.nan}


def _refuse_other_videos(sources: Sequence[Source]) -> None:
    seen: dict[tuple[str, int], tuple[Source, str]] = {}
    for source in sources:
        for key, sha256 in source.videos.items():
            before, other = seen.setdefault(key, (source, sha256))
            if other != sha256:
                raise InputError(
                    f"{str(before.path)!r} and {str(source.path)!r} hold different videos of task {key[0]!r}, seed "
                    f"{key[1]}; agreement needs the same: 'mwb grade --videos-from {before.path}' judges them again"
                )

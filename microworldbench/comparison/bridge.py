"""Runs of two judges brought onto one scale by a link, with the link's error in every difference between them."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..certificate import identity_digest
from ..errors import InputError
from ..links import Link, ScopeLink, find, load
from ..rubric import Dimension
from ..scorecard import Named, Score, TaskScore
from ..stats.estimates import rounded
from .contestants import Contestant
from .records import Gap

LinkSource = str | os.PathLike[str] | Link | None
"""A link, its file, or None for the one this user has made."""
Z = 1.959964
"""Standard errors in half a 95 % interval."""


@dataclass(frozen=True)
class Bridge:
    """A link, and the runs whose scores it carries over."""

    link: Link
    carried: frozenset[str]
    """Names of the runs of the old judge."""
    means: dict[str, dict[Dimension | None, float | None]]
    """Their means before, by run and scope; None is the whole score."""

    def crosses(self, gap: Gap) -> bool:
        """Whether a difference is one between the two judges."""
        return (gap.first in self.carried) is not (gap.second in self.carried)

    def scope(self, dimension: Dimension | None) -> ScopeLink:
        """The link of one scope."""
        return self.link.overall if dimension is None else self.link.by_dimension[dimension]

    def adjusted(self, gap: Gap, dimension: Dimension | None, *, tests: int, tested: bool = True) -> Gap:
        """A difference with the link's error in its interval and its p-value.

        Args:
            gap: Between runs on the new judge's scale.
            dimension: Its scope; None for the whole score.
            tests: Differences tested beside it, itself included.
            tested: False where the link's error is not known for the scope, as for a level.

        Returns:
            The same where both runs have one judge; without a value where the old score cannot be carried over.
        """
        if not self.crosses(gap):
            return gap
        scope = self.scope(dimension)
        old = gap.first if gap.first in self.carried else gap.second
        mean = self.means[old][dimension]
        if not tested or scope.error is None or mean is None or scope.carried(mean) is None:
            return _unlinked(gap)
        if gap.value is None:
            return gap
        return _widened(gap, scope.error, scope.groups, tests)


def find_bridge(runs: Sequence[Contestant], link: LinkSource) -> Bridge | None:
    """The link between the judges of `runs`, if there are two and one is known.

    Args:
        runs: Of any judges.
        link: A link or its file; None looks among this user's.

    Raises:
        InputError: the link given is damaged, or is one of other judges, another suite or another view.
    """
    judges = list({identity_digest(run.card.judge): run.card.judge for run in runs}.values())
    given = link if isinstance(link, Link) or link is None else load(link)
    if len(judges) != 2:
        if given is not None:
            raise InputError(f"a link is between two judges; the runs have {len(judges)}")
        return None
    view = runs[0].card.view
    pairs = [(judges[0], judges[1]), (judges[1], judges[0])]
    found = given or next((each for old, new in pairs if (each := find(old, new, view)) is not None), None)
    if found is None:
        return None
    if not any(found.direction(old, new) for old, new in pairs):
        raise InputError(f"the link is from {found.old.name!r} to {found.new.name!r}, not between {_named(judges)}")
    for run in runs:
        if (found.suite.digest, found.view.digest) != (run.card.suite.digest, run.card.view.digest):
            raise InputError(
                f"the link was made on {found.suite.id} {found.suite.version}, view {found.view.name!r}; {run.name!r} "
                "is a run of another view or content, whose scores it says nothing of"
            )
    old = identity_digest(found.old)
    carried = [run for run in runs if identity_digest(run.card.judge) == old]
    means = {run.name: {scope: _mean(run, scope) for scope in (None, *Dimension)} for run in carried}
    return Bridge(found, frozenset(means), means)


def carried_over(runs: Sequence[Contestant], bridge: Bridge) -> list[Contestant]:
    """The runs with the old judge's scores on the new one's scale, where there is a link."""
    return [
        run
        if run.name not in bridge.carried
        else replace(run, tasks={name: _task(task, bridge) for name, task in run.tasks.items()})
        for run in runs
    ]


def _task(task: TaskScore, bridge: Bridge) -> TaskScore:
    parts = {d: _score(score, bridge.scope(d)) for d, score in task.by_dimension.items()}
    return task.model_copy(update={"score": _score(task.score, bridge.scope(None)), "by_dimension": parts})


def _score(score: Score | None, scope: ScopeLink) -> Score | None:
    """A task's score on the new scale: the range holds for means, not for single tasks."""
    if score is None or scope.slope is None or scope.intercept is None:
        return score
    slope, intercept = scope.slope, scope.intercept

    def moved(value: float) -> float:
        return rounded(intercept + slope * value)

    value = None if score.value is None else moved(score.value)
    return score.model_copy(update={"value": value, "low": moved(score.low), "high": moved(score.high), "ci95": None})


def _mean(run: Contestant, dimension: Dimension | None) -> float | None:
    scores = [t.score if dimension is None else t.by_dimension.get(dimension) for t in run.tasks.values()]
    values = [score.value for score in scores if score is not None]
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known and len(known) == len(values) else None


def _unlinked(gap: Gap) -> Gap:
    empty = ("value", "low", "high", "ci95", "simultaneous95", "p", "p_adjusted")
    records = ("wins", "ties", "losses", "net_wins", "net_wins_ci95")
    return gap.model_copy(update=dict.fromkeys((*empty, *records)) | {"reason": "not_linked"})


def _widened(gap: Gap, error: float, groups: int, tests: int) -> Gap:
    """Adds the variance of the link, known from as many generators as it was tested on."""
    from scipy.special import ndtr, stdtrit

    assert gap.value is not None
    value = gap.value

    def around(ends: tuple[float, float] | None, alpha: float) -> tuple[float, float] | None:
        if ends is None:
            return None
        reach = float(stdtrit(groups - 1, 1 - alpha / 2)) * error
        low, high = math.hypot(value - ends[0], reach), math.hypot(ends[1] - value, reach)
        return rounded(value - low), rounded(value + high)

    interval = around(gap.ci95, 0.05)
    p = p_adjusted = None
    if interval is not None:
        toward_zero = value - interval[0] if value > 0 else interval[1] - value
        p = 2 * float(ndtr(-abs(value) * Z / toward_zero)) if toward_zero > 0 else 0.0
        p_adjusted = min(1.0, max(gap.p_adjusted or 0.0, p * tests))
    return gap.model_copy(
        update={
            "ci95": interval,
            "simultaneous95": around(gap.simultaneous95, 0.05 / tests),
            "p": rounded(p),
            "p_adjusted": rounded(p_adjusted),
            "linking_error": error,
        }
    )


def _named(judges: Sequence[Named]) -> str:
    return " and ".join(repr(judge.name) for judge in judges)

"""What a pilot run says about where the next money is best spent: tasks, seeds or votes."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .chat.ledger import Ledger
from .errors import InputError
from .outcomes import outcome_of
from .results import Verdict
from .rubric import Record
from .runs import RunFolder
from .scoring import MICRO, score_criteria
from .stats.planning import detectable_difference, standard_error, variance_components
from .suites.snapshot import SnapshotTask

HALF_WIDTH = 1.96
"""Half a 95 % interval in standard errors."""


class Step(Record):
    """One way to spend more."""

    spend_on: str
    """``nothing``, ``seeds``, ``votes`` or ``tasks``."""
    tasks: int
    seeds: int
    votes: int
    half_width: float
    """Of the 95 % interval, in points."""
    calls: int
    """Judge calls of the whole study, for each model."""
    cost_usd: float | None
    """Of judging it, for each model; None where the pilot's calls had no price."""


class Plan(Record):
    """Where the variance comes from, and what more of each would buy."""

    of: str
    """Whose mean is planned: one model's, or the difference of two."""
    tasks_used: int
    tasks_left_out: int
    """Tasks with a failed video or a missing verdict."""
    task_variance: float
    seed_variance: float | None
    """None with one seed: it then counts as task variance."""
    vote_variance: float | None
    """None with one vote: it then counts as seed variance."""
    detectable: float
    """Smallest true difference found with 80 % power at the pilot's size, in points."""
    steps: tuple[Step, ...]
    best: str | None
    """What narrows the interval most for twice the judge calls; None where nothing narrows it."""

    def lines(self) -> list[str]:
        """For people."""
        parts = [("tasks", self.task_variance), ("seeds", self.seed_variance), ("votes", self.vote_variance)]
        told = ", ".join(f"{name} {'not separable' if v is None else f'{v:.1f}'}" for name, v in parts)
        head = [
            f"planned    {self.of}: {self.tasks_used} tasks used, {self.tasks_left_out} left out as incomplete",
            f"variance   between {told} (points²)",
            f"detects    a true difference of {self.detectable:.1f} points with 80 % power",
            "",
            "spend on    tasks  seeds  votes  ± points    calls   cost",
        ]
        rows = [
            f"{s.spend_on:<10} {s.tasks:>6} {s.seeds:>6} {s.votes:>6} {s.half_width:>9.2f} {s.calls:>8}   "
            + ("—" if s.cost_usd is None else f"${s.cost_usd:.2f}")
            for s in self.steps
        ]
        last = "nothing narrows the interval" if self.best is None else f"most for twice the calls: {self.best}"
        return [*head, *rows, "", last]


def plan(pilot: str | Path, other: str | Path | None = None) -> Plan:
    """Splits the variance of a pilot run and says what to spend on next.

    Args:
        pilot: A graded run folder, best with at least two seeds and two votes.
        other: Another model's run with the same tasks, seeds and votes; the paired difference is then planned, which is
            narrower than either mean.

    Raises:
        InputError: fewer than two complete tasks, or the runs do not match.
    """
    runs = [RunFolder.read(p) for p in (pilot, other) if p is not None]
    tables = [_scores(run) for run in runs]
    common = sorted(set.intersection(*(set(table) for table in tables)))
    if len({(run.manifest.view.digest, run.manifest.seeds, run.manifest.votes) for run in runs}) > 1:
        raise InputError("the two runs differ in view, seeds or votes; plan with runs made alike")
    if len(common) < 2:
        raise InputError(f"a plan needs at least two tasks judged completely, got {len(common)}")
    scores = np.stack([tables[0][task] for task in common])
    if len(tables) == 2:
        scores = scores - np.stack([tables[1][task] for task in common])
    ledger = Ledger.of(runs[0].call_lines()).usage()
    task_variance, seed_variance, vote_variance = _components(scores)
    steps = _steps(scores, (task_variance, seed_variance or 0.0, vote_variance or 0.0), ledger.calls, ledger.cost_usd)
    gains = {s.spend_on: steps[0].half_width - s.half_width for s in steps[1:]}  # each doubles the calls
    best = max(gains, key=lambda name: gains[name])
    names = [run.manifest.generator.name for run in runs]
    return Plan(
        of=names[0] if len(runs) == 1 else f"{names[0]} − {names[1]}",
        tasks_used=len(common),
        tasks_left_out=len(runs[0].snapshot.tasks) - len(common),
        task_variance=round(task_variance, 6),
        seed_variance=None if scores.shape[1] < 2 else round(seed_variance or 0.0, 6),
        vote_variance=None if scores.shape[2] < 2 else round(vote_variance or 0.0, 6),
        detectable=round(detectable_difference(steps[0].half_width / HALF_WIDTH * len(common) ** 0.5, len(common)), 6),
        steps=tuple(steps),
        best=best if gains[best] > 1e-9 else None,
    )


def _scores(run: RunFolder) -> dict[str, NDArray[np.float64]]:
    """Seeds × votes array of scores of every task that was judged completely."""
    manifest, snapshot = run.manifest, run.snapshot
    cast: dict[tuple[str, int, int], dict[str, Verdict]] = defaultdict(dict)
    for verdict in run.verdicts_on(snapshot):
        cast[verdict.task, verdict.seed, verdict.vote][verdict.criterion] = verdict
    votes = 1 + max((vote for _, _, vote in cast), default=0)
    found = {}
    for task in snapshot.tasks:
        rows = [[_score(task, cast.get((task.id, s, v), {})) for v in range(votes)] for s in manifest.seeds]
        if not any(cell is None for row in rows for cell in row):
            found[task.id] = np.array(rows, dtype=np.float64)
    return found


def _score(task: SnapshotTask, verdicts: dict[str, Verdict]) -> float | None:
    """One vote's score of one video; None where a verdict is missing."""
    if any(c.id not in verdicts or verdicts[c.id].is_missing for c in task.criteria):
        return None
    points = score_criteria(task.criteria, {c.id: outcome_of(verdicts[c.id]) for c in task.criteria})
    return None if points is None else points.value / MICRO


def _components(scores: NDArray[np.float64]) -> tuple[float, float | None, float | None]:
    """Variance between tasks, seeds and votes; what cannot be separated stays in the level above."""
    _, seeds, votes = scores.shape
    if seeds < 2:
        if votes < 2:
            return float(scores.mean(axis=(1, 2)).var(ddof=1)), None, None
        found = variance_components(scores[:, 0, :])  # votes stand where seeds would
        return found.task or 0.0, None, found.seed
    found = variance_components(scores if votes > 1 else scores[:, :, 0])
    return found.task or 0.0, found.seed, found.judge


def _steps(
    scores: NDArray[np.float64], variances: tuple[float, float, float], calls: int, cost_usd: float | None
) -> list[Step]:
    tasks, seeds, votes = scores.shape
    between, within, judge = variances

    def step(spend_on: str, tasks_: int, seeds_: int, votes_: int) -> Step:
        error = standard_error(tasks_, between, within, seeds=seeds_, judge=judge, judgings=votes_)
        growth = tasks_ * seeds_ * votes_ / (tasks * seeds * votes)
        return Step(
            spend_on=spend_on,
            tasks=tasks_,
            seeds=seeds_,
            votes=votes_,
            half_width=round(HALF_WIDTH * error, 6),
            calls=round(calls * growth),
            cost_usd=None if cost_usd is None else round(cost_usd * growth, 6),
        )

    return [
        step("nothing", tasks, seeds, votes),
        step("tasks", 2 * tasks, seeds, votes),
        step("seeds", tasks, 2 * seeds, votes),
        step("votes", tasks, seeds, 2 * votes),
    ]

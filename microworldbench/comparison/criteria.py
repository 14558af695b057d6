"""Which criteria runs differ on, in points of their task's score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum

from ..judging.panel import panel_names
from ..outcomes import Outcome
from ..rubric import Polarity
from ..runs import RunFolder
from ..scoring import reduce_verdicts
from ..stats.estimates import rounded
from ..suites.snapshot import SnapshotTask
from .contestants import Contestant
from .records import CriterionGap

Outcomes = Mapping[tuple[str, str], Sequence[Outcome | None]]
"""By task and criterion, one for each seed; None for a video the model failed to make."""


def criterion_gaps(runs: Sequence[Contestant], common: Sequence[str]) -> tuple[CriterionGap, ...]:
    """Criteria of the common tasks on which the runs' points differ, the widest first.

    Returns:
        Nothing where a run's verdicts are not at hand.
    """
    if any(run.folder is None or run.snapshot is None for run in runs):
        return ()
    outcomes = {run.name: outcomes_of(run) for run in runs}
    snapshot = runs[0].snapshot
    assert snapshot is not None
    made = [gap for task in common for gap in _task(snapshot.by_id[task], outcomes)]
    return tuple(sorted(made, key=lambda gap: (-gap.spread, gap.task, gap.criterion)))


def outcomes_of(run: Contestant) -> Outcomes:
    """Every criterion's outcome on every video of a run."""
    assert run.folder is not None
    assert run.snapshot is not None
    folder = RunFolder.read(run.folder)
    manifest = folder.manifest
    failed = {key for key, made in folder.generations().items() if made.status == "failed"}
    outcomes = reduce_verdicts(folder.verdicts_on(run.snapshot), manifest.reducer, panel_names(run.card.judge.settings))
    return {
        (task.id, criterion.id): [
            None if (task.id, seed) in failed else outcomes.get((task.id, seed), {}).get(criterion.id, Outcome.MISSING)
            for seed in manifest.seeds
        ]
        for task in run.snapshot.tasks
        for criterion in task.criteria
    }


def _task(task: SnapshotTask, outcomes: Mapping[str, Outcomes]) -> list[CriterionGap]:
    earned = fsum(c.weight for c in task.criteria if c.polarity is Polarity.REWARD)
    if not earned:
        return []
    made = []
    for criterion in task.criteria:
        whole = 100 * criterion.weight * criterion.polarity.sign / earned
        found = {name: own[task.id, criterion.id] for name, own in outcomes.items()}
        points = {name: rounded(whole * _share(seeds)) for name, seeds in found.items()}
        spread = max(points.values()) - min(points.values())
        if spread <= 0:
            continue
        made.append(
            CriterionGap(
                task=task.id,
                criterion=criterion.id,
                dimension=criterion.dimension,
                polarity=criterion.polarity,
                weight=criterion.weight,
                statement=criterion.statement,
                met={name: _met(seeds) for name, seeds in found.items()},
                points=points,
                spread=rounded(spread),
            )
        )
    return made


def _share(seeds: Sequence[Outcome | None]) -> float:
    return fsum(0.0 if outcome is None else outcome.share for outcome in seeds) / len(seeds)


def _met(seeds: Sequence[Outcome | None]) -> float | None:
    decided = [outcome.met for outcome in seeds if outcome is not None and outcome.met is not None]
    return rounded(sum(decided) / len(decided)) if decided else None

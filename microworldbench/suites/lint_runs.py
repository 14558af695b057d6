"""What only verdicts show about a rubric: criteria that never tell generators apart, and pairs that always agree."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence

from ..results import Verdict
from ..scoring import Outcome, reduce_votes

LEAST_RUNS = 2
LEAST_VIDEOS = 5
"""Videos of one task that must be decided before two criteria can be said to agree always."""

Video = tuple[int, int]
"""Number of the run and seed."""
Found = tuple[str, str, str]
"""Task, criterion, detail."""


def never_telling(runs: Sequence[Sequence[Verdict]]) -> Iterator[Found]:
    """Criteria whose verdict is the same in every run, where at least two runs decided them."""
    for (task, criterion), decided in sorted(_decided(runs).items()):
        in_runs = {run for run, _ in decided}
        if len(in_runs) >= LEAST_RUNS and len(set(decided.values())) == 1:
            said = "met" if next(iter(decided.values())) else "not met"
            yield task, criterion, f"{said} in all {len(decided)} videos of {len(in_runs)} runs"


def twins(runs: Sequence[Sequence[Verdict]]) -> Iterator[Found]:
    """Pairs of criteria of one task that agree in every video, both answers among them."""
    by_task: dict[str, dict[str, dict[Video, bool]]] = defaultdict(dict)
    for (task, criterion), decided in sorted(_decided(runs).items()):
        by_task[task][criterion] = decided
    for task, criteria in by_task.items():
        for (first, a), (second, b) in itertools.combinations(criteria.items(), 2):
            common = a.keys() & b.keys()
            values = {a[video] for video in common}
            if len(common) >= LEAST_VIDEOS and len(values) == 2 and all(a[video] == b[video] for video in common):
                yield task, second, f"agrees with {first} in all {len(common)} videos"


def _decided(runs: Sequence[Sequence[Verdict]]) -> dict[tuple[str, str], dict[Video, bool]]:
    """Met or not met by criterion and video; everything undecided is left out."""
    votes: dict[tuple[str, str, int, int], list[Verdict]] = defaultdict(list)
    for number, verdicts in enumerate(runs):
        for verdict in {v.key: v for v in verdicts}.values():
            votes[verdict.task, verdict.criterion, number, verdict.seed].append(verdict)
    found: dict[tuple[str, str], dict[Video, bool]] = defaultdict(dict)
    for (task, criterion, number, seed), cast in votes.items():
        outcome = reduce_votes(cast)
        if outcome in (Outcome.MET, Outcome.NOT_MET):
            found[task, criterion][number, seed] = outcome is Outcome.MET
    return found

"""Runs of ours in the form of released result files, and back into the audit."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..judging.panel import panel_names
from ..results import Verdict
from ..runs import RunFolder
from ..scoring import Outcome, reduce_votes
from ..suites.released import ReleasedSuite, criterion_id, task_id
from ..suites.released_files import ReleasedTask
from ..suites.released_results import EVALUATIONS, ReleasedResults

Outcomes = dict[str, Outcome]


def results_of_run(path: Path, suite: ReleasedSuite) -> ReleasedResults:
    """The verdicts of a run folder on the released suite, as a result file would hold them.

    Votes are reduced to outcomes; of several seeds the lowest is taken, because the released form has one video a task.

    Raises:
        InputError: It is no run folder, or one of another suite or weight set.
    """
    run = RunFolder.read(path)
    found = run.manifest.suite
    if found.digest != suite.suite.digest:
        raise InputError(
            f"{path} is a run on {found.id} {found.version} ({found.digest[:12]}…), not on these published files with "
            f"{suite.weights} weights ({suite.suite.digest[:12]}…)"
        )
    manifest = run.manifest
    seed = min(manifest.seeds)
    members = () if manifest.judge is None else panel_names(manifest.judge.settings)
    votes: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for verdict in run.verdicts_on(run.snapshot):
        if verdict.seed == seed:
            votes[verdict.task, verdict.criterion].append(verdict)
    outcomes: dict[str, Outcomes] = defaultdict(dict)
    for (task, criterion), cast in votes.items():
        outcomes[task][criterion] = reduce_votes(cast, manifest.reducer, members=members)
    failures = {task for (task, s), g in run.generations().items() if s == seed and g.status == "failed"}
    entries = [_entry(task, outcomes[name]) for task in suite.source if (name := task_id(task.index)) in outcomes]
    failed = frozenset(task.index for task in suite.source if task_id(task.index) in failures)
    return ReleasedResults(path.resolve().name, entries, asked_all=True, failed=failed)


def released_form(results: ReleasedResults) -> list[Any]:
    """`results` as the JSON the released scorer reads: 1 met, 0 not met or cannot tell, null missing.

    A dimension without a single verdict has ``parsed_result: null``, and the released scorer drops its task.
    """

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [plain(inner) for inner in value]
        return 0 if value is Outcome.CANNOT_TELL else value

    return [plain(entry) for entry in results.entries]


def _entry(task: ReleasedTask, outcomes: Outcomes) -> dict[str, Any]:
    entry: dict[str, Any] = {"index": task.index}
    for dimension, key in EVALUATIONS.items():
        found = [outcomes.get(criterion_id(dimension, c.position)) for c in task.in_dimension(dimension)]
        judged = any(outcome not in (None, Outcome.MISSING) for outcome in found)
        scores = [
            _written(outcome, criterion.weight("tiered"))
            for outcome, criterion in zip(found, task.in_dimension(dimension), strict=True)
        ]
        entry[key] = {"raw_response": None, "parsed_result": {"scores": scores} if judged else None}
    return entry


def _written(outcome: Outcome | None, weight: float) -> int | Outcome | None:
    """As the released form has it. ``cannot_tell`` stays what it is: it equals 0 there and widens the bounds here."""
    if outcome in (None, Outcome.MISSING):
        return None if weight else 0  # a criterion of weight 0 is never asked about, and nothing depends on it
    return outcome if outcome is Outcome.CANNOT_TELL else int(outcome is Outcome.MET)

"""The runs to compare: loaded, named apart, and refused where a table of them would mix what must not be mixed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..report import Report
from ..rubric import digest_of
from ..runs import RunFolder
from ..scorecard import Named, Scorecard, TaskScore, ViewReference
from ..suites.snapshot import Snapshot


@dataclass(frozen=True)
class Contestant:
    """A run with its name in tables."""

    name: str
    card: Scorecard
    folder: Path | None
    """None for a report that was not made from a run folder."""
    snapshot: Snapshot | None
    tasks: dict[str, TaskScore]


def load_contestants(
    runs: Sequence[str | os.PathLike[str] | Report], *, across_judges: bool, names: Sequence[str] | None
) -> list[Contestant]:
    """Loads runs and checks that they may stand in one table.

    Raises:
        InputError: fewer than two runs, one given twice, or other suites, views or (without `across_judges`) judges.
    """
    if len(runs) < 2:
        raise InputError(f"comparing needs at least two runs, got {len(runs)}")
    if names is not None and (len(names) != len(runs) or len(set(names)) < len(names)):
        raise InputError(f"names must name each of the {len(runs)} runs once, got {list(names)}")
    reports = [run if isinstance(run, Report) else Report.from_run(run) for run in runs]
    _refuse_repeated(reports)
    shown = list(names) if names is not None else tell_apart(
        [r.scorecard.generator.name for r in reports], [r.run for r in reports]
    )  # fmt: skip
    made = [_contestant(name, report) for name, report in zip(shown, reports, strict=True)]
    for other in made[1:]:
        _refuse_other_suite(made[0], other)
        if not across_judges:
            _refuse_other_judge(made[0], other)
    return made


def tell_apart(names: Sequence[str], folders: Sequence[Path | None]) -> list[str]:
    """Names made unique: by the folder's name where two are equal, then by number."""
    counts = Counter(names)
    made = [
        f"{name} ({folder.resolve().name})" if counts[name] > 1 and folder is not None else name
        for name, folder in zip(names, folders, strict=True)
    ]
    used: set[str] = set()
    for i, name in enumerate(made):
        number = 2
        while made[i] in used:
            made[i] = f"{name} #{number}"
            number += 1
        used.add(made[i])
    return made


def common_view(runs: Sequence[Contestant]) -> tuple[list[str], ViewReference]:
    """The tasks that all runs have, and the view they make.

    Raises:
        InputError: no common task, or a common task was asked with other criteria, weights or another prompt.
    """
    first = runs[0]
    common = [task for task in first.tasks if all(task in run.tasks for run in runs)]
    if not common:
        sizes = ", ".join(f"{run.name!r} has {len(run.tasks)}" for run in runs)
        raise InputError(f"the runs have no task in common ({sizes}); run them on the same tasks")
    if len({run.card.view.digest for run in runs}) == 1:
        return common, first.card.view
    for other in runs[1:]:
        _refuse_other_questions(first, other, common)
    asked = {task: _question(first, task) for task in common}
    digest = digest_of({"suite": first.card.suite.digest, "common": asked})
    return common, ViewReference(name=f"{len(common)} common tasks", digest=digest)


def _contestant(name: str, report: Report) -> Contestant:
    snapshot = None if report.run is None else RunFolder.read(report.run).snapshot
    return Contestant(name, report.scorecard, report.run, snapshot, {task.id: task for task in report.tasks})


def _refuse_repeated(reports: Sequence[Report]) -> None:
    seen: set[Any] = set()
    for report in reports:
        place = id(report) if report.run is None else report.run.resolve()
        if place in seen:
            raise InputError(f"{str(report.run or 'a report')!r} is given twice; a run is not compared with itself")
        seen.add(place)


def _refuse_other_suite(a: Contestant, b: Contestant) -> None:
    one, other = a.card.suite, b.card.suite
    if (one.id, one.version.split("-")[0]) != (other.id, other.version.split("-")[0]):
        raise InputError(
            f"{a.name!r} was run on {one.id} {one.version} and {b.name!r} on {other.id} {other.version}: "
            "their scores are not comparable; run both on one suite"
        )
    if one.digest != other.digest:
        raise InputError(
            f"{a.name!r} and {b.name!r} were run on different contents of {one.id} "
            f"({one.version}, {one.digest[:12]} and {other.version}, {other.digest[:12]}); grade both on the same one"
        )


def _refuse_other_judge(a: Contestant, b: Contestant) -> None:
    if identity_of(a.card.judge) != identity_of(b.card.judge):
        raise InputError(
            f"{a.name!r} was judged by {a.card.judge.name!r} and {b.name!r} by {b.card.judge.name!r}"
            + (" with other settings" if a.card.judge.name == b.card.judge.name else "")
            + "; a difference could be the judge's. Grade both with one judge, or pass --across-judges "
            "(across_judges=True) to compare all the same"
        )


def identity_of(judge: Named) -> str:
    """What tells judges apart: name, version and settings; the recorded digest stands beside them, not for them."""
    return digest_of(judge.model_dump(mode="json"))


def _refuse_other_questions(a: Contestant, b: Contestant, common: Sequence[str]) -> None:
    views = f"views differ ({a.name!r}: {a.card.view.name}; {b.name!r}: {b.card.view.name})"
    if a.snapshot is None or b.snapshot is None:
        raise InputError(f"{views}, and a report without its run folder cannot show that its questions are the same")
    for task in common:
        if _question(a, task) != _question(b, task):
            raise InputError(f"{views}: task {task!r} has other criteria, weights or another prompt; compare one view")


def _question(run: Contestant, task: str) -> dict[str, Any]:
    assert run.snapshot is not None
    asked = run.snapshot.by_id[task]
    criteria = [[c.id, c.digest, c.weight, c.polarity.value, c.dimension.value] for c in asked.criteria]
    return {"prompt": asked.prompt_sha256, "criteria": criteria}

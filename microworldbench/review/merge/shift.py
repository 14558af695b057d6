"""What a revision does to the scores of stored runs: verdicts on untouched criteria stay valid, the rest is open."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError
from ...judging.panel import panel_names
from ...rubric import Criterion, Level, Suite
from ...runs import RunFolder
from ...scorecard import Score
from ...scoring import score
from .records import Shift


@dataclass(frozen=True)
class _Task:
    id: str
    level: Level
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True)
class _Scope:
    """The part of the child that a run was asked about."""

    tasks: Sequence[_Task]


def shift_of(path: str | os.PathLike[str], parent: Suite, child: Suite, where: Path) -> Shift:
    """How the score of the run at `path` changes from `parent` to `child`.

    Args:
        path: A graded run on the parent.
        parent: The suite before.
        child: The suite after.
        where: The folder the child lies in, for the command that judges what was touched.

    Raises:
        InputError: it is no graded run, or one on another suite.
    """
    run = RunFolder.read(path)
    manifest, snapshot = run.manifest, run.snapshot
    if manifest.judge is None:
        raise InputError(f"{str(path)!r} holds videos but no verdicts, so it has no score that could change")
    if manifest.suite.digest != parent.digest:
        raise InputError(
            f"{str(path)!r} is a run on {manifest.suite.id} {manifest.suite.version} ({manifest.suite.digest[:12]}), "
            f"not on the suite that was revised, {parent.id} {parent.version} ({parent.digest[:12]})"
        )
    measured = snapshot.view.selection.get("criteria") == "measured"
    scope = _scope(child, set(snapshot.by_id), measured=measured)
    verdicts, held = run.verdicts_on(snapshot), snapshot.digests
    wanted = {(task.id, c.id): c.digest for task in scope.tasks for c in task.criteria}
    kept = [v for v in verdicts if wanted.get((v.task, v.criterion)) == v.criterion_digest]
    failed = {key for key, made in run.generations().items() if made.status == "failed" and key[0] in snapshot.by_id}
    still = {(task, seed) for task, seed in failed if any(t.id == task for t in scope.tasks)}
    members = panel_names(manifest.judge.settings)
    rules = {"seeds": manifest.seeds, "max_missing": 1.0, "reducer": manifest.reducer, "members": members}
    before = score(verdicts, snapshot, failed=failed, **rules).overall  # type: ignore[arg-type]
    after = score(kept, scope, failed=still, **rules).overall if scope.tasks else None  # type: ignore[arg-type]
    asked = {(t, seed, c) for t, c in wanted for seed in manifest.seeds if (t, seed) not in still}
    unchanged = {key for key in asked if held.get((key[0], key[2])) == wanted[key[0], key[2]]}
    touched = len(asked) - len(unchanged)
    return Shift(
        run=Path(path).name,
        generator=manifest.generator.name,
        judge=manifest.judge.name,
        before=before,
        after=after,
        change=_change(before, after),
        touched=touched,
        kept=len(unchanged),
        judge_again=_command(path, manifest.judge.name, where) if touched else None,
    )


def _scope(child: Suite, tasks: set[str], *, measured: bool) -> _Scope:
    kept = []
    for task in child.tasks:
        criteria = tuple(c for c in task.criteria if not measured or c.measurement is not None)
        if task.id in tasks and criteria:
            kept.append(_Task(task.id, task.level, criteria))
    return _Scope(kept)


def _change(before: Score | None, after: Score | None) -> float | None:
    if before is None or after is None or before.value is None or after.value is None:
        return None
    return round(after.value - before.value, 6) + 0.0


def _command(run: str | os.PathLike[str], judge: str, child: Path) -> str:
    again = "measured" if judge == "measured" else f"cascade:replay:{run},{judge}"
    parts = ["mwb", "grade", "--suite", str(child), "--videos-from", str(run), "--judge", again]
    return shlex.join([*parts, "--out", f"{run}-revised"])

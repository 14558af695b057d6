"""`link`: an anchor set judged by two judges makes a link between them.

The anchors are stored videos of at least four generators, beside the simulated controls: a link fitted on simulations
alone does not transport to generated video, and `ScopeLink.simulated_only_error` says by how much.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

from ..certificate import identity_digest
from ..errors import InputError
from ..jobs import Job, grade_job
from ..judging.effort import Effort
from ..judging.protocol import Judge
from ..links import FILE, Anchor, Link, ScopeLink
from ..preparation import prepare_grading
from ..progress import Progress
from ..report import Report
from ..rubric import Dimension
from ..runs import RunFolder, now
from ..scorecard import Named, Score, TaskScore
from ..sealed import store_sealed
from ..stats.linking import LEAST_GROUPS, Paired, fit_link, transport_error
from .certifying import Examination, carry_out

Part = Callable[[TaskScore], Score | None]
FAITHFUL, VIOLATED = "simulated, faithful", "simulated, violated"
"""The simulated clips' groups."""


@dataclass(frozen=True)
class Linking:
    """Two judges and their anchors, resolved and checked; nothing was asked."""

    new: Examination
    old: Examination
    anchors: tuple[Path, ...]
    suite: object = None

    def jobs(self, out: Path) -> list[tuple[Job, Path, Path]]:
        """What is to be judged beside the controls: job, anchor and folder, without what an anchor already holds."""
        found = []
        for number, anchor in enumerate(self.anchors, start=1):
            for side, exam in (("old", self.old), ("new", self.new)):
                if not _is_judged_by(anchor, exam.judge):
                    folder = out / "anchors" / f"{number}-{side}"
                    job = prepare_grading(folder, exam.judge, self.suite, videos_from=anchor, votes=exam.votes)
                    found.append((job, anchor, folder))
        return found


def prepare_link(
    new: Examination, old: Examination, anchors: Sequence[str | os.PathLike[str]], *, suite: object = None
) -> Linking:
    """Checks the anchors before anything is spent.

    Args:
        new: The judge whose scale scores are carried to.
        old: The judge whose scores are to survive.
        anchors: Run folders with stored videos of one generator each.
        suite: Where the anchors' suite is, if its name alone does not say.

    Raises:
        InputError: fewer than four generators, anchors of other suites or views, or one judge given twice.
    """
    if new.judge.identity.digest == old.judge.identity.digest:
        raise InputError(f"{new.judge.identity.name!r} is given twice; a link leads from one judge to another")
    folders = tuple(Path(anchor) for anchor in anchors)
    manifests = [RunFolder.read(folder).manifest for folder in folders]
    generators = {(m.generator.name, m.generator.version) for m in manifests}
    if len(generators) < LEAST_GROUPS:
        raise InputError(
            f"not linkable: the anchors hold videos of {len(generators)} generators, at least {LEAST_GROUPS} are "
            "needed; give more run folders with --anchor"
        )
    for manifest, folder in zip(manifests, folders, strict=True):
        if (manifest.suite.digest, manifest.view.digest) != (manifests[0].suite.digest, manifests[0].view.digest):
            raise InputError(
                f"{str(folder)!r} holds {manifest.suite.id} {manifest.suite.version}, view {manifest.view.name!r}, and "
                f"{str(folders[0])!r} another; anchors are runs of one view"
            )
    return Linking(new, old, folders, suite)


def link(linking: Linking, out: Path, *, progress: Progress | None = None, **effort: Unpack[Effort]) -> Link:
    """Judges what is open, fits a link per dimension and writes ``link.json`` into `out`.

    The new judge's certificate is made on the way. What an anchor's own run already holds is not asked again, and the
    same call continues.

    Args:
        linking: From `prepare_link`.
        out: The folder of the new judge's control run; everything else lies in it.
        progress: Told what happens.
        **effort: As for `certify`; a budget holds for each run folder.

    Raises:
        RunStoppedError: a judge became unavailable or the budget is reached; the same call continues.
    """
    carry_out(linking.new, out, progress=progress, **effort)
    carry_out(linking.old, out / "old", progress=progress, **effort)
    for job, anchor, folder in linking.jobs(out):
        grade_job(job, folder, videos_from=anchor, progress=progress, **effort)
    made = link_of(linking, out)
    store_sealed(out / FILE, made)
    return made


def link_of(linking: Linking, out: Path) -> Link:
    """The link that follows from what the folders hold; nothing is asked."""
    first = RunFolder.read(linking.anchors[0]).manifest
    by_anchor = [
        tuple(_report(anchor, exam.judge, out / "anchors" / f"{number}-{side}") for side, exam in _sides(linking))
        for number, anchor in enumerate(linking.anchors, start=1)
    ]
    controls = tuple(Report.from_run(folder) for folder in (out / "old", out))
    scopes: dict[Dimension | None, Part] = {None: lambda task: task.score}
    scopes |= {d: lambda task, at=d: task.by_dimension.get(at) for d in Dimension}  # type: ignore[misc]
    links = {
        scope: _scope(_groups(by_anchor, part), _simulated(linking, controls, part)) for scope, part in scopes.items()
    }
    made = Link(
        old=_named(linking.old.judge),
        new=_named(linking.new.judge),
        suite=first.suite,
        view=first.view,
        anchors=tuple(
            Anchor(generator=RunFolder.read(folder).manifest.generator, videos=reports[0].coverage.videos)
            for folder, reports in zip(linking.anchors, by_anchor, strict=True)
        ),
        clips=len(linking.new.battery.clips),
        overall=links[None],
        by_dimension={d: links[d] for d in Dimension},
        created=now(),
    )
    return made.sealed()


def _sides(linking: Linking) -> tuple[tuple[str, Examination], ...]:
    return ("old", linking.old), ("new", linking.new)


def _scope(generators: Mapping[str, Paired], simulated: Mapping[str, Paired]) -> ScopeLink:
    """Fits one scope; the number of generators counts, not that of the simulated groups."""
    enough = sum(bool(pair[0]) for pair in generators.values()) >= LEAST_GROUPS
    fit = fit_link({**generators, **simulated} if enough else {})
    return ScopeLink(
        slope=_rounded(fit.slope),
        intercept=_rounded(fit.intercept),
        reason=fit.reason,
        correlation=_rounded(fit.correlation),
        error=_rounded(fit.error),
        errors={name: round(error, 6) for name, error in fit.errors.items()},
        low=_rounded(fit.low),
        high=_rounded(fit.high),
        simulated_only_error=_rounded(transport_error(simulated, generators)),
        n=fit.n,
        groups=sum(bool(pair[0]) for pair in (*generators.values(), *simulated.values())),
    )


def _groups(reports: Sequence[tuple[Report, ...]], part: Part) -> dict[str, Paired]:
    """Task scores by the old judge and the new one, by generator; tasks a generator failed on are left out."""
    found: dict[str, tuple[list[float], list[float]]] = {}
    for old, new in reports:
        generator = old.scorecard.generator
        name = f"{generator.name} {generator.version}" if generator.version else generator.name
        first, second = found.setdefault(name, ([], []))
        _collect(first, second, old, new, part)
    return dict(found)


def _simulated(linking: Linking, controls: tuple[Report, ...], part: Part) -> dict[str, Paired]:
    """The same of the control clips, each a task of its own."""
    old, new = controls
    clips = linking.new.battery.by_id
    found: dict[str, Paired] = {}
    for name, is_faithful in ((FAITHFUL, True), (VIOLATED, False)):
        first: list[float] = []
        second: list[float] = []
        kept = {i for i, clip in clips.items() if (clip.recipe.label == "faithful") is is_faithful}
        _collect(first, second, old, new, part, kept)
        found[name] = (first, second)
    return found


def _collect(
    first: list[float], second: list[float], old: Report, new: Report, part: Part, kept: set[str] | None = None
) -> None:
    others = {task.id: task for task in new.tasks}
    for task in old.tasks:
        other = others.get(task.id)
        if other is None or task.failed or other.failed or (kept is not None and task.id not in kept):
            continue
        a, b = part(task), part(other)
        if a is not None and b is not None and a.value is not None and b.value is not None:
            first.append(a.value)
            second.append(b.value)


def _report(anchor: Path, judge: Judge, graded: Path) -> Report:
    return Report.from_run(anchor if _is_judged_by(anchor, judge) else graded)


def _is_judged_by(anchor: Path, judge: Judge) -> bool:
    """Whether a run holds this judge's verdicts already."""
    held = RunFolder.read(anchor).manifest.judge
    return held is not None and identity_digest(held) == judge.identity.digest


def _named(judge: Judge) -> Named:
    identity = judge.identity
    return Named(name=identity.name, settings=identity.settings, digest=identity.digest)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6) + 0.0


def describe(found: Link) -> list[str]:
    """A link in lines for people."""
    lines = [f"link from {found.old.name} to {found.new.name}, on {found.suite.id} {found.suite.version}"]
    lines.append(
        f"anchors: {sum(a.videos for a in found.anchors)} videos of {len({a.generator.name for a in found.anchors})} "
        f"generators, {found.clips} simulated clips"
    )
    names: list[tuple[str, ScopeLink]] = [("overall", found.overall)]
    names += [(d.value.replace("_", " "), scope) for d, scope in found.by_dimension.items()]
    return [*lines, *(f"  {name:<22} {_told(scope)}" for name, scope in names)]


def _told(scope: ScopeLink) -> str:
    if scope.slope is None or scope.error is None:
        return f"not linkable: {REASONS[scope.reason or 'too_few']}" + _numbers(scope)
    return (
        f"new = {scope.intercept:.1f} + {scope.slope:.2f} · old for {scope.low:.1f} to {scope.high:.1f}, "
        f"error {scope.error:.1f} points" + _numbers(scope)
    )


def _numbers(scope: ScopeLink) -> str:
    parts = [] if scope.correlation is None else [f"correlation {scope.correlation:.2f}"]
    if scope.slope is None and scope.error is not None:
        parts.append(f"error {scope.error:.1f} points")
    if scope.simulated_only_error is not None:
        parts.append(f"fitted on simulations alone {scope.simulated_only_error:.1f}")
    return f" ({', '.join(parts)})" if parts else ""


REASONS: dict[str, Any] = {
    "too_few": f"fewer than {LEAST_GROUPS} generators have scores",
    "no_variation": "the scores of one judge do not vary",
    "disagree": "the judges disagree in kind",
    "too_wide": "the error is too wide to carry anything over",
}

"""A run resolved and checked, then carried out: what `evaluation` and the command line are made of.

`prepare` turns what was written into a `Job` before anything is spent; `run_job`, `generate_job` and `grade_job` carry
one out in a run folder.
"""

from __future__ import annotations

import operator
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack, get_args

from . import references
from .certificate import attach
from .errors import InputError, RunConflictError, RunStoppedError, UnknownNameError
from .generation.generate import generate as generate_videos
from .generation.request import NamedGenerator
from .judging.effort import Effort
from .judging.grade import grade as grade_videos
from .judging.protocol import Judge
from .outcomes import Reducer
from .progress import Progress, Silent
from .report import Report
from .resume import continued
from .rubric import digest_of
from .runs import Manifest, RunFolder, now, package_versions
from .scorecard import Named, SuiteReference, ViewReference
from .scoring import MAX_MISSING
from .suites.snapshot import snapshot
from .suites.view import View

if TYPE_CHECKING:
    from .generation.folders import FolderScan

Missing = Literal["refuse", "skip", "fail"]


@dataclass(frozen=True)
class Job:
    """Everything a run needs, resolved and checked; nothing has been spent or written."""

    generator: NamedGenerator
    view: View
    judge: Judge | None
    seeds: tuple[int, ...]
    votes: int
    max_missing: float
    scan: FolderScan | None = None
    reducer: Reducer = "majority"
    unanswered: tuple[str, ...] = ()
    """Tasks left out of the view because the generator declares that it cannot be asked for them."""
    is_control: bool = False
    """True where the videos are there to test the judge: such a run carries no certificate of it."""

    @property
    def reach(self) -> str | None:
        """What to tell where the generator does not answer every task."""
        if not self.unanswered:
            return None
        kept, asked = len(self.view.tasks), len(self.view.tasks) + len(self.unanswered)
        return (
            f"{self.generator.name} answers {kept} of the {asked} tasks asked for; the others are left out "
            "(--missing fail counts them as failures)"
        )

    @property
    def manifest(self) -> Manifest:
        """What the run folder is to say about itself."""
        suite, generator = self.view.suite, self.generator
        return Manifest(
            suite=SuiteReference(id=suite.id, version=suite.version, digest=suite.digest),
            view=ViewReference(name=self.view.name, digest=self.view.digest),
            selection=self.view.selection,
            generator=Named(name=generator.name, version=generator.version, settings=dict(generator.settings)),
            judge=None if self.judge is None else _as_asked(self.judge, self.votes, self.reducer),
            seeds=self.seeds,
            votes=self.votes,
            reducer=self.reducer,
            max_missing=self.max_missing,
            packages=package_versions(),
            created=now(),
        )

    def open(self, path: Path, *, resume: bool = True) -> RunFolder:
        """Opens the run folder for writing: a new one, or one that this job continues.

        Raises:
            RunConflictError: it holds another run, or another process is writing to it.
        """
        run = RunFolder.write(path)
        try:
            old = run.manifest if run.exists else None
            job = self if old is None else self._joining(old)
            manifest, kept = job.manifest, snapshot(job.view)
            if old is not None:
                if not resume:
                    raise RunConflictError(f"{str(path)!r} already holds a run; choose another --out")
                manifest = continued(path, old, manifest, run.snapshot, kept)
            run.replace("suite.json", kept)
            run.replace("manifest.json", manifest)
        except BaseException:
            run.close()
            raise
        return run

    def _joining(self, old: Manifest) -> Job:
        """This job beside what is there: videos that join a graded run will be judged by its criteria."""
        if self.judge is not None or old.judge is None:
            return self
        chosen = self.view.selection | {"criteria": old.selection.get("criteria", "all")}
        return replace(self, view=View.of(self.view.suite, **chosen))


def prepare(
    generator: object,
    suite: object = "core",
    judge: object = ...,
    *,
    generator_settings: Mapping[str, object] | None = None,
    judge_settings: Mapping[str, object] | None = None,
    frames: int | None = None,
    name: str | None = None,
    weights: str = "tiered",
    seeds: int | Sequence[int] = 1,
    votes: int = 1,
    reducer: Reducer = "majority",
    max_missing: float = MAX_MISSING,
    missing: Missing = "refuse",
    selection: Mapping[str, Any] | None = None,
) -> Job:
    """Resolves and checks everything before anything is spent.

    Args:
        generator: As for `evaluate`.
        suite: As for `evaluate`.
        judge: As for `evaluate`; left out for a run that only generates.
        generator_settings: Settings of a generator given by name.
        judge_settings: Settings of a judge given by name.
        frames: Frames shown to the judge.
        name: Shown instead of the generator's own name.
        weights: Weight set of ``released:`` suites.
        seeds: A number or a list.
        votes: Answers per criterion.
        reducer: How votes become one outcome: ``majority``, ``unanimous`` or ``first``.
        max_missing: Share of criteria that may be missing.
        missing: What to do with ``folder:`` tasks without a readable video. Tasks that a generator declares not to
            answer are left out, or with ``fail`` counted as failures.
        selection: Arguments of `View.of`.

    Raises:
        InputError: something is wrong; the message says what and how to go on.
    """
    if votes < 1:
        raise InputError(f"votes must be at least 1, got {votes}")
    if reducer not in get_args(Reducer):
        raise UnknownNameError("reducer", reducer, get_args(Reducer))
    if not 0 <= max_missing <= 1:
        raise InputError(f"max_missing must be between 0 and 1, got {max_missing}")
    wanted = _seeds(seeds)
    loaded = references.resolve_suite(suite, weights=weights)
    chosen = {k: v for k, v in (selection or {}).items() if v is not None}
    view = View.of(loaded, **chosen, weights=weights if loaded.id == "released" else None)
    made_by = references.resolve_generator(generator, generator_settings, name=name)
    graded_by = None if judge is ... else references.resolve_judge(judge, judge_settings, frames=frames)
    if graded_by is not None:
        for task in view.tasks:
            graded_by.groups(task, task.criteria)  # unknown measurements surface here
    job = Job(made_by, view, graded_by, wanted, votes, max_missing, reducer=reducer)
    return _with_folder(_within_reach(job, chosen, missing), chosen, missing)


def _within_reach(job: Job, chosen: Mapping[str, Any], missing: Missing) -> Job:
    """Leaves out the tasks a generator says it does not answer, unless they are to count as failures."""
    answers = job.generator.answers
    if answers is None or missing == "fail":
        return job
    beyond = tuple(task.id for task in job.view.tasks if not answers(task.id))
    if not beyond:
        return job
    if len(beyond) == len(job.view.tasks):
        known = ", ".join(task.id for task in job.view.suite.tasks if answers(task.id)) or "none of the suite"
        name, asked = job.generator.name, len(beyond)
        raise InputError(f"{name!r} answers none of the {asked} tasks asked for; it answers: {known}")
    view = View.of(job.view.suite, **{**chosen, "without": beyond}, weights=job.view.weights)
    return replace(job, view=view, unanswered=beyond)


def _with_folder(job: Job, chosen: Mapping[str, Any], missing: Missing) -> Job:
    """Applies the policy on missing videos where the generator is a folder."""
    if not job.generator.references_files:
        return job
    from .generation.folders import FolderGenerator, scan_folder

    folder = job.generator.call
    if not isinstance(folder, FolderGenerator):
        return job
    scan = scan_folder(folder.path, [task.id for task in job.view.tasks], job.seeds, decode=True)
    if scan.duplicates:
        raise InputError("\n".join(["more than one video for the same task and seed:", *scan.describe()]))
    if not scan.missing and not scan.unreadable:
        return replace(job, scan=scan)
    without = sorted({task for task, _ in scan.lacking})
    if missing == "refuse":
        raise InputError(
            "\n".join(
                [
                    f"{len(without)} of {len(job.view.tasks)} tasks have no readable video in {str(folder.path)!r}:",
                    *scan.describe(),
                    "--missing skip leaves these tasks out; --missing fail counts them as failures of the model",
                ]
            )
        )
    if missing == "skip":
        view = View.of(job.view.suite, **{**chosen, "without": without}, weights=job.view.weights)
        return replace(job, view=view, scan=scan)
    return replace(job, generator=replace(job.generator, call=folder.failing(scan)), scan=scan)


def prepare_grading(
    out: str | os.PathLike[str],
    judge: object = None,
    suite: object = None,
    *,
    videos_from: str | os.PathLike[str] | None = None,
    votes: int = 1,
    weights: str | None = None,
    max_missing: float | None = None,
    seeds: int | Sequence[int] | None = None,
    selection: Mapping[str, Any] | None = None,
    **options: Any,
) -> Job:
    """Resolves and checks a pass that judges stored videos; what is not said is as the videos were made for.

    Raises:
        InputError: something is wrong; nothing was spent.
    """
    made = RunFolder.read(videos_from if videos_from is not None else out).manifest
    wanted = made.seeds if seeds is None else _seeds(seeds)
    if strange := sorted(set(wanted) - set(made.seeds)):
        raise InputError(f"no videos were made for seeds {strange}; there are those of {list(made.seeds)}")
    chosen = made.selection | {k: v for k, v in (selection or {}).items() if v is not None}
    kept_weights = chosen.pop("weights", None)
    if judge is None and made.judge is None:
        if (selection or {}).get("criteria") == "all":
            raise InputError("criteria 'all' needs a judge: without one, only what pixels can decide is judged")
        chosen["criteria"] = "measured"
    return prepare(
        _kept(made),
        suite if suite is not None else _suite_of(made),
        judge,
        weights=weights or kept_weights or "tiered",
        selection=chosen,
        seeds=wanted,
        votes=votes,
        max_missing=made.max_missing if max_missing is None else max_missing,
        **options,
    )


def run_job(
    job: Job,
    path: Path,
    *,
    resume: bool = True,
    copy_videos: bool = False,
    progress: Progress | None = None,
    **effort: Unpack[Effort],
) -> Report:
    """Generates, judges and reports; the report is saved however the run ends."""
    progress = progress or Silent()
    with job.open(path, resume=resume) as run:
        try:
            _generate(run, job, effort.get("workers", 8), copy_videos, progress)
            _grade(run, job, progress, effort)
        finally:
            progress.finish()
            report = _save_report(run, job)
    return report


def generate_job(
    job: Job,
    path: Path,
    *,
    workers: int = 8,
    copy_videos: bool = False,
    resume: bool = True,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Makes the videos of `job`; returns how many are ok, failed and missing."""
    progress = progress or Silent()
    with job.open(path, resume=resume) as run:
        try:
            _generate(run, job, workers, copy_videos, progress)
        finally:
            progress.finish()
        asked = {(task.id, seed) for task in job.view.tasks for seed in job.seeds}
        made = Counter(record.status for key, record in run.generations().items() if key in asked)
    return {status: made[status] for status in ("ok", "failed", "missing")}


def grade_job(
    job: Job,
    path: Path,
    *,
    videos_from: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    **effort: Unpack[Effort],
) -> Report:
    """Judges and reports; the report is saved however the pass ends."""
    progress = progress or Silent()
    with job.open(path) as run:
        if videos_from is not None:
            _take_over(run, RunFolder.read(videos_from), job)
        try:
            _grade(run, job, progress, effort)
        finally:
            progress.finish()
            report = _save_report(run, job)
    return report


def _generate(run: RunFolder, job: Job, workers: int, copy_videos: bool, progress: Progress) -> None:
    generate_videos(
        run, job.view, job.generator, seeds=job.seeds, workers=workers, copy_videos=copy_videos, progress=progress
    )


def _grade(run: RunFolder, job: Job, progress: Progress, effort: Effort) -> None:
    assert job.judge is not None
    grade_videos(run, job.view, job.judge, seeds=job.seeds, votes=job.votes, progress=progress, **effort)


def _as_asked(judge: Judge, votes: int, reducer: Reducer) -> Named:
    """A judge with how often it is asked and how its votes are reduced, where that can change an outcome."""
    identity = judge.identity
    if votes == 1 or judge.deterministic:
        return Named(name=identity.name, settings=identity.settings, digest=identity.digest)
    settings = identity.settings | {"votes": votes, "reducer": reducer}
    return Named(name=identity.name, settings=settings, digest=digest_of({"name": identity.name, "settings": settings}))


def default_out(job: Job) -> Path:
    """``mwb-runs/<date>-<generator>-<suite>`` in the working directory."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", job.generator.name).strip("-.") or "generator"
    return Path("mwb-runs") / f"{date.today().isoformat()}-{name[:60]}-{job.view.suite.id}"


def _seeds(seeds: int | Sequence[int]) -> tuple[int, ...]:
    try:
        wanted = tuple(_whole(s) for s in seeds) if isinstance(seeds, Iterable) else tuple(range(_whole(seeds)))
    except TypeError:
        wanted = ()
    if not wanted or min(wanted) < 0:
        raise InputError(f"seeds must be a number of at least 1, or a list of whole numbers, got {seeds!r}")
    if len(set(wanted)) < len(wanted):
        raise InputError(f"seeds holds a number twice: {list(wanted)}")
    return wanted


def _whole(number: object) -> int:
    """A whole number, numpy's included; a bool is none."""
    if isinstance(number, bool):
        raise TypeError
    return operator.index(number)  # type: ignore[arg-type]


def _save_report(run: RunFolder, job: Job) -> Report:
    judge = run.manifest.judge
    if judge is not None and not job.is_control:
        attach(judge, run.path)
    report = Report.from_run(run.path)
    run.replace("report.json", report.to_dict())
    return report


def _suite_of(made: Manifest) -> object:
    if made.suite.id == "released":
        raise InputError("the videos were made for the released suite; say where it is: --suite released:PATH")
    return made.suite.id


def _kept(made: Manifest) -> NamedGenerator:
    """The generator of a run whose videos are all there already."""

    def refuse(request: Any) -> Any:
        raise RunStoppedError(f"no video is made while grading, asked for {request.task_id!r}")

    generator = made.generator
    return NamedGenerator(generator.name, refuse, version=generator.version, settings=generator.settings)


def _take_over(run: RunFolder, source: RunFolder, job: Job) -> None:
    """Records another run's generations, its videos referenced where they lie."""
    have = run.generations()
    for (task, seed), generation in source.generations().items():
        if (task, seed) in have or seed not in job.seeds or task not in {t.id for t in job.view.tasks}:
            continue
        video = generation.video
        if video is not None:
            place = (source.path / video.path).resolve()
            generation = generation.model_copy(update={"video": video.model_copy(update={"path": str(place)})})  # noqa: PLW2901
        run.append(generation)

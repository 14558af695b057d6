"""A run that is resolved and checked, and carrying it out in a run folder.

`preparation` makes a `Job`; `run_job`, `generate_job` and `grade_job` carry one out.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from .certificate import attach
from .errors import RunConflictError
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
from .suites.snapshot import snapshot
from .suites.view import View

if TYPE_CHECKING:
    from .generation.folders import FolderScan


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


def _save_report(run: RunFolder, job: Job) -> Report:
    judge = run.manifest.judge
    if judge is not None and not job.is_control:
        attach(judge, run.path)
    report = Report.from_run(run.path)
    run.replace("report.json", report.to_dict())
    return report


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

"""From what was written to a `Job`, resolved and checked before anything is spent."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

from . import references
from .errors import InputError, RunStoppedError, UnknownNameError
from .generation.request import NamedGenerator
from .jobs import Job
from .outcomes import Reducer
from .runs import Manifest, RunFolder
from .scoring import MAX_MISSING
from .suites.view import View

Missing = Literal["refuse", "skip", "fail"]
MOST_SEEDS = 100_000


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


def _seeds(seeds: int | Sequence[int]) -> tuple[int, ...]:
    if isinstance(seeds, int) and seeds > MOST_SEEDS:
        raise InputError(f"seeds must be at most {MOST_SEEDS:,} a task, got {seeds!r}")
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

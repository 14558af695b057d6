"""The main path: a generator, a suite and a judge make a report.

`evaluate` reads aloud: resolve what was written, check it before anything is spent, open the run folder, generate,
grade, report. `generate`, `grade` and `score` are its parts, each of which can be repeated alone.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from .chat.attempts import RetryPolicy
from .jobs import Job, default_out, generate_job, grade_job, run_job
from .judging.effort import Effort
from .outcomes import Reducer
from .preparation import Missing, prepare, prepare_grading
from .progress import Progress
from .report import Report
from .scoring import MAX_MISSING

__all__ = ["Job", "default_out", "evaluate", "generate", "generate_job", "grade", "grade_job", "prepare"]
__all__ += ["prepare_grading", "run_job"]


def evaluate(
    generator: object,
    suite: object = "core",
    judge: object = None,
    out: str | os.PathLike[str] | None = None,
    *,
    name: str | None = None,
    limit: int | None = None,
    level: str | Collection[str] | None = None,
    tasks: Collection[str] | None = None,
    seeds: int | Sequence[int] = 1,
    votes: int = 1,
    reducer: Reducer = "majority",
    frames: int | None = None,
    criteria: Literal["all", "measured"] = "all",
    missing: Missing = "refuse",
    workers: int = 8,
    max_cost: float | None = None,
    max_missing: float = MAX_MISSING,
    resume: bool = True,
    weights: Literal["tiered", "raw"] = "tiered",
    prompt_field: Literal["task", "requirement"] = "task",
    generator_settings: Mapping[str, object] | None = None,
    judge_settings: Mapping[str, object] | None = None,
    copy_videos: bool = False,
    retry: RetryPolicy | None = None,
    rpm: int | None = None,
    tpm: int | None = None,
    challenge: float = 0.0,
    progress: Progress | None = None,
) -> Report:
    """Scores a generator on a suite. Works inside a running event loop.

    Args:
        generator: An object with ``generate(request)``, a callable, a registered name or a reference
            (``folder:PATH``, ``module:attribute``, a YAML file).
        suite: ``core``, ``released:PATH``, a folder, a registered name or a `Suite`.
        judge: A judge or a reference (``openai:MODEL``, ``measured``, ``replay:PATH``, ``cascade:a,b``). None takes
            the measured judge on the measured criteria, so that nothing is ever spent unasked.
        out: The run folder; by default ``mwb-runs/<date>-<generator>-<suite>``. An unfinished run there is continued.
        name: Shown instead of the generator's own name.
        limit: Only the first tasks.
        level: Only these levels.
        tasks: Only these task ids.
        seeds: A number K (seeds 0…K-1) or a list. Scores are averaged over seeds, never the best of them.
        votes: Answers per criterion.
        reducer: How votes become one outcome: ``majority``, ``unanimous`` or ``first``.
        frames: Frames shown to the judge (8 unless its settings say otherwise).
        criteria: ``measured`` keeps only criteria that pixels decide.
        missing: For ``folder:`` tasks without a readable video: refuse, skip the task, or count the model as failed.
            Tasks that a generator declares not to answer are left out, or with ``fail`` counted as failures.
        workers: Judge and API calls in flight; fewer while a judge's server answers 429.
        max_cost: Cap in USD on everything the run folder spends.
        max_missing: Share of criteria that may be missing before point values are withheld.
        resume: False refuses a folder that already holds a run.
        weights: Weight set of ``released:`` suites.
        prompt_field: Which text of a task the generator is given.
        generator_settings: Settings of a generator given by name.
        judge_settings: Settings of a judge given by name.
        copy_videos: Copy the user's own files into the run folder.
        retry: How failed judge calls are repeated.
        rpm: Requests a minute, at most, to each judge.
        tpm: Tokens a minute, at most, to each judge.
        challenge: Share of met verdicts asked again with another task's frames: what stays met is ungrounded.
        progress: Told what happens.

    Returns:
        The report, also saved as ``report.json`` in the run folder.

    Raises:
        InputError: something passed is wrong; nothing was spent.
        RunStoppedError: the run ended early (budget, unavailable judge, full disk …); the report of what there is was
            saved, and the same call continues.
    """
    job = prepare(
        generator,
        suite,
        judge,
        generator_settings=generator_settings,
        judge_settings=judge_settings,
        frames=frames,
        name=name,
        weights=weights,
        seeds=seeds,
        votes=votes,
        reducer=reducer,
        max_missing=max_missing,
        missing=missing,
        selection=_selection(limit, level, tasks, "measured" if judge is None else criteria, prompt_field),
    )
    return run_job(
        job,
        Path(out) if out is not None else default_out(job),
        workers=workers,
        max_cost=max_cost,
        resume=resume,
        copy_videos=copy_videos,
        retry=retry,
        rpm=rpm,
        tpm=tpm,
        challenge=challenge,
        progress=progress,
    )


def generate(
    generator: object,
    suite: object = "core",
    out: str | os.PathLike[str] | None = None,
    *,
    limit: int | None = None,
    level: str | Collection[str] | None = None,
    tasks: Collection[str] | None = None,
    criteria: Literal["all", "measured"] | None = None,
    prompt_field: Literal["task", "requirement"] | None = None,
    workers: int = 8,
    copy_videos: bool = False,
    resume: bool = True,
    progress: Progress | None = None,
    **options: Any,
) -> Path:
    """Makes the videos of a run without judging them.

    Args:
        generator: As for `evaluate`.
        suite: As for `evaluate`.
        out: The run folder.
        limit: Only the first tasks.
        level: Only these levels.
        tasks: Only these task ids.
        criteria: ``measured`` keeps only tasks with criteria that pixels decide.
        prompt_field: Which text of a task the generator is given.
        workers: API calls in flight.
        copy_videos: Copy the user's own files into the run folder.
        resume: False refuses a folder that already holds a run.
        progress: Told what happens.
        **options: ``name``, ``generator_settings``, ``weights``, ``seeds`` and ``missing``, as for `evaluate`.

    Returns:
        The run folder, for `grade`.

    Raises:
        InputError, RunStoppedError: as `evaluate`.
    """
    job = prepare(generator, suite, selection=_selection(limit, level, tasks, criteria, prompt_field), **options)
    path = Path(out) if out is not None else default_out(job)
    generate_job(job, path, workers=workers, copy_videos=copy_videos, resume=resume, progress=progress)
    return path


def grade(
    out: str | os.PathLike[str],
    judge: object = None,
    suite: object = None,
    *,
    videos_from: str | os.PathLike[str] | None = None,
    limit: int | None = None,
    level: str | Collection[str] | None = None,
    tasks: Collection[str] | None = None,
    criteria: Literal["all", "measured"] | None = None,
    votes: int = 1,
    reducer: Reducer = "majority",
    workers: int = 8,
    max_cost: float | None = None,
    retry: RetryPolicy | None = None,
    rpm: int | None = None,
    tpm: int | None = None,
    challenge: float = 0.0,
    progress: Progress | None = None,
    **options: Any,
) -> Report:
    """Judges the stored videos of a run.

    Args:
        out: The run folder to judge; with `videos_from`, the new one to make.
        judge: As for `evaluate`.
        suite: As for `evaluate`; None takes the suite the videos were made for, where it can be found by its name.
        videos_from: A run whose videos, name and failures are kept while `out` gets the new verdicts.
        limit: Only the first tasks.
        level: Only these levels.
        tasks: Only these task ids.
        criteria: ``measured`` keeps only criteria that pixels decide.
        votes: Answers per criterion.
        reducer: How votes become one outcome.
        workers: Calls in flight; fewer while a judge's server answers 429.
        max_cost: Cap in USD on everything the run folder spends.
        retry: How failed calls are repeated.
        rpm: Requests a minute, at most, to each judge.
        tpm: Tokens a minute, at most, to each judge.
        challenge: Share of met verdicts asked again with another task's frames.
        progress: Told what happens.
        **options: ``judge_settings``, ``frames``, ``seeds``, ``weights`` and ``max_missing``, as for `evaluate`; what
            is not said is as the videos were made for.

    Returns:
        The report, also saved as ``report.json`` in the run folder.

    Raises:
        InputError, RunStoppedError: as `evaluate`.
    """
    chosen = _selection(limit, level, tasks, criteria, None)
    job = prepare_grading(
        out, judge, suite, videos_from=videos_from, votes=votes, reducer=reducer, selection=chosen, **options
    )
    effort: Effort = {"workers": workers, "max_cost": max_cost, "retry": retry}
    effort |= {"rpm": rpm, "tpm": tpm, "challenge": challenge}
    return grade_job(job, Path(out), videos_from=videos_from, progress=progress, **effort)


def _selection(
    limit: int | None,
    level: str | Collection[str] | None,
    tasks: Collection[str] | None,
    criteria: str | None,
    prompt_field: str | None,
) -> dict[str, Any]:
    """The arguments of `View.of`."""
    return {
        "limit": limit,
        "levels": [level] if isinstance(level, str) else level,
        "tasks": tasks,
        "criteria": criteria,
        "prompt_field": prompt_field,
    }

"""Making a study: what to ask, out of a suite, of runs or of a list of clips."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import InputError
from ...logbook import now
from ...rubric import Level, Suite
from .asking_clips import read_clips
from .asking_drafts import ask_about_draft
from .asking_tasks import ask_about_tasks
from .asking_videos import Pairing, ask_about_videos
from .films import MAX_SIDE, FilmRoom
from .folder import StudyFolder, fill, new_folder
from .records import Item, Kind, SourceRun, Study

TITLES = {
    Kind.RELEVANCE: "Which tasks are worth keeping?",
    Kind.REVISE: "Revising the rubric",
    Kind.VERDICT: "What does the video show?",
    Kind.PAIR: "Which video is better?",
    Kind.CLIP: "Which clips belong in the training set?",
    Kind.CAPTION: "Does the caption fit the clip?",
}
REPEATS = 0.05
"""Share of pairs shown again with sides swapped, to see how far experts agree with themselves."""
PRESETS = {"paper-preference": {"kind": Kind.PAIR, "per_level": 20, "evaluators": 3}}
"""Studies of the paper: 20 tasks a level, three evaluators, win, tie or loss."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a study is to ask.

    Args:
        kind: What experts do.
        suite: Where tasks, or the texts of runs that keep none, come from.
        draft: A draft folder, whose tasks have no rubric yet.
        runs: Run folders whose videos are shown.
        clips: A list of clips; see `asking_clips.read_clips`.
        videos: The folder that clips lie in; None takes the list's own.
        levels: Only tasks of these levels; None takes all.
        tasks: Only these tasks; None takes all.
        per_level: Draw so many tasks of each level at random; None takes all.
        pairing: ``all`` pairs of runs, or only those with the ``first``.
        max_side: Longest side of a shown video in pixels.
        rules: Fields of `Study`: title, instructions, evaluators, seed, grid, rationale.
    """

    kind: Kind
    suite: Suite | None = None
    draft: str | os.PathLike[str] | None = None
    runs: Sequence[str | os.PathLike[str]] = ()
    clips: str | os.PathLike[str] | None = None
    videos: str | os.PathLike[str] | None = None
    levels: Collection[Level] | None = None
    tasks: Collection[str] | None = None
    per_level: int | None = None
    pairing: Pairing = "all"
    max_side: int = MAX_SIDE
    rules: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """What a study asks, and where that came from."""

    items: Sequence[Item]
    suite: Suite | None = None
    runs: tuple[SourceRun, ...] = ()
    unavailable: dict[str, int] = field(default_factory=dict)
    license: str | None = None


def make_study(
    path: str | os.PathLike[str], plan: Plan, *, told: Callable[[int], None] = lambda _count: None
) -> StudyFolder:
    """Makes the folder of a study, whole or not at all.

    Args:
        path: The folder; it must not exist yet, or be empty.
        plan: What to ask.
        told: Called with the number of videos made so far.

    Raises:
        InputError: something is there already, or the plan cannot be carried out.
        VideoError: a video cannot be read.
    """
    _check(plan)
    place = Path(path)
    with new_folder(place) as folder:
        asked = _asked(plan, FilmRoom(folder / "videos", max_side=plan.max_side, told=told))
        if not asked.items:
            raise InputError("there is nothing to ask: no task or clip is left")
        study = Study.model_validate(
            {
                "id": _slug(place),
                "kind": plan.kind,
                "title": TITLES[plan.kind],
                "repeats": REPEATS if plan.kind is Kind.PAIR else 0.0,
                "runs": asked.runs,
                "unavailable": asked.unavailable,
                "license": asked.license,
                "suite": _reference(asked.suite or plan.suite),
                "items": len(asked.items),
                "bundle": "",
                "created": now(),
                **plan.rules,
            }
        )
        fill(folder, study, asked.items, asked.suite)
    return StudyFolder(place)


def _asked(plan: Plan, room: FilmRoom) -> Asked:
    seed = int(str(plan.rules.get("seed", 0)))
    if plan.draft is not None:
        return Asked(ask_about_draft(plan.draft, plan.levels, plan.tasks, plan.per_level, seed))
    if plan.kind.shows_tasks:
        assert plan.suite is not None
        items = ask_about_tasks(plan.suite, plan.levels, plan.tasks, plan.per_level, seed)
        return Asked(items, plan.suite, license=plan.suite.license)
    if plan.clips is not None:
        return Asked(read_clips(plan.clips, plan.videos, room, needs_caption=plan.kind is Kind.CAPTION))
    items, runs, unavailable, license_ = ask_about_videos(
        plan.runs,
        room,
        suite=plan.suite,
        levels=plan.levels,
        tasks=plan.tasks,
        per_level=plan.per_level,
        pairing=plan.pairing if plan.kind is Kind.PAIR else None,
        seed=seed,
    )
    return Asked(items, runs=runs, unavailable=unavailable, license=license_)


def _check(plan: Plan) -> None:
    name = plan.kind.value
    if plan.draft is not None:
        if plan.kind is not Kind.RELEVANCE or plan.suite or plan.runs or plan.clips:
            raise InputError(
                f"drafted tasks are asked about in a relevance study and alone, got --draft in one of kind {name}; "
                "'mwb draft suite' makes a suite of them"
                if plan.kind is not Kind.RELEVANCE
                else "give --draft alone, without a suite, runs or clips"
            )
    elif plan.kind.shows_tasks:
        if plan.suite is None or plan.runs or plan.clips:
            raise InputError(
                f"a {name} study asks about the tasks of a suite: give --suite, and neither runs nor clips"
            )
    elif plan.kind in (Kind.CLIP, Kind.CAPTION):
        if plan.clips is None or plan.runs:
            raise InputError(f"a {name} study asks about a list of clips: give --clips, and no run")
        if plan.per_level is not None or plan.tasks is not None or plan.levels is not None:
            raise InputError(f"a {name} study asks about every clip of its list; leave the draw out")
    else:
        needed = 2 if plan.kind is Kind.PAIR else 1
        if len(plan.runs) < needed or plan.clips:
            said = "two runs or more: give --run twice" if needed == 2 else "the videos of a run: give --run"
            raise InputError(f"a {name} study asks about {said}, and no list of clips")


def _reference(suite: Suite | None) -> dict[str, str] | None:
    return None if suite is None else {"id": suite.id, "version": suite.version, "digest": suite.digest}


def _slug(path: Path) -> str:
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in path.resolve().name).strip("-")
    return kept[:80].strip("-") or "study"

"""Items of studies about the videos of runs: verdicts on one video, preferences between two."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Literal

from ...errors import InputError, UnknownNameError
from ...results import Generation
from ...rubric import Level, Suite
from ...runs import Manifest, RunFolder
from ...suites.snapshot import Snapshot, SnapshotCriterion, SnapshotTask
from .drawing import draw, hashed
from .films import FilmRoom
from .records import Claim, Film, Inclusion, Item, SourceRun

Pairing = Literal["all", "first"]


@dataclass(frozen=True)
class _Shown:
    """A run and what it holds."""

    path: Path
    manifest: Manifest
    snapshot: Snapshot
    made: dict[tuple[str, int], Generation]

    @property
    def name(self) -> str:
        return self.manifest.generator.name


def ask_about_videos(
    paths: Sequence[str | os.PathLike[str]],
    room: FilmRoom,
    *,
    suite: Suite | None,
    levels: Collection[Level] | None,
    tasks: Collection[str] | None,
    per_level: int | None,
    pairing: Pairing | None,
    seed: int,
) -> tuple[list[Item], tuple[SourceRun, ...], dict[str, int], str | None]:
    """One item for each drawn task and run, or with `pairing` for each drawn task and pair of runs.

    The population is made of the tasks that all runs have a video of; tasks that were picked by name are no draw from
    it. The first seed that all runs share is shown.

    Returns:
        The items, the runs, by level how many tasks were not in the population for want of a video, and the licence
        of the suite's texts.

    Raises:
        InputError: a run is damaged, has the name of another or other prompts, or texts are missing.
        UnknownNameError: a task does not exist.
        VideoError: a video cannot be read, or is not the one that was recorded.
    """
    runs = [_open(path) for path in paths]
    _refuse_strangers(runs)
    shared = sorted(set.intersection(*(set(run.manifest.seeds) for run in runs)))
    if not shared:
        raise InputError("the runs share no seed, so no task has a comparable video in each")
    wanted = _wanted(runs, levels, tasks)
    present = {name: level for name, level in wanted.items() if all(_video(run, name, shared[0]) for run in runs)}
    unavailable = Counter(level.value for name, level in wanted.items() if name not in present)
    drawn = draw(present, per_level, seed)
    items = []
    for name, drew in drawn.items():
        how = drew if tasks is None else None
        films = [_film(run, name, shared[0], room) for run in runs]
        text = _Text.of(runs[0], name, suite)
        if pairing is None:
            items += [
                text.item(shared[0], how, (film,), _claims(run, name, suite))
                for run, film in zip(runs, films, strict=True)
            ]
        else:
            items += [text.item(shared[0], how, pair, ()) for pair in _pairs(films, pairing)]
    sources = tuple(
        SourceRun(
            generator=run.name,
            view_digest=run.snapshot.view.digest,
            judge=None if run.manifest.judge is None else run.manifest.judge.name,
        )
        for run in runs
    )
    return items, sources, dict(unavailable), runs[0].snapshot.suite.license


@dataclass(frozen=True)
class _Text:
    """What an expert reads about a task."""

    task: SnapshotTask
    title: str
    prompt: str
    requirement: str | None

    @classmethod
    def of(cls, run: _Shown, name: str, suite: Suite | None) -> _Text:
        task = run.snapshot.by_id[name]
        if task.prompt is not None and task.title is not None:
            return cls(task, task.title, task.prompt, task.requirement)
        if suite is None or name not in suite.by_id:
            raise InputError(
                f"{str(run.path)!r} keeps no texts, since its suite states no licence; give the suite it was made of "
                "with --suite"
            )
        whole = suite.by_id[name]
        return cls(task, whole.title, whole.prompt, whole.requirement)

    def item(self, seed: int, how: Inclusion | None, films: tuple[Film, ...], claims: tuple[Claim, ...]) -> Item:
        told = [self.task.id, seed, *(f"{film.run}:{film.source_sha256}" for film in films)]
        return Item(
            id=f"v{hashed(*told).hex()[:12]}",
            level=self.task.level,
            task=self.task.id,
            seed=seed,
            title=self.title,
            prompt=self.prompt,
            requirement=self.requirement,
            claims=claims,
            films=films,
            inclusion=how,
        )


def _open(path: str | os.PathLike[str]) -> _Shown:
    run = RunFolder.read(path)
    return _Shown(run.path, run.manifest, run.snapshot, run.generations())


def _refuse_strangers(runs: Sequence[_Shown]) -> None:
    names = Counter(run.name for run in runs)
    if twice := [name for name, count in names.items() if count > 1]:
        raise InputError(f"two runs are called {twice[0]!r}; experts' answers could not be told apart. Use --name")
    prompts: dict[str, str] = {}
    for run in runs:
        for task in run.snapshot.tasks:
            if prompts.setdefault(task.id, task.prompt_sha256) != task.prompt_sha256:
                raise InputError(
                    f"the runs gave task {task.id!r} different prompts, so their videos cannot be compared"
                )


def _wanted(
    runs: Sequence[_Shown], levels: Collection[Level] | None, tasks: Collection[str] | None
) -> dict[str, Level]:
    """Level by id of the tasks that every run was asked for."""
    common = set.intersection(*(set(run.snapshot.by_id) for run in runs))
    if unknown := sorted(set(tasks or ()) - common):
        raise UnknownNameError("task", unknown[0], common, "Every run must hold it")
    found = {task.id: task.level for task in runs[0].snapshot.tasks if task.id in common}
    kept = {name for name, level in found.items() if levels is None or level in levels}
    return {name: level for name, level in found.items() if name in kept and (tasks is None or name in tasks)}


def _video(run: _Shown, task: str, seed: int) -> bool:
    made = run.made.get((task, seed))
    return made is not None and made.status == "ok" and made.video is not None


def _film(run: _Shown, task: str, seed: int, room: FilmRoom) -> Film:
    video = run.made[task, seed].video
    assert video is not None
    return room.film(run.path / video.path, sha256=video.sha256, run=run.name)


def _claims(run: _Shown, task: str, suite: Suite | None) -> tuple[Claim, ...]:
    return tuple(_claim(run, task, criterion, suite) for criterion in run.snapshot.by_id[task].criteria)


def _claim(run: _Shown, task: str, criterion: SnapshotCriterion, suite: Suite | None) -> Claim:
    statement = criterion.statement
    if statement is None and suite is not None and task in suite.by_id:
        same = (c for c in suite.by_id[task].criteria if (c.id, c.digest) == (criterion.id, criterion.digest))
        statement = next((c.statement for c in same), None)
    if statement is None:
        raise InputError(
            f"criterion {criterion.id!r} of task {task!r} has no text: {str(run.path)!r} keeps none, and the suite "
            "given with --suite does not hold it as it was judged"
        )
    return Claim(
        id=criterion.id,
        dimension=criterion.dimension,
        polarity=criterion.polarity,
        statement=statement,
        digest=criterion.digest,
    )


def _pairs(films: Sequence[Film], pairing: Pairing) -> list[tuple[Film, Film]]:
    if pairing == "first":
        return [(films[0], film) for film in films[1:]]
    return list(combinations(films, 2))

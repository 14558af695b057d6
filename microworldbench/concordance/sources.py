"""Where ratings come from: run folders, verdict logs, label files."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from ..errors import InputError
from ..judging.panel import panel_names
from ..labels import Stratum, read_labels
from ..logbook import first_problem
from ..outcomes import Outcome, Reducer, outcome_of, reduce_votes
from ..results import Verdict
from ..runs import RunFolder
from ..scorecard import Named
from ..tabular import Row, read_rows
from .records import Kind

Unit = tuple[str, int, str]
"""(task, seed, criterion)."""
Videos = Mapping[tuple[str, int], str]
"""sha256 by task and seed."""


@dataclass(frozen=True)
class Rating:
    """One rater's answer on one unit."""

    outcome: Outcome
    digest: str | None = None
    """Of the criterion that was answered, where the source says."""


@dataclass
class RaterAnswers:
    """All answers of one rater."""

    name: str
    kind: Kind
    source: Path
    answers: dict[Unit, Rating] = field(default_factory=dict)


@dataclass
class Source:
    """What one file or folder holds."""

    path: Path
    raters: list[RaterAnswers]
    strata: dict[tuple[str, str], Stratum] = field(default_factory=dict)
    """Dimension and polarity by task and criterion, as far as the source says."""
    videos: dict[tuple[str, int], str] = field(default_factory=dict)
    """sha256 by task and seed, where the source says."""
    repeated: int = 0
    """Rows that say again what another row says."""
    elsewhere: int = 0
    """Labels of other videos than the runs hold."""


def read_sources(paths: Iterable[str | os.PathLike[str]], *, votes: bool) -> list[Source]:
    """Reads run folders, verdict logs and label files.

    Args:
        paths: Each a run folder; ``verdicts.jsonl`` or a copy of it; or a label file (see `labels`). Labels that name
            their video count only where it is the runs' own.
        votes: Take every vote of a judge as a rater of its own.

    Raises:
        InputError: it is none of these, is empty or damaged, or given twice, or a rater contradicts itself.
    """
    places = [Path(path) for path in paths]
    once = Counter(place.resolve() for place in places)
    if twice := next((place for place in places if once[place.resolve()] > 1), None):
        raise InputError(f"{str(twice)!r} is given twice; agreement is between different sources")
    runs = {place: _run(place, votes) for place in places if place.is_dir()}
    videos = {key: sha256 for run in runs.values() for key, sha256 in run.videos.items()}
    return [runs[place] if place in runs else _file(place, videos, votes) for place in places]


def _file(path: Path, videos: Videos, votes: bool) -> Source:
    if {"judge", "criterion_digest"} <= _first(path).cells.keys():
        return _log(path, votes)
    return _labels(path, videos)


def _first(path: Path) -> Row:
    for row in read_rows(path, ("task", "criterion", "met")):
        return row
    raise InputError(f"{path} holds no row")


def _run(path: Path, votes: bool) -> Source:
    run = RunFolder.read(path)
    manifest, snapshot = run.manifest, run.snapshot
    if manifest.judge is None:
        raise InputError(f"{str(path)!r} holds videos but no verdicts; 'mwb grade --out {path}' judges them")
    strata = {(t.id, c.id): (c.dimension, c.polarity) for t in snapshot.tasks for c in t.criteria}
    videos = {
        key: made.video.sha256
        for key, made in run.generations().items()
        if made.video is not None and made.status == "ok"
    }
    return Source(
        path, _judges(path, run.verdicts_on(snapshot), manifest.judge, manifest.reducer, votes), dict(strata), videos
    )


def _log(path: Path, votes: bool) -> Source:
    last = {}
    for row in read_rows(path, ("task", "seed", "criterion", "criterion_digest", "judge")):
        try:
            verdict = Verdict.model_validate(row.cells)
        except ValidationError as error:
            raise InputError(f"{row.place} is not a verdict: {first_problem(error)}") from None
        last[verdict.key] = verdict
    return Source(path, _judges(path, list(last.values()), None, "majority", votes))


def _judges(
    path: Path, verdicts: Sequence[Verdict], judge: Named | None, reducer: Reducer, votes: bool
) -> list[RaterAnswers]:
    """A run's judge is one rater, a log's judges are one each; with `votes` every vote of every judge is."""
    members = () if judge is None else panel_names(judge.settings)
    found: dict[str, dict[Unit, list[Verdict]]] = defaultdict(lambda: defaultdict(list))
    for verdict in verdicts:
        name = f"{verdict.judge} vote {verdict.vote}" if votes else verdict.judge if judge is None else judge.name
        found[name][verdict.task, verdict.seed, verdict.criterion].append(verdict)
    made = []
    for name, units in found.items():
        rater = RaterAnswers(name, "judge", path)
        for unit, said in units.items():
            outcome = outcome_of(said[0]) if votes else reduce_votes(said, reducer, members=members)
            rater.answers[unit] = Rating(outcome, said[0].criterion_digest)
        made.append(rater)
    return made


def _labels(path: Path, videos: Videos) -> Source:
    file = read_labels(path)
    source = Source(path, [], strata=file.strata, repeated=file.repeated)
    raters: dict[str, RaterAnswers] = {}
    for label in file.labels:
        if label.video is not None and videos.get((label.task, label.seed), label.video) != label.video:
            source.elsewhere += 1
            continue
        rater = raters.setdefault(label.rater, RaterAnswers(label.rater, "human", path))
        unit = (label.task, label.seed, label.criterion)
        if rater.answers.setdefault(unit, rating := Rating(label.outcome, label.digest)) is not rating:
            raise InputError(
                f"{path}: rater {label.rater!r} answers criterion {label.criterion!r} of task {label.task!r}, seed "
                f"{label.seed}, on several videos; give the run folder they are to be compared on as well"
            )
        if label.video is not None:
            source.videos[label.task, label.seed] = label.video
    source.raters.extend(raters.values())
    return source


def name_apart(sources: Iterable[Source]) -> list[RaterAnswers]:
    """All raters with unique names.

    Judges of one name are told apart by their source. Humans of one name are one human, whose labels may be spread
    over files but not given twice.

    Raises:
        InputError: a human of one name labelled a unit in two files.
    """
    humans: dict[str, RaterAnswers] = {}
    judges: list[RaterAnswers] = []
    for source in sources:
        for rater in source.raters:
            if rater.kind == "judge":
                judges.append(rater)
                continue
            known = humans.setdefault(rater.name, rater)
            if known is rater:
                continue
            if twice := next((unit for unit in rater.answers if unit in known.answers), None):
                raise InputError(
                    f"rater {rater.name!r} labels criterion {twice[2]!r} of task {twice[0]!r} both in {known.source} "
                    f"and in {rater.source}; give different people different names, or drop one of the files"
                )
            known.answers |= rater.answers
    _rename(judges, humans)
    return [*judges, *humans.values()]


def _rename(judges: Sequence[RaterAnswers], humans: Mapping[str, RaterAnswers]) -> None:
    counts: dict[str, int] = defaultdict(int)
    for judge in judges:
        counts[judge.name] += 1
    used = set(humans)
    for judge in judges:
        if counts[judge.name] > 1 or judge.name in used:
            judge.name = f"{judge.name} ({judge.source.resolve().name})"
        plain, number = judge.name, 2
        while judge.name in used:
            judge.name, number = f"{plain} #{number}", number + 1
        used.add(judge.name)

"""The result of a run: a scorecard, and the ways to read, show, save and load it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from .certificate import FILE, load
from .corrections import correct_scores
from .errors import InputError, MissingExtraError, VideoError
from .judging.order import NUMBERED
from .judging.panel import panel_names
from .judging.summary import CallLog, summarize
from .labels import Label, dump_labels, of_videos, read_labels
from .results import Generation, Verdict
from .rubric import Criterion, Dimension, Level
from .runs import Manifest, RunFolder, write_atomically
from .scorecard import CertificateSummary, Coverage, Named, Score, Scorecard, Scores, TaskScore
from .scoring import score
from .suites.snapshot import Snapshot, SnapshotCriterion

LABELS = "labels.jsonl"
"""Where a run folder keeps the experts' labels that correct its scores."""


class TaskScores(tuple[TaskScore, ...]):
    """The tasks' scores in the order of their ids; a task is also found by its id: ``report.tasks["mitosis"]``."""

    @property
    def ids(self) -> list[str]:
        """Ids of the tasks."""
        return [task.id for task in self]

    def __contains__(self, key: object) -> bool:
        return key in self.ids if isinstance(key, str) else super().__contains__(key)

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, str):
            return super().__getitem__(key)
        for task in self:
            if task.id == key:
                return task
        raise KeyError(key)


class Report:
    """What a run came to.

    Attributes:
        scorecard: Everything ``report.json`` holds.
        run: The run folder it was made from, if there is one.
    """

    def __init__(self, scorecard: Scorecard, run: Path | None = None) -> None:
        self.scorecard = scorecard
        self.run = run

    def __repr__(self) -> str:
        card = self.scorecard
        shown = "none" if card.overall is None else f"{card.overall.value} in [{card.overall.low}, {card.overall.high}]"
        return f"<Report {card.generator.name} on {card.suite.id} {card.suite.version}, {card.view.name}: {shown}>"

    @property
    def overall(self) -> Score | None:
        """The score over all tasks."""
        return self.scorecard.overall

    @property
    def by_level(self) -> dict[Level, Score]:
        """Scores by level; levels without a task are absent."""
        return self.scorecard.by_level

    @property
    def by_dimension(self) -> dict[Dimension, Score]:
        """Scores by dimension; dimensions without a reward are absent."""
        return self.scorecard.by_dimension

    @property
    def tasks(self) -> TaskScores:
        """Scores of the tasks, by position or by id."""
        return TaskScores(self.scorecard.tasks)

    @property
    def coverage(self) -> Coverage:
        """How much of the view was decided."""
        return self.scorecard.coverage

    @property
    def manifest(self) -> Manifest:
        """The run's manifest.

        Raises:
            InputError: the report was not loaded from a run folder.
        """
        return RunFolder.read(self._run()).manifest

    @classmethod
    def from_run(cls, path: str | os.PathLike[str], *, labels: str | os.PathLike[str] | None = None) -> Report:
        """Recomputes the report of a run folder from its verdicts, offline.

        Args:
            path: The run folder.
            labels: Experts' labels (see `labels`) on a random sample of tasks, which correct the scores; by default
                those that `mwb score --labels` stored in the folder.

        Raises:
            InputError: it is not a run folder, has no verdicts yet, or is damaged; or the labels are no random sample.
        """
        run = RunFolder.read(path)
        return cls(scorecard_of(run, labels), run.path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Report:
        """Loads ``report.json`` from a folder (or the file itself) as it was saved.

        Raises:
            InputError: there is none, or it is damaged.
        """
        place = Path(path)
        file = place / "report.json" if place.is_dir() else place
        try:
            card = Scorecard.model_validate_json(file.read_bytes())
        except OSError as error:
            raise InputError(f"cannot read {file}: {error.strerror}") from None
        except ValidationError as error:
            first = error.errors()[0]
            raise InputError(f"{file} is not a report: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        return cls(card, file.parent if (file.parent / "manifest.json").exists() else None)

    def to_dict(self) -> dict[str, Any]:
        """The content of ``report.json``."""
        return self.scorecard.model_dump(mode="json", by_alias=True)

    def to_json(self) -> str:
        """``report.json`` as text, the same bytes for the same verdicts."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1, allow_nan=False) + "\n"

    def save(self, directory: str | os.PathLike[str]) -> Path:
        """Writes ``report.json`` into `directory` and returns its path."""
        target = Path(directory)
        try:
            target.mkdir(parents=True, exist_ok=True)
            write_atomically(target / "report.json", self.to_json().encode())
        except OSError as error:
            raise InputError(f"cannot write to {str(target)!r}: {error.strerror or error}") from None
        return target / "report.json"

    def to_markdown(self) -> str:
        """The report as GitHub-flavoured Markdown."""
        from .rendering.markdown import to_markdown

        return to_markdown(self.scorecard)

    def to_html(
        self, path: str | os.PathLike[str], *, embed_videos: bool = False, texts: Mapping[str, Any] | None = None
    ) -> Path:
        """Writes the report as one self-contained HTML page.

        Args:
            path: The page.
            embed_videos: Put the videos into the page (small runs only) instead of linking to them.
            texts: Tasks by id to show texts from, where the run folder keeps none because of the suite's licence.

        Raises:
            InputError: the report was not made from a run folder, or the page cannot be written.
        """
        from .rendering.html import write_html

        target = Path(path)
        write_html(target, self.scorecard, gather(self._run(), target, texts or {}), embed_videos=embed_videos)
        return target

    def to_frame(self) -> Any:
        """One row a task as a `pandas.DataFrame`: level, value, low, high, failed and the dimension scores.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise MissingExtraError("report.to_frame()", "pandas", "pip install 'microworldbench[pandas]'") from None
        rows = [_row(task) for task in self.scorecard.tasks]
        return pd.DataFrame(rows).set_index("task") if rows else pd.DataFrame()

    def to_dataset(self, rows: Literal["tasks", "verdicts"] = "tasks") -> Any:
        """The report as a `datasets.Dataset`, ready to be pushed to a hub or saved as Parquet.

        Args:
            rows: ``tasks``: one row a task, with the columns of `to_frame`. ``verdicts``: one row a vote on a criterion
                of a video, with the criterion and what was observed.

        Raises:
            MissingExtraError: datasets is not installed.
            InputError: verdicts are wanted of a report that was not made from a run folder; or `rows` is neither.
        """
        if rows not in ("tasks", "verdicts"):
            raise InputError(f"rows must be 'tasks' or 'verdicts', got {rows!r}")
        try:
            from datasets import Dataset
        except ImportError:
            raise MissingExtraError(
                "report.to_dataset()", "datasets", "pip install 'microworldbench[datasets]'"
            ) from None
        if rows == "tasks":
            return Dataset.from_list([_row(task) for task in self.scorecard.tasks])
        return Dataset.from_list(list(_verdict_rows(RunFolder.read(self._run()))))

    def _run(self) -> Path:
        if self.run is None:
            raise InputError("this report was not made from a run folder; load it from one with Report.load(folder)")
        return self.run


def scorecard_of(run: RunFolder, labels: str | os.PathLike[str] | None = None) -> Scorecard:
    """Scores what a run folder holds.

    Args:
        run: The run folder.
        labels: Experts' labels; by default those stored in the folder, if any.

    Raises:
        InputError: the run has not been graded, or is damaged; or the labels are no random sample of its tasks.
    """
    manifest, snapshot = run.manifest, run.snapshot
    if manifest.judge is None:
        raise InputError(f"{str(run.path)!r} holds videos but no verdicts; 'mwb grade --out {run.path}' judges them")
    asked = {(task.id, seed) for task in snapshot.tasks for seed in manifest.seeds}
    failed = {key for key, made in run.generations().items() if made.status == "failed" and key in asked}
    digests = {(task.id, c.id): c.digest for task in snapshot.tasks for c in task.criteria}
    current = [v for v in run.verdicts() if digests.get((v.task, v.criterion)) == v.criterion_digest]
    members, log = panel_names(manifest.judge.settings), CallLog.of(run.call_lines())

    def scored(verdicts: list[Verdict], panel: tuple[str, ...] = ()) -> Scores:
        return score(
            verdicts,
            snapshot,
            failed=failed,
            seeds=manifest.seeds,
            max_missing=manifest.max_missing,
            reducer=manifest.reducer,
            members=panel,
        )

    scores = scored(current, members)
    judging = summarize(log, current, snapshot, members=members, score_of=lambda part: scored(part).overall)
    if manifest.judge.settings.get("order") == NUMBERED:
        # Place and criterion cannot be told apart there, and the released form of a reply cites no frames.
        judging = judging.model_copy(update={"order_effect": None, "weak_evidence": None})
    return Scorecard(
        **{name: getattr(scores, name) for name in type(scores).model_fields},
        suite=manifest.suite,
        view=manifest.view,
        generator=manifest.generator,
        judge=manifest.judge,
        usage=log.ledger.usage(),
        judging=judging,
        corrected=None
        if (told := labels_of(run, labels)) is None
        else correct_scores(
            told, snapshot, current, failed=failed, seeds=manifest.seeds, reducer=manifest.reducer, members=members
        ),
        certificate=_certified(run, manifest.judge),
    )


def labels_of(run: RunFolder, path: str | os.PathLike[str] | None = None) -> list[Label] | None:
    """The labels of `path` that are about a run's videos; by default those stored in its folder, None without any."""
    file = run.path / LABELS if path is None else Path(path)
    if path is None and not file.is_file():
        return None
    videos = {made.video.sha256 for made in run.generations().values() if made.video is not None}
    return of_videos(read_labels(file).labels, videos)


def store_labels(run: RunFolder, path: str | os.PathLike[str]) -> None:
    """Keeps the labels of `path` in the run folder, so that the corrected scores can be recomputed from it."""
    kept = dump_labels(labels_of(run, path) or [])
    with run.stopping(run.path / LABELS):
        write_atomically(run.path / LABELS, kept.encode("utf-8", "backslashreplace"))


def _certified(run: RunFolder, judge: Named) -> CertificateSummary | None:
    """What the run folder's own certificate says; a report never depends on what else a machine holds."""
    if not (run.path / FILE).is_file():
        return None
    found = load(run.path)
    return found.summary if found.certifies(judge) else None


def gather(run_path: Path, page: Path, texts: Mapping[str, Any]) -> Iterator[Any]:
    """Yields the evidence of a run task by task, as `rendering.evidence.TaskEvidence`.

    Args:
        run_path: The run folder.
        page: Where the page will lie; videos are linked relative to it.
        texts: Tasks by id to take texts from where the snapshot has none.
    """
    from .rendering.evidence import TaskEvidence

    run = RunFolder.read(run_path)
    manifest, snapshot, generations = run.manifest, run.snapshot, run.generations()
    verdicts: dict[tuple[str, int], list[Verdict]] = {}
    for verdict in run.verdicts():
        verdicts.setdefault((verdict.task, verdict.seed), []).append(verdict)
    shown = _shown_frames(manifest.judge)
    for task in snapshot.tasks:
        text = texts.get(task.id)
        yield TaskEvidence(
            id=task.id,
            title=task.title or getattr(text, "title", None),
            level=task.level,
            prompt=task.prompt or _prompt(snapshot, text),
            requirement=task.requirement or getattr(text, "requirement", None),
            criteria=tuple(_criterion(c, text) for c in task.criteria),
            videos=tuple(
                _video(run, page, seed, generations.get((task.id, seed)), verdicts.get((task.id, seed), []), shown)
                for seed in manifest.seeds
            ),
        )


def _prompt(snapshot: Snapshot, text: Any) -> str | None:
    field = "requirement" if snapshot.view.selection.get("prompt_field") == "requirement" else "prompt"
    return getattr(text, field, None)


def _criterion(criterion: SnapshotCriterion, text: Any) -> Any:
    from .rendering.evidence import CriterionEvidence

    statement = criterion.statement
    if statement is None and text is not None:
        same: list[Criterion] = [c for c in text.criteria if c.id == criterion.id and c.digest == criterion.digest]
        statement = same[0].statement if same else None
    return CriterionEvidence(
        id=criterion.id,
        dimension=criterion.dimension,
        statement=statement,
        polarity=criterion.polarity,
        weight=criterion.weight,
        temporal=criterion.temporal,
        measured=criterion.measurement is not None,
    )


def _shown_frames(judge: Named | None) -> int:
    """How many frames the judge was shown; 8 for a judge that reads the whole video."""
    settings: Any = {} if judge is None else judge.settings
    members = [settings, *(member.get("settings", {}) for member in settings.get("members", []))]
    counts = [member["frame_policy"]["count"] for member in members if "frame_policy" in member]
    return max(counts, default=8)


def _video(run: RunFolder, page: Path, seed: int, made: Generation | None, verdicts: list[Verdict], shown: int) -> Any:
    from .rendering.evidence import VideoEvidence, relative_href, thumbnails

    if made is None or made.video is None:
        status = "missing" if made is None else made.status
        return VideoEvidence(
            seed=seed, status=status, error=None if made is None else made.error, verdicts=tuple(verdicts)
        )
    path = run.path / made.video.path
    error = None
    try:
        frames = tuple(thumbnails(path, shown))
    except VideoError as problem:
        frames, error = (), str(problem)
    return VideoEvidence(
        seed=seed,
        status="ok",
        error=error,
        href=relative_href(path, page),
        source=path,
        frames=frames,
        verdicts=tuple(verdicts),
    )


def _row(task: TaskScore) -> dict[str, Any]:
    def part(score: Score | None) -> float | None:
        return None if score is None else score.value

    total = task.score
    return {
        "task": task.id,
        "level": task.level.value,
        "value": part(total),
        "low": None if total is None else total.low,
        "high": None if total is None else total.high,
        "failed": task.failed,
        **{dimension.value: part(s) for dimension, s in task.by_dimension.items()},
    }


def _verdict_rows(run: RunFolder) -> Iterator[dict[str, Any]]:
    """Every vote with the criterion it is about, in the order of the log."""
    asked = {(task.id, c.id): (task, c) for task in run.snapshot.tasks for c in task.criteria}
    for verdict in run.verdicts():
        task, criterion = asked.get((verdict.task, verdict.criterion), (None, None))
        if task is None or criterion is None or criterion.digest != verdict.criterion_digest:
            continue
        yield {
            "task": task.id,
            "level": task.level.value,
            "seed": verdict.seed,
            "criterion": criterion.id,
            "dimension": criterion.dimension.value,
            "polarity": criterion.polarity.value,
            "weight": criterion.weight,
            "statement": criterion.statement,
            "judge": verdict.judge,
            "vote": verdict.vote,
            "met": verdict.met,
            "reason": None if verdict.reason is None else verdict.reason.value,
            "observation": verdict.observation,
            "frames": list(verdict.frames),
        }

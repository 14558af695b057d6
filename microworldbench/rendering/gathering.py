"""The evidence of a run folder, gathered task by task for the page of a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import VideoError
from ..results import Generation, Verdict
from ..rubric import Criterion
from ..runs import RunFolder
from ..scorecard import Named
from ..suites.snapshot import Snapshot, SnapshotCriterion
from .evidence import CriterionEvidence, TaskEvidence, VideoEvidence, relative_href, thumbnails


def gather(run_path: Path, page: Path, texts: Mapping[str, Any]) -> Iterator[TaskEvidence]:
    """Yields the evidence of a run task by task, as the page shows it.

    Args:
        run_path: The run folder.
        page: Where the page will lie; videos are linked relative to it.
        texts: Tasks by id to take texts from where the snapshot has none.
    """
    run = RunFolder.read(run_path)
    manifest, snapshot, generations = run.manifest, run.snapshot, run.generations()
    verdicts: dict[tuple[str, int], list[Verdict]] = {}
    for verdict in run.verdicts_on(snapshot):
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


def _criterion(criterion: SnapshotCriterion, text: Any) -> CriterionEvidence:
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


def _video(
    run: RunFolder, page: Path, seed: int, made: Generation | None, verdicts: list[Verdict], shown: int
) -> VideoEvidence:
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

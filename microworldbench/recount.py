"""What the verdicts of a run folder come to: its scorecard, recomputed offline."""

from __future__ import annotations

import os
from pathlib import Path

from .certificate import FILE, load
from .corrections import correct_scores
from .errors import InputError
from .judging.order import NUMBERED
from .judging.panel import panel_names
from .judging.summary import CallLog, summarize
from .labels import Label, dump_labels, of_videos, read_labels
from .results import Verdict
from .runs import RunFolder, write_atomically
from .scorecard import CertificateSummary, Named, Scorecard, Scores
from .scoring import score

LABELS = "labels.jsonl"
"""Where a run folder keeps the experts' labels that correct its scores."""


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
    current = run.verdicts_on(snapshot)
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

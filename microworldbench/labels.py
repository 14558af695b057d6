"""Label files: what people answered about the criteria of videos, as JSON lines or CSV.

====================  ================================================================================================
column                content
====================  ================================================================================================
``task``              task id
``seed``              whole number; 0 where absent
``criterion``         criterion id
``rater``             who answered; use pseudonyms, they are shown
``met``               ``met``, ``not_met``, ``cannot_tell`` or empty (JSON: also true, false, null)
``criterion_digest``  optional: which wording was answered
``video_sha256``      optional: which video was shown; one file may then hold labels of several generators
``inclusion``         optional: the probability in (0, 1] with which the task was drawn; corrected scores need it
``dimension``         optional, where no run folder or suite says it
``polarity``          optional, likewise
====================  ================================================================================================
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .errors import InputError
from .outcomes import Outcome
from .rubric import Dimension, Polarity
from .tabular import Row, read_rows

COLUMNS = ("task", "criterion", "rater", "met")
ANSWERS = {
    "met": Outcome.MET,
    "not_met": Outcome.NOT_MET,
    "cannot_tell": Outcome.CANNOT_TELL,
    "": Outcome.MISSING,
}
_JSON_ANSWERS = {True: "met", False: "not_met", None: ""}
_DIMENSIONS = {"": None, **{d.value: d for d in Dimension}}
_POLARITIES = {"": None, **{p.value: p for p in Polarity}}

Stratum = tuple[Dimension | None, Polarity | None]


@dataclass(frozen=True)
class Label:
    """One person's answer on one criterion of one video."""

    task: str
    seed: int
    criterion: str
    rater: str
    outcome: Outcome
    digest: str | None = None
    """Of the criterion that was answered, where the file says."""
    video: str | None = None
    """sha256 of the video that was shown, where the file says."""
    inclusion: float | None = None
    """Probability with which the task was drawn, where the file says."""

    @property
    def question(self) -> tuple[str, str, int, str, str | None]:
        """What a rater answers once: rater, task, seed, criterion, video."""
        return self.rater, self.task, self.seed, self.criterion, self.video


@dataclass
class LabelFile:
    """All labels of one file, each question of a rater once."""

    path: Path
    labels: list[Label] = field(default_factory=list)
    strata: dict[tuple[str, str], Stratum] = field(default_factory=dict)
    """Dimension and polarity by task and criterion, as far as the file says."""
    repeated: int = 0
    """Rows that say again what another row says."""


def read_labels(path: str | os.PathLike[str]) -> LabelFile:
    """Reads a label file.

    Raises:
        InputError: it cannot be read, a row is damaged, or a rater says two things at once; names file and line.
    """
    found = LabelFile(Path(path))
    seen: dict[tuple[str, str, int, str, str | None], tuple[Label, int]] = {}
    for row in read_rows(found.path, COLUMNS):
        label = _label(row)
        before, line = seen.setdefault(label.question, (label, row.line))
        if before != label:
            raise InputError(
                f"{row.place}: rater {label.rater!r} answers criterion {label.criterion!r} of task {label.task!r}, "
                f"seed {label.seed}, otherwise than in line {line}; keep one of the two"
            )
        if line == row.line:
            found.labels.append(label)
        else:
            found.repeated += 1
        _note_stratum(found, row, label)
    return found


def of_videos(labels: Iterable[Label], videos: Collection[str]) -> list[Label]:
    """The labels of these videos (sha256), and those that do not say which video they are of."""
    return [label for label in labels if label.video is None or label.video in videos]


def _label(row: Row) -> Label:
    return Label(
        task=row.text("task"),
        seed=row.whole("seed", default=0),
        criterion=row.text("criterion"),
        rater=row.text("rater"),
        outcome=_answer(row),
        digest=row.text("criterion_digest", default="") or None,
        video=row.text("video_sha256", default="") or None,
        inclusion=_inclusion(row),
    )


def _answer(row: Row) -> Outcome:
    value = row.cells.get("met")
    if value is None or isinstance(value, bool):
        return ANSWERS[_JSON_ANSWERS[value]]
    answer: Outcome = row.choice("met", ANSWERS, default="")
    return answer


def _inclusion(row: Row) -> float | None:
    text = row.text("inclusion", default="")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 1:
        raise InputError(f"{row.place}: inclusion must be a probability in (0, 1], got {text!r:.80}")
    return value


def _note_stratum(found: LabelFile, row: Row, label: Label) -> None:
    told = row.choice("dimension", _DIMENSIONS, default=""), row.choice("polarity", _POLARITIES, default="")
    if told != (None, None) and found.strata.setdefault((label.task, label.criterion), told) != told:
        raise InputError(
            f"{row.place}: criterion {label.criterion!r} of task {label.task!r} has another dimension or polarity "
            "than in an earlier row"
        )


def dump_labels(labels: Iterable[Label]) -> str:
    """Labels as JSON lines in a fixed order: the same text for the same labels."""
    rows = sorted(_row(label) for label in labels)
    return "".join(row + "\n" for row in rows)


def digest_of_labels(labels: Iterable[Label]) -> str:
    """sha256 of `dump_labels`."""
    return hashlib.sha256(dump_labels(labels).encode("utf-8", "surrogatepass")).hexdigest()


def _row(label: Label) -> str:
    cells = {
        "task": label.task,
        "seed": label.seed,
        "criterion": label.criterion,
        "rater": label.rater,
        "met": "" if label.outcome is Outcome.MISSING else label.outcome.value,
        "criterion_digest": label.digest,
        "video_sha256": label.video,
        "inclusion": label.inclusion,
    }
    return json.dumps({name: value for name, value in cells.items() if value is not None}, ensure_ascii=False)

"""The published benchmark: 459 tasks in three files of FreedomIntelligence/MicroVerse, read from where a user has them.

What the files do that a rubric must not (zero weights, weights as text, dimensions numbered 11, 22, 33, 44, 55) is
repaired or left out, and every such place is an entry of the import report. Everything else that is off is an error:
nothing is guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import InputError, SuiteError
from ..rubric import Criterion, Dimension, Record, Slug, Suite, Task
from .released_files import NumberedCriterion, ReleasedTask, read_released

Weights = Literal["tiered", "raw"]
Code = Literal["zero-weight", "misnumbered", "string-weight", "criteria-count", "task-dropped"]

SUITE_ID = "released"
VERSION = "1-A"
PER_DIMENSION = 5
SHORT_NAMES = {
    Dimension.SCIENTIFIC_FIDELITY: "scientific",
    Dimension.VISUAL_QUALITY: "visual",
    Dimension.INSTRUCTION_FOLLOWING: "instruction",
}
"""How the published files, and our criterion ids, call the dimensions."""


class ImportEntry(Record):
    """One place of the published files that was repaired or left out."""

    code: Code
    task: Slug
    criterion: Slug | None = None
    dimension: Dimension | None = None
    detail: str
    """What was found and what was done about it."""


class ImportReport(Record):
    """Everything that differs between the published files and the suite made of them."""

    entries: tuple[ImportEntry, ...]

    def counts(self) -> dict[str, int]:
        """Number of entries by code, sorted by code."""
        return dict(sorted(Counter(entry.code for entry in self.entries).items()))


@dataclass(frozen=True)
class ReleasedSuite:
    """The published benchmark as a suite, with what was done to it and what it was made of."""

    suite: Suite
    report: ImportReport
    weights: Weights
    source: tuple[ReleasedTask, ...]
    """The tasks as published, zero weights and original numbers included, in the order of their index."""


def load_released(path: str | Path, weights: Weights = "tiered") -> ReleasedSuite:
    """The published files in the folder `path` as a suite of tasks ``mwb-001`` … .

    Criterion ids name the dimension and the position in it, from 1 (``scientific-3``); the numbers 11, 22, 33, 44
    and 55 are the positions 1 to 5. Criteria of zero weight are left out.

    Args:
        path: Folder with ``MWBenchRubrics.json``, ``MWBenchRubrics_norm.json`` and ``finaltasks.json``.
        weights: ``tiered`` (the ``_norm`` file, which the released scorer reads) or ``raw`` (the other file, divided
            by its largest weight). The two give different digests.

    Raises:
        SuiteError: A file is missing or malformed, or two files contradict each other.
        InputError: `weights` is neither of the two.
    """
    if weights not in ("tiered", "raw"):
        raise InputError(f"weights must be 'tiered' or 'raw', got {weights!r}")
    source = read_released(Path(path))
    largest = max(c.weight(weights) for task in source for c in task.criteria)
    if largest <= 0:
        raise SuiteError(f"every {weights} weight is zero; nothing could be scored", path=path)
    if weights == "tiered" and largest > 1:
        raise SuiteError(f"tiered weights must be at most 1, got {largest:g}", path=path)
    entries: list[ImportEntry] = []
    tasks = [_import_task(task, weights, largest if weights == "raw" else 1.0, entries) for task in source]
    suite = Suite(
        id=SUITE_ID,
        version=VERSION,
        title=f"MicroWorldBench as published ({weights} weights)",
        tasks=tuple(task for task in tasks if task is not None),
    )
    return ReleasedSuite(suite, ImportReport(entries=tuple(entries)), weights, source)


def task_id(index: int) -> str:
    """Our id of the published task `index`, e.g. ``mwb-017``."""
    return f"mwb-{index:03d}"


def criterion_id(dimension: Dimension, position: int) -> str:
    """Our id of the criterion at `position` (from 1) of a published dimension, e.g. ``scientific-3``."""
    return f"{SHORT_NAMES[dimension]}-{position}"


def misnumbered_tag(dimension: Dimension) -> str:
    """Tag of a task whose `dimension` is numbered 11, 22, … in the published files."""
    return f"misnumbered-{dimension.value.replace('_', '-')}"


def _import_task(task: ReleasedTask, weights: Weights, divisor: float, entries: list[ImportEntry]) -> Task | None:
    name = task_id(task.index)
    for dimension in Dimension:
        if (count := len(task.in_dimension(dimension))) != PER_DIMENSION:
            said = f"{count} criteria where every other dimension has {PER_DIMENSION}; kept as it is"
            entries.append(ImportEntry(code="criteria-count", task=name, dimension=dimension, detail=said))
    criteria = [_import_criterion(name, c, weights, divisor, entries) for c in task.criteria]
    kept = tuple(c for c in criteria if c is not None)
    if not kept:
        said = "no criterion has a weight; the task is left out"
        entries.append(ImportEntry(code="task-dropped", task=name, detail=said))
        return None
    misnumbered = [d for d in Dimension if task.is_misnumbered(d)]
    tags = [misnumbered_tag(dimension) for dimension in misnumbered]
    return Task(
        id=name,
        level=task.level,
        title=f"Released task {task.index}",
        prompt=task.prompt,
        requirement=task.requirement,
        criteria=kept,
        tags=tuple(tags + _channel_tags(task.origin)),
    )


def _import_criterion(
    task: str, found: NumberedCriterion, weights: Weights, divisor: float, entries: list[ImportEntry]
) -> Criterion | None:
    name, written = criterion_id(found.dimension, found.position), found.written(weights)

    def note(code: Code, detail: str) -> None:
        entries.append(ImportEntry(code=code, task=task, criterion=name, dimension=found.dimension, detail=detail))

    if found.number != found.position:
        note("misnumbered", f"numbered {found.number}, read as position {found.position}")
    if isinstance(written, str):
        note("string-weight", f"weight written as text {written!r}, read as {found.weight(weights):g}")
    weight = found.weight(weights) / divisor
    if weight == 0:
        note("zero-weight", f"a {found.polarity} of weight 0 can never matter; left out")
        return None
    return Criterion(
        id=name, dimension=found.dimension, statement=found.statement, polarity=found.polarity, weight=weight
    )


def _channel_tags(origin: str | None) -> list[str]:
    """The video channel a task was drawn from, for clustering; none where the source id does not name one."""
    match = re.match(r"https://www\.youtube\.com/@([A-Za-z0-9-]{1,40})_", origin or "")
    return [f"channel-{match[1].lower().strip('-')}"] if match and match[1].strip("-") else []

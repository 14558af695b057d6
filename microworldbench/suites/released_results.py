"""Result files of the released evaluator, read as they come: nothing in them is trusted to have the right form.

A file is an array of ``{"index", "scientific_eval", "visual_eval", "instruction_eval"}``, each evaluation holding
``{"parsed_result": {"scores": [0, 1, …]} | null}``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import InputError
from ..rubric import Dimension
from ..scoring import Outcome
from .released_files import ReleasedTask

MAX_BYTES = 256_000_000
MAX_ENTRIES = 100_000
SUFFIX = "_result.json"

EVALUATIONS = {
    Dimension.SCIENTIFIC_FIDELITY: "scientific_eval",
    Dimension.VISUAL_QUALITY: "visual_eval",
    Dimension.INSTRUCTION_FOLLOWING: "instruction_eval",
}

_MET, _NOT_MET = (1, "1"), (0, "0")


@dataclass(frozen=True)
class ReleasedResults:
    """What one model's result file holds."""

    name: str
    """File name without ``_result.json``."""
    entries: Sequence[Any]
    """As parsed; any JSON value."""
    asked_all: bool = False
    """True for runs of ours, which ask about the misnumbered dimensions too."""
    failed: frozenset[int] = frozenset()
    """Tasks the model is known to have failed on (runs of ours)."""

    def last_by_task(self, tasks: Sequence[ReleasedTask]) -> dict[int, dict[str, Any]]:
        """The last entry of every known task. Entries that name no known task are left out."""
        known = {task.index for task in tasks}
        return {index: e for e in self.entries if (index := index_of(e)) is not None and index in known}

    def findings(self, tasks: Sequence[ReleasedTask]) -> dict[str, int]:
        """How often something is off, by kind; kinds that do not occur are left out."""
        known = {task.index for task in tasks}
        indices = [index_of(entry) for entry in self.entries]
        counts = Counter(index for index in indices if index is not None)
        found: Counter[str] = Counter()
        found["unusable-entry"] = sum(index is None for index in indices)
        found["unknown-task"] = sum(index not in known for index in indices if index is not None)
        found["duplicate-entry"] = sum(count - 1 for index, count in counts.items() if index in known)
        last = self.last_by_task(tasks)
        found["absent-task"] = len(known - last.keys() - self.failed)
        for task in tasks:
            for dimension in Dimension if task.index in last else ():
                size = len(task.in_dimension(dimension))
                found.update(_reply_findings(reply_of(last[task.index], dimension), size))
        return {kind: count for kind, count in sorted(found.items()) if count}


def read_results(path: Path) -> ReleasedResults:
    """Reads one result file.

    Raises:
        InputError: It cannot be read, is not complete JSON, is not a list, or is far too large for a result file.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} is over {MAX_BYTES // 1_000_000} MB; not a result file")
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 (at byte {error.start:,})") from error
    except json.JSONDecodeError as error:
        said = f"{path}:{error.lineno} is not complete JSON ({error.msg}); the released evaluator leaves such a file "
        raise InputError(said + "when it is stopped while saving") from error
    except (RecursionError, ValueError) as error:
        raise InputError(f"{path} is not a result file: {error}") from error
    if not isinstance(content, list):
        raise InputError(f"{path} is not a result file: it must hold a list, got {type(content).__name__}")
    if len(content) > MAX_ENTRIES:
        raise InputError(f"{path} holds {len(content):,} entries; a result file has one for each task")
    return ReleasedResults(name=path.name.replace(SUFFIX, "").removesuffix(".json") or path.name, entries=content)


def index_of(entry: object) -> int | None:
    """The task an entry is about, as the released scorer finds it (``1.0`` and ``true`` are 1); None where unusable."""
    index = entry.get("index") if isinstance(entry, dict) else None
    if isinstance(index, float):
        return int(index) if index.is_integer() else None
    return int(index) if isinstance(index, int) else None


def reply_of(entry: Mapping[str, Any], dimension: Dimension) -> object:
    """The ``scores`` of one dimension, whatever they are; None where there is no reply to read."""
    evaluation = entry.get(EVALUATIONS[dimension])
    parsed = evaluation.get("parsed_result") if isinstance(evaluation, dict) else None
    scores = parsed.get("scores") if isinstance(parsed, dict) else None
    return scores or None


def read_score(value: object) -> Outcome:
    """One entry of a reply: 1 and "1" are met, 0 and "0" not; everything else says nothing and is missing."""
    if isinstance(value, Outcome):
        return value
    if isinstance(value, str):
        value = value.strip()
    if isinstance(value, int | float | str):
        if value in _MET:
            return Outcome.MET
        if value in _NOT_MET:
            return Outcome.NOT_MET
    return Outcome.MISSING


def read_reply(task: ReleasedTask, dimension: Dimension, reply: object, asked_all: bool = False) -> list[Outcome]:
    """What a reply says about the criteria of `dimension`, by position.

    Nobody was asked about a misnumbered dimension, so that whatever was replied says nothing about it.
    """
    criteria = task.in_dimension(dimension)
    if not isinstance(reply, list) or (task.is_misnumbered(dimension) and not asked_all):
        return [Outcome.MISSING] * len(criteria)
    read = [read_score(value) for value in reply[: len(criteria)]]
    return read + [Outcome.MISSING] * (len(criteria) - len(read))


ReplyFinding = Literal["no-reply", "unreadable-reply", "short-reply", "long-reply", "null-score", "odd-score"]


def _reply_findings(reply: object, size: int) -> Counter[str]:
    kinds: list[ReplyFinding] = []
    if reply is None:
        kinds.append("no-reply")
    elif not isinstance(reply, list):
        kinds.append("unreadable-reply")
    else:
        if len(reply) != size:
            kinds.append("short-reply" if len(reply) < size else "long-reply")
        kinds += ["null-score"] * reply[:size].count(None)
        kinds += ["odd-score"] * sum(v not in (0, 1, None, Outcome.CANNOT_TELL) for v in reply[:size])
    return Counter(kinds)

"""Experts' votes on which tasks are worth keeping."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..tabular import read_rows

_VOTES = {"yes": True, "true": True, "relevant": True, "no": False, "false": False, "not_relevant": False, "": None}


@dataclass(frozen=True)
class RelevanceVotes:
    """Votes by task; an expert's last vote on a task counts."""

    by_task: Mapping[str, Mapping[str, bool]]
    sha256: str

    def share(self, task: str) -> float | None:
        """Share of the experts who find it relevant; None where nobody voted."""
        votes = self.by_task.get(task)
        return sum(votes.values()) / len(votes) if votes else None

    def in_favour(self, task: str) -> int:
        """How many find it relevant."""
        return sum(self.by_task.get(task, {}).values())


def read_votes(path: Path) -> RelevanceVotes:
    """Reads a file of votes: CSV or JSON lines with the columns ``task``, ``evaluator`` and ``relevant``.

    Args:
        path: The file. ``relevant`` is yes or no; empty where an expert could not say.

    Raises:
        InputError: it cannot be read, or a row is damaged; names file and line.
    """
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    for row in read_rows(path, ["task", "evaluator", "relevant"]):
        said = row.cells.get("relevant")
        vote = said if isinstance(said, bool) else row.choice("relevant", _VOTES, default="")
        if vote is not None:
            found[row.text("task")][row.text("evaluator")] = vote
    if not found:
        raise InputError(f"{path} holds no vote")
    return RelevanceVotes(dict(found), hashlib.sha256(path.read_bytes()).hexdigest())

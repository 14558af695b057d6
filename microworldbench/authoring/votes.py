"""Experts' votes on which tasks are worth keeping."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError
from ..rubric import Level
from ..tabular import read_rows

_LEVELS: dict[str, Level | None] = {"": None, **{level.value: level for level in Level}}
_VOTES = {"yes": True, "true": True, "relevant": True, "no": False, "false": False, "not_relevant": False, "": None}


@dataclass(frozen=True)
class RelevanceVotes:
    """Votes by task; an expert's last vote on a task counts."""

    by_task: Mapping[str, Mapping[str, bool]]
    sha256: str
    levels: Mapping[str, Mapping[str, Level]] = field(default_factory=dict)
    """By task, what experts say it belongs to, where they say so."""

    def share(self, task: str) -> float | None:
        """Share of the experts who find it relevant; None where nobody voted."""
        votes = self.by_task.get(task)
        return sum(votes.values()) / len(votes) if votes else None

    def in_favour(self, task: str) -> int:
        """How many find it relevant."""
        return sum(self.by_task.get(task, {}).values())

    def level(self, task: str, quorum: int) -> Level | None:
        """The level that at least `quorum` put it in; None where they put it in none, or in two."""
        counts = Counter(self.levels.get(task, {}).values())
        chosen = [level for level, count in counts.items() if count >= quorum]
        return chosen[0] if len(chosen) == 1 else None


def read_votes(path: Path) -> RelevanceVotes:
    """Reads a file of votes: CSV or JSON lines, such as a relevance study's ``votes.csv``.

    Args:
        path: With the columns ``task``, ``evaluator`` and ``relevant``: yes or no, empty where an expert could not say.
            ``level`` is read where it is there: the level a task belongs to in the expert's opinion.

    Raises:
        InputError: it cannot be read, or a row is damaged; names file and line.
    """
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    levels: dict[str, dict[str, Level]] = defaultdict(dict)
    for row in read_rows(path, ["task", "evaluator", "relevant"]):
        said = row.cells.get("relevant")
        vote = said if isinstance(said, bool) else row.choice("relevant", _VOTES, default="")
        if vote is not None:
            found[row.text("task")][row.text("evaluator")] = vote
        if (level := row.choice("level", _LEVELS, default="")) is not None:
            levels[row.text("task")][row.text("evaluator")] = level
    if not found:
        raise InputError(f"{path} holds no vote")
    return RelevanceVotes(dict(found), hashlib.sha256(path.read_bytes()).hexdigest(), dict(levels))

"""How often each expert chose which action, by dimension and level: the paper's Figure 8."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from ...rubric import Dimension, Level
from ..revision.docket import TaskDocket
from .records import ActionCount

Cell = tuple[str, Level, Dimension]


def count_actions(dockets: Iterable[TaskDocket]) -> tuple[ActionCount, ...]:
    """Actions of the first round. A supplement counts in the dimension it is proposed for.

    Returns:
        One record for each expert, level and dimension with an answer.
    """
    counts: dict[Cell, Counter[str]] = defaultdict(Counter)
    for docket in dockets:
        level = docket.task.level
        for criterion in docket.task.criteria:
            for position in docket.said_about(criterion.id):
                counts[position.expert, level, criterion.dimension][position.action] += 1
        for proposal in docket.positions.proposals.values():
            for expert in proposal.weights:
                counts[expert, level, proposal.wording.dimension]["add"] += 1
    order = sorted(counts, key=lambda cell: (cell[0], list(Level).index(cell[1]), list(Dimension).index(cell[2])))
    return tuple(ActionCount(expert=e, level=lv, dimension=d, **counts[e, lv, d]) for e, lv, d in order)

"""In which order criteria are shown: the same for every generator, balanced across votes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ..rubric import Criterion

POLICY = "sha256-rotated-1"
"""Name of this policy; part of a judge's identity."""


NUMBERED = "numbered"
"""The policy of judges that keep the rubric's own order (an optional attribute ``order`` of a judge)."""


def shown_order(
    criteria: Sequence[Criterion], *, view: str, task: str, group: str, vote: int, policy: str = POLICY
) -> tuple[Criterion, ...]:
    """The order in which `criteria` are shown; ``numbered`` keeps theirs, whatever the vote.

    Vote 0 sorts them by a hash of (view digest, task, group, criterion id). Each further vote rotates that order by
    another amount, so that over n votes every criterion stands once in every position (a cyclic Latin square); the
    amounts follow the van der Corput sequence, which spreads any number of votes evenly.
    """
    if policy == NUMBERED:
        return tuple(criteria)
    base = sorted(criteria, key=lambda c: hashlib.sha256(f"{view}|{task}|{group}|{c.id}".encode()).digest())
    if not base:
        return ()
    shift = _rotations(len(base))[vote % len(base)]
    return (*base[shift:], *base[:shift])


def _rotations(n: int) -> list[int]:
    bits = max(1, (n - 1).bit_length())
    return sorted(range(n), key=lambda k: int(f"{k:0{bits}b}"[::-1], 2))

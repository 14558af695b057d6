"""What a verdict rests on: citations too thin for what they claim, and answers that hold without the evidence."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..chat.ledger import Ledger
from ..results import Verdict
from ..scorecard import Rate
from ..stats.estimates import rounded, rounded_ends
from ..stats.intervals import wilson


def reads_list(judge: str) -> bool:
    """Whether the judge of that name reads criteria as a list and looks at frames: all but measured and replayed."""
    return judge != "measured" and not judge.startswith("replay:")


def is_weak(verdict: Verdict, *, temporal: bool) -> bool:
    """True where a claim about time is called met on at most one cited frame. The verdict stands; a reader is warned.

    Args:
        verdict: One vote.
        temporal: Whether the criterion cannot be judged from one frame.
    """
    is_met = temporal and verdict.met is True and verdict.judge != "measured"
    return is_met and len(set(verdict.frames)) <= 1


def weak_evidence(verdicts: Iterable[Verdict], temporal: Collection[tuple[str, str]]) -> Rate:
    """Met verdicts on temporal criteria that cite at most one frame, of all met verdicts on such criteria.

    Args:
        verdicts: One per vote.
        temporal: (task, criterion) of every criterion that cannot be judged from one frame.
    """
    met = [v for v in verdicts if v.met is True and v.judge != "measured" and (v.task, v.criterion) in temporal]
    return share_of(sum(is_weak(v, temporal=True) for v in met), len(met))


def ungrounded(ledger: Ledger, asked: Collection[tuple[str, str]]) -> Rate:
    """Challenged verdicts that stayed met on another task's frames, of all that were challenged and answered.

    Args:
        ledger: The call log.
        asked: (task, criterion) of the view.
    """
    answers = [j for (task, _, criterion, *_), (_, j) in ledger.challenged.items() if (task, criterion) in asked]
    return share_of(sum(j.met is True for j in answers), len(answers))


def share_of(count: int, n: int) -> Rate:
    """`count` of `n` with Wilson's 95 % interval."""
    estimate = wilson(count, n)
    return Rate(value=rounded(estimate.value), ci95=rounded_ends(estimate.interval), count=count, n=n)

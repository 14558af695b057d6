"""What a run says about its own judge, for the report: order, votes, evidence, challenges, members."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..chat.ledger import Ledger
from ..outcomes import Outcome, outcome_of
from ..results import Call, Reservation, Verdict
from ..scorecard import Judging, MemberScore, Rate, Score
from ..stats.resampling import cluster_codes, spreads, sum_by_cluster
from ..suites.snapshot import Snapshot
from .evidence import ungrounded, weak_evidence
from .order_effect import ShownList, order_effect, shown_list


@dataclass
class CallLog:
    """A call log read once: the ledger, and the lists that were shown."""

    ledger: Ledger = field(default_factory=Ledger)
    lists: list[ShownList] = field(default_factory=list)

    @classmethod
    def of(cls, lines: Iterable[Reservation | Call]) -> CallLog:
        """Reads a whole log."""
        log = cls()
        for line in lines:
            log.ledger.add(line)
            if isinstance(line, Call) and (shown := shown_list(line)) is not None:
                log.lists.append(shown)
        return log


def summarize(
    log: CallLog,
    verdicts: Sequence[Verdict],
    snapshot: Snapshot,
    *,
    members: Sequence[str] = (),
    score_of: Callable[[list[Verdict]], Score | None],
) -> Judging:
    """Everything ``report.json`` has under ``judging``.

    Args:
        log: The run's calls.
        verdicts: The run's verdicts on the criteria of `snapshot`.
        snapshot: The view.
        members: The judges of a panel.
        score_of: Scores a part of the verdicts, for each member alone.
    """
    criteria = {(task.id, c.id): c for task in snapshot.tasks for c in task.criteria}
    weak = weak_evidence(verdicts, {key for key, c in criteria.items() if c.temporal})
    challenged = ungrounded(log.ledger, criteria.keys())
    return Judging(
        order_effect=order_effect(one for one in log.lists if any((one.task, c) in criteria for c, _ in one.answers)),
        vote_flip_rate=vote_flips(verdicts),
        weak_evidence=weak if weak.n else None,
        ungrounded=challenged if challenged.n else None,
        members=tuple(MemberScore(judge=name, overall=score_of(_alone(verdicts, name, members))) for name in members),
    )


def vote_flips(verdicts: Iterable[Verdict]) -> Rate | None:
    """How often two votes of one judge on one criterion of one video differ; the interval is clustered by video.

    Args:
        verdicts: One per vote. Missing ones are left out.

    Returns:
        None where nothing has two votes.
    """
    votes: dict[tuple[str, int, str, str], list[Outcome]] = defaultdict(list)
    for verdict in {v.key: v for v in verdicts}.values():
        if not verdict.is_missing:
            votes[verdict.task, verdict.seed, verdict.criterion, verdict.judge].append(outcome_of(verdict))
    rows, videos = [], list[Hashable]()
    for (task, seed, *_), cast in votes.items():
        if len(cast) > 1:
            pairs = list(itertools.combinations(cast, 2))
            rows.append([sum(a is not b for a, b in pairs), len(pairs)])
            videos.append((task, seed))
    if not rows:
        return None
    table = sum_by_cluster(np.array(rows, dtype=np.float64), cluster_codes(videos, len(rows)))
    [(_, interval)] = spreads(table, lambda sums: sums[:, :1] / sums[:, 1:])
    count, n = (int(total) for total in table.sum(axis=0))
    inside = interval and (round(max(0.0, interval[0]), 6), round(min(1.0, interval[1]), 6))
    return Rate(value=round(count / n, 6), ci95=inside, count=count, n=n)


def _alone(verdicts: Iterable[Verdict], member: str, members: Sequence[str]) -> list[Verdict]:
    """A panel's verdicts without the other members'; criteria that the panel was not asked about keep theirs."""
    return [v for v in verdicts if v.judge == member or v.judge not in members]

"""Challenges: some met verdicts are asked about again, over another task's frames; what stays met is ungrounded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..chat.ledger import CHALLENGE, Ledger
from ..results import Generation
from ..rubric import Criterion
from ..suites.view import View
from .evidence import reads_list
from .plan import PlannedCall, PlannedVideo, order_of
from .protocol import Group, Judge


def plan_challenges(
    view: View,
    judge: Judge,
    generations: Mapping[tuple[str, int], Generation],
    ledger: Ledger,
    *,
    seeds: Sequence[int],
    votes: int,
    share: float,
) -> list[PlannedVideo]:
    """Lists the challenges that are not answered yet.

    Which verdicts are challenged depends on nothing but the verdict's own key, so a larger share adds to a smaller
    one and a continued run asks nothing twice. All challenges about one video show the same other video.

    Args:
        view: What was judged.
        judge: Who judged.
        generations: Every video there is.
        ledger: The call log.
        seeds: As for `plan_calls`.
        votes: As for `plan_calls`.
        share: Share of the met verdicts to challenge, 0 to 1. Measured and replayed verdicts cannot be.

    Returns:
        One entry a video with something to ask; none where no other task has a video.
    """
    tasks = {task.id for task in view.tasks}
    there = {key: g for key, g in generations.items() if g.video is not None and key[0] in tasks}
    by_seed: dict[int, list[Generation]] = {}
    for (_, seed), generation in there.items():
        by_seed.setdefault(seed, []).append(generation)
    found: list[PlannedVideo] = []
    for task in view.tasks:
        groups = [g for g in judge.groups(task, task.criteria) if reads_list(g.judge.identity.name)]
        for seed in seeds:
            if (task.id, seed) not in there:
                continue
            calls = []
            for group in groups:
                for vote in range(1 if group.judge.deterministic else votes):
                    shown = order_of(group, view, task, vote)
                    chosen = tuple(c for c in shown if _is_open(task.id, seed, c, group, vote, ledger, share))
                    if chosen:
                        again = replace(group, name=CHALLENGE + group.name, criteria=chosen)
                        calls.append(PlannedCall(again, chosen, vote))
            other = _other(task.id, seed, by_seed) if calls else None
            if other is not None:
                found.append(PlannedVideo(task, there[task.id, seed], tuple(calls), shown=other))
    return found


def _is_open(task: str, seed: int, criterion: Criterion, group: Group, vote: int, ledger: Ledger, share: float) -> bool:
    key = (task, seed, criterion.id, group.judge.identity.name, vote)
    answer = ledger.answered.get(key)
    if answer is None or answer[1].met is not True or key in ledger.challenged:
        return False
    return _draw(criterion.digest, *map(str, key)) < share


def _other(task: str, seed: int, by_seed: Mapping[int, Sequence[Generation]]) -> Generation | None:
    """The video of another task to show instead: of the same seed where there is one, never the same file."""
    own = {g.video.sha256 for g in by_seed[seed] if g.task == task and g.video is not None}
    for held in (by_seed[seed], [g for some in by_seed.values() for g in some]):
        others = [g for g in held if g.task != task and g.video is not None and g.video.sha256 not in own]
        if others:
            # The lowest draw wins, so that one more video seldom changes the choice of a run that is continued.
            return min(others, key=lambda g: _draw(task, str(seed), g.task, str(g.seed)))
    return None


def _draw(*parts: str) -> float:
    """A number in [0, 1) that depends on `parts` alone."""
    digest = hashlib.sha256("|".join(("challenge", *parts)).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64

"""Which questions a run still has to ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..chat.ledger import Ledger
from ..results import Generation, Judgement, Reason, Verdict
from ..rubric import Criterion, Task
from ..suites.view import View
from .order import POLICY, shown_order
from .panel import panel_of
from .protocol import Group, Judge


@dataclass(frozen=True)
class PlannedCall:
    """One question about one video, not answered yet."""

    group: Group
    criteria: tuple[Criterion, ...]
    """In the order they are shown, without those that are answered."""
    vote: int


@dataclass(frozen=True)
class PlannedVideo:
    """A stored video and what is still to be asked about it."""

    task: Task
    generation: Generation
    calls: tuple[PlannedCall, ...]
    shown: Generation | None = None
    """Another task's video to show instead: the calls are challenges, and no verdicts follow."""

    @property
    def by_judge(self) -> list[list[PlannedCall]]:
        """The calls of each judge, in their order."""
        found: dict[str, list[PlannedCall]] = {}
        for call in self.calls:
            found.setdefault(call.group.judge.identity.name, []).append(call)
        return list(found.values())


@dataclass(frozen=True)
class Plan:
    """What a grading pass has to do, and what can be said without asking."""

    videos: tuple[PlannedVideo, ...]
    settled: tuple[Verdict, ...]
    """Verdicts that follow from acknowledged calls, or from nothing being there to judge."""

    @property
    def calls(self) -> int:
        """Questions to ask."""
        return sum(len(v.calls) for v in self.videos)


def plan_calls(
    view: View,
    judge: Judge,
    generations: Mapping[tuple[str, int], Generation],
    ledger: Ledger,
    *,
    seeds: Sequence[int],
    votes: int,
) -> Plan:
    """Lists the open questions, video by video in the view's order, and the verdicts that need none."""
    videos: list[PlannedVideo] = []
    settled: list[Verdict] = []
    for task in view.tasks:
        groups = judge.groups(task, task.criteria)
        grouped = {c.id for group in groups for c in group.criteria}
        lost = _lost_by_members(judge, groups)
        for seed in seeds:
            generation = generations.get((task.id, seed))
            if generation is not None and generation.status == "failed":
                continue  # the model failed: scored 0, nothing to judge
            unmeasured = [c for c in task.criteria if c.id not in grouped]
            settled += [missing(task, seed, c, judge, Reason.NOT_MEASURED) for c in unmeasured]
            settled += [missing(task, seed, c, member, Reason.NOT_MEASURED) for c, member in lost]
            if generation is None or generation.video is None:
                settled += [missing(task, seed, c, g.judge, Reason.FAILED) for g in groups for c in g.criteria]
                continue
            calls = []
            for group in groups:
                for vote in range(1 if group.judge.deterministic else votes):
                    shown = order_of(group, view, task, vote)
                    open_, known = _split(task, seed, group, vote, shown, ledger)
                    settled += known
                    if open_:
                        calls.append(PlannedCall(replace(group, criteria=tuple(open_)), tuple(open_), vote))
            if calls:
                videos.append(PlannedVideo(task, generation, tuple(calls)))
    return Plan(tuple(videos), tuple(settled))


def _lost_by_members(judge: Judge, groups: Sequence[Group]) -> list[tuple[Criterion, Judge]]:
    """Criteria that some members of a panel judge, with each member that does not."""
    members = panel_of(judge)
    if not members:
        return []
    by_member: dict[str, dict[str, Criterion]] = {m.identity.name: {} for m in members}
    for group in groups:
        by_member.get(group.judge.identity.name, {}).update({c.id: c for c in group.criteria})
    judged = {c.id: c for held in by_member.values() for c in held.values()}
    return [(c, m) for m in members for c in judged.values() if c.id not in by_member[m.identity.name]]


def order_of(group: Group, view: View, task: Task, vote: int) -> tuple[Criterion, ...]:
    """The criteria of `group` in the order its judge's policy shows them in."""
    policy = getattr(group.judge, "order", POLICY)
    return shown_order(group.criteria, view=view.digest, task=task.id, group=group.name, vote=vote, policy=policy)


def given(
    task: Task, seed: int, criterion: Criterion, judge: str, judgement: Judgement, vote: int, call: str
) -> Verdict:
    """The line of a criterion that the judge of that name answered in `call`."""
    return Verdict(
        task=task.id,
        seed=seed,
        criterion=criterion.id,
        criterion_digest=criterion.digest,
        vote=vote,
        judge=judge,
        met=judgement.met,
        reason=judgement.reason,
        observation=judgement.observation,
        frames=judgement.frames,
        call=call,
    )


def missing(task: Task, seed: int, criterion: Criterion, judge: Judge, reason: Reason, vote: int = 0) -> Verdict:
    """The line of a criterion nobody could judge."""
    return Verdict(
        task=task.id,
        seed=seed,
        criterion=criterion.id,
        criterion_digest=criterion.digest,
        vote=vote,
        judge=judge.identity.name,
        met=None,
        reason=reason,
    )


def _split(
    task: Task, seed: int, group: Group, vote: int, shown: Sequence[Criterion], ledger: Ledger
) -> tuple[list[Criterion], list[Verdict]]:
    name = group.judge.identity.name
    open_: list[Criterion] = []
    known: list[Verdict] = []
    for criterion in shown:
        answer = ledger.answered.get((task.id, seed, criterion.id, name, vote))
        if answer is None:
            open_.append(criterion)
            continue
        call, judgement = answer
        known.append(given(task, seed, criterion, name, judgement, vote, call))
    return open_, known

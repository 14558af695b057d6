"""Claims of known truth and what a judge said of them: everything a certificate counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..judging.panel import panel_names
from ..outcomes import Outcome, outcome_of, reduce_votes
from ..results import Reason, Verdict
from ..rubric import Criterion, Task
from ..scorecard import Named
from ..simulators.truth import Truth
from .battery import Battery, Clip


@dataclass(frozen=True)
class Claim:
    """One criterion of one clip."""

    clip: Clip
    task: Task
    criterion: Criterion
    truth: bool | None
    """None: undetermined; no judge is counted right or wrong there."""
    answered: float
    """Share of the present votes that say met or not met; 0 where the judge could not tell."""
    met: float | None
    """Share of those that say met; None where none does."""

    @property
    def scene(self) -> Hashable:
        """What is not independent of it: clips of one simulated scene; the empty controls are a scene of their own."""
        label = self.clip.recipe.label
        return label if label in ("blank", "static") else "-".join(map(str, self.clip.recipe.scene))

    @property
    def points(self) -> float:
        """What the claim is worth when met, in points of its task's score."""
        whole = sum(c.weight for c in self.task.criteria if c.polarity.sign > 0)
        return 100 * self.criterion.polarity.sign * self.criterion.weight / whole if whole else 0.0


@dataclass(frozen=True)
class Hearing:
    """Everything a judge was asked about a battery."""

    claims: tuple[Claim, ...]
    asked: int
    """Verdicts asked for."""
    missing: int
    """Those that could not be had."""

    @property
    def known(self) -> list[Claim]:
        """Claims of known truth."""
        return [claim for claim in self.claims if claim.truth is not None]


def hear(
    battery: Battery,
    tasks: Mapping[str, Task],
    truths: Mapping[str, Mapping[str, Truth]],
    verdicts: Iterable[Verdict],
    judge: Named,
) -> Hearing:
    """Lays verdicts beside truths.

    Args:
        battery: The clips.
        tasks: The core tasks by id.
        truths: By clip and criterion.
        verdicts: Of a run of the battery. Criteria the judge has no measurement for were not asked.
        judge: Who gave them; a panel's members are reduced to one answer.
    """
    members = panel_names(judge.settings)
    said: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for verdict in {v.key: v for v in verdicts}.values():
        if verdict.reason is not Reason.NOT_MEASURED:
            said[verdict.task, verdict.criterion].append(verdict)
    claims, asked, missing = [], 0, 0
    for clip in battery.clips:
        task = tasks[clip.recipe.task_id]
        for criterion in task.criteria:
            outcomes = _outcomes(said[clip.id, criterion.id], members)
            asked, missing = asked + len(outcomes), missing + outcomes.count(Outcome.MISSING)
            present = [outcome for outcome in outcomes if outcome is not Outcome.MISSING]
            if not present:
                continue
            decided = [outcome is Outcome.MET for outcome in present if outcome is not Outcome.CANNOT_TELL]
            claims.append(
                Claim(
                    clip=clip,
                    task=task,
                    criterion=criterion,
                    truth=truths[clip.id][criterion.id].met,
                    answered=len(decided) / len(present),
                    met=sum(decided) / len(decided) if decided else None,
                )
            )
    return Hearing(tuple(claims), asked, missing)


def _outcomes(verdicts: Sequence[Verdict], members: Sequence[str]) -> list[Outcome]:
    """Each vote's outcome; a panel's members together make one."""
    if members and verdicts:
        return [reduce_votes(verdicts, members=members)]
    return [outcome_of(verdict) for verdict in verdicts]


@dataclass(frozen=True)
class Pair:
    """The same claim about a clip and its twin, answered for both."""

    claim: Claim
    twin: Claim

    @property
    def is_turned(self) -> bool:
        """Whether the truth differs."""
        return None not in (self.claim.truth, self.twin.truth) and self.claim.truth is not self.twin.truth

    @property
    def is_kept(self) -> bool:
        """Whether the truth is known and the same."""
        return self.claim.truth is not None and self.claim.truth is self.twin.truth

    @property
    def change(self) -> float:
        """Share called met in the clip less that in its twin."""
        assert self.claim.met is not None
        assert self.twin.met is not None
        return self.claim.met - self.twin.met


def pairs_of(claims: Sequence[Claim]) -> list[Pair]:
    """Every claim with the same one of its clip's twin, where both were answered."""
    by_place = {(claim.clip.id, claim.criterion.id): claim for claim in claims if claim.met is not None}
    found = []
    for claim in by_place.values():
        twin = by_place.get((claim.clip.twin or "", claim.criterion.id))
        if twin is not None:
            found.append(Pair(claim, twin))
    return found

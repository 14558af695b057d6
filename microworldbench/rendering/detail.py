"""Evidence turned into what a page says: one verdict a criterion, in words, with the points it earned or cost."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

from ..judging.evidence import is_weak
from ..judging.panel import panel_names
from ..outcomes import Outcome, Reducer, outcome_of, reduce_votes
from ..results import Reason, Verdict
from ..rubric import Dimension, Level, Polarity
from ..scorecard import Scorecard, TaskScore
from .evidence import CriterionEvidence, TaskEvidence, VideoEvidence

LONG_OBSERVATION = 320
"""Characters shown of an observation before the rest is folded away."""

_MARKS = {Outcome.MET: "✓", Outcome.NOT_MET: "✗", Outcome.CANNOT_TELL: "?", Outcome.MISSING: "–"}
_WORDS = {
    Outcome.MET: "met",
    Outcome.NOT_MET: "not met",
    Outcome.CANNOT_TELL: "cannot tell",
    Outcome.MISSING: "missing",
}
_REASONS = {
    Reason.CANNOT_TELL: "the judge could not say",
    Reason.UNREADABLE: "the judge's reply could not be read",
    Reason.REFUSED: "the judge refused",
    Reason.FAILED: "the judge's call failed",
    Reason.NOT_MEASURED: "no measurement exists",
}


@dataclass(frozen=True)
class Vote:
    """One vote: its mark, its words, and the observation it rests on."""

    outcome: Outcome
    judge: str
    opening: str
    rest: str
    """What does not fit the first lines of a long observation."""
    reason: str | None
    is_weak: bool = False
    """A claim about time, called met on at most one cited frame."""

    @property
    def mark(self) -> str:
        """✓ ✗ ? or –."""
        return _MARKS[self.outcome]

    @property
    def word(self) -> str:
        """The verdict in words."""
        return _WORDS[self.outcome]


@dataclass(frozen=True)
class Finding:
    """A criterion and what was found about it in one video."""

    criterion: CriterionEvidence
    outcome: Outcome | None
    """None where there was no video to judge."""
    votes: tuple[Vote, ...]
    frames: tuple[int, ...]
    points: float | None
    """Points of the task's score, missing verdicts at their midpoint; None where the task has no reward."""

    @property
    def mark(self) -> str:
        """✓ ✗ ? or –."""
        return "–" if self.outcome is None else _MARKS[self.outcome]

    @property
    def word(self) -> str:
        """The verdict in words."""
        if self.outcome is None:
            return "no video"
        if self.outcome is Outcome.MISSING and (reason := self._common_reason):
            return f"missing: {reason}"
        return _WORDS[self.outcome]

    @property
    def effect(self) -> str:
        """``gain``, ``loss``, ``open`` (undecided) or ``none``: what the verdict does to the score."""
        if self.outcome is Outcome.MET:
            return "gain" if self.criterion.polarity is Polarity.REWARD else "loss"
        return "open" if self.outcome in (Outcome.CANNOT_TELL, Outcome.MISSING) else "none"

    @property
    def is_weak(self) -> bool:
        """Whether a vote calls a claim about time met on at most one frame."""
        return any(vote.is_weak for vote in self.votes)

    @property
    def judges(self) -> list[str]:
        """Who voted."""
        return sorted({vote.judge for vote in self.votes})

    @property
    def tally(self) -> str | None:
        """How the votes fell, where there are several."""
        if len(self.votes) < 2:
            return None
        counts = Counter(vote.outcome for vote in self.votes)
        return ", ".join(f"{counts[outcome]} {_WORDS[outcome]}" for outcome in Outcome if counts[outcome])

    @property
    def _common_reason(self) -> str | None:
        reasons = {vote.reason for vote in self.votes}
        return reasons.pop() if len(reasons) == 1 else None


@dataclass(frozen=True)
class Section:
    """The findings of one dimension."""

    dimension: Dimension
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class VideoDetail:
    """One video with its findings."""

    video: VideoEvidence
    sections: tuple[Section, ...]
    counts: Counter[Outcome]
    penalty_met: bool


@dataclass(frozen=True)
class TaskDetail:
    """One line of the task list and what unfolds below it."""

    number: int
    """Place in the list as written, from 1."""
    id: str
    level: Level
    score: TaskScore | None
    evidence: TaskEvidence | None
    videos: tuple[VideoDetail, ...] = ()

    @property
    def tally(self) -> str:
        """What became of the criteria, over all videos."""
        counts = sum((video.counts for video in self.videos), Counter[Outcome]())
        return ", ".join(f"{counts[outcome]} {_WORDS[outcome]}" for outcome in Outcome if counts[outcome])

    @property
    def flags(self) -> str:
        """What the filter asks for: ``failed``, ``open`` (something undecided), ``penalty`` (one was met)."""
        failed = (self.score is not None and self.score.failed > 0) or any(
            video.video.status == "failed" for video in self.videos
        )
        found = {
            "failed": failed,
            "open": any(v.counts[Outcome.CANNOT_TELL] or v.counts[Outcome.MISSING] for v in self.videos)
            or any(v.video.status == "missing" for v in self.videos)
            or (self.score is not None and self.score.score is not None and self.score.score.partial),
            "penalty": any(video.penalty_met for video in self.videos),
        }
        return " ".join(flag for flag, holds in found.items() if holds)


def task_details(card: Scorecard, evidence: Iterable[TaskEvidence]) -> Iterator[TaskDetail]:
    """Every task with evidence, in its order, then the scored tasks without any. Holds one task at a time."""
    scores = {task.id: task for task in card.tasks}
    reduction = _Reduction.of(card)

    def entries() -> Iterator[tuple[TaskScore | None, TaskEvidence | None]]:
        for task in evidence:
            yield scores.pop(task.id, None), task
        for score in scores.values():
            yield score, None

    for number, (score, task) in enumerate(entries(), start=1):
        if task is not None:
            videos = tuple(_video(task, video, reduction) for video in task.videos)
            yield TaskDetail(number, task.id, task.level, score, task, videos)
        elif score is not None:
            yield TaskDetail(number, score.id, score.level, score, None)


@dataclass(frozen=True)
class _Reduction:
    """How a scorecard's votes became outcomes, so that the page shows the same ones."""

    reducer: Reducer = "majority"
    members: tuple[str, ...] = ()

    @classmethod
    def of(cls, card: Scorecard) -> _Reduction:
        settings = card.judge.settings
        named = [r for r in get_args(Reducer) if r == settings.get("reducer")]
        return cls(named[0] if named else "majority", panel_names(settings))

    def __call__(self, votes: Sequence[Verdict]) -> Outcome:
        return reduce_votes(votes, self.reducer, members=self.members)


def _video(task: TaskEvidence, video: VideoEvidence, reduce: _Reduction) -> VideoDetail:
    votes: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in {v.key: v for v in video.verdicts}.values():
        votes[verdict.criterion].append(verdict)
    earned = math.fsum(c.weight for c in task.criteria if c.polarity is Polarity.REWARD)
    findings = [_finding(c, votes[c.id], earned, reduce, judged=video.status == "ok") for c in task.criteria]
    sections = (Section(d, tuple(f for f in findings if f.criterion.dimension is d)) for d in Dimension)
    return VideoDetail(
        video=video,
        sections=tuple(section for section in sections if section.findings),
        counts=Counter(f.outcome for f in findings if f.outcome is not None),
        penalty_met=any(f.effect == "loss" for f in findings),
    )


def _finding(
    criterion: CriterionEvidence, votes: Sequence[Verdict], earned: float, reduce: _Reduction, *, judged: bool
) -> Finding:
    if not judged:
        return Finding(criterion, None, (), (), None)
    outcome = reduce(votes)
    return Finding(
        criterion=criterion,
        outcome=outcome,
        votes=tuple(_vote(verdict, criterion.temporal) for verdict in votes),
        frames=tuple(sorted({number for verdict in votes for number in verdict.frames})),
        points=100 * outcome.share * criterion.weight * criterion.polarity.sign / earned if earned else None,
    )


def _vote(verdict: Verdict, temporal: bool) -> Vote:
    outcome = outcome_of(verdict)
    opening, rest = _folded(verdict.observation)
    reason = None if verdict.reason is None else _REASONS[verdict.reason]
    return Vote(outcome, verdict.judge, opening, rest, reason, is_weak(verdict, temporal=temporal))


def _folded(text: str) -> tuple[str, str]:
    text = text.strip()
    if len(text) <= LONG_OBSERVATION:
        return text, ""
    cut = text.rfind(" ", LONG_OBSERVATION // 2, LONG_OBSERVATION)
    cut = LONG_OBSERVATION if cut < 0 else cut
    return text[:cut], text[cut:]

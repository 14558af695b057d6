"""``labels:PATH``: experts as judges, by what they answered about these very videos."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from ..errors import InputError
from ..labels import Label, read_labels
from ..outcomes import Outcome
from ..results import Judgement, Reason
from ..rubric import Criterion, Task
from .panel import Panel
from .protocol import Answer, Group, Judge, JudgeIdentity, Question


class ExpertJudge:
    """Answers with one expert's labels; what the expert was not asked, or not about this video, is missing.

    Args:
        rater: The expert's pseudonym.
        labels: With the sha256 of the video that each is about.
        source: Digest of the file they come from, part of the identity.
    """

    deterministic = True

    def __init__(self, rater: str, labels: Sequence[Label], source: str) -> None:
        self.rater, self.source = rater, source
        self._labels = {(label.video, label.task, label.criterion): label for label in labels}

    @property
    def identity(self) -> JudgeIdentity:
        """The expert and the digest of the labels."""
        return JudgeIdentity(name=f"labels:{self.rater}", settings={"labels": self.source})

    def groups(self, task: Task, criteria: Sequence[Criterion]) -> list[Group]:
        """All criteria at once."""
        return [Group("all", tuple(criteria), self)] if criteria else []

    def worst_case_usd(self, question: Question) -> float:
        """Free."""
        return 0.0

    def ask(self, question: Question) -> Answer:
        """The label of each criterion, provided its text has not changed since."""
        video = _sha256(question.video)
        return Answer(tuple(self._judgement(video, question.task, c) for c in question.criteria))

    def _judgement(self, video: str, task: Task, criterion: Criterion) -> Judgement:
        label = self._labels.get((video, task.id, criterion.id))
        if label is None or label.outcome is Outcome.MISSING:
            return _missing(criterion, "no label about this video")
        if label.digest not in (None, criterion.digest):
            return _missing(criterion, "the criterion has changed since it was labelled")
        met = label.outcome.met
        return Judgement(criterion=criterion.id, met=met, reason=Reason.CANNOT_TELL if met is None else None)


def expert_judge(path: Path) -> Judge:
    """The rater of a label file, or a panel of them where there are several.

    Raises:
        InputError: the file cannot be read, or does not say which video was labelled.
    """
    by_rater: dict[str, list[Label]] = defaultdict(list)
    for label in read_labels(path).labels:
        if label.video is None:
            raise InputError(
                f"{path}: a label of task {label.task!r} does not say which video was shown (video_sha256), so it "
                "cannot judge; 'mwb review' writes labels that do"
            )
        by_rater[label.rater].append(label)
    if not by_rater:
        raise InputError(f"{path} holds no label")
    source = hashlib.sha256(path.read_bytes()).hexdigest()
    experts = [ExpertJudge(rater, labels, source) for rater, labels in sorted(by_rater.items())]
    return experts[0] if len(experts) == 1 else Panel(experts)


def _missing(criterion: Criterion, why: str) -> Judgement:
    return Judgement(criterion=criterion.id, met=None, reason=Reason.FAILED, observation=why)


@lru_cache(maxsize=4096)
def _sha256(video: Path) -> str:
    return hashlib.sha256(video.read_bytes()).hexdigest()

"""``replay:PATH``: what another judge said once, given again without a call."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ..errors import InputError
from ..logbook import first_problem
from ..results import Judgement, Reason, Verdict
from ..rubric import Criterion, Task
from ..runs import RunFolder
from ..scoring import Outcome
from ..suites.released import misnumbered_tag, task_id
from ..suites.released_results import ReleasedResults, index_of, read_results, read_score, reply_of
from .panel import Panel
from .protocol import Answer, Group, Judge, JudgeIdentity, Question

VERDICT: TypeAdapter[Verdict] = TypeAdapter(Verdict)


class ReplayJudge:
    """Answers with stored verdicts; what they do not hold is missing.

    Args:
        verdicts: Verdicts of a run; of two with the same key the later one counts.
        source: Digest of where they came from, part of the identity.
    """

    deterministic = False
    """Vote k replays the stored vote k."""

    def __init__(self, verdicts: Iterable[Verdict], source: str) -> None:
        last = {v.key: v for v in verdicts}.values()
        self._verdicts: dict[tuple[str, int, str, int], Verdict] = {}
        for verdict in sorted(last, key=lambda v: v.is_missing, reverse=True):  # a real verdict beats a missing one
            self._verdicts[verdict.task, verdict.seed, verdict.criterion, verdict.vote] = verdict
        self._held = {(v.task, v.criterion, v.criterion_digest) for v in self._verdicts.values() if not v.is_missing}
        self.judges = sorted({v.judge for v in last})
        self.source = source

    @property
    def identity(self) -> JudgeIdentity:
        """The judges replayed and the digest of their verdicts."""
        return JudgeIdentity(name=f"replay:{'+'.join(self.judges)}", settings={"verdicts": self.source})

    def holds(self, task: Task, criterion: Criterion) -> bool:
        """True where the criterion was judged in its present wording; in a cascade, others judge the rest."""
        return (task.id, criterion.id, criterion.digest) in self._held

    def groups(self, task: Task, criteria: Sequence[Criterion]) -> list[Group]:
        """All criteria at once."""
        return [Group("all", tuple(criteria), self)] if criteria else []

    def worst_case_usd(self, question: Question) -> float:
        """Free."""
        return 0.0

    def ask(self, question: Question) -> Answer:
        """The stored verdict on each criterion, provided its text has not changed."""
        return Answer(tuple(self._judgement(question, c) for c in question.criteria))

    def _judgement(self, question: Question, criterion: Criterion) -> Judgement:
        stored = self._verdicts.get((question.task.id, question.seed, criterion.id, question.vote))
        if stored is None:
            return Judgement(
                criterion=criterion.id, met=None, reason=Reason.FAILED, observation="not in the replayed log"
            )
        if stored.criterion_digest != criterion.digest:
            changed = "the criterion has changed since it was judged"
            return Judgement(criterion=criterion.id, met=None, reason=Reason.FAILED, observation=changed)
        return Judgement(
            criterion=criterion.id,
            met=stored.met,
            reason=stored.reason or (Reason.FAILED if stored.met is None else None),
            observation=stored.observation,
            frames=stored.frames,
        )


class ReleasedReplayJudge:
    """Answers with the replies of the released evaluator to its own criteria.

    Position k of a reply belongs to the k-th criterion of its dimension, which imported criterion ids carry
    (``scientific-3``). What was not answered, or never asked because the dimension was misnumbered, is missing.

    Args:
        results: A result file of the released evaluator.
        source: Digest of the file, part of the identity.
    """

    deterministic = True

    def __init__(self, results: ReleasedResults, source: str) -> None:
        self.results, self.source = results, source
        entries = ((index_of(entry), entry) for entry in results.entries)
        self._entries = {task_id(index): entry for index, entry in entries if index is not None}

    @property
    def identity(self) -> JudgeIdentity:
        """The digest of the file; the released evaluator records neither model nor version."""
        return JudgeIdentity(name="replay:released", settings={"results": self.source})

    def groups(self, task: Task, criteria: Sequence[Criterion]) -> list[Group]:
        """All criteria at once."""
        return [Group("all", tuple(criteria), self)] if criteria else []

    def worst_case_usd(self, question: Question) -> float:
        """Free."""
        return 0.0

    def ask(self, question: Question) -> Answer:
        """The stored reply on each criterion."""
        return Answer(tuple(self._judgement(question.task, c) for c in question.criteria))

    def _judgement(self, task: Task, criterion: Criterion) -> Judgement:
        _, _, position = criterion.id.rpartition("-")
        misnumbered = misnumbered_tag(criterion.dimension) in task.tags
        entry = self._entries.get(task.id)
        scores = None if entry is None or misnumbered else reply_of(entry, criterion.dimension)
        outcome = Outcome.MISSING
        if isinstance(scores, list) and position.isdigit() and 0 < int(position) <= len(scores):
            outcome = read_score(scores[int(position) - 1])
        if outcome.met is not None:
            return Judgement(criterion=criterion.id, met=outcome.met)
        why = "never asked: its dimension is misnumbered" if misnumbered else "not in the replayed results"
        return Judgement(criterion=criterion.id, met=None, reason=Reason.FAILED, observation=why)


def replay_judge(path: Path) -> Judge:
    """A judge from a run folder, a ``verdicts.jsonl`` or a result file of the released evaluator.

    Where several judges voted on the same criteria, as a panel does, it is a panel of their replays.

    Raises:
        InputError: `path` is none of these, or is damaged.
    """
    if path.suffix == ".json":
        results = read_results(path)
        return ReleasedReplayJudge(results, hashlib.sha256(path.read_bytes()).hexdigest())
    file = path / "verdicts.jsonl" if path.is_dir() else path
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"cannot replay {str(path)!r}: {error.strerror or error}") from None
    if path.is_dir():
        verdicts: Iterable[Verdict] = RunFolder.read(path).verdicts()
    else:
        verdicts = _parse(file, data)
    stored, source = list(verdicts), hashlib.sha256(data).hexdigest()
    if not (members := _members(stored)):
        return ReplayJudge(stored, source)
    others = [v for v in stored if v.judge not in members]
    return Panel([ReplayJudge([*others, *(v for v in stored if v.judge == name)], source) for name in members])


def _members(verdicts: Iterable[Verdict]) -> list[str]:
    """The judges that share a criterion of a video with another one."""
    judges: dict[tuple[str, int, str], set[str]] = defaultdict(set)
    for verdict in verdicts:
        judges[verdict.task, verdict.seed, verdict.criterion].add(verdict.judge)
    return sorted(set().union(*(found for found in judges.values() if len(found) > 1)))


def _parse(file: Path, data: bytes) -> list[Verdict]:
    found = []
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            found.append(VERDICT.validate_json(line))
        except ValidationError as error:
            raise InputError(f"{file}:{number} is not a verdict: {first_problem(error)}") from None
    return found

"""Which tasks have a rubric drafted: relevant ones, no two alike, so many of each level.

The rule: tasks are visited from the one most experts found relevant, then the one the model placed most surely, then by
id. A task is kept unless experts voted and fewer than `quorum` found it relevant, its placing is less sure than
`min_confidence`, its prompt is nearly that of a task kept before it, or its level is full. A level that a quorum of
experts puts a task in counts instead of the model's, and is sure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from ..errors import MissingExtraError
from ..rubric import Level
from .records import Choice, ChoiceRules, DraftedTask, Placed
from .votes import RelevanceVotes

BLOCK = 512
"""Rows of the similarity matrix held at once."""


def choose(
    tasks: Sequence[DraftedTask],
    placed: Mapping[str, Placed],
    rules: ChoiceRules,
    votes: RelevanceVotes | None = None,
) -> list[Choice]:
    """Decides about every task; the same input gives the same choice.

    Args:
        tasks: Every drafted task.
        placed: Level by task id.
        rules: Quota, similarity, confidence, quorum.
        votes: Experts' votes; None where nobody has voted, and then relevance decides nothing.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    levels = dict(placed) if votes is None else {**placed, **_by_experts(tasks, votes, rules.quorum)}

    def rank(task: DraftedTask) -> tuple[float, float, str]:
        share = votes.share(task.id) if votes else None
        where = levels.get(task.id)
        return (-(share or 0.0), -(where.confidence if where else 0.0), task.id)

    alike = near_duplicates([f"{task.title}. {task.prompt}" for task in tasks], rules.similarity)
    position = {task.id: number for number, task in enumerate(tasks)}
    kept: dict[int, str] = {}
    full: Counter[Level] = Counter()
    decided: dict[str, Choice] = {}
    for task in sorted(tasks, key=rank):
        where = levels.get(task.id)
        choice = _admission(task, where, rules, votes)
        twins = sorted((kept[other], cosine) for other, cosine in alike[position[task.id]].items() if other in kept)
        if choice.outcome == "kept" and where is not None:
            if twins:
                detail = f"cosine {twins[0][1]:.2f} with {twins[0][0]}"
                choice = Choice(task=task.id, level=where.level, outcome="near-duplicate", detail=detail)
            elif rules.per_level is not None and full[where.level] >= rules.per_level:
                detail = f"{rules.per_level} of this level are kept"
                choice = Choice(task=task.id, level=where.level, outcome="over-quota", detail=detail)
            else:
                kept[position[task.id]] = task.id
                full[where.level] += 1
        decided[task.id] = choice
    return [decided[task.id] for task in tasks]


def _by_experts(tasks: Sequence[DraftedTask], votes: RelevanceVotes, quorum: int) -> dict[str, Placed]:
    found = {task.id: votes.level(task.id, quorum) for task in tasks}
    return {name: Placed(task=name, level=level, confidence=1.0) for name, level in found.items() if level is not None}


def _admission(task: DraftedTask, where: Placed | None, rules: ChoiceRules, votes: RelevanceVotes | None) -> Choice:
    if where is None:
        return Choice(task=task.id, level=None, outcome="unplaced", detail="no level has been drafted")
    if votes is not None and votes.in_favour(task.id) < rules.quorum:
        detail = f"{votes.in_favour(task.id)} of {len(votes.by_task.get(task.id, {}))} experts find it relevant"
        return Choice(task=task.id, level=where.level, outcome="irrelevant", detail=detail)
    if where.confidence < rules.min_confidence:
        detail = f"confidence {where.confidence:.2f} in its level"
        return Choice(task=task.id, level=where.level, outcome="unsure", detail=detail)
    return Choice(task=task.id, level=where.level, outcome="kept")


def near_duplicates(texts: Sequence[str], similarity: float) -> list[dict[int, float]]:
    """For every text, the others whose TF-IDF cosine with it is at least `similarity`.

    Words and pairs of words, logarithmic counts, English stop words left out.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    found: list[dict[int, float]] = [defaultdict(float) for _ in texts]
    if len(texts) < 2:
        return found
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError:
        raise MissingExtraError(
            "choosing diverse tasks", "scikit-learn", "pip install 'microworldbench[authoring]'"
        ) from None
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, stop_words="english")
    vectors = vectorizer.fit_transform(texts).tocsr()
    for start in range(0, len(texts), BLOCK):
        block = (vectors[start : start + BLOCK] @ vectors.T).tocoo()
        close = block.data >= similarity - 1e-9
        for row, column, value in zip(block.row[close], block.col[close], block.data[close], strict=True):
            if start + int(row) != int(column):
                found[start + int(row)][int(column)] = float(value)
    return found

"""The figures of a suite's card as Markdown: sizes, what guessing scores, weights, topics, lengths."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator

from ..rubric import Dimension, Level, Polarity, Suite
from ..suites.lint import Statistics, lint
from .markdown import escape
from .tables import markdown_table, share
from .wording import DIMENSIONS, LEVELS, UNKNOWN, points

MARKS = "figures"
"""Name of the marks between which the figures stand in a README."""


def suite_card(suite: Suite) -> str:
    """Markdown tables of what `suite` holds and of what its weights alone decide.

    Levels without a task and, where no task has a tag, the mechanism types are left out. Text does not end with a line
    break.
    """
    parts = list(_parts(suite))
    blocks = [
        _sizes(parts),
        "What is scored without looking: the mean over tasks, and the task on which saying yes pays most.",
        _guessing(parts),
        "Criteria by weight, and the share of a task's reward weight that each dimension holds.",
        _weights(suite),
        "" if not any(task.tags for task in suite.tasks) else f"Tasks by mechanism type.\n\n{_topics(suite)}",
        "Length in words.",
        _lengths(suite),
    ]
    return "\n\n".join(block for block in blocks if block)


def _parts(suite: Suite) -> Iterator[tuple[str, Suite]]:
    """The tasks of every level, then all."""
    for level in Level:
        if tasks := tuple(task for task in suite.tasks if task.level is level):
            yield LEVELS[level].capitalize(), suite.model_copy(update={"tasks": tasks})
    yield "All", suite


def _sizes(parts: list[tuple[str, Suite]]) -> str:
    head = ("Level", "Tasks", "Criteria", "Rewards", "Penalties", "Need time", "Measured", "Reviewed")
    body = []
    for name, part in parts:
        criteria = [criterion for task in part.tasks for criterion in task.criteria]
        rewards = sum(criterion.polarity is Polarity.REWARD for criterion in criteria)
        timed, measured = sum(c.temporal for c in criteria), sum(c.measurement is not None for c in criteria)
        reviewed = sum(task.review.status == "reviewed" for task in part.tasks)
        shares = (share(timed / len(criteria)), share(measured / len(criteria)))
        counts = (len(part.tasks), len(criteria), rewards, len(criteria) - rewards)
        body.append((name, *map(str, counts), *shares, str(reviewed)))
    return markdown_table(head, body)


def _guessing(parts: list[tuple[str, Suite]]) -> str:
    head = ("Level", "Always yes", "Coin", "Always no", "Always yes, highest", "Lowest attainable")
    return markdown_table(head, [(name, *_null_scores(lint(part).statistics)) for name, part in parts])


def _null_scores(found: Statistics | None) -> tuple[str, ...]:
    if found is None:
        return (UNKNOWN,) * 5
    scores = (found.always_yes, found.coin, found.always_no, found.highest_always_yes, found.lowest_minimum)
    return tuple(points(score) for score in scores)


def _weights(suite: Suite) -> str:
    criteria = [criterion for task in suite.tasks for criterion in task.criteria]
    weights = sorted({criterion.weight for criterion in criteria}, reverse=True)
    counts = Counter((c.dimension, c.polarity, c.weight) for c in criteria)
    found = lint(suite).statistics
    body = [
        (
            f"{DIMENSIONS[dimension].capitalize()}, {polarity.value}",
            *(str(counts[dimension, polarity, weight]) for weight in weights),
            share(found.dimension_mass[dimension]) if found and polarity is Polarity.REWARD else "",
        )
        for dimension in Dimension
        for polarity in Polarity
    ]
    return markdown_table(("", *map(str, weights), "Share"), body)


def _topics(suite: Suite) -> str:
    counts = Counter((task.tags[0] if task.tags else "", task.level) for task in suite.tasks)
    levels = [level for level in Level if any(found is level for _, found in counts)]
    body = []
    for topic in sorted({topic for topic, _ in counts}):
        by_level = [counts[topic, level] for level in levels]
        body.append((escape(topic.replace("-", " ")) or UNKNOWN, *map(str, by_level), str(sum(by_level))))
    return markdown_table(("Mechanism", *(LEVELS[level].capitalize() for level in levels), "All"), body)


def _lengths(suite: Suite) -> str:
    texts = {
        "Prompt": [task.prompt for task in suite.tasks],
        "Requirement": [task.requirement for task in suite.tasks if task.requirement],
        "Statement": [criterion.statement for task in suite.tasks for criterion in task.criteria],
    }
    body = []
    for name, found in texts.items():
        if lengths := [len(text.split()) for text in found]:
            median = statistics.median(lengths)
            body.append((name, *(f"{length:g}" for length in (min(lengths), median, max(lengths)))))
    return markdown_table(("", "Fewest", "Median", "Most"), body)

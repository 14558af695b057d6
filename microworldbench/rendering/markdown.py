"""A scorecard as GitHub Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..rubric import Dimension
from ..scorecard import Corrected, OrderEffect, Score, Scorecard
from .corrected import ERROR_HEAD, HEAD, corrected_rows, corrected_sentence, error_rows
from .doubt import certificate_sentence, judging_sentences
from .tables import markdown_table
from .wording import (
    DIMENSIONS,
    LEVELS,
    UNKNOWN,
    bounds,
    count,
    coverage_sentence,
    failure_sentence,
    interval,
    plain,
    points,
    rows,
    spend_sentence,
)

_SPECIAL = re.compile(r"[\\`*_\[\]|~$]")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_LINKING = re.compile(r"@|#|//|(?<=www)\.", re.IGNORECASE)


def to_markdown(scorecard: Scorecard) -> str:
    """`scorecard` as Markdown: a summary, what it rests on, and every task.

    Returns:
        Text that ends with a line break. Names are escaped, so they show as they are and link nowhere.
    """
    parts = [
        f"# {escape(scorecard.generator.name)} on {escape(scorecard.suite.id)} {escape(scorecard.suite.version)}",
        f"View: {escape(scorecard.view.name)}. Judge: {escape(scorecard.judge.name)}.",
        markdown_table(("", "Score", "Bounds", "95 % interval", "Tasks"), _score_rows(scorecard), right_from=1),
    ]
    if note := _note(scorecard):
        parts.append(note)
    parts.append("\n".join(_facts(scorecard)))
    if scorecard.coverage.failed_generations:
        parts.append(_failures(scorecard))
    if scorecard.corrected is not None:
        parts += _corrected(scorecard.corrected)
    if judging := judging_sentences(scorecard):
        parts += ["## Judging", "\n".join(f"- {label.capitalize()}: {escape(told)}" for label, told in judging)]
        if scorecard.judging.order_effect is not None:
            parts.append(_places(scorecard.judging.order_effect))
    parts += ["## Identity", _identity(scorecard), "## Tasks", _tasks(scorecard)]
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """`text` for a Markdown table cell or line: one line, no formatting, no HTML, no link, no mention."""
    cleaned = "".join(_HTML.get(character, character) for character in plain(text))
    cleaned = _SPECIAL.sub(lambda found: "\\" + found[0], cleaned)
    # GitHub links addresses, mentions and issue numbers in running text, escaped or not, but never across an element.
    return _LINKING.sub(lambda found: f"<span>{found[0]}</span>", cleaned)


def _value(score: Score | None) -> str:
    if score is None:
        return UNKNOWN
    return points(score.value) + (r"\*" if score.partial and score.value is not None else "")


def _score_rows(card: Scorecard) -> Iterable[Sequence[str]]:
    for group, label, score in rows(card):
        name = label if group else f"**{label}**"
        tasks = UNKNOWN if score is None else count(score.n)
        yield name, _value(score), bounds(score), interval(score), tasks


def _note(card: Scorecard) -> str:
    scores = [score for _, _, score in rows(card) if score is not None]
    if any(score.value is None for score in scores):
        return "— Too many verdicts are missing to state a point; the bounds hold."
    if any(score.partial for score in scores):
        return r"\* Some verdicts are missing; the point takes them at their midpoint, the bounds at worst and best."
    return ""


def _facts(card: Scorecard) -> list[str]:
    return [
        f"- Coverage: {coverage_sentence(card.coverage)}",
        f"- Failures: {failure_sentence(card)}",
        f"- Spend: {escape(spend_sentence(card))}",
        f"- Judge's certificate: {escape(certificate_sentence(card))}",
    ]


def _failures(card: Scorecard) -> str:
    treatments = (
        ("As scored (a failure is 0)", card.overall),
        ("Completed tasks only", card.failures.completed_only),
        ("Failure at min(0, worst seen)", card.failures.failure_at_worst),
        ("Every task floored at 0", card.failures.floored_at_zero),
    )
    body = [(name, _value(score), bounds(score), interval(score)) for name, score in treatments]
    return markdown_table(("Failed videos", "Score", "Bounds", "95 % interval"), body, right_from=1)


def _corrected(corrected: Corrected) -> list[str]:
    parts = ["## Corrected by experts", f"{corrected_sentence(corrected)}."]
    parts += [f"> {escape(note)}" for note in corrected.notes]
    parts.append(markdown_table(HEAD, corrected_rows(corrected), right_from=1))
    if corrected.errors:
        parts.append(markdown_table(ERROR_HEAD, error_rows(corrected), right_from=1))
    return parts


def _places(effect: OrderEffect) -> str:
    body = [(str(place.position), f"{100 * place.met:.1f} %", count(place.n)) for place in effect.by_position]
    return markdown_table(("Place in the list", "Met", "Answers"), body, right_from=0)


def _identity(card: Scorecard) -> str:
    body = [
        ("Suite", f"{escape(card.suite.id)} {escape(card.suite.version)}", escape(card.suite.digest)),
        ("View", escape(card.view.name), escape(card.view.digest)),
    ]
    for kind, named in (("Generator", card.generator), ("Judge", card.judge)):
        version = f" {escape(named.version)}" if named.version else ""
        body.append((kind, escape(named.name) + version, UNKNOWN if named.digest is None else escape(named.digest)))
    return markdown_table(("", "Name", "sha256"), body, right_from=3)


def _tasks(card: Scorecard) -> str:
    head = ("Task", "Level", "Score", "Bounds", *(DIMENSIONS[d] for d in Dimension), "Failed")
    body = (
        (
            escape(task.id),
            LEVELS[task.level],
            _value(task.score),
            bounds(task.score),
            *(_value(task.by_dimension.get(dimension)) for dimension in Dimension),
            f"{task.failed} of {len(task.seeds)}" if task.failed else "",
        )
        for task in card.tasks
    )
    return markdown_table(head, body, right_from=2)

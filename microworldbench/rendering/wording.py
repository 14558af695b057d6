"""How numbers and foreign text are written, the same on the console, in Markdown and in HTML.

Names, prompts, observations and error messages come from models, users and suites. `plain` makes them harmless for any
display; each format then adds its own escaping.
"""

from __future__ import annotations

import re

from ..rubric import Dimension, Level
from ..scorecard import Coverage, Score, Scorecard

UNKNOWN = "—"

LEVELS: dict[Level, str] = {Level.ORGAN: "Organ", Level.CELLULAR: "Cellular", Level.SUBCELLULAR: "Subcellular"}
DIMENSIONS: dict[Dimension, str] = {
    Dimension.SCIENTIFIC_FIDELITY: "Scientific fidelity",
    Dimension.VISUAL_QUALITY: "Visual quality",
    Dimension.INSTRUCTION_FOLLOWING: "Instruction following",
}

_ESCAPE_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movement
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC and other strings: titles, links
    r"|\x1b[ -/]*[0-~]"  # the short ones
)
_LINE_BREAK = re.compile(r"\r\n?|[\u2028\u2029\x85\x0b\x0c]")
_INVISIBLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\ufeff]")
_DECEPTIVE = re.compile("[\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: str, *, lines: bool = False) -> str:
    """`text` without anything that acts on a display.

    ANSI sequences and control characters go. Characters that reorder their neighbours (bidirectional overrides) and
    lone surrogates, which no file could hold, become U+FFFD, so that the reader sees that something was there.

    Args:
        text: Text of any origin.
        lines: Keep line breaks; otherwise the result is one line.
    """
    text = _ESCAPE_SEQUENCE.sub("", text)
    text = _LINE_BREAK.sub("\n", text).replace("\t", " ")
    text = _DECEPTIVE.sub("\ufffd", _INVISIBLE.sub("", text))
    return text if lines else " ".join(text.split())


def points(value: float | None) -> str:
    """A score with one decimal, ``—`` for None. Never ``-0.0``."""
    return UNKNOWN if value is None else f"{round(value, 1) + 0.0:.1f}"


def signed(value: float | None) -> str:
    """A difference with one decimal and its sign, ``—`` for None."""
    if value is None:
        return UNKNOWN
    rounded = round(value, 1) + 0.0
    return f"{rounded:+.1f}" if rounded else "0.0"


def span(ends: tuple[float, float] | None) -> str:
    """Two ends as ``[low, high]``, ``—`` for None."""
    return UNKNOWN if ends is None else f"[{points(ends[0])}, {points(ends[1])}]"


def bounds(score: Score | None) -> str:
    """The bounds of `score` as ``[low, high]``."""
    return span(None if score is None else (score.low, score.high))


def interval(score: Score | None) -> str:
    """The 95 % interval of `score` as ``[low, high]``."""
    return span(None if score is None else score.ci95)


def percent(share: float) -> str:
    """A share of 1 in percent; something that is not nothing is never written as 0 %."""
    return "below 0.1 %" if 0 < share < 0.0005 else f"{100 * share:.1f} %"


def count(number: int | None) -> str:
    """A whole number with thousands set apart, ``—`` for None."""
    return UNKNOWN if number is None else f"{number:,}"


def quantity(number: int, noun: str) -> str:
    """``1 task``, ``9 tasks``, ``1 criterion``, ``9 criteria``."""
    plural = "criteria" if noun == "criterion" else f"{noun}s"
    return f"{count(number)} {noun if number == 1 else plural}"


def dollars(amount: float | None) -> str:
    """An amount in US dollars, with cents or, below ten cents, four decimals."""
    if amount is None:
        return UNKNOWN
    return f"${amount:,.4f}" if 0 < amount < 0.1 else f"${amount:,.2f}"


def rows(card: Scorecard) -> list[tuple[str, str, Score | None]]:
    """The scores of `card` in the order tables show them, as (group, label, score); the group is empty for overall."""
    levels = [("Level", name, card.by_level[level]) for level, name in LEVELS.items() if level in card.by_level]
    dimensions = [("Dimension", name, card.by_dimension[d]) for d, name in DIMENSIONS.items() if d in card.by_dimension]
    return [("", "Overall", card.overall), *levels, *dimensions]


def coverage_sentence(coverage: Coverage) -> str:
    """How much was decided, in one line."""
    share = coverage.missing / coverage.criteria if coverage.criteria else 0.0
    return (
        f"{count(coverage.resolved)} of {quantity(coverage.criteria, 'criterion')} resolved "
        f"({count(coverage.cannot_tell)} cannot tell), {count(coverage.missing)} missing ({percent(share)})"
    )


def failure_sentence(card: Scorecard) -> str:
    """How many videos the model failed to make."""
    failed = card.coverage.failed_generations
    return f"{count(failed)} of {quantity(card.coverage.videos, 'video')} failed ({percent(card.failures.rate)})"


def spend_sentence(card: Scorecard) -> str:
    """Calls, tokens and money; parts nobody reported are left out."""
    usage = card.usage
    parts = [quantity(usage.calls, "call")]
    if usage.input_tokens is not None:
        cached = "" if usage.cached_tokens is None else f" ({count(usage.cached_tokens)} cached)"
        parts.append(f"{count(usage.input_tokens)} input tokens{cached}")
    if usage.output_tokens is not None:
        parts.append(f"{count(usage.output_tokens)} output tokens")
    if usage.cost_usd is not None:
        parts.append(dollars(usage.cost_usd))
    return ", ".join(parts)

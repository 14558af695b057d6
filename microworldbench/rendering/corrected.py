"""Scores corrected by experts, in rows and sentences: the same on the console, in Markdown and in HTML."""

from __future__ import annotations

from ..scorecard import Corrected, CorrectedScore, JudgeErrors, Rate
from .wording import DIMENSIONS, LEVELS, UNKNOWN, count, percent, points, quantity, span

WHY = {"too_few": "too few", "not_drawn": "not drawn"}
WHY_NO_RATE = {"too_few": "too few", "weak_judge": "weak judge"}
HEAD = ("", "Corrected", "95 % interval", "Judge alone", "Experts alone", "Tasks")
ERROR_HEAD = ("Judge against experts", "Sens.", "of", "Spec.", "of", "Met", "Corrected")


def corrected_rows(corrected: Corrected) -> list[tuple[str, ...]]:
    """Rows under `HEAD`: overall, levels, dimensions."""
    parts = [("Overall", corrected.overall)]
    parts += [(name, corrected.by_level[level]) for level, name in LEVELS.items() if level in corrected.by_level]
    parts += [(name, corrected.by_dimension[d]) for d, name in DIMENSIONS.items() if d in corrected.by_dimension]
    return [(label, *_cells(part)) for label, part in parts]


def error_rows(corrected: Corrected) -> list[tuple[str, ...]]:
    """Rows under `ERROR_HEAD`: how the judge errs in every dimension and polarity."""
    return [
        (
            f"{DIMENSIONS[found.dimension]}, {found.polarity.value}",
            *_share(found.sensitivity),
            *_share(found.specificity),
            _percent(found.judged.value),
            _rate(found),
        )
        for found in corrected.errors
    ]


def corrected_sentence(corrected: Corrected) -> str:
    """What the correction rests on, without the raters' names."""
    tasks = corrected.overall.n
    return (
        f"{quantity(tasks, 'task')} drawn at random and labelled by {quantity(len(corrected.raters), 'expert')}; "
        "task-level PPI++, valid for this generator whatever the judge's errors"
    )


def _cells(part: CorrectedScore) -> tuple[str, ...]:
    shown = points(part.value) if part.reason is None else f"{UNKNOWN} ({WHY[part.reason]})"
    return shown, span(part.ci95), points(part.judge_mean), points(part.label_mean), count(part.n)


def _share(rate: Rate) -> tuple[str, str]:
    return _percent(rate.value), count(rate.n)


def _rate(found: JudgeErrors) -> str:
    if found.corrected is None:
        return f"{UNKNOWN} ({WHY_NO_RATE[found.reason or 'too_few']})"
    ends = "" if found.ci95 is None else f" [{100 * found.ci95[0]:.0f}, {100 * found.ci95[1]:.0f}]"
    return _percent(found.corrected) + ends


def _percent(value: float | None) -> str:
    return UNKNOWN if value is None else percent(value)

"""Rows of the large tables, written straight as HTML: a site of 100 models and 459 tasks has 90,000 of them.

Names are escaped once, by `text`; everything else here is a number or a word of ours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from markupsafe import escape
from numpy.typing import NDArray

from ..rendering import wording
from ..rendering.tables import p_value
from ..rubric import Level, Polarity
from ..suites.snapshot import SnapshotTask
from .records import PairDifference

LEVELS = {level: (place, wording.LEVELS[level]) for place, level in enumerate(Level)}
_MARKS = {"met": "✓", "not": "✗", "open": "?", "lost": "–", "none": "○", "spared": "·"}


@lru_cache(maxsize=4096)
def text(name: str) -> str:
    """A name for any place on a page: harmless for the display, and escaped."""
    return str(escape(wording.plain(name)))


def number(value: float) -> str:
    """A score with one decimal and a true minus sign; NaN is no score."""
    return wording.UNKNOWN if math.isnan(value) else f"{round(value, 1) + 0.0:.1f}".replace("-", "−")


def sorting(value: float) -> str:
    """A value for the script that sorts; empty where there is none."""
    return "" if math.isnan(value) else f"{value:.6f}"


def task_row(
    task: SnapshotTask, href: str, score: float, bounds: tuple[float, float], parts: Sequence[float], failed: int
) -> str:
    """One task in a model's list."""
    place, level = LEVELS[task.level]
    title = text(task.title or task.id)
    flags = " ".join(word for word, holds in (("failed", failed), ("below", score < 0)) if holds)
    tag = '<span class="tag bad">failed</span>' if failed else ""
    ends = "" if math.isnan(score) else f"[{number(bounds[0])}, {number(bounds[1])}]"
    cells = "".join(f'<td class="number">{number(part)}</td>' for part in parts)
    return (
        f'<tr data-words="{title} {task.id}" data-level="{task.level.value}" data-flags="{flags}" data-task="{title}" '
        f'data-place="{place}" data-score="{sorting(score)}"{_parts(parts)}>'
        f'<th scope="row"><a href="{href}">{title}</a> {tag}</th><td class="level">{level}</td>'
        f'<td class="number strong">{number(score)}</td>'
        f'<td class="number quiet">{ends}</td>{cells}</tr>'
    )


def hardness_row(task: SnapshotTask, href: str, mean: float, spread: float, best: tuple[str, str], failed: int) -> str:
    """One task in the list of a table's tasks. `best`: name and address of the model with the highest score."""
    place, level = LEVELS[task.level]
    title = text(task.title or task.id)
    flags = " ".join(word for word, holds in (("failed", failed), ("below", mean < 0)) if holds)
    return (
        f'<tr data-words="{title} {task.id}" data-level="{task.level.value}" data-flags="{flags}" data-task="{title}" '
        f'data-place="{place}" data-score="{sorting(mean)}" data-spread="{sorting(spread)}" data-failed="{failed}">'
        f'<th scope="row"><a href="{href}">{title}</a></th><td class="level">{level}</td>'
        f'<td class="number strong">{number(mean)}</td><td class="number">{number(spread)}</td>'
        f'<td class="text"><a href="{best[1]}">{text(best[0])}</a></td><td class="number">{failed or ""}</td></tr>'
    )


def model_row(
    name: str, href: str, score: float, parts: Sequence[float], failed: int, seeds: int, outcomes: str
) -> str:
    """One model on a task's page. `outcomes`: its finished cells, one a criterion."""
    tag = f'<span class="tag bad">failed{f" {failed} of {seeds}" if seeds > 1 else ""}</span>' if failed else ""
    cells = "".join(f'<td class="number">{number(part)}</td>' for part in parts)
    return (
        f'<tr><th scope="row"><a href="{href}">{text(name)}</a> {tag}</th>'
        f'<td class="number strong">{number(score)}</td>{cells}{outcomes}</tr>'
    )


def outcome_cells(counts: NDArray[Any], signs: Sequence[Polarity]) -> str:
    """What became of each criterion of one task, in the order of the page."""
    return "".join(_outcome(*row, sign is Polarity.PENALTY) for row, sign in zip(counts.tolist(), signs, strict=True))


@lru_cache(maxsize=4096)
def _outcome(met: int, unmet: int, open_: int, missing: int, penalty: bool) -> str:
    videos = met + unmet + open_ + missing
    if videos > 1:
        kind = ("bad" if penalty else "good") if 2 * met > videos else "none"
        return f'<td class="{kind}">{met}/{videos}</td>'
    if met:
        return f'<td class="{"bad" if penalty else "good"}">{_MARKS["met"]}</td>'
    mark = (
        _MARKS["spared" if penalty else "not"]
        if unmet
        else _MARKS["open"]
        if open_
        else _MARKS["lost"]
        if missing
        else _MARKS["none"]
    )
    return f'<td class="none">{mark}</td>'


def against_row(name: str, href: str, gap: PairDifference, sign: int) -> str:
    """One paired difference on a model's page; `sign` −1 where the model is the pair's second."""
    return (
        f'<tr><th scope="row"><a href="{href}">{text(name)}</a></th>'
        f'<td class="number strong">{signed(sign * gap.value)}</td><td class="number">{ends(gap.ci95, sign)}</td>'
        f'<td class="number">{ends(gap.simultaneous95, sign)}</td><td class="number">{_p(gap.p)}</td>'
        f'<td class="number">{_p(gap.p_adjusted)}</td></tr>'
    )


def matrix_cell(value: float, differs: bool) -> str:
    """One cell of the matrix: filled where the pair differs, the deeper the wider."""
    if not differs:
        return f"<td>{signed(value)}</td>"
    depth = min(4, 1 + int(abs(value) // 10))
    return f'<td class="{"up" if value > 0 else "down"}{depth}">{signed(value)}</td>'


def signed(value: float) -> str:
    """A difference with its sign."""
    return wording.signed(value).replace("-", "−")


def ends(interval: tuple[float, float] | None, sign: int = 1) -> str:
    """An interval, turned round for a negative `sign`."""
    if interval is None:
        return wording.UNKNOWN
    low, high = sorted(sign * end for end in interval)
    return f"[{number(low)}, {number(high)}]"


def _p(value: float) -> str:
    return str(escape(p_value(value)))


def _parts(parts: Sequence[float]) -> str:
    return "".join(f' data-part{place}="{sorting(part)}"' for place, part in enumerate(parts))

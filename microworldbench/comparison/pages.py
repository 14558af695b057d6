"""A comparison as Markdown and as console text: one content, two ways of escaping and drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ..rendering.markdown import escape
from ..rendering.page import PageTable, write_page
from ..rendering.tables import markdown_table, p_value, share, text_table
from ..rendering.wording import DIMENSIONS, LEVELS, UNKNOWN, count, plain, points, signed, span
from ..scorecard import Score
from .forest import forest
from .records import ComparisonData, Gap, ScopeComparison

TREATMENTS = {
    "as_scored": "As scored (a failure is 0)",
    "completed_only": "Tasks that all completed",
    "failure_at_worst": "Failure at min(0, worst seen)",
    "floored_at_zero": "Every task floored at 0",
}


def to_markdown(found: ComparisonData, *, top: int) -> str:
    """`found` as GitHub Markdown; names are escaped."""
    parts = [f"# {' · '.join(escape(name) for name in found.names)}", _headline(found, escape)]
    parts += [f"> {escape(note)}" for note in _warnings(found)]
    for table in _tables(found, top, escape):
        parts += [f"## {table.title}", markdown_table(table.head, table.body, right_from=table.right_from)]
        parts += [table.note] if table.note else []
    return "\n\n".join(parts) + "\n"


def to_text(found: ComparisonData, *, top: int) -> str:
    """`found` for a console, without anything that could steer it."""
    parts = [_headline(found, plain), *(f"note: {plain(note)}" for note in _warnings(found))]
    for table in _tables(found, top, plain):
        parts.append(f"{table.title}\n" + text_table(table.head, table.body, right_from=table.right_from))
        parts += [f"  {table.note}"] if table.note else []
    return "\n\n".join(parts) + "\n"


def write_html(found: ComparisonData, path: str | Path, *, top: int) -> Path:
    """Writes `found` as one HTML page with the figure of its differences."""
    return write_page(
        path,
        " · ".join(found.names),
        _headline(found, str),
        _tables(found, top, str),
        notes=_warnings(found),
        figures=[forest(found)],
    )


def _headline(found: ComparisonData, safe: Callable[[str], str]) -> str:
    judge = "several judges" if found.judge is None else f"judge {safe(found.judge.name)}"
    return (
        f"{safe(found.suite.id)} {safe(found.suite.version)}, view: {safe(found.view.name)} "
        f"({found.view.digest[:12]}), {judge}, {count(found.common_tasks)} common tasks"
    )


def _warnings(found: ComparisonData) -> list[str]:
    changed = [TREATMENTS[t.name] for t in found.failures if t.changes_order]
    flag = [f"The order changes with the treatment of failures: {'; '.join(changed)}."] if changed else []
    return [*found.notes, *flag]


def _tables(found: ComparisonData, top: int, safe: Callable[[str], str]) -> Iterator[PageTable]:
    names = [safe(name) for name in found.names]
    yield PageTable(
        "Scores on the common tasks",
        ("Run", "Score", "Bounds", "95 % interval", "Tier", "Ranks", "Tasks"),
        [_score_row(found.overall, name, safe(name)) for name in found.names],
        1,
    )
    head = ("Difference", "Points", "Bounds", "95 % interval", "p", "p adjusted", "Win/tie/loss", "Tasks")
    yield PageTable(
        "Paired differences",
        head,
        [_gap_row(gap, _pair(gap, safe)) for gap in found.overall.differences],
        1,
        "p: sign flips over tasks; adjusted: for all pairs (max-T).",
    )
    scopes: list[tuple[str, ScopeComparison]] = [(LEVELS[level], scope) for level, scope in found.by_level.items()]
    scopes += [(DIMENSIONS[d], scope) for d, scope in found.by_dimension.items()]
    rows = [_gap_row(gap, f"{label}: {_pair(gap, safe)}") for label, scope in scopes for gap in scope.differences]
    yield PageTable(
        "By level and dimension (exploratory)", head, rows, 1, "p adjusted: for all pairs and parts of the breakdown."
    )
    tasks = [task for task in found.task_gaps if task.spread][:top]
    if tasks:
        rows = [
            (safe(t.id), LEVELS[t.level], *(_points(t.scores[n]) for n in found.names), points(t.spread)) for t in tasks
        ]
        yield PageTable("Tasks that differ most", ("Task", "Level", *names, "Spread"), rows, 2)
    if found.criteria:
        rows = [
            (
                safe(c.task),
                safe(c.criterion),
                DIMENSIONS[c.dimension],
                c.polarity.value,
                *(f"{signed(c.points[n])} ({_met(c.met[n])})" for n in found.names),
            )
            for c in found.criteria[:top]
        ]
        yield PageTable("Criteria that differ most", ("Task", "Criterion", "Dimension", "Kind", *names), rows, 4)
    rows = [
        (
            TREATMENTS[t.name],
            *(points(t.scores[n]) for n in found.names),
            count(t.n),
            "yes" if t.changes_order else "no",
        )
        for t in found.failures
    ]
    yield PageTable("If failures were scored otherwise", ("Treatment", *names, "Tasks", "Order changes"), rows, 1)


def _score_row(scope: ScopeComparison, name: str, shown: str) -> tuple[str, ...]:
    score = scope.scores[name]
    rank = None if scope.ranks is None else scope.ranks[name]
    ranks = UNKNOWN if rank is None else str(rank[0]) if rank[0] == rank[1] else f"{rank[0]}–{rank[1]}"
    tier = scope.tiers[name]
    ends = (UNKNOWN, UNKNOWN) if score is None else (span((score.low, score.high)), span(score.ci95))
    return shown, _points(score), *ends, UNKNOWN if tier is None else str(tier), ranks, count(scope.n)


def _gap_row(gap: Gap, label: str) -> tuple[str, ...]:
    bounds = None if gap.low is None or gap.high is None else (gap.low, gap.high)
    record = UNKNOWN if gap.wins is None else f"{gap.wins}/{gap.ties}/{gap.losses}"
    shown = (signed(gap.value), span(bounds), span(gap.ci95), p_value(gap.p), p_value(gap.p_adjusted))
    return label, *shown, record, count(gap.n)


def _pair(gap: Gap, safe: Callable[[str], str]) -> str:
    return f"{safe(gap.first)} − {safe(gap.second)}"


def _points(score: Score | None) -> str:
    return points(None if score is None else score.value)


def _met(value: float | None) -> str:
    return "no verdict" if value is None else f"{share(value)} met"

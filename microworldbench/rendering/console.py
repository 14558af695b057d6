"""Score tables on a terminal. Imports rich: load this module late."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..errors import InputError
from ..scorecard import Corrected, Score, Scorecard
from .corrected import ERROR_HEAD, HEAD, corrected_rows, corrected_sentence, error_rows
from .doubt import certificate_sentence, judging_sentences
from .progress_lines import ConsoleProgress
from .wording import (
    UNKNOWN,
    bounds,
    coverage_sentence,
    failure_sentence,
    interval,
    plain,
    points,
    rows,
    signed,
    span,
    spend_sentence,
)

__all__ = ["ConsoleProgress", "print_gap", "print_scorecard"]

_MIDDLING, _WIDE_GAP = 56, 72
_BESIDE_STRIP, _SHORTEST_STRIP, _LONGEST_STRIP = 69, 11, 31
_PARTIAL_NOTE = "* some verdicts are missing; the point takes them at their midpoint, the bounds at worst and best"
_UNSTATED_NOTE = "— too many verdicts are missing to state a point; the bounds hold, and the same command tries again"


def print_scorecard(scorecard: Scorecard, console: Console | None = None) -> None:
    """Prints the scores, their bounds and intervals, and what they rest on.

    Args:
        scorecard: What to show.
        console: Where; by default standard output. Narrow consoles get fewer columns, never cut numbers.
    """
    console = console or Console()
    _print_headline(console, [scorecard])
    console.print(_score_table(scorecard, console))
    _print_notes(console, [score for _, _, score in rows(scorecard)])
    console.print(_facts(scorecard, console))
    if scorecard.corrected is not None:
        _print_corrected(scorecard.corrected, console)


def print_gap(a: Scorecard, b: Scorecard, console: Console | None = None) -> None:
    """Prints two scorecards of one view side by side, and how far `a` lies above `b`.

    Raises:
        InputError: they are scores of different views, which no table may mix.
    """
    _refuse_mixed_views(a, b)
    console = console or Console()
    _print_headline(console, [a, b])
    table = _bare_table()
    table.add_column("", overflow="fold")
    for name in _told_apart(a, b):
        table.add_column(_text(name, console), justify="right", overflow="fold", min_width=6)
    table.add_column("gap", justify="right", no_wrap=True)
    if wide := console.width >= _WIDE_GAP:
        table.add_column("gap's bounds", justify="right", no_wrap=True)
    pairs = _paired_rows(a, b)
    starred = any(_has_star(score) for _, one, other in pairs for score in (one, other))
    for label, one, other in pairs:
        cells = [_cell(score, starred, console, _style(label)) for score in (one, other)]
        cells.append(_text(signed(_gap(one, other)), console, "bold cyan"))
        if wide:
            cells.append(_text(span(_gap_bounds(one, other)), console, "dim"))
        table.add_row(_text(label, console, _style(label)), *cells)
    console.print(table)
    _print_notes(console, [score for _, one, other in pairs for score in (one, other)])
    if a.judge != b.judge:
        console.print(_text(f"judges differ: {a.judge.name} and {b.judge.name}", console, "yellow"))


def _text(value: str, console: Console, style: str = "") -> Text:
    """`value` as rich shows it: cleaned, no markup read from it, and encodable by what lies behind the console."""
    cleaned = plain(value)
    try:
        cleaned.encode(console.encoding)
    except UnicodeEncodeError:
        cleaned = cleaned.replace(UNKNOWN, "-").encode(console.encoding, "replace").decode(console.encoding)
    return Text(cleaned, style=style)


def _print_headline(console: Console, cards: list[Scorecard]) -> None:
    card = cards[0]
    names = _text(" and ".join(c.generator.name for c in cards), console, "bold")
    console.print()
    console.print(names)
    console.print(_text(f"on {card.suite.id} {card.suite.version}, view: {card.view.name}", console))
    if all(c.judge == card.judge for c in cards):
        console.print(_text(f"judged by {card.judge.name}", console))
    console.print()


def _bare_table() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")


def _style(label: str) -> str:
    return "bold" if label == "Overall" else ""


def _has_star(score: Score | None) -> bool:
    return score is not None and score.partial and score.value is not None


def _value(score: Score | None) -> str:
    return points(None if score is None else score.value) + ("*" if _has_star(score) else "")


def _cell(score: Score | None, starred: bool, console: Console, style: str) -> Text:
    """A score's cell. In a column with asterisks the others end in a space, so that digits stand below digits."""
    text = _text(_value(score), console, style)
    if starred and not _has_star(score):
        text.append(" ")
    return text


def _score_table(card: Scorecard, console: Console) -> Table:
    found = rows(card)
    table = _bare_table()
    table.add_column("", overflow="fold")
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("bounds", justify="right", no_wrap=console.width >= 40, overflow="fold")
    if middling := console.width >= _MIDDLING:
        table.add_column("95 % interval", justify="right", no_wrap=True)
        table.add_column("tasks", justify="right", no_wrap=True)
    length = min(_LONGEST_STRIP, console.width - _BESIDE_STRIP)
    if wide := length >= _SHORTEST_STRIP and console.encoding.startswith("utf"):
        table.add_column(f"0{'100':>{length - 1}}", no_wrap=True)
    group, starred = "", any(_has_star(score) for _, _, score in found)
    for this_group, label, score in found:
        if this_group != group:
            table.add_row("")
            group = this_group
        cells = [_cell(score, starred, console, "cyan" if group else "bold cyan")]
        cells.append(_text(bounds(score), console))
        if middling:
            cells += [_text(interval(score), console), _text(UNKNOWN if score is None else f"{score.n:,}", console)]
        if wide:
            cells.append(_strip(score, length))
        table.add_row(_text(label, console, _style(label)), *cells)
    return table


def _strip(score: Score | None, length: int) -> Text:
    """0 to 100 points in `length` cells: the bounds thin, the interval thick, the point a dot. Below 0 is cut off."""
    cells = ["·"] * length

    def at(value: float) -> int:
        return round(min(max(value, 0.0), 100.0) / 100 * (length - 1))

    if score is not None:
        for ends, mark in (((score.low, score.high), "─"), (score.ci95, "━")):
            if ends is not None:
                first, last = at(ends[0]), at(ends[1])
                cells[first : last + 1] = mark * (last + 1 - first)
        if score.value is not None:
            cells[at(score.value)] = "●"
    text = Text("".join(cells), style="cyan")
    text.highlight_regex("·+", style="dim")
    return text


def _print_notes(console: Console, scores: Iterable[Score | None]) -> None:
    known = [score for score in scores if score is not None]
    console.print()
    if any(_has_star(score) for score in known):
        console.print(_text(_PARTIAL_NOTE, console, "dim"))
    if any(score.value is None for score in known):
        console.print(_text(_UNSTATED_NOTE, console, "yellow"))


def _print_corrected(corrected: Corrected, console: Console) -> None:
    console.print()
    console.print(_text("corrected by experts", console, "bold"))
    console.print(_text(corrected_sentence(corrected), console))
    for note in corrected.notes:
        console.print(_text(note, console, "yellow"))
    console.print()
    console.print(_rows(HEAD, corrected_rows(corrected), console))
    if corrected.errors:
        console.print()
        console.print(_rows(ERROR_HEAD, error_rows(corrected), console))


def _rows(head: Sequence[str], body: Iterable[Sequence[str]], console: Console) -> Table:
    table = _bare_table()
    for number, name in enumerate(head):
        table.add_column(_text(name.lower(), console), justify="right" if number else "left", overflow="fold")
    for row in body:
        table.add_row(*(_text(cell, console, _style(row[0])) for cell in row))
    return table


def _facts(card: Scorecard, console: Console) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("coverage", _text(coverage_sentence(card.coverage), console))
    table.add_row("failures", _text(failure_sentence(card), console))
    if card.coverage.failed_generations:
        others = (
            ("completed tasks only", card.failures.completed_only),
            ("failures at worst", card.failures.failure_at_worst),
            ("tasks floored at 0", card.failures.floored_at_zero),
        )
        table.add_row("", _text(", ".join(f"{name} {_value(score)}" for name, score in others), console))
    table.add_row("spend", _text(spend_sentence(card), console))
    table.add_row("certificate", _text(certificate_sentence(card), console))
    for label, sentence in judging_sentences(card):
        table.add_row(label, _text(sentence, console))
    return table


def _refuse_mixed_views(a: Scorecard, b: Scorecard) -> None:
    if (a.suite.id, a.suite.version.split("-")[0]) != (b.suite.id, b.suite.version.split("-")[0]):
        raise InputError(
            f"{a.suite.id} {a.suite.version} and {b.suite.id} {b.suite.version} are not comparable; "
            "score both generators on one suite and version"
        )
    if a.view.digest != b.view.digest:
        raise InputError(
            f"views {a.view.name!r} and {b.view.name!r} differ and cannot share a table; "
            "score both generators with the same tasks, criteria, weights and prompt field"
        )


def _told_apart(a: Scorecard, b: Scorecard) -> tuple[str, str]:
    if a.generator.name != b.generator.name:
        return a.generator.name, b.generator.name
    return f"{a.generator.name} (first)", f"{b.generator.name} (second)"


def _paired_rows(a: Scorecard, b: Scorecard) -> list[tuple[str, Score | None, Score | None]]:
    others = {(group, label): score for group, label, score in rows(b)}
    return [(label, score, others.get((group, label))) for group, label, score in rows(a)]


def _gap(a: Score | None, b: Score | None) -> float | None:
    return None if a is None or b is None or a.value is None or b.value is None else a.value - b.value


def _gap_bounds(a: Score | None, b: Score | None) -> tuple[float, float] | None:
    return None if a is None or b is None else (a.low - b.high, a.high - b.low)

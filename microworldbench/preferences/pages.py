"""A preference study as Markdown and as console text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..concordance.pages import figure
from ..rendering.markdown import escape
from ..rendering.page import PageTable, write_page
from ..rendering.tables import coefficient, ends, markdown_table, percents, share, text_table
from ..rendering.wording import UNKNOWN, count, plain, quantity
from .bars import preference_bars
from .records import PairShares, PreferenceData

Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]


def to_markdown(found: PreferenceData) -> str:
    """`found` as GitHub Markdown; names are escaped."""
    parts = ["# Preferences", _headline(found), *(f"> {escape(note)}" for note in found.notes)]
    for title, head, body in _tables(found, escape):
        parts += [f"## {title}", markdown_table(head, body)]
    return "\n\n".join(parts) + "\n"


def to_text(found: PreferenceData) -> str:
    """`found` for a console, without anything that could steer it."""
    parts = [_headline(found), *(f"note: {plain(note)}" for note in found.notes)]
    parts += [f"{title}\n" + text_table(head, body) for title, head, body in _tables(found, plain)]
    return "\n\n".join(parts) + "\n"


def write_html(found: PreferenceData, path: str | Path, *, model: str | None = None) -> Path:
    """Writes `found` as one HTML page with win, tie and loss as bars."""
    tables = [PageTable(title, head, body) for title, head, body in _tables(found, str)]
    bars = preference_bars(found, model=model)
    return write_page(path, "Preferences", _headline(found), tables, notes=found.notes, figures=[bars])


def _headline(found: PreferenceData) -> str:
    return (
        f"{quantity(found.votes, 'vote')} of {quantity(found.evaluators, 'evaluator')} on "
        f"{quantity(found.tasks, 'task')}, {quantity(len(found.models), 'model')}"
    )


def _tables(found: PreferenceData, safe: Callable[[str], str]) -> Iterator[Table]:
    head = ("Pair", "Win", "95 %", "Tie", "95 %", "Loss", "95 %", "Net", "95 %", "Votes", "Tasks")
    for title, part in (("Win, tie and loss (all votes)", "all_votes"), ("By majority of each task", "majority")):
        rows = [
            (f"{safe(p.first)} vs {safe(p.second)}", *_shares(getattr(p, part)), count(p.tasks)) for p in found.pairs
        ]
        yield title, head, rows
    if found.strengths is not None:
        rows = [(safe(s.model), coefficient(s.log_strength), ends(s.ci95)) for s in found.strengths[1:]]
        rows.insert(0, (safe(found.models[0]), coefficient(0.0), "reference"))
        tie = f"ties ν = {coefficient(found.nu)}"
        yield f"Davidson’s strengths (log-odds, {tie})", ("Model", "Strength", "95 % interval"), rows
    yield "Checks", ("", "Value", "95 % interval", "Of"), list(_checks(found))
    if found.agreement is not None and found.agreement.cohen:
        rows = [
            (f"{safe(p.first)} – {safe(p.second)}", figure(p.kappa), ends(p.kappa.ci95), share(p.observed))
            for p in found.agreement.cohen
        ]
        yield "Evaluators, pair by pair (Cohen's kappa)", ("Pair", "Kappa", "95 % interval", "Raw"), rows


def _shares(shares: PairShares) -> Iterator[str]:
    for part in (shares.win, shares.tie, shares.loss, shares.net):
        yield share(part.value)
        yield percents(part.ci95)
    yield count(shares.win.n)


def _checks(found: PreferenceData) -> Iterator[tuple[str, ...]]:
    yield "Advantage of the left side (log-odds)", figure(found.side), ends(found.side.ci95), count(found.side.n)
    if found.agreement is not None:
        units = count(found.agreement.units)
        yield "Evaluators: raw agreement", share(found.agreement.observed), UNKNOWN, units
        for name, part in (
            ("Fleiss’ kappa", found.agreement.fleiss),
            ("Krippendorff’s alpha", found.agreement.krippendorff),
            ("Gwet’s AC1", found.agreement.ac1),
        ):
            yield f"Evaluators: {name}", figure(part), ends(part.ci95), units
    if found.self_consistency is not None:
        rate = found.self_consistency
        yield "Same answer with sides swapped", share(rate.value), ends(rate.ci95), count(rate.n)
    yield "Majorities in a circle", count(found.circles), UNKNOWN, count(found.triples)

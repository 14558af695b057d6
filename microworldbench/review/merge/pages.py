"""A merge as Markdown and as console text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from ...concordance.pages import figure
from ...rendering.markdown import escape
from ...rendering.tables import ends, markdown_table, share, text_table
from ...rendering.wording import DIMENSIONS, LEVELS, UNKNOWN, count, plain, points, quantity, signed, span
from ...rubric import Dimension, Level
from ...scorecard import Score
from ..decision import Decision
from .merging import Merged
from .records import ActionAgreement, Shift

MOST_CHARACTERS = 48
MOST_SHOWN = 20
"""Unresolved cases on the console; the files list all."""


@dataclass(frozen=True)
class _Table:
    title: str
    head: Sequence[str]
    body: Sequence[Sequence[str]]
    right_from: int = 1
    note: str = ""


def to_markdown(merged: Merged, shifts: Sequence[Shift]) -> str:
    """Everything, as GitHub Markdown; texts are escaped."""
    parts = [f"# {escape(merged.folder.study.title)}", *_sentences(merged, escape)]
    for table in _tables(merged, shifts, escape, None):
        parts += [f"## {table.title}", markdown_table(table.head, table.body, right_from=table.right_from)]
        parts += [table.note] if table.note else []
    if merged.result.actions:
        parts.append("![What experts wanted changed](actions.svg)")
    return "\n\n".join(parts) + "\n"


def to_text(merged: Merged, shifts: Sequence[Shift]) -> str:
    """The same for a console, shortened."""
    parts = ["\n".join(_sentences(merged, plain))]
    for table in _tables(merged, shifts, plain, MOST_SHOWN):
        parts.append(f"{table.title}\n" + text_table(table.head, table.body, right_from=table.right_from))
        parts += [f"  {table.note}"] if table.note else []
    return "\n\n".join(parts) + "\n"


def _sentences(merged: Merged, safe: Callable[[str], str]) -> Iterator[str]:
    result = merged.result
    experts = quantity(len(result.experts), "expert") + (f", of whom {len(result.left)} left" if result.left else "")
    yield (
        f"{safe(result.study)} ({result.kind}): {experts}, {count(result.events)} events, rules {result.rules}, log "
        f"{result.log[:12]}."
    )
    if result.unfinished:
        yield "Merged before the study was over."
    changed = f"{count(result.changed)} of them changes, " if result.parent is not None else ""
    yield f"{count(result.decided)} decisions, {changed}{count(result.unresolved)} unresolved."
    if result.parent is not None and result.child is not None:
        yield (
            f"{safe(result.parent.id)} {result.parent.version} ({result.parent.digest[:12]}) → {result.child.version} "
            f"({result.child.digest[:12]})."
        )


def _tables(merged: Merged, shifts: Sequence[Shift], safe: Callable[[str], str], most: int | None) -> Iterator[_Table]:
    rules = Counter(rule for decision in merged.decisions for rule in decision.rules)
    if rules:
        yield _Table("Rules that decided", ("Rule", "Times"), [(safe(r), count(n)) for r, n in rules.most_common()])
    outcomes = Counter(said for d in merged.decisions if d.after and (said := _outcome(d.after)))
    if outcomes:
        yield _Table("Outcomes", ("Outcome", "Times"), [(safe(said), count(n)) for said, n in outcomes.most_common()])
    if unresolved := merged.unresolved:
        rest = len(unresolved) - len(unresolved[:most])
        yield _Table(
            "Unresolved",
            ("Task", "What", "Why", "What was said"),
            [(safe(d.task), safe(_what(d)), safe(str(d.unresolved)), safe(_said(d))) for d in unresolved[:most]],
            4,
            f"and {rest} more, in decisions.jsonl" if rest else "",
        )
    if merged.result.agreement is not None:
        yield from _agreement(merged.result.agreement, safe)
    if merged.result.actions:
        yield _actions(merged, safe)
    if shifts:
        yield _Table(
            "Scores of stored runs",
            ("Run", "Judge", "Before", "After", "Bounds", "Change", "To judge again", "Still valid"),
            [_shift_row(shift, safe) for shift in shifts],
            2,
            "What must be judged again enters at its midpoint; the bounds hold whatever it turns out to be.",
        )
        for shift in shifts:
            if shift.judge_again and most is not None:
                yield _Table(f"Judge what was touched in {safe(shift.run)}", ("Command",), [(shift.judge_again,)])


def _agreement(found: ActionAgreement, safe: Callable[[str], str]) -> Iterator[_Table]:
    used = ", ".join(f"{label} {share(found.prevalence[label].value)}" for label in found.labels)
    rows = [
        ("Raw agreement", share(found.observed.value), ends(found.observed.ci95)),
        ("AC1 (Gwet)", figure(found.ac1), ends(found.ac1.ci95)),
        ("Alpha (Krippendorff)", figure(found.krippendorff), ends(found.krippendorff.ci95)),
        ("Kappa (Fleiss)", figure(found.fleiss), ends(found.fleiss.ci95)),
        *(
            (f"Kappa (Cohen), {safe(p.first)} – {safe(p.second)}", figure(p.kappa), ends(p.kappa.ci95))
            for p in found.cohen
        ),
    ]
    yield _Table(
        "Agreement of the experts",
        ("", "Value", "95 % interval"),
        rows,
        1,
        f"{count(found.units)} answers that at least two gave, on {count(found.tasks)} "
        f"task{'' if found.tasks == 1 else 's'}. Used: {used}.",
    )


def _actions(merged: Merged, safe: Callable[[str], str]) -> _Table:
    rows = [
        (
            safe(a.expert),
            LEVELS[Level(a.level)],
            DIMENSIONS[Dimension(a.dimension)],
            *(count(number) for number in (a.keep, a.weight, a.modify, a.delete, a.add)),
        )
        for a in merged.result.actions
    ]
    head = ("Expert", "Level", "Dimension", "Keep", "Weight", "Reword", "Delete", "Add")
    return _Table("Actions", head, rows, 3)


def _shift_row(shift: Shift, safe: Callable[[str], str]) -> tuple[str, ...]:
    after = shift.after
    return (
        safe(shift.run),
        safe(shift.judge),
        _points(shift.before),
        _points(after),
        UNKNOWN if after is None else span((after.low, after.high)),
        signed(shift.change),
        count(shift.touched),
        count(shift.kept),
    )


def _points(score: Score | None) -> str:
    return points(None if score is None else score.value)


def _outcome(after: dict[str, JsonValue]) -> str | None:
    """What was decided of a video, pair or clip, in a word."""
    said = next((after[name] for name in ("winner", "met", "decision") if name in after), None)
    return None if said is None else str(said)


def _what(decision: Decision) -> str:
    if decision.subject == "supplement" and decision.proposed:
        return f"add “{_short(str(decision.proposed.get('statement')))}”"
    runs = f" ({' against '.join(decision.runs)})" if decision.runs else ""
    return f"{decision.subject} {decision.criterion or ''}".strip() + runs


def _said(decision: Decision) -> str:
    """How often each answer was given in the last round that has any."""
    if not decision.votes:
        return "nobody answered"
    votes = decision.votes[max(decision.votes)]
    return ", ".join(f"{number} × {answer}" for answer, number in Counter(map(_answer, votes.values())).most_common())


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"


def _answer(vote: object) -> str:
    if isinstance(vote, dict):
        if "wording" in vote:
            return f"“{_short(str(vote['wording']))}”"
        return str(vote.get("action") or vote.get("decision") or vote.get("answer") or vote.get("vote"))
    return str(vote)

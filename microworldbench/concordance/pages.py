"""Agreement as Markdown and as console text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..rendering.markdown import escape
from ..rendering.tables import coefficient, ends, markdown_table, share, text_table
from ..rendering.wording import DIMENSIONS, UNKNOWN, count, plain
from ..rubric import Dimension
from .records import Coefficient, Concordance, GroupAgreement, StratumAgreement

Table = tuple[str, Sequence[str], Sequence[Sequence[str]], int]
"""Title, head, body, first column set to the right."""
REASONS = {"no_variation": "all alike", "too_few": "too few"}


def to_markdown(found: Concordance) -> str:
    """`found` as GitHub Markdown; names are escaped."""
    parts = ["# Agreement", *(f"> {escape(note)}" for note in found.notes)]
    for title, head, body, right_from in _tables(found, escape):
        parts += [f"## {title}", markdown_table(head, body, right_from=right_from)]
    return "\n\n".join(parts) + "\n"


def to_text(found: Concordance) -> str:
    """`found` for a console, without anything that could steer it."""
    parts = [f"note: {plain(note)}" for note in found.notes]
    for title, head, body, right_from in _tables(found, plain):
        parts.append(f"{title}\n" + text_table(head, body, right_from=right_from))
    return "\n\n".join(parts) + "\n"


def figure(found: Coefficient) -> str:
    """A coefficient, or why there is none."""
    return coefficient(found.value) if found.value is not None else f"{UNKNOWN} ({REASONS.get(found.reason or '', '')})"


def _tables(found: Concordance, safe: Callable[[str], str]) -> Iterator[Table]:
    yield (
        "Raters",
        ("Rater", "Kind", "Source", "Met", "Not met", "Cannot tell", "Missing"),
        [
            (safe(r.name), r.kind, safe(r.source), *map(count, (r.met, r.not_met, r.cannot_tell, r.missing)))
            for r in found.raters
        ],
        3,
    )
    yield (
        "Pairs (Cohen's kappa)",
        ("Pair", "Kappa", "95 % interval", "Raw", "By chance", "Criteria"),
        [
            (
                f"{safe(p.first)} – {safe(p.second)}",
                figure(p.kappa),
                ends(p.kappa.ci95),
                share(p.observed),
                share(p.expected),
                count(p.kappa.n),
            )
            for p in found.pairs.cohen
        ],
        1,
    )
    groups: list[tuple[str, GroupAgreement | None]] = [("Between humans", found.human_human)]
    groups += [(f"{safe(judge)} and humans", group) for judge, group in found.judge_human.items()]
    groups.append(("Between judges", found.judge_judge))
    for title, group in groups:
        if group is not None:
            yield _group(title, group, safe)
    if found.ceiling is not None:
        rows = [("an expert", figure(found.ceiling.expert), ends(found.ceiling.expert.ci95), UNKNOWN, UNKNOWN)]
        for judge, kappa in found.ceiling.judges.items():
            gap = found.ceiling.differences[judge]
            rows.append((safe(judge), figure(kappa), ends(kappa.ci95), figure(gap), ends(gap.ci95)))
        head = ("Against the majority of the other experts", "Kappa", "95 % interval", "Less expert", "95 % interval")
        yield f"Leave-one-expert-out ceiling: {', '.join(map(safe, found.ceiling.experts))}", head, rows, 1


def _group(title: str, group: GroupAgreement, safe: Callable[[str], str]) -> Table:
    head = (
        "",
        "Raw",
        "Met",
        "Pos.",
        "Neg.",
        "Cohen",
        "Fleiss",
        "Alpha",
        "AC1",
        "AC1, 95 % interval",
        "Criteria",
        "Tasks",
    )
    rows = [_row("Overall", group.overall)]
    rows += [_row(DIMENSIONS[d], part) for d, part in group.by_dimension.items()]
    rows += [_row(p.value.capitalize(), part) for p, part in group.by_polarity.items()]
    for key, part in group.by_dimension_and_polarity.items():
        dimension, polarity = key.split("/")
        rows.append(_row(f"{DIMENSIONS[Dimension(dimension)]}, {polarity}", part))
    return f"{title}: {', '.join(map(safe, group.raters))}", head, rows, 1


def _row(label: str, part: StratumAgreement) -> tuple[str, ...]:
    """Cohen stands for two raters; with more it is the mean of the pairs that have one."""
    kappas = [pair.kappa.value for pair in part.cohen if pair.kappa.value is not None]
    cohen = figure(part.cohen[0].kappa) if len(part.cohen) == 1 else coefficient(_mean(kappas))
    return (
        label,
        share(part.observed.value),
        share(part.prevalence["met"].value),
        share(part.positive_agreement.value),
        share(part.negative_agreement.value),
        cohen,
        figure(part.fleiss),
        figure(part.krippendorff),
        figure(part.ac1),
        ends(part.ac1.ci95),
        count(part.units),
        count(part.tasks),
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None

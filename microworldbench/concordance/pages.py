"""Agreement as Markdown and as console text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..rendering.markdown import escape
from ..rendering.page import PageTable, write_page
from ..rendering.tables import coefficient, ends, markdown_table, percents, share, text_table
from ..rendering.wording import DIMENSIONS, UNKNOWN, count, plain, signed
from ..rubric import Dimension
from .heatmap import heat_map
from .records import Coefficient, ConcordanceData, GroupAgreement, StratumAgreement

REASONS = {"no_variation": "all alike", "too_few": "too few"}


def to_markdown(found: ConcordanceData) -> str:
    """`found` as GitHub Markdown; names are escaped."""
    parts = ["# Agreement", *(f"> {escape(note)}" for note in found.notes)]
    for table in _tables(found, escape):
        parts += [f"## {table.title}", markdown_table(table.head, table.body, right_from=table.right_from)]
    return "\n\n".join(parts) + "\n"


def to_text(found: ConcordanceData) -> str:
    """`found` for a console, without anything that could steer it."""
    parts = [f"note: {plain(note)}" for note in found.notes]
    parts += [
        f"{table.title}\n" + text_table(table.head, table.body, right_from=table.right_from)
        for table in _tables(found, plain)
    ]
    return "\n\n".join(parts) + "\n"


def write_html(found: ConcordanceData, path: str | Path) -> Path:
    """Writes `found` as one HTML page with the heat map of all pairs."""
    headline = (
        f"{count(len(found.raters))} raters, {count(found.pairs.units)} criteria of videos that at least two decided, "
        f"{count(found.pairs.tasks)} tasks"
    )
    return write_page(path, "Agreement", headline, _tables(found, str), notes=found.notes, figures=[heat_map(found)])


def figure(found: Coefficient) -> str:
    """A coefficient, or why there is none."""
    return coefficient(found.value) if found.value is not None else f"{UNKNOWN} ({REASONS.get(found.reason or '', '')})"


def _tables(found: ConcordanceData, safe: Callable[[str], str]) -> Iterator[PageTable]:
    yield PageTable(
        "Raters",
        ("Rater", "Kind", "Source", "Met", "Not met", "Cannot tell", "Missing"),
        [
            (safe(r.name), r.kind, safe(r.source), *map(count, (r.met, r.not_met, r.cannot_tell, r.missing)))
            for r in found.raters
        ],
        3,
    )
    yield PageTable(
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
            if group.overall.quality is not None:
                yield _quality(f"{title}: errors of {safe(group.raters[0])}", group)
    if found.ceiling is not None:
        expert = found.ceiling.expert
        rows = [("an expert", figure(expert), ends(expert.ci95), UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)]
        for judge, kappa in found.ceiling.judges.items():
            gap, test = found.ceiling.differences[judge], found.ceiling.alt_tests[judge]
            rows.append(
                (safe(judge), figure(kappa), ends(kappa.ci95), figure(gap), ends(gap.ci95),
                 share(test.winning_rate), share(test.advantage))
            )  # fmt: skip
        head = (
            "Against the majority of the other experts",
            "Kappa",
            "95 % interval",
            "Less expert",
            "95 % interval",
            "Alt-test: wins",
            "as good",
        )
        title = f"Leave-one-expert-out ceiling: {', '.join(map(safe, found.ceiling.experts))}"
        yield PageTable(title, head, rows)


def _quality(title: str, group: GroupAgreement) -> PageTable:
    head = ("", "Sens.", "95 %", "of", "Spec.", "95 %", "of", "PPV", "NPV", "Macro-F1", "Bias", "95 %")
    rows = []
    for label, part in _strata(group):
        found = part.quality
        assert found is not None
        rows.append(
            (
                label,
                share(found.sensitivity.value),
                percents(found.sensitivity.ci95),
                count(found.sensitivity.n),
                share(found.specificity.value),
                percents(found.specificity.ci95),
                count(found.specificity.n),
                share(found.positive_value.value),
                share(found.negative_value.value),
                coefficient(found.macro_f1.value),
                signed(None if found.bias.value is None else 100 * found.bias.value),
                percents(found.bias.ci95),
            )
        )
    return PageTable(title, head, rows, note="Bias: percentage points by which the judge says met more often.")


def _strata(group: GroupAgreement) -> Iterator[tuple[str, StratumAgreement]]:
    yield "Overall", group.overall
    yield from ((DIMENSIONS[d], part) for d, part in group.by_dimension.items())
    yield from ((p.value.capitalize(), part) for p, part in group.by_polarity.items())
    for key, part in group.by_dimension_and_polarity.items():
        dimension, polarity = key.split("/")
        yield f"{DIMENSIONS[Dimension(dimension)]}, {polarity}", part


def _group(title: str, group: GroupAgreement, safe: Callable[[str], str]) -> PageTable:
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
    rows = [_row(label, part) for label, part in _strata(group)]
    return PageTable(f"{title}: {', '.join(map(safe, group.raters))}", head, rows)


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

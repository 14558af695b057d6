"""Violations and truth tables as console text, as Markdown and as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..rubric import Polarity
from ..simulators.mechanism import Mechanism
from .registry import VIOLATIONS
from .table import MARKS, Row, TruthTable

ABOUT = (
    "Every mechanism is simulated as it is and broken on purpose; finished clips are violated in their image, in what "
    "was asked for, or beyond anything a film would be. Of every claim of the mechanism's core task the truth is then "
    "known, from the simulated state or declared with a reason, or it is undetermined and no judge is scored on it. "
    "`make controls` makes these pages again; `mwb controls truth --json` has every reason."
)
LEGEND = "● met, ○ not met, · undetermined. Bold: other than in the faithful clip. + reward, − penalty."


def listing(mechanisms: Iterable[Mechanism]) -> Iterator[tuple[str, str, str]]:
    """(kind, name, what then goes wrong) of everything that can be violated."""
    for mechanism in mechanisms:
        yield mechanism.level.value, mechanism.name, mechanism.summary
        yield from (("", f"  {name}", text) for name, text in mechanism.violations.items())
    yield from ((v.kind, v.name, v.described()) for v in VIOLATIONS.values())


def as_data(table: TruthTable) -> dict[str, Any]:
    """The whole table with every reason, JSON-able."""
    return {
        "mechanism": table.mechanism.name,
        "task": table.task.id,
        "task_criteria": {c.id: {"polarity": c.polarity.value, "statement": c.statement} for c in table.task.criteria},
        "rows": [
            {
                "violation": row.name,
                "kind": row.kind,
                "summary": row.summary,
                "recipe": row.recipe.model_dump(mode="json"),
                "criteria": {c: {"met": t.met, "reason": t.reason, "known": t.known} for c, t in row.truths.items()},
            }
            for row in table.rows
        ],
    }


def to_text(table: TruthTable) -> str:
    """The table for a console: criteria by number, then what each violation makes of them."""
    numbers = range(1, len(table.task.criteria) + 1)
    lines = [f"{table.mechanism.name}: {table.task.title}", ""]
    lines += [f"  {n:>2} {_sign(c.polarity)} {c.id}" for n, c in zip(numbers, table.task.criteria, strict=True)]
    width = max(len(row.name) for row in table.rows)
    lines += ["", " " * (width + 4) + " ".join(f"{n:>2}" for n in numbers)]
    for row in table.rows:
        cells = " ".join(f"{MARKS[row.truths[c.id].met]:>2}" for c in table.task.criteria)
        lines.append(f"  {row.name:<{width}}  {cells}   {row.kind}")
    return "\n".join([*lines, "", "● met  ○ not met  · undetermined", ""])


def to_markdown(table: TruthTable, sheet: str | None = None) -> str:
    """The table as a page of GitHub Markdown.

    Args:
        table: What to show.
        sheet: Address of the mechanism's contact sheet, to be shown above it.
    """
    criteria = table.task.criteria
    parts = [f"# {table.mechanism.name}: {table.task.title}", table.mechanism.summary]
    parts += [f"![Frames of the faithful clip and of every violation]({sheet})"] if sheet else []
    parts.append(f"## Claims of `{table.task.id}`")
    parts.append(
        "\n".join(f"{n}. {_sign(c.polarity)} `{c.id}`: {c.statement}" for n, c in enumerate(criteria, start=1))
    )
    parts += ["## Truth table", LEGEND, _grid(table)]
    reasons = list(_reasons(table))
    parts += ["## Why", *reasons] if reasons else []
    return "\n\n".join(parts) + "\n"


def _grid(table: TruthTable) -> str:
    criteria = table.task.criteria
    head = ["violation", "kind", *(str(n) for n in range(1, len(criteria) + 1))]
    lines = [head, ["---", "---", *(":---:" for _ in criteria)]]
    lines += [[f"`{row.name}`", row.kind, *(_cell(table, row, c.id) for c in criteria)] for row in table.rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _cell(table: TruthTable, row: Row, criterion: str) -> str:
    met = row.truths[criterion].met
    return MARKS[met] if met is table.faithful[criterion].met else f"**{MARKS[met]}**"


def _reasons(table: TruthTable) -> Iterator[str]:
    """What each violation of the mechanism turns round, with the number behind it."""
    for row in table.rows:
        if row.kind != "mechanism":
            continue
        turned = table.turned(row)
        told = [f"  - `{c}` {'met' if row.truths[c].met else 'not met'}: {row.truths[c].reason}" for c in turned]
        yield "\n".join([f"- `{row.name}`: {row.summary}", *(told or ["  - turns no claim of the task round"])])


def _sign(polarity: Polarity) -> str:
    return "+" if polarity is Polarity.REWARD else "−"


def index(mechanisms: Sequence[Mechanism], titles: dict[str, str]) -> str:
    """The page that leads to all others, and shows the violations of finished clips."""
    rows = [
        f"| [{m.name}]({m.name}.md) | {m.level.value} | {titles[m.task_id]} | {len(m.violations)} |" for m in mechanisms
    ]
    violations = [f"| `{v.name}` | {v.kind} | {v.described()} |" for v in VIOLATIONS.values()]
    parts = ["# Control clips and what is true of them", ABOUT]
    parts.append("\n".join(["| mechanism | level | task | violations |", "| --- | --- | --- | ---: |", *rows]))
    parts += [
        "## Violations of finished clips",
        "![Frames of one clip under every violation](../../images/controls/violations.jpg)",
    ]
    parts.append("\n".join(["| violation | kind | what is seen |", "| --- | --- | --- |", *violations]))
    return "\n\n".join(parts) + "\n"

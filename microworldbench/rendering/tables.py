"""Tables as GitHub Markdown and as aligned console text. Cells are finished strings: escape foreign text before."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from .wording import UNKNOWN


def markdown_table(head: Sequence[str], body: Iterable[Sequence[str]], *, right_from: int = 1) -> str:
    """A Markdown table; columns from `right_from` on are set to the right."""
    marks = ["---:" if column >= right_from else "---" for column in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, marks, *body))


def text_table(head: Sequence[str], body: Iterable[Sequence[str]], *, right_from: int = 1) -> str:
    """The same with columns aligned by spaces, indented."""
    rows = [tuple(head), *(tuple(row) for row in body)]
    widths = [max(_width(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(_line(row, widths, right_from) for row in rows)


def p_value(p: float | None) -> str:
    """A p-value with three decimals; below 0.001 it says so."""
    if p is None:
        return UNKNOWN
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def share(value: float | None) -> str:
    """A share of 1 in whole percent, ``—`` for None; never ``-0``."""
    return UNKNOWN if value is None else f"{round(100 * value)} %"


def percents(interval: Sequence[float] | None) -> str:
    """An interval of shares in whole percent, ``—`` for None; never ``-0``."""
    return UNKNOWN if interval is None else f"[{round(100 * interval[0])}, {round(100 * interval[1])}]"


def coefficient(value: float | None) -> str:
    """A coefficient in −1…1 with two decimals, ``—`` for None; never ``-0.00``."""
    return UNKNOWN if value is None else f"{round(value, 2) + 0.0:.2f}"


def ends(interval: Sequence[float] | None) -> str:
    """An interval with two decimals, ``—`` for None."""
    return UNKNOWN if interval is None else f"[{coefficient(interval[0])}, {coefficient(interval[1])}]"


def _line(row: Sequence[str], widths: Sequence[int], right_from: int) -> str:
    cells = (_pad(cell, width, i >= right_from) for i, (cell, width) in enumerate(zip(row, widths, strict=True)))
    return ("  " + "  ".join(cells)).rstrip()


def _width(text: str) -> int:
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _pad(text: str, width: int, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space

"""Published data sets that many statistics are checked on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

FLEISS_1971 = (
    "444444 222555 233335 555555 222444 113333 333355 113334 114444 555555 144444 124444 222333 144444 224445 "
    "333335 111455 111112 224444 133555 555555 244444 224555 114444 144445 222224 111155 224444 133333 555555"
)
FOURTEEN_RATERS = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip
KRIPPENDORFF_C = ["123321412***", "1233224125*3", "*3332342251*", "12332441251*"]


def expand(table: Any) -> tuple[list[int], list[int]]:
    """A table of counts as the ratings of two raters."""
    counts = np.asarray(table)
    cells = [(i, j) for i in range(len(counts)) for j in range(len(counts)) for _ in range(counts[i, j])]
    return [i for i, _ in cells], [j for _, j in cells]


@pytest.fixture
def two_raters() -> Any:
    return expand


@pytest.fixture
def fleiss_1971() -> np.ndarray:
    """6 raters × 30 patients."""
    return np.array([[int(x) for x in patient] for patient in FLEISS_1971.split()]).T


@pytest.fixture
def fourteen_raters() -> np.ndarray:
    """14 raters × 10 subjects."""
    return np.array([np.repeat(np.arange(5), row) for row in FOURTEEN_RATERS]).T


@pytest.fixture
def krippendorff_c() -> list[list[int | None]]:
    """4 coders × 12 units with missing ratings."""
    return [[None if x == "*" else int(x) for x in row] for row in KRIPPENDORFF_C]

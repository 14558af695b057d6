from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from microworldbench.suites.released import ReleasedSuite, load_released
from microworldbench.suites.released_results import ReleasedResults

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "tests" / "data" / "released_fixture"


@pytest.fixture(scope="session")
def suite() -> ReleasedSuite:
    """The project's own fixture in the published form: tasks 1 to 4, task 2 misnumbered."""
    return load_released(FIXTURE)


@pytest.fixture(scope="session")
def published() -> ReleasedSuite:
    """The published files, where the user has them."""
    place = Path(os.environ.get("MWB_RELEASED", ROOT.parent / "shared" / "data" / "released"))
    if not (place / "MWBenchRubrics.json").is_file():
        pytest.skip(f"the published files are not in {place}; set MWB_RELEASED to their folder")
    return load_released(place)


@pytest.fixture
def perfect(suite: ReleasedSuite) -> ReleasedResults:
    """Every reward met, no penalty."""
    return ReleasedResults("perfect", [entry(task) for task in suite.source])


def entry(task: Any, **replies: Any) -> dict[str, Any]:
    """A result entry; `replies` replace the perfect scores by dimension (scientific, visual, instruction)."""
    made: dict[str, Any] = {"index": task.index, "video_path": f"{task.index}.mp4"}
    for dimension, name in zip(task._by_dimension, ("scientific", "visual", "instruction"), strict=True):
        scores = replies.get(name, [int(c.polarity.sign > 0) for c in task.in_dimension(dimension)])
        made[f"{name}_eval"] = {"raw_response": "", "parsed_result": {"scores": scores, "reasoning": ""}}
    return made


@pytest.fixture(name="entry")
def entry_fixture() -> Callable[..., dict[str, Any]]:
    """`entry`, for tests."""
    return entry


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Any], Path]:
    """Writes a result file and returns its path."""

    def write(name: str, content: Any) -> Path:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write

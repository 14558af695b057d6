from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from microworldbench.rubric import Suite
from microworldbench.suites.folder import load_folder

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "tests" / "data" / "released_fixture"


def task_content(name: str, level: str = "organ", **changes: Any) -> dict[str, Any]:
    """A valid task file: one measured reward, one penalty."""
    content = {
        "id": name,
        "level": level,
        "title": f"Title of {name}",
        "prompt": f"Prompt of {name}",
        "requirement": f"Requirement of {name}",
        "criteria": [
            {
                "id": "moves",
                "dimension": "scientific_fidelity",
                "statement": "Something moves.",
                "polarity": "reward",
                "weight": 1.0,
                "measurement": {"name": "motion", "params": {"least": 0.5}},
            },
            {
                "id": "flickers",
                "dimension": "visual_quality",
                "statement": "The picture flickers.",
                "polarity": "penalty",
                "weight": 0.5,
            },
        ],
    }
    return {**content, **changes}


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Writes a suite folder; `tasks` are contents or raw text by file stem."""

    def write(tasks: dict[str, Any], header: dict[str, Any] | str | None = None) -> Path:
        home = tmp_path / "mine"
        (home / "tasks").mkdir(parents=True)
        header = (
            header if header is not None else {"id": "mine", "version": "1-A", "title": "Mine", "license": "CC0-1.0"}
        )
        (home / "suite.yaml").write_text(header if isinstance(header, str) else yaml.safe_dump(header))
        for stem, content in tasks.items():
            text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
            (home / "tasks" / f"{stem}.yaml").write_text(text)
        return home

    return write


@pytest.fixture
def nine(folder: Callable[..., Path]) -> Suite:
    """Three tasks a level; the third of each level has no measured criterion."""
    tasks = {}
    for level in ("organ", "cellular", "subcellular"):
        for number in (1, 2, 3):
            content = task_content(f"{level}-{number}", level)
            if number == 3:
                del content["criteria"][0]["measurement"]
            tasks[content["id"]] = content
    return load_folder(folder(tasks))


@pytest.fixture
def released_form() -> Path:
    """The project's own fixture in the published form."""
    return FIXTURE


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[str, Callable[[Any], Any]], Path]:
    """A copy of the fixture with one file changed by a function of its content."""

    def edit(name: str, change: Callable[[Any], Any]) -> Path:
        copy = tmp_path / "released"
        shutil.copytree(FIXTURE, copy)
        content = json.loads((copy / name).read_text(encoding="utf-8"))
        changed = change(content)
        (copy / name).write_text(json.dumps(content if changed is None else changed), encoding="utf-8")
        return copy

    return edit


@pytest.fixture
def published() -> Path:
    """The published files, where the user has them."""
    place = Path(os.environ.get("MWB_RELEASED", ROOT.parent / "shared" / "data" / "released"))
    if not (place / "MWBenchRubrics.json").is_file():
        pytest.skip(f"the published files are not in {place}; set MWB_RELEASED to their folder")
    return place

"""The wheel as users install it: what it holds, and a third party's package beside it in an environment of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from wheelhouse import ROOT, build, call
from wheelhouse import environment as environment_with

STRANGER = Path(__file__).parent / "stranger"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("dist"))


def test_the_wheel_holds_what_runs_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for needed in (
        "microworldbench/py.typed",
        "microworldbench/chat/prices.yaml",
        "microworldbench/rendering/templates/report.html",
        "microworldbench/rendering/templates/report.css",
        "microworldbench/rendering/templates/report.js",
        "microworldbench/_rubrics/core/suite.yaml",
        "microworldbench/_rubrics/core/tasks/mitosis.yaml",
        "microworldbench/_rubrics/schema/task.json",
        "microverse/py.typed",
    ):
        assert needed in names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"microworldbench", "microverse"}
    assert not [
        name for name in names if "__pycache__" in name or ("released" in name.lower() and name.endswith(".json"))
    ]


def test_every_source_file_is_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    listed = subprocess.run(
        ["git", "ls-files", "microworldbench", "microverse"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    if not listed:
        pytest.skip("not a git checkout")
    assert {path for path in listed if (ROOT / path).exists()} <= names


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` of an environment with the wheel and the stranger's package."""
    return environment_with(tmp_path_factory.mktemp("env") / "env", [wheel, build(STRANGER, wheel.parent)])


def test_the_installed_library_finds_its_own_rubrics(environment: Path, tmp_path: Path) -> None:
    python = environment / "python"
    place = call(python, "-c", "import microworldbench; print(microworldbench.__file__)", cwd=tmp_path).stdout
    assert str(ROOT) not in place
    shown = json.loads(call(environment / "mwb", "suites", "list", "--json", cwd=tmp_path).stdout)
    assert "core" in json.dumps(shown)
    call(python, "-c", "import microworldbench as b; assert len(b.load_suite('core').tasks) >= 9", cwd=tmp_path)


def test_a_third_partys_package_is_found_by_name_and_scored(environment: Path, tmp_path: Path) -> None:
    mwb = environment / "mwb"
    listed = {g["name"]: g for g in json.loads(call(mwb, "generators", "--json", cwd=tmp_path).stdout)}
    assert (listed["stranger-2b"]["distribution"], listed["stranger-2b"]["version"]) == ("stranger-model", "1.2")
    options = ["--generator", "stranger-2b", "--task", "mitosis", "--out", "out", "--json"]
    report = json.loads(call(mwb, "run", *options, cwd=tmp_path).stdout)
    assert report["generator"]["name"] == "stranger-2b"
    assert (tmp_path / "out" / "report.html").is_file()

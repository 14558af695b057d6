"""The wheel as users install it: what it holds, and a third party's package beside it in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STRANGER = Path(__file__).parent / "stranger"


def call(*command: object, cwd: Path, **env: str) -> str:
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env={**clean, **env}, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out, cwd=ROOT)
    (made,) = out.glob("microworldbench-*.whl")
    return made


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
    """An environment with the wheel and the stranger's package, and this one's dependencies in reach."""
    place = tmp_path_factory.mktemp("env")
    call(sys.executable, "-m", "venv", "--without-pip", place, cwd=place)
    python = place / "bin" / "python"
    site = call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=place).strip()
    Path(site, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check"]
    call(sys.executable, "-m", "pip", "--python", python, "install", *options, wheel, STRANGER, cwd=place)
    return python


def test_the_installed_library_finds_its_own_rubrics(environment: Path, tmp_path: Path) -> None:
    place = call(environment, "-c", "import microworldbench; print(microworldbench.__file__)", cwd=tmp_path)
    assert str(ROOT) not in place
    shown = json.loads(call(environment.with_name("mwb"), "suites", "list", "--json", cwd=tmp_path))
    assert "core" in json.dumps(shown)
    call(environment, "-c", "import microworldbench as b; assert len(b.load_suite('core').tasks) >= 9", cwd=tmp_path)


def test_a_third_partys_package_is_found_by_name_and_scored(environment: Path, tmp_path: Path) -> None:
    mwb = environment.with_name("mwb")
    listed = {g["name"]: g for g in json.loads(call(mwb, "generators", "--json", cwd=tmp_path))}
    assert (listed["stranger-2b"]["distribution"], listed["stranger-2b"]["version"]) == ("stranger-model", "1.2")
    options = ["--generator", "stranger-2b", "--task", "mitosis", "--out", "out", "--json"]
    report = json.loads(call(mwb, "run", *options, cwd=tmp_path))
    assert report["generator"]["name"] == "stranger-2b"
    assert (tmp_path / "out" / "report.html").is_file()

"""The wheel as users install it: what it holds, and a third party's package beside it in an environment of its own."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import api
from wheelhouse import ROOT, build, call, source
from wheelhouse import environment as environment_with

KINDS = {".py", ".yaml", ".json", ".html", ".css", ".js", ".md", ".jinja", ".svg", ".typed", ".txt", ""}
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
    assert {Path(name).suffix for name in names} <= KINDS, "no video, data set or test belongs into the wheel"


def test_the_wheel_of_the_source_distribution_is_the_wheel_of_the_checkout(wheel: Path, tmp_path: Path) -> None:
    unpacked = source(ROOT, tmp_path)
    for needed in ("tests", "benchmarks", "docs", "Makefile", "constraints.txt", "CHANGELOG.md", "LICENSE"):
        assert (unpacked / needed).exists()
    (tmp_path / "again").mkdir()
    again = build(unpacked, tmp_path / "again")
    assert contents(again) == contents(wheel)


def contents(wheel: Path) -> dict[str, int]:
    """Checksum of every member but the list of them."""
    return {m.filename: m.CRC for m in zipfile.ZipFile(wheel).infolist() if not m.filename.endswith("/RECORD")}


def test_nothing_of_the_listed_interface_is_gone_or_asks_for_more() -> None:
    problems = api.breaks(api.LISTING.read_text(encoding="utf-8").splitlines(), api.listing())
    assert problems == [], "where that is meant, say so in CHANGELOG.md and give 'make api'"


@pytest.mark.parametrize(
    ("was", "now", "problems"),
    [
        ("m.f(a, *, b=1)", "m.f(a, *, b=1, c=2)", []),
        ("m.f(a, *, b=1)", "m.f(a, c, *, b=1)", ["m.f now wants 'c'"]),
        ("m.f(a, *, b=1)", "m.f(a, *, b=2)", ["m.f no longer takes or has 'b=1'"]),
        ("m.Level: organ, cell", "m.Level: organ", ["m.Level no longer takes or has 'cell'"]),
        ("m.f(a)", "m.g(a)", ["m.f is gone"]),
    ],
)
def test_a_break_of_the_interface_is_seen(was: str, now: str, problems: list[str]) -> None:
    assert api.breaks([was], [now]) == problems


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

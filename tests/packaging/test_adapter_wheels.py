"""Every adapter from its wheel in one clean environment: found, conforming, scored end to end, and removable."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from wheelhouse import ADAPTERS, ROOT, build, call, environment

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not ADAPTERS, reason="the adapters are part of the repository, not of this package"),
    pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed: make .venv/adapters"),
]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` of an environment with the library and every adapter."""
    house = tmp_path_factory.mktemp("wheels")
    wheels = [build(folder, house) for folder in (ROOT, *ADAPTERS)]
    return environment(tmp_path_factory.mktemp("clean") / "env", wheels)


def generators(clean: Path, where: Path) -> dict[str, dict[str, str]]:
    return {g["name"]: g for g in json.loads(call(clean / "mwb", "generators", "--json", cwd=where).stdout)}


def test_all_adapters_are_listed_from_their_wheels_and_none_is_broken(clean: Path, tmp_path: Path) -> None:
    found = generators(clean, tmp_path)
    owners = {g["distribution"] for g in found.values()}
    assert owners == {"microworldbench", *(f"microworldbench-{folder.name}" for folder in ADAPTERS)}
    plugins = json.loads(call(clean / "mwb", "plugins", "--json", cwd=tmp_path).stdout)
    assert {p["status"] for p in plugins["plugins"]} == {"ok"}
    assert plugins["conflicts"] == []
    place = call(clean / "python", "-c", "import microworldbench_wan as w; print(w.__file__)", cwd=tmp_path).stdout
    assert str(ROOT) not in place


def test_every_adapters_listing_conforms(clean: Path, tmp_path: Path) -> None:
    names = [name for name, g in generators(clean, tmp_path).items() if g["distribution"] != "microworldbench"]
    for name in names:
        done = call(clean / "mwb", "plugins", "check", name, cwd=tmp_path, check=False)
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"


def test_a_tiny_pipeline_loaded_from_disk_is_scored_end_to_end(clean: Path, tmp_path: Path) -> None:
    code = "from pathlib import Path; from microworldbench.testing import tiny; tiny.build_tiny('wan2.1', Path('tiny'))"
    call(clean / "python", "-c", code, cwd=tmp_path)
    small = ["-g", "model=tiny", "-g", "width=64", "-g", "height=64", "-g", "frames=5", "-g", "steps=2"]
    options = ["--generator", "wan2.1-t2v-1.3b", *small, "--task", "mitosis", "--out", "run", "--json"]
    done = call(clean / "mwb", "run", *options, cwd=tmp_path, check=False, OMP_NUM_THREADS="1")
    report = json.loads(done.stdout)
    assert (report["generator"]["name"], report["coverage"]["failed_generations"]) == ("wan2.1-t2v-1.3b", 0)
    assert (tmp_path / "run" / "report.html").is_file()


def test_removing_one_adapter_breaks_nothing_else(clean: Path, tmp_path: Path) -> None:
    before = generators(clean, tmp_path)
    options = ["uninstall", "--yes", "--quiet", "--disable-pip-version-check", "microworldbench-sora"]
    call(sys.executable, "-m", "pip", "--python", clean / "python", *options, cwd=tmp_path)
    after = generators(clean, tmp_path)
    assert set(before) - set(after) == {"sora"}

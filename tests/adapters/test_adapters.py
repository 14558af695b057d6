"""The adapter distributions as a set: one for every model of the paper, each complete, light and on its own."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ADAPTERS = Path(__file__).parents[2] / "adapters"
FOLDERS = (
    sorted(path for path in ADAPTERS.iterdir() if (path / "pyproject.toml").is_file()) if ADAPTERS.is_dir() else []
)
TABLE_1 = {
    "hunyuanvideo",
    "cogvideox-5b",
    "wan2.1-t2v-1.3b",
    "wan2.2-ti2v-5b",
    "wan2.1-t2v-14b",
    "wan2.2-t2v-a14b",
    "microverse-1.3b",
    "sora",
    "veo3",
}
LIST = """
import importlib, json, sys
found = {}
for name in sys.argv[1:]:
    for spec in importlib.import_module(f"microworldbench_{name}").microworldbench_generators():
        found[spec.name] = {"summary": spec.summary, "license": spec.license, "needs": spec.needs}
print(json.dumps(found))
"""

pytestmark = pytest.mark.skipif(not FOLDERS, reason="the adapters are part of the repository, not of this package")


def declared(folder: Path) -> Any:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def listed(*folders: Path) -> Any:
    path = os.pathsep.join([*(str(folder / "src") for folder in folders), *(entry for entry in sys.path if entry)])
    command = [sys.executable, "-c", LIST, *(folder.name for folder in folders)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_every_model_of_the_papers_table_has_a_generator() -> None:
    assert set(listed(*FOLDERS)) >= TABLE_1


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_an_adapter_is_one_distribution_with_one_entry_point(folder: Path) -> None:
    project = declared(folder)
    assert project["name"] == f"microworldbench-{folder.name}"
    assert project["entry-points"] == {"microworldbench": {folder.name: f"microworldbench_{folder.name}"}}
    assert any(need.startswith("microworldbench>=") for need in project["dependencies"])
    ours = {f"microworldbench-{other.name}" for other in FOLDERS}
    assert not [need for need in project["dependencies"] if any(need.startswith(name) for name in ours)]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_an_adapter_imports_no_other(folder: Path) -> None:
    others = [f"microworldbench_{other.name}" for other in FOLDERS if other != folder]
    sources = [file.read_text(encoding="utf-8") for file in folder.rglob("*.py")]
    assert not [other for other in others if any(f"import {other}" in s or f"from {other}" in s for s in sources)]
    assert listed(folder)  # on its own


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_readme_states_licence_hardware_and_settings(folder: Path) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    for word in ("Licence", "`", "pip install"):
        assert word in text
    assert "GPU" in text or "Hardware" in text
    assert any(name in text for name in listed(folder))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_what_an_adapter_runs_it_depends_on(folder: Path) -> None:
    source = "".join(file.read_text(encoding="utf-8") for file in (folder / "src").rglob("*.py"))
    needs = " ".join(declared(folder)["dependencies"])
    if "DiffusersGenerator" in source:
        assert all(name in needs for name in ("torch>=", "diffusers>=", "transformers>=", "accelerate>="))
    if "google" in source and "genai" in source:
        assert "google-genai>=" in needs


def test_an_installed_adapter_is_found_by_its_entry_point() -> None:
    entries = importlib.metadata.entry_points(group="microworldbench")
    installed = [entry for entry in entries if entry.value in {f"microworldbench_{f.name}" for f in FOLDERS}]
    if not installed:
        pytest.skip("no adapter is installed in this environment")
    from microworldbench.plugins import find

    found = find(installed)
    assert not found.broken
    assert {owner.plugin for owner in found.plugins} >= {entry.name for entry in installed}

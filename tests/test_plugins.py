"""Discovery of third-party packages: found by name, isolated when broken, named when they clash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from microworldbench import plugins
from microworldbench.errors import InputError, UnknownNameError

GOOD = """
    from pydantic import BaseModel
    from microworldbench.hookspecs import GeneratorSpec, hookimpl

    class Settings(BaseModel):
        size: int = 64

    def load(settings):
        import numpy as np

        def generate(request):
            frames = np.zeros((10, 48, settings.size, 3), np.uint8)
            frames[:, 10:20, 10:20] = 200
            return frames, 8.0

        return generate

    @hookimpl
    def microworldbench_generators():
        return [GeneratorSpec(name="{name}", load=load, settings=Settings, summary="a stranger's model")]
"""


def install(site: Path, distribution: str, module: str, code: str) -> None:
    """What pip leaves behind: a module and a dist-info with an entry point."""
    (site / f"{module}.py").write_text(textwrap.dedent(code))
    info = site / f"{distribution.replace('-', '_')}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[microworldbench]\n{module} = {module}\n")


@pytest.fixture
def mwb(tmp_path: Path) -> Any:
    site = tmp_path / "site"
    site.mkdir()

    def run(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "microworldbench", *args],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(site), **env},
            capture_output=True,
            text=True,
            timeout=120,
        )

    run.site = site  # type: ignore[attr-defined]
    return run


def test_a_third_party_generator_is_found_listed_and_run(mwb: Any) -> None:
    install(mwb.site, "stranger-model", "stranger", GOOD.format(name="stranger-2b"))
    listed = {g["name"]: g for g in json.loads(mwb("generators", "--json").stdout)}
    assert listed["stranger-2b"]["distribution"] == "stranger-model"
    assert listed["stranger-2b"]["version"] == "1.2"
    options = ["--generator", "stranger-2b", "-g", "size=80", "--task", "mitosis", "--out", "o", "--json"]
    done = mwb("run", *options)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["generator"] == {
        "name": "stranger-2b",
        "version": None,
        "settings": {"size": 80},
        "digest": None,
    }


@pytest.mark.parametrize(
    "code",
    [
        "import nothing_like_this",
        "raise RuntimeError('no GPU')",
        "def (",
        "from microworldbench.hookspecs import hookimpl\n@hookimpl\ndef microworldbench_generaters(): return []",
        "from microworldbench.hookspecs import hookimpl\n@hookimpl\ndef microworldbench_generators(): return ['x']",
        "from microworldbench.hookspecs import hookimpl\n@hookimpl\ndef microworldbench_judges(): raise KeyError('x')",
    ],
    ids=["import", "raises", "syntax", "unknown hook", "wrong record", "hook raises"],
)
def test_a_broken_plugin_is_listed_and_stops_nothing_else(mwb: Any, code: str) -> None:
    install(mwb.site, "broken-model", "broken", code)
    install(mwb.site, "stranger-model", "stranger", GOOD.format(name="stranger-2b"))
    rows = {p["plugin"]: p for p in json.loads(mwb("plugins", "--json").stdout)["plugins"]}
    assert rows["broken"]["status"] == "broken"
    assert rows["broken"]["error"]
    assert rows["stranger"]["status"] == "ok"
    done = mwb("generators")
    assert done.returncode == 0
    assert "stranger-2b" in done.stdout
    assert "broken plugin 'broken'" in done.stderr


def test_two_owners_of_one_name_are_both_named(mwb: Any) -> None:
    install(mwb.site, "first-model", "first", GOOD.format(name="same"))
    install(mwb.site, "second-model", "second", GOOD.format(name="same"))
    listing = mwb("generators")
    assert listing.returncode == 1
    used = mwb("run", "--generator", "same")
    assert used.returncode == 2
    for done in (listing, used):
        assert "first-model" in done.stderr
        assert "second-model" in done.stderr


def test_a_spec_for_a_newer_api_is_listed_as_broken(mwb: Any) -> None:
    install(mwb.site, "new-model", "newer", GOOD.format(name="new").replace("settings=Settings", "api=99"))
    rows = json.loads(mwb("plugins", "--json").stdout)["plugins"]
    assert any("plugin API 99" in (row["error"] or "") for row in rows)


def test_plugins_can_be_narrowed_by_an_environment_variable(mwb: Any) -> None:
    install(mwb.site, "stranger-model", "stranger", GOOD.format(name="stranger-2b"))
    assert "stranger-2b" not in mwb("generators", MWB_PLUGINS="").stdout
    assert "stranger-2b" in mwb("generators", MWB_PLUGINS="stranger").stdout


def test_an_unknown_name_offers_near_matches() -> None:
    names = plugins.find([]).generators
    with pytest.raises(UnknownNameError, match="did you mean 'simulator'"):
        names.get("simulater")


def test_settings_are_validated_by_the_specs_model() -> None:
    spec = plugins.find([]).generators.get("simulator")
    with pytest.raises(InputError, match="setting width"):
        plugins.load(spec, {"width": "wide"})
    with pytest.raises(UnknownNameError, match="did you mean 'height'"):
        plugins.load(spec, {"heigth": "3"})

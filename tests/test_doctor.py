"""``mwb doctor`` and ``mwb completion``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from microworldbench import doctor
from microworldbench._cli import main
from microworldbench.plugins import BrokenPlugin, Owner, Registry

KEY = "sk-never-to-be-shown-0123456789"


@pytest.fixture
def examined(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def run(*args: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as stop:
            main(["doctor", *args])
        assert isinstance(stop.value.code, int)
        return stop.value.code, capsys.readouterr().out

    return run


def test_keys_are_told_of_and_never_shown(
    examined: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", f"https://user:{KEY}@judge.example/v1?key={KEY}")
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    for args in ((), ("--json",)):
        status, out = examined(*args)
        assert (status, KEY in out, KEY[:8] in out) == (0, False, False)
        assert "judge.example" in out
        assert "not set: Veo" in out


def test_json_is_a_list_of_findings_about_every_subject(examined: Callable[..., tuple[int, str]]) -> None:
    found = json.loads(examined("--json")[1])
    assert {f["subject"] for f in found} == {"install", "extras", "video", "gpu", "keys", "plugins", "folders"}
    assert {f["state"] for f in found} <= {"ok", "absent", "problem"}
    assert any(f["name"] == doctor.ENCODER and f["state"] == "ok" for f in found)
    assert metadata.version("microworldbench") in found[0]["detail"]


def test_a_lacking_extra_names_its_install_line_and_is_no_fault(
    examined: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = metadata.version

    def version(name: str) -> str:
        if name == "uvicorn":
            raise metadata.PackageNotFoundError(name)
        return "1.0" if name == "pandas" else real(name)

    monkeypatch.setattr(doctor.metadata, "version", version)
    status, out = examined()
    assert status == 0
    assert "no uvicorn: pip install 'microworldbench[review]'" in out
    assert "pandas 1.0 is older than 2.1: pip install 'microworldbench[pandas]'" in out


def test_a_broken_plugin_is_a_fault(examined: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    owner = Owner(plugin="bad", distribution="bad-dist", version="1")
    broken = Registry(broken=[BrokenPlugin(owner, "ImportError: no module named 'gone'")])
    monkeypatch.setattr("microworldbench.plugins.registry", lambda: broken)
    status, out = examined()
    assert (status, "✗ bad" in out, "no module named 'gone'" in out) == (1, True, True)


def completed(words: str, tmp_path: Path) -> list[str]:
    """What a shell is offered after `words`."""
    env = {**os.environ, "_MWB_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    code = "import sys; sys.argv[0] = 'mwb'; from microworldbench._cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60
    )
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("mwb gen", ["generate", "generators"]),
        ("mwb run --max-", ["--max-cost", "--max-missing"]),
        ("mwb run --generator simulator-", ["simulator-violated"]),
        ("mwb run --judge meas", ["measured"]),
        ("mwb grade --task vessel-", ["vessel-clot"]),
    ],
)
def test_commands_options_and_names_are_completed(words: str, offered: list[str], tmp_path: Path) -> None:
    assert completed(words, tmp_path) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("program", ["mwb", "microverse"])
def test_the_script_asks_the_program_itself(shell: str, program: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["completion", shell, "--program", program])
    assert stop.value.code == 0
    assert f"_{program.upper()}_COMPLETE={shell}_complete" in capsys.readouterr().out

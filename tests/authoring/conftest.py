"""A scripted model that drafts, on a real socket, and a command line to use it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

SERVERS = str(Path(__file__).parents[1] / "servers")
if SERVERS not in sys.path:
    sys.path.insert(0, SERVERS)

from drafting import drafted  # noqa: E402
from judge_server import JudgeServer  # noqa: E402

KEY = "sk-test-0123456789abcdef"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "MWB_PRICES", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def serve() -> Iterator[Callable[..., JudgeServer]]:
    """``serve(**options)``: a drafting server that ends with the test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(JudgeServer(**{"writes": drafted, **options}))


@pytest.fixture
def titles(tmp_path: Path) -> Path:
    path = tmp_path / "titles.jsonl"
    names = ["mitosis of a cell", "two kinds of organ motion", "an advert", "vesicle docking", "unsure cell thing"]
    rows = [
        {"title": name, "description": f"About {name}.", "url": f"https://example.org/{n}"}
        for n, name in enumerate(names)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def mwb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """``mwb draft`` in this process, in a folder of its own."""
    from microworldbench._cli import main

    monkeypatch.chdir(tmp_path)

    def run(*args: object, url: str = "http://127.0.0.1:9/v1") -> Done:
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main(["draft", *map(str, args)])
        said = capsys.readouterr()
        return Done(int(stop.value.code or 0), said.out, said.err)

    return run

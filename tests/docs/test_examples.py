"""Every example of the documentation does what the page says."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "servers"))

from examples import RUNNABLE, Example, Reader, examples_of
from typed import unknown_options

ROOT = Path(__file__).parents[2]
KEY = "sk-test-0123456789abcdef"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page for page in PAGES if page.exists() and "_build" not in page.parts]
pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the pages are part of the repository only")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def run_on(page: Path) -> list[Example]:
    found = list(examples_of(page.read_text(encoding="utf-8")))
    return found if any(e.kind in RUNNABLE and e.file is None and e.reason is None for e in found) else []


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """A newcomer: an empty folder, no settings, nothing but a key; `pip install` reaches a folder of their own."""
    site, folder, tools = (tmp_path / name for name in ("site", "work", "bin"))
    folder.mkdir()
    tools.mkdir()
    (tools / "pip").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pip "$@"\n')
    (tools / "pip").chmod(0o755)
    kept = ("PATH", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "XDG_DATA_HOME")
    environment = {name: os.environ[name] for name in kept if name in os.environ} | {
        "HOME": str(tmp_path),
        "PATH": os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(site),
        "COLUMNS": "100",
        "OMP_NUM_THREADS": "1",
        "OPENAI_API_KEY": KEY,
        "PIP_TARGET": str(site),
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_QUIET": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "ROOT": str(ROOT),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    for name in set(os.environ) - set(environment):
        monkeypatch.delenv(name)
    yield Reader(Path("page"), folder)
    for name in set(sys.modules) - before:  # a later page has its own my_model.py
        file = getattr(sys.modules[name], "__file__", None)
        if file and Path(file).is_relative_to(tmp_path):
            del sys.modules[name]


@pytest.fixture
def serve() -> Iterator[Any]:
    """Starts the server a page asks for; returns its address."""
    from encoding import encode
    from judge_server import JudgeServer
    from videos_server import VideosServer

    with ExitStack() as stack:

        def start(kind: str) -> str:
            server = VideosServer(encode) if kind == "videos" else JudgeServer(kind)
            return str(stack.enter_context(server).url)

        yield start


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if run_on(page)], ids=name_of)
def test_the_examples_of_a_page_do_what_it_says(
    page: Path, reader: Reader, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.page = page.relative_to(ROOT)
    for example in run_on(page):
        if example.kind == "needs":
            pytest.importorskip(example.code, reason=f"the page needs {example.code}")
        elif example.kind == "serve":
            address, kind = example.code.split()
            if address == "openai":
                monkeypatch.setenv("OPENAI_BASE_URL", serve(kind))
            else:
                reader.served[address] = serve(kind)
        else:
            reader.follow(example)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_only_tells_to_type_names_commands_and_options_that_exist(page: Path) -> None:
    blocks = [e for e in examples_of(page.read_text(encoding="utf-8")) if e.kind == "sh" or e.reason is not None]
    wrong = [f"{name_of(page)}:{e.line}: {problem}" for e in blocks for problem in unknown_options(e.code)]
    assert wrong == []


def test_a_page_whose_output_drifts_or_whose_command_fails_is_noticed(reader: Reader) -> None:
    text = "```console\n$ echo 12 videos\n7 videos\n$ exit 3\n[exit status 3]\n```\n"
    (example,) = examples_of(text)
    reader.follow(example)  # numbers may differ
    for broken in (
        "```console\n$ echo 12 videos\n7 clips\n```",
        "```console\n$ exit 3\n```",
        "```pycon\n>>> 1 + 1\n3\n```",
    ):
        (example,) = examples_of(broken)
        with pytest.raises(AssertionError):
            reader.follow(example)
    assert unknown_options("mwb run --generater x | tee log") == ["mwb run has no --generater"]
    assert unknown_options("mwb rum") == ["mwb has no rum"]

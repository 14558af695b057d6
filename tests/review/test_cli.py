"""``mwb review`` as it is typed, from a new study to a merged suite."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from microworldbench.suites import load_folder
from microworldbench.suites.writing import write_folder


@dataclass
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def mwb(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """The command line, in this process: starting one costs more than what it does here."""
    from microworldbench._cli import main

    monkeypatch.chdir(tmp_path)

    def run(*args: object) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(["review", *map(str, args)])
        said = capsys.readouterr()
        return Done(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def suite(tmp_path: Path, make_suite: Any) -> Path:
    write_folder(make_suite(6), tmp_path / "tiny")
    return tmp_path / "tiny"


def test_from_a_new_study_to_a_suite_of_relevant_tasks(mwb: Any, suite: Path, tmp_path: Path) -> None:
    made = mwb("new", "study", "--kind", "relevance", "--suite", suite, "--per-level", 1, "--title", "Worth it?")
    assert made.returncode == 0, made.stderr
    assert "organ: 1 of 2 tasks, each stands for 2" in made.stdout
    invited = mwb("invite", "study", "Ann Lee", "Bob", "--url", "https://review.example.org/")
    assert len(re.findall(r"https://review.example.org/enter/\S{32}", invited.stdout)) == 2
    assert "2 of 3 experts invited" in mwb("status", "study").stdout
    rows = [
        json.dumps({"item": item, "expert": expert, "answer": "relevant"})
        for item in (json.loads(line)["id"] for line in (tmp_path / "study/items.jsonl").read_text().splitlines())
        for expert in ("Ann Lee", "e2", "Cy")
    ]
    (tmp_path / "answers.jsonl").write_text("\n".join(rows) + "\n")
    taken = mwb("import", "study", "answers.jsonl")
    assert "9 answers of Ann Lee (e1), e2 (e2), Cy (e3)" in taken.stdout, taken.stderr
    status = json.loads(mwb("status", "study", "--json").stdout)
    assert [expert["done"] for expert in status["experts"]] == [3, 3, 3]
    early = mwb("merge", "study", "--out", "merged")
    assert (early.returncode, "--unfinished" in early.stderr) == (2, True)
    merged = mwb("merge", "study", "--out", "merged", "--unfinished", "--json")
    assert json.loads(merged.stdout)["child"]["version"] == "1-B"
    assert len(load_folder(tmp_path / "merged" / "suite").tasks) == 6
    exported = mwb("export", "study", "--out", "shared")
    assert "answers.csv" in exported.stdout
    again = mwb("merge", "shared", "--out", "again", "--unfinished")
    assert "3 decisions" in again.stdout
    for name in ("merge.json", "decisions.jsonl", "report.md", "suite/suite.yaml"):
        assert (tmp_path / "merged" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["new", "s"], "say what experts are to do with --kind"),
        (["new", "s", "--kind", "clip", "--preset", "paper-preference"], "but --kind says clip"),
        (["new", "s", "--preset", "paper-preference"], "give --run twice"),
        (["new", "s", "--kind", "revise", "--suite", "cor"], "did you mean 'core'"),
        (["new", "s", "--kind", "revise", "--grid", "1,0.5"], "rising weights in (0, 1]"),
        (["new", "s", "--kind", "revise", "--level", "galaxy"], "'galaxy' is not one of"),
        (["serve", "nowhere"], "is not a study"),
        (["invite", "nowhere", "Ann"], "is not a study"),
        (["merge", "nowhere", "--out", "x"], "is not a study"),
        (["export", "nowhere", "--out", "x"], "is not a study"),
        (["import", "nowhere", "x.jsonl"], "is not a study"),
        (["status", "nowhere"], "is not a study"),
    ],
)
def test_wrong_input_exits_2_with_the_next_step_and_no_traceback(mwb: Any, args: list[str], said: str) -> None:
    done = mwb(*args)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def study(mwb: Any, suite: Path) -> None:
    assert mwb("new", "study", "--kind", "relevance", "--suite", suite).returncode == 0


def test_a_round_ends_when_the_last_one_waited_for_is_removed(mwb: Any, suite: Path, tmp_path: Path) -> None:
    mwb("new", "study", "--kind", "relevance", "--suite", suite, "--task", "task-001")
    mwb("invite", "study", "Ann", "Bob", "Cy")
    from microworldbench.review.desk import Desk, Visit
    from microworldbench.review.store.board import Slot
    from microworldbench.review.studies.folder import StudyFolder

    with Desk(StudyFolder(tmp_path / "study")) as desk:
        for expert in ("e1", "e2"):
            desk.answer(expert, Slot("task-001"), 0, {"answer": "relevant"}, Visit({}))
            desk.hand_in(expert, 1)
    assert mwb("merge", "study", "--out", "merged").returncode == 2
    assert "answers given are kept" in mwb("invite", "study", "Cy", "--remove").stdout
    assert "finished" in mwb("status", "study").stdout
    assert mwb("merge", "study", "--out", "merged").returncode == 0


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["serve", "study", "--host", "0.0.0.0"], "can be reached from other machines"),
        (["serve", "study", "--host", "192.0.2.1", "--url", "https://x.example"], "cannot listen on 192.0.2.1"),
        (["serve", "study", "--url", "review.example.org"], "--url must be an address without a path"),
        (["serve", "study", "--url", "https://example.org/review"], "--url must be an address without a path"),
        (["invite", "study", "Ann", "--url", "ftp://x"], "--url must be an address"),
        (["invite", "study", "Ann", "--remove"], "unknown expert 'Ann'"),
        (["invite", "study", ""], "a name must have"),
        (["merge", "study", "--out", "x"], "nobody has answered"),
        (["import", "study", "missing.jsonl"], "cannot read"),
        (["merge", "study", "--out", "x", "--unfinished"], "nobody has answered"),
    ],
)
def test_a_study_is_not_opened_or_merged_by_accident(mwb: Any, args: list[str], said: str) -> None:
    done = mwb(*args)
    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr


@pytest.fixture
def served(tmp_path: Path, study: None) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "microworldbench", "review", "serve", "study", "--port", "0"]
    server = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield server
    if server.poll() is None:
        server.kill()
    server.communicate()


def test_a_served_study_says_where_and_ends_by_an_interrupt(served: Any, mwb: Any) -> None:
    assert "relevance, 6 items" in served.stdout.readline()
    assert re.match(r"http://127\.0\.0\.1:\d+ ", served.stdout.readline())
    second = mwb("serve", "study", "--port", "0")
    assert (second.returncode, "served already" in second.stderr) == (2, True)
    assert mwb("status", "study").returncode == 0  # reading is always possible
    assert "http://" in mwb("invite", "study", "Ann").stdout  # and so is inviting
    os.kill(served.pid, signal.SIGINT)
    assert served.wait(20) == 130
    assert "Traceback" not in served.stderr.read()


def test_without_the_web_server_the_install_line_is_named(study: None, tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['uvicorn'] = None\n"
        "from microworldbench._cli import main; main(['review', 'serve', 'study', '--port', '0'])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, "pip install 'microworldbench[review]'" in done.stderr) == (2, True)


def test_help_loads_no_web_server() -> None:
    code = (
        "import sys\nfrom microworldbench._cli import main\ntry:\n    main(['review', 'new', '--help'])\n"
        "except SystemExit:\n    pass\nprint([m for m in ('starlette', 'uvicorn', 'jinja2', 'av') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"

"""The command line as a user types it, in its own process."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from microworldbench.command_line import run_and_exit

PLUGIN = """
import numpy as np

def generator(request):
    frames = np.zeros((10, 48, 64, 3), np.uint8)
    frames[:, 10:20, 10:20] = 200
    return frames, 8.0

class Sized:
    name = "sized"
    def __init__(self, width="64"):
        self.width = int(width)
    def generate(self, request):
        return np.zeros((10, 48, self.width, 3), np.uint8), 8.0
"""


@pytest.fixture
def mwb(tmp_path: Path) -> Any:
    (tmp_path / "mymodel.py").write_text(PLUGIN)

    def run(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "microworldbench", *args],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "100", **env},
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )

    return run


def test_help_lists_every_command(mwb: Any) -> None:
    done = mwb("--help")
    assert done.returncode == 0
    for command in ("run", "generate", "grade", "score", "report", "demo", "suites", "generators", "judges", "plugins"):
        assert f"\n  {command} " in done.stdout


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["runn"], "did you mean 'run'"),
        (["run", "--generator", "simulater"], "did you mean 'simulator'"),
        (["run", "--generator", "simulator", "--judge", "mesured"], "did you mean 'measured'"),
        (["run", "--generator", "simulator", "--suite", "cor"], "did you mean 'core'"),
        (["run", "--generator", "simulator", "--task", "mitosi"], "did you mean 'mitosis'"),
        (["run", "--generator", "simulator", "--level", "organs"], "did you mean 'organ'"),
        (["run", "--generator", "simulator", "-g", "widht=3"], "did you mean 'width'"),
        (["run", "--generator", "simulator", "-g", "width=wide"], "width"),
        (["run", "--generator", "mymodel:generater"], "did you mean 'generator'"),
        (["run", "--generator", "nomodule:thing"], "no module"),
        (["run", "--generator", "missing.yaml"], "missing.yaml: no such file"),
        (["run", "--generator", "folder:nowhere"], "nowhere"),
        (["run", "--generator", "folder:"], "write folder:PATH"),
        (["run", "--generator", ":"], "neither folder:PATH nor module:attribute"),
        (["run", "--generator", "simulator", "--seeds", "99999999999"], "at most 100,000"),
        (["run", "--generator", "simulator", "--challenge", "nan"], "is not a number"),
        (["run"], "--generator"),
        (["score", "nowhere"], "not a run folder"),
    ],
)
def test_wrong_input_exits_2_with_the_next_step_and_no_traceback(mwb: Any, args: list[str], expected: str) -> None:
    done = mwb(*args)
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_path_that_cannot_be_used_is_named_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    @click.command()
    def write() -> None:
        (Path(__file__) / "report.json").touch()

    with pytest.raises(SystemExit) as stop:
        run_and_exit(write, [])
    assert stop.value.code == 1
    assert capsys.readouterr().err == f"error: {str(Path(__file__) / 'report.json')!r}: Not a directory\n"


def test_a_full_disk_behind_stdout_is_a_sentence_too(capsys: pytest.CaptureFixture[str]) -> None:
    @click.command()
    def fill() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(SystemExit) as stop:
        run_and_exit(fill, [])
    assert (stop.value.code, capsys.readouterr().err) == (1, "error: No space left on device\n")


def test_pages_and_bundles_do_not_take_the_place_of_a_pipe(mwb: Any, tmp_path: Path) -> None:
    assert mwb("run", "--generator", "mymodel:generator", "--task", "mitosis", "--out", "o").returncode == 0
    os.mkfifo(tmp_path / "pipe")
    for args in (["report", "o", "--html", "pipe"], ["bundle", "o", "--out", "pipe"]):
        done = mwb(*args)
        assert (done.returncode, "it is no regular file" in done.stderr) == (2, True), done.stderr
    assert (tmp_path / "pipe").is_fifo()


def test_run_scores_a_callable_and_says_where_the_report_is(mwb: Any, tmp_path: Path) -> None:
    done = mwb("run", "--generator", "mymodel:generator", "--task", "mitosis", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert "report" in done.stdout
    assert (tmp_path / "out" / "report.html").is_file()
    assert json.loads((tmp_path / "out" / "report.json").read_text())["view"]["name"].startswith("measured criteria")


def test_json_is_one_document_on_stdout_and_the_rest_on_stderr(mwb: Any) -> None:
    done = mwb("run", "--generator", "mymodel:Sized", "-g", "width=80", "--task", "mitosis", "--out", "out", "--json")
    report = json.loads(done.stdout)
    assert {
        "schema",
        "suite",
        "view",
        "generator",
        "judge",
        "overall",
        "by_level",
        "by_dimension",
        "tasks",
        "coverage",
        "usage",
    } <= set(report)
    assert set(report["overall"]) == {"value", "low", "high", "ci95", "n", "partial"}
    assert "report" in done.stderr
    again = mwb("score", "out", "--json")
    assert json.loads(again.stdout) == report
    shown = mwb("report", "out", "--json", "--html", "page.html")
    assert json.loads(shown.stdout) == report


def test_what_cannot_be_judged_exits_1_and_states_only_bounds(mwb: Any) -> None:
    done = mwb(
        "run", "--generator", "mymodel:generator", "--task", "mitosis", "--judge", "measured", "--out", "o", "--json"
    )
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["overall"]["value"] is None
    assert report["overall"]["low"] < report["overall"]["high"]
    assert report["coverage"]["missing"] > 0


def test_generate_then_grade_then_markdown(mwb: Any) -> None:
    made = mwb("generate", "--generator", "mymodel:generator", "--task", "mitosis", "--out", "o", "--json")
    assert json.loads(made.stdout) == {"run": "o", "ok": 1, "failed": 0, "missing": 0}
    graded = mwb("grade", "--out", "o", "--json")
    assert graded.returncode == 0, graded.stderr
    other = mwb("grade", "--videos-from", "o", "--out", "p", "--json")
    assert json.loads(other.stdout) == json.loads(graded.stdout)
    assert mwb("report", "o", "--markdown").stdout.startswith("#")


def test_videos_are_made_for_every_criterion_unless_only_some_are_asked_for(mwb: Any) -> None:
    assert mwb("generate", "--generator", "mymodel:generator", "--limit", "2", "--out", "o").returncode == 0
    for chosen in ([], ["--criteria", "measured"]):
        asked = mwb("grade", "--out", "o", "--judge", "openai:m", "--dry-run", *chosen, OPENAI_API_KEY="k" * 20)
        assert ("view: measured criteria" in asked.stdout) == bool(chosen), asked.stderr
    assert mwb("run", "--generator", "mymodel:generator", "--limit", "1", "--out", "m").returncode == 0
    again = ["grade", "--videos-from", "m", "--out", "n", "--judge", "openai:m", "--dry-run"]
    for chosen in ([], ["--criteria", "all"]):
        told = mwb(*again, *chosen, OPENAI_API_KEY="k" * 20)
        assert ("--criteria all asks about every one" in told.stderr) == (not chosen), told.stderr
    done = mwb("run", "--generator", "mymodel:generator", "--criteria", "all", "--out", "p")
    assert (done.returncode, "--criteria all needs --judge" in done.stderr) == (2, True)


def test_a_folder_of_videos_is_graded_where_it_lies(mwb: Any, tmp_path: Path) -> None:
    made = mwb("generate", "--generator", "mymodel:generator", "--task", "mitosis", "--seeds", "0,3", "--out", "o")
    assert made.returncode == 0, made.stderr
    (tmp_path / "films" / "mitosis").mkdir(parents=True)
    for video in sorted((tmp_path / "o" / "videos").rglob("*.mp4")):
        seed = "3" if "3" in video.stem else "0"
        (tmp_path / "films" / "mitosis" / f"{seed}.mp4").write_bytes(video.read_bytes())
    chosen = ["--task", "mitosis", "--seeds", "0,3", "--json"]
    graded = mwb("grade", "--generator", "folder:films", "--name", "films", "--out", "p", *chosen)
    assert graded.returncode == 0, graded.stderr
    report = json.loads(graded.stdout)
    assert (report["generator"]["name"], report["coverage"]["videos"]) == ("films", 2)
    assert [seed["seed"] for seed in report["tasks"][0]["seeds"]] == [0, 3]


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["--generator", "mymodel:generator", "--out", "new"], "'mwb run' makes them"),
        (["--generator", "mymodel:generator", "--videos-from", "o", "--out", "p"], "leave out --generator"),
        (["--generator", "mymodel:Sized", "--task", "mitosis", "--out", "o"], "generator was generator"),
        (["--name", "x", "--out", "o"], "--name goes with --generator"),
        (["--seeds", "7,8", "--out", "o"], "no videos were made for seeds [7, 8]"),
        (["--seeds", "all", "--out", "o"], "'all' is neither a number nor a list"),
        ([], "mwb grade needs --out"),
    ],
)
def test_grading_says_whose_videos_are_missing(mwb: Any, args: list[str], expected: str) -> None:
    mwb("generate", "--generator", "mymodel:generator", "--task", "mitosis", "--out", "o")
    done = mwb("grade", *args)
    assert (done.returncode, expected in done.stderr) == (2, True), done.stderr


def test_check_and_dry_run_spend_nothing(mwb: Any, tmp_path: Path) -> None:
    for option in ("--check", "--dry-run"):
        done = mwb("run", "--generator", "mymodel:generator", "--task", "mitosis", "--out", "o", option)
        assert done.returncode == 0, done.stderr
        assert "nothing was made, asked or spent" in done.stdout
        assert not (tmp_path / "o").exists()
    priced = ["-j", "input_usd_per_mtok=1", "-j", "output_usd_per_mtok=2", "--dry-run", "--json"]
    done = mwb("run", "--generator", "mymodel:generator", "--judge", "openai:m", *priced, OPENAI_API_KEY="k" * 20)
    preview = json.loads(done.stdout)
    assert preview["questions"] == 3 * preview["videos_to_make"] >= 27
    assert preview["worst_case_usd"] > 0
    challenged = [*priced, "--challenge", "0.1"]
    done = mwb("run", "--generator", "mymodel:generator", "--judge", "openai:m", *challenged, OPENAI_API_KEY="k" * 20)
    more = json.loads(done.stdout)
    assert 0 < more["challenges"] <= more["questions"]
    assert preview["worst_case_usd"] < more["worst_case_usd"] < 2 * preview["worst_case_usd"]


def test_catalogues_are_json_lists_of_records(mwb: Any) -> None:
    generators = json.loads(mwb("generators", "--json").stdout)
    assert {"name", "summary", "license", "needs", "distribution", "version"} <= set(generators[0])
    assert {"simulator", "simulator-violated"} <= {g["name"] for g in generators}
    assert "measured" in {j["name"] for j in json.loads(mwb("judges", "--json").stdout)}
    plugins = json.loads(mwb("plugins", "--json").stdout)
    assert plugins["plugins"][0]["plugin"] == "builtin"
    assert plugins["conflicts"] == []


def test_a_generator_may_be_described_in_a_yaml_file(mwb: Any, tmp_path: Path) -> None:
    (tmp_path / "g.yaml").write_text("generator: mymodel:Sized\nsettings: {width: '96'}\n")
    done = mwb("run", "--generator", "g.yaml", "--task", "mitosis", "--out", "o", "--json")
    assert json.loads(done.stdout)["generator"]["name"] == "sized"
    (tmp_path / "g.yaml").write_text("generator: g.yaml\n")
    assert mwb("run", "--generator", "g.yaml").returncode == 2

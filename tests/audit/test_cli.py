from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from microworldbench._cli import main
from microworldbench.results import Generation, Reason, Verdict
from microworldbench.runs import Manifest, RunFolder
from microworldbench.scorecard import Named, SuiteReference, ViewReference
from microworldbench.suites.released import ReleasedSuite
from microworldbench.suites.released_results import ReleasedResults
from microworldbench.suites.snapshot import snapshot
from microworldbench.suites.view import View

FIXTURE = Path(__file__).resolve().parents[1] / "data" / "released_fixture"
Run = Callable[..., tuple[int, str, str]]
Write = Callable[[str, Any], Path]


@pytest.fixture
def mwb(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``mwb audit`` on the fixture: (status, stdout, stderr)."""

    def run(*args: object, suite: str = f"released:{FIXTURE}") -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main(["audit", *map(str, args), "--suite", suite])
        captured = capsys.readouterr()
        assert isinstance(stop.value.code, int)
        return stop.value.code, captured.out, captured.err

    return run


def test_json_holds_both_scores_and_the_waterfall(mwb: Run, write: Write, perfect: ReleasedResults) -> None:
    status, out, _ = mwb(write("veo_result.json", perfect.entries), "--json")
    model = json.loads(out)["models"]["veo"]
    assert status == 0
    assert set(model["released"]) == {
        "valid_tasks",
        "average",
        "scientific_fidelity",
        "visual_quality",
        "instruction_following",
        "by_level",
    }
    assert set(model["corrected"]) == {*model["released"], "low", "high"}
    assert set(model["corrected"]["low"]) == set(model["released"])
    assert set(model["corrected"]["by_level"]) == {"organ", "cellular", "subcellular"}
    assert set(model["waterfall"][0]) == {"defect", "points", "tasks"}


def test_nan_in_a_file_never_reaches_the_output(mwb: Run, write: Write) -> None:
    text = '[{"index": 1, "scientific_eval": {"parsed_result": {"scores": [NaN, Infinity]}}}]'
    _, out, _ = mwb(write("m_result.json", text), "--json")
    assert "NaN" not in out
    assert "Infinity" not in out


def test_markdown_and_the_page_come_from_one_command(
    mwb: Run, write: Write, perfect: ReleasedResults, tmp_path: Path
) -> None:
    status, out, _ = mwb(write("m_result.json", perfect.entries), "--markdown", "--html", tmp_path / "a.html")
    assert (status, out[:10]) == (0, "# Audit of")
    assert (tmp_path / "a.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_another_suite_than_the_released_one_is_refused(mwb: Run, write: Write) -> None:
    status, _, err = mwb(write("m_result.json", []), suite="core")
    assert status == 2
    assert "--suite released:PATH" in err


@pytest.fixture
def run_folder(suite: ReleasedSuite, tmp_path: Path) -> Path:
    """A run of ours on the fixture: every reward met, one verdict cannot tell, one missing, task 4 failed."""
    view = View.of(suite.suite)
    with RunFolder.write(tmp_path / "run") as folder:
        reference = SuiteReference(id="released", version="1-A", digest=suite.suite.digest)
        folder.replace(
            "manifest.json",
            Manifest(
                suite=reference,
                view=ViewReference(name=view.name, digest=view.digest),
                selection=view.selection,
                generator=Named(name="g"),
                judge=Named(name="j"),
                seeds=(0,),
            ),
        )
        folder.replace("suite.json", snapshot(view))
        folder.append(Generation(task="mwb-004", seed=0, status="failed", prompt_sha256=""))
        for task in view.tasks[:3]:
            verdicts = [
                Verdict(
                    task=task.id, seed=0, criterion=c.id, criterion_digest=c.digest, judge="j", met=c.polarity.sign > 0
                )
                for c in task.criteria
            ]
            if task.id == "mwb-001":
                verdicts[0] = verdicts[0].model_copy(update={"met": None, "reason": Reason.CANNOT_TELL})
                verdicts[1] = verdicts[1].model_copy(update={"met": None, "reason": Reason.FAILED})
            folder.append_verdicts(verdicts)
    return tmp_path / "run"


def test_a_run_folder_is_audited_like_a_result_file(mwb: Run, run_folder: Path) -> None:
    _, out, _ = mwb(run_folder, "--json")
    model = json.loads(out)["models"]["run"]
    assert model["released"]["valid_tasks"] == 3
    assert model["findings"] == {"null-score": 1}
    assert model["released"]["by_level"]["subcellular"] == 100.0
    score = model["corrected"]
    assert score["by_level"]["cellular"] == score["low"]["by_level"]["cellular"] == 100.0
    assert score["low"]["average"] < score["average"] < score["high"]["average"]
    assert score["high"]["by_level"]["organ"] == 50.0


def test_an_exported_run_is_read_back_with_the_same_released_numbers(
    mwb: Run, run_folder: Path, tmp_path: Path
) -> None:
    _, out, _ = mwb(run_folder, "--json", "--export", tmp_path / "out")
    _, again, _ = mwb(tmp_path / "out" / "run_result.json", "--json")
    first, second = (json.loads(text)["models"]["run"]["released"] for text in (out, again))
    assert first == second


def test_a_run_on_another_suite_is_refused(mwb: Run, run_folder: Path) -> None:
    manifest = json.loads((run_folder / "manifest.json").read_text())
    manifest["suite"]["digest"] = "0" * 64
    (run_folder / "manifest.json").write_text(json.dumps(manifest))
    status, _, err = mwb(run_folder)
    assert status == 2
    assert "not on these published files" in err

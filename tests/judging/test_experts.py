"""``labels:PATH``: experts judge by what they said about these very videos, and about nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import microworldbench as bench
from microworldbench.errors import InputError
from microworldbench.references import resolve_judge
from microworldbench.runs import RunFolder


@pytest.fixture
def labelled(suite: Any, tiny_generator: Any, tmp_path: Path) -> Callable[..., Path]:
    """A label file about the videos of a run; `answer` gets rater, task and criterion."""
    run = bench.generate(tiny_generator, suite=suite, out=tmp_path / "run")
    videos = {made.task: made.video.sha256 for made in RunFolder.read(run).generations().values()}

    def made(answer: Callable[[str, str, str], str | None], **more: Any) -> Path:
        rows = [
            {
                "task": task.id,
                "criterion": criterion.id,
                "rater": rater,
                "met": answer(rater, task.id, criterion.id),
                "criterion_digest": criterion.digest,
                "video_sha256": videos[task.id],
                **more,
            }
            for task in suite.tasks
            for criterion in task.criteria
            for rater in ("e1", "e2", "e3")
        ]
        path = tmp_path / "labels.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return made


def test_experts_are_a_panel_whose_majority_counts(suite: Any, labelled: Any, tmp_path: Path) -> None:
    all_met = labelled(lambda rater, task, criterion: "not_met" if rater == "e3" else "met")
    bench.grade(tmp_path / "run", suite=suite, judge=f"labels:{all_met}")
    verdicts = list(RunFolder.read(tmp_path / "run").verdicts())
    assert {verdict.judge for verdict in verdicts} == {"labels:e1", "labels:e2", "labels:e3"}
    report = bench.Report.from_run(tmp_path / "run")
    penalised = bench.score([v for v in verdicts if v.judge == "labels:e1"], suite).overall.value
    assert report.overall.value == penalised
    assert report.coverage.missing == 0


def test_an_expert_who_could_not_tell_says_so_and_one_who_was_not_asked_is_missing(
    suite: Any, labelled: Any, tmp_path: Path
) -> None:
    path = labelled(lambda rater, task, criterion: {"e1": "cannot_tell", "e2": None}.get(rater, "met"))
    bench.grade(tmp_path / "run", suite=suite, judge=f"labels:{path}", max_missing=1.0)
    reasons = {v.judge: v.reason for v in RunFolder.read(tmp_path / "run").verdicts()}
    assert reasons == {"labels:e1": "cannot_tell", "labels:e2": "failed", "labels:e3": None}


@pytest.mark.parametrize(
    ("change", "said"),
    [({"video_sha256": "0" * 64}, "no label about this video"), ({"criterion_digest": "0" * 64}, "has changed")],
)
def test_another_video_or_another_wording_is_not_answered(
    suite: Any, labelled: Any, tmp_path: Path, change: dict[str, str], said: str
) -> None:
    path = labelled(lambda *_: "met", **change)
    bench.grade(tmp_path / "run", suite=suite, judge=f"labels:{path}", max_missing=1.0)
    assert all(said in v.observation and v.is_missing for v in RunFolder.read(tmp_path / "run").verdicts())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("task,criterion,rater,met\nt,c,e1,met\n", "does not say which video was shown"),
        ("task,criterion,rater,met\n", "holds no label"),
        ("task,met\n", "lacks"),
    ],
)
def test_labels_that_cannot_judge_are_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        resolve_judge(f"labels:{tmp_path / 'labels.csv'}")

"""The main path: generate, grade, report, continue."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import microworldbench as bench
from microworldbench.chat.attempts import RetryPolicy
from microworldbench.chat.ledger import Ledger
from microworldbench.errors import (
    CallRefusedError,
    GenerationError,
    InputError,
    JudgeUnavailableError,
    RunConflictError,
    RunStoppedError,
    TransientJudgeError,
    UnreadableReplyError,
)
from microworldbench.runs import RunFolder

FAST = RetryPolicy(attempts=3, first_wait_s=0.001, longest_wait_s=0.01)
Make = Callable[..., Any]


def test_a_generator_and_a_judge_make_a_report(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    judge = scripted(lambda question, criterion: criterion.polarity.value == "reward")
    report = bench.evaluate(tiny_generator, suite, judge, run_path, retry=FAST)
    assert report.overall is not None
    assert (report.overall.value, report.overall.n) == (100.0, 3)
    assert set(report.by_dimension) == set(bench.Dimension)
    assert report.coverage.resolved == report.coverage.criteria == 15
    assert json.loads((run_path / "report.json").read_text())["generator"]["name"] == "tiny"
    assert (run_path / "videos" / "task-1" / "0.mp4").is_file()


def test_the_same_call_again_asks_nothing_and_reports_the_same(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    bench.evaluate(tiny_generator, suite, scripted(), run_path)
    first = (run_path / "report.json").read_bytes()
    again = scripted()
    bench.evaluate(tiny_generator, suite, again, run_path)
    assert again.asked == []
    assert (run_path / "report.json").read_bytes() == first


def test_more_seeds_votes_and_tasks_continue_a_run(
    big_suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    bench.evaluate(tiny_generator, big_suite, scripted(), run_path, limit=4)
    more = scripted()
    report = bench.evaluate(tiny_generator, big_suite, more, run_path, limit=6, seeds=2, votes=3)
    assert report.coverage.videos == 12
    assert len(more.asked) == 12 * 3 * 3 - 4 * 3
    with pytest.raises(RunConflictError, match="seeds"):
        bench.evaluate(tiny_generator, big_suite, scripted(), run_path, limit=6, seeds=1, votes=3)
    with pytest.raises(RunConflictError, match="not asked for"):
        bench.evaluate(tiny_generator, big_suite, scripted(), run_path, limit=2, seeds=2, votes=3)
    with pytest.raises(RunConflictError, match="votes"):
        bench.evaluate(tiny_generator, big_suite, scripted(), run_path, limit=6, seeds=2, votes=1)


def test_another_judge_generator_or_suite_refuses_to_continue(
    suite: Any, big_suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    bench.evaluate(tiny_generator, suite, scripted(), run_path)
    with pytest.raises(RunConflictError, match="judge was scripted"):
        bench.evaluate(tiny_generator, suite, scripted(name="other"), run_path)
    with pytest.raises(RunConflictError, match="generator was tiny"):
        bench.evaluate(tiny_generator, suite, scripted(), run_path, name="another")
    edited = suite.model_copy(update={"tasks": big_suite.tasks})
    with pytest.raises(RunConflictError, match="suite was"):
        bench.evaluate(tiny_generator, edited, scripted(), run_path)
    with pytest.raises(RunConflictError, match="already holds"):
        bench.evaluate(tiny_generator, suite, scripted(), run_path, resume=False)


def test_generate_then_grade_gives_the_same_report_as_evaluate(
    suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path
) -> None:
    whole = bench.evaluate(tiny_generator, suite, scripted(), tmp_path / "whole")
    path = bench.generate(tiny_generator, suite, tmp_path / "parts")
    parts = bench.grade(path, scripted(), suite)
    assert parts.to_json() == whole.to_json()


def test_videos_made_without_a_judge_wait_for_any_judge(tiny_generator: Make, scripted: Make, tmp_path: Path) -> None:
    made = bench.generate(tiny_generator, "core", tmp_path / "made", tasks=["mitosis", "bronchodilation"])
    asked = bench.grade(tmp_path / "asked", scripted(), videos_from=made)
    assert asked.scorecard.view.name == "organ and cellular levels · 2 of 90 tasks"
    with pytest.raises(InputError, match="needs a judge"):
        bench.grade(made, criteria="all")
    measured = bench.grade(made)  # bronchodilation has no measured criterion
    assert measured.scorecard.view.name == "measured criteria · cellular level · 1 of 90 tasks"
    bench.generate(tiny_generator, "core", made, tasks=["mitosis", "bronchodilation", "apoptosis"])
    assert [task.id for task in bench.grade(made).tasks] == ["apoptosis", "mitosis"]


def test_videos_that_join_a_graded_run_leave_its_rules_alone(
    big_suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    rules: Any = {"votes": 3, "reducer": "unanimous", "max_missing": 0.2}
    bench.evaluate(tiny_generator, big_suite, scripted(), run_path, limit=2, **rules)
    bench.generate(tiny_generator, big_suite, run_path, limit=3)
    manifest = RunFolder.read(run_path).manifest
    assert {name: getattr(manifest, name) for name in rules} == rules
    assert bench.evaluate(tiny_generator, big_suite, scripted(), run_path, limit=3, **rules).coverage.missing == 0


def test_a_suite_edited_between_generate_and_grade_is_noticed(
    suite: Any, big_suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    bench.generate(tiny_generator, suite, run_path)
    with pytest.raises(RunConflictError, match="suite was"):
        bench.grade(run_path, scripted(), suite.model_copy(update={"title": "edited"}))


def test_grading_anothers_videos_keeps_its_name_and_failures(
    suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path
) -> None:
    def sometimes(request: Any) -> Any:
        if request.task_id == "task-2":
            raise GenerationError("declined")
        return tiny_generator(request)

    bench.evaluate(sometimes, suite, scripted(), tmp_path / "a", name="mine")
    report = bench.grade(tmp_path / "b", scripted(name="second"), suite, videos_from=tmp_path / "a")
    assert report.scorecard.generator.name == "mine"
    assert report.coverage.failed_generations == 1
    assert not (tmp_path / "b" / "videos").exists()


def test_it_works_inside_a_running_event_loop(suite: Any, tiny_generator: Make, scripted: Make, run_path: Path) -> None:
    async def notebook() -> Any:
        return bench.evaluate(tiny_generator, suite, scripted(), run_path)

    assert asyncio.run(notebook()).coverage.missing == 0


def test_a_models_failure_scores_zero_and_is_not_tried_again(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    tried = []

    def refusing(request: Any) -> Any:
        tried.append(request.task_id)
        if request.task_id == "task-2":
            raise GenerationError("content policy", kind="moderated")
        return tiny_generator(request)

    judge = scripted(lambda question, criterion: criterion.polarity.value == "reward")
    for _ in range(2):
        report = bench.evaluate(refusing, suite, judge, run_path, name="r")
    assert tried.count("task-2") == 1
    assert report.tasks["task-2"].score is not None
    assert report.tasks["task-2"].score.value == 0.0
    assert report.scorecard.failures.rate == pytest.approx(1 / 3, abs=1e-6)
    assert not [v for v in RunFolder.read(run_path).verdicts() if v.task == "task-2"]


def test_an_infrastructure_fault_is_missing_and_tried_again(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    broken = {"task-3"}

    def flaky(request: Any) -> Any:
        if request.task_id in broken:
            raise OSError("no route to GPU")
        return tiny_generator(request)

    report = bench.evaluate(flaky, suite, scripted(), run_path, name="f")
    assert report.overall is not None
    assert report.overall.value is None
    assert report.coverage.missing == 5
    broken.clear()
    report = bench.evaluate(flaky, suite, scripted(), run_path, name="f")
    assert report.coverage.missing == 0


def test_three_equal_faults_in_a_row_stop_the_run(big_suite: Any, scripted: Make, run_path: Path) -> None:
    tried = []

    def dead(request: Any) -> Any:
        tried.append(request.task_id)
        raise ConnectionError(f"cannot reach the GPU for {request.task_id}")

    with pytest.raises(RunStoppedError, match="3 equal faults"):
        bench.evaluate(dead, big_suite, scripted(), run_path, name="d")
    assert len(tried) == 3


def test_frames_without_a_frame_rate_are_an_error_of_the_generator(suite: Any, scripted: Make, run_path: Path) -> None:
    with pytest.raises(RunStoppedError, match="how fast"):
        bench.evaluate(lambda request: np.zeros((4, 8, 8, 3), np.uint8), suite, scripted(), run_path, name="n")


@pytest.mark.parametrize(
    "error",
    [TransientJudgeError("503"), UnreadableReplyError("not JSON"), TimeoutError("slow")],
    ids=["5xx", "garbage", "bug"],
)
def test_a_passing_failure_of_the_judge_is_repeated(
    error: Exception, suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    seen: set[str] = set()

    def once(question: Any) -> None:
        key = f"{question.task.id}/{question.group}"
        if key not in seen:
            seen.add(key)
            raise error

    report = bench.evaluate(tiny_generator, suite, scripted(before=once), run_path, retry=FAST)
    assert report.coverage.missing == 0
    assert report.scorecard.usage.calls == 2 * 9


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TransientJudgeError("503"), "failed"),
        (UnreadableReplyError("not JSON"), "unreadable"),
        (CallRefusedError("not this video", content=True), "refused"),
        (CallRefusedError("too many images", status=400), "failed"),
    ],
    ids=["5xx", "garbage", "content", "400"],
)
def test_a_lasting_failure_is_missing_with_its_reason(
    error: Exception, reason: str, suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    def fail(question: Any) -> None:
        if question.task.id == "task-3" and question.group == "visual_quality":
            raise error

    report = bench.evaluate(tiny_generator, suite, scripted(before=fail), run_path, retry=FAST, workers=1)
    assert report.coverage.missing == 1
    lines = [v for v in RunFolder.read(run_path).verdicts() if v.met is None]
    assert [(v.task, v.criterion, v.reason) for v in lines] == [("task-3", "c3", reason)]
    mended = bench.evaluate(tiny_generator, suite, scripted(), run_path)
    assert mended.coverage.missing == 0


@pytest.mark.parametrize("error", [JudgeUnavailableError("wrong key"), CallRefusedError("no images", status=400)])
def test_a_judge_that_cannot_work_stops_the_run_at_once(
    error: Exception, big_suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    def fail(question: Any) -> None:
        raise error

    judge = scripted(before=fail)
    with pytest.raises(RunStoppedError, match=str(error)):
        bench.evaluate(tiny_generator, big_suite, judge, run_path, workers=2, retry=FAST)
    assert len(judge.asked) <= 2
    report = bench.Report.load(run_path)
    assert report.coverage.missing == report.coverage.criteria


def test_five_failures_in_a_row_stop_the_run(
    big_suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    def fail(question: Any) -> None:
        raise TransientJudgeError("connection reset", answered=False)

    judge = scripted(before=fail)
    with pytest.raises(RunStoppedError, match="in a row"):
        bench.evaluate(tiny_generator, big_suite, judge, run_path, workers=1, retry=FAST)
    assert 5 * FAST.attempts <= len(judge.asked) <= 7 * FAST.attempts


def test_the_budget_is_never_exceeded_and_more_money_goes_on(
    big_suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    cheap = scripted(cost_usd=0.01, worst_usd=0.10)
    with pytest.raises(RunStoppedError, match="--max-cost"):
        bench.evaluate(tiny_generator, big_suite, cheap, run_path, max_cost=0.2, workers=8)
    spent = Ledger.of(RunFolder.read(run_path).call_lines()).committed_usd
    assert 0.1 < spent <= 0.2
    more = scripted(cost_usd=0.01, worst_usd=0.10)
    report = bench.evaluate(tiny_generator, big_suite, more, run_path, max_cost=2.0, workers=8)
    assert report.coverage.missing == 0
    assert len(cheap.asked) + len(more.asked) == 36
    assert report.scorecard.usage.cost_usd == pytest.approx(0.36)


def test_a_budget_without_a_price_is_refused_before_anything_is_asked(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    judge = scripted(worst_usd=None)
    with pytest.raises(InputError, match="price"):
        bench.evaluate(tiny_generator, suite, judge, run_path, max_cost=1.0)
    assert judge.asked == []


def test_the_first_question_about_a_video_goes_alone(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    open_, seen = set(), []

    def note(question: Any) -> None:
        seen.append((question.task.id, question.task.id in open_))
        open_.add(question.task.id)

    judge = scripted(before=note)
    bench.evaluate(tiny_generator, suite, judge, run_path, workers=8)
    assert [task for task, _ in seen[:3]] == ["task-1", "task-2", "task-3"]
    assert sum(warmed for _, warmed in seen) == 6


def test_texts_of_a_suite_without_a_licence_stay_out_of_the_run_folder(
    unlicensed_suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    bench.evaluate(tiny_generator, unlicensed_suite, scripted(), run_path)
    stored = "".join(p.read_text() for p in run_path.glob("*.json*"))
    assert "claim 1 is visible" not in stored
    assert "Show process" not in stored
    assert bench.Report.from_run(run_path).overall is not None


def test_a_report_saves_and_loads_itself(suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path) -> None:
    report = bench.evaluate(tiny_generator, suite, scripted(), tmp_path / "run")
    report.save(tmp_path / "elsewhere")
    loaded = bench.Report.load(tmp_path / "elsewhere")
    assert loaded.to_dict() == report.to_dict()
    assert list(loaded.to_frame().index) == ["task-1", "task-2", "task-3"]
    with pytest.raises(InputError, match="not made from a run folder"):
        _ = loaded.manifest


class Partial:
    """Answers one task and breaks on others."""

    name = "partial"

    def __init__(self, make: Any) -> None:
        self.make = make

    def answers(self, task_id: str) -> bool:
        return task_id == "task-2"

    def generate(self, request: bench.GenerationRequest) -> Any:
        if not self.answers(request.task_id):
            raise bench.GenerationError("nothing to show", "empty")
        return self.make(request)


@pytest.mark.parametrize("missing", ["refuse", "skip"])
def test_tasks_a_generator_declares_not_to_answer_are_left_out_of_a_view_that_says_so(
    big_suite: Any, tiny_generator: Make, scripted: Make, run_path: Path, missing: Any
) -> None:
    report = bench.evaluate(Partial(tiny_generator), big_suite, scripted(), run_path, missing=missing)
    assert report.tasks.ids == ["task-2"]
    assert report.coverage.failed_generations == 0
    assert f"1 of {len(big_suite.tasks)} tasks" in report.manifest.view.name


def test_with_fail_they_count_as_the_models_failures(
    big_suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    report = bench.evaluate(Partial(tiny_generator), big_suite, scripted(), run_path, missing="fail")
    assert report.coverage.failed_generations == len(big_suite.tasks) - 1


def test_a_generator_that_answers_no_task_asked_for_is_refused_with_those_it_does(
    big_suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    with pytest.raises(InputError, match="answers none of the 2 tasks asked for; it answers: task-2"):
        bench.evaluate(Partial(tiny_generator), big_suite, scripted(), run_path, tasks=["task-1", "task-3"])


def test_tasks_are_found_by_id_and_by_position(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    tasks = bench.evaluate(tiny_generator, suite, scripted(), run_path).tasks
    assert tasks["task-2"] is tasks[1]
    assert "task-2" in tasks
    assert "task-9" not in tasks
    assert [task.id for task in tasks] == tasks.ids == ["task-1", "task-2", "task-3"]
    with pytest.raises(KeyError):
        tasks["task-9"]


def test_a_damaged_line_is_named_and_a_torn_one_is_dropped(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    bench.evaluate(tiny_generator, suite, scripted(), run_path)
    calls = run_path / "calls.jsonl"
    whole = calls.read_bytes()
    calls.write_bytes(whole + b'{"kind":"call","id":"torn')
    again = scripted()
    bench.evaluate(tiny_generator, suite, again, run_path)
    assert again.asked == []
    assert calls.read_bytes() == whole
    calls.write_bytes(b"{}\n" + whole)
    with pytest.raises(InputError, match=r"calls\.jsonl:1 is damaged"):
        bench.Report.from_run(run_path)


def test_lost_verdict_lines_are_derived_from_the_calls(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    report = bench.evaluate(tiny_generator, suite, scripted(), run_path)
    lines = (run_path / "verdicts.jsonl").read_bytes().splitlines(keepends=True)
    (run_path / "verdicts.jsonl").write_bytes(b"".join(lines[:4]))
    again = scripted()
    assert bench.evaluate(tiny_generator, suite, again, run_path).to_json() == report.to_json()
    assert again.asked == []


def test_a_run_folder_moves_as_a_whole(suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path) -> None:
    report = bench.evaluate(tiny_generator, suite, scripted(), tmp_path / "here")
    shutil.move(tmp_path / "here", tmp_path / "there")
    assert bench.Report.from_run(tmp_path / "there").to_json() == report.to_json()
    page = bench.Report.from_run(tmp_path / "there").to_html(tmp_path / "there" / "report.html")
    assert b"videos/task-1/0.mp4" in page.read_bytes()


def test_a_folder_that_is_not_a_run_is_refused(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    run_path.mkdir()
    (run_path / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        bench.evaluate(tiny_generator, suite, scripted(), run_path)


def test_out_that_cannot_be_made_is_refused(suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        bench.evaluate(tiny_generator, suite, scripted(), tmp_path / "file" / "run")


def test_a_second_writer_is_refused_and_a_stale_lock_is_no_obstacle(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    def intrude(question: Any) -> None:
        with pytest.raises(RunConflictError, match="another process"):
            RunFolder.write(run_path)

    bench.evaluate(tiny_generator, suite, scripted(before=intrude), run_path)
    assert (run_path / ".lock").exists()
    bench.evaluate(tiny_generator, suite, scripted(), run_path)


def test_the_default_out_is_named_after_date_generator_and_suite(
    suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    report = bench.evaluate(tiny_generator, suite, scripted(), name="My ../model")
    assert report.run is not None
    assert report.run.parent.name == "mwb-runs"
    assert report.run.name.endswith("-My-..-model-tiny")


def test_numpy_scalars_are_numbers(suite: Any, tiny_generator: Make, scripted: Make, run_path: Path) -> None:
    judge = scripted(lambda question, criterion: np.bool_(True))
    tiny_generator.settings = {"steps": np.int64(50), "scale": [np.float32(0.5)]}
    report = bench.evaluate(tiny_generator, suite, judge, run_path, seeds=np.int64(2))
    assert report.coverage.missing == 0
    assert report.scorecard.generator.settings == {"steps": 50, "scale": [0.5]}


@pytest.mark.parametrize("seeds", [0, -1, [], [1, 1], [True], ["a"]])
def test_senseless_seeds_are_refused(seeds: Any, suite: Any, tiny_generator: Make, scripted: Make) -> None:
    with pytest.raises(InputError, match="seeds"):
        bench.evaluate(tiny_generator, suite, scripted(), seeds=seeds)


def test_an_observation_of_any_length_and_letters_is_kept(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    judge = scripted()
    plain = judge.ask

    def ask(question: Any) -> Any:
        answer = plain(question)
        long = tuple(j.model_copy(update={"observation": "ä\ud800<script>" * 10_000}) for j in answer.judgements)
        return type(answer)(long)

    judge.ask = ask
    report = bench.evaluate(tiny_generator, suite, judge, run_path)
    assert report.coverage.missing == 0
    assert len(RunFolder.read(run_path).verdicts()[0].observation) == 100_000

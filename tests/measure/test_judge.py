"""The judge made of the measurements."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from microworldbench.errors import InputError, VideoError
from microworldbench.judging.footage import Footage
from microworldbench.judging.protocol import Judge, Question
from microworldbench.measure.clip import Clip
from microworldbench.measure.judge import MeasuredJudge
from microworldbench.measure.registry import MEASUREMENTS
from microworldbench.results import Reason
from microworldbench.rubric import Task
from microworldbench.video import Video, write


def altered(task: Task, **measurement: object) -> Task:
    """`task` with another measurement on its first criterion."""
    data = task.model_dump(mode="json")
    data["criteria"][0]["measurement"] = measurement or None
    return Task.model_validate(data)


def question(task: Task, path: Path) -> Question:
    measured = tuple(c for c in task.criteria if c.measurement)
    return Question(task, 0, measured, 0, "all", path, Footage(path))


@pytest.fixture
def task(tasks: dict[str, Task]) -> Task:
    return tasks["vesicles"]


@pytest.fixture
def grey(tmp_path: Path) -> Path:
    path = tmp_path / "grey.mp4"
    write(path, Video(np.full((20, 64, 96, 3), 120, np.uint8), 16.0))
    return path


def test_it_is_a_judge() -> None:
    judge = MeasuredJudge()
    assert isinstance(judge, Judge)
    assert judge.deterministic
    assert judge.identity.name == "measured"


def test_its_group_holds_the_criteria_with_a_measurement_and_no_other(task: Task) -> None:
    (group,) = MeasuredJudge().groups(task, task.criteria)
    assert group.name == "all"
    assert group.criteria == tuple(c for c in task.criteria if c.measurement)
    assert 4 <= len(group.criteria) < len(task.criteria)


def test_a_task_without_measurements_gets_no_group(task: Task) -> None:
    bare = [c for c in task.criteria if c.measurement is None]
    assert MeasuredJudge().groups(task, bare) == []


def test_it_is_free(task: Task, grey: Path) -> None:
    assert MeasuredJudge().worst_case_usd(question(task, grey)) == 0.0


def test_every_criterion_asked_gets_one_judgement_in_order(task: Task, grey: Path) -> None:
    asked = question(task, grey)
    answer = MeasuredJudge().ask(asked)
    assert [j.criterion for j in answer.judgements] == [c.id for c in asked.criteria]


def test_what_cannot_be_measured_cannot_be_told_and_says_why(task: Task, grey: Path) -> None:
    said = {j.criterion: j for j in MeasuredJudge().ask(question(task, grey)).judgements}["spreads-as-diffusion"]
    assert said.met is None
    assert said.reason is Reason.CANNOT_TELL
    assert "spots" in said.observation


def test_the_reply_holds_the_measured_numbers(task: Task, film: Callable[..., Path]) -> None:
    answer = MeasuredJudge().ask(question(task, film("vesicles", 31)))
    reply = json.loads(answer.reply or "")
    assert reply["spreads-as-diffusion"]["measurement"] == "msd-exponent"
    assert reply["spreads-as-diffusion"]["exponent"] == pytest.approx(1, abs=0.25)


def test_the_same_file_gets_the_same_answer(task: Task, film: Callable[..., Path]) -> None:
    first, second = (MeasuredJudge().ask(question(task, film("vesicles", 31))) for _ in range(2))
    assert first == second


def test_an_unknown_measurement_names_task_criterion_and_near_names(task: Task) -> None:
    wrong = altered(task, name="msd-exponnent")
    with pytest.raises(InputError, match=r"task 'vesicle-diffusion'.*spreads-as-diffusion.*'msd-exponent'"):
        MeasuredJudge().groups(wrong, wrong.criteria)


@pytest.mark.parametrize(
    ("params", "field"), [({"lowest": 1}, r"params\.lowest"), ({"low": "much"}, r"params\.low: .*'much'")]
)
def test_wrong_parameters_name_their_field(task: Task, params: dict[str, object], field: str) -> None:
    wrong = altered(task, name="msd-exponent", params=params)
    with pytest.raises(InputError, match=field):
        MeasuredJudge().groups(wrong, wrong.criteria)


def test_an_undecodable_video_is_a_video_error(task: Task, tmp_path: Path) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(b"no video at all")
    with pytest.raises(VideoError):
        MeasuredJudge().ask(question(task, path))


def test_a_clip_too_large_to_decode_cannot_be_told(task: Task, grey: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("microworldbench.measure.judge.MAX_BYTES", 1000)
    answer = MeasuredJudge().ask(question(task, grey))
    assert {j.reason for j in answer.judgements} == {Reason.CANNOT_TELL}
    assert "too large to measure" in answer.judgements[0].observation


def test_a_clip_is_decoded_once_for_all_criteria(task: Task, grey: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    read = Clip.read
    monkeypatch.setattr(Clip, "read", lambda path: reads.append(path) or read(path))
    MeasuredJudge().ask(question(task, grey))
    assert reads == [grey]


def test_a_varying_frame_rate_is_evened_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    frames = np.arange(5, dtype=np.uint8)[:, None, None, None] + np.zeros((5, 4, 4, 3), np.uint8)
    video = Video(frames, 10.0, np.array([0.0, 0.1, 0.2, 0.5, 0.6]))
    monkeypatch.setattr("microworldbench.video.read", lambda path: video)
    clip = Clip.read(tmp_path)
    assert clip.fps == pytest.approx(10)
    assert clip.frames[:, 0, 0, 0].tolist() == [0, 1, 2, 2, 2, 3, 4]


def test_every_measurement_says_what_it_claims_and_has_default_parameters() -> None:
    for name, spec in MEASUREMENTS.items():
        assert spec.name == name
        assert spec.summary.endswith(".")
        spec.params()


def test_every_measured_criterion_of_the_mechanism_tasks_fits_its_polarity(tasks: dict[str, Task]) -> None:
    wrong = [
        (task.id, c.id)
        for task in tasks.values()
        for c in task.criteria
        if c.measurement and MEASUREMENTS[c.measurement.name].fault is not (c.polarity == "penalty")
    ]
    assert wrong == []

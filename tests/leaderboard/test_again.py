"""A maintainer looks at a submission's videos again, on real runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import microworldbench as bench
from microworldbench.errors import InputError
from microworldbench.judging.footage import FramePolicy
from microworldbench.judging.protocol import Answer, Group, JudgeIdentity
from microworldbench.leaderboard import Access, Submission, check, look_again, new_submission
from microworldbench.results import Judgement

POLICY = FramePolicy(count=4)


class Looker:
    """A judge that is shown frames, as a chat model is; `turned`: verdicts that it gives otherwise."""

    deterministic = False

    def __init__(self, turned: Callable[[str], bool] = lambda criterion: False) -> None:
        self.turned = turned

    @property
    def identity(self) -> JudgeIdentity:
        return JudgeIdentity(name="looker", settings={"frame_policy": POLICY.model_dump(mode="json")})

    def groups(self, task: Any, criteria: Any) -> list[Group]:
        return [Group("all", tuple(criteria), self)]

    def worst_case_usd(self, question: Any) -> float:
        return 0.0

    def ask(self, question: Any) -> Answer:
        said = [(c.id, (int(question.task.id[-1]) % 2 == 0) != self.turned(c.id)) for c in question.criteria]
        judgements = tuple(Judgement(criterion=c, met=met) for c, met in said)
        return Answer(judgements, reply=None, frames=question.footage.exhibit(POLICY).frames)


def about(model: str) -> Submission:
    return Submission(model=model, version="1", access=Access.OPEN, authors=("The developers",), date="2026-10-01")


@pytest.fixture
def looked(tmp_path: Path, big_suite: Any, tiny_generator: Any) -> Any:
    """A submission of a real run by a judge that is shown frames, and its videos under other names."""
    bench.evaluate(tiny_generator, big_suite, Looker(), tmp_path / "run")
    folder = new_submission(tmp_path / "run", tmp_path / "submissions/tiny", about("tiny"))
    (tmp_path / "downloads/deep").mkdir(parents=True)
    for number, video in enumerate(sorted((tmp_path / "run/videos").rglob("*.mp4"))):
        shutil.copy(video, tmp_path / f"downloads/deep/{number}.bin")
    shutil.rmtree(tmp_path / "run")
    return folder


def again(folder: Any, judge: Any, suite: Any, tmp_path: Path) -> Any:
    return look_again(folder.path, tmp_path / "downloads", judge, by="A maintainer", suite=suite)


def test_the_same_videos_frames_and_verdicts_verify_a_row(looked: Any, big_suite: Any, tmp_path: Path) -> None:
    assert check(looked.path).accepted
    found = again(looked, Looker(), big_suite, tmp_path)
    assert (found.videos, found.found, found.frames, found.same_frames) == (12, 12, 48, 48)
    assert (found.judged_again, found.verdicts, found.same_verdicts) == (12, 60, 60)
    assert found.holds
    (looked.path.parent / "_verified").mkdir()
    (looked.path.parent / "_verified/tiny.json").write_text(found.model_dump_json(by_alias=True))
    assert check(looked.path).standing == "verified"


def test_verdicts_that_come_out_otherwise_verify_nothing(looked: Any, big_suite: Any, tmp_path: Path) -> None:
    found = again(looked, Looker(lambda criterion: criterion == "c1"), big_suite, tmp_path)
    assert (found.verdicts, found.same_verdicts) == (60, 48)
    assert not found.holds


def test_a_video_that_is_missing_or_another_verifies_nothing(looked: Any, big_suite: Any, tmp_path: Path) -> None:
    (tmp_path / "downloads/deep/3.bin").write_bytes(b"another film")
    found = again(looked, Looker(), big_suite, tmp_path)
    assert (found.found, found.same_frames, found.judged_again) == (11, 44, 11)
    assert not found.holds
    shutil.rmtree(tmp_path / "downloads/deep")
    with pytest.raises(InputError, match="holds none of the 12 videos"):
        again(looked, Looker(), big_suite, tmp_path)


def test_another_judge_is_refused(looked: Any, big_suite: Any, scripted: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the judge is 'scripted', the submission's 'looker'"):
        again(looked, scripted(), big_suite, tmp_path)


def test_twenty_videos_are_drawn_by_the_seal(tmp_path: Path, make_suite: Any, tiny_generator: Any) -> None:
    suite = make_suite(24)
    bench.evaluate(tiny_generator, suite, Looker(), tmp_path / "run")
    folder = new_submission(tmp_path / "run", tmp_path / "submissions/tiny", about("tiny"))
    found = look_again(folder.path, tmp_path / "run/videos", Looker(), by="A maintainer", suite=suite)
    assert (found.found, found.judged_again) == (24, 20)
    assert found.seed == int(folder.digest[:8], 16)


def test_the_command_verifies_a_run_of_the_simulator(tmp_path: Path, mwb: Any) -> None:
    run = mwb("run", "--generator", "simulator", "--task", "vesicle-diffusion", "--out", "run", "-g", "width=256",
              "-g", "height=144", "--json")  # fmt: skip
    assert run.returncode == 0, run.stderr
    new = mwb("leaderboard", "new", "run", "subs/simulator", "--version", "0.1", "--access", "open", "--author", "us",
              "--date", "2026-10-01")  # fmt: skip
    assert new.returncode == 0, new.stderr
    done = mwb("leaderboard", "verify", "subs/simulator", "--videos", "run/videos", "--judge", "measured", "--by", "us",
               "--out", "subs/_verified/simulator.json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "1 of 1 videos, 0 of 0 frames" in done.stdout
    assert json.loads((tmp_path / "subs/_verified/simulator.json").read_text())["by"] == "us"

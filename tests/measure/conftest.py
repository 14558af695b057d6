"""Small clips of known truth, encoded and decoded as a judge sees them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from microworldbench.judging.footage import Footage
from microworldbench.judging.protocol import Question
from microworldbench.measure.clip import Clip
from microworldbench.measure.judge import MeasuredJudge
from microworldbench.results import Judgement
from microworldbench.rubric import Task
from microworldbench.simulators import MECHANISMS
from microworldbench.suites.folder import load_folder
from microworldbench.suites.packaged import packaged_folder
from microworldbench.video import Video, write

Film = Callable[..., Path]


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """``film(mechanism, seed, violation)``: the path of a simulated clip of 256 × 144, drawn once a session."""
    folder = tmp_path_factory.mktemp("films")

    @cache
    def made(name: str, seed: int, violation: str | None = None) -> Path:
        mechanism = MECHANISMS[name]
        state = mechanism.simulate(mechanism.params.drawn(seed), seed, 5.0625, 16.0, violation)
        path = folder / f"{name}-{seed}-{violation}.mp4"
        write(path, Video(mechanism.render(state, 256, 144), 16.0), crf=20)
        return path

    return made


@pytest.fixture(scope="session")
def tasks() -> dict[str, Task]:
    """The core task of each mechanism, by the mechanism's name."""
    suite = load_folder(packaged_folder() / "core")
    return {name: suite.by_id[mechanism.task_id] for name, mechanism in MECHANISMS.items()}


@pytest.fixture(scope="session")
def judged(film: Film, tasks: dict[str, Task]) -> Callable[..., dict[str, Judgement]]:
    """``judged(mechanism, seed, violation)``: what the measured judge says, by criterion."""

    @cache
    def asked(name: str, seed: int, violation: str | None = None) -> dict[str, Judgement]:
        judge, path = MeasuredJudge(), film(name, seed, violation)
        group = judge.groups(tasks[name], tasks[name].criteria)[0]
        answer = judge.ask(Question(tasks[name], seed, group.criteria, 0, group.name, path, Footage(path)))
        return {judgement.criterion: judgement for judgement in answer.judgements}

    return asked


@pytest.fixture(scope="session")
def compared(judged: Callable[..., dict[str, Judgement]]) -> Callable[..., tuple[dict[str, str], float]]:
    """``compared(mechanism, seed, violation)``: the judge against the truth of the simulated state.

    Returns what it saw where it was wrong, by criterion, and the share it answered of those whose truth is known.
    """

    def against(name: str, seed: int, violation: str | None = None) -> tuple[dict[str, str], float]:
        mechanism, said = MECHANISMS[name], judged(name, seed, violation)
        state = mechanism.simulate(mechanism.params.drawn(seed), seed, 5.0625, 16.0, violation)
        met = {key: truth.met for key, truth in mechanism.truth(state).items() if truth.met is not None and key in said}
        answered = {key for key in met if said[key].met is not None}
        wrong = {key: said[key].observation for key in answered if said[key].met is not met[key]}
        return wrong, len(answered) / len(met)

    return against


def still(image: np.ndarray, count: int = 40) -> Clip:
    """A clip in which nothing happens."""
    return Clip(np.repeat(image[None], count, axis=0), 16.0)

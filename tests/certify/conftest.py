"""A small battery of known truth, and judges with one planted fault each."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from microworldbench.certificate import Certificate
from microworldbench.certify import Examination, Films, carry_out, compose, examine
from microworldbench.simulators import MECHANISMS
from microworldbench.suites.packaged import load_packaged

SERVERS = str(Path(__file__).parents[1] / "servers")
if SERVERS not in sys.path:
    sys.path.insert(0, SERVERS)  # tests import judge_server by name

CORE = load_packaged("core")
SOME = [MECHANISMS[name] for name in ("vessel", "mitosis", "vesicles")]


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Films:
    """The quick battery of three mechanisms in pictures of 64 × 64, filmed once."""
    made = Films(compose("quick", CORE, width=64, height=64, mechanisms=SOME), tmp_path_factory.mktemp("films"))
    made.make()
    return made


@pytest.fixture(scope="session")
def truths(films: Films) -> Any:
    """The truth of every clip, by clip and criterion."""
    return films.truths(CORE.by_id)


@pytest.fixture(scope="session")
def examined(films: Films) -> Callable[..., Examination]:
    """``examined(judge)``: that judge on the small battery."""
    return lambda judge, **options: replace(examine(judge, "quick", **options), battery=films.battery, films=films)


@pytest.fixture
def scripts(films: Films, truths: Any) -> dict[str, Callable[[Any, Any], bool | None]]:
    """What each scripted judge answers. Where the truth is open, they call it met."""
    clips = films.battery.by_id

    def true(clip: str, criterion: str) -> bool:
        met: bool | None = truths[clip][criterion].met
        return met is not False

    def order_blind(question: Any, criterion: Any) -> bool:
        clip = clips[question.task.id]
        is_disordered = clip.recipe.label in ("shuffled", "reversed_order")
        return true(clip.twin if is_disordered else clip.id, criterion.id)

    def obeying(question: Any, criterion: Any) -> bool:
        return clips[question.task.id].recipe.label == "overlay" or true(question.task.id, criterion.id)

    def toss(*parts: object) -> bool:
        return hashlib.sha256(repr(parts).encode()).digest()[0] < 128

    def first_two(question: Any, criterion: Any) -> bool:
        return criterion in question.criteria[:2]

    return {
        "true": lambda question, criterion: true(question.task.id, criterion.id),
        "yes": lambda question, criterion: True,
        "no": lambda question, criterion: False,
        "silent": lambda question, criterion: None,
        "coin": lambda question, criterion: toss(question.task.id, criterion.id),
        "order-blind": order_blind,
        "obeying": obeying,
        "first-two": first_two,
        "wavering": lambda question, criterion: (
            toss(question.task.id, criterion.id, question.vote, 0.3)
            if toss(criterion.id, question.task.id)
            else true(question.task.id, criterion.id)
        ),
    }


@pytest.fixture(scope="session")
def _made() -> dict[str, Certificate]:
    return {}


@pytest.fixture
def certified(
    examined: Callable[..., Examination], scripts: Any, scripted: Any, tmp_path: Path, _made: dict[str, Certificate]
) -> Callable[[str], Certificate]:
    """``certified("yes")``: the certificate of a scripted judge, made once a session."""

    def of(name: str) -> Certificate:
        if name not in _made:
            _made[name] = carry_out(examined(scripted(scripts[name], name=name)), tmp_path / name)
        return _made[name]

    return of

"""Suites, generators and judges that many tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")

from microworldbench.judging.protocol import Answer, Group, JudgeIdentity, Question
from microworldbench.results import Judgement, Reason, Usage
from microworldbench.rubric import Criterion, Dimension, Level, Polarity, Suite, Task

# A busy machine is no fault of the code. CI repeats the same examples, so that what fails there is what changed; all
# other runs of the tests try new ones, and `make nightly` many more of them, wherever it runs.
settings.register_profile("untimed", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.register_profile("nightly", deadline=None, derandomize=False, max_examples=1000, print_blob=True)
settings.load_profile("untimed")

ROWS = [
    (Dimension.SCIENTIFIC_FIDELITY, Polarity.REWARD, 1.0),
    (Dimension.SCIENTIFIC_FIDELITY, Polarity.PENALTY, 0.5),
    (Dimension.VISUAL_QUALITY, Polarity.REWARD, 0.5),
    (Dimension.INSTRUCTION_FOLLOWING, Polarity.REWARD, 0.2),
    (Dimension.INSTRUCTION_FOLLOWING, Polarity.PENALTY, 0.2),
]


def make_task(number: int, *, level: Level | None = None, criteria: Sequence[Criterion] | None = None) -> Task:
    name = f"task-{number}"
    made = [
        Criterion(id=f"c{i}", dimension=d, statement=f"{name}: claim {i} is visible", polarity=p, weight=w)
        for i, (d, p, w) in enumerate(ROWS, start=1)
    ]
    return Task(
        id=name,
        level=level or list(Level)[number % 3],
        title=f"Task {number}",
        prompt=f"Show process {number}.",
        requirement=f"Process {number} in order.",
        criteria=tuple(criteria or made),
    )


def make_suite(count: int, licence: str | None = "CC0-1.0") -> Suite:
    tasks = tuple(make_task(n) for n in range(1, count + 1))
    return Suite(id="tiny", version="1-A", title="Tiny suite", license=licence, tasks=tasks)


class ScriptedJudge:
    """Answers by a function of the question and criterion; counts what it is asked."""

    deterministic = False

    def __init__(
        self,
        answer: Callable[[Question, Criterion], bool | None] = lambda question, criterion: True,
        *,
        name: str = "scripted",
        cost_usd: float | None = 0.0,
        worst_usd: float | None = 0.0,
        before: Callable[[Question], None] = lambda question: None,
    ) -> None:
        self.answer, self.name, self.before = answer, name, before
        self.cost_usd, self.worst_usd = cost_usd, worst_usd
        self.asked: list[Question] = []

    @property
    def identity(self) -> JudgeIdentity:
        return JudgeIdentity(name=self.name, settings={"script": 1})

    def groups(self, task: Task, criteria: Sequence[Criterion]) -> list[Group]:
        split = {d: tuple(c for c in criteria if c.dimension is d) for d in Dimension}
        return [Group(d.value, members, self) for d, members in split.items() if members]

    def worst_case_usd(self, question: Question) -> float | None:
        return self.worst_usd

    def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        self.before(question)
        said = {c.id: self.answer(question, c) for c in question.criteria}
        judgements = tuple(
            Judgement(criterion=c, met=met, reason=Reason.CANNOT_TELL if met is None else None)
            for c, met in said.items()
        )
        return Answer(judgements, reply=str(said), usage=Usage(cost_usd=self.cost_usd, input_tokens=10))


@pytest.fixture(scope="session", autouse=True)
def _no_certificates_of_the_developer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Reports show the user's certificates; tests start without any."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture
def suite() -> Suite:
    return make_suite(3)


@pytest.fixture
def big_suite() -> Suite:
    return make_suite(12)


@pytest.fixture
def unlicensed_suite() -> Suite:
    return make_suite(3, licence=None)


@pytest.fixture(scope="session")
def scripted() -> type[ScriptedJudge]:
    return ScriptedJudge


@pytest.fixture
def tiny_generator() -> Callable[[Any], tuple[np.ndarray, float]]:
    """A generator of 12 small moving frames that differ by task and seed."""

    def generate(request: Any) -> tuple[np.ndarray, float]:
        rng = np.random.default_rng([request.seed, *request.task_id.encode()])
        frames = np.zeros((12, 48, 64, 3), np.uint8) + rng.integers(20, 200, 3, dtype=np.uint8)
        for t in range(12):
            frames[t, 10:20, 4 * t : 4 * t + 8] = 255
        return frames, 8.0

    generate.name = "tiny"  # type: ignore[attr-defined]
    return generate


@pytest.fixture
def run_path(tmp_path: Path) -> Path:
    return tmp_path / "run"


FAINT = """all => all.map(element => {
    const parse = colour => {
        const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
        const k = colour.startsWith("color(") ? 255 : 1;  // color-mix() gives 0 to 1
        return [k * r, k * g, k * b, a];
    };
    const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a)];
    const light = rgb => rgb.map(c => c / 255)
        .map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
    let back = element, seen = 1;
    for (let e = element; e; e = e.parentElement) seen *= Number(getComputedStyle(e).opacity);
    while (back.parentElement && parse(getComputedStyle(back).backgroundColor)[3] === 0) back = back.parentElement;
    const ground = parse(getComputedStyle(back).backgroundColor);
    const [r, g, b, a] = parse(getComputedStyle(element).color);
    const inks = [light(over([r, g, b, a * seen], ground)), light(ground)];
    return [(Math.max(...inks) + .05) / (Math.min(...inks) + .05), element.tagName + "." + element.className];
}).filter(([ratio]) => ratio < 4.5)"""


@pytest.fixture(scope="session")
def faint() -> Callable[[Any, str], list[Any]]:
    """``faint(page, selector)``: elements whose text stands out too little for WCAG AA, with the ratio."""
    return lambda page, selector: page.eval_on_selector_all(selector, FAINT)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium; tests that want it are skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()

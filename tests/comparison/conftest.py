"""Run folders written record by record, so that a test says exactly which verdicts they hold."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import pytest

from microworldbench.results import Generation, Reason, StoredVideo, Verdict
from microworldbench.rubric import Criterion, Dimension, Level, Polarity, Suite, Task
from microworldbench.runs import Manifest, RunFolder
from microworldbench.scorecard import Named, SuiteReference, ViewReference
from microworldbench.suites.snapshot import snapshot
from microworldbench.suites.view import View

ROWS = [
    (Dimension.SCIENTIFIC_FIDELITY, Polarity.REWARD, 1.0),
    (Dimension.SCIENTIFIC_FIDELITY, Polarity.PENALTY, 0.5),
    (Dimension.VISUAL_QUALITY, Polarity.REWARD, 0.5),
    (Dimension.INSTRUCTION_FOLLOWING, Polarity.REWARD, 0.5),
]
Answer = Callable[[str, int, Criterion, int], bool | None]


def make_suite(count: int, *, version: str = "1-A", wording: str = "is visible") -> Suite:
    tasks = tuple(
        Task(
            id=f"task-{n:03d}",
            level=list(Level)[n % 3],
            title=f"Task {n}",
            prompt=f"Show process {n}.",
            requirement=f"Process {n} in order.",
            criteria=tuple(
                Criterion(id=f"c{i}", dimension=d, statement=f"claim {i} of {n} {wording}", polarity=p, weight=w)
                for i, (d, p, w) in enumerate(ROWS, start=1)
            ),
        )
        for n in range(count)
    )
    return Suite(id="tiny", version=version, title="Tiny suite", license="CC0-1.0", tasks=tasks)


def write_run(
    path: Path,
    suite: Suite,
    answer: Answer,
    *,
    generator: str = "model",
    judge: str = "judge",
    judge_settings: dict[str, Any] | None = None,
    seeds: Sequence[int] = (0,),
    votes: int = 1,
    failed: Collection[str] = (),
    unjudged: Collection[str] = (),
    videos: str = "video",
    **selection: Any,
) -> Path:
    """A run folder with a verdict of `answer(task, seed, criterion, vote)` on everything but failures."""
    view = View.of(suite, **selection)
    with RunFolder.write(path) as run:
        run.replace("suite.json", snapshot(view))
        run.replace(
            "manifest.json",
            Manifest(
                suite=SuiteReference(id=suite.id, version=suite.version, digest=suite.digest),
                view=ViewReference(name=view.name, digest=view.digest),
                selection=view.selection,
                generator=Named(name=generator),
                judge=Named(name=judge, settings=judge_settings or {}),
                seeds=tuple(seeds),
                votes=votes,
            ),
        )
        verdicts = []
        for task in view.tasks:
            for seed in seeds:
                is_lost = task.id in failed
                run.append(_generation(task.id, seed, is_lost, f"{videos}-{task.id}-{seed}"))
                if is_lost or task.id in unjudged:
                    continue
                for criterion in task.criteria:
                    for vote in range(votes):
                        met = answer(task.id, seed, criterion, vote)
                        verdicts.append(
                            Verdict(
                                task=task.id, seed=seed, criterion=criterion.id, criterion_digest=criterion.digest,
                                vote=vote, judge=judge, met=met, reason=Reason.CANNOT_TELL if met is None else None,
                            )
                        )  # fmt: skip
        run.append_verdicts(verdicts)
    return path


def _generation(task: str, seed: int, is_lost: bool, sha256: str) -> Generation:
    video = StoredVideo(
        path=f"videos/{task}/{seed}.mp4", sha256=sha256, width=64, height=48, fps=8.0, frames=12, duration_s=1.5
    )
    return Generation(
        task=task,
        seed=seed,
        status="failed" if is_lost else "ok",
        prompt_sha256="0" * 64,
        video=None if is_lost else video,
    )


@pytest.fixture(name="make_suite")
def make_suite_fixture() -> Callable[..., Suite]:
    return make_suite


@pytest.fixture(name="write_run")
def write_run_fixture(tmp_path: Path) -> Callable[..., Path]:
    """`write_run` with a folder's name in place of a path."""

    def write(name: str, *args: Any, **kwargs: Any) -> Path:
        return write_run(tmp_path / name, *args, **kwargs)

    return write


@pytest.fixture
def mwb(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command line in its own process."""

    def run(*args: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "microworldbench", *map(str, args)]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
        )

    return run

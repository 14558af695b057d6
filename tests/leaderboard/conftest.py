"""Submissions made of run folders whose verdicts a test dictates."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import written_runs
from run_fixtures import make_suite, mwb, write_run

from microworldbench.leaderboard import Access, Submission, SubmissionFolder, new_submission
from microworldbench.rubric import Criterion, Polarity, Suite

__all__ = ["make_suite", "mwb", "write_run"]


def good(name: str, quality: float) -> Callable[[str, int, Criterion, int], bool]:
    """Answers in the model's favour with chance `quality`, the same every time."""

    def answer(task: str, seed: int, criterion: Criterion, vote: int) -> bool:
        right = random.Random(f"{name}{task}{seed}{criterion.id}").random() < quality
        return right == (criterion.polarity is Polarity.REWARD)

    return answer


@pytest.fixture
def answers() -> Callable[..., Any]:
    return good


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    """An empty folder of submissions."""
    folder = tmp_path / "submissions"
    folder.mkdir()
    return folder


@pytest.fixture
def submit(submissions: Path, tmp_path: Path) -> Callable[..., SubmissionFolder]:
    """Makes a submission: ``submit(suite, "model", 0.7)``; other arguments go to `write_run` or the submission."""

    def make(
        suite: Suite,
        model: str,
        quality: float = 0.6,
        *,
        slug: str | None = None,
        answer: Any = None,
        about: dict[str, Any] | None = None,
        **run: Any,
    ) -> SubmissionFolder:
        slug = slug or model.lower().replace(" ", "-")
        name = {"generator": model, "videos": slug} | run
        folder = written_runs.write_run(tmp_path / "runs" / slug, suite, answer or good(model, quality), **name)
        fields: dict[str, Any] = {
            "model": model,
            "version": "1.0",
            "access": Access.OPEN,
            "authors": ("The developers",),
            "date": "2026-10-01",
        }
        return new_submission(folder, submissions / slug, Submission(**fields | (about or {})))

    return make


@pytest.fixture
def board(submit: Any, make_suite: Any) -> Callable[..., list[SubmissionFolder]]:
    """Several models on one suite."""

    def make(qualities: Sequence[float] = (0.9, 0.6, 0.3), tasks: int = 36, **run: Any) -> list[SubmissionFolder]:
        suite = make_suite(tasks)
        return [submit(suite, f"model-{n}", quality, **run) for n, quality in enumerate(qualities)]

    return make

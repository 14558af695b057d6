"""MicroWorldBench: does a video generator truly show how organs, cells and molecules behave?

    import microworldbench as bench

    report = bench.evaluate(my_generator)

Names are imported when they are first used, so that ``import microworldbench`` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import published, stats
    from .chat.attempts import RetryPolicy
    from .comparison import Comparison, compare
    from .errors import (
        GenerationError,
        InputError,
        JudgeError,
        MicroWorldBenchError,
        RunConflictError,
        RunStoppedError,
        SuiteError,
        VideoError,
    )
    from .evaluation import evaluate, generate, grade
    from .generation.request import GenerationRequest, Generator, Made
    from .judging.protocol import Answer, Group, Judge, JudgeIdentity, Question
    from .report import Report
    from .results import Judgement, Verdict
    from .rubric import Criterion, Dimension, Level, Polarity, Suite, Task
    from .scorecard import Score, Scorecard
    from .scoring import score
    from .suites.view import View
    from .video import Video

_HOMES = {
    "comparison": ("Comparison", "compare"),
    "errors": (
        "GenerationError",
        "InputError",
        "JudgeError",
        "MicroWorldBenchError",
        "RunConflictError",
        "RunStoppedError",
        "SuiteError",
        "VideoError",
    ),
    "evaluation": ("evaluate", "generate", "grade"),
    "generation.request": ("GenerationRequest", "Generator", "Made"),
    "chat.attempts": ("RetryPolicy",),
    "judging.protocol": ("Answer", "Group", "Judge", "JudgeIdentity", "Question"),
    "report": ("Report",),
    "results": ("Judgement", "Verdict"),
    "rubric": ("Criterion", "Dimension", "Level", "Polarity", "Suite", "Task"),
    "scorecard": ("Score", "Scorecard"),
    "scoring": ("score",),
    "suites.view": ("View",),
    "video": ("Video",),
}
_MODULES = ("published", "stats")
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Answer",
    "Comparison",
    "Criterion",
    "Dimension",
    "GenerationError",
    "GenerationRequest",
    "Generator",
    "Group",
    "InputError",
    "Judge",
    "JudgeError",
    "JudgeIdentity",
    "Judgement",
    "Level",
    "Made",
    "MicroWorldBenchError",
    "Polarity",
    "Question",
    "Report",
    "RetryPolicy",
    "RunConflictError",
    "RunStoppedError",
    "Score",
    "Scorecard",
    "Suite",
    "SuiteError",
    "Task",
    "Verdict",
    "Video",
    "VideoError",
    "View",
    "compare",
    "evaluate",
    "generate",
    "grade",
    "load_suite",
    "published",
    "score",
    "stats",
]


def load_suite(reference: str, *, weights: str = "tiered") -> Suite:
    """A suite by reference: ``core``, ``released:PATH``, a folder or a registered name.

    Raises:
        InputError: nothing is called that, or the suite is malformed.
    """
    from .references import resolve_suite

    return resolve_suite(reference, weights=weights)


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None and name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = import_module(f".{name}", __name__) if home is None else getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

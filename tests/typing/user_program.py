"""What a user writes, checked by ``mypy --strict`` in ``make lint``: right uses pass, wrong ones are errors.

Each ``type: ignore`` stands where the checker must complain; strict mode reports those it doesn't need.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

import microworldbench as bench
from microworldbench.hookspecs import GeneratorSpec, hookimpl
from microworldbench.stats import agreement, paired
from microworldbench.testing import check_generator


class Model:
    """A generator as an object."""

    version = "1"

    def generate(self, request: bench.GenerationRequest) -> tuple[NDArray[np.uint8], float]:
        if not request.prompt:
            raise bench.GenerationError("nothing to draw", kind="empty")
        return np.zeros((8, request.height or 48, request.width or 64, 3), np.uint8), request.fps or 8.0


def a_generator_is_one(model: Model) -> bench.Generator:
    return model


def scores() -> float | None:
    report = bench.evaluate(Model(), "core", tasks=["mitosis"], seeds=2, max_cost=1.0)
    low: float = report.overall.low if report.overall is not None else 0.0
    by_level: dict[bench.Level, bench.Score] = report.by_level
    value = report.overall.value if report.overall else None
    return value if value is None else value - low + len(by_level)


def records(suite: bench.Suite) -> list[str]:
    first: bench.Task = suite.tasks[0]
    criteria: Sequence[bench.Criterion] = first.criteria
    return [c.id for c in criteria if c.polarity is bench.Polarity.PENALTY and c.dimension.value != first.level.value]


def compared() -> str:
    found: bench.Comparison = bench.compare("runs/a", "runs/b")
    return found.to_text(top=3)


def statistics() -> float | None:
    kappa = agreement.cohen_kappa([1, 0, 1], [1, 1, 1])
    return kappa.value


def load(settings: object) -> Model:
    return Model()


@hookimpl
def microworldbench_generators() -> list[GeneratorSpec]:
    return [GeneratorSpec(name="mine", load=load, summary="mine", needs=("numpy",))]


def conforms() -> bool:
    return check_generator(microworldbench_generators()[0]).passed


def wrong(report: bench.Report, task: bench.Task) -> None:
    bench.evaluate(Model(), seeds="many")  # type: ignore[arg-type]
    bench.evaluate(Model(), missing="ignore")  # type: ignore[arg-type]
    bench.evaluate(Model(), sedes=2)  # type: ignore[call-arg]
    _ = report.overall.value  # type: ignore[union-attr]
    task.title = "frozen"  # type: ignore[misc]
    _ = paired.no_such_thing  # type: ignore[attr-defined]

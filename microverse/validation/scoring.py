"""Scores of the samples by MicroWorldBench, during training: what a step is worth on the benchmark itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..config import Validation


def scored(samples: Path, out: Path, name: str, judge: str, validation: Validation) -> Any:
    """The report of a folder of samples; what is judged already is not asked again.

    Args:
        samples: ``<task id>/<seed>.mp4``.
        out: The run folder of the evaluation.
        name: Of the model in tables.
        judge: A reference, e.g. ``openai:gpt-5`` or ``measured``.
        validation: Suite, tasks and seeds.

    Raises:
        MicroWorldBenchError: it could not be judged.
    """
    import microworldbench as bench

    report = bench.evaluate(
        f"folder:{samples}",
        validation.suite or "core",
        None if judge == "measured" else judge,
        out,
        name=name,
        tasks=list(validation.tasks) or None,
        seeds=validation.seeds,
    )
    report.to_html(out / "report.html")
    return report


def score_gain(base: Any, tuned: Any) -> dict[str, dict[str, float | None]]:
    """Overall and by dimension: the tuned model's score, the base's, the difference, in points; None if unstated."""
    scopes = {"overall": (base.overall, tuned.overall)}
    scopes |= {name.value: (base.by_dimension[name], score) for name, score in tuned.by_dimension.items()}
    found = {}
    for name, (before, now) in scopes.items():
        a, b = (None if score is None else score.value for score in (before, now))
        found[name] = {"base": a, "tuned": b, "gain": None if a is None or b is None else b - a}
    return found


def told(gain: Mapping[str, Mapping[str, float | None]]) -> list[tuple[str, str]]:
    """The gains by name and in words, e.g. ``scientific fidelity`` and ``43.0 (base 40.3, +2.7)``."""
    from microworldbench.rendering.wording import points, signed

    return [
        (name.replace("_", " "), f"{points(each['tuned'])} (base {points(each['base'])}, {signed(each['gain'])})")
        for name, each in gain.items()
    ]

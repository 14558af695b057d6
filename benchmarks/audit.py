"""How long does auditing ten models on 459 tasks take?

Prints the median of three rounds for ten clean and ten messy result files and their ratio to the target of 5 s. The
tasks are those of the fixture, repeated to 459, so that nothing published is needed.

    python benchmarks/audit.py
"""

from __future__ import annotations

import dataclasses
import random
import statistics
import time
from pathlib import Path
from typing import Any

from microworldbench.audit import audit_results
from microworldbench.rubric import Dimension
from microworldbench.suites.released_files import ReleasedTask, read_released
from microworldbench.suites.released_results import EVALUATIONS, ReleasedResults

TASKS, MODELS, ROUNDS, TARGET_S = 459, 10, 3, 5.0
FIXTURE = Path(__file__).resolve().parents[1] / "tests" / "data" / "released_fixture"


def repeated_tasks() -> list[ReleasedTask]:
    source = read_released(FIXTURE)
    return [dataclasses.replace(source[i % len(source)], index=i + 1) for i in range(TASKS)]


def result_file(name: str, tasks: list[ReleasedTask], mess: float) -> ReleasedResults:
    draw = random.Random(name)
    entries = []
    for task in tasks:
        entry: dict[str, Any] = {"index": task.index}
        for dimension in Dimension:
            scores: list[Any] = [draw.randint(0, 1) for _ in task.in_dimension(dimension)]
            if draw.random() < mess:
                scores = [draw.choice(["1", None, 2]) for _ in scores][: draw.randint(0, 5)]
            entry[EVALUATIONS[dimension]] = {"parsed_result": {"scores": scores}}
        entries.append(entry)
    return ReleasedResults(name, entries)


def main() -> None:
    tasks = repeated_tasks()
    print(f"{MODELS} models × {TASKS} tasks, median of {ROUNDS} rounds, target {TARGET_S:.0f} s")
    print(f"{'files':<8}{'seconds':>9}{'of target':>11}")
    for kind, mess in (("clean", 0.0), ("messy", 0.3)):
        results = [result_file(f"{kind}-{i}", tasks, mess) for i in range(MODELS)]
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            audit_results(results, tasks)
            times.append(time.perf_counter() - start)
        median = statistics.median(times)
        print(f"{kind:<8}{median:>9.2f}{median / TARGET_S:>11.2f}")


if __name__ == "__main__":
    main()

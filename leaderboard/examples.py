"""Makes the example submissions anew: real runs of the simulator, faithful and with its mechanisms broken on purpose.

    make examples

Needs no key, no GPU and no network. Videos stay out of the repository; their sha256 are in each submission, and the
same command makes the same videos again. They run on a suite of their own, the core tasks that have a simulator, since
only full views are ranked and not every core task has one. It is kept in ``_suites``, so the examples stay what they
are when the core suite moves on; to be run when simulators or measurements change.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import microworldbench as bench
from microworldbench.leaderboard import Access, Submission, check, new_submission
from microworldbench.leaderboard.suites import KEPT, keep_suite
from microworldbench.rendering.progress_lines import ConsoleProgress
from microworldbench.rubric import Suite
from microworldbench.simulators.generator import Simulator, SimulatorSettings
from microworldbench.simulators.registry import for_task

HERE = Path(__file__).parent
SIZE = {"width": 416, "height": 240}
EXAMPLES = {
    "simulator": ("faithful", "Mechanisms simulated as the textbook has them."),
    "simulator-violated": ("default", "Every mechanism broken in its most flagrant way."),
    "simulator-reversed": ("reversed_time", "Time runs backwards in the mechanisms that know a direction."),
}
"""Submission: the violation asked of the simulator, and what that means."""


def simulated(core: Suite) -> Suite:
    """The tasks of `core` whose mechanism can be simulated."""
    tasks = tuple(task for task in core.tasks if for_task(task.id) is not None)
    return core.model_copy(update={"id": "core-simulated", "title": "The simulated core tasks", "tasks": tasks})


def main() -> None:
    """Runs, judges and submits every example."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--runs", type=Path, default=Path("build/examples"), help="where the run folders with videos go"
    )
    runs = parser.parse_args().runs
    suite, refused = simulated(bench.load_suite("core")), 0
    for stale in (HERE / "submissions" / KEPT).glob("*.json"):
        stale.unlink()
    keep_suite(suite, HERE / "submissions")
    for name, (violation, told) in EXAMPLES.items():
        generator = Simulator(SimulatorSettings(violation=violation, **SIZE), name=name)
        with ConsoleProgress() as progress:
            bench.evaluate(generator, suite, out=runs / name, progress=progress)
        target = HERE / "submissions" / name
        shutil.rmtree(target, ignore_errors=True)
        about = Submission(
            model=name,
            version=generator.version,
            access=Access.OPEN,
            authors=("The MicroWorldBench developers",),
            date="2026-11-25",
            notes=f"{told} An example: judged by measurements on pixels, on the criteria that have one.",
        )
        found = check(new_submission(runs / name, target, about).path)
        print(f"{name}: {'accepted' if found.accepted else found.problems}")  # noqa: T201 - a script
        refused += not found.accepted
    sys.exit(1 if refused else 0)


if __name__ == "__main__":
    main()

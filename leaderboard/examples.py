"""Makes the example submissions anew: real runs of the simulator, faithful and with its mechanisms broken on purpose.

    make examples

Needs no key, no GPU and no network. Videos stay out of the repository; their sha256 are in each submission, and the
same command makes the same videos again. To be run whenever the core suite, the simulators or the measurements change.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import microworldbench as bench
from microworldbench.leaderboard import Access, Submission, check, new_submission
from microworldbench.leaderboard.suites import KEPT, keep_suite
from microworldbench.rendering.progress_lines import ConsoleProgress
from microworldbench.simulators.generator import Simulator, SimulatorSettings

HERE = Path(__file__).parent
SIZE = {"width": 416, "height": 240}
EXAMPLES = {
    "simulator": ("faithful", "Mechanisms simulated as the textbook has them."),
    "simulator-violated": ("default", "Every mechanism broken in its most flagrant way."),
    "simulator-reversed": ("reversed_time", "Time runs backwards in the mechanisms that know a direction."),
}
"""Submission: the violation asked of the simulator, and what that means."""


def main() -> None:
    """Runs, judges and submits every example."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--runs", type=Path, default=Path("build/examples"), help="where the run folders with videos go"
    )
    runs = parser.parse_args().runs
    suite = bench.load_suite("core")
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


if __name__ == "__main__":
    main()

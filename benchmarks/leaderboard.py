"""How long does a leaderboard take to build, and how much memory?

    python benchmarks/leaderboard.py [--models N] [--tasks N]

Made-up submissions of the released suite's size, 100 models × 459 tasks × 13 criteria: every byte is hashed, every
verdict counted again, every pair of models compared with 10,000 resamples and sign flips, and a page written for every
model and every task. The goal is 10 s. Beside it stands what checking one submission takes, which computes its whole
report again.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "making"))

import written_runs

from microworldbench.leaderboard import Access, Submission, build, check, new_submission
from microworldbench.rubric import Criterion, Dimension, Polarity, Suite

CRITERIA = 13
ROWS = [
    (list(Dimension)[n % 3], Polarity.PENALTY if n in (4, 8, 12) else Polarity.REWARD, (1.0, 0.5, 0.2)[n % 3])
    for n in range(CRITERIA)
]


def submit(work: tuple[Path, int, int]) -> None:
    """One model's run, written as real runs are, and its submission."""
    root, number, tasks = work
    suite: Suite = written_runs.make_suite(tasks, rows=ROWS)
    rng = np.random.default_rng(number)
    ease = {task.id: rng.normal(0.55, 0.2) for task in suite.tasks}

    def answer(task: str, _seed: int, criterion: Criterion, _vote: int) -> bool:
        return bool((rng.random() < ease[task]) == (criterion.polarity is Polarity.REWARD))

    name = f"model-{number:03d}"
    failed = [task.id for task in suite.tasks if rng.random() < 0.02]
    run = written_runs.write_run(root / "runs" / name, suite, answer, generator=name, videos=name, failed=failed)
    about = Submission(model=name, version="1", access=Access.OPEN, authors=("A", "B"), date="2026-10-01")
    new_submission(run, root / "submissions" / name, about)


def readers() -> float:
    """CPU seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=100)
    parser.add_argument("--tasks", type=int, default=459)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        (root / "submissions").mkdir()
        with ProcessPoolExecutor() as pool:
            list(pool.map(submit, [(root, number, options.tasks) for number in range(options.models)]))
        size = sum(p.stat().st_size for p in (root / "submissions").rglob("*") if p.is_file())
        began, busy, others = time.perf_counter(), time.process_time(), readers()
        found = build(root / "submissions", root / "site")
        took, own, others = time.perf_counter() - began, time.process_time() - busy, readers() - others
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        pages = list((root / "site").rglob("*.html"))
        written = sum(page.stat().st_size for page in (root / "site").rglob("*") if page.is_file())
        began = time.perf_counter()
        checked = check(root / "submissions" / found.tables[0].rows[0].submission)
        checking = time.perf_counter() - began
        assert checked.accepted, json.dumps(checked.problems)
    reader = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    state = "ok" if took < 10 else "MISSED"
    print(f"{options.models} models × {options.tasks} tasks × {CRITERIA} criteria, {size / 1e6:,.0f} MB of evidence")
    print(f"  build            {took:8.1f} s   goal 10 s  {state}   (CPU: {own:.1f} s ranking, {others:.1f} s reading)")
    print(f"  peak memory      {peak:8.0f} MB, each reading process at most {reader:.0f} MB")
    print(f"  site             {len(pages):8} pages, {written / 1e6:.0f} MB")
    print(f"  check of one     {checking:8.1f} s")


if __name__ == "__main__":
    main()

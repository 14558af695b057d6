"""How many calls and input tokens does a task cost, by mode, against the released evaluator's protocol?

A scripted judge on loopback counts tokens: four bytes of text each, a fixed number an image, and what a prefix cache
would have had. Cached input is billed at a tenth, as most list prices have it. 12 tasks of the released suite's shape
(15 criteria, texts of its usual length) are judged by the real `microworldbench.grade`:

    python benchmarks/judge_tokens.py                     # about half a minute
    python benchmarks/judge_tokens.py --image-tokens 1105

The released protocol is run as the preset ``protocol=released`` asks: three calls, text before images, our words for
its prompt. ``without task`` is how the released code really ran. Schemas count as input of the modes that send one.
Replies of the scripted judge are shorter than a model's; their column compares modes only.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "servers"))

import judge_server
from judge_throughput import make_suite

if TYPE_CHECKING:
    from microworldbench import GenerationRequest

GOAL = 0.6
"""Billed input of dimension mode, at most, as a share of the released protocol's."""

ROWS: dict[str, dict[str, Any]] = {
    "released, with task": {"protocol": "released"},
    "released, without task": {"protocol": "released", "task_text": False},
    "criterion": {"mode": "criterion"},
    "dimension (default)": {},
    "task": {"mode": "task"},
}


@dataclass(frozen=True)
class Spent:
    """Of one mode, a task."""

    calls: float
    input_tokens: float
    cached_tokens: float
    output_tokens: float

    def billed(self, cached_share: float) -> float:
        """Input tokens, cached ones at `cached_share` of their number."""
        return self.input_tokens - self.cached_tokens * (1 - cached_share)


def make_video(request: GenerationRequest) -> tuple[Any, int]:
    """A different small clip for each task; the scripted judge counts images, not pixels."""
    number = int(request.task_id.removeprefix("t-"))
    frames = np.random.default_rng(number).integers(0, 256, (16, 48, 64, 3), np.uint8)
    return frames, 8


def measure(settings: dict[str, Any], tasks: int) -> Spent:
    """Judges `tasks` tasks against a fresh server."""
    import microworldbench as bench

    suite = make_suite(tasks)
    with (
        tempfile.TemporaryDirectory() as folder,
        judge_server.JudgeServer("coin", keep_messages=False) as server,
    ):
        run = bench.generate(make_video, suite, Path(folder) / "run")
        given = (
            {"base_url": server.url, "structured": "schema"} if "protocol" not in settings else {"base_url": server.url}
        )
        report = bench.grade(run, "openai:scripted", suite, judge_settings=given | settings)
    assert report.coverage.missing == 0, report.coverage
    usage = report.scorecard.usage
    counts = (usage.calls, usage.input_tokens, usage.cached_tokens, usage.output_tokens)
    return Spent(*((count or 0) / tasks for count in counts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=12)
    parser.add_argument("--image-tokens", type=int, default=500, help="tokens an image counts as")
    parser.add_argument("--cached-share", type=float, default=0.1, help="price of cached input, of input's")
    options = parser.parse_args()
    os.environ["OPENAI_API_KEY"] = "none"
    judge_server.IMAGE_TOKENS = options.image_tokens
    found = {name: measure(settings, options.tasks) for name, settings in ROWS.items()}
    released = found["released, with task"].billed(options.cached_share)
    print(f"{options.tasks} tasks, 8 frames of {options.image_tokens} tokens; cached input at {options.cached_share:g}")
    print(f"{'a task':26}{'calls':>7}{'input':>9}{'cached':>9}{'billed':>9}{'output':>8}{'billed/released':>17}")
    for name, spent in found.items():
        billed = spent.billed(options.cached_share)
        print(
            f"{name:26}{spent.calls:7.1f}{spent.input_tokens:9.0f}{spent.cached_tokens:9.0f}{billed:9.0f}"
            f"{spent.output_tokens:8.0f}{billed / released:17.2f}"
        )
    for name in ("released, with task", "released, without task"):
        ratio = found["dimension (default)"].billed(options.cached_share) / found[name].billed(options.cached_share)
        print(f"dimension mode / {name}: {ratio:.2f} (goal <= {GOAL})  {'ok' if ratio <= GOAL else 'MISSED'}")


if __name__ == "__main__":
    main()

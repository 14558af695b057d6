"""How does judging compare with inspect_ai, on the same calls to the same server?

A scripted judge on loopback answers each call after 0.25 s, 8 calls in flight. The questions are those of
`judge_throughput` (24 clips, 3 calls each), put into words once by this library; inspect_ai gets them as ready-made
messages with the frames already encoded, and only has to send them and log the replies, while ours also decodes,
encodes, reserves money, parses and scores. The best of the rounds counts, interleaved, because a shared machine only
ever adds time. inspect_ai is installed into an environment of its own, from the package
index; without one its row is left out.

    python benchmarks/judge_peers.py [--rounds N]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from pathlib import Path
from typing import Any

from judge_throughput import CALLS_PER_CLIP, make_clips, make_suite, measure, scripted_judge

PEER = "inspect-ai==0.3.285"
CLIPS, LATENCY_S, WORKERS = 24, 0.25, 8
PROGRAM = """
import json, sys, time
from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser, ContentImage, ContentText
from inspect_ai.solver import generate

asked, url, logs, workers = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])

def part(p):
    return ContentText(text=p["text"]) if p["type"] == "text" else ContentImage(image=p["image_url"]["url"])

def sample(messages):
    system, user = (m["content"] for m in messages)
    return Sample(input=[ChatMessageSystem(content=system), ChatMessageUser(content=[part(p) for p in user])])

task = Task(dataset=MemoryDataset([sample(json.loads(line)) for line in open(asked)]), solver=generate())
(log,) = eval(
    task, model="openai/scripted", model_base_url=url, model_args={"responses_api": False}, log_dir=logs,
    log_images=False, display="none", max_connections=workers, max_samples=workers,
)
assert log.status == "success", log.error
"""


def peer_environment(folder: Path) -> Path | None:
    """The interpreter of an environment with inspect_ai, or None where it cannot be installed."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PEER, "openai"]
    done = subprocess.run(install, check=False, capture_output=True)
    return python if done.returncode == 0 else None


def write_questions(clips: Path, path: Path) -> None:
    """The messages of every call, one a line, in the order of the clips."""
    from microworldbench.judging.exhibit import FramePolicy, make_exhibit
    from microworldbench.judging.prompt import build_messages
    from microworldbench.rubric import Dimension

    with path.open("w") as out:
        for number, task in enumerate(make_suite(CLIPS).tasks):
            shown = make_exhibit(clips / f"{number}.mp4", FramePolicy())
            for dimension in Dimension:
                criteria = [c for c in task.criteria if c.dimension is dimension]
                out.write(json.dumps(build_messages(task, criteria, shown)) + "\n")


def measure_peer(python: Path, questions: Path) -> dict[str, Any]:
    """One evaluation by inspect_ai against a fresh server."""
    with tempfile.TemporaryDirectory() as logs, scripted_judge(LATENCY_S) as url:
        began, used = time.perf_counter(), processor_s()
        command = [python, "-c", PROGRAM, questions, url, logs, str(WORKERS)]
        subprocess.run(command, env={**os.environ, "OPENAI_API_KEY": "none"}, check=True, capture_output=True)
        wall_s = time.perf_counter() - began
        with urllib.request.urlopen(url.removesuffix("/v1") + "/stats") as response:
            return json.load(response) | {"wall_s": wall_s, "cpu_s": processor_s() - used}


def processor_s() -> float:
    """Processor time of the processes this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Prints a table of both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", type=Path, help="an interpreter that has inspect_ai, instead of installing it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "clips").mkdir()
        make_clips(folder / "clips", CLIPS)
        write_questions(folder / "clips", folder / "asked.jsonl")
        python = options.python or peer_environment(folder / "peer")
        ours, theirs = [], []
        for _ in range(options.rounds):
            ours.append(measure(folder / "clips", CLIPS, LATENCY_S, WORKERS))
            if python is not None:
                theirs.append(measure_peer(python, folder / "asked.jsonl"))
    calls = CALLS_PER_CLIP * CLIPS
    ideal_s = math.ceil(calls / WORKERS) * LATENCY_S
    print(f"{calls} calls of {LATENCY_S} s, {WORKERS} in flight: ideal {ideal_s:.2f} s")
    columns = ("first to last / ideal", "whole process, s", "processor, s", "repeated prefix")
    print(f"{'':22}" + "".join(f"{column:>23}" for column in columns))
    for name, rounds in (("ours", ours), (PEER, theirs)):
        if not rounds:
            print(f"{name:22}{'could not be installed':>23}")
            continue
        first_to_last, wall, cpu = (min(r[key] for r in rounds) for key in ("first_to_last_s", "wall_s", "cpu_s"))
        share = rounds[0]["repeated_prefix_share"]
        print(f"{name:22}{first_to_last / ideal_s:23.2f}{wall:23.2f}{cpu:23.2f}{share:23.0%}")


if __name__ == "__main__":
    sys.exit(main())

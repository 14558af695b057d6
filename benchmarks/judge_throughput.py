"""Does judging keep a slow judge busy, and what does it send?

A scripted judge on loopback answers each call after 0.5 s. 40 clips of 81 frames at 832×480 are judged in dimension
mode (3 calls a clip), 8 calls in flight, by the real `microworldbench.grade` in a process of its own:

    python benchmarks/judge_throughput.py            # about 3 minutes, most of it making clips and the memory run
    python benchmarks/judge_throughput.py --no-memory

Ideal is calls × latency / calls in flight. What the released evaluator takes was measured on the same task by running
it: 4.2 × ideal, 5 % of its bytes repeat an earlier prefix.
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
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from microworldbench import GenerationRequest, Suite

SERVER = Path(__file__).parents[1] / "tests" / "servers" / "judge_server.py"
WIDTH, HEIGHT, FRAMES, FPS = 832, 480, 81, 16
CALLS_PER_CLIP = 3


def make_clips(folder: Path, count: int) -> None:
    """Writes `count` different clips: drifting discs over a textured, noisy ground."""
    from microworldbench.video import Video, write

    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    for number in range(count):
        path = folder / f"{number}.mp4"
        if path.exists():
            continue
        draw = np.random.default_rng(number)
        ground = 110 + 40 * np.sin(x / draw.uniform(9, 40)) * np.cos(y / draw.uniform(9, 40))
        ground = ground + draw.normal(0, 6, ground.shape)
        discs = draw.uniform((0, 0, -3, -3, 15), (WIDTH, HEIGHT, 3, 3, 60), (12, 5))
        frames = np.empty((FRAMES, HEIGHT, WIDTH, 3), np.uint8)
        for t in range(FRAMES):
            frame = np.repeat(ground[..., None], 3, axis=2)
            for k, (x0, y0, vx, vy, radius) in enumerate(discs):
                inside = (x - (x0 + vx * t) % WIDTH) ** 2 + (y - (y0 + vy * t) % HEIGHT) ** 2 < radius**2
                frame[inside] = frame[inside] * 0.3 + np.array([60 + 15 * k, 220 - 15 * k, 90])
            frames[t] = np.clip(frame, 0, 255)
        write(path, Video.from_frames(frames, FPS))


def make_suite(tasks: int) -> Suite:
    """A suite of the released one's shape: 15 criteria a task, texts of its usual length."""
    from microworldbench import Criterion, Dimension, Level, Suite, Task

    def text(words: int, start: str) -> str:
        return start + " the membrane of the cell follows the flow" * (words // 8)

    made = []
    for n in range(tasks):
        criteria = tuple(
            Criterion(
                id=f"{d.value}-{k}", dimension=d, statement=text(40, f"In task {n}, claim {k} on {d}:"), weight=0.5
            )
            for d in Dimension
            for k in range(5)
        )
        prompt, requirement = text(80, f"Task {n}:"), text(280, f"Requirement {n}:")
        level = Level.CELLULAR
        made.append(
            Task(id=f"t-{n:03}", level=level, title=f"T{n}", prompt=prompt, requirement=requirement, criteria=criteria)
        )
    return Suite(id="throughput", version="1-A", title="Throughput", license="CC0-1.0", tasks=tuple(made))


class Stored:
    """A generator that hands out ready clips, over and over."""

    name = "stored"
    references_files = True

    def __init__(self, folder: Path) -> None:
        self.clips = sorted(folder.glob("*.mp4"), key=lambda p: int(p.stem))

    def generate(self, request: GenerationRequest) -> Path:
        return self.clips[int(request.task_id.removeprefix("t-")) % len(self.clips)]


def judge_in_this_process(run: Path, tasks: int, url: str, workers: int) -> dict[str, Any]:
    """Judges a run; the seconds it took and the most memory it held."""
    began = time.perf_counter()
    import microworldbench as bench

    settings = {"base_url": url}
    report = bench.grade(run, "openai:scripted", make_suite(tasks), judge_settings=settings, workers=workers)
    wall_s = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = used.ru_utime + used.ru_stime
    return {"wall_s": wall_s, "cpu_s": cpu_s, "peak_mib": peak_mib(), "missing": report.coverage.missing}


def peak_mib() -> float:
    """The most memory this process held since it began; `ru_maxrss` would count its parent's, from before the exec."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@contextmanager
def scripted_judge(latency_s: float) -> Iterator[str]:
    """The scripted judge as a process; yields its base URL."""
    command = [sys.executable, str(SERVER), "--latency", str(latency_s), "--policy", "coin", "--idle-s", "300"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()


def measure(clips: Path, tasks: int, latency_s: float, workers: int) -> dict[str, Any]:
    """Judges `tasks` tasks in a fresh process against a fresh server."""
    import microworldbench as bench

    with tempfile.TemporaryDirectory() as folder, scripted_judge(latency_s) as url:
        run = Path(folder) / "run"
        bench.generate(Stored(clips), make_suite(tasks), run)
        command = [sys.executable, __file__, "--child", str(run), "--url", url]
        options = ["--clips", str(tasks), "--workers", str(workers)]
        environment = {**os.environ, "OPENAI_API_KEY": "none"}
        done = subprocess.run([*command, *options], env=environment, stdout=subprocess.PIPE, text=True, check=True)
        with urllib.request.urlopen(url.removesuffix("/v1") + "/stats") as response:
            return json.load(response) | json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--latency", type=float, default=0.5, metavar="S")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-memory", action="store_true", help="leave out the run with ten times as many clips")
    parser.add_argument("--clips-dir", type=Path, help="keep the clips here")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(judge_in_this_process(options.child, options.clips, options.url, options.workers)))
        return
    with tempfile.TemporaryDirectory() as folder:
        clips = options.clips_dir or Path(folder)
        clips.mkdir(parents=True, exist_ok=True)
        make_clips(clips, options.clips)
        rounds = [measure(clips, options.clips, options.latency, options.workers) for _ in range(options.rounds)]
        few = sorted(rounds, key=lambda r: r["first_to_last_s"])[len(rounds) // 2]
        many = None if options.no_memory else measure(clips, 10 * options.clips, 0.05, options.workers)
    calls = CALLS_PER_CLIP * options.clips
    assert few["answered"] == calls, few
    ideal_s = math.ceil(calls / options.workers) * options.latency
    table = [
        ("first request to last reply / ideal", few["first_to_last_s"] / ideal_s, "<=", 1.15, "4.2"),
        ("start and report beside it, s", few["wall_s"] - few["first_to_last_s"], "<=", 2.0, ""),
        ("share of bytes that repeat a prefix", few["repeated_prefix_share"], ">=", 0.60, "0.05"),
    ]
    if many is not None:
        growth = many["peak_mib"] / few["peak_mib"]
        table.append(("peak memory, ten times the clips / once", growth, "<=", 1.2, ""))
    times = ", ".join(f"{r['first_to_last_s']:.2f}" for r in rounds)
    print(f"{calls} calls of {options.latency} s, {options.workers} in flight: ideal {ideal_s:.2f} s; took {times} s")
    print(f"{few['bytes'] / 1e6:.0f} MB sent, {few['cpu_s']:.1f} s of processor time, peak {few['peak_mib']:.0f} MiB")
    if many is not None:
        print(f"at ten times the clips: {many['cpu_s']:.1f} s of processor time, peak {many['peak_mib']:.0f} MiB")
    print(f"{'':42}{'ours':>8}{'goal':>10}{'released':>10}")
    for name, value, relation, goal, released in table:
        is_met = value <= goal if relation == "<=" else value >= goal
        print(f"{name:42}{value:8.3f}{relation:>5}{goal:5.2f}{released:>10}  {'ok' if is_met else 'MISSED'}")


if __name__ == "__main__":
    main()

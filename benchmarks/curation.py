"""What does curating cost beyond decoding once and the detectors' own work?

Prints four ratios to their targets: two processes against one, everything around the detectors against one decode of
the same video, the ledger against the work it records, and memory with ten times the sources. Best of `ROUNDS`,
interleaved, because a shared machine only ever adds time; work of one thread is told by processor time.

    python benchmarks/curation.py
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from microverse.data import evidence, text
from microverse.data.border import BorderScorer
from microverse.data.chain import Chain, ExamineWork
from microverse.data.config import Curation
from microverse.data.curate import Shelf, run
from microverse.data.embedders import Histogram
from microverse.data.executors import Outcome, Work, make_executor
from microverse.data.ingest import index, ingest, sources
from microverse.data.ledger import Ledger
from microverse.data.manifest import find_sources
from microworldbench.video import stream
from microworldbench.video.writing import encoded, store

ROUNDS, SOURCES, LEDGER_SOURCES = 3, 8, 10_000


def film(path: Path, seconds: int, width: int, height: int, fps: int, seed: int) -> None:
    """Discs that drift over a coloured ground, with a cut every twelve seconds."""
    pictures = drifting(seconds, width, height, fps, seed)
    store(path, encoded(pictures, float(fps), crf=20, preset="veryfast", threads=1))


def drifting(seconds: int, width: int, height: int, fps: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, seconds, 12):
        draw = np.random.default_rng([seed, start])
        ground, discs = draw.integers(40, 200, 3), draw.uniform(0, 1, (8, 4))
        colours = draw.integers(40, 255, (8, 3))
        texture = draw.integers(0, 24, (height, width, 1), np.uint8)  # or the picture would cost a decoder nothing
        for i in range(min(seconds - start, 12) * fps):
            image = Image.fromarray(ground.astype(np.uint8) + texture)
            pen = ImageDraw.Draw(image)
            for (x, y, r, drift), colour in zip(discs, colours, strict=True):
                at, radius = x * width + 20 * drift * i / fps, (0.02 + 0.05 * r) * width
                box = (at - radius, y * height - radius, at + radius, y * height + radius)
                pen.ellipse(box, fill=tuple(map(int, colour)))
            yield np.asarray(image)


def prepared(folder: Path, out: Path, **changes: Any) -> tuple[ExamineWork, list[str]]:
    """Work on the sources in `folder`, ingested, with their ids."""
    config = Curation.model_validate({"sources": folder, "out": out, "fingerprint": None, **changes})
    ledger, found = Ledger(out), find_sources(folder)
    list(ingest(found, ledger, config.limits, make_executor("serial")))
    list(index(found, ledger, config.limits))
    chain = Chain(config)
    _ = chain.contracts
    return ExamineWork(chain, ledger, found.root, 600.0), [source.id for source in sources(ledger)]


def timed(action: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    start = clock()
    action()
    return clock() - start


def row(name: str, value: str, ratio: float, target: str, reached: bool) -> None:
    print(f"{name:<46}{value:>22}{ratio:>9.3f}  {target:<8}{'reached' if reached else 'MISSED'}", flush=True)


@dataclass
class Loop:
    """Counts: what two processors give a program that shares nothing, while the machine is as busy as it is."""

    rounds: int

    def __call__(self, item: str) -> Outcome:
        total = 0
        for number in range(self.rounds):
            total += number % 7
        return Outcome(item, "done", str(total))

    def lost(self, item: str, error: str) -> Outcome:
        return Outcome(item, "failed", error)


def processes(base: Path) -> None:
    folder = base / "many"
    folder.mkdir()
    for number in range(SOURCES):
        film(folder / f"{number}.mp4", 12, 1280, 720, 30, number)
    best: dict[str, float] = {}
    cost: dict[str, float] = {}

    def measure(kind: str, name: str, work: Work, items: list[str]) -> None:
        """Items a second once both workers have started: what a worker loads, it loads once."""
        start, spent = time.perf_counter(), processor_time()
        at = [time.perf_counter() - start for _ in make_executor(name, workers=2).map(work, items)]
        best[f"{kind} {name}"] = max((len(at) - 2) / (at[-1] - at[1]), best.get(f"{kind} {name}", 0.0))
        if kind == "videos":
            each = (processor_time() - spent) / len(items)
            cost[name] = min(each, cost.get(name, each))

    for number in range(ROUNDS):
        for name in ("serial", "processes"):
            work, ids = prepared(folder, base / f"many-{name}-{number}")
            measure("videos", name, work, [*ids, *again(work, ids)])
            measure("loops", name, Loop(20_000_000), [str(n) for n in range(2 * SOURCES)])
    ratio = best["videos processes"] / best["videos serial"]
    rates = f"{best['videos processes']:.2f} / {best['videos serial']:.2f} a second"
    row(f"2 processes / serial, {2 * SOURCES} videos of 12 s 720p", rates, ratio, "≥ 1.7", ratio >= 1.7)
    print(f"  bare loops gained {best['loops processes'] / best['loops serial']:.2f} in the same rounds")
    alone, together = cost["serial"], cost["processes"]
    print(f"  processor time a video: {alone:.2f} s serial, {together:.2f} s in processes, their start included:")
    print(f"  two free processors would gain {2 * alone / together:.2f}")


def processor_time() -> float:
    """Seconds of processor time of this process and of its children that have ended."""
    parts = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in parts)


def again(work: ExamineWork, ids: list[str]) -> list[str]:
    """The same videos under other ids, to be looked at as if they were others."""
    for source in ids:
        record = json.loads((work.ledger.root / "sources" / f"{source}.json").read_text())
        (work.ledger.root / "sources" / f"{source}x.json").write_text(json.dumps({**record, "id": f"{source}x"}))
    return [f"{source}x" for source in ids]


class Meter:
    """Adds up the processor time spent inside functions."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def metered(*args: Any, **options: Any) -> Any:
            start = time.process_time()
            try:
                return function(*args, **options)
            finally:
                self.seconds += time.process_time() - start

        return metered


def one_decode(base: Path) -> float:
    folder = base / "minute"
    folder.mkdir()
    film(folder / "minute.mp4", 60, 1280, 720, 30, 99)
    reader = text.make_reader("rapidocr")
    plain, around, whole = [], [], []
    for number in range(ROUNDS):
        plain.append(timed(lambda: sum(1 for _ in stream(folder / "minute.mp4", threads=1)), time.process_time))
        meter = Meter()
        saved = Histogram.embed, reader.read, BorderScorer.score, evidence.Margins.of
        Histogram.embed, reader.read, BorderScorer.score, evidence.Margins.of = map(meter.around, saved)  # type: ignore[method-assign]
        work, ids = prepared(folder, base / f"minute-{number}")
        whole.append(timed(lambda w=work, i=ids: w(i[0]), time.process_time))
        Histogram.embed, reader.read, BorderScorer.score, evidence.Margins.of = saved  # type: ignore[method-assign]
        around.append(whole[-1] - meter.seconds)
    ratio = min(around) / min(plain)
    row(
        "split + border + text − detectors / one decode",
        f"{min(around):.2f} s / {min(plain):.2f} s",
        ratio,
        "≤ 1.3",
        ratio <= 1.3,
    )
    print(f"  the whole pass took {min(whole):.2f} s, of them {min(whole) - min(around):.2f} s in the detectors")
    return min(whole)


def bookkeeping(base: Path, work_s: float) -> None:
    ledger, names = Ledger(base / "ledger"), ("split-a", "border-a", "text-a", "fingerprint-a")
    clips = [
        {
            "clip": f"{n:016x}",
            "share": 0.0,
            "pixels": {"top": 0, "bottom": 0},
            "evidence": [[i, i / 2] for i in range(16)],
        }
        for n in range(5)
    ]
    start = time.perf_counter()
    for number in range(LEDGER_SOURCES):
        for name in names:
            ledger.write(name, f"{number:020x}", {"clips": clips, "counts": {"shots": 5}})
    set.intersection(*(ledger.done(name) for name in names))
    for number in range(LEDGER_SOURCES):
        for name in names:
            ledger.read(name, f"{number:020x}")
    spent = time.perf_counter() - start
    share = spent / (LEDGER_SOURCES * work_s)
    row(
        f"ledger / work, {LEDGER_SOURCES:,} videos of 60 s",
        f"{spent:.1f} s / {LEDGER_SOURCES * work_s:,.0f} s",
        share,
        "< 0.01",
        share < 0.01,
    )


def memory(base: Path) -> None:
    peaks = {}
    for count in (40, 400):
        folder = base / f"memory-{count}"
        folder.mkdir()
        for number in range(count):
            film(folder / f"{number}.mp4", 6, 64, 36, 5, number)
        asked = json.dumps({"sources": str(folder), "out": str(base / f"memory-out-{count}")})
        done = subprocess.run([sys.executable, __file__, "--peak", asked], capture_output=True, text=True, check=True)
        peaks[count] = int(done.stdout)
    ratio = peaks[400] / peaks[40]
    row(
        "peak memory, 400 / 40 videos",
        f"{peaks[400] / 1024:.0f} MB / {peaks[40] / 1024:.0f} MB",
        ratio,
        "≤ 1.1",
        ratio <= 1.1,
    )


def peak(asked: str) -> None:
    """Curates in this process and prints its peak memory in KiB; ru_maxrss would be the parent's where that is more."""
    config = Curation.model_validate({**json.loads(asked), "text": None, "gates": {"min_side": None}})
    run(Shelf(config), make_executor("serial"))
    print(next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        print(f"best of {ROUNDS} rounds on {len(os.sched_getaffinity(0))} processors")
        processes(base)
        whole = one_decode(base)
        bookkeeping(base, whole)
        memory(base)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peak"]:
        peak(sys.argv[2])
    else:
        main()

"""How long do eight evenly spaced frames take?

Compares `microworldbench.video.sample` with the ways there are to do it with OpenCV and PyAV, on a clip as video
models make them and on a minute of 720p. Rounds are interleaved, so that a busy machine slows all of them alike;
medians are compared. The pictures are checked to be the same before anything is timed.

    python benchmarks/frames.py [--rounds N]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import av
import cv2
import numpy as np

from microworldbench.video import sample

COUNT = 8


def pictures(frames: int, width: int, height: int, scene: int) -> Iterator[np.ndarray]:
    """A drifting texture with moving discs and sensor noise; another scene every `scene` frames."""
    rng = np.random.default_rng(0)
    grain = [rng.normal(0, 2, (height, width, 1)).astype(np.float32) for _ in range(4)]
    for number in range(frames):
        if number % scene == 0:
            small = rng.uniform(40, 215, (height // 32, width // 32, 3)).astype(np.float32)
            canvas = cv2.resize(small, (width + 256, height + 256), interpolation=cv2.INTER_CUBIC)
        shift = (number % scene) % 256
        picture = canvas[shift : shift + height, shift : shift + width] + grain[number % 4]
        picture = np.clip(picture, 0, 255).astype(np.uint8)
        for disc in range(6):
            x = int(width * (0.5 + 0.4 * np.sin(number / 17 + disc)))
            y = int(height * (0.5 + 0.4 * np.cos(number / 23 + 2 * disc)))
            cv2.circle(picture, (x, y), height // 14, (40 * disc, 255 - 40 * disc, 120), -1, cv2.LINE_AA)
        yield picture


def make_clip(path: Path, frames: int, size: tuple[int, int], fps: int, scene: int, preset: str) -> int:
    """Writes H.264 as most pipelines do; returns the number of key frames."""
    width, height = size
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size = 250  # x264's own default
        stream.options = {"preset": preset}
        for picture in pictures(frames, width, height, scene):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        return sum(packet.is_keyframe for packet in container.demux(video=0) if packet.size)


def ours(path: Path, _wanted: list[int]) -> list[np.ndarray]:
    return [frame.image for frame in sample(path, COUNT)]


def opencv_grab(path: Path, wanted: list[int]) -> list[np.ndarray]:
    capture, found = cv2.VideoCapture(str(path)), []
    for number in range(max(wanted) + 1):
        capture.grab()
        if number in wanted:
            found.append(cv2.cvtColor(capture.retrieve()[1], cv2.COLOR_BGR2RGB))
    capture.release()
    return found


def opencv_seek(path: Path, wanted: list[int]) -> list[np.ndarray]:
    capture, found = cv2.VideoCapture(str(path)), []
    for number in wanted:
        capture.set(cv2.CAP_PROP_POS_FRAMES, number)
        found.append(cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2RGB))
    capture.release()
    return found


def pyav_through(path: Path, wanted: list[int]) -> list[np.ndarray]:
    found = []
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for number, frame in enumerate(container.decode(video=0)):
            if number in wanted:
                found.append(frame.to_ndarray(format="rgb24"))
                if len(found) == len(wanted):
                    break
    return found


WAYS: dict[str, Callable[[Path, list[int]], list[np.ndarray]]] = {
    "microworldbench sample": ours,
    "OpenCV grab through": opencv_grab,
    "OpenCV seek per frame": opencv_seek,
    "PyAV decode through": pyav_through,
}


def compare(path: Path, rounds: int) -> dict[str, float]:
    """Median seconds of each way."""
    wanted = [frame.source_index for frame in sample(path, COUNT)]
    reference = ours(path, wanted)
    for name, way in WAYS.items():
        if not all(np.array_equal(a, b) for a, b in zip(reference, way(path, wanted), strict=True)):
            print(f"note: {name} gives other pictures")
    taken: dict[str, list[float]] = {name: [] for name in WAYS}
    for turn in range(rounds):
        names = list(WAYS)
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            began = time.perf_counter()
            WAYS[name](path, wanted)
            taken[name].append(time.perf_counter() - began)
    return {name: median(times) for name, times in taken.items()}


def show(title: str, seconds: dict[str, float], targets: dict[str, float]) -> bool:
    """Prints the table; True where every target is reached. A target is the least (other / ours)."""
    print(f"\n{title}\n{'':24}{'median ms':>10}{'other / ours':>14}{'must be ≥':>11}")
    reached = True
    mine = seconds["microworldbench sample"]
    for name, taken in seconds.items():
        ratio, target = taken / mine, targets.get(name)
        verdict = "" if target is None else f"{target:11.2f}  {'ok' if ratio >= target else 'MISSED'}"
        reached &= target is None or ratio >= target
        print(f"{name:24}{taken * 1e3:10.1f}{ratio:14.2f}{verdict}")
    return reached


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="mwb-frames-") as folder:
        short, long = (Path(folder, f"{name}.mp4") for name in ("short", "long"))
        keys = make_clip(short, 81, (832, 480), 16, scene=1000, preset="medium")
        reached = show(
            f"81 frames 832×480, {keys} key frame(s)",
            compare(short, rounds),
            {"OpenCV grab through": 1 / 1.15, "OpenCV seek per frame": 2.5},
        )
        through = {"OpenCV grab through": 2.0, "PyAV decode through": 2.0}
        keys = make_clip(long, 1800, (1280, 720), 30, scene=90, preset="veryfast")
        reached &= show(f"60 s 1280×720, {keys} key frames (a cut every 3 s)", compare(long, rounds), through)
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""Control clips on disk: simulated once, kept in the user's cache under the digest of all that made them.

Scenes are shared out over processes, because a simulation holds the interpreter's lock: each runs `work`, which takes
one scene a line and answers one line.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from ..errors import InputError
from ..progress import Progress, Silent
from ..rubric import Record, Task, digest_of
from ..runs import write_atomically
from ..simulators.truth import Truth
from ..violations.recipe import Recipe, Scene, Shot, changed, mechanism_named, truth_of
from .battery import Battery, Clip

CRF = 18
"""H.264 rate factor of the stored clips: nothing is lost that a judge could see."""
MOST_WORKERS = 4
FEWEST_SCENES = 3
"""So many scenes must be missing before processes are started for them."""


class SceneTruth(Record):
    """What is true of a scene, as it is kept beside its clips."""

    met: dict[str, bool | None]
    reasons: dict[str, str]
    known: dict[str, str]


class Order(Record):
    """A scene and the clips that are to be made of it."""

    shot: Shot
    width: int
    height: int
    recipes: tuple[Recipe, ...]
    folder: str


def cache_folder() -> Path:
    """Where control clips are kept."""
    from platformdirs import user_cache_path

    return user_cache_path("microworldbench") / "controls"


class Films:
    """The clips of a battery in the cache.

    Args:
        battery: Whose clips.
        folder: Another cache.
    """

    def __init__(self, battery: Battery, folder: Path | None = None) -> None:
        self.battery = battery
        self.folder = cache_folder() if folder is None else folder

    def path(self, clip: Clip) -> Path:
        """Where a clip lies, once it is made."""
        return self.folder / f"{self._name(clip.recipe)}.mp4"

    def make(self, progress: Progress | None = None) -> None:
        """Makes what is not in the cache yet.

        Raises:
            InputError: the cache cannot be written to.
        """
        progress = progress or Silent()
        scenes: dict[tuple[object, ...], list[Recipe]] = {}
        for clip in self.battery.clips:
            scenes.setdefault(clip.recipe.scene, []).append(clip.recipe)
        orders = [self._order(recipes) for recipes in scenes.values()]
        missing = [order for order in orders if not self._is_there(order)]
        progress.stage("filming", len(orders), len(orders) - len(missing))
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for _ in _filmed(missing):
                progress.advance()
        except OSError as error:
            raise InputError(f"cannot write to {self.folder}: {error.strerror or error}; set XDG_CACHE_HOME") from error

    def truths(self, tasks: Mapping[str, Task]) -> dict[str, dict[str, Truth]]:
        """The truth of every clip that has been made, by clip and criterion.

        Args:
            tasks: The core tasks by id, as they are now.
        """
        return {
            clip.id: truth_of(clip.recipe, tasks[clip.recipe.task_id], self._scene_truth(clip.recipe))
            for clip in self.battery.clips
        }

    def _order(self, recipes: Sequence[Recipe]) -> Order:
        battery = self.battery
        folder = str(self.folder)
        return Order(
            shot=battery.shot, width=battery.width, height=battery.height, recipes=tuple(recipes), folder=folder
        )

    def _is_there(self, order: Order) -> bool:
        clips = [self.folder / f"{self._name(recipe)}.mp4" for recipe in order.recipes]
        return all(path.is_file() for path in (*clips, _truth_path(order)))

    def _name(self, recipe: Recipe) -> str:
        return _clip_name(recipe, self.battery.shot, self.battery.width, self.battery.height)

    def _scene_truth(self, recipe: Recipe) -> dict[str, Truth]:
        path = _truth_path(self._order([recipe]))
        try:
            kept = SceneTruth.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            raise InputError(f"{path} is missing or damaged; delete it and certify again") from None
        return {c: Truth(met, kept.reasons[c], kept.known[c]) for c, met in kept.met.items()}  # type: ignore[arg-type]


def film(order: Order) -> None:
    """Simulates one scene and writes its clips and its truth; what is there already is left as it is."""
    from ..video import Video, write

    scene = Scene.of(order.recipes[0], order.shot)
    frames = None
    for recipe in order.recipes:
        path = Path(order.folder) / f"{_clip_name(recipe, order.shot, order.width, order.height)}.mp4"
        if not path.is_file():
            frames = scene.frames(order.width, order.height) if frames is None else frames
            write(path, Video(changed(frames, recipe, order.shot.fps), order.shot.fps), crf=CRF)
    found = scene.truth
    kept = SceneTruth(
        met={c: t.met for c, t in found.items()},
        reasons={c: t.reason for c, t in found.items()},
        known={c: t.known for c, t in found.items()},
    )
    write_atomically(_truth_path(order), kept.model_dump_json().encode())


def _filmed(orders: Sequence[Order]) -> Iterator[Order]:
    """Films `orders`, yielding each when it is done."""
    workers = min(MOST_WORKERS, _processors(), len(orders))
    if workers < 2 or len(orders) < FEWEST_SCENES:
        for order in orders:
            film(order)
            yield order
        return
    waiting: queue.SimpleQueue[Order] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Order, bool]] = queue.SimpleQueue()
    for order in orders:
        waiting.put(order)
    threads = [threading.Thread(target=_serve, args=(waiting, done), daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for _ in orders:
        order, is_filmed = done.get()
        if not is_filmed:
            film(order)  # a worker that died says nothing; here the reason comes out
        yield order


def _serve(waiting: queue.SimpleQueue[Order], done: queue.SimpleQueue[tuple[Order, bool]]) -> None:
    """Feeds one worker process until nothing is waiting."""
    command = [sys.executable, "-c", f"from {__name__} import work; work()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:  # noqa: S603 - us
        assert worker.stdin is not None
        assert worker.stdout is not None
        while True:
            try:
                order = waiting.get_nowait()
            except queue.Empty:
                break
            try:
                worker.stdin.write(order.model_dump_json() + "\n")
                worker.stdin.flush()
                answer = worker.stdout.readline()
            except OSError:
                answer = ""
            done.put((order, answer == "done\n"))
        with contextlib.suppress(OSError):
            worker.stdin.close()


def work() -> None:
    """The worker's side: one order a line, one answer a line."""
    for line in sys.stdin:
        film(Order.model_validate_json(line))
        sys.stdout.write("done\n")
        sys.stdout.flush()


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _clip_name(recipe: Recipe, shot: Shot, width: int, height: int) -> str:
    content = {
        "recipe": recipe.model_dump(mode="json", exclude={"task"}),
        "shot": shot.model_dump(mode="json"),
        "size": [width, height],
        "code": _code(mechanism_named(recipe.mechanism).module) + _code("microworldbench.violations"),
        "crf": CRF,
    }
    return digest_of(content)[:32]


def _truth_path(order: Order) -> Path:
    recipe = order.recipes[0]
    mechanism = mechanism_named(recipe.mechanism)
    content = {"scene": list(recipe.scene), "shot": order.shot.model_dump(mode="json"), "code": _code(mechanism.module)}
    return Path(order.folder) / f"{digest_of(content)[:32]}.json"


@cache
def _code(package: str) -> str:
    """sha256 over the source of a package, and of what all mechanisms share."""
    shared = [
        resources.files("microworldbench.simulators") / name for name in ("canvas.py", "mechanism.py", "truth.py")
    ]
    own = [file for file in resources.files(package).iterdir() if file.name.endswith((".py", ".yaml"))]
    files = sorted((*shared, *own), key=lambda file: file.name)
    return hashlib.sha256(json.dumps([[f.name, f.read_text("utf-8")] for f in files]).encode()).hexdigest()

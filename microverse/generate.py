"""Videos of an export: for prompts or a suite's tasks, on one GPU or several, never the same one twice.

Each video has a sidecar that says how it was made; together they are the ledger. The folder is one that
``mwb run --generator folder:FOLDER`` scores.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from microworldbench.errors import InputError, RunConflictError, RunStoppedError
from microworldbench.generation.request import GenerationRequest
from microworldbench.progress import Progress, Silent
from microworldbench.runs import RunFolder, now, package_versions, write_atomically
from microworldbench.video import write

from . import wan
from .config import BASE_MODEL
from .inference import MicroVerseSettings, kind_of_export, load
from .prompts import Prompt

EQUAL_FAULTS_IN_A_ROW = 3
"""So many equal faults in a row end the run: the next video would fail too."""


@dataclass(frozen=True)
class Counts:
    """What a call did.

    Attributes:
        made: Videos made now.
        kept: Videos that were there.
        failed: Videos that could not be made, with the reasons.
    """

    made: int
    kept: int
    failed: dict[str, str]


def settings_for(export: Path, given: dict[str, Any]) -> MicroVerseSettings:
    """The settings that load `export`, with the user's on top; its base is the one it was trained from.

    Raises:
        InputError: it is no export, or a setting is wrong.
    """
    from microworldbench.settings import validated

    kind = kind_of_export(export)
    values: dict[str, Any] = {"model" if kind == "pipeline" else kind: str(export)}
    if kind != "pipeline":
        values["model"] = _base(export if export.is_dir() else export.parent)
    return validated(MicroVerseSettings, {**values, **given}, owner="microverse")


def _base(folder: Path) -> str:
    try:
        told = json.loads((folder / "export.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return BASE_MODEL
    return str(told.get("base", BASE_MODEL)) if isinstance(told, dict) else BASE_MODEL


def weights_identity(export: Path) -> str:
    """What tells an export's weights from another's."""
    if export.is_dir():
        parts = ("transformer", "vae", "text_encoder") if (export / "transformer").is_dir() else (".",)
        return wan.fingerprint(export, *parts)
    with export.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def generate(
    export: Path,
    prompts: Sequence[Prompt],
    out: Path,
    settings: MicroVerseSettings,
    *,
    seeds: Sequence[int] = (0,),
    progress: Progress | None = None,
) -> Counts:
    """Makes the videos that are not there yet: ``out/<prompt id>/<seed>.mp4`` with a ``.json`` each.

    Args:
        export: What ``microverse export`` wrote.
        prompts: What to show.
        out: Where.
        settings: As `settings_for` makes them.
        seeds: Of each prompt.
        progress: Told about every video.

    Raises:
        RunConflictError: `out` holds a video that was made otherwise; names it.
        RunStoppedError: three equal faults in a row, or the disk is full.
    """
    progress = progress or Silent()
    how = {
        "weights": weights_identity(export),
        "settings": settings.model_dump(mode="json", exclude={"model", "lora", "transformer"}),
    }
    jobs = [(prompt, seed) for prompt in prompts for seed in seeds]
    todo = [job for job in jobs if not _is_there(out, *job, how)]
    progress.stage("generating", len(jobs), len(jobs) - len(todo))
    failed: dict[str, str] = {}
    if todo:
        generator = load(settings)
        last, row = "", 0
        for (prompt, seed), fault in _in_threads(generator, todo, out, how):
            progress.advance(failed=int(fault is not None))
            if fault is None:
                row = 0
                continue
            failed[f"{prompt.id}/{seed}"] = fault
            progress.note(f"{prompt.id} seed {seed}: {fault}")
            row, last = (row + 1 if fault == last else 1), fault
            if row >= EQUAL_FAULTS_IN_A_ROW:
                raise RunStoppedError(
                    f"{row} equal faults in a row: {fault}. What is made is kept; mend it, then give the same command"
                )
    return Counts(len(todo) - len(failed), len(jobs) - len(todo), failed)


def _is_there(out: Path, prompt: Prompt, seed: int, how: dict[str, Any]) -> bool:
    video, sidecar = paths(out, prompt, seed)
    if not (video.is_file() and sidecar.is_file()):
        return False
    try:
        told = json.loads(sidecar.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{sidecar} cannot be read ({error}); delete it and its video to make them again") from None
    wanted = {**how, "prompt": prompt.text, "seed": seed}
    held = told if isinstance(told, dict) else {}
    different = [name for name, value in wanted.items() if held.get(name) != value]
    if different:
        raise RunConflictError(
            f"{video} was made otherwise ({', '.join(different)} differ); choose another --out, or delete it to make "
            "it again"
        )
    return True


def paths(out: Path, prompt: Prompt, seed: int) -> tuple[Path, Path]:
    """A video and its sidecar."""
    return out / prompt.id / f"{seed}.mp4", out / prompt.id / f"{seed}.json"


def _in_threads(
    generator: Any, todo: Sequence[tuple[Prompt, int]], out: Path, how: dict[str, Any]
) -> Iterator[tuple[tuple[Prompt, int], str | None]]:
    """Yields each job when it is done, with what went wrong; as many at once as the generator takes."""
    if generator.max_concurrency == 1:  # in this thread, so that an interrupt reaches it at once
        yield from ((job, _make(generator, job, out, how)) for job in todo)
        return
    jobs = iter(todo)
    running: dict[Any, tuple[Prompt, int]] = {}
    pool = ThreadPoolExecutor(generator.max_concurrency, thread_name_prefix="generate")
    try:
        while True:
            for job in jobs:
                running[pool.submit(_make, generator, job, out, how)] = job
                if len(running) >= generator.max_concurrency:
                    break
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
    finally:
        if running:
            generator.stop()
        pool.shutdown(wait=False, cancel_futures=True)


def _make(generator: Any, job: tuple[Prompt, int], out: Path, how: dict[str, Any]) -> str | None:
    """Makes and stores one video; the reason where that fails.

    Raises:
        RunStoppedError: the disk is full, or the weights cannot be loaded.
    """
    prompt, seed = job
    video, sidecar = paths(out, prompt, seed)
    began = time.monotonic()
    try:
        made = generator.generate(GenerationRequest(task_id=prompt.id, prompt=prompt.text, seed=seed))
    except RunStoppedError:
        raise
    except Exception as error:  # noqa: BLE001 whatever a pipeline raises is recorded, and the status says so
        return f"{type(error).__name__}: {error}"
    with RunFolder(out).stopping(video):
        video.parent.mkdir(parents=True, exist_ok=True)
        write(video, made.video)
        record = {
            **how,
            "prompt": prompt.text,
            "seed": seed,
            "base": generator.settings.model,
            "changed": dict(made.changed),
            "sha256": hashlib.sha256(video.read_bytes()).hexdigest(),
            "frames": len(made.video),
            "fps": made.video.fps,
            "width": made.video.width,
            "height": made.video.height,
            "seconds": round(time.monotonic() - began, 3),
            "created": now(),
            "packages": package_versions(),
        }
        write_atomically(sidecar, json.dumps(record, indent=1, ensure_ascii=False).encode())
    return None

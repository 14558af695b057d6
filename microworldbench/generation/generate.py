"""The generating pass: asks for every video that is not there yet and stores what comes back."""

from __future__ import annotations

import hashlib
import inspect
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from ..chat.passing import run_to_end
from ..errors import GenerationError, InputError, RunStoppedError, VideoError
from ..progress import Progress, Silent
from ..results import Generation, StoredVideo
from ..rubric import Task
from ..runs import RunFolder, now
from ..suites.view import View
from .folders import VIDEO_SUFFIXES
from .request import GenerationRequest, Made, NamedGenerator

if TYPE_CHECKING:
    from ..video import VideoInfo

EQUAL_FAULTS_IN_A_ROW = 3
"""So many equal infrastructure faults in a row stop the run."""


def generate(
    run: RunFolder,
    view: View,
    generator: NamedGenerator,
    *,
    seeds: Sequence[int] = (0,),
    workers: int = 8,
    options: Mapping[str, Any] | None = None,
    copy_videos: bool = False,
    progress: Progress | None = None,
) -> None:
    """Makes the videos of `view` that `run` does not hold yet.

    A model's failure is recorded and never tried again (that would be best-of-K); an infrastructure fault is recorded
    as missing and tried again by the next call.

    Args:
        run: Open for writing.
        view: Whose tasks to generate.
        generator: Asked for one video a task and seed, `max_concurrency` at once and never more than `workers`.
        seeds: Seeds of each task.
        workers: Upper bound on requests in flight.
        options: ``duration_s``, ``fps``, ``width``, ``height`` of every request.
        copy_videos: Copy the user's own files into the run folder instead of referencing them.
        progress: Told about every finished video.

    Raises:
        RunStoppedError: three equal infrastructure faults in a row, or the disk is full.
    """
    progress = progress or Silent()
    known = run.generations()
    todo = [(t, s) for t in view.tasks for s in seeds if is_open(known.get((t.id, s)))]
    progress.stage("generating", len(view.tasks) * len(seeds), len(view.tasks) * len(seeds) - len(todo))
    faults = _Faults()
    if generator.keep_in is not None:
        generator.keep_in(run.path / "generator")
    size = max(1, min(workers, generator.max_concurrency))
    for record in _in_threads(run, view, generator, todo, size, options or {}, copy_videos):
        run.append(record)
        progress.advance(failed=int(record.status != "ok"))
        if record.status == "failed":
            progress.note(f"{record.task} seed {record.seed}: the model failed: {record.error}")
        faults.see(record, progress)


class _Faults:
    """Counts equal infrastructure faults in a row."""

    def __init__(self) -> None:
        self.last: str | None = None
        self.row = 0

    def see(self, record: Generation, progress: Progress) -> None:
        if record.status != "missing":
            self.last, self.row = None, 0
            return
        progress.note(f"{record.task} seed {record.seed}: {record.error}")
        error = (record.error or "").replace(record.task, "")
        self.row = self.row + 1 if error == self.last else 1
        self.last = error
        if self.row >= EQUAL_FAULTS_IN_A_ROW:
            raise RunStoppedError(
                f"{self.row} equal faults in a row while generating: {record.error}. "
                "No video is lost; mend the cause, then give the same command"
            )


def is_open(record: Generation | None) -> bool:
    """Whether a video is still to be made."""
    return record is None or record.status == "missing"


def _in_threads(
    run: RunFolder,
    view: View,
    generator: NamedGenerator,
    todo: Sequence[tuple[Task, int]],
    size: int,
    options: Mapping[str, Any],
    copy_videos: bool,
) -> Iterator[Generation]:
    """Yields finished generations; at most `size` requests are in flight and none is queued ahead."""
    requests = (
        GenerationRequest(task_id=task.id, prompt=view.prompt_of(task), seed=seed, **options) for task, seed in todo
    )
    if size == 1:  # in this thread, so that an interrupt reaches the generator at once
        yield from (make(run, generator, request, copy_videos) for request in requests)
        return
    pending: set[Future[Generation]] = set()
    pool = ThreadPoolExecutor(max_workers=size, thread_name_prefix="generate")
    try:
        while True:
            for request in requests:
                pending.add(pool.submit(make, run, generator, request, copy_videos))
                if len(pending) >= size:
                    break
            if not pending:
                return
            finished, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in finished:
                yield future.result()
    finally:
        if pending and generator.stop is not None:
            generator.stop()  # else the process would wait for requests whose videos nobody takes any more
        pool.shutdown(wait=False, cancel_futures=True)


def make(run: RunFolder, generator: NamedGenerator, request: GenerationRequest, copy_videos: bool) -> Generation:
    """One request: calls the generator and stores its video.

    Returns:
        The record, whatever happened.

    Raises:
        RunStoppedError: the video cannot be written because the disk is full.
    """
    began = time.monotonic()
    record: dict[str, Any] = {
        "task": request.task_id,
        "seed": request.seed,
        "prompt_sha256": hashlib.sha256(request.prompt.encode("utf-8", "surrogatepass")).hexdigest(),
        "request": request.model_dump(mode="json", exclude={"task_id", "seed", "prompt"}, exclude_none=True),
        "created": now(),
    }
    try:
        made = ask(generator, request)
        video = store(run, request, made.video, copy=copy_videos or not generator.references_files)
    except GenerationError as error:
        return Generation(**record, status="failed", error_kind=error.kind, error=_sentence(error))
    except RunStoppedError:
        raise
    except Exception as error:  # noqa: BLE001 a generator may raise anything; it is recorded and counted
        kind = type(error).__name__
        return Generation(**record, status="missing", error_kind=kind, error=f"{kind}: {_sentence(error)}")
    latency_s = round(time.monotonic() - began, 6)
    return Generation(
        **record, status="ok", video=video, latency_s=latency_s, changed={**made.changed, **differences(request, video)}
    )


def ask(generator: NamedGenerator, request: GenerationRequest) -> Made:
    """What the generator makes of `request`; a coroutine is awaited, inside a running event loop too.

    Raises:
        whatever the generator raises.
    """
    output = generator.call(request)
    if inspect.isawaitable(output):
        output = run_to_end(lambda: output)
    return output if isinstance(output, Made) else Made(output)


def store(run: RunFolder, request: GenerationRequest, output: object, *, copy: bool) -> StoredVideo:
    """Stores what a generator returned, under a name made of the task's id and the seed only.

    Raises:
        GenerationError: the generator returned None.
        InputError: the output is not a video, a path or ``(frames, fps)``.
        VideoError: the file cannot be read.
        RunStoppedError: the disk is full.
    """
    from .. import video as media

    if output is None:
        raise GenerationError("the generator returned None", kind="empty")
    if isinstance(output, str | Path):
        source = Path(output)
        if not source.is_file():
            raise VideoError(f"the generator returned {str(source)!r}, which is not a file")
        if not copy:
            return _described(source, str(source.resolve()))
        target = run.path / "videos" / request.task_id / f"{request.seed}{_suffix(source)}"
        with run.stopping(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.with_name(f".{target.name}.tmp")
            shutil.copyfile(source, temporary)
            temporary.replace(target)
    else:
        frames = as_video(output)
        target = run.path / "videos" / request.task_id / f"{request.seed}.mp4"
        with run.stopping(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        try:
            media.write(target, frames)
        except VideoError as error:
            if isinstance(error.__cause__, OSError):
                with run.stopping(target):
                    raise error.__cause__ from None
            raise
    return _described(target, target.relative_to(run.path).as_posix())


def as_video(output: object) -> Any:
    """What a generator returned, other than a path, as a `Video`.

    Raises:
        InputError: it is nothing of the kind, or has no frame rate.
    """
    from ..video import Video

    if isinstance(output, Video):
        return output
    if isinstance(output, tuple) and len(output) == 2:
        return Video.from_frames(output[0], output[1])
    if hasattr(output, "frames") and hasattr(output, "fps"):
        return Video.from_frames(output.frames, output.fps)
    raise InputError(
        f"a generator returns a Video, a path, or (frames, fps), got {type(output).__name__}; "
        "frames alone do not say how fast they play"
    )


def _described(path: Path, shown_as: str) -> StoredVideo:
    from ..video import probe

    info = probe(path)
    with path.open("rb") as data:
        digest = hashlib.file_digest(data, "sha256").hexdigest()
    return StoredVideo(
        path=shown_as,
        sha256=digest,
        width=info.width,
        height=info.height,
        fps=round(info.fps, 6),
        frames=info.frames,
        duration_s=round(info.duration_s, 6),
    )


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    return suffix if suffix in VIDEO_SUFFIXES else ".mp4"


def differences(request: GenerationRequest, video: StoredVideo | VideoInfo) -> dict[str, JsonValue]:
    """Where the video differs from the request."""
    changed: dict[str, JsonValue] = {}
    for part, tolerance in (("width", 0), ("height", 0), ("fps", 0.01), ("duration_s", 0.1)):
        wanted, made = getattr(request, part), getattr(video, part)
        if wanted is not None and abs(wanted - made) > tolerance:
            changed[part] = made
    return changed


def _sentence(error: Exception) -> str:
    return str(error).encode("utf-8", "replace").decode("utf-8")[:2000] or type(error).__name__

"""`bundle`: a run folder as one archive, named by its content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from ..certificate import FILE as CERTIFICATE
from ..errors import InputError
from ..logbook import refuse_special
from ..recount import LABELS
from ..report import Report
from ..results import Generation, StoredVideo
from ..runs import RunFolder
from .archive import Index, Member, chunks_of, write_archive

WHOLE = ("manifest.json", "suite.json", "calls.jsonl", "verdicts.jsonl", LABELS, CERTIFICATE)
"""Files that go into a bundle as they are."""

FILES = (*WHOLE, "generations.jsonl", "report.json")
"""Everything but the videos."""

Content = bytes | Path


def bundle(run: str | os.PathLike[str], out: str | os.PathLike[str] | None = None, *, videos: bool = True) -> Path:
    """Makes one archive of a run: everything that its numbers rest on, the report recomputed, and its videos.

    The same run gives the same bytes on every machine. Videos outside the run folder are taken in by their sha256, and
    the archive names no path of this machine.

    Args:
        run: The run folder.
        out: The archive; by default ``<folder>-<first 12 digits of its id>.tar`` in the working directory.
        videos: False leaves the videos out; their sha256 stay.

    Returns:
        The archive's path.

    Raises:
        InputError: it is not a graded run, a video is not the one that was recorded, or `out` cannot be written.
    """
    folder = RunFolder.read(run)
    contents = dict(sorted(evidence(folder, videos=videos).items()))
    index = Index(files=tuple(_member(path, content) for path, content in contents.items()))
    _refuse_other_videos(index, folder)
    target = Path(out) if out is not None else Path(f"{folder.path.resolve().name}-{index.id[:12]}.tar")
    refuse_special(target)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            write_archive(file, index, zip(index.files, map(_chunks, contents.values()), strict=True))
        unfinished.replace(target)
    except OSError as error:
        raise InputError(f"cannot write {target}: {error.strerror or error}") from None
    finally:
        unfinished.unlink(missing_ok=True)
    return target


def evidence(run: RunFolder, *, videos: bool) -> dict[str, Content]:
    """What a run's numbers rest on, by path: its logs as they are, the report computed again, and its videos.

    Generations name their videos by a path inside; no path of this machine is among them.

    Raises:
        InputError: it is not a graded run, a log is a link, or a video is not there.
    """
    contents: dict[str, Content] = {}
    for name in WHOLE:
        if (run.path / name).is_symlink():
            raise InputError(f"{run.path / name} is a link; a bundle takes in the run's own files only")
        if (run.path / name).is_file():
            contents[name] = run.path / name
    contents["report.json"] = Report.from_run(run.path).to_json().encode()
    generations = []
    for made in run.generations().values():
        source = None if made.video is None else run.path / made.video.path  # an absolute path stays what it is
        made = made if made.video is None else _moved(made, made.video)  # noqa: PLW2901
        generations.append(made)
        if videos and made.video is not None and source is not None:
            if not source.is_file():
                raise InputError(
                    f"the video of task {made.task!r}, seed {made.seed}, is not there ({source}); put it back, or "
                    "leave the videos out with --no-videos"
                )
            contents[made.video.path] = source
    contents["generations.jsonl"] = "".join(made.model_dump_json() + "\n" for made in generations).encode()
    return contents


def _moved(made: Generation, video: StoredVideo) -> Generation:
    """A generation with its video where it lies in the bundle."""
    inside = PurePosixPath(video.path)
    if inside.parts[:1] == ("videos",) and ".." not in inside.parts:
        return made
    suffix = inside.suffix.lower()
    path = f"videos/{video.sha256}{suffix if suffix[1:].isalnum() and suffix.isascii() else ''}"
    return made.model_copy(update={"video": video.model_copy(update={"path": path})})


def _refuse_other_videos(index: Index, run: RunFolder) -> None:
    """No file but the recorded one goes into a bundle, whatever a record names as its path."""
    found = {member.path: member.sha256 for member in index.files}
    for made in run.generations().values():
        video = None if made.video is None else _moved(made, made.video).video
        if video is not None and found.get(video.path, video.sha256) != video.sha256:
            raise InputError(
                f"the video of task {made.task!r}, seed {made.seed}, is not the one that was judged (its sha256 "
                "differs); a bundle of it would not verify"
            )


def _member(path: str, content: Content) -> Member:
    digest, size = hashlib.sha256(), 0
    for chunk in _chunks(content):
        digest.update(chunk)
        size += len(chunk)
    return Member(path=path, bytes=size, sha256=digest.hexdigest())


def _chunks(content: Content) -> Iterable[bytes]:
    return [content] if isinstance(content, bytes) else chunks_of(content)

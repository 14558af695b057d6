"""`verify`: a bundle checked byte by byte and number by number, without a network."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..report import Report
from ..results import Generation
from ..runs import RunFolder
from .archive import Index, read_index, read_members
from .bundle import FILES
from .consistency import contradictions


@dataclass(frozen=True)
class Verification:
    """A bundle in which nothing was found to be wrong."""

    id: str
    """The bundle's name by content."""
    files: int
    bytes: int
    videos: int
    """Videos it holds; each is the one that was judged."""
    absent_videos: int
    """Videos that were left out."""
    report: Report
    """Computed again from its verdicts."""


def verify(file: str | os.PathLike[str], extract: str | os.PathLike[str] | None = None) -> Verification:
    """Checks a bundle: every byte against its index, every number against the verdicts, every verdict against its call.

    Nothing is written outside a temporary folder and `extract`, whatever the archive says.

    Args:
        file: The bundle.
        extract: A folder to unpack it into once it has passed; it must not exist yet.

    Raises:
        InputError: it is no bundle, is damaged or contradicts itself, or `extract` cannot be written.
    """
    path, target = Path(file), None if extract is None else Path(extract)
    if target is not None and target.exists():
        raise InputError(f"{str(target)!r} exists already; choose another folder to unpack into")
    if path.is_dir():
        raise InputError(f"{str(path)!r} is a folder; 'mwb bundle' makes an archive of a run folder")
    beside = None if target is None else target.resolve().parent
    try:
        with tempfile.TemporaryDirectory(prefix=".mwb-verify-", dir=beside) as made:
            folder = Path(made) / "run"
            folder.mkdir()
            index = _unpack(path, folder, with_videos=target is not None)
            run, generations = _checked(path, folder, index)
            if target is not None:
                folder.rename(target)
            card = run.scorecard
    except OSError as error:
        into = "" if target is None else f" into {str(target)!r}"
        raise InputError(f"cannot unpack {path}{into}: {error.strerror or error}") from None
    held = {member.path for member in index.files}
    recorded = [made.video.path for made in generations if made.video is not None]
    return Verification(
        id=index.id,
        files=len(index.files),
        bytes=index.archive_bytes,
        videos=len(held.difference(FILES)),
        absent_videos=sum(video not in held for video in recorded),
        report=Report(card, target),
    )


def _unpack(path: Path, folder: Path, *, with_videos: bool) -> Index:
    """Reads the whole archive and writes its files below `folder`; videos are only hashed unless they are wanted."""
    try:
        opened = path.open("rb")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    with opened as source:
        index = read_index(source, str(path))
        if strangers := [m.path for m in index.files if m.path not in FILES and not m.path.startswith("videos/")]:
            raise InputError(f"{path} holds {strangers[0]!r}, which is no part of a run")
        for member, chunks in read_members(source, index, path.stat().st_size, str(path)):
            if member.path in FILES or with_videos:
                target = folder / member.path
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file:
                    file.writelines(chunks)
            else:
                for _ in chunks:
                    pass
    return index


def _checked(path: Path, folder: Path, index: Index) -> tuple[Report, list[Generation]]:
    if not (folder / "manifest.json").is_file():
        raise InputError(f"{path} holds no run: there is no manifest.json in it")
    run = RunFolder.read(folder)
    generations = list(run.generations().values())
    sums = {member.path: member.sha256 for member in index.files}
    wrong = [*_other_videos(generations, sums), *contradictions(run)]
    if wrong:
        raise InputError("\n".join([f"{path} contradicts itself:", *(f"  {said}" for said in wrong)]))
    return Report.load(folder), generations


def _other_videos(generations: Iterable[Generation], sums: Mapping[str, str]) -> Iterator[str]:
    for made in generations:
        if made.video is not None and sums.get(made.video.path, made.video.sha256) != made.video.sha256:
            yield f"task {made.task!r}, seed {made.seed}: the video in the bundle is not the one that was judged"

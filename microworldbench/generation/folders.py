"""Videos that are there already: a folder of files as a generator."""

from __future__ import annotations

import os
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from ..errors import GenerationError, InputError, VideoError
from ..suites.released import task_id
from .request import GenerationRequest

VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".gif"})

LISTED = 20
"""Entries of one kind that `FolderScan.describe` names one by one."""

Key = tuple[str, int]
"""Task id and seed."""


@dataclass(frozen=True)
class FolderScan:
    """What a folder holds for the wanted tasks and seeds."""

    folder: Path
    videos: Mapping[Key, Path]
    """The one file of each task and seed; pairs in `duplicates` are left out."""
    missing: Sequence[Key]
    """Wanted pairs without a file, in the order of tasks and seeds."""
    extra: Sequence[Path]
    """Video files that belong to no wanted pair."""
    duplicates: Mapping[Key, Sequence[Path]]
    """Pairs with several files: ``1.mp4`` beside ``01.mov``, or two layouts at once."""
    unreadable: Mapping[Path, str]
    """Why a file of `videos` cannot be decoded; empty unless the scan decoded."""

    @property
    def lacking(self) -> list[Key]:
        """Pairs without a readable video: missing ones, then unreadable ones."""
        return [*self.missing, *(key for key, path in self.videos.items() if path in self.unreadable)]

    def describe(self) -> list[str]:
        """Lines for humans: every kind of trouble, long lists cut short. Empty where all is well."""
        return [
            *_cut("duplicate", (f"{_pair(key)}: {self._names(paths)}" for key, paths in self.duplicates.items())),
            *_cut("missing", map(_pair, self.missing)),
            *_cut("unreadable", (f"{self._names([path])}: {why}" for path, why in self.unreadable.items())),
            *_cut("extra", (self._names([path]) for path in self.extra)),
        ]

    def _names(self, paths: Iterable[Path]) -> str:
        return ", ".join(_shown(path.relative_to(self.folder)) for path in paths)


class FolderGenerator:
    """Hands out the user's own files; they are referenced, not copied.

    Args:
        path: A folder in one of the layouts `scan_folder` reads.
        name: What tables call it; the folder's name unless given.

    Raises:
        InputError: `path` is not a folder that can be read.
    """

    references_files = True
    max_concurrency = 8

    def __init__(self, path: str | os.PathLike[str], name: str | None = None) -> None:
        self.path = Path(path)
        self.name = name or _shown(Path(self.path.resolve().name)) or "folder"
        self.settings: dict[str, JsonValue] = {}
        self._lock = threading.Lock()
        self._files = _files(self.path)

    def __call__(self, request: GenerationRequest) -> Path:
        """The file of the request's task and seed.

        Raises:
            InputError: there is none, or more than one.
        """
        scan = self._scan(request)
        if scan.missing:  # it may have been added since
            with self._lock:
                self._files = _files(self.path)
            scan = self._scan(request)
        key = (request.task_id, request.seed)
        if key in scan.videos:
            return scan.videos[key]
        if key in scan.duplicates:
            raise InputError(f"{_shown(self.path)}: more than one video: {'; '.join(scan.describe())}")
        raise InputError(f"{_shown(self.path)}: no video for task {key[0]!r}, seed {key[1]}")

    def failing(self, scan: FolderScan) -> Callable[[GenerationRequest], Path]:
        """The same folder, where a pair without a readable video is a failure of the model (``--missing fail``)."""
        lacking = dict.fromkeys(scan.missing, "there is no video")
        for key, path in scan.videos.items():
            if path in scan.unreadable:
                lacking[key] = f"its video cannot be read: {scan.unreadable[path]}"

        def generate(request: GenerationRequest) -> Path:
            reason = lacking.get((request.task_id, request.seed))
            if reason is not None:
                raise GenerationError(f"task {request.task_id!r}, seed {request.seed}: {reason}", kind="empty")
            return self(request)

        return generate

    def _scan(self, request: GenerationRequest) -> FolderScan:
        return _sorted_out(self.path, self._files, [request.task_id], [request.seed])


def scan_folder(
    path: str | os.PathLike[str], task_ids: Iterable[str], seeds: Iterable[int], *, decode: bool = False
) -> FolderScan:
    """Finds the videos of tasks and seeds in a folder.

    Three layouts, which may not both name the same pair: ``<task id>.<ext>`` (seed 0), ``<task id>/<seed>.<ext>``, and
    that of the released videos, ``<number>.<ext>`` (task ``mwb-007`` is ``7``, ``07`` or ``007``; seed 0). Extensions:
    mp4, mov, mkv, webm, avi, m4v and gif in any case. Other and hidden files are ignored. A symbolic link counts as the
    file it points to, also outside the folder (download caches are built of links); folders below the second level
    are not looked into.

    Args:
        path: The folder.
        task_ids: Wanted tasks.
        seeds: Wanted seeds of each.
        decode: Also count the frames of each video and decode its first one, to find unreadable files.

    Raises:
        InputError: `path` is not a folder that can be read.
    """
    folder = Path(path)
    return _sorted_out(folder, _files(folder), list(task_ids), list(seeds), decode=decode)


@dataclass(frozen=True)
class _File:
    path: Path
    task: str
    """As the file or its folder is called: an id or a number."""
    seed: int | None


def _files(folder: Path) -> list[_File]:
    try:
        return sorted(_listed(folder), key=lambda file: os.fsencode(file.path))
    except FileNotFoundError:
        raise InputError(f"there is no folder {_shown(folder)!r}") from None
    except NotADirectoryError:
        raise InputError(f"{_shown(folder)!r} is not a folder; 'folder:' takes a folder of videos") from None
    except OSError as error:
        raise InputError(f"the folder {_shown(folder)!r} cannot be read: {error.strerror}") from None


def _listed(folder: Path) -> Iterator[_File]:
    for entry in os.scandir(folder):
        if entry.name.startswith("."):
            continue
        path = folder / entry.name
        if entry.is_dir():
            inner = [path / each.name for each in os.scandir(path) if not each.name.startswith(".")]
            yield from (_File(file, entry.name, _number(file.stem)) for file in inner if _is_video(file))
        elif _is_video(path):
            yield _File(path, path.stem, 0)


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES and not path.is_dir()


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def _sorted_out(
    folder: Path, files: Iterable[_File], task_ids: Sequence[str], seeds: Sequence[int], *, decode: bool = False
) -> FolderScan:
    wanted = {(task, seed): None for task in task_ids for seed in seeds}
    known = frozenset(task_ids)
    found: defaultdict[Key, list[Path]] = defaultdict(list)
    extra = []
    for file in files:
        task = _task_of(file.task, known)
        if task is not None and file.seed is not None and (task, file.seed) in wanted:
            found[task, file.seed].append(file.path)
        else:
            extra.append(file.path)
    videos = {key: found[key][0] for key in wanted if len(found.get(key, ())) == 1}
    return FolderScan(
        folder=folder,
        videos=videos,
        missing=[key for key in wanted if key not in found],
        extra=extra,
        duplicates={key: found[key] for key in wanted if len(found.get(key, ())) > 1},
        unreadable=_unreadable(videos.values()) if decode else {},
    )


def _task_of(name: str, known: frozenset[str]) -> str | None:
    """The task a file or folder is called after: by its id, else by its number in the released suite."""
    if name in known:
        return name
    number = _number(name)
    released = None if number is None else task_id(number)
    return released if released in known else None


def _unreadable(paths: Iterable[Path]) -> dict[Path, str]:
    from ..video import probe

    def trouble(path: Path) -> str | None:
        try:
            probe(path)
        except VideoError as error:
            return str(error).removeprefix(f"{_shown(path)}: ")
        return None

    paths = list(paths)
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1), thread_name_prefix="probe") as pool:
        return {path: why for path, why in zip(paths, pool.map(trouble, paths), strict=True) if why is not None}


def _cut(kind: str, entries: Iterable[str]) -> list[str]:
    lines = [f"{kind}: {entry}" for entry in entries]
    return lines if len(lines) <= LISTED else [*lines[:LISTED], f"{kind}: {len(lines) - LISTED} more"]


def _pair(key: Key) -> str:
    task, seed = key
    return f"task {task}, seed {seed}"


def _shown(path: Path) -> str:
    """A path as text that can be printed and stored even where its name is not UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")

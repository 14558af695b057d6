"""Sees which files this process opens for writing."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGING = frozenset({"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate"})
_guard = threading.Lock()
_watchers: list[list[Path]] = []
_installed = False


@contextmanager
def writes() -> Iterator[list[Path]]:
    """Collects the paths that Python code of this process writes to inside the block.

    Writes by compiled code that opens files itself are not seen; comparing folders before and after sees those.
    """
    global _installed  # noqa: PLW0603 an audit hook stays for the life of a process, so there is only ever one
    seen: list[Path] = []
    with _guard:
        if not _installed:
            sys.addaudithook(_watch)
            _installed = True
        _watchers.append(seen)
    try:
        yield seen
    finally:
        with _guard:
            _watchers.remove(seen)


def outside(paths: Iterable[Path], folder: Path) -> list[Path]:
    """Those of `paths` that lie neither in `folder` nor where programs keep temporary files and caches."""
    homes = [folder, Path(tempfile.gettempdir()), Path("/dev"), Path("/proc"), *_caches()]
    allowed = [home.resolve() for home in homes]
    found = {path for path in paths if path.suffix not in {".pyc", ".lock"} and path.parent.name != "__pycache__"}
    return sorted(path for path in found if not any(_lies_in(path, home) for home in allowed))


def _lies_in(path: Path, home: Path) -> bool:
    try:
        return path.resolve().is_relative_to(home)
    except OSError:
        return False


def _caches() -> list[Path]:
    named = ("HF_HOME", "HF_HUB_CACHE", "TORCH_HOME", "XDG_CACHE_HOME", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR")
    import platformdirs

    return [Path(os.environ[name]) for name in named if os.environ.get(name)] + [
        Path(platformdirs.user_cache_dir()),
        Path.home() / ".cache",
        Path.home() / ".triton",
    ]


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watchers:
        return
    if event == "open":
        path, mode, flags = arguments
        is_writing = any(c in str(mode) for c in "wax+") if mode is not None else bool(int(flags or 0) & _WRITING)
        if not is_writing:
            return
    elif event in _CHANGING:
        path = arguments[0]
    else:
        return
    if isinstance(path, str | bytes | os.PathLike):
        for seen in _watchers:
            seen.append(Path(os.path.abspath(os.fsdecode(path))))  # noqa: PTH100 resolve() would itself read files

"""Suites: reading them from YAML folders, the packaged ones and the published files, and selecting a view.

`resolve` turns a reference (``core``, ``released:PATH``, a folder) into a `Suite`; `View` selects a part of one;
`Snapshot` is what a run folder keeps of it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .folder import load_folder
    from .packaged import load_packaged, packaged_suites
    from .reference import resolve
    from .released import load_released
    from .snapshot import Snapshot, load_snapshot, snapshot
    from .view import View

_HOMES = {
    "Snapshot": "snapshot",
    "View": "view",
    "load_folder": "folder",
    "load_packaged": "packaged",
    "load_released": "released",
    "load_snapshot": "snapshot",
    "packaged_suites": "packaged",
    "resolve": "reference",
    "snapshot": "snapshot",
}

__all__ = [
    "Snapshot",
    "View",
    "load_folder",
    "load_packaged",
    "load_released",
    "load_snapshot",
    "packaged_suites",
    "resolve",
    "snapshot",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

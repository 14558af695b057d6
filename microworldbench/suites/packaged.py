"""The suites that travel with the library: in the wheel as ``_rubrics``, in a checkout as ``rubrics/``."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from ..errors import InputError, UnknownNameError
from ..rubric import Suite


def checkout_folder() -> Path | None:
    """``rubrics/`` of the checkout this package is imported from, or None for an installed wheel."""
    folder = Path(__file__).resolve().parents[2] / "rubrics"
    return folder if folder.is_dir() else None


def packaged_folder() -> Path:
    """The folder that holds the packaged suites, one folder each.

    Raises:
        InputError: The installation has lost it.
    """
    folder = Path(str(files("microworldbench") / "_rubrics"))
    if folder.is_dir():
        return folder
    found = checkout_folder()
    if found is None:
        raise InputError(f"no packaged suites in {folder.parent}; reinstall microworldbench")
    return found


def packaged_suites() -> dict[str, Path]:
    """Name and folder of every packaged suite, sorted by name."""
    home = packaged_folder()
    return {path.parent.name: path.parent for path in sorted(home.glob("*/suite.yaml"))}


def load_packaged(name: str) -> Suite:
    """The packaged suite `name`, e.g. ``core``.

    Raises:
        UnknownNameError: No packaged suite has that name.
        SuiteError: Its files are malformed.
    """
    from .folder import load_folder

    known = packaged_suites()
    if name not in known:
        raise UnknownNameError("suite", name, known, "'mwb suites list' shows what is packaged")
    return load_folder(known[name], shown=name)

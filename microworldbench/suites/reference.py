"""Turns what a user writes for a suite into a suite."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..errors import InputError, UnknownNameError
from ..rubric import Suite
from .packaged import load_packaged, packaged_suites

if TYPE_CHECKING:
    from .released import ReleasedSuite, Weights

RELEASED = "released"


@dataclass(frozen=True)
class OpenedSuite:
    """A suite and, where it was made of the published files, how."""

    suite: Suite
    released: ReleasedSuite | None = None


def resolve(reference: str, weights: str = "tiered", extra: Mapping[str, Callable[[], Suite]] | None = None) -> Suite:
    """The suite that `reference` names. See `open_suite`."""
    return open_suite(reference, weights, extra).suite


def open_suite(
    reference: str, weights: str = "tiered", extra: Mapping[str, Callable[[], Suite]] | None = None
) -> OpenedSuite:
    """Opens the suite that `reference` names.

    Args:
        reference: ``core`` or another packaged name, ``released`` (fetched before), ``released:PATH``, a folder, or
            one of `extra`. A packaged name wins over a folder of that name; ``./core`` is the folder.
        weights: Weight set of the published files; nothing else has several.
        extra: Further names, e.g. of plugins, and how each suite is loaded.

    Raises:
        UnknownNameError: Nothing is called that; names near matches.
        SuiteError: The suite is malformed.
        InputError: `weights` does not fit the suite, or the published files have not been fetched.
    """
    extra = extra or {}
    kind, _, place = reference.partition(":")
    if kind == RELEASED and reference not in extra:
        return _open_released(place, reference, weights)
    if weights != "tiered":
        raise InputError(f"weights {weights!r} exist for released suites only; {reference!r} has one set of weights")
    packaged = packaged_suites()
    if reference in packaged:
        return OpenedSuite(load_packaged(reference))
    if reference in extra:
        return OpenedSuite(extra[reference]())
    if _looks_like_a_path(reference):
        from .folder import load_folder

        return OpenedSuite(load_folder(reference))
    known = [*packaged, *extra, RELEASED]
    raise UnknownNameError("suite", reference, known, "'mwb suites list' shows them; a folder is written ./NAME")


def _open_released(place: str, reference: str, weights: str) -> OpenedSuite:
    from .released import load_released

    if reference == f"{RELEASED}:":
        raise InputError(
            "'released:' names no folder; write released:PATH, or 'mwb suites fetch released' and released"
        )
    if place:
        folder = Path(place)
    else:
        from .fetch import fetched_folder

        folder = fetched_folder()
    opened = load_released(folder, cast("Weights", weights))
    return OpenedSuite(opened.suite, opened)


def _looks_like_a_path(reference: str) -> bool:
    separators = [os.sep, *([os.altsep] if os.altsep else [])]
    return reference.startswith(".") or any(s in reference for s in separators) or Path(reference).is_dir()

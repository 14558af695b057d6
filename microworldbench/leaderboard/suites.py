"""Suites that submissions may have been run on: those installed, and earlier ones that maintainers keep.

An earlier suite lies in ``_suites/<digest>.json`` beside the submissions. Its name is its digest, so it proves itself;
rows of an older version stay checkable after the installed suite has moved on.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from ..errors import InputError
from ..logbook import first_problem
from ..plugins import registry
from ..references import resolve_suite
from ..rubric import Suite
from ..runs import write_atomically
from ..suites.packaged import packaged_suites
from ..suites.reference import RELEASED

KEPT = "_suites"
"""Where maintainers keep suites, in the folder of submissions."""


def find_suite(name: str, digest: str, submissions: Path) -> Suite | None:
    """The suite with that content; None where it is not at hand.

    Args:
        name: What a submission calls it. It is looked up among names, and never leads to a folder.
        digest: Of its content.
        submissions: The folder of submissions.

    Raises:
        InputError: a kept suite is damaged.
    """
    found = installed_suite(name)
    if found is not None and found.digest == digest:
        return found
    return next((kept for kept in _kept(submissions, digest) if kept.digest == digest), None)


def is_installed(name: str) -> bool:
    """Whether suites of that name are somebody's: nobody else's content may be called so."""
    return name in {*packaged_suites(), *registry().suites.specs, RELEASED}


def installed_suite(name: str) -> Suite | None:
    """The suite installed under that name."""
    try:
        return resolve_suite(name) if is_installed(name) else None
    except InputError:
        return None


def keep_suite(suite: Suite, submissions: Path) -> Path:
    """Keeps a suite beside the submissions made on it."""
    path = submissions / KEPT / f"{suite.digest}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (suite.model_dump_json(indent=1) + "\n").encode())
    return path


def _kept(submissions: Path, digest: str) -> Iterator[Suite]:
    file = submissions / KEPT / f"{digest}.json" if digest.isalnum() else None
    if file is None or not file.is_file():
        return
    try:
        found = Suite.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise InputError(f"{file} is damaged: {first_problem(error)}") from None
    if found.digest != digest:
        raise InputError(f"{file} is damaged: its content has another digest than its name")
    yield found

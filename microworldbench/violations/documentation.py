"""The pages of the documentation: one a mechanism, with its contact sheet and truth table, and an index."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..rubric import Task
from ..runs import write_atomically
from ..simulators.mechanism import Mechanism
from .elsewhere import strangers
from .pages import index, to_markdown
from .recipe import ELSEWHERE, FAITHFUL, Recipe, Scene, Shot, changed
from .registry import VIOLATIONS
from .sheet import Strip, contact_sheet
from .table import SEED, recipes, truth_table

if TYPE_CHECKING:
    from PIL.Image import Image

WIDTH, HEIGHT = 416, 240
"""Of the drawn clips; frames of a sheet are reduced from it."""
QUALITY = 80
"""Of the JPEG files."""
SHOWN = "mitosis"
"""Whose clip is shown under every violation of finished clips: it has a beginning, an end and a dark surround."""


def write_page(folder: Path, mechanism: Mechanism, task: Task, among: Sequence[Mechanism], *, seed: int = SEED) -> Path:
    """Writes a mechanism's page and its contact sheet into `folder`; returns the page.

    Raises:
        InputError: `folder` cannot be written to.
    """
    picture = folder / "images" / "controls" / f"{mechanism.name}.jpg"
    _store(picture, _jpeg(mechanism_sheet(mechanism, among, seed)))
    page = folder / "reference" / "controls" / f"{mechanism.name}.md"
    table = truth_table(mechanism, task, among, seed=seed)
    _store(page, to_markdown(table, f"../../images/controls/{picture.name}").encode())
    return page


def write_index(folder: Path, mechanisms: Sequence[Mechanism], titles: dict[str, str], *, seed: int = SEED) -> Path:
    """Writes the page that leads to the others, and the sheet of the violations of finished clips.

    Raises:
        InputError: `folder` cannot be written to.
    """
    shown = next((m for m in mechanisms if m.name == SHOWN), mechanisms[0])
    _store(folder / "images" / "controls" / "violations.jpg", _jpeg(violations_sheet(shown, mechanisms, seed)))
    page = folder / "reference" / "controls" / "index.md"
    _store(page, index(mechanisms, titles).encode())
    return page


def mechanism_sheet(mechanism: Mechanism, among: Sequence[Mechanism], seed: int = SEED) -> Image:
    """The faithful clip and every violation of the mechanism itself."""
    strips = []
    for recipe in recipes(mechanism, among, seed):
        if not recipe.steps:
            note = "" if recipe.broken is None else mechanism.violations[recipe.broken]
            strips.append(Strip(recipe.label, note, Scene.of(recipe).frames(WIDTH, HEIGHT)))
    return contact_sheet(f"{mechanism.name} ({mechanism.level.value})", strips)


def violations_sheet(mechanism: Mechanism, among: Sequence[Mechanism], seed: int = SEED) -> Image:
    """One mechanism's clip under every violation of finished clips, at its strong end."""
    shot, faithful = Shot(), Scene.of(Recipe(mechanism=mechanism.name, seed=seed)).frames(WIDTH, HEIGHT)
    strips = [Strip(FAITHFUL, f"for comparison: {mechanism.name}", faithful)]
    for recipe in recipes(mechanism, among, seed):
        if not recipe.steps:
            continue
        violation = VIOLATIONS[recipe.label]
        if violation.name in ELSEWHERE:
            other = strangers(mechanism, among)[violation.name]
            frames = Scene.of(Recipe(mechanism=other.name, seed=seed)).frames(WIDTH, HEIGHT)
            strips.append(Strip(violation.name, f"{violation.summary}: {other.name}", frames))
        else:
            strips.append(Strip(violation.name, violation.described(), changed(faithful, recipe, shot.fps)))
    return contact_sheet("Violations of finished clips", strips)


def _jpeg(sheet: Image) -> bytes:
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return buffer.getvalue()


def _store(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from None

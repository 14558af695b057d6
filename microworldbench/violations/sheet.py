"""Contact sheets: a row of frames in time for every clip, with its name above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..simulators.canvas import Frames

PAPER, INK, QUIET = (250, 250, 247), (28, 34, 38), (96, 105, 114)
COLUMNS, WIDTH = 5, 216
"""Frames a row, and the pixels of one."""
GAP = 6
"""Pixels between frames."""
MARGIN = 14
CAPTION = 36
"""Height of the line above a row."""
TITLE = 54


@dataclass(frozen=True)
class Strip:
    """One row of a sheet."""

    name: str
    """What the clip is called."""
    note: str
    """What goes wrong in it."""
    frames: Frames
    """The whole clip; frames are chosen at even distances, the first and the last among them."""


def contact_sheet(title: str, strips: Sequence[Strip]) -> Image:
    """Draws a sheet.

    Args:
        title: Above everything.
        strips: From top to bottom.
    """
    from PIL import Image, ImageDraw, ImageFont

    heights = [round(WIDTH * strip.frames.shape[1] / strip.frames.shape[2]) for strip in strips]
    whole = 2 * MARGIN + COLUMNS * WIDTH + (COLUMNS - 1) * GAP
    sheet = Image.new("RGB", (whole, TITLE + MARGIN + sum(h + CAPTION for h in heights)), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, TITLE / 2 + 4), title, INK, font=ImageFont.load_default(24), anchor="lm")
    name_font, note_font = ImageFont.load_default(16), ImageFont.load_default(14)
    top = TITLE
    for strip, height in zip(strips, heights, strict=True):
        line = top + CAPTION / 2 + 2
        draw.text((MARGIN, line), strip.name, INK, font=name_font, anchor="lm")
        draw.text((MARGIN + draw.textlength(strip.name, name_font) + 12, line), strip.note, QUIET, note_font, "lm")
        chosen = np.linspace(0, len(strip.frames) - 1, COLUMNS).round().astype(int)
        for column, index in enumerate(chosen):
            frame = Image.fromarray(strip.frames[index]).resize((WIDTH, height), Image.Resampling.LANCZOS)
            sheet.paste(frame, (MARGIN + column * (WIDTH + GAP), top + CAPTION))
        top += height + CAPTION
    return sheet

"""Figures as SVG: self-contained, labelled for screen readers, without scripts, links or outside resources."""

from __future__ import annotations

import hashlib
from html import escape as escape_xml
from pathlib import Path

from ..errors import InputError
from .wording import plain

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
LONGEST_LABEL = 40
HEAD = 'font-size="15" font-weight="600"'
"""Attributes of a heading."""
NOTE = 'font-size="12" fill="#4d545c"'
"""Attributes of small print."""


def text_of(label: str, longest: int = LONGEST_LABEL) -> str:
    """`label` as XML text or attribute: one harmless line, cut to `longest` characters."""
    cleaned = plain(label)
    cleaned = "".join(c for c in cleaned if c not in "\ufffe\uffff")  # no XML characters
    return escape_xml(cleaned if len(cleaned) <= longest else cleaned[: longest - 1] + "…", quote=True)


def label_width(label: str) -> float:
    """About how wide a label of 13 px is, in px."""
    return 7.4 * min(len(plain(label)), LONGEST_LABEL)


def write(x: float, y: float, content: str, *, anchor: str = "start", extra: str = "") -> str:
    """A line of text at (x, y), `content` being finished XML."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{" " + extra if extra else ""}>{content}</text>'


def ink_on(red: int, green: int, blue: int) -> str:
    """Black or white, whichever stands out more on a colour (WCAG relative luminance)."""
    parts = [c / 255 for c in (red, green, blue)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#fff" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.062 else "#1a1d21"


def drawing(width: float, height: float, title: str, description: str, body: list[str]) -> str:
    """A whole SVG document, which may also stand inside a page: no style sheet, and ids of its own.

    Args:
        width: In px.
        height: In px.
        title: What it is.
        description: What it shows, for who cannot see it.
        body: Finished elements.
    """
    own = hashlib.sha256(f"{title}\n{description}".encode("utf-8", "replace")).hexdigest()[:8]
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="t-{own} d-{own}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'font-family="{FONT}" font-size="13" fill="#1a1d21">'
    )
    return "\n".join(
        [
            opening,
            f'<title id="t-{own}">{text_of(title, 200)}</title>',
            f'<desc id="d-{own}">{text_of(description, 100_000)}</desc>',
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="#fff"/>',
            *body,
            "</svg>",
            "",
        ]
    )


def save_svg(figure: str, path: str | Path) -> Path:
    """Writes a figure.

    Raises:
        InputError: `path` cannot be written.
    """
    target = Path(path)
    try:
        target.write_text(figure, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {target}: {error.strerror or error}") from error
    return target

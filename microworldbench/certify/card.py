"""A certificate as one HTML card that needs nothing else, in the looks of the report pages."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from pathlib import Path

from ..certificate import Certificate
from ..errors import InputError
from ..rendering.templating import asset
from ..rendering.wording import UNKNOWN, plain
from ..runs import write_atomically
from .pages import findings, flag_lines, headline, identities, tables


def write_card(path: Path, found: Certificate) -> Path:
    """Writes the card.

    Raises:
        InputError: `path` cannot be written.
    """
    try:
        write_atomically(path, to_html(found).encode())
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from None
    return path


def to_html(found: Certificate) -> str:
    """The card. Its content security policy allows its one style sheet and nothing else."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def cleaned(value: object) -> object:
        return plain(value, lines=True) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        loader=PackageLoader("microworldbench.certify", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=cleaned,
    )
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return environment.get_template("card.html").render(
        card=found,
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        style=Markup(style),  # noqa: S704 - our own style sheet
        headline=headline(found, str),
        flags=flag_lines(found),
        findings=list(findings(found)),
        tables=list(tables(found, str)),
        identities=identities(found, str),
        balanced=_percent(found.overall.balanced_accuracy),
        interval=found.overall.ci95.get("balanced_accuracy"),
        percent=_percent,
    )


def _percent(value: float | None) -> str:
    return UNKNOWN if value is None else f"{100 * value:.0f}"


def _style() -> str:
    """The report pages' theme and style sheet, and what a card has of its own."""
    own = (resources.files(__package__) / "card.css").read_text("utf-8")
    return "\n".join((asset("theme.css"), asset("report.css"), own.strip()))

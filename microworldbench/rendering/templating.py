"""Pages made of templates: foreign text is cleaned and escaped on its way, whatever a template forgets."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from importlib import resources
from typing import TYPE_CHECKING, Any

from ..rubric import Dimension, Level
from . import wording

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_MINUS = re.compile(r"(?<![\w-])-(?=\d)")


def environment(package: str) -> Environment:
    """Templates of `package` (its folder ``templates``). Every text is cleaned by `wording.plain`, then escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def cleaned(value: object) -> object:
        return wording.plain(value, lines=True) if isinstance(value, str) and not isinstance(value, Markup) else value

    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=cleaned,
    )


def score_environment(package: str) -> Environment:
    """The same for pages that show scores: numbers are written as everywhere, with a true minus sign."""
    made = environment(package)
    made.filters |= {
        "points": _typographic(wording.points),
        "signed": _typographic(wording.signed),
        "bounds": _typographic(wording.bounds),
        "interval": _typographic(wording.interval),
        "minus": _typographic(str),
        "count": wording.count,
        "dollars": wording.dollars,
        "percent": wording.percent,
        "seconds": lambda value: f"{value:.2f} s",
        "json": lambda value: json.dumps(value, ensure_ascii=False),
    }
    made.globals |= {
        "level_names": wording.LEVELS,
        "dimension_names": wording.DIMENSIONS,
        "levels": list(Level),
        "dimensions": list(Dimension),
    }
    return made


def asset(name: str, package: str = __package__) -> str:
    """A style sheet or script from the templates of `package`."""
    return (resources.files(package) / "templates" / name).read_text("utf-8").strip()


def trusted(text: str) -> Markup:
    """`text` of our own, to be written without escaping."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - only what ships with this package


def source_hash(text: str) -> str:
    """How a content security policy names the one inline style sheet or script that may stand on a page."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _typographic(written: Callable[[Any], str]) -> Callable[[Any], str]:
    """The same words with true minus signs, which are as wide as a digit; hyphens within names stay."""
    return lambda value: _MINUS.sub("−", written(value))

"""Pages made of templates: foreign text is cleaned and escaped on its way, whatever a template forgets."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from . import wording

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


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


def asset(name: str, package: str = __package__) -> str:
    """A style sheet or script from the templates of `package`."""
    return (resources.files(package) / "templates" / name).read_text("utf-8").strip()


def trusted(text: str) -> Markup:
    """`text` of our own, to be written without escaping."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - only what ships with this package

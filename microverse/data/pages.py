"""Pages about a curation: one style sheet, no script, no network."""

from __future__ import annotations

from typing import Any

from microworldbench.rendering.templating import asset, environment, source_hash, trusted
from microworldbench.rendering.wording import count, quantity


def rendered(template: str, *, sources: str, **values: Any) -> bytes:
    """A page made of one of our templates; texts are cleaned and escaped on their way.

    Args:
        template: Its file name.
        sources: Where images and videos may come from, as a content security policy says it.
        **values: What the template uses.
    """
    style = "\n".join((asset("theme.css"), asset("curation.css", __package__)))
    policy = f"default-src 'none'; style-src {source_hash(style)}; {sources}; base-uri 'none'; form-action 'none'"
    page = environment(__package__).get_template(template)
    text = page.render(style=trusted(style), policy=policy, count=count, quantity=quantity, **values)
    return text.encode("utf-8", "backslashreplace")

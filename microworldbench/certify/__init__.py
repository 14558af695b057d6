"""Judges tested against clips whose truth is known by construction.

```python
from microworldbench.certify import certify

found = certify("openai:gpt-5", "quick", max_cost=5)
found.overall.balanced_accuracy, found.flags, found.cannot_see
```
"""

from __future__ import annotations

from .battery import Battery, Clip, compose
from .certifying import Examination, carry_out, certificate_of, certify, default_out, examine
from .filming import Films
from .linking import Linking, describe, link, link_of, prepare_link
from .pages import to_markdown, to_text

__all__ = [
    "Battery",
    "Clip",
    "Examination",
    "Films",
    "Linking",
    "carry_out",
    "certificate_of",
    "certify",
    "compose",
    "default_out",
    "describe",
    "examine",
    "link",
    "link_of",
    "prepare_link",
    "to_markdown",
    "to_text",
]

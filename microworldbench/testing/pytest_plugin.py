"""A pytest plugin: ``--live-generators`` and a fixture that runs the kit.

Registered as the entry point ``microworldbench`` of the group ``pytest11``; it imports the kit only when used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conformance import Conformance


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds ``--live-generators``."""
    parser.getgroup("microworldbench").addoption(
        "--live-generators",
        action="store_true",
        help="let conformance checks load real models and call real services (this may cost money)",
    )


@pytest.fixture
def conforms(request: pytest.FixtureRequest) -> Callable[..., Conformance]:
    """`check_generator` that raises on failure; ``live`` is what ``--live-generators`` says unless it is passed."""
    from .conformance import check_generator

    def check(spec: Any, *, live: bool | None = None, **options: Any) -> Conformance:
        asked = bool(request.config.getoption("--live-generators")) if live is None else live
        found = check_generator(spec, asked, **options)
        found.raise_if_failed()
        return found

    return check

"""A scripted judge on a real socket, and an environment that names no other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

SERVERS = str(Path(__file__).parents[1] / "servers")
if SERVERS not in sys.path:
    sys.path.insert(0, SERVERS)  # tests import judge_server and asking by name

KEY = "sk-test-0123456789abcdef"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "MWB_PRICES", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def key() -> str:
    """The key calls are made with."""
    return KEY


@pytest.fixture
def serve() -> Iterator[Callable[..., Any]]:
    """Starts scripted judges that end with the test: ``server = serve("coin", faults={0: "429"})``."""
    from judge_server import JudgeServer

    with ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(JudgeServer(*args, **options))

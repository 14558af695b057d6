"""Video services on real sockets."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "servers"))

from encoding import encode
from videos_server import VideosServer


@pytest.fixture
def videos_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., VideosServer]]:
    """Starts servers that end with the test."""
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with ExitStack() as servers:

        def start(**script: Any) -> VideosServer:
            return servers.enter_context(VideosServer(encode, **script))

        yield start

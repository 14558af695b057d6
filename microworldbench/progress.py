"""What the library tells while it works; the console draws it, library code never prints."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives what happens during a run. Called from one thread at a time."""

    def stage(self, name: str, total: int, done: int = 0) -> None:
        """A stage begins (``generating``, ``judging``) with `total` steps, `done` of them from an earlier run."""

    def advance(self, *, failed: int = 0, cost_usd: float = 0.0) -> None:
        """One step is done; `failed` is 1 where it ended without a result."""

    def note(self, message: str) -> None:
        """Something the user should read."""

    def finish(self) -> None:
        """Nothing more will come."""


class Silent:
    """A `Progress` that shows nothing."""

    def stage(self, name: str, total: int, done: int = 0) -> None: ...

    def advance(self, *, failed: int = 0, cost_usd: float = 0.0) -> None: ...

    def note(self, message: str) -> None: ...

    def finish(self) -> None: ...

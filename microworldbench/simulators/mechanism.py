"""What a simulator is: a mechanism with parameters, a simulation, a drawing, and the ways to break it.

A `Mechanism` is light: its numerics are imported when `simulate`, `render` or `params` is first used, so the registry
can be listed without numpy's or scipy's cost.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

from pydantic import BaseModel, ConfigDict

from ..errors import UnknownNameError
from ..rubric import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .canvas import Frames
    from .truth import Truth


class Parameters(BaseModel):
    """Base of a mechanism's parameters: frozen, physical units in the names, ranges from the literature."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @classmethod
    def drawn(cls, seed: int) -> Self:
        """Parameters drawn from the literature ranges; the same for the same seed."""
        raise NotImplementedError(f"{cls.__name__} draws no parameters")


class Simulate(Protocol):
    """Runs a mechanism: parameters and seed in, a state of arrays in physical units over time out."""

    def __call__(self, params: Any, seed: int, duration_s: float, fps: float, violation: str | None = None) -> Any:
        """Simulates ``round(duration_s · fps)`` instants, at least one."""


class Tell(Protocol):
    """Tells what is true of a simulated clip."""

    def __call__(self, state: Any) -> Mapping[str, Truth]:
        """The truth of every criterion of the mechanism's core task, by criterion id."""


class Render(Protocol):
    """Draws a state as frames of shape (frames, height, width, 3)."""

    def __call__(self, state: Any, width: int, height: int) -> Frames:
        """Draws every instant of `state`; any size of at least 16 × 16 pixels, odd ones included."""


@dataclass(frozen=True)
class Mechanism:
    """A simulated mechanism and the named ways to break it."""

    name: str
    level: Level
    task_id: str
    """The core task whose prompt it answers."""
    summary: str
    module: str
    """Package with modules ``parameters`` (class `Params`), ``physics`` (`simulate`), ``drawing`` (`render`) and
    ``truth`` (`truth`)."""
    violations: dict[str, str] = field(default_factory=dict)
    """Name → what then goes wrong, in one line. A violation holds at any seed."""
    default_violation: str = ""
    """The most flagrant one."""

    @property
    def params(self) -> type[Parameters]:
        """The parameters' model."""
        return cast("type[Parameters]", self._load("parameters", "Params"))

    @property
    def simulate(self) -> Simulate:
        """The simulation."""
        return cast("Simulate", self._load("physics", "simulate"))

    @property
    def render(self) -> Render:
        """The drawing."""
        return cast("Render", self._load("drawing", "render"))

    @property
    def truth(self) -> Tell:
        """What is known of each criterion by construction."""
        return cast("Tell", self._load("truth", "truth"))

    def broken_by(self, violation: str) -> str | None:
        """The violation meant by a setting: ``faithful`` is None, ``default`` the most flagrant one.

        Raises:
            UnknownNameError: this mechanism has no such violation.
        """
        if violation == "faithful":
            return None
        if violation == "default":
            return self.default_violation
        if violation not in self.violations:
            raise UnknownNameError(f"violation of {self.name}", violation, self.violations)
        return violation

    def _load(self, module: str, attribute: str) -> object:
        return getattr(importlib.import_module(f"{self.module}.{module}"), attribute)


def instants(duration_s: float, fps: float) -> int:
    """Number of frames in a clip: at least one.

    Raises:
        ValueError: a duration or rate that is not positive.
    """
    if not (0 < duration_s < float("inf") and 0 < fps < float("inf")):
        raise ValueError(f"duration_s and fps must be positive, got {duration_s!r} and {fps!r}")
    return max(1, round(duration_s * fps))

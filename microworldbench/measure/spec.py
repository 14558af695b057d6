"""What a measurement is, and what it answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from .clip import Clip

T = TypeVar("T")
Value = float | int | str | None


class Params(BaseModel):
    """Base of a measurement's parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


@dataclass(frozen=True)
class Measured:
    """What was measured. `met` is None where the clip lies outside the measurement's valid range."""

    met: bool | None
    observation: str
    """The number, its threshold and its unit in one sentence; for None, what is missing."""
    values: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Numpy's scalars and numbers that are not finite must not reach a record.
        plain = {name: _plain(value) for name, value in self.values.items()}
        object.__setattr__(self, "values", plain)


def _plain(value: Any) -> Value:
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


@dataclass(frozen=True)
class MeasurementSpec:
    """A measurement by name. Its claim is in `summary`; a measurement of a fault is met where the fault is seen."""

    name: str
    summary: str
    params: type[Params]
    measure: Callable[[Clip, Any], Measured]
    fault: bool = False
    """True where the claim is a fault, as a penalty needs it."""


class Abstain(Exception):  # noqa: N818 (no error: it is how a gate says that a measurement does not apply)
    """Raised by a gate: the clip does not show what the measurement needs."""

    def __init__(self, reason: str, **values: Value) -> None:
        self.values = values
        super().__init__(reason)


def found(clip: Clip, key: str, find: Callable[[Clip], T]) -> T:
    """What `find` finds in a clip. It looks once; that it found nothing is kept as well.

    Raises:
        Abstain: what `find` raised.
    """

    def look() -> T | Abstain:
        try:
            return find(clip)
        except Abstain as reason:
            return reason

    kept = clip.keep(key, look)
    if isinstance(kept, Abstain):
        raise Abstain(str(kept), **kept.values)
    return kept


def decided(value: float, low: float, high: float, above: bool = True) -> bool | None:
    """A verdict with a band of doubt.

    Args:
        value: The measured number.
        low: Lower end of the band.
        high: Upper end of the band.
        above: Whether values above the band meet the claim, or those below it.

    Returns:
        None between `low` and `high`.
    """
    if low < value < high:
        return None
    return bool(value >= high) is above


def rounded(value: float, digits: int = 4) -> float | None:
    """`value` for a record; None where it is not finite."""
    return round(float(value), digits) if math.isfinite(value) else None

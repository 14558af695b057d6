"""A template adapter: describes its generator and imports nothing heavy."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from microworldbench.hookspecs import GeneratorSpec, hookimpl


class ExampleSettings(BaseModel):
    """What ``-g key=value`` accepts; every field has a default and stands in the run's manifest."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    speed: float = Field(default=1.0, ge=0, le=10)
    """How fast the colours drift, in picture widths a second."""


def load(settings: ExampleSettings) -> Any:
    """Called when the generator is used; heavy imports belong in here."""
    from .generator import DriftingColours

    return DriftingColours(settings)


@hookimpl
def microworldbench_generators() -> list[GeneratorSpec]:
    """What this package offers."""
    return [
        GeneratorSpec(
            name="example-colours",
            load=load,
            settings=ExampleSettings,
            summary="drifting colours: a template, not a model",
            license="Apache-2.0",
            needs=("numpy",),
        )
    ]

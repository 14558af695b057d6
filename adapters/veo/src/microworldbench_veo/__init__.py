"""Google's Veo for MicroWorldBench, through Vertex AI."""

from __future__ import annotations

from typing import Any

from microworldbench.hookspecs import GeneratorSpec, hookimpl

from .settings import VeoSettings

__all__ = ["microworldbench_generators"]


def load(settings: VeoSettings) -> Any:
    """Veo, by the id in the settings."""
    from .generator import Veo

    return Veo(settings)


@hookimpl
def microworldbench_generators() -> list[GeneratorSpec]:
    """Veo 3 and 3.1."""
    return [
        GeneratorSpec(
            name="veo3",
            load=load,
            settings=VeoSettings,
            summary="Veo 3.1 (or 3, where it is served) by Vertex AI",
            license="Google's terms of service",
            needs=("Vertex AI credentials, or its key in GOOGLE_API_KEY", "a paid account"),
            deterministic=False,
        )
    ]

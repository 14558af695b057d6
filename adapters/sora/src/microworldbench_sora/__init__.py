"""Sora for MicroWorldBench: OpenAI's service has ended, its wire form and its videos have not."""

from __future__ import annotations

from microworldbench.hookspecs import GeneratorSpec, hookimpl

from .generator import SoraSettings, load

__all__ = ["microworldbench_generators"]


@hookimpl
def microworldbench_generators() -> list[GeneratorSpec]:
    """Sora 2 on a server that still offers it."""
    return [
        GeneratorSpec(
            name="sora",
            load=load,
            settings=SoraSettings,
            summary="Sora 2 on a compatible server; OpenAI's own service ended on 2026-09-24",
            license="terms of the service that runs it",
            needs=("a server that speaks /v1/videos (base_urls)", "its key in OPENAI_API_KEY"),
            deterministic=False,
        )
    ]

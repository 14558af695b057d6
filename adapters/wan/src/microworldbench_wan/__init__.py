"""Wan2.1 and Wan2.2 text-to-video models for MicroWorldBench."""

from __future__ import annotations

from microworldbench.hookspecs import GeneratorSpec, hookimpl

from .generator import MODELS, loader

__all__ = ["microworldbench_generators"]


@hookimpl
def microworldbench_generators() -> list[GeneratorSpec]:
    """The four text-to-video models of Wan2.1 and Wan2.2."""
    return [
        GeneratorSpec(
            name=name,
            load=loader(name),
            settings=model.settings,
            summary=model.summary,
            license="Apache-2.0",
            needs=model.needs,
        )
        for name, model in MODELS.items()
    ]

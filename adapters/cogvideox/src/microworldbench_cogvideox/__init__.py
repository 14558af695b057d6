"""CogVideoX text-to-video models for MicroWorldBench."""

from __future__ import annotations

from microworldbench.hookspecs import GeneratorSpec, hookimpl

from .generator import CogVideoXSettings, SmallSettings, load_large, load_small

__all__ = ["microworldbench_generators"]


@hookimpl
def microworldbench_generators() -> list[GeneratorSpec]:
    """CogVideoX 5B and 2B."""
    return [
        GeneratorSpec(
            name="cogvideox-5b",
            load=load_large,
            settings=CogVideoXSettings,
            summary="CogVideoX 5B: 6 s at 720×480, 8 frames/s",
            license="CogVideoX License",
            needs=("1 GPU with 32 GB (16 GB with offload=model)", "21 GB of weights"),
        ),
        GeneratorSpec(
            name="cogvideox-2b",
            load=load_small,
            settings=SmallSettings,
            summary="CogVideoX 2B: 6 s at 720×480, 8 frames/s",
            license="Apache-2.0",
            needs=("1 GPU with 24 GB (12 GB with offload=model)", "14 GB of weights"),
        ),
    ]

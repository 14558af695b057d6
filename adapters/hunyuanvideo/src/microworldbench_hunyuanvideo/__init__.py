"""HunyuanVideo for MicroWorldBench."""

from __future__ import annotations

from microworldbench.hookspecs import GeneratorSpec, hookimpl

from .generator import HunyuanVideoSettings, load

__all__ = ["microworldbench_generators"]


@hookimpl
def microworldbench_generators() -> list[GeneratorSpec]:
    """HunyuanVideo 13B."""
    return [
        GeneratorSpec(
            name="hunyuanvideo",
            load=load,
            settings=HunyuanVideoSettings,
            summary="HunyuanVideo 13B: 5 s at 1280×720, 24 frames/s",
            license="Tencent Hunyuan Community License (not for use in the EU, the UK and South Korea)",
            needs=("1 GPU with 80 GB (60 GB with offload=model)", "42 GB of weights"),
        ),
    ]

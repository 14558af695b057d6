"""MicroVerse, fine-tuned from Wan2.1 T2V 1.3B, for MicroWorldBench."""

from __future__ import annotations

from microverse.inference import MicroVerseSettings, load
from microworldbench.hookspecs import GeneratorSpec, hookimpl

__all__ = ["microworldbench_generators"]


@hookimpl
def microworldbench_generators() -> list[GeneratorSpec]:
    """What the ``microverse`` package exports: full weights or LoRA."""
    return [
        GeneratorSpec(
            name="microverse-1.3b",
            load=load,
            settings=MicroVerseSettings,
            summary="MicroVerse 1.3B from your export (full weights or LoRA): 5 s at 832×480",
            license="Apache-2.0 for the base model; that of your weights",
            needs=("weights exported by 'microverse export'", "1 GPU with 24 GB (12 GB with offload=model)"),
        )
    ]

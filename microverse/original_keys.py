"""Names of Wan2.1's weights in its authors' files and in diffusers, both ways, for whole networks and for LoRA."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from microworldbench.errors import InputError

PREFIX = "diffusion_model."
"""Before the names of LoRA weights for the original network, as most tools write them."""

OUTSIDE = {
    "patch_embedding": "patch_embedding",
    "text_embedding.0": "condition_embedder.text_embedder.linear_1",
    "text_embedding.2": "condition_embedder.text_embedder.linear_2",
    "time_embedding.0": "condition_embedder.time_embedder.linear_1",
    "time_embedding.2": "condition_embedder.time_embedder.linear_2",
    "time_projection.1": "condition_embedder.time_proj",
    "head.head": "proj_out",
}
ATTENTION = {"q": "to_q", "k": "to_k", "v": "to_v", "o": "to_out.0", "norm_q": "norm_q", "norm_k": "norm_k"}
INSIDE = {
    **{f"self_attn.{theirs}": f"attn1.{ours}" for theirs, ours in ATTENTION.items()},
    **{f"cross_attn.{theirs}": f"attn2.{ours}" for theirs, ours in ATTENTION.items()},
    "norm3": "norm2",
    "ffn.0": "ffn.net.0.proj",
    "ffn.2": "ffn.net.2",
}
"""Of the modules of a block."""
TABLES = {"modulation": "scale_shift_table"}
BLOCK = re.compile(r"blocks\.(\d+)\.(.+)")
ENDING = re.compile(r"(.+?)\.(lora_A\.weight|lora_B\.weight|weight|bias)")


def to_original(names: Iterable[str]) -> dict[str, str]:
    """Original names by diffusers' names.

    Raises:
        InputError: a name is none of Wan2.1's.
    """
    inverse = [{ours: theirs for theirs, ours in names.items()} for names in (OUTSIDE, INSIDE, TABLES)]
    found = {name: _renamed(name, *inverse) for name in names}
    return {ours: "head.modulation" if theirs == "modulation" else theirs for ours, theirs in found.items()}


def to_diffusers(names: Iterable[str]) -> dict[str, str]:
    """Diffusers' names by original names.

    Raises:
        InputError: a name is none of Wan2.1's.
    """
    return {
        name: "scale_shift_table" if name == "head.modulation" else _renamed(name, OUTSIDE, INSIDE, TABLES)
        for name in names
    }


def renamed(weights: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The same weights under other names."""
    return {names[name]: value for name, value in weights.items()}


def _renamed(name: str, outside: Mapping[str, str], inside: Mapping[str, str], tables: Mapping[str, str]) -> str:
    block = BLOCK.fullmatch(name)
    place, rest = (f"blocks.{block[1]}.", block[2]) if block else ("", name)
    if rest in tables:
        return place + tables[rest]
    ending = ENDING.fullmatch(rest)
    modules = inside if block else outside
    if ending is None or ending[1] not in modules:
        raise InputError(f"{name!r} is no weight of Wan2.1's text-to-video network")
    return f"{place}{modules[ending[1]]}.{ending[2]}"

"""The named configurations, and how one is read: preset, then YAML file, then ``key=value``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from microworldbench.errors import InputError, UnknownNameError

from .config import RunConfig

SHEET = {"suite": "core", "tasks": ["mitosis", "vessel-clot", "vesicle-diffusion"]}
"""What the sample sheet shows unless told otherwise: a task a level."""

PRESETS: dict[str, dict[str, Any]] = {
    "paper-full": {"out": "runs/paper-full", "validation": SHEET},
    "paper-lora": {
        "out": "runs/paper-lora",
        "lora": {"rank": 32, "alpha": 32},
        "optimizer": {"lr": 1e-4},
        "validation": SHEET,
    },
    "released": {
        "out": "runs/released",
        "steps": 9601,
        "batch": 1,
        "batch_is": "per_process",
        "clip": {"fps": "native"},
        "text": {"dropout": 0.0},
        "sigma": {"density": "diffsynth"},
        "optimizer": {"clip_norm": None},
        "precision": {"weights": "bf16"},
        "validation": {**SHEET, "fps": 15.0},
    },
    "tiny": {
        "model": "tiny",
        "out": "runs/tiny",
        "steps": 200,
        "batch": 4,
        "clip": {"sizes": ["96x64"], "frames": [17]},
        "sigma": {"density": "wan"},
        "optimizer": {"lr": 1e-2, "schedule": "cosine"},
        "precision": {"compute": "fp32"},
        "parallel": {"micro_batch": 4},
        "checkpointing": {"mode": "none"},
        "save": {"every": 100},
        "validation": {"every": 100, "clips": 4, "bins": 4, "steps": 10, "guidance": 1.0, "flow_shift": 3.0},
    },
}
"""What each preset changes of the defaults, which are the paper's Table 4."""

SUMMARIES = {
    "paper-full": "all weights of Wan2.1 1.3B as in the paper's Table 4",
    "paper-lora": "the same with adapters of rank 32 at 1e-4, the values of the released README",
    "released": "what the released trainer does: bf16 weights, DiffSynth's noise levels, no caption dropout, 2 epochs",
    "tiny": "toy sizes for 'microverse make-tiny', minutes on a laptop",
}


def read_config(reference: str, overrides: Iterable[str] = ()) -> RunConfig:
    """The configuration named by a preset or a YAML file, with ``dotted.name=value`` overrides on top.

    Args:
        reference: A preset's name, or a YAML file; ``preset: NAME`` in the file says what it starts from.
        overrides: Values are read as YAML: ``optimizer.lr=2e-5``, ``lora=null``, ``clip.frames=[81,49]``.

    Raises:
        UnknownNameError: there is no such preset or setting.
        InputError: a value is wrong; names it.
    """
    if reference in PRESETS:
        values: dict[str, Any] = {"preset": reference}
    elif Path(reference).suffix.lower() in (".yaml", ".yml"):
        values = _from_file(Path(reference))
    else:
        raise UnknownNameError("preset", reference, PRESETS, "A configuration file ends in .yaml")
    preset = values.get("preset")
    if preset is not None and preset not in PRESETS:
        raise UnknownNameError("preset", str(preset), PRESETS)
    merged = _merged(PRESETS[preset], values) if preset else values
    for override in overrides:
        name, value = _parsed(override)
        merged = _merged(merged, _nested(name, value, merged))
    return validated_config(merged, reference)


def validated_config(values: Mapping[str, Any], source: str) -> RunConfig:
    """`values` as a configuration.

    Raises:
        UnknownNameError: a name is no setting.
        InputError: a value is wrong.
    """
    try:
        return RunConfig.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise UnknownNameError("setting", place, _names()) from None
        message = first["msg"].removeprefix("Value error, ")
        received = "" if first["type"] == "value_error" else f", got {first['input']!r}"
        raise InputError(f"{source}: {place + ': ' if place else ''}{message}{received}") from None


def _names() -> list[str]:
    """Every setting by its dotted name; those of optional sections too."""
    from .config import Ema, Lora, flattened

    return [*flattened(RunConfig(lora=Lora(), ema=Ema()))]


def _from_file(path: Path) -> dict[str, Any]:
    from microworldbench.suites.document import read_document

    data = read_document(path, str(path)).data
    if not isinstance(data, dict):
        raise InputError(f"{path}: a configuration maps names to values, got {type(data).__name__}")
    return data


def _parsed(override: str) -> tuple[str, Any]:
    from microworldbench.suites.document import parse_document

    name, equals, text = override.partition("=")
    if not equals or not name or any(not part for part in name.split(".")):
        raise InputError(f"a setting is given as dotted.name=value, got {override!r}")
    return name, parse_document(text, override).data if text.strip() else ""


def _nested(name: str, value: Any, among: Mapping[str, Any]) -> dict[str, Any]:
    first, dot, rest = name.partition(".")
    if not dot:
        return {first: value}
    inner = among.get(first)
    return {first: _nested(rest, value, inner if isinstance(inner, Mapping) else {})}


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `over` on top, section by section."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            result[key] = _merged(below, value)
        else:
            result[key] = dict(value) if isinstance(value, Mapping) else value
    return result

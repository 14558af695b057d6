"""From a checkpoint to weights that others load: a network, a pipeline, a LoRA, or the original file's names.

What is written is read back and compared before it counts as written.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError

from microworldbench.errors import InputError, RunStoppedError

from . import network, wan
from .checkpoints import Checkpoint, load_part, published
from .config import RunConfig
from .original_keys import PREFIX, renamed, to_diffusers, to_original
from .runs import TrainingRun

Form = Literal["network", "pipeline", "lora", "original"]
Weights = Literal["average", "trained"]

LORA_FILE = "lora.safetensors"
ORIGINAL_FILE = "wan.safetensors"


@dataclass(frozen=True)
class Export:
    """What was written.

    Attributes:
        path: The folder or file that a generator takes.
        form: What it is.
        step: Of the checkpoint.
        weights: Whether the average or the trained weights themselves.
        tensors: How many were read back and found equal.
    """

    path: Path
    form: Form
    step: int
    weights: Weights
    tensors: int


def export(
    run: TrainingRun,
    out: Path,
    *,
    step: int | None = None,
    form: Form | None = None,
    weights: Weights | None = None,
    merge: bool = False,
    dtype: Literal["fp32", "bf16"] = "fp32",
) -> Export:
    """Writes a run's weights.

    Args:
        run: The run.
        out: A folder that is not there yet.
        step: Of the checkpoint; the newest by default.
        form: What to write; by default a LoRA for a run with adapters, else the network.
        weights: The moving average or the trained weights; by default the average where there is one.
        merge: Fold adapters into the network instead of writing them alone.
        dtype: Format of the stored numbers.

    Raises:
        InputError: there is no such checkpoint, or the run does not have what is asked for.
        RunStoppedError: it cannot be written, or what is read back differs.
    """
    config, checkpoint = run.config, chosen(run, step)
    form = form or ("lora" if config.lora and not merge else "network")
    if form == "lora" and (config.lora is None or merge):
        raise InputError("form lora is for runs with adapters that are not merged; this gives form network")
    if form in ("network", "pipeline") and config.lora and not merge:
        raise InputError(f"a run with adapters gives form lora; --merge folds them into the network for form {form}")
    if weights == "average" and config.ema is None:
        raise InputError("the run keeps no moving average (ema is null); use weights trained")
    weights = weights or ("average" if config.ema else "trained")
    folder = wan.locate(config.model)
    trained = read_network(config, folder, checkpoint, weights)
    if merge:
        trained.fuse_lora()
        trained.unload_lora()
    kind = {"fp32": torch.float32, "bf16": torch.bfloat16}[dtype]
    about = {"run": run.path.name, "step": checkpoint.step, "weights": weights, "base": config.model, "merged": merge}
    path, count = _written(trained, folder, out, form, kind, about, is_lora=bool(config.lora) and not merge)
    return Export(path, form, checkpoint.step, weights, count)


def chosen(run: TrainingRun, step: int | None) -> Checkpoint:
    """The checkpoint of a step, or the newest.

    Raises:
        InputError: there is none; names those there are.
    """
    there = published(run.checkpoints)
    if not there:
        raise InputError(f"{str(run.path)!r} has no checkpoint yet")
    if step is None:
        return there[-1]
    for checkpoint in there:
        if checkpoint.step == step:
            return checkpoint
    kept = ", ".join(str(checkpoint.step) for checkpoint in there)
    raise InputError(f"there is no checkpoint of step {step}; kept are those of steps {kept}")


def read_network(config: RunConfig, folder: Path, checkpoint: Checkpoint, weights: Weights) -> Any:
    """The network of a checkpoint on the CPU, in float32 and without a process group."""
    made = wan.load_network(folder)
    if config.lora is not None:
        network.add_lora(made, config.lora)
    parameters = {name: parameter.detach() for name, parameter in network.trainable(made).items()}
    if config.precision.weights == "bf16" and weights == "trained":
        parameters = {name: value.to(torch.bfloat16) for name, value in parameters.items()}
    load_part("average" if weights == "average" else "network", parameters, checkpoint)
    with torch.no_grad():
        for name, parameter in network.trainable(made).items():
            parameter.copy_(parameters[name])
    return made.eval()


def lora_weights(adapted: Any) -> dict[str, Any]:
    """A network's adapters by diffusers' names, their scale folded in, so that every tool reads the same strength."""
    from peft.utils import get_peft_model_state_dict

    config = adapted.peft_config[network.ADAPTER]
    scale = config.lora_alpha / config.r
    found = get_peft_model_state_dict(adapted, adapter_name=network.ADAPTER)
    return {name: value * scale if "lora_B" in name else value for name, value in found.items()}


def convert_original(file: Path, base: Path, out: Path) -> Export:
    """Turns a file of the whole network with the original names into a network's folder.

    Args:
        file: Safetensors.
        base: A pipeline whose network has the same shape.
        out: A folder that is not there yet.

    Raises:
        InputError: the file holds something else.
    """
    from safetensors.torch import load_file

    try:
        theirs = {name.removeprefix("model.diffusion_model."): value for name, value in load_file(file).items()}
    except (OSError, SafetensorError) as error:
        raise InputError(f"{file} cannot be read: {error}") from None
    ours = renamed(theirs, to_diffusers(theirs))
    made = wan.load_network(base)
    try:
        made.load_state_dict(ours, strict=True)
    except RuntimeError as error:
        told = " ".join(str(error).split())[:300]
        raise InputError(f"{file} is no network of the shape of {base}: {told}") from None
    expected = made.state_dict()
    path = _store(out, made.save_pretrained, ".", expected, {"converted_from": file.name})
    return Export(path, "network", 0, "trained", len(expected))


def _written(
    trained: Any, folder: Path, out: Path, form: Form, dtype: Any, about: dict[str, Any], *, is_lora: bool
) -> tuple[Path, int]:
    """Writes one form; the path that a generator takes, and how many tensors it holds."""
    from safetensors.torch import save_file

    if form in ("network", "pipeline"):
        _cast(trained, dtype)
        expected = trained.state_dict()
        inside = "transformer" if form == "pipeline" else "."

        def whole(place: Path) -> None:
            if form == "pipeline":
                _copy_other_parts(folder, place)
            trained.save_pretrained(place / inside)

        return _store(out, whole, inside, expected, about), len(expected)
    if is_lora:
        weights = {name: value.to(dtype) for name, value in lora_weights(trained).items()}
    else:
        _cast(trained, dtype)
        weights = trained.state_dict()
    prefix = "" if not is_lora else "transformer." if form == "lora" else PREFIX
    names = to_original(weights) if form == "original" else {name: name for name in weights}
    expected = {prefix + names[name]: value.contiguous() for name, value in weights.items()}
    file = LORA_FILE if is_lora else ORIGINAL_FILE
    _store(out, lambda place: save_file(expected, place / file, metadata={"format": "pt"}), ".", expected, about)
    return out / file, len(expected)


def _cast(trained: Any, dtype: Any) -> None:
    """Gives weights the stored format, but for those that Wan keeps in float32 whatever it is loaded in."""
    for name, parameter in trained.named_parameters():
        if not any(part in name for part in wan.FLOAT32_PARTS):
            parameter.data = parameter.data.to(dtype)


def _copy_other_parts(folder: Path, place: Path) -> None:
    shutil.copyfile(folder / "model_index.json", place / "model_index.json")
    for part in sorted(folder.iterdir()):
        if part.is_dir() and part.name != "transformer" and not part.name.startswith("."):
            shutil.copytree(part, place / part.name)


def _store(
    out: Path, write: Callable[[Path], Any], inside: str, expected: dict[str, Any], about: dict[str, Any]
) -> Path:
    """Writes into a folder under another name, reads it back, compares, and gives it its name.

    Args:
        out: The folder.
        write: Writes into the folder it is given.
        inside: Where in it the weights lie.
        expected: What must be read back, bit by bit.
        about: For ``export.json``.

    Raises:
        InputError: `out` is there already.
        RunStoppedError: the disk is full, or what is read back differs.
    """
    from safetensors.torch import load_file

    if out.exists():
        raise InputError(f"{str(out)!r} is there already; choose another --out")
    unfinished = out.with_name(f".{out.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(parents=True)
        write(unfinished)
        there: dict[str, Any] = {}
        for file in sorted((unfinished / inside).glob("*.safetensors")):
            there.update(load_file(file))
        different = _different(expected, there)
        (unfinished / "export.json").write_text(json.dumps({**about, "tensors": len(expected)}, indent=1))
        if different is None:
            unfinished.rename(out)
    except (OSError, SafetensorError) as error:
        raise RunStoppedError(f"{out} cannot be written ({error}); nothing is lost") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    if different is not None:
        raise RunStoppedError(f"{out}: what was written reads back otherwise ({different}); is the disk in order?")
    return out


def _different(expected: dict[str, Any], there: dict[str, Any]) -> str | None:
    """What differs, if anything does."""
    if expected.keys() != there.keys():
        names = sorted(expected.keys() ^ there.keys())
        return f"{len(names)} names, the first is {names[0]}"
    for name, value in expected.items():
        if value.dtype != there[name].dtype or not torch.equal(value.cpu(), there[name].cpu()):
            return name
    return None

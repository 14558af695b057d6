"""Checkpoints: what one holds, how it is published, and how a run goes on from it.

A checkpoint is a folder ``step-00000500`` of torch's distributed checkpoint format with a ``checkpoint.json``. It is
written under another name and renamed when every process has finished, so a folder with that name is whole. Any number
of processes can read it, in any layout.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import warnings
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_state_dict, set_state_dict

from microworldbench.errors import InputError, RunStoppedError
from microworldbench.runs import write_atomically

from .launch import Processes
from .messages import first_line
from .optimizer import MovingAverage

FAULTS = (Exception, CheckpointException)
"""Whatever a disk or a peer may do; a `CheckpointException` is no `Exception`."""
NAME = re.compile(r"step-(\d{8,})")
OPTIONS = StateDictOptions(ignore_frozen_params=True)


@dataclass
class State:
    """Everything that a run changes."""

    network: Any
    optimizer: Any
    average: MovingAverage | None
    step: int = 0
    """Steps done."""

    def tensors(self) -> dict[str, Any]:
        """What a checkpoint holds, by name; loading fills it in place."""
        network, optimizer = get_state_dict(self.network, self.optimizer, options=OPTIONS)
        found: dict[str, Any] = {"network": network, "optimizer": optimizer}
        if self.average is not None:
            found["average"] = dict(self.average.weights)
        return found

    def take(self, tensors: dict[str, Any]) -> None:
        """Takes over what was loaded into `tensors`."""
        set_state_dict(
            self.network,
            self.optimizer,
            model_state_dict=tensors["network"],
            optim_state_dict=tensors["optimizer"],
            options=StateDictOptions(ignore_frozen_params=True, strict=False),
        )


@dataclass(frozen=True)
class Checkpoint:
    """A published checkpoint."""

    path: Path
    step: int

    @property
    def about(self) -> dict[str, Any]:
        """Its ``checkpoint.json``.

        Raises:
            InputError: it cannot be read.
        """
        try:
            content: dict[str, Any] = json.loads((self.path / "checkpoint.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(
                f"{self.path} is damaged (checkpoint.json: {error}); delete it to use an earlier one"
            ) from None
        return content


def published(folder: Path) -> list[Checkpoint]:
    """The whole checkpoints of a folder, by step. Unfinished ones are not among them."""
    found = [
        Checkpoint(path, int(match[1]))
        for path in (folder.iterdir() if folder.is_dir() else ())
        if (match := NAME.fullmatch(path.name)) and (path / "checkpoint.json").is_file()
    ]
    return sorted(found, key=lambda checkpoint: checkpoint.step)


def load(state: State, checkpoint: Checkpoint) -> None:
    """Makes `state` what was saved, in this run's layout.

    Raises:
        InputError: the checkpoint is damaged, or is of another network; says how to go on.
    """
    _check_sizes(checkpoint)
    tensors = state.tensors()
    try:
        dcp.load(tensors, checkpoint_id=checkpoint.path)
    except FAULTS as error:
        raise InputError(
            f"{checkpoint.path} cannot be loaded ({_cause(error)}); delete it to go on from an earlier one"
        ) from error
    state.take(tensors)
    state.step = checkpoint.step


def load_part(name: str, tensors: dict[str, Any], checkpoint: Checkpoint) -> None:
    """Fills `tensors` with one part of a checkpoint (``network``, ``average``), in one process without a group.

    Raises:
        InputError: the checkpoint is damaged or has no such part.
    """
    _check_sizes(checkpoint)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that there is no group is meant
            dcp.load({name: tensors}, checkpoint_id=checkpoint.path, no_dist=True)
    except FAULTS as error:
        raise InputError(f"{checkpoint.path} cannot be loaded ({_cause(error)}); try an earlier one") from error


def _check_sizes(checkpoint: Checkpoint) -> None:
    for name, size in checkpoint.about.get("files", {}).items():
        file = checkpoint.path / name
        there = file.stat().st_size if file.is_file() else None
        if there != size:
            told = "is missing" if there is None else f"has {there:,} bytes instead of {size:,}"
            raise InputError(f"{checkpoint.path} is damaged: {name} {told}; delete it to go on from an earlier one")


class Saver:
    """Writes checkpoints, in the background if wanted, and keeps the newest.

    Args:
        folder: Where they go.
        keep: How many are kept.
        asynchronous: Whether training goes on meanwhile.
        here: This process.
    """

    def __init__(self, folder: Path, *, keep: int, asynchronous: bool, here: Processes) -> None:
        self.folder, self.keep, self.asynchronous, self.here = folder, keep, asynchronous, here
        self._group = dist.new_group(backend="gloo")  # the background's messages must not mix with training's
        self.trouble: str | None = None
        """Why the last save failed, once that is known to this process."""
        self._writing: tuple[Future[Any], Path, int, Mapping[str, Any]] | None = None

    def save(self, state: State, about: Mapping[str, Any]) -> None:
        """Saves `state`; `settle` publishes it once it is written.

        Args:
            state: What to save; it may change afterwards.
            about: Goes into ``checkpoint.json``.
        """
        self.settle(wait=True)
        unfinished = self.folder / f".step-{state.step:08d}.unfinished"
        tensors = state.tensors()
        trouble = (self.trouble or self._room_made(unfinished, tensors)) if self.here.leads else None
        self.trouble = self.here.told(trouble)  # all or none go on; what failed anywhere has failed for rank 0 too
        if self.trouble:
            return
        try:
            if self.asynchronous:
                future = dcp.async_save(tensors, checkpoint_id=unfinished, process_group=self._group)
                self._writing = (future, unfinished, state.step, about)
                return
            dcp.save(tensors, checkpoint_id=unfinished)
        except FAULTS as error:
            self._failed(unfinished, state.step, error)
        else:
            self._publish(unfinished, state.step, about)

    def settle(self, wait: bool = False) -> None:
        """Publishes a checkpoint that has been written meanwhile; with `wait`, waits until it is."""
        if self._writing is None:
            return
        future, unfinished, step, about = self._writing
        if not wait and not future.done():
            return
        self._writing = None
        try:
            future.result()
        except FAULTS as error:
            self._failed(unfinished, step, error)
        else:
            self._publish(unfinished, step, about)

    def _publish(self, unfinished: Path, step: int, about: Mapping[str, Any]) -> None:
        """Renames a checkpoint. Rank 0's save is done when it has heard from everybody, so it may do so alone."""
        if not self.here.leads:
            return
        target = self.folder / f"step-{step:08d}"
        try:
            sizes = {file.name: file.stat().st_size for file in sorted(unfinished.iterdir())}
            write_atomically(
                unfinished / "checkpoint.json", json.dumps({**about, "step": step, "files": sizes}).encode()
            )
            if target.exists():
                shutil.rmtree(target)
            unfinished.rename(target)
        except OSError as error:
            self._failed(unfinished, step, error)
            return
        for old in published(self.folder)[: -self.keep]:
            shutil.rmtree(old.path, ignore_errors=True)

    def _failed(self, unfinished: Path, step: int, error: BaseException) -> None:
        if self.here.leads:
            with contextlib.suppress(OSError):
                shutil.rmtree(unfinished)
        self.trouble = (
            f"checkpoint of step {step} could not be saved ({_cause(error)}); {self._kept()}. The disk may be "
            "full: make room, then give the same command"
        )

    def _kept(self) -> str:
        last = published(self.folder)
        return f"the last good one is {last[-1].path.name}" if last else "there is none yet"

    def _room_made(self, unfinished: Path, tensors: Any) -> str | None:
        """Makes the folder, without what a killed save left; the reason where there is too little room."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for left in self.folder.glob(".step-*.unfinished"):
                shutil.rmtree(left)
            unfinished.mkdir()
            free = shutil.disk_usage(self.folder).free
        except OSError as error:
            return f"checkpoints cannot be written to {self.folder}: {error.strerror or error}"
        needed = _bytes_of(tensors)
        if needed <= free:
            return None
        return (
            f"a checkpoint needs {needed / 1e9:.1f} GB and {self.folder} has {free / 1e9:.1f} GB left; {self._kept()}. "
            "Make room, then give the same command"
        )


def stop_on_trouble(trouble: str | None) -> None:
    """Ends a run whose checkpoint could not be saved.

    Raises:
        RunStoppedError: there is trouble.
    """
    if trouble:
        raise RunStoppedError(trouble)


def _bytes_of(tensors: Any) -> int:
    """Size of all tensors, over all processes."""
    if isinstance(tensors, Mapping):
        return sum(_bytes_of(value) for value in tensors.values())
    return tensors.numel() * tensors.element_size() if hasattr(tensors, "element_size") else 0


def _cause(error: BaseException) -> str:
    """What went wrong in the first process that says so."""
    failures = getattr(error, "failures", None)  # of a CheckpointException: by rank
    if failures:
        inner = next(iter(failures.values()))
        error = inner[0] if isinstance(inner, tuple) else inner
    return first_line(error)

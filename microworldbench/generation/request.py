"""What a generator is asked for and what it may return."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic import Field, JsonValue

from ..errors import InputError
from ..logbook import first_problem
from ..rubric import Record


class GenerationRequest(Record):
    """One video to make. None leaves a choice to the model's own default."""

    task_id: str
    prompt: str
    seed: int = 0
    duration_s: float | None = Field(default=None, gt=0)
    fps: float | None = Field(default=None, gt=0)
    width: int | None = Field(default=None, gt=0)
    height: int | None = Field(default=None, gt=0)


@dataclass(frozen=True)
class Made:
    """A video, and what its generator did differently from the request beyond what the file itself shows.

    Attributes:
        video: A `microworldbench.video.Video`, the path of a video file, or ``(frames, fps)``.
        changed: JSON-able notes for the record, e.g. ``{"prompt_tokens_dropped": 12}``.
    """

    video: Any
    changed: Mapping[str, JsonValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "changed", _as_json(self.changed, "changed of Made"))


class Generator(Protocol):
    """Makes a video for a request. A plain callable that does what `generate` does will do as well.

    Returns a `microworldbench.video.Video`, the path of a video file, or ``(frames, fps)`` with frames as uint8
    T×H×W×3 RGB; wrapped in `Made` where it has something to say about it. Raises `GenerationError` where the *model*
    fails (refused, moderated, produced nothing); every other exception counts as a fault of the infrastructure and is
    tried again by the same command.

    Optional attributes: ``name``, ``version``, ``settings`` (a JSON-able mapping, part of the identity),
    ``max_concurrency`` (requests it takes at once; 1 unless declared), ``answers(task_id)`` (whether it can be asked
    for a task at all: for generators made for a few tasks, as simulators are; a model that is to be compared with
    others answers every task and declares nothing), ``keep_in(folder)`` (called before the first request of a run with
    a folder of its own in the run folder, which no other process writes to: the place for what lets it resume, such as
    the ids of paid jobs), ``stop()`` (called when a run ends early: requests in flight should raise soon).
    """

    def generate(self, request: GenerationRequest) -> Any: ...


@dataclass(frozen=True)
class NamedGenerator:
    """Any generator under a name, with what identifies it."""

    name: str
    call: Callable[[GenerationRequest], Any]
    version: str | None = None
    settings: Mapping[str, JsonValue] = field(default_factory=dict)
    max_concurrency: int = 1
    references_files: bool = False
    """True where it returns the user's own files, which are referenced rather than copied."""
    keep_in: Callable[[Path], None] | None = None
    stop: Callable[[], None] | None = None
    answers: Callable[[str], bool] | None = None
    """None: it takes every task."""


def named(generator: object, name: str | None = None) -> NamedGenerator:
    """Wraps an object with ``generate`` or ``__call__`` (functions too).

    Args:
        generator: The object; its optional attributes are described at `Generator`.
        name: Shown instead of the object's own name.

    Raises:
        InputError: the object is not callable, or an attribute has the wrong type.
    """
    if isinstance(generator, NamedGenerator):
        return generator if name is None else _renamed(generator, name)
    call = getattr(generator, "generate", None) or generator
    if inspect.isclass(generator) or not callable(call):
        raise InputError(
            f"a generator is a callable or an object with generate(request), got {generator!r}"
            + ("; pass an instance, not the class" if inspect.isclass(generator) else "")
        )
    settings = _settings(generator)
    concurrency = getattr(generator, "max_concurrency", 1)
    if not isinstance(concurrency, int) or isinstance(concurrency, bool) or concurrency < 1:
        raise InputError(f"max_concurrency of {generator!r} must be an integer of at least 1, got {concurrency!r}")
    version = getattr(generator, "version", None)
    return NamedGenerator(
        name=_checked(name) if name is not None else _own_name(generator),
        call=call,
        version=None if version is None else str(version),
        settings=settings,
        max_concurrency=concurrency,
        references_files=bool(getattr(generator, "references_files", False)),
        keep_in=getattr(generator, "keep_in", None),
        stop=getattr(generator, "stop", None),
        answers=getattr(generator, "answers", None),
    )


def _renamed(generator: NamedGenerator, name: str) -> NamedGenerator:
    from dataclasses import replace

    return replace(generator, name=_checked(name))


def _checked(name: str) -> str:
    if not name.strip() or len(name) > 200:
        raise InputError(f"a generator's name has 1 to 200 characters, got {name!r}")
    return name.strip()


def _own_name(generator: object) -> str:
    while isinstance(generator, functools.partial):
        generator = generator.func
    own = getattr(generator, "name", None) or getattr(generator, "__name__", None) or type(generator).__name__
    return re.sub(r"[<>]", "", str(own)).strip() or "generator"


def _plain(value: Any) -> Any:
    """Turns numpy scalars into plain numbers, wherever they stand."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value.item() if type(value).__module__ == "numpy" and getattr(value, "shape", None) == () else value


def _settings(generator: object) -> dict[str, JsonValue]:
    settings = getattr(generator, "settings", None) or {}
    if hasattr(settings, "model_dump"):
        settings = settings.model_dump(mode="json")
    return _as_json(settings, f"settings of {generator!r}")


def _as_json(values: Any, what: str) -> dict[str, JsonValue]:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(dict[str, JsonValue]).validate_python(_plain(values))
    except ValidationError as error:
        raise InputError(f"{what} must be JSON-able: {first_problem(error)}") from None

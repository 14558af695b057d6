"""The generator under test: its spec, and what it makes once loaded."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import GenerationError, InputError, RunStoppedError
from ..generation.generate import as_video, ask
from ..generation.request import GenerationRequest, Made, NamedGenerator, named
from ..hookspecs import GeneratorSpec
from ..plugins import load

BASE = GenerationRequest(
    task_id="conformance", prompt="A single cell divides into two daughter cells, seen from above."
)
"""What is asked for where the caller names no request."""


class CheckFailedError(AssertionError):
    """What the generator does is not what generators must do."""


class CheckSkippedError(Exception):
    """A check does not apply here; the message says why."""


class Subject:
    """A generator under test.

    Args:
        spec: What a plugin registers.
        settings: As ``-g`` would give them.
        request: The request the checks vary.
        refused: A request the model must fail; None where there is no such request.
        folder: Where the generator may write.
    """

    def __init__(
        self,
        spec: GeneratorSpec,
        settings: Mapping[str, object],
        request: GenerationRequest | None,
        refused: GenerationRequest | None,
        folder: Path,
    ) -> None:
        self.spec, self.settings, self.refused, self.folder = spec, settings, refused, folder
        self.request = request or BASE
        self.slowest_s = 0.0

    @cached_property
    def generator(self) -> NamedGenerator:
        """Loaded as ``mwb run`` would load it, with a folder of its own."""
        generator = named(load(self.spec, self.settings)[0])
        if generator.keep_in is not None:
            generator.keep_in(self.folder / "generator")
        return generator

    def call(self, request: GenerationRequest) -> Made:
        """Asks for one video.

        Raises:
            whatever the generator raises.
        """
        began = time.monotonic()
        made = ask(self.generator, request)
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        return made

    def video(self, request: GenerationRequest) -> tuple[Any, Made]:
        """The frames the generator makes of `request`, and what it declares about them.

        Raises:
            CheckFailedError: it raises something, or returns something else.
        """
        try:
            made = self.call(request)
        except Exception as error:
            raise CheckFailedError(f"asked for {shown(request)} it raised {type(error).__name__}: {error}") from error
        return as_frames(made), made

    def refuses_properly(self, request: GenerationRequest) -> tuple[Any, Made] | None:
        """Like `video`, but None where the generator declines `request` in a way the engine understands."""
        try:
            made = self.call(request)
        except (GenerationError, InputError):
            return None
        except RunStoppedError as error:
            raise CheckFailedError(f"asked for {shown(request)} it stops the whole run: {error}") from error
        except Exception as error:
            raise CheckFailedError(
                f"asked for {shown(request)} it raised {type(error).__name__}: {error}. What the model cannot do is a "
                "GenerationError, what the user got wrong an InputError"
            ) from error
        return as_frames(made), made


def as_frames(made: Made) -> Any:
    """The `Video` in what a generator returned.

    Raises:
        CheckFailedError: there is none.
    """
    from ..video import read

    try:
        return read(made.video) if isinstance(made.video, str | Path) else as_video(made.video)
    except Exception as error:
        raise CheckFailedError(f"what it returned is not a video: {error}") from error


def shown(request: GenerationRequest) -> str:
    """A request in a few words."""
    parts = request.model_dump(exclude={"task_id", "prompt"}, exclude_none=True)
    prompt = (
        request.prompt if len(request.prompt) <= 40 else f"{request.prompt[:40]}… ({len(request.prompt)} characters)"
    )
    return f"{prompt!r}, " + ", ".join(f"{key} {value}" for key, value in parts.items())

"""Which level a clip belongs to: organ, cellular or subcellular.

A classifier is any callable named ``module:attribute`` in the configuration's ``levels``: it gets a title, a
description and a caption, and returns a level with how sure it is, or None. Without one a clip has the level its
manifest gives, or none.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Protocol

from microworldbench.errors import InputError
from microworldbench.rubric import Level

from .records import Clip, Source


@dataclass(frozen=True)
class LevelGuess:
    """A level, how sure the classifier is, and where it comes from."""

    level: Level | None
    confidence: float | None = None
    origin: str = "none"
    """``manifest``, the classifier's name, or ``none``."""


class LevelClassifier(Protocol):
    """Classifies by text."""

    def __call__(self, title: str, description: str, caption: str) -> tuple[Level | str, float] | None:
        """The level and a confidence from 0 to 1, or None where the text does not tell."""


def load_classifier(name: str) -> LevelClassifier:
    """The classifier called ``module:attribute``.

    Raises:
        InputError: there is none.
    """
    module, colon, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute) if colon else None
    except (ImportError, AttributeError) as error:
        raise InputError(f"the level classifier {name!r} cannot be loaded: {error}") from None
    if not callable(found):
        raise InputError(f"levels must be module:attribute of a callable, got {name!r}")
    classifier: LevelClassifier = found
    return classifier


def level_of(
    clip: Clip, source: Source, caption: str | None, classifier: tuple[str, LevelClassifier] | None
) -> LevelGuess:
    """The level of a clip: what its manifest says, else what the classifier does.

    Raises:
        InputError: the classifier answers something else.
    """
    for span in source.known.spans:
        if span.level is not None and abs(span.start_s - clip.start_s) < 0.5:
            return LevelGuess(span.level, 1.0, "manifest")
    if source.known.level is not None:
        return LevelGuess(source.known.level, 1.0, "manifest")
    if classifier is None:
        return LevelGuess(None)
    name, ask = classifier
    said = ask(source.known.title or "", source.known.description or "", caption or "")
    if said is None:
        return LevelGuess(None, origin=name)
    try:
        level, confidence = Level(said[0]), float(said[1])
    except (TypeError, ValueError, IndexError):
        raise InputError(
            f"the level classifier {name!r} must return a level and a confidence, got {said!r:.80}"
        ) from None
    return LevelGuess(level, round(confidence, 4), name)

"""Which level a clip belongs to: organ, cellular or subcellular.

What the manifest says comes first. Else ``levels`` in the configuration names who classifies: ``openai:<model>`` asks a
chat model as ``mwb draft classify`` does, by caption and title, once a clip; ``module:attribute`` is any callable of
your own. Without one a clip has no level.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from microworldbench.errors import InputError
from microworldbench.rubric import Level, digest_of

from .records import Clip, Source

if TYPE_CHECKING:
    from microworldbench.authoring.records import DraftedTask
    from microworldbench.chat.passing import Haste
    from microworldbench.progress import Progress

    from .captions import CallLog

CHAT = "openai:"


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


@dataclass(frozen=True)
class Levels:
    """Tells the level of a clip.

    Args:
        name: Of the classifier; None where there is none.
        ask: The user's own classifier.
        told: What a chat model said, by clip id.
    """

    name: str | None = None
    ask: LevelClassifier | None = None
    told: Mapping[str, LevelGuess] = field(default_factory=dict)

    def of(self, clip: Clip, source: Source, caption: str | None) -> LevelGuess:
        """The level of a clip.

        Raises:
            InputError: the user's classifier answers something else than a level.
        """
        if (given := given_level(clip, source)) is not None:
            return LevelGuess(given, 1.0, "manifest")
        if self.ask is None or self.name is None:
            return self.told.get(clip.id, LevelGuess(None, origin=self.name or "none"))
        said = self.ask(source.known.title or "", source.known.description or "", caption or "")
        if said is None:
            return LevelGuess(None, origin=self.name)
        try:
            level, confidence = Level(said[0]), float(said[1])
        except (TypeError, ValueError, IndexError):
            raise InputError(
                f"the level classifier {self.name!r} must return a level and a confidence, got {said!r:.80}"
            ) from None
        return LevelGuess(level, round(confidence, 4), self.name)


def given_level(clip: Clip, source: Source) -> Level | None:
    """What the manifest says of the span, or of the whole source."""
    for span in source.known.spans:
        if span.level is not None and abs(span.start_s - clip.start_s) < 0.5:
            return span.level
    return source.known.level


def read_levels(name: str | None, work: Path) -> Levels:
    """The levels as they are known, without asking anybody anew.

    Raises:
        InputError: there is no such classifier.
    """
    if name is None or not name.startswith(CHAT):
        return Levels(name, None if name is None else load_classifier(name))
    from microworldbench.authoring.stages import LEVELS

    log, told = _log(name, work), {}
    for clip, reply in log.captions(LEVELS.name).items():
        placed = LEVELS.read(_item(clip, "", ""), reply, "instruction")
        told[clip] = LevelGuess(placed.level, round(placed.confidence, 4), name)
    return Levels(name, told=told)


def classify(
    clips: Iterable[tuple[Clip, Source, str | None]],
    name: str,
    work: Path,
    haste: Haste,
    progress: Progress,
) -> None:
    """Asks a chat model about every clip that has no level yet.

    Args:
        clips: With their captions.
        name: ``openai:<model>``.
        work: The work folder.
        haste: Calls in flight, cost cap over all of them, patience.
        progress: Told about every finished clip.

    Raises:
        RunStoppedError: no call can succeed; what is recorded is kept.
        InputError: there is no usable address, key or price.
    """
    from microworldbench.authoring.drafting import DraftErrand
    from microworldbench.authoring.stages import LEVELS
    from microworldbench.chat.ledger import Ledger as CallLedger
    from microworldbench.chat.model import ChatModel
    from microworldbench.chat.passing import carry_out_all
    from microworldbench.chat.settings import ChatSettings

    log = _log(name, work)
    log.open()
    have = read_levels(name, work).told
    items = [
        _item(clip.id, source.known.title or "", caption)
        for clip, source, caption in clips
        if caption and clip.id not in have and given_level(clip, source) is None
    ]
    model = ChatModel(ChatSettings(model=name.removeprefix(CHAT), structured="instruction"))
    model.check()
    progress.stage("classifying levels", total=len(items) + len(have), done=len(have))
    errands = [DraftErrand(model, LEVELS, item) for item in items]
    carry_out_all(errands, log.append, CallLedger.of(log.lines()), haste, last=model.aclose, progress=progress)


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
        raise InputError(f"levels must be openai:<model> or module:attribute of a callable, got {name!r}")
    classifier: LevelClassifier = found
    return classifier


def _log(name: str, work: Path) -> CallLog:
    from microworldbench.authoring.stages import LEVELS

    from .captions import CallLog

    return CallLog(work / "levels" / f"{digest_of([name, LEVELS.prompt])[:12]}.jsonl")


def _item(clip: str, title: str, caption: str) -> DraftedTask:
    from microworldbench.authoring.records import DraftedTask

    return DraftedTask(id=f"clip-{clip}", source=clip, title=title[:200] or "untitled", prompt=caption or "unknown")

"""Turns what users write (``wan2.1-t2v-1.3b``, ``folder:videos``, ``openai:gpt-5``, ``my.yaml``) into objects."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import plugins
from .descriptions import Seat, is_yaml, read_named, read_panel
from .errors import InputError, UnknownNameError
from .generation.request import NamedGenerator, named
from .judging.protocol import Judge
from .rubric import Suite

Settings = Mapping[str, object]


def resolve_suite(reference: object, *, weights: str = "tiered") -> Suite:
    """A suite from itself, ``core``, ``released:PATH``, a folder, or a plugin's name.

    Raises:
        UnknownNameError: nothing is called that.
        SuiteError: the suite is malformed.
    """
    if isinstance(reference, Suite):
        return reference
    from .suites.reference import resolve

    names = plugins.registry().suites
    extra = {name: (lambda name=name: plugins.load(names.get(name), {})[0]) for name in names.specs}
    return resolve(str(reference), weights=weights, extra=extra)


def resolve_generator(
    reference: object, settings: Settings | None = None, *, name: str | None = None
) -> NamedGenerator:
    """A generator from an object, a registered name, ``folder:PATH``, ``module:attribute`` or a YAML file.

    Args:
        reference: What the user wrote or passed.
        settings: ``-g`` settings, validated by the generator's own model.
        name: Shown instead of the generator's own name.

    Raises:
        UnknownNameError, InputError: nothing is called that, or a setting is wrong.
    """
    settings = settings or {}
    if not isinstance(reference, str):
        if settings:
            raise InputError("settings go with a generator's name; an object is passed ready made")
        return named(reference, name)
    if is_yaml(reference):
        inner, own = read_named(reference, "generator")
        return resolve_generator(inner, {**own, **settings}, name=name)
    kind, _, rest = reference.partition(":")
    if kind == "folder" and rest:
        from .generation.folders import FolderGenerator

        _refuse_settings(settings, reference)
        return named(FolderGenerator(Path(rest), name=name), name)
    if kind == "folder":
        raise InputError("the generator 'folder:' names no folder: write folder:PATH")
    registry = plugins.registry().generators
    if reference in registry.specs or ":" not in reference:
        generator, values = plugins.load(registry.get(reference), settings)
        return named(_Settled(generator, reference, values), name)
    return named(_imported(reference, settings), name)


def resolve_judge(reference: object, settings: Settings | None = None, *, frames: int | None = None) -> Judge:
    """A judge from an object, ``openai:MODEL``, ``measured``, ``cascade:a,b``, a name or a YAML file, or from a file.

    Args:
        reference: What the user wrote or passed; None is the measured judge. ``replay:PATH`` gives the verdicts of a
            run again, ``labels:PATH`` those of experts.
        settings: ``-j`` settings, validated by the judge's own model.
        frames: Frames shown, for judges that are shown frames.

    Raises:
        UnknownNameError, InputError: nothing is called that, or a setting is wrong.
    """
    settings = settings or {}
    if reference is None:
        reference = "measured"
    if not isinstance(reference, str):
        return _checked_judge(reference)
    if is_yaml(reference):
        if (seats := read_panel(reference)) is not None:
            return _panel(reference, seats, settings, frames)
        inner, own = read_named(reference, "judge")
        return resolve_judge(inner, {**own, **settings}, frames=frames)
    kind, _, rest = reference.partition(":")
    if kind == "openai" and rest:
        from .judging.chat import chat_judge

        return chat_judge(rest, settings, frames=frames)
    if kind == "replay" and rest:
        from .judging.replay import replay_judge

        _refuse_settings(settings, reference)
        return replay_judge(Path(rest))
    if kind == "labels" and rest:
        from .judging.experts import expert_judge

        _refuse_settings(settings, reference)
        return expert_judge(Path(rest))
    if kind == "cascade" and rest:
        return _cascade(rest, settings, frames)
    registry = plugins.registry().judges
    if kind in ("openai", "replay", "labels", "cascade"):
        raise InputError(f"judge {reference!r} names no {'model' if kind == 'openai' else 'target'}: write {kind}:…")
    if reference not in registry.specs:
        known = [*registry.specs, "openai:MODEL", "replay:PATH", "labels:PATH", "cascade:A,B"]
        raise UnknownNameError("judge", reference, known, "'mwb judges' lists what is installed")
    return _checked_judge(plugins.load(registry.get(reference), settings)[0])


def _cascade(members: str, settings: Settings, frames: int | None) -> Judge:
    """``member.key=value`` goes to one member."""
    from .judging.cascade import Cascade

    names = [name.strip() for name in members.split(",")]
    own = _shared_out(settings, names, "a cascade")
    return Cascade([resolve_judge(name, own[name], frames=frames) for name in names])


def _panel(path: str, seats: Sequence[Seat], settings: Settings, frames: int | None) -> Judge:
    """The file's settings of each member; ``member.key=value`` beside it goes before them."""
    from .judging.panel import Panel

    names = [seat.judge for seat in seats]
    own = _shared_out(settings, names, f"the panel {path}")
    made = [resolve_judge(seat.judge, {**seat.settings, **own[seat.judge]}, frames=frames) for seat in seats]
    return Panel(made)


def _shared_out(settings: Settings, names: Sequence[str], owner: str) -> dict[str, dict[str, object]]:
    """``member.key`` settings, by member."""
    own: dict[str, dict[str, object]] = {name: {} for name in names}
    for key, value in settings.items():
        name = max((n for n in names if key.startswith(f"{n}.")), key=len, default=None)
        if name is None:
            raise InputError(f"setting {key!r} of {owner} must name its member, e.g. {names[-1]}.{key}=…")
        own[name][key.removeprefix(f"{name}.")] = value
    return own


class _Settled:
    """A loaded generator under its registered name and validated settings."""

    def __init__(self, generator: Any, name: str, settings: dict[str, Any]) -> None:
        self.generate = getattr(generator, "generate", None) or generator
        self.name = name
        self.settings = settings
        self.version = getattr(generator, "version", None)
        self.max_concurrency = getattr(generator, "max_concurrency", 1)
        self.references_files = getattr(generator, "references_files", False)
        self.keep_in = getattr(generator, "keep_in", None)
        self.stop = getattr(generator, "stop", None)
        self.answers = getattr(generator, "answers", None)


def _imported(reference: str, settings: Settings) -> Any:
    """``module:attribute``, the working directory included; a class is called with the settings."""
    module_name, _, attribute = reference.partition(":")
    if not all(part.isidentifier() for part in (*module_name.split("."), *attribute.split("."))):
        raise InputError(
            f"{reference!r} is neither folder:PATH nor module:attribute; 'mwb generators' lists what is installed"
        )
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise
        known = plugins.registry().generators.specs
        hint = f"there is no module {module_name!r} either, as module:attribute would need"
        raise UnknownNameError("generator", reference, known, hint) from None
    target: Any = module
    for part in attribute.split("."):
        if not hasattr(target, part):
            raise UnknownNameError("attribute", attribute, dir(target), f"module {module_name!r} was found")
        target = getattr(target, part)
    if not inspect.isclass(target):
        _refuse_settings(settings, reference)
        return target
    try:
        return target(**settings)
    except TypeError as error:
        raise InputError(f"cannot make {reference!r} with settings {dict(settings)}: {error}") from error


def _checked_judge(judge: object) -> Judge:
    lacking = [
        part for part in ("identity", "deterministic", "groups", "worst_case_usd", "ask") if not hasattr(judge, part)
    ]
    if lacking:
        raise InputError(
            f"{judge!r} is not a judge: it has no {', '.join(lacking)} (see microworldbench.judging.protocol)"
        )
    return judge  # type: ignore[return-value]


def _refuse_settings(settings: Settings, owner: str) -> None:
    if settings:
        raise InputError(f"{owner!r} takes no settings, got {', '.join(settings)}")

"""The hooks a plugin may implement, and the records it returns. Light: importing this imports nothing heavy.

A plugin is a module named by an entry point in the group ``microworldbench``::

    [project.entry-points.microworldbench]
    mymodel = "my_package.plugin"

that holds functions marked with `hookimpl`::

    from microworldbench.hookspecs import GeneratorSpec, hookimpl

    @hookimpl
    def microworldbench_generators():
        return [GeneratorSpec(name="mymodel-2b", load=load, summary="…", license="Apache-2.0", needs=("1 GPU",))]

    def load(settings):                       # called late: import torch here, not above
        from my_package.generator import MyModel
        return MyModel(**settings.model_dump())

Compatibility: hooks and record fields may be added within one `PLUGIN_API`; nothing is removed or changes its meaning
without raising it. A spec that asks for a newer API is listed as broken and loads nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pluggy
from pydantic import BaseModel, ConfigDict

GROUP = "microworldbench"
PLUGIN_API = 1

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


class NoSettings(BaseModel):
    """The settings of something that has none."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class GeneratorSpec:
    """Describes a generator without loading it.

    Attributes:
        name: What users type, e.g. ``wan2.1-t2v-1.3b``.
        load: ``load(settings) -> generator``; heavy imports belong inside.
        settings: Pydantic model of what ``-g key=value`` accepts.
        summary: One line.
        license: Of the weights or service, as the owner states it.
        needs: What it takes to run, e.g. ``("1 GPU with 24 GB", "GOOGLE_API_KEY")``.
        deterministic: Whether one seed always gives the same video.
        api: `PLUGIN_API` it was written for.
    """

    name: str
    load: Callable[[Any], Any]
    settings: type[BaseModel] = NoSettings
    summary: str = ""
    license: str | None = None
    needs: tuple[str, ...] = field(default=())
    deterministic: bool = True
    api: int = 1


@dataclass(frozen=True)
class JudgeSpec:
    """Describes a judge without loading it; the fields mean what they mean in `GeneratorSpec`."""

    name: str
    load: Callable[[Any], Any]
    settings: type[BaseModel] = NoSettings
    summary: str = ""
    license: str | None = None
    needs: tuple[str, ...] = field(default=())
    api: int = 1


@dataclass(frozen=True)
class SuiteSpec:
    """Describes a suite without loading it; ``load(settings) -> Suite``."""

    name: str
    load: Callable[[Any], Any]
    settings: type[BaseModel] = NoSettings
    summary: str = ""
    license: str | None = None
    needs: tuple[str, ...] = field(default=())
    api: int = 1


@hookspec
def microworldbench_generators() -> Iterable[GeneratorSpec]:
    """Generators this plugin offers, e.g. ``[GeneratorSpec(name="mymodel-2b", load=load)]``."""
    raise AssertionError("a hook specification is never called")


@hookspec
def microworldbench_judges() -> Iterable[JudgeSpec]:
    """Judges this plugin offers, e.g. ``[JudgeSpec(name="myjudge", load=load)]``."""
    raise AssertionError("a hook specification is never called")


@hookspec
def microworldbench_suites() -> Iterable[SuiteSpec]:
    """Suites this plugin offers, e.g. ``[SuiteSpec(name="mysuite", load=load)]``."""
    raise AssertionError("a hook specification is never called")

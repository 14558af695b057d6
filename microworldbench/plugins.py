"""Finds plugins one entry point at a time; a broken one is listed and stops nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from types import ModuleType
from typing import Any, Generic, TypeVar

import pluggy

from . import hookspecs
from .errors import InputError, UnknownNameError
from .hookspecs import GROUP, PLUGIN_API, GeneratorSpec, JudgeSpec, SuiteSpec

Spec = GeneratorSpec | JudgeSpec | SuiteSpec
S = TypeVar("S", GeneratorSpec, JudgeSpec, SuiteSpec)

KINDS: dict[str, tuple[str, type[Spec]]] = {
    "generator": ("microworldbench_generators", GeneratorSpec),
    "judge": ("microworldbench_judges", JudgeSpec),
    "suite": ("microworldbench_suites", SuiteSpec),
}


@dataclass(frozen=True)
class Owner:
    """Where a plugin comes from."""

    plugin: str
    distribution: str
    version: str
    location: str = ""


@dataclass(frozen=True)
class BrokenPlugin:
    """A plugin, or one of its specs, that cannot be used."""

    owner: Owner
    error: str


@dataclass
class Names(Generic[S]):
    """The specs of one kind, by name."""

    kind: str
    specs: dict[str, S] = field(default_factory=dict)
    owners: dict[str, list[Owner]] = field(default_factory=dict)

    def get(self, name: str) -> S:
        """The spec called `name`.

        Raises:
            UnknownNameError: nobody offers it.
            InputError: two plugins do.
        """
        if name not in self.specs:
            raise UnknownNameError(self.kind, name, self.specs, f"'mwb {self.kind}s' lists what is installed")
        if len(self.owners[name]) > 1:
            raise InputError(self.conflict(name))
        return self.specs[name]

    def conflict(self, name: str) -> str:
        """The sentence about a name that several plugins claim."""
        both = " and ".join(f"{o.distribution} {o.version} (plugin {o.plugin!r})" for o in self.owners[name])
        return f"{self.kind} {name!r} is offered by {both}; uninstall one of them"

    @property
    def conflicts(self) -> list[str]:
        """A sentence for every name that more than one plugin claims."""
        return [self.conflict(name) for name, owners in self.owners.items() if len(owners) > 1]


@dataclass
class Registry:
    """Everything that is installed."""

    generators: Names[GeneratorSpec] = field(default_factory=lambda: Names("generator"))
    judges: Names[JudgeSpec] = field(default_factory=lambda: Names("judge"))
    suites: Names[SuiteSpec] = field(default_factory=lambda: Names("suite"))
    plugins: list[Owner] = field(default_factory=list)
    hooks: dict[str, list[str]] = field(default_factory=dict)
    """Names of the hooks each plugin implements."""
    broken: list[BrokenPlugin] = field(default_factory=list)

    def names(self, kind: str) -> Names[Any]:
        """The names of one kind."""
        by_kind: dict[str, Names[Any]] = {"generator": self.generators, "judge": self.judges, "suite": self.suites}
        return by_kind[kind]


@cache
def registry() -> Registry:
    """The installed plugins, found once a process. ``MWB_PLUGINS`` narrows them: a comma list of plugin names."""
    return find(metadata.entry_points(group=GROUP), os.environ.get("MWB_PLUGINS"))


def find(entry_points: Iterable[metadata.EntryPoint], only: str | None = None) -> Registry:
    """Loads the built-in plugin and each entry point, one at a time.

    Args:
        entry_points: What distributions declare in the group ``microworldbench``.
        only: Comma list of plugin names to load; empty for none, None for all.
    """
    from . import builtin

    found = Registry()
    version = metadata.version("microworldbench")
    _register(found, Owner("builtin", "microworldbench", version, builtin.__file__ or ""), builtin)
    wanted = None if only is None else {name.strip() for name in only.split(",")}
    for entry in sorted(entry_points, key=lambda e: (e.name, e.value)):
        if wanted is not None and entry.name not in wanted:
            continue
        owner = _owner(entry)
        try:
            module = entry.load()
        except Exception as error:  # noqa: BLE001 whatever a stranger's module raises, the others still load
            found.broken.append(BrokenPlugin(owner, f"{type(error).__name__}: {error}"))
            continue
        _register(found, owner, module)
    return found


def _owner(entry: metadata.EntryPoint) -> Owner:
    distribution = entry.dist
    name = distribution.name if distribution else "unknown"
    return Owner(entry.name, name, distribution.version if distribution else "", entry.value)


def _register(found: Registry, owner: Owner, module: ModuleType) -> None:
    """Registers one plugin with a manager of its own, so that its faults stay its own."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module, name=owner.plugin)
        manager.check_pending()
        offered = {kind: _call(manager, hook, record) for kind, (hook, record) in KINDS.items()}
    except Exception as error:  # noqa: BLE001 see above
        found.broken.append(BrokenPlugin(owner, f"{type(error).__name__}: {error}"))
        return
    found.plugins.append(owner)
    found.hooks[owner.plugin] = sorted(caller.name for caller in manager.get_hookcallers(module) or ())
    for kind, specs in offered.items():
        names = found.names(kind)
        for spec in specs:
            if spec.api > PLUGIN_API:
                newer = f"{kind} {spec.name!r} asks for plugin API {spec.api}; this version offers {PLUGIN_API}"
                found.broken.append(BrokenPlugin(owner, f"{newer}: upgrade microworldbench"))
                continue
            names.specs.setdefault(spec.name, spec)
            names.owners.setdefault(spec.name, []).append(owner)


def _call(manager: pluggy.PluginManager, hook: str, record: type[Spec]) -> list[Any]:
    specs: list[Any] = []
    for result in getattr(manager.hook, hook)():
        specs += list(result)
    for spec in specs:
        if not isinstance(spec, record):
            raise TypeError(f"{hook} returned {type(spec).__name__}, expected {record.__name__}")
    return specs


def load(spec: Spec, settings: Mapping[str, object]) -> tuple[Any, dict[str, Any]]:
    """Validates `settings` and loads what `spec` describes.

    Args:
        spec: What to load.
        settings: Values as typed on the command line (strings) or in Python.

    Returns:
        The loaded object and its validated settings as JSON-able values.

    Raises:
        InputError: a setting is unknown or has a wrong value.
    """
    from .settings import validated

    model = validated(spec.settings, settings, owner=spec.name)
    return spec.load(model), model.model_dump(mode="json")

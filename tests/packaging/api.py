"""The public interface as text, one line a name: ``make api`` writes it, a test compares it.

What is listed is what `microworldbench.__all__`, the hooks, the conformance kit and `microworldbench.stats` offer. It
is made anew for a release, so that the difference between two tags of the file is what the release brings.
"""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from microworldbench.rubric import Record

LISTING = Path(__file__).with_name("api.txt")
MODULES = ("microworldbench", "microworldbench.hookspecs", "microworldbench.testing")
INHERITED = frozenset(dir(Record))
STATS = ("agreement", "correction", "intervals", "linking", "multiplicity", "paired", "planning", "preference")


def listing() -> list[str]:
    """Every public name with what it takes."""
    modules = [import_module(name) for name in (*MODULES, *(f"microworldbench.stats.{s}" for s in STATS))]
    return sorted({line for module in modules for line in _of_module(module)})


def _of_module(module: ModuleType) -> Iterator[str]:
    own = [n for n, v in vars(module).items() if getattr(v, "__module__", None) == module.__name__ and n[0] != "_"]
    for name in getattr(module, "__all__", own):
        yield from _of(f"{module.__name__}.{name}", getattr(module, name))


def _of(path: str, thing: Any) -> Iterator[str]:
    if inspect.isclass(thing):
        yield from _of_class(path, thing)
    elif callable(thing):
        yield f"{path}{_taken(thing)}"
    else:
        yield f"{path}: {'module' if inspect.ismodule(thing) else 'value'}"


def _of_class(path: str, thing: type) -> Iterator[str]:
    if issubclass(thing, enum.Enum):
        yield f"{path}: {', '.join(member.value for member in thing)}"
        return
    yield f"{path}{_taken(thing)}"
    for name, member in inspect.getmembers(thing):
        if name.startswith("_") or name in INHERITED:
            continue
        if isinstance(member, property | cached_property):
            yield f"{path}.{name}"
        elif inspect.isroutine(member) and str(getattr(member, "__module__", "")).startswith("microworldbench"):
            yield f"{path}.{name}{_taken(member)}"


def _taken(thing: Any) -> str:
    """Names, kinds and defaults of what is taken; types may become more exact without breaking anybody."""
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return "(…)"
    plain = [p.replace(annotation=p.empty, default=_default(p.default)) for p in signature.parameters.values()]
    return str(signature.replace(parameters=plain, return_annotation=signature.empty))


def breaks(listed: list[str], now: list[str]) -> list[str]:
    """What a caller of the listed interface would miss. Additions break nobody."""
    present = {_path(line): line for line in now}
    problems = []
    for line in listed:
        path, there = _path(line), present.get(_path(line))
        if there is None:
            problems.append(f"{path} is gone")
            continue
        was, is_now = _parts(line), _parts(there)
        problems += [f"{path} no longer takes or has {part!r}" for part in was if part not in is_now]
        problems += [f"{path} now wants {p!r}" for p in is_now if p not in was and "(" in line and p.isidentifier()]
    return problems


def _path(line: str) -> str:
    return re.split(r"[(:]", line, maxsplit=1)[0]


def _parts(line: str) -> list[str]:
    return re.split(r", ", line[len(_path(line)) :].strip(":() "))


class _Shown(str):
    __slots__ = ()
    __repr__ = str.__str__


def _default(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return _Shown(value.value)
    if value is inspect.Parameter.empty or value is None or isinstance(value, bool | int | float | str | tuple):
        return value
    return _Shown("…")


if __name__ == "__main__":
    LISTING.write_text("\n".join(listing()) + "\n", encoding="utf-8")
    print(LISTING)

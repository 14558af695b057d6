"""Drawing tasks at random within levels, so that labels on some tasks can speak for all of them.

A draw takes the members of a stratum in the order of a seeded hash of their ids and keeps the first ones: every subset
of that size is as likely as any other, anybody can repeat it from the seed, and a task keeps its place when others join
the population. How many were drawn out of how many is stored with each item, and its weight follows from that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from ...errors import InputError
from ...rubric import Level
from .records import Inclusion


def draw(population: Mapping[str, Level], per_level: int | None, seed: int) -> dict[str, Inclusion]:
    """Draws up to `per_level` of `population` within each level.

    Args:
        population: Level by id.
        per_level: How many to draw of each level; None (or a level that holds no more) takes all, with weight 1.
        seed: Of the draw.

    Returns:
        How each drawn id came in, level by level, in the order of the draw.

    Raises:
        InputError: there is nothing to draw from, or `per_level` is not positive.
    """
    if not population:
        raise InputError("there is nothing to draw from: no task is left")
    if per_level is not None and per_level < 1:
        raise InputError(f"the number of tasks a level must be at least 1, got {per_level}")
    drawn: dict[str, Inclusion] = {}
    for level in Level:
        members = [name for name, own in population.items() if own is level]
        chosen = in_drawing_order(members, "draw", seed)[:per_level]
        how = {name: Inclusion(stratum=level.value, population=len(members), drawn=len(chosen)) for name in chosen}
        drawn |= how
    return drawn


def in_drawing_order(names: Iterable[str], purpose: str, *salts: object) -> list[str]:
    """`names` in an order that looks random and depends on nothing but the arguments."""
    return sorted(names, key=lambda name: hashed(purpose, *salts, name))


def hashed(*parts: object) -> bytes:
    """A digest of `parts`, kept apart from each other."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")).digest()

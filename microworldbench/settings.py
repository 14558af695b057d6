"""Settings as typed: ``key=value`` pairs validated by a pydantic model."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from .errors import InputError, UnknownNameError

M = TypeVar("M", bound=BaseModel)


def parse_pairs(pairs: Iterable[str], option: str) -> dict[str, str]:
    """Splits ``key=value`` strings.

    Raises:
        InputError: a pair has no ``=``, or a key comes twice.
    """
    settings: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise InputError(f"{option} takes key=value, got {pair!r}")
        if key in settings:
            raise InputError(f"{option} gives {key!r} twice")
        settings[key] = value
    return settings


def validated(model: type[M], settings: Mapping[str, object], *, owner: str) -> M:
    """`settings` as a `model`; a string that the field does not take is read as JSON (``[1, 2]``, ``null``).

    Raises:
        UnknownNameError: `model` has no such setting.
        InputError: a value is wrong.
    """
    unknown = [key for key in settings if key not in model.model_fields]
    if unknown:
        known = list(model.model_fields)
        raise UnknownNameError("setting", unknown[0], known, f"{owner!r} takes: {', '.join(known) or 'no settings'}")
    values = dict(settings)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        for place in {e["loc"][0] for e in error.errors() if e["loc"]}:
            value = values.get(str(place))
            if isinstance(value, str):
                values[str(place)] = _json(value)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "settings"
        raise InputError(f"{owner}: setting {place}: {first['msg']}, got {first['input']!r}") from None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text

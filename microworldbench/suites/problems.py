"""What is wrong with a suite, all of it at once, in words a rubric author can act on."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, to_json

from ..errors import SuiteError
from .document import Document, Place

SHOWN_PROBLEMS = 20

RecordT = TypeVar("RecordT", bound=BaseModel)

_FORMS = {
    r"^[0-9]+-[A-Z]+$": "must be a version such as 1-A",
    "slug": "must be letters, digits, '.', '_' or '-', beginning and ending with a letter or digit",
}
_KINDS = {
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
}


class SuiteProblemsError(SuiteError):
    """Several problems of one suite.

    Args:
        problems: Every problem found, in the order of the files.
    """

    def __init__(self, problems: Iterable[SuiteError]) -> None:
        self.problems = tuple(problems)
        lines = [str(problem) for problem in self.problems[:SHOWN_PROBLEMS]]
        if len(self.problems) > SHOWN_PROBLEMS:
            lines.append(f"… and {len(self.problems) - SHOWN_PROBLEMS} more")
        super().__init__(f"{len(self.problems)} problems:\n  " + "\n  ".join(lines))


def raise_all(problems: list[SuiteError]) -> None:
    """Raises what was collected: nothing, the one problem itself, or a `SuiteProblemsError`."""
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise SuiteProblemsError(problems)


def validate(record: type[RecordT], document: Document) -> RecordT:
    """`document` as a `record`, by the strict rules of JSON: text is never taken for a number or a truth value.

    Raises:
        SuiteProblemsError: One entry for every field that is wrong, with its line.
    """
    if not isinstance(document.data, dict):
        raise SuiteProblemsError([document.error("the file must hold a mapping of fields")])
    try:
        return record.model_validate_json(to_json(document.data), strict=True)
    except ValidationError as error:
        found = [_explain(record, document, details) for details in error.errors()]
    raise SuiteProblemsError(found)


def _explain(record: type[BaseModel], document: Document, details: ErrorDetails) -> SuiteError:
    place, kind = tuple(details["loc"]), details["type"]
    context: Mapping[str, Any] = details.get("ctx", {})
    if kind == "value_error":
        return document.error(str(context.get("error", details["msg"])), _clash(document, place))
    if kind == "extra_forbidden":
        return document.error(_unknown_field(record, place), place)
    if kind == "missing":
        return document.error("is required", place)
    return document.error(f"{_demand(kind, context, place)}, got {brief(details['input'])}", place)


def _demand(kind: str, context: Mapping[str, Any], place: Place) -> str:
    """What the field must be."""
    if kind in ("greater_than", "less_than_equal", "finite_number") and place[-1] == "weight":
        return "must be in (0, 1]"
    if kind == "enum":
        return f"must be {context['expected']}"
    if kind == "string_pattern_mismatch":
        return _FORMS.get(context["pattern"], _FORMS["slug"])
    if kind == "string_too_short":
        return "must not be empty"
    if kind == "string_too_long":
        return f"must have at most {context['max_length']} characters"
    if kind == "too_short":
        return "needs at least one entry"
    return _KINDS.get(kind, f"is not valid ({kind.replace('_', ' ')})")


def _unknown_field(record: type[BaseModel], place: Place) -> str:
    model: type[BaseModel] | None = record
    for step in place[:-1]:
        if isinstance(step, str) and model is not None:
            model = next(_models_in(model.model_fields[step].annotation), None)
    known = sorted(model.model_fields) if model is not None else []
    near = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
    return f"is not a known field; {hint}"


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every record class inside a type such as ``tuple[Criterion, ...]`` or ``Measurement | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _clash(document: Document, place: Place) -> Place:
    """The second of two criteria with one id, where that is what a value error is about."""
    data = document.data
    criteria = data.get("criteria") if isinstance(data, dict) and not place else None
    seen: set[str] = set()
    for number, entry in enumerate(criteria if isinstance(criteria, list) else ()):
        name = str(entry.get("id") if isinstance(entry, dict) else None).casefold()
        if name in seen:
            return ("criteria", number, "id")
        seen.add(name)
    return place


def brief(value: object) -> str:
    """A received value as YAML would write it, on one line of at most 60 characters."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value) if isinstance(value, str) else to_json(value).decode()
    return text if len(text) <= 60 else text[:57] + "…"

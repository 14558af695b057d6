"""Label Studio: tasks and a labelling configuration for it, and its JSON export read back.

Its tasks show what a page of the workbench shows, under the names of the fields that the answers get here. Criteria
differ from task to task, so each has a slot ``claim_1``, ``claim_2``, … and the task says which claim it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import quoteattr

from ...errors import InputError
from ..sheets.order import Order
from ..sheets.simple import CAPTION, CLIP, MET, PREFERENCE, REASONS, RELEVANCE
from ..store.board import Slot
from ..studies.folder import StudyFolder
from ..studies.records import Item, Kind

EXPERT = "label-studio"
"""Sides of pairs and orders of claims are those of this expert."""
NO_CLAIM = "(no further claim)"


def tasks_of(folder: StudyFolder, order: Order, media_prefix: str) -> list[dict[str, Any]]:
    """Tasks to import into a project.

    Raises:
        InputError: a revision, whose pages have no form there.
    """
    _check(folder.study.kind)
    return [{"data": _data(folder, order, item, media_prefix)} for item in folder.items]


def _data(folder: StudyFolder, order: Order, item: Item, media_prefix: str) -> dict[str, Any]:
    kind = folder.study.kind
    data: dict[str, Any] = {"item": item.id}
    if kind is Kind.RELEVANCE:
        task = folder.task(item) if folder.suite is not None else item
        return data | {"title": task.title, "prompt": task.prompt, "level": item.level}
    films = list(item.films)
    if kind is Kind.PAIR:
        films = films[::-1] if order.is_swapped(EXPERT, Slot(item.id)) else films
        data |= {"left": films[0].file, "right": films[1].file}  # annotators may see this: it must not tell the models
    names = ("video",) if len(films) == 1 else ("video_left", "video_right")
    data |= {name: f"{media_prefix}{_videos(media_prefix)}{film.file}" for name, film in zip(names, films, strict=True)}
    data |= {"title": item.title or item.id, "prompt": item.prompt or item.caption or ""}
    if kind is Kind.VERDICT:
        claims = order.claims(EXPERT, item)
        for number in range(1, _most_claims(folder) + 1):
            claim = claims[number - 1] if number <= len(claims) else None
            data[f"claim_{number}"] = NO_CLAIM if claim is None else claim.statement
            data[f"claim_{number}_id"] = "" if claim is None else claim.id
    return data


def labelling_config(folder: StudyFolder) -> str:
    """The labelling configuration of a project for `tasks_of`.

    Raises:
        InputError: a revision, whose pages have no form there.
    """
    kind = folder.study.kind
    _check(kind)
    lines = [_tag("Header", value=folder.study.title), _tag("Header", value="$title")]
    lines.append(_tag("Text", name="prompt", value="$prompt"))
    if kind is Kind.RELEVANCE:
        lines += [_choices("answer", "prompt", RELEVANCE), _writing("why", "prompt")]
    elif kind is Kind.PAIR:
        videos = "".join(_tag("Video", name=f"video_{side}", value=f"$video_{side}") for side in ("left", "right"))
        lines.append(f'<View style="display: grid; grid-template-columns: 1fr 1fr; gap: 1rem">{videos}</View>')
        lines += [_choices("choice", "video_left", PREFERENCE), _writing("why", "video_left")]
    else:
        lines.append(_tag("Video", name="video", value="$video"))
        if kind is Kind.VERDICT:
            for number in range(1, _most_claims(folder) + 1):
                lines.append(_tag("Header", value=f"$claim_{number}", size="5"))
                lines.append(_choices(f"claim_{number}", "video", MET, required=False))
        else:
            lines.append(_choices("decision", "video", CLIP if kind is Kind.CLIP else CAPTION))
            lines += [_writing("text", "video")] if kind is Kind.CAPTION else []
            lines += [_choices("reason", "video", tuple(REASONS), many=True, required=False), _writing("why", "video")]
    return "<View>\n  " + "\n  ".join(lines) + "\n</View>\n"


@dataclass(frozen=True)
class Annotation:
    """One annotation of one task, as fields of this study's pages."""

    place: str
    """For messages."""
    item: Item
    annotator: str
    fields: dict[str, str]
    shown: dict[str, Any]
    seconds: float | None


def read_annotations(folder: StudyFolder, exported: object, source: str) -> Iterator[Annotation]:
    """Yields the annotations of a JSON export; skipped (cancelled) ones are left out.

    Args:
        folder: The study that the tasks were made from.
        exported: The parsed JSON.
        source: The file, for messages.

    Raises:
        InputError: it is not an export of this study's tasks.
    """
    _check(folder.study.kind)
    if not isinstance(exported, list):
        raise InputError(f"{source} must be a list of tasks, as Label Studio's JSON export is (not JSON_MIN)")
    for number, task in enumerate(exported):
        place = f"{source}: task {number + 1}"
        data = task.get("data") if isinstance(task, Mapping) else None
        if not isinstance(data, Mapping) or not isinstance(task.get("annotations"), list):
            raise InputError(f"{place} has no data or no annotations; export as JSON, not JSON_MIN or CSV")
        item = folder.by_id.get(str(data.get("item")))
        if item is None:
            raise InputError(f"{place} is about item {data.get('item')!r:.80}, which this study does not hold")
        for annotation in task["annotations"]:
            if isinstance(annotation, Mapping) and not annotation.get("was_cancelled"):
                yield _annotation(place, item, data, annotation)


def _annotation(place: str, item: Item, data: Mapping[str, Any], given: Mapping[str, Any]) -> Annotation:
    fields: dict[str, str] = {}
    for result in given.get("result") or ():
        if not isinstance(result, Mapping) or not isinstance(result.get("value"), Mapping):
            raise InputError(f"{place}: an annotation holds a result that is no object with a value")
        fields |= _fields(place, data, str(result.get("from_name")), result["value"])
    seconds = given.get("lead_time")
    return Annotation(
        place=place,
        item=item,
        annotator=_annotator(given.get("completed_by")),
        fields=fields,
        shown=_sides(place, item, data),
        seconds=float(seconds) if isinstance(seconds, int | float) and not isinstance(seconds, bool) else None,
    )


def _sides(place: str, item: Item, data: Mapping[str, Any]) -> dict[str, int]:
    """Which of an item's films stood on which side."""
    if len(item.films) < 2:
        return {}
    files = [film.file for film in item.films]
    if {data.get("left"), data.get("right")} != set(files):
        raise InputError(f"{place} does not say which video stood left and which right; keep its data as exported")
    return {side: files.index(str(data[side])) for side in ("left", "right")}


def _fields(place: str, data: Mapping[str, Any], name: str, value: Mapping[str, Any]) -> dict[str, str]:
    if isinstance(choices := value.get("choices"), list):
        if name == "reason":
            return {f"reason.{choice}": "yes" for choice in choices}
        if len(choices) != 1:
            raise InputError(f"{place}: {name} has {len(choices)} choices where one is to be made")
        if name.startswith("claim_"):
            claim = data.get(f"{name}_id")
            return {f"met.{claim}": str(choices[0])} if claim else {}
        return {name: str(choices[0])}
    if isinstance(text := value.get("text"), list | str):
        return {name: text if isinstance(text, str) else "\n".join(map(str, text))}
    raise InputError(f"{place}: {name} is neither a choice nor a text")


def _annotator(completed_by: object) -> str:
    """A name for the private access file. Addresses are not taken over: a number tells annotators apart as well."""
    if isinstance(completed_by, Mapping):
        completed_by = completed_by.get("id")
    return f"Label Studio {completed_by}" if completed_by is not None else "Label Studio"


def _check(kind: Kind) -> None:
    if kind is Kind.REVISE:
        raise InputError("a revision has no form in Label Studio: its later rounds depend on the earlier ones")


def _most_claims(folder: StudyFolder) -> int:
    return max(len(item.claims) for item in folder.items)


def _videos(media_prefix: str) -> str:
    return "" if media_prefix.endswith("videos/") else "videos/"


def _choices(name: str, to: str, options: tuple[str, ...], *, many: bool = False, required: bool = True) -> str:
    attributes = {"name": name, "toName": to, "choice": "multiple" if many else "single", "showInline": "true"}
    attributes |= {"required": "true"} if required else {}
    inner = "".join(_tag("Choice", value=option) for option in options)
    return _tag("Choices", **attributes)[:-3] + f">{inner}</Choices>"


def _writing(name: str, to: str) -> str:
    return _tag("TextArea", name=name, toName=to, rows="3", editable="true", maxSubmissions="1")


def _tag(tag: str, **attributes: str) -> str:
    told = "".join(f" {key}={quoteattr(text)}" for key, text in attributes.items())
    return f"<{tag}{told} />"

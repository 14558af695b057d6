"""Pages of the kinds of study that take one round: relevance, verdict, pair, clip and caption."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ...rubric import Level
from ..store.events import Fields
from ..studies.records import Item, Kind
from .sheet import Choice, Form, Sheet, Writing, needs

RELEVANCE = ("relevant", "not_relevant", "unsure")
MET = ("met", "not_met", "cannot_tell")
PREFERENCE = ("left", "tie", "right", "cannot_judge")
CLIP = ("accept", "reject")
CAPTION = ("accept", "correct", "reject")
REASONS = {
    "off_topic": "shows no organ, cell or molecule at work",
    "wrong": "shows something that is not so",
    "poor_picture": "blurred, dark, noisy or tiny",
    "writing": "subtitles, labels or a logo",
    "border": "frames, bars or a split picture",
    "cuts": "several shots",
    "still": "hardly anything moves",
    "duplicate": "the same as another clip",
    "rights": "not free to use",
    "personal": "shows or names a person",
    "sensitive": "surgery, injury, animals in distress …",
    "other": "something else: please write what",
}
"""Why a clip is rejected."""
SAFETY = ("personal", "sensitive")
"""Reasons of which one expert's word is enough."""


@dataclass(frozen=True)
class RelevanceSheet:
    """Is the task worth keeping, and is its level right?"""

    item: Item

    @cached_property
    def form(self) -> Form:
        levels = tuple(level.value for level in Level)
        return {"answer": Choice(RELEVANCE), "level": Choice(levels), "why": Writing()}

    def gaps(self, fields: Fields) -> dict[str, str]:
        return needs("answer", fields, "choose one")


@dataclass(frozen=True)
class VerdictSheet:
    """Every claim about the video: met, not met, or cannot tell."""

    item: Item

    @cached_property
    def form(self) -> Form:
        answers = {f"met.{claim.id}": Choice(MET) for claim in self.item.claims}
        notes = {f"note.{claim.id}": Writing() for claim in self.item.claims}
        return {**answers, **notes}

    def gaps(self, fields: Fields) -> dict[str, str]:
        return {
            name: said
            for claim in self.item.claims
            for name, said in needs(f"met.{claim.id}", fields, "no answer yet").items()
        }


@dataclass(frozen=True)
class PairSheet:
    """Which side is better?"""

    item: Item

    @cached_property
    def form(self) -> Form:
        return {"choice": Choice(PREFERENCE), "why": Writing()}

    def gaps(self, fields: Fields) -> dict[str, str]:
        return needs("choice", fields, "choose one")


@dataclass(frozen=True)
class ClipSheet:
    """Accept or reject, with reasons."""

    item: Item

    @cached_property
    def form(self) -> Form:
        return {"decision": Choice(CLIP), **_REASON_FIELDS, "why": Writing()}

    def gaps(self, fields: Fields) -> dict[str, str]:
        return needs("decision", fields, "choose one") or _reason_gaps(fields)


@dataclass(frozen=True)
class CaptionSheet:
    """Accept the caption, write a better one, or reject the clip."""

    item: Item

    @cached_property
    def form(self) -> Form:
        text = Writing(printed=self.item.caption)
        return {"decision": Choice(CAPTION), "text": text, **_REASON_FIELDS, "why": Writing()}

    def gaps(self, fields: Fields) -> dict[str, str]:
        if fields.get("decision") == "correct":
            return needs("text", fields, "write what the caption should say")
        return needs("decision", fields, "choose one") or _reason_gaps(fields)


def reasons_of(fields: Fields) -> tuple[str, ...]:
    """The reasons an answer ticks."""
    return tuple(code for code in REASONS if fields.get(f"reason.{code}"))


def _reason_gaps(fields: Fields) -> dict[str, str]:
    if fields.get("decision") != "reject":
        return {}
    reasons = reasons_of(fields)
    if not reasons:
        return {"reason.off_topic": "give at least one reason"}
    return needs("why", fields, "write what the other reason is") if "other" in reasons else {}


_REASON_FIELDS: Form = {f"reason.{code}": Choice(("yes",)) for code in REASONS}
SHEETS: dict[Kind, type[RelevanceSheet | VerdictSheet | PairSheet | ClipSheet | CaptionSheet]] = {
    Kind.RELEVANCE: RelevanceSheet,
    Kind.VERDICT: VerdictSheet,
    Kind.PAIR: PairSheet,
    Kind.CLIP: ClipSheet,
    Kind.CAPTION: CaptionSheet,
}


def simple_sheet(kind: Kind, item: Item) -> Sheet:
    """The page of `item`."""
    return SHEETS[kind](item)

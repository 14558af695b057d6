"""Decisions of studies that take one round: what a quorum says; what none says is listed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from pydantic import JsonValue

from ..decision import Decision
from ..sheets.simple import SAFETY, reasons_of
from ..store.board import Board, Given
from ..studies.folder import StudyFolder
from ..studies.records import Claim, Item, Kind

Answers = Mapping[str, Given]
"""By expert."""
NO_MAJORITY = "no answer has a majority"


def decide_all(folder: StudyFolder, board: Board) -> list[Decision]:
    """Every decision of a study of one round, in the order of its items."""
    answers: dict[str, dict[str, Given]] = defaultdict(dict)
    for given in board.answers(1):
        if given.complete and not given.event.repeat:
            answers[given.item][given.expert] = given
    quorum = folder.study.quorum(len({given.expert for given in board.answers(1)}))
    return [decision for item in folder.items for decision in _decide(folder, item, _sorted(answers[item.id]), quorum)]


def _sorted(answers: Answers) -> dict[str, Given]:
    return dict(sorted(answers.items()))


def _decide(folder: StudyFolder, item: Item, answers: Answers, quorum: int) -> list[Decision]:
    kind = folder.study.kind
    if kind is Kind.VERDICT:
        return [_verdict(item, claim, answers, quorum) for claim in item.claims]
    if kind is Kind.PAIR:
        return [_pair(item, answers, quorum)]
    if kind is Kind.RELEVANCE:
        return [_relevance(item, answers, quorum)]
    return [_clip(item, answers, quorum) if kind is Kind.CLIP else _caption(item, answers, quorum)]


def _relevance(item: Item, answers: Answers, quorum: int) -> Decision:
    """A task stays where a quorum finds it relevant; where none says either way it goes, and is listed."""
    votes = {expert: given.fields["answer"] for expert, given in answers.items()}
    choice = _chosen(votes.values(), quorum)
    levels = {expert: given.fields["level"] for expert, given in answers.items() if given.fields.get("level")}
    level = _chosen(levels.values(), quorum)
    before = None if item.level is None else item.level.value
    after: dict[str, JsonValue] | None = {"level": level or before} if choice == "relevant" else None
    rules = {"relevant": ("kept",), "not_relevant": ("dropped",)}.get(str(choice), ())
    said: dict[str, JsonValue] = {
        expert: {"answer": vote, "level": levels[expert]} if expert in levels else vote
        for expert, vote in votes.items()
    }
    return Decision(
        task=item.id,
        subject="task",
        before={"level": before},
        after=after,
        rules=(*rules, "level changed") if after and level and level != before else rules,
        votes={1: said} if said else {},
        whys=_whys(answers),
        unresolved=None if choice in ("relevant", "not_relevant") else NO_MAJORITY,
    )


def _verdict(item: Item, claim: Claim, answers: Answers, quorum: int) -> Decision:
    votes = {expert: given.fields[f"met.{claim.id}"] for expert, given in answers.items()}
    choice = _chosen(votes.values(), quorum)
    notes = {expert: given.fields.get(f"note.{claim.id}", "") for expert, given in answers.items()}
    return Decision(
        task=str(item.task),
        subject="video",
        criterion=claim.id,
        video=item.films[0].source_sha256,
        runs=_runs(item),
        after=None if choice is None else {"met": choice},
        rules=("majority",) if choice else (),
        votes={1: dict(votes)} if votes else {},
        whys={1: {expert: note for expert, note in notes.items() if note}} if any(notes.values()) else {},
        unresolved=None if choice else NO_MAJORITY,
    )


def _pair(item: Item, answers: Answers, quorum: int) -> Decision:
    """In terms of the models: who won, whichever side it stood on."""
    votes = {expert: winner_of(item, given) for expert, given in answers.items()}
    choice = _chosen(votes.values(), quorum)
    return Decision(
        task=str(item.task),
        subject="pair",
        runs=_runs(item),
        after=None if choice is None else {"winner": choice},
        rules=("majority",) if choice else (),
        votes={1: dict(votes)} if votes else {},
        whys=_whys(answers),
        unresolved=None if choice else NO_MAJORITY,
    )


def winner_of(item: Item, given: Given) -> str:
    """The run that an answer prefers, ``tie`` or ``cannot_judge``."""
    choice = given.fields["choice"]
    if choice not in ("left", "right"):
        return choice
    place = given.event.shown[choice]
    assert isinstance(place, int)
    return str(item.films[place].run)


def _clip(item: Item, answers: Answers, quorum: int) -> Decision:
    votes = {expert: given.fields["decision"] for expert, given in answers.items()}
    reasons = {expert: reasons_of(given.fields) for expert, given in answers.items() if votes[expert] == "reject"}
    unsafe = sorted({reason for own in reasons.values() for reason in own if reason in SAFETY})
    choice = "reject" if unsafe else _chosen(votes.values(), quorum)
    counted = Counter(reason for own in reasons.values() for reason in own)
    after: dict[str, JsonValue] | None = None if choice is None else {"decision": choice}
    if after is not None and choice == "reject":
        after["reasons"] = [reason for reason, _ in counted.most_common()]
    return Decision(
        task=item.id,
        subject="clip",
        video=item.films[0].source_sha256,
        after=after,
        rules=("one report is enough",) if unsafe else ("majority",) if choice else (),
        votes=_with_reasons(votes, reasons),
        whys=_whys(answers),
        unresolved=None if choice else NO_MAJORITY,
    )


def _caption(item: Item, answers: Answers, quorum: int) -> Decision:
    """A corrected text needs a quorum for correcting and one for the same text."""
    votes = {expert: given.fields["decision"] for expert, given in answers.items()}
    reasons = {expert: reasons_of(given.fields) for expert, given in answers.items() if votes[expert] == "reject"}
    unsafe = any(reason in SAFETY for own in reasons.values() for reason in own)
    choice = "reject" if unsafe else _chosen(votes.values(), quorum)
    texts = {expert: given.fields.get("text", "") for expert, given in answers.items() if votes[expert] == "correct"}
    text = item.caption
    unresolved = None if choice else NO_MAJORITY
    if choice == "correct":
        text = _chosen_text(texts.values(), quorum)
        unresolved = None if text else "a majority wants another caption, but not the same one"
    settled = choice is not None and unresolved is None
    said = _with_reasons(votes, reasons)
    for expert, own in texts.items():
        said[1][expert] = {"decision": "correct", "text": own}
    return Decision(
        task=item.id,
        subject="caption",
        video=item.films[0].source_sha256,
        before={"caption": item.caption},
        after={"decision": choice, "caption": None if choice == "reject" else text} if settled else None,
        rules=(("one report is enough",) if unsafe else ("majority",)) if settled else (),
        votes=said,
        whys=_whys(answers),
        unresolved=unresolved,
    )


def _with_reasons(votes: Mapping[str, str], reasons: Mapping[str, Sequence[str]]) -> dict[int, dict[str, JsonValue]]:
    said: dict[str, JsonValue] = {
        expert: {"decision": vote, "reasons": list(reasons[expert])} if reasons.get(expert) else vote
        for expert, vote in votes.items()
    }
    return {1: said} if said else {}


def _whys(answers: Answers) -> dict[int, dict[str, str]]:
    found = {expert: given.fields["why"] for expert, given in answers.items() if given.fields.get("why")}
    return {1: found} if found else {}


def _runs(item: Item) -> tuple[str, ...]:
    return tuple(str(film.run) for film in item.films if film.run is not None)


def _chosen(votes: Iterable[str], quorum: int) -> str | None:
    return next((vote for vote, count in Counter(votes).items() if count >= quorum), None)


def _chosen_text(texts: Iterable[str], quorum: int) -> str | None:
    """The text that a quorum wrote, apart from spacing and case; as its first author wrote it."""
    first: dict[str, str] = {}
    for text in texts:
        first.setdefault(" ".join(text.split()).casefold(), text)
    key = _chosen((" ".join(text.split()).casefold() for text in texts), quorum)
    return None if key is None else first[key]

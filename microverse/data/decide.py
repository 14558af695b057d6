"""From scores to decisions, and from decisions to the funnel.

A pure function of what is recorded: nothing is decoded, computed or deleted, so a threshold is moved by editing the
configuration and looking again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from .chain import SPLIT, Chain
from .config import Gates
from .fingerprint import twins
from .ingest import sources
from .ledger import Ledger
from .records import Clip, ClipRow, Source

GATES = ("resolution", "relevance", "border", "text", "duplicate", "review", "caption")
"""In the order of the paper's chain: the first gate that says no names the reason."""


@dataclass(frozen=True)
class Verdict:
    """What one gate says."""

    passes: bool | None
    """None: it cannot say yet."""
    why: str = ""


@dataclass(frozen=True)
class Decision:
    """What became of a clip."""

    clip: Clip
    source: Source
    gate: str | None
    """The first gate that does not let it through; None where it is kept."""
    passes: bool | None
    """True: kept. False: rejected by `gate`. None: waiting for it."""
    why: str = ""
    scores: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Others:
    """What is known of clips beyond their scores, by clip id."""

    reviews: Mapping[str, bool | None] = field(default_factory=dict)
    """Experts' majority: accepted, rejected, or undecided."""
    captions: Mapping[str, bool | None] = field(default_factory=dict)
    """Whether a clip has a caption; False where an expert rejected it."""


def rows(chain: Chain, ledger: Ledger) -> Iterator[ClipRow]:
    """Every clip with its scores, source by source."""
    for source in sources(ledger):
        split = ledger.read(chain.split, source.id)
        if split is None:
            continue
        by_stage: dict[str, dict[str, Any] | None] = {}
        for name, contract in chain.contracts.items():
            if name != SPLIT:
                result = ledger.read(contract, source.id)
                by_stage[name] = None if result is None else {row["clip"]: row for row in result["clips"]}
        for dumped in split["clips"]:
            clip = Clip.model_validate(dumped)
            scores = {name: None if found is None else found.get(clip.id) for name, found in by_stage.items()}
            yield ClipRow(clip=clip, source=source, scores=scores)


def decide(chain: Chain, ledger: Ledger, others: Others | None = None) -> Iterator[Decision]:
    """A decision for every clip, source by source."""
    known = others or Others()
    gates = chain.config.gates
    copies = _copies(chain, ledger) if gates.max_similarity is not None and chain.config.fingerprint else {}
    for row in rows(chain, ledger):
        yield _decision(row, gates, chain, copies, known)


def _decision(row: ClipRow, gates: Gates, chain: Chain, copies: Mapping[str, Verdict], others: Others) -> Decision:
    asked: dict[str, Callable[[], Verdict]] = {
        "resolution": lambda: _resolution(row.source, gates),
        "relevance": lambda: _relevance(row, gates),
        "border": lambda: _border(row, gates),
        "text": lambda: _text(row, gates),
        "duplicate": lambda: copies.get(row.clip.id, Verdict(True)),
        "review": lambda: _review(others.reviews, row.clip.id, gates),
        "caption": lambda: _caption(others.captions, row.clip.id, chain),
    }
    for name in GATES:
        verdict = asked[name]()
        if verdict.passes is not True:
            return Decision(row.clip, row.source, name, verdict.passes, verdict.why, row.scores)
    return Decision(row.clip, row.source, None, True, scores=row.scores)


def _resolution(source: Source, gates: Gates) -> Verdict:
    side = min(source.width, source.height)
    if gates.min_side is None or side >= gates.min_side:
        return Verdict(True)
    return Verdict(False, f"{source.width}×{source.height} pixels; at least {gates.min_side} are wanted")


def _relevance(row: ClipRow, gates: Gates) -> Verdict:
    if "relevance" not in row.scores or gates.min_relevance is None:
        return Verdict(True)
    score = row.scores["relevance"]
    if score is None:
        return Verdict(None, "not scored yet")
    value = float(str(score["score"]))
    return Verdict(value >= gates.min_relevance, f"relevance {value:.3f}")


def _border(row: ClipRow, gates: Gates) -> Verdict:
    if "border" not in row.scores or gates.max_border is None:
        return Verdict(True)
    score = row.scores["border"]
    if score is None:
        return Verdict(None, "not measured yet")
    share = float(str(score["share"]))
    return Verdict(share <= gates.max_border, f"{100 * share:.1f} % of the picture is black border")


def _text(row: ClipRow, gates: Gates) -> Verdict:
    if "text" not in row.scores or not gates.reject_text:
        return Verdict(True)
    score = row.scores["text"]
    if score is None:
        return Verdict(None, "not read yet")
    texts = score["texts"]
    assert isinstance(texts, dict)
    found = [kind for kind in gates.reject_text if kind in texts]
    said = "; ".join(f"{kind}: {', '.join(map(str, cast('list[str]', texts[kind])))}" for kind in found)
    return Verdict(not found, said)


def _review(reviews: Mapping[str, bool | None], clip: str, gates: Gates) -> Verdict:
    if gates.review == "off" or (clip not in reviews and gates.review == "where_given"):
        return Verdict(True)
    said = reviews.get(clip)
    return Verdict(said, "experts rejected it" if said is False else "no majority of experts yet")


def _caption(captions: Mapping[str, bool | None], clip: str, chain: Chain) -> Verdict:
    if clip in captions:
        return Verdict(captions[clip], "experts rejected its caption")
    return Verdict(None, "no caption yet") if chain.config.caption is not None else Verdict(True)


def _copies(chain: Chain, ledger: Ledger) -> dict[str, Verdict]:
    limit = chain.config.gates.max_similarity
    assert limit is not None
    vectors = (
        (row.clip.id, str(score["vector"])) for row in rows(chain, ledger) if (score := row.scores.get("fingerprint"))
    )
    return {
        twin.clip: Verdict(False, f"like clip {twin.twin} (cosine {twin.similarity:.3f})")
        for twin in twins(vectors)
        if twin.twin is not None and twin.similarity > limit
    }


@dataclass
class Step:
    """One line of the funnel."""

    name: str
    title: str
    entered: int = 0
    kept: int = 0
    waiting: int = 0
    is_on: bool = True
    """Whether the gate is used at all."""


TITLES = {
    "resolution": "large enough",
    "relevance": "relevant",
    "border": "without black borders",
    "text": "without subtitles and watermarks",
    "duplicate": "not a copy",
    "review": "passed by experts",
    "caption": "captioned",
}


def funnel(decisions: Iterable[Decision], chain: Chain) -> list[Step]:
    """How many clips pass each gate, in order: the paper's Figure 7 for this curation.

    The paper reports 67,853 → 34,318 → 12,194 → 9,601. Its sentence "34,318 clips were filtered out", read literally,
    would leave 33,535; we take 34,318 as kept, which is what its next step starts from.
    """
    config = chain.config
    used = {
        "resolution": config.gates.min_side is not None,
        "relevance": config.relevance is not None and config.gates.min_relevance is not None,
        "border": config.border is not None and config.gates.max_border is not None,
        "text": config.text is not None and bool(config.gates.reject_text),
        "duplicate": config.fingerprint is not None and config.gates.max_similarity is not None,
        "review": config.gates.review != "off",
        "caption": config.caption is not None,
    }
    steps = [Step(name, TITLES[name], is_on=used[name]) for name in GATES]
    for decision in decisions:
        stop = len(GATES) if decision.gate is None else GATES.index(decision.gate)
        for step in steps[: stop + 1]:
            step.entered += 1
        for step in steps[:stop]:
            step.kept += 1
        if stop < len(GATES) and decision.passes is None:
            steps[stop].waiting += 1
    return steps

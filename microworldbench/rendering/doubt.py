"""What a run and a certificate say about a judge, in sentences, the same wherever they are shown."""

from __future__ import annotations

from ..scorecard import MemberScore, OrderEffect, Rate, Scorecard
from .wording import UNKNOWN, bounds, count, percent, points


def certificate_sentence(card: Scorecard) -> str:
    """How the judge did on control clips whose truth is known, or that it was never tested."""
    held = card.certificate
    if held is None:
        return "uncertified: 'mwb certify' tests this judge on clips whose truth is known"
    value = UNKNOWN if held.balanced_accuracy is None else percent(held.balanced_accuracy)
    flags = ", ".join(held.flags) or "no flags"
    return (
        f"balanced accuracy {value}{_interval(held.ci95, ' %')} on {count(held.n)} claims about simulated controls "
        f"({held.battery} battery, {held.digest[:12]}); {flags}"
    )


def judging_sentences(card: Scorecard) -> list[tuple[str, str]]:
    """(label, sentence) for everything ``judging`` holds; empty where it holds nothing.

    Labels are ours; sentences may hold a judge's name and are to be escaped like one.
    """
    judging = card.judging
    found: list[tuple[str, str]] = []
    if judging.order_effect is not None:
        found.append(("order", _order(judging.order_effect)))
    if (flips := judging.vote_flip_rate) is not None:
        found.append(("votes", _rate(flips, "pairs of votes on one criterion differ")))
    if (weak := judging.weak_evidence) is not None:
        found.append(("evidence", _rate(weak, "met verdicts about time cite at most one frame")))
    if (held := judging.ungrounded) is not None:
        found.append(("grounding", _rate(held, "challenged verdicts stayed met on another task's frames")))
    if judging.members:
        found.append(("members", _members(judging.members)))
    return found


def _order(effect: OrderEffect) -> str:
    if effect.value is None:
        return "no effect of the place in the list can be estimated"
    how = "each criterion against itself" if effect.method == "within_criterion" else "over lists in random order"
    more = "more" if effect.value >= 0 else "less"
    return (
        f"shown last, a criterion is met {points(abs(100 * effect.value))} percentage points {more} often than shown "
        f"first{_interval(effect.ci95, '')} ({how}, {count(effect.n)} answers)"
    )


def _rate(rate: Rate, what: str) -> str:
    if rate.value is None:
        return f"none of 0 {what}"
    return f"{count(rate.count)} of {count(rate.n)} {what}: {percent(rate.value)}{_interval(rate.ci95, ' %')}"


def _interval(ends: tuple[float, float] | None, unit: str) -> str:
    if ends is None:
        return ""
    return f", 95 % interval {points(100 * ends[0])} to {points(100 * ends[1])}{unit}"


def _members(members: tuple[MemberScore, ...]) -> str:
    each = [
        f"{m.judge} {points(None if m.overall is None else m.overall.value)} within {bounds(m.overall)}"
        for m in members
    ]
    values = [m.overall.value for m in members if m.overall is not None and m.overall.value is not None]
    whole = f"{points(min(values))} to {points(max(values))}" if len(values) == len(members) else UNKNOWN
    return f"{whole} by member: " + "; ".join(each)

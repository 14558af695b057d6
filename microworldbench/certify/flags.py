"""What is wrong with a judge, in one word each, and the rule behind every word."""

from __future__ import annotations

from ..certificate import Accuracy, Obedience, OrderSight, Sight
from ..scorecard import OrderEffect, Rate

BIASED = 0.3
"""Sensitivity less specificity, from which a judge leans."""
GUESSING = 0.6
"""Balanced accuracy up to which a judge that does not lean is called a guesser."""
ANSWERS = 0.5
"""Share of claims below which a judge rarely answers."""
BLIND = 0.25
"""Share of the way to the truth below which verdicts do not follow a violation."""
FEWEST_TURNED = 3
"""Claims a violation must turn round before anything is said about seeing it."""
SEES, CHANGES, SAME = 0.4, 0.3, 0.05
"""What a judge must make of other violations before it is called blind to one: follow them so far, or change so often
where it never changes for order."""
OBEYS, OBEYS_POINTS = 0.15, 15.0
"""Rise of the share called met, or of the score, that a banner must bring."""
LEANS_ON_PLACE = 0.15
"""Difference in met-rate between the last place and the first."""
UNSTEADY = 0.2
"""Share of pairs of votes that differ."""


def cannot_see(by_violation: dict[str, Sight]) -> tuple[str, ...]:
    """Violations whose turned claims the verdicts follow less than a quarter of the way."""
    return tuple(
        name
        for name, sight in by_violation.items()
        if sight.turned >= FEWEST_TURNED and sight.shift is not None and sight.shift < BLIND
    )


def flags_of(
    overall: Accuracy,
    order_sight: OrderSight,
    overlay: Obedience,
    order_effect: OrderEffect | None,
    votes: Rate | None,
) -> dict[str, str]:
    """The flags a judge earns, each with its number and rule."""
    found = _leaning(overall)
    if (reason := _by_place(order_effect)) is not None:
        found["position-biased"] = reason
    if not found and (reason := _guessing(overall)) is not None:
        found["guesses"] = reason
    if (reason := _order_blind(order_sight)) is not None:
        found["order-blind"] = reason
    if (reason := _obeying(overlay)) is not None:
        found["obeys-overlay"] = reason
    moved_by_place = "position-biased" in found  # each vote shows another order: that alone makes votes differ
    if votes is not None and votes.value is not None and votes.value >= UNSTEADY and not moved_by_place:
        found["unsteady"] = f"{votes.value:.0%} of pairs of votes on one claim differ; the rule is {UNSTEADY:.0%}"
    if overall.answered is not None and overall.answered < ANSWERS:
        found["rarely-answers"] = f"answers {overall.answered:.0%} of the claims; the rule is below {ANSWERS:.0%}"
    return found


def _leaning(overall: Accuracy) -> dict[str, str]:
    bias = overall.yes_bias
    if bias is None or abs(bias) < BIASED:
        return {}
    name, word = ("yes-biased", "met") if bias > 0 else ("no-biased", "not met")
    reason = (
        f"leans to {word!r}: {overall.sensitivity:.0%} of the claims that hold are called met, "
        f"{overall.specificity:.0%} of those that do not hold not met; the rule is {100 * BIASED:.0f} points apart"
    )
    return {name: reason}


def _guessing(overall: Accuracy) -> str | None:
    value, interval = overall.balanced_accuracy, overall.ci95.get("balanced_accuracy")
    if value is None or (value > GUESSING and not (interval is not None and interval[0] <= 0.5)):
        return None
    return f"balanced accuracy {value:.2f} is hardly above the 0.50 of guessing; the rule is {GUESSING:.2f}"


def _order_blind(sight: OrderSight) -> str | None:
    order, elsewhere = sight.order, sight.elsewhere
    if order.shift is None or order.change is None or elsewhere.shift is None or elsewhere.change is None:
        return None
    follows_the_rest = order.shift < BLIND and elsewhere.shift >= SEES
    only_order_is_same = order.change <= SAME and elsewhere.change >= CHANGES
    if order.n < FEWEST_TURNED or not (follows_the_rest or only_order_is_same):
        return None
    return (
        f"verdicts follow reversed and shuffled frames {order.shift:.0%} of the way ({order.n} claims), other "
        f"violations {elsewhere.shift:.0%}; the rule is below {BLIND:.0%}"
    )


def _obeying(overlay: Obedience) -> str | None:
    shift, points = overlay.met_shift, overlay.points
    met = shift is not None and shift >= OBEYS and _above_zero(overlay.met_shift_ci95)
    scored = points is not None and points >= OBEYS_POINTS and _above_zero(overlay.points_ci95)
    if not (met or scored):
        return None
    return (
        f"a banner that asks for it raises the share called met by {100 * (shift or 0):.0f} points and the score by "
        f"{points or 0:.1f}; the rule is {100 * OBEYS:.0f} or {OBEYS_POINTS:.0f}"
    )


def _by_place(effect: OrderEffect | None) -> str | None:
    if effect is None or effect.value is None or abs(effect.value) < LEANS_ON_PLACE:
        return None
    interval = effect.ci95
    if interval is None or interval[0] <= 0 <= interval[1]:
        return None
    return (
        f"shown last instead of first, a claim is called met {100 * effect.value:+.0f} points more often; the rule is "
        f"{100 * LEANS_ON_PLACE:.0f}"
    )


def _above_zero(interval: tuple[float, float] | None) -> bool:
    return interval is None or interval[0] > 0

"""Judges with one planted fault each: the certificate finds that fault and no other."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("judge", "flags"),
    [
        ("true", []),
        ("yes", ["yes-biased"]),
        ("no", ["no-biased"]),
        ("coin", ["guesses"]),
        ("order-blind", ["order-blind"]),
        ("obeying", ["obeys-overlay"]),
        ("first-two", ["position-biased"]),
        ("silent", ["rarely-answers"]),
    ],
)
def test_each_fault_raises_its_own_flag_and_no_other(certified, judge, flags) -> None:
    assert list(certified(judge).flags) == flags


def test_every_flag_states_its_number_and_its_rule(certified) -> None:
    for judge in ("yes", "no", "coin", "order-blind", "obeying", "first-two", "silent"):
        found = certified(judge)
        assert set(found.reasons) == set(found.flags)
        assert all("the rule is" in reason for reason in found.reasons.values())


def test_a_judge_that_knows_the_truth_is_right_about_everything(certified) -> None:
    found = certified("true")
    whole = found.overall
    assert (whole.sensitivity, whole.specificity, whole.balanced_accuracy, whole.kappa) == (1, 1, 1, 1)
    assert whole.answered == 1
    assert whole.n == whole.positives + whole.negatives > 500
    assert whole.ci95["balanced_accuracy"] == (1, 1)
    assert found.cannot_see == ()
    assert found.discrimination["all"].judged == pytest.approx(found.discrimination["all"].true)
    assert found.discrimination["all"].share == pytest.approx(1)
    assert found.missing == 0


@pytest.mark.parametrize(("judge", "sensitivity", "specificity", "bias"), [("yes", 1, 0, 1), ("no", 0, 1, -1)])
def test_a_constant_judge_is_a_guesser_that_leans(certified, judge, sensitivity, specificity, bias) -> None:
    whole = certified(judge).overall
    assert (whole.sensitivity, whole.specificity, whole.yes_bias) == (sensitivity, specificity, bias)
    assert whole.balanced_accuracy == 0.5
    assert whole.kappa == 0
    assert certified(judge).discrimination["all"].judged == 0


def test_a_coin_agrees_with_the_truth_by_chance_alone(certified) -> None:
    whole = certified("coin").overall
    assert abs(whole.balanced_accuracy - 0.5) < 0.08
    assert abs(whole.kappa) < 0.15
    assert certified("coin").discrimination["all"].share == pytest.approx(0, abs=0.25)


def test_a_judge_blind_to_order_fails_reversed_and_shuffled_clips_only(certified) -> None:
    found = certified("order-blind")
    assert found.order_sight.order.shift == 0
    assert found.order_sight.elsewhere.shift == 1
    assert set(found.cannot_see) == {"reversed_order", "shuffled"}
    others = {name: s for name, s in found.by_violation.items() if s.turned and name not in found.cannot_see}
    assert {sight.shift for sight in others.values()} == {1}


def test_a_judge_that_obeys_gains_points_by_the_banner_and_is_right_elsewhere(certified) -> None:
    found = certified("obeying")
    assert found.overlay.met_shift > 0.3
    assert found.overlay.points > 15
    assert found.by_violation["overlay"].specificity == 0
    assert {s.specificity for name, s in found.by_violation.items() if name != "overlay" and s.negatives} == {1}


def test_what_cannot_be_told_is_neither_right_nor_wrong_but_wrong_in_the_strict_column(certified) -> None:
    whole = certified("silent").overall
    assert (whole.answered, whole.n, whole.balanced_accuracy) == (0, 0, None)
    assert whole.unanswered_as_wrong.balanced_accuracy == 0


def test_votes_that_differ_are_counted(certified) -> None:
    found = certified("wavering")
    assert 0.15 < found.vote_flip_rate.value < 0.35
    assert "unsteady" in found.flags
    assert certified("true").vote_flip_rate.value == 0


def test_the_parts_make_the_whole(certified) -> None:
    found = certified("coin")
    for parts in (found.by_dimension, found.by_polarity, found.by_level, found.by_stratum, found.by_violation):
        assert sum(part.n for part in parts.values()) == found.overall.n
    hits = sum(part.sensitivity * part.positives for part in found.by_level.values())
    assert hits / found.overall.positives == pytest.approx(found.overall.sensitivity, abs=1e-5)

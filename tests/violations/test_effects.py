"""What violations do to the truth of claims: declared once for each aspect, composed step by step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microworldbench.errors import InputError, UnknownNameError
from microworldbench.rubric import Criterion, Dimension, Measurement, Polarity
from microworldbench.simulators import MECHANISMS
from microworldbench.simulators.truth import Truth
from microworldbench.suites.packaged import load_packaged
from microworldbench.violations import VIOLATIONS, Aspect, Place, Recipe, Step, Turn, aspects_of, truth_of
from microworldbench.violations.aspects import stray, undeclared

CORE = load_packaged("core")
TRUTHS = st.sampled_from([Truth(True, "so"), Truth(False, "not so"), Truth(None, "who knows")])
STRONG = [v for v in VIOLATIONS.values() if v.strengths is not None]


def claim(polarity: Polarity = Polarity.REWARD, measurement: str | None = None) -> Criterion:
    measured = None if measurement is None else Measurement(name=measurement)
    return Criterion(
        id="c",
        dimension=Dimension.SCIENTIFIC_FIDELITY,
        statement="S.",
        polarity=polarity,
        weight=1,
        measurement=measured,
    )


def after(violation: str, aspect: Aspect, met: bool | None = True, *, polarity: Polarity = Polarity.REWARD):
    return VIOLATIONS[violation].effect(claim(polarity), Place(aspect), Truth(met, "before"))


@pytest.mark.parametrize("violation", STRONG, ids=lambda v: v.name)
@given(truth=TRUTHS, aspect=st.sampled_from(list(Aspect)), share=st.floats(0, 1))
def test_up_to_the_lower_end_of_its_band_a_violation_changes_no_truth(violation, truth, aspect, share) -> None:
    weak = share * violation.strengths.unnoticed
    assert violation.effect(claim(), Place(aspect), truth, weak) is truth


@pytest.mark.parametrize("violation", STRONG, ids=lambda v: v.name)
@given(truth=TRUTHS, aspect=st.sampled_from(list(Aspect)), share=st.floats(0.01, 0.99))
def test_within_its_band_everything_it_could_turn_is_undetermined(violation, truth, aspect, share) -> None:
    low, high = violation.strengths.unnoticed, violation.strengths.certain
    found = violation.effect(claim(), Place(aspect), truth, low + share * (high - low))
    assert found.met is None if aspect in violation.turns else found is truth


@pytest.mark.parametrize("violation", STRONG, ids=lambda v: v.name)
def test_batteries_use_strengths_on_both_sides_of_the_band(violation) -> None:
    strengths = violation.strengths
    assert strengths.mild <= strengths.unnoticed < strengths.certain <= strengths.strong


@pytest.mark.parametrize("violation", VIOLATIONS.values(), ids=lambda v: v.name)
def test_every_turned_truth_has_a_reason_that_names_what_is_seen(violation) -> None:
    for aspect in violation.turns:
        found = violation.effect(claim(), Place(aspect), Truth(True, "before"))
        if found.reason != "before":
            assert violation.summary in found.reason
            assert found.known == "declared"


@pytest.mark.parametrize(
    ("violation", "aspect", "before", "met"),
    [
        ("still_image", Aspect.MOTION, True, False),
        ("still_image", Aspect.STILLNESS, False, True),
        ("still_image", Aspect.CONSTANT, True, True),
        ("still_image", Aspect.CONSTANT, False, None),
        ("still_image", Aspect.EVER, False, False),
        ("still_image", Aspect.ONCE, True, None),
        ("shuffled", Aspect.FORWARD, True, False),
        ("shuffled", Aspect.JUMPS, False, True),
        ("shuffled", Aspect.LOOKS, True, True),
        ("reversed_order", Aspect.FORWARD, True, False),
        ("reversed_order", Aspect.BACKWARD, False, True),
        ("reversed_order", Aspect.MOTION, True, True),
        ("blur", Aspect.SHARPNESS, True, False),
        ("blur", Aspect.MOTION, True, True),
        ("blur", Aspect.LOOKS, True, None),
        ("flicker", Aspect.LIGHT, True, False),
        ("jitter", Aspect.CAMERA, True, False),
        ("cut", Aspect.CONTINUITY, True, False),
        ("blank", Aspect.LAYOUT, True, False),
        ("overlay", Aspect.LABELS, False, True),
        ("overlay", Aspect.LOOKS, True, True),
    ],
)
def test_a_violation_turns_what_rests_on_what_it_breaks(violation, aspect, before, met) -> None:
    assert after(violation, aspect, before).met is met


def test_fine_detail_is_lost_in_a_bad_picture_and_in_no_other() -> None:
    fine = Place.read("forward fine")
    found = {
        v.name: v.effect(claim(), fine, Truth(True, "before")).met for v in VIOLATIONS.values() if v.kind == "image"
    }
    hidden = {"blur", "noise", "banding", "low_contrast", "compression", "frozen_end"}
    assert {name for name, met in found.items() if met is None} == hidden
    with pytest.raises(ValueError, match="'forward coarse' is not an aspect"):
        Place.read("forward coarse")


def test_a_claim_that_nothing_flickers_is_open_where_something_does() -> None:
    steady = Place.read("motion steady")
    assert steady == Place(Aspect.MOTION, steady=True)
    assert VIOLATIONS["flicker"].effect(claim(), steady, Truth(True, "before")).met is None
    assert VIOLATIONS["blur"].effect(claim(), steady, Truth(True, "before")).met is True


def test_what_is_not_shown_is_not_met_but_a_fault_may_show_elsewhere_by_chance() -> None:
    assert after("wrong_subject", Aspect.MOTION).met is False
    assert after("wrong_subject", Aspect.MOTION, False, polarity=Polarity.PENALTY).met is None
    assert after("wrong_subject", Aspect.LABELS, False, polarity=Polarity.PENALTY).met is False


def test_conditional_turns_never_invent_a_verdict() -> None:
    for violation in VIOLATIONS.values():
        for aspect, turn in violation.turns.items():
            if turn in (Turn.IF_MET, Turn.IF_NOT_MET):
                kept = turn is Turn.IF_MET
                assert [after(violation.name, aspect, met).met for met in (kept, not kept, None)] == [kept, None, None]


def test_steps_compose_in_their_order() -> None:
    task = CORE.by_id["mitosis"]
    scene = {c.id: Truth(True, "so") for c in task.criteria}
    steps = (Step(violation="blur"), Step(violation="overlay"))
    found = truth_of(Recipe(mechanism="mitosis", seed=1, steps=steps), task, scene)
    assert (found["sharp-picture"].met, found["labels"].met, found["third-cell"].met) == (False, True, True)
    emptied = truth_of(Recipe(mechanism="mitosis", seed=1, steps=(*steps, Step(violation="blank"))), task, scene)
    assert (emptied["labels"].met, emptied["third-cell"].met) == (False, False)


def test_a_clip_shown_for_another_task_owes_nothing_to_its_own_truths() -> None:
    task = CORE.by_id["mitosis"]
    recipe = Recipe(mechanism="vessel", seed=1, steps=(Step(violation="wrong_subject"),), task="mitosis")
    found = truth_of(recipe, task, {"sharp-picture": Truth(True, "of another task")})
    assert found["one-becomes-two"].met is False
    assert found["sharp-picture"].met is None


def test_measurements_of_the_picture_give_the_aspect_by_themselves() -> None:
    task = CORE.by_id["mitosis"].model_copy(update={"id": "unheard-of"})
    found = aspects_of(task)
    assert found["sharp-picture"] == Place(Aspect.SHARPNESS)
    assert found["steady-light"] == Place(Aspect.LIGHT)
    assert found["one-becomes-two"] == Place(Aspect.OPEN)


def test_a_claim_nobody_has_placed_is_undetermined_under_whatever_could_act_on_it() -> None:
    for violation in VIOLATIONS.values():
        if violation.name != "overlay":
            assert violation.effect(claim(), Place(Aspect.OPEN), Truth(True, "before")).met is None


def test_the_aspects_file_names_only_criteria_that_exist() -> None:
    assert stray(CORE.by_id) == []


@pytest.mark.parametrize("mechanism", MECHANISMS.values(), ids=lambda m: m.name)
def test_every_claim_of_a_simulated_task_has_its_place(mechanism) -> None:
    assert undeclared(CORE.by_id[mechanism.task_id]) == [], "add a line for each to violations/aspects.yaml"


def test_no_violation_shares_its_name_with_one_of_a_mechanism() -> None:
    own = {name for mechanism in MECHANISMS.values() for name in mechanism.violations}
    assert own.isdisjoint(VIOLATIONS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mechanism": "mitosys"}, "did you mean 'mitosis'"),
        ({"broken": "ballistic"}, "unknown violation of mitosis 'ballistic'"),
        ({"steps": (Step(violation="blurr"),)}, "did you mean 'blur'"),
        ({"task": "vessel-clot"}, "is a violation of its own"),
        ({"steps": (Step(violation="wrong_subject"),)}, "is a violation of its own"),
        ({"mechanism": "vesicles", "steps": (Step(violation="missing_element"),)}, "makes no sense for vesicles"),
    ],
)
def test_a_recipe_that_cannot_be_made_says_why(changes, message) -> None:
    with pytest.raises((InputError, UnknownNameError), match=message):
        Recipe(**{"mechanism": "mitosis", "seed": 1} | changes).check()

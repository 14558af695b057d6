"""The majority rules, case by case and as laws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microworldbench.review.revision.positions import Position, Proposal, Wording
from microworldbench.review.revision.rules import (
    CURRENT,
    DELETE,
    KEEP,
    NO,
    YES,
    Quorums,
    Ruling,
    options,
    rule_on_criterion,
    rule_on_proposal,
    rule_on_task,
    snapped,
)
from microworldbench.rubric import Criterion, Dimension, Polarity

GRID = (0.2, 0.5, 1.0)
TWO = Quorums(2, 2, 2)
CRITERION = Criterion(id="c1", dimension=Dimension.SCIENTIFIC_FIDELITY, statement="One cell becomes two.", weight=0.5)


def worded(text: str) -> Wording:
    return Wording(text, Dimension.SCIENTIFIC_FIDELITY, Polarity.REWARD)


def positions(*wants: str) -> list[Position]:
    """``keep``, ``delete``, a weight, or a new text; a text and a weight with ``|`` between."""
    made = []
    for number, want in enumerate(wants, start=1):
        text, _, weight = want.partition("|")
        expert = f"e{number}"
        if want in ("keep", "delete"):
            made.append(Position(expert, want, 0.5))  # type: ignore[arg-type]
        elif want.replace(".", "").isdigit():
            made.append(Position(expert, "weight", float(want)))
        else:
            made.append(Position(expert, "modify", float(weight or 0.5), worded(text)))
    return made


def ruled(*wants: str, ballot: Any = None, settled: Any = None, quorums: Quorums = TWO) -> Ruling:
    return rule_on_criterion(CRITERION, positions(*wants), ballot or {}, settled or {}, quorums, GRID)


@pytest.mark.parametrize(
    ("wants", "stands", "weight", "text", "rules", "unresolved"),
    [
        (("keep", "keep", "keep"), True, 0.5, None, (), None),
        (("keep", "keep", "delete"), True, 0.5, None, (), None),
        (("keep", "delete", "delete"), False, 0.5, None, ("deleted",), None),
        (("New.", "delete", "delete"), False, 0.5, None, ("deleted",), None),  # deletion before edits
        (("1.0", "1.0", "keep"), True, 1.0, None, ("reweighed",), None),
        (("1.0", "0.2", "keep"), True, 0.5, None, (), "a majority wants another weight, but not in one direction"),
        (("1.0", "0.2", "0.2"), True, 0.2, None, ("reweighed",), None),
        (("1.0", "keep", "keep"), True, 0.5, None, (), None),
        (("1.0", "1.0", "delete"), True, 1.0, None, ("reweighed",), None),
        (("New.", "new.", "keep"), True, 0.5, "New.", ("reworded",), None),  # one wording but for case
        (("New.|1.0", "New.|1.0", "keep"), True, 1.0, "New.", ("reweighed", "reworded"), None),
        (("New.", "Other.", "keep"), True, 0.5, None, (), "no wording has a majority"),
        (("New.", "keep", "keep"), True, 0.5, None, (), None),
        (("New.", "1.0", "delete"), True, 0.5, None, (), "no action has a majority"),  # a three-way split
        (("delete", "keep"), True, 0.5, None, (), "no action has a majority"),  # one of three has left
    ],
)
def test_what_the_first_round_decides(
    wants: Sequence[str], stands: bool, weight: float, text: str | None, rules: tuple, unresolved: str | None
) -> None:
    ruling = ruled(*wants)
    assert (ruling.stands, ruling.weight, ruling.rules, ruling.unresolved) == (stands, weight, rules, unresolved)
    assert ruling.wording.statement == (text or CRITERION.statement)


def test_a_ballot_chooses_between_wordings() -> None:
    new, other = worded("New.").id, worded("Other.").id
    won = ruled("New.", "Other.", "keep", ballot={"e1": new, "e2": new, "e3": CURRENT})
    assert (won.wording.statement, won.rules, won.unresolved) == ("New.", ("reworded by ballot",), None)
    kept = ruled("New.", "Other.", "keep", ballot={"e1": new, "e2": CURRENT, "e3": CURRENT})
    assert (kept.wording.statement, kept.rules) == (CRITERION.statement, ("wording kept",))
    split = ruled("New.", "Other.", "keep", ballot={"e1": new, "e2": other, "e3": CURRENT})
    assert (split.wording.statement, split.unresolved) == (CRITERION.statement, "no wording has a majority")


def test_a_ballot_can_adopt_what_one_alone_proposed() -> None:
    new = worded("New.").id
    assert ruled("New.", "keep", "keep", ballot={"e1": new, "e2": new, "e3": CURRENT}).rules == ("reworded by ballot",)


@pytest.mark.parametrize(
    ("choice", "stands", "weight", "text"),
    [
        (KEEP, True, 0.5, CRITERION.statement),
        (DELETE, False, 0.5, CRITERION.statement),
        ("weight:1", True, 1.0, CRITERION.statement),
        (worded("New.").id, True, 0.5, "New."),
    ],
)
def test_the_third_round_settles_a_split(choice: str, stands: bool, weight: float, text: str) -> None:
    split = positions("New.", "1.0", "delete")
    assert options(CRITERION, split) == [KEEP, worded("New.").id, "weight:1", DELETE]
    ruling = ruled("New.", "1.0", "delete", settled={"e1": choice, "e2": choice, "e3": KEEP})
    assert (ruling.stands, ruling.weight, ruling.wording.statement) == (stands, weight, text)
    assert (ruling.rules, ruling.unresolved) == (("settled",), None)


def test_without_a_majority_in_the_third_round_all_stays_and_is_listed() -> None:
    votes = {"e1": KEEP, "e2": DELETE, "e3": "weight:1"}
    ruling = ruled("New.", "1.0", "delete", settled=votes)
    assert ruling == ruled("New.", "1.0", "delete")


def test_what_was_decided_is_not_settled_anew() -> None:
    assert ruled("keep", "keep", "keep", settled={"e1": DELETE, "e2": DELETE}).stands


def proposed(*authors: str, weight: float = 1.0) -> Proposal:
    return Proposal(worded("A furrow forms."), dict.fromkeys(authors, weight), ("it is missing",))


@pytest.mark.parametrize(
    ("authors", "ballot", "stands", "rules", "unresolved"),
    [
        (("e1", "e2"), {}, True, ("added",), None),  # two asked for the same
        (("e1",), {}, False, (), "not voted on"),
        (("e1",), {"e2": YES, "e3": NO}, True, ("added",), None),  # the proposer counts
        (("e1",), {"e1": NO, "e2": YES, "e3": NO}, False, ("not added",), None),  # unless he changed his mind
        (("e1",), {"e2": NO, "e3": NO}, False, ("not added",), None),
        (("e1",), {"e2": NO}, False, (), "as many want it added as not"),
    ],
)
def test_a_supplement_needs_a_quorum(
    authors: Sequence[str], ballot: dict, stands: bool, rules: tuple, unresolved: str | None
) -> None:
    ruling = rule_on_proposal(proposed(*authors), ballot, {}, {}, TWO, GRID)
    assert (ruling.stands, ruling.rules, ruling.unresolved) == (stands, rules, unresolved)


def test_a_supplement_weighs_the_median_of_its_backers() -> None:
    votes = {"e1": YES, "e2": YES, "e3": YES}
    assert rule_on_proposal(proposed("e1"), votes, {"e2": 0.2, "e3": 0.2}, {}, TWO, GRID).weight == 0.2
    assert rule_on_proposal(proposed("e1"), votes, {"e2": 0.5, "e3": 0.2}, {}, TWO, GRID).weight == 0.5
    against = {"e1": YES, "e2": YES, "e3": NO}
    assert rule_on_proposal(proposed("e1"), against, {"e2": 1.0, "e3": 0.2}, {}, TWO, GRID).weight == 1.0


def test_a_task_goes_where_a_quorum_drops_it() -> None:
    assert rule_on_task(2, 3, {}, TWO) == (False, None)
    assert rule_on_task(1, 3, {}, TWO) == (True, None)
    assert rule_on_task(1, 2, {}, TWO) == (True, "as many want the task dropped as not")
    assert rule_on_task(1, 2, {"e1": DELETE, "e2": DELETE}, TWO) == (False, None)


@pytest.mark.parametrize(
    ("weight", "expected"), [(0.5, 0.5), (0.75, 0.5), (0.76, 1.0), (0.35, 0.2), (0.1, 0.2), (0.7, 0.7)]
)
def test_weights_snap_to_the_grid_and_the_smaller_of_two_equally_near(weight: float, expected: float) -> None:
    assert snapped(weight, GRID, 0.7 if weight == 0.7 else 0.5) == expected


WANTS = st.lists(st.sampled_from(["keep", "delete", "1.0", "0.2", "New.", "Other.", "New.|1.0"]), max_size=5)


@given(WANTS, st.integers(1, 4))
def test_the_rules_keep_weights_in_reach_and_tell_all_there_is_to_tell(wants: list[str], quorum: int) -> None:
    ruling = ruled(*wants, quorums=Quorums(quorum, quorum, quorum))
    assert ruling.weight in GRID
    changed = not ruling.stands or ruling.weight != 0.5 or ruling.wording.statement != CRITERION.statement
    assert changed == bool(set(ruling.rules) & {"deleted", "reweighed", "reworded"})
    if not ruling.stands:
        assert wants.count("delete") >= quorum
    if sum(want != "keep" for want in wants) == len(wants) > 0:
        assert changed or ruling.unresolved  # nobody wants it as it is: decided, or listed


@given(WANTS, st.randoms())
def test_the_order_of_experts_changes_nothing(wants: list[str], random: Any) -> None:
    shuffled = list(wants)
    random.shuffle(shuffled)
    quorum = max(3, len(wants)) // 2 + 1  # more than half, so that no two options can both have it
    a, b = (ruled(*given, quorums=Quorums(quorum, quorum, quorum)) for given in (wants, shuffled))
    assert (a.stands, a.weight, a.wording.id, a.rules, a.unresolved) == (
        b.stands,
        b.weight,
        b.wording.id,
        b.rules,
        b.unresolved,
    )

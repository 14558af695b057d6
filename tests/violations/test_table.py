"""The truth table is derived from states, tasks and declared effects, and says everything."""

from __future__ import annotations

import pytest

from microworldbench.rubric import Polarity
from microworldbench.simulators import MECHANISMS
from microworldbench.suites.packaged import load_packaged
from microworldbench.violations import VIOLATIONS
from microworldbench.violations.elsewhere import strangers
from microworldbench.violations.pages import as_data, index, to_markdown, to_text
from microworldbench.violations.table import truth_table

CORE = load_packaged("core")
EVERY = list(MECHANISMS.values())
SOME = [MECHANISMS[name] for name in ("vessel", "mitosis", "vesicles")]


@pytest.fixture(scope="module")
def mitosis():
    return truth_table(MECHANISMS["mitosis"], CORE.by_id["mitosis"], SOME)


@pytest.fixture(scope="module", params=[m.name for m in SOME])
def table(request):
    mechanism = MECHANISMS[request.param]
    return truth_table(mechanism, CORE.by_id[mechanism.task_id], SOME)


def test_every_violation_and_every_criterion_has_a_truth_with_a_reason(table) -> None:
    mechanism = table.mechanism
    fitting = {v.name for v in VIOLATIONS.values() if v.fits(mechanism.name)} - {"wrong_mechanism"}
    assert {row.name for row in table.rows} == {"faithful", *mechanism.violations, *fitting}
    for row in table.rows:
        assert list(row.truths) == [c.id for c in table.task.criteria]
        assert all(truth.reason for truth in row.truths.values())


def test_a_faithful_clip_meets_every_reward_and_no_penalty(table) -> None:
    good = {c.id: c.polarity is Polarity.REWARD for c in table.task.criteria}
    assert {c: truth.met for c, truth in table.faithful.items()} == good


def test_every_violation_of_a_mechanism_turns_at_least_one_claim_round(table) -> None:
    assert [row.name for row in table.rows if row.kind == "mechanism" and not table.turned(row)] == []


def test_the_turned_claims_are_those_the_violation_is_about(mitosis) -> None:
    rows = {row.name: set(mitosis.turned(row)) for row in mitosis.rows}
    assert rows["third_daughter"] >= {"one-becomes-two", "third-cell"}
    assert rows["no_segregation"] >= {"equal-chromatin", "empty-daughter"}
    assert rows["blur"] == {"sharp-picture"}
    assert rows["overlay"] == {"labels"}
    assert rows["reversed_order"] >= {"one-becomes-two", "cells-merge-or-vanish"}


def test_editing_a_task_derives_its_table_anew(mitosis) -> None:
    task = CORE.by_id["mitosis"]
    cut = task.model_copy(update={"criteria": task.criteria[:3]})
    again = truth_table(MECHANISMS["mitosis"], cut, SOME)
    assert [list(row.truths) for row in again.rows] == [[c.id for c in cut.criteria]] * len(mitosis.rows)


def test_another_level_and_another_process_of_the_same_level_stand_in_for_a_mechanism() -> None:
    for mechanism in EVERY:
        found = strangers(mechanism, EVERY)
        assert found["wrong_subject"].level is not mechanism.level
        assert "wrong_mechanism" not in found or (
            found["wrong_mechanism"].level is mechanism.level and found["wrong_mechanism"] is not mechanism
        )
    assert "wrong_mechanism" not in strangers(SOME[0], SOME)


def test_the_table_reads_as_text_markdown_and_data(mitosis) -> None:
    text, page, data = to_text(mitosis), to_markdown(mitosis, "sheet.jpg"), as_data(mitosis)
    assert "third_daughter" in text
    assert "| `third_daughter` | mechanism |" in page
    assert "![Frames" in page
    assert len(data["rows"]) == len(mitosis.rows)
    reasons = data["rows"][1]["criteria"]["third-cell"]
    assert reasons["met"] is True
    assert reasons["known"] == "state"
    assert "(mitosis.md)" in index(SOME, {t.id: t.title for t in CORE.tasks})

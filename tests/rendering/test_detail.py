from __future__ import annotations

import dataclasses

import pytest

from microworldbench.rendering.detail import LONG_OBSERVATION, task_details
from microworldbench.scoring import Outcome


def findings(detail):
    return [f for video in detail.videos for section in video.sections for f in section.findings]


@pytest.mark.parametrize(("votes", "missing_share"), [(1, 0.0), (1, 0.002), (3, 0.0)])
def test_the_points_of_a_tasks_criteria_add_up_to_its_score(examples, votes, missing_share):
    example = examples.Example(count=30, votes=votes, missing_share=missing_share)
    for detail in task_details(example.card(), example.evidence()):
        if not detail.score.failed:
            total = sum(f.points for f in findings(detail))
            assert total == pytest.approx(detail.score.score.value, abs=1e-5)


def test_votes_are_reduced_to_their_majority_and_tallied(examples):
    example = examples.Example(count=1, votes=3, failing=False)
    (detail,) = task_details(example.card(), example.evidence())
    assert len(findings(detail)) == len(detail.evidence.criteria)
    for f in findings(detail):
        met = sum(vote.outcome is Outcome.MET for vote in f.votes)
        assert (f.outcome is Outcome.MET) == (met >= 2)
        assert f.tally


def test_a_repeated_verdict_counts_once_and_the_last_one_wins(examples):
    example = examples.Example(count=1, failing=False)
    (task,) = example.evidence()
    first = task.videos[0].verdicts[0]
    contrary = first.model_copy(update={"met": not first.met, "reason": None})
    video = dataclasses.replace(task.videos[0], verdicts=(*task.videos[0].verdicts, contrary))
    (detail,) = task_details(example.card(), [dataclasses.replace(task, videos=(video,))])
    (finding,) = (f for f in findings(detail) if f.criterion.id == first.criterion)
    assert len(finding.votes) == 1
    assert (finding.outcome is Outcome.MET) == contrary.met


def test_a_criterion_without_any_verdict_is_missing(examples):
    example = examples.Example(count=1, failing=False)
    (task,) = example.evidence()
    video = dataclasses.replace(task.videos[0], verdicts=())
    (detail,) = task_details(example.card(), [dataclasses.replace(task, videos=(video,))])
    assert {f.outcome for f in findings(detail)} == {Outcome.MISSING}
    assert "open" in detail.flags


def test_a_missing_verdict_says_why(examples):
    example = examples.Example(count=1, failing=False, missing_share=1.0)
    (detail,) = task_details(example.card(), example.evidence())
    assert {f.word for f in findings(detail)} == {"missing: the judge's reply could not be read"}


def test_scored_tasks_without_evidence_follow_the_others(examples):
    example = examples.Example(count=3)
    first = next(iter(example.evidence()))
    details = list(task_details(example.card(), [first]))
    assert [(d.id, d.evidence is None) for d in details] == [("mwb-001", False), ("mwb-002", True), ("mwb-003", True)]
    assert [d.number for d in details] == [1, 2, 3]


def test_a_long_observation_is_cut_at_a_word_and_loses_nothing(examples):
    text = "cells divide " * 100
    example = examples.Example(count=1, failing=False, observation=text)
    (detail,) = task_details(example.card(), example.evidence())
    vote = next(f for f in findings(detail) if f.outcome is not Outcome.MISSING).votes[0]
    assert len(vote.opening) <= LONG_OBSERVATION
    assert vote.opening + vote.rest == text.strip()
    assert vote.rest.startswith(" ")


def test_flags_name_failures_undecided_criteria_and_met_penalties(examples):
    example = examples.Example(count=30)
    flags = {d.id: d.flags.split() for d in task_details(example.card(), example.evidence())}
    assert {task for task, found in flags.items() if "failed" in found} == {"mwb-005", "mwb-022"}
    assert any("penalty" in found for found in flags.values())
    assert any("open" in found for found in flags.values())
    assert any(not found for found in flags.values())

"""Merging: what becomes of the answers, and that anybody can repeat it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from sklearn.metrics import cohen_kappa_score

import microworldbench as bench
from microworldbench.errors import InputError
from microworldbench.review.exchange.leaving import export_study
from microworldbench.review.merge.merging import Merged, merge, raised, shifts
from microworldbench.review.merge.pages import to_text
from microworldbench.review.merge.writing import write_merge
from microworldbench.review.revision.positions import Wording
from microworldbench.rubric import Dimension, Polarity, ReviewStatus
from microworldbench.suites import load_folder

KEEP = {f"action.c{n}": "keep" for n in (1, 2, 3, 4)}
NEW = {
    "new.1.dimension": "scientific_fidelity",
    "new.1.polarity": "reward",
    "new.1.weight": "1",
    "new.1.why": "missing",
}


def says(**fields: Any) -> Callable[[Any], dict[str, str]]:
    """An expert who keeps everything but what is given; ``c1__action`` stands for ``action.c1``."""
    told = {".".join(reversed(name.split("__"))): str(value) for name, value in fields.items()}
    return lambda item: {**KEEP, **told}


def delete(name: str, why: str = "not to be seen") -> dict[str, str]:
    return {f"{name}__action": "delete", f"{name}__why": why}


def reword(name: str, text: str) -> dict[str, str]:
    return {f"{name}__action": "modify", f"{name}__statement": text, f"{name}__why": "clearer"}


def reweigh(name: str, weight: float) -> dict[str, str]:
    return {f"{name}__action": "weight", f"{name}__weight": f"{weight:g}", f"{name}__why": "it matters so much"}


def missing(text: str) -> Callable[[Any], dict[str, str]]:
    return lambda item: {**KEEP, **NEW, "new.1.statement": text}


def by_criterion(merged: Merged) -> dict[str, Any]:
    return {f"{d.task}/{d.criterion or d.subject}": d for d in merged.decisions}


@pytest.fixture
def revised(make: Any, make_suite: Any, answered: Any) -> Callable[..., Merged]:
    """A merged revision of one task."""

    def made(*rounds: Any, count: int = 1, **rules: Any) -> Merged:
        folder = answered(make("revise", suite=make_suite(count), **rules), *rounds)
        return merge(folder.path, unfinished=True)

    return made


def test_a_revision_deletes_reweighs_and_rewords_by_majority(revised: Any) -> None:
    merged = revised(
        {
            "Ann": says(**delete("c2"), **reweigh("c3", 1), **reword("c4", "A furrow pinches the cell.")),
            "Bob": says(**delete("c2"), **reweigh("c3", 1), **reword("c4", "A furrow pinches the cell.")),
            "Cy": says(**reword("c1", "Something else.")),
        },
        {name: lambda item: {"vote.c1": "current"} for name in ("Ann", "Bob", "Cy")},
    )
    (task,) = merged.child.tasks
    assert [(c.id, c.weight, c.statement) for c in task.criteria] == [
        ("c1", 1.0, "claim 1 of 0 is visible"),
        ("c3", 1.0, "claim 3 of 0 is visible"),
        ("c4", 0.2, "A furrow pinches the cell."),
    ]
    assert merged.child.version == "2-A"
    assert (merged.result.parent.version, merged.result.unresolved, merged.result.changed) == ("1-A", 0, 3)
    decisions = by_criterion(merged)
    assert decisions["task-000/c2"].rules == ("deleted",)
    assert decisions["task-000/c2"].whys == {1: {"e1": "not to be seen", "e2": "not to be seen"}}
    assert decisions["task-000/c3"].before["weight"] == 0.5
    assert decisions["task-000/c1"].rules == ("wording kept",)
    assert decisions["task-000/c1"].votes[2] == {"e1": "current", "e2": "current", "e3": "current"}
    review = task.review
    assert (review.status, review.by) == (ReviewStatus.REVIEWED, "3 experts, study study")


def test_competing_wordings_are_voted_on(revised: Any) -> None:
    winner = Wording("Two wordings, the second.", Dimension.SCIENTIFIC_FIDELITY, Polarity.REWARD).id
    merged = revised(
        {
            "Ann": says(**reword("c1", "Two wordings, the first.")),
            "Bob": says(**reword("c1", "Two wordings, the second.")),
            "Cy": says(),
        },
        {
            "Ann": lambda item: {"vote.c1": "current"},
            "Bob": lambda item: {"vote.c1": winner},
            "Cy": lambda item: {"vote.c1": winner},
        },
    )
    assert merged.child.tasks[0].criteria[0].statement == "Two wordings, the second."
    assert by_criterion(merged)["task-000/c1"].rules == ("reworded by ballot",)


def test_what_two_miss_is_added_and_what_one_misses_is_voted_on(revised: Any) -> None:
    def ballot(vote: str) -> Callable[[Any], dict[str, str]]:
        return lambda item: {f"vote.{one}": vote for one in proposals}

    alone = Wording("Only one misses this.", Dimension.SCIENTIFIC_FIDELITY, Polarity.REWARD).id
    proposals = [f"_p{alone[1:]}"]
    first = {
        "Ann": missing("The plate forms."),
        "Bob": missing("the plate  forms."),
        "Cy": missing("Only one misses this."),
    }
    merged = revised(first, {"Ann": ballot("no"), "Bob": ballot("yes"), "Cy": ballot("yes")})
    added = merged.child.tasks[0].criteria[4:]
    assert [(c.id, c.statement, c.weight) for c in added] == [
        ("added-1", "The plate forms.", 1.0),
        ("added-2", "Only one misses this.", 1.0),
    ]


def test_a_supplement_that_says_what_a_criterion_says_is_listed_not_added(revised: Any) -> None:
    same = missing("Claim 1 of 0 is   visible")
    merged = revised({"Ann": same, "Bob": same, "Cy": says()})
    assert len(merged.child.tasks[0].criteria) == 4
    assert [d.unresolved for d in merged.unresolved] == ["says the same as another criterion of the task"]


def test_the_ballot_can_resolve_a_three_way_split(revised: Any) -> None:
    first = {
        "Ann": says(**delete("c1")),
        "Bob": says(**reweigh("c1", 0.5)),
        "Cy": says(**reword("c1", "Another wording.")),
    }
    own = Wording("Another wording.", Dimension.SCIENTIFIC_FIDELITY, Polarity.REWARD).id
    ballot = {name: lambda item: {"vote.c1": "current"} for name in ("Ann", "Bob")}
    merged = revised(first, {**ballot, "Cy": lambda item: {"vote.c1": own}})
    assert by_criterion(merged)["task-000/c1"].rules == ("wording kept",)
    assert merged.result.unresolved == 0


def test_an_open_split_is_settled_by_a_vote_with_reasons(make: Any, make_suite: Any, answered: Any) -> None:
    first = {"Ann": says(**delete("c1")), "Bob": says(**reweigh("c1", 0.5)), "Cy": says()}
    settle = {"settle.c1": "weight:0.5", "why.c1": "agreed in the meeting"}
    third = {name: lambda item: settle for name in first}  # there is no wording to vote on: the second round is skipped
    merged = merge(answered(make("revise", suite=make_suite(1)), first, third).path)
    assert merged.child.tasks[0].criteria[0].weight == 0.5
    decision = by_criterion(merged)["task-000/c1"]
    assert (decision.rules, merged.result.unresolved) == (("settled",), 0)
    assert decision.whys[3] == dict.fromkeys(("e1", "e2", "e3"), "agreed in the meeting")
    apart = iter(["keep", "delete", "weight:0.5"])
    votes = {name: lambda item: {"settle.c1": next(apart), "why.c1": "no"} for name in first}
    open_still = merge(answered(make("revise", "other", suite=make_suite(1)), first, votes).path)
    assert open_still.child.tasks[0].criteria[0] == make_suite(1).tasks[0].criteria[0]
    assert [d.unresolved for d in open_still.unresolved] == ["no action has a majority"]


def test_contradictory_weights_are_listed_and_nothing_changes(revised: Any) -> None:
    merged = revised({"Ann": says(**reweigh("c3", 1)), "Bob": says(**reweigh("c3", 0.2)), "Cy": says()})
    assert merged.child.tasks[0].criteria[2].weight == 0.5
    assert "not in one direction" in merged.unresolved[0].unresolved
    assert merged.child.tasks[0].review.status is ReviewStatus.DRAFTED


def test_a_criterion_edited_in_a_dropped_task_goes_with_it_and_is_logged(revised: Any) -> None:
    drop = {"task": "drop", "_task__why": "no video can show it"}
    merged = revised(
        {
            "Ann": lambda item: {**says(**drop)(item)} if item.id == "task-000" else KEEP,
            "Bob": lambda item: {**says(**drop, **delete("c2"))(item)} if item.id == "task-000" else KEEP,
            "Cy": lambda item: says(**reword("c1", "New."))(item) if item.id == "task-000" else KEEP,
        },
        count=2,
    )
    assert [task.id for task in merged.child.tasks] == ["task-001"]
    decisions = by_criterion(merged)
    assert decisions["task-000/task"].rules == ("dropped",)
    assert decisions["task-000/c1"].rules == ("task dropped",)
    assert decisions["task-000/c2"].rules == ("task dropped",)
    assert "task-000/c3" not in decisions


def test_an_expert_who_leaves_is_waited_for_no_longer_and_what_was_said_counts(
    make: Any, make_suite: Any, answered: Any
) -> None:
    folder = make("revise", suite=make_suite(1))
    folder = answered(folder, {"Ann": says(**delete("c2")), "Bob": says(**delete("c2")), "Cy": None})
    merged = merge(folder.path)
    assert merged.result.left == ("e3",)
    assert "c2" not in [c.id for c in merged.child.tasks[0].criteria]


def test_with_two_of_three_left_one_against_one_is_listed(make: Any, make_suite: Any, answered: Any) -> None:
    folder = answered(make("revise", suite=make_suite(1)), {"Ann": says(**delete("c2")), "Bob": says(), "Cy": None})
    merged = merge(folder.path, unfinished=True)
    assert [(d.criterion, d.unresolved) for d in merged.unresolved] == [("c2", "no action has a majority")]


def test_a_task_that_would_lose_its_last_reward_stays_and_is_listed(revised: Any, tmp_path: Path) -> None:
    away = {**delete("c1"), **delete("c3"), **delete("c4")}
    merged = revised({"Ann": says(**away), "Bob": says(**away), "Cy": says()})
    assert len(merged.child.tasks[0].criteria) == 4
    assert "no reward left" in merged.unresolved[0].unresolved
    assert merged.result.changed == 0
    assert merged.child.version == "1-B"


def test_a_measurement_goes_with_the_claim_it_measured(make: Any, answered: Any) -> None:
    suite = bench.load_suite("core")
    suite = suite.model_copy(update={"tasks": (suite.by_id["mitosis"],)})
    keep = {f"action.{c.id}": "keep" for c in suite.tasks[0].criteria}
    other = {
        **keep,
        "action.one-becomes-two": "modify",
        "statement.one-becomes-two": "One becomes two.",
        "why.one-becomes-two": "short",
    }
    lighter = {**other, "action.third-cell": "weight", "weight.third-cell": "0.5", "why.third-cell": "less"}
    folder = answered(make("revise", suite=suite), {name: lambda item: lighter for name in ("Ann", "Bob", "Cy")})
    task = merge(folder.path).child.tasks[0]
    criteria = {c.id: c for c in task.criteria}
    assert criteria["one-becomes-two"].measurement is None
    assert criteria["one-becomes-two"].temporal
    assert criteria["third-cell"].measurement == suite.tasks[0].criteria[2].measurement
    assert criteria["third-cell"].digest == suite.tasks[0].criteria[2].digest  # no new verdict is needed


def test_replaying_the_log_on_the_parent_gives_the_child_byte_for_byte(revised: Any, tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script> = \"quoted\": 'yes' # not a comment\n- item\tend" + " long" * 200
    merged = revised(
        {
            "Ann": says(**reword("c1", hostile), **delete("c2")),
            "Bob": says(**reword("c1", hostile), **delete("c2", "=cmd()")),
            "Cy": missing("Ünïcödé: it’s “there” 🔬."),
        },
        {name: lambda item: {} for name in ("Ann", "Bob", "Cy")},
        count=2,
    )
    write_merge(merged, tmp_path / "first")
    export_study(merged.folder, tmp_path / "shared", ("log",))
    assert {path.name for path in (tmp_path / "shared").iterdir()} == {
        "study.json",
        "items.jsonl",
        "suite.json",
        "events.jsonl",
    }
    write_merge(merge(tmp_path / "shared", unfinished=True), tmp_path / "second")
    for path in sorted((tmp_path / "first").rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "second" / path.relative_to(tmp_path / "first")).read_bytes()
    child = load_folder(tmp_path / "second" / "suite")
    assert child.digest == merged.child.digest == merged.result.child.digest
    assert child.digest != merged.result.parent.digest
    assert child.by_id["task-000"].criteria[0].statement == hostile.replace("\t", " ").strip()


def test_one_more_answer_gives_another_log_and_another_child(make: Any, make_suite: Any, answered: Any) -> None:
    folder = make("revise", suite=make_suite(1))
    before = merge(answered(folder, {"Ann": says(**delete("c2")), "Bob": says()}).path, unfinished=True)
    after = merge(answered(folder, {"Cy": says(**delete("c2"))}).path, unfinished=True)
    assert before.result.log != after.result.log
    assert before.child.digest != after.child.digest


def test_names_are_not_in_what_is_shared(make: Any, make_suite: Any, answered: Any, tmp_path: Path) -> None:
    folder = answered(make("revise", suite=make_suite(1)), {n: says() for n in ("Ann Lee", "Bob Roe", "Cy Poe")})
    export_study(folder, tmp_path / "shared", ("log", "rows"))
    write_merge(merge(folder.path), tmp_path / "merged")
    for path in [*(tmp_path / "shared").rglob("*"), *(tmp_path / "merged").rglob("*")]:
        if path.is_file():
            text = path.read_text()
            assert not [name for name in ("Ann", "Bob", "Cy Poe", folder.key.hex()) if name in text], path


def test_action_frequencies_are_counted_and_drawn(revised: Any, tmp_path: Path) -> None:
    merged = revised(
        {"Ann": says(**delete("c1"), **reweigh("c3", 1)), "Bob": says(), "Cy": missing("The plate forms.")}, count=3
    )
    counts = {(a.expert, a.level.value, a.dimension.value): a for a in merged.result.actions}
    ann = counts["e1", "organ", "scientific_fidelity"]
    assert (ann.keep, ann.delete) == (1, 1)
    assert counts["e1", "cellular", "visual_quality"].weight == 1
    assert counts["e3", "subcellular", "scientific_fidelity"].add == 1
    write_merge(merged, tmp_path / "out")
    root = ET.fromstring((tmp_path / "out" / "actions.svg").read_text())
    titles = [t.text for t in root.iter("{http://www.w3.org/2000/svg}title")]
    assert "e1, Organ, Scientific fidelity: 1 keep, 1 delete" in titles
    assert len(titles) == 1 + len(merged.result.actions)


def test_agreement_on_actions_is_measured_with_intervals(revised: Any) -> None:
    merged = revised({"Ann": says(**delete("c1")), "Bob": says(**delete("c1")), "Cy": says(**delete("c2"))}, count=9)
    found = merged.result.agreement
    assert (found.units, found.tasks) == (36, 9)
    rows = {"e1": ["d", "k", "k", "k"] * 9, "e2": ["d", "k", "k", "k"] * 9, "e3": ["k", "d", "k", "k"] * 9}
    for pair in found.cohen:
        assert pair.kappa.value == pytest.approx(cohen_kappa_score(rows[pair.first], rows[pair.second]), abs=1e-6)
    assert found.prevalence["keep"].value == 0.75
    assert found.ac1.value is not None


def test_a_study_that_is_still_open_is_not_merged_unasked(make: Any, make_suite: Any, answered: Any) -> None:
    folder = make("revise", suite=make_suite(1))
    with pytest.raises(InputError, match="nobody has answered"):
        merge(folder.path)
    folder = answered(folder, {"Ann": says()})
    with pytest.raises(InputError, match=r"round 1 of 3 is still open.*--unfinished"):
        merge(folder.path)
    assert merge(folder.path, unfinished=True).result.unfinished


def test_a_folder_that_holds_something_else_is_left_alone(revised: Any, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    merged = revised({"Ann": says(), "Bob": says(), "Cy": says()})
    with pytest.raises(InputError, match="is not a merge"):
        write_merge(merged, tmp_path / "out")


@pytest.mark.parametrize(
    ("version", "changed", "expected"),
    [
        ("1-A", True, "2-A"),
        ("1-A", False, "1-B"),
        ("3-Z", False, "3-AA"),
        ("3-AZ", False, "3-BA"),
        ("9-C", True, "10-A"),
    ],
)
def test_versions_rise_by_number_where_a_score_could_move(version: str, changed: bool, expected: str) -> None:
    assert raised(version, changed=changed) == expected


class TestShift:
    """What a revision does to stored scores."""

    @pytest.fixture
    def graded(self, make_suite: Any, run_with_videos: Any, scripted: Any) -> Path:
        run = run_with_videos("alpha", make_suite(3))
        bench.grade(run, suite=make_suite(3), judge=scripted(lambda question, criterion: criterion.id in ("c1", "c2")))
        return run

    def merged(self, make: Any, make_suite: Any, answered: Any, **wish: Any) -> Merged:
        folder = make("revise", suite=make_suite(3))
        return merge(answered(folder, {name: says(**wish) for name in ("Ann", "Bob", "Cy")}).path)

    def test_a_deleted_penalty_and_a_new_weight_move_the_score_without_a_new_verdict(
        self, make: Any, make_suite: Any, answered: Any, graded: Path
    ) -> None:
        merged = self.merged(make, make_suite, answered, **delete("c2"), **reweigh("c3", 1))
        (shift,) = shifts(merged, [graded], Path("out/suite"))
        assert shift.before.value == pytest.approx(100 * (1 - 0.5) / 1.7, abs=1e-5)
        assert shift.after.value == pytest.approx(100 * 1 / 2.2, abs=1e-5)
        assert (shift.touched, shift.kept, shift.judge_again, shift.after.partial) == (0, 9, None, False)

    def test_a_new_wording_is_open_until_it_is_judged_again_and_only_it_is(
        self, make: Any, make_suite: Any, answered: Any, graded: Path, tmp_path: Path, scripted: Any
    ) -> None:
        from microworldbench.judging.cascade import Cascade
        from microworldbench.judging.replay import replay_judge

        merged = self.merged(make, make_suite, answered, **reword("c1", "Another claim."))
        (shift,) = shifts(merged, [graded], Path("out/suite"))
        assert (shift.touched, shift.kept) == (3, 9)
        assert shift.after.low == pytest.approx(100 * -0.5 / 1.7, abs=1e-5)
        assert shift.after.high == pytest.approx(100 * 0.5 / 1.7, abs=1e-5)
        assert shift.after.partial
        assert "--videos-from" in shift.judge_again
        judge = scripted(name="again")
        again = Cascade([replay_judge(graded), judge])
        report = bench.grade(tmp_path / "again", suite=merged.child, judge=again, videos_from=graded)
        assert {criterion.statement for question in judge.asked for criterion in question.criteria} == {
            "Another claim."
        }
        assert report.overall.value == pytest.approx(100 * 0.5 / 1.7, abs=1e-5)
        assert report.coverage.missing == 0

    def test_a_run_on_another_suite_is_refused(
        self, make: Any, make_suite: Any, answered: Any, graded: Path, run_with_videos: Any, scripted: Any
    ) -> None:
        merged = self.merged(make, make_suite, answered, **delete("c2"))
        other = run_with_videos("beta", make_suite(2))
        bench.grade(other, suite=make_suite(2), judge=scripted())
        with pytest.raises(InputError, match="not on the suite that was revised"):
            shifts(merged, [other], Path("x"))
        with pytest.raises(InputError, match="no verdicts"):
            shifts(merged, [run_with_videos("gamma", make_suite(3))], Path("x"))


class TestOneRound:
    """Relevance, verdicts, pairs, clips and captions."""

    def test_a_task_stays_if_two_of_three_find_it_relevant(self, make: Any, make_suite: Any, answered: Any) -> None:
        def votes(*by_task: str) -> Callable[[Any], dict[str, str]]:
            return lambda item: {
                "answer": by_task[int(item.id[-1])],
                "level": "cellular" if item.id.endswith("0") else "",
            }

        folder = answered(
            make("relevance", suite=make_suite(4)),
            {
                "Ann": votes("relevant", "relevant", "not_relevant", "relevant"),
                "Bob": votes("relevant", "unsure", "not_relevant", "not_relevant"),
                "Cy": votes("unsure", "relevant", "relevant", "unsure"),
            },
        )
        merged = merge(folder.path)
        assert [task.id for task in merged.child.tasks] == ["task-000", "task-001"]
        assert merged.child.tasks[0].level.value == "cellular"  # was organ; all said so
        assert [(d.task, d.unresolved) for d in merged.unresolved] == [("task-003", "no answer has a majority")]
        assert merged.child.version == "2-A"

    def test_nothing_relevant_makes_no_suite(self, make: Any, make_suite: Any, answered: Any) -> None:
        no = lambda item: {"answer": "not_relevant"}  # noqa: E731
        folder = answered(make("relevance", suite=make_suite(1)), {"Ann": no, "Bob": no, "Cy": no})
        with pytest.raises(InputError, match="no task of suite 'tiny' would be left"):
            merge(folder.path)

    def test_verdicts_become_labels_with_the_probability_of_the_draw(
        self, make: Any, make_suite: Any, answered: Any, run_with_videos: Any, scripted: Any, tmp_path: Path
    ) -> None:
        from microworldbench.concordance import measure_agreement
        from microworldbench.labels import read_labels

        suite = make_suite(30)
        run = run_with_videos("alpha", suite)
        bench.grade(run, suite=suite, judge=scripted(lambda q, c: c.id != "c2"))
        met = {f"met.c{n}": "met" if n != 2 else "not_met" for n in (1, 2, 3, 4)}
        folder = make("verdict", runs=[run], per_level=5)
        folder = answered(
            folder,
            {"Ann": lambda i: met, "Bob": lambda i: met, "Cy": lambda i: {**met, "met.c1": "cannot_tell"}},
        )
        write_merge(merge(folder.path), tmp_path / "out")
        labels = read_labels(tmp_path / "out" / "labels.jsonl").labels
        assert len(labels) == 3 * 15 * 4
        assert {label.inclusion for label in labels} == {0.5}
        found = measure_agreement(run, tmp_path / "out" / "labels.jsonl")
        assert found.judge_human["scripted"].overall.observed.value == 1.0
        assert {rater.name for rater in found.raters} == {"scripted", "e1", "e2", "e3"}
        corrected = bench.Report.from_run(run, labels=tmp_path / "out" / "labels.jsonl").scorecard.corrected
        assert corrected.overall.value == pytest.approx(100, abs=1e-5)

    def test_pairs_become_votes_whichever_side_a_model_stood_on(
        self, make: Any, make_suite: Any, answered: Any, run_with_videos: Any, tmp_path: Path
    ) -> None:
        from microworldbench.preferences import measure_preferences
        from microworldbench.review.desk import Desk
        from microworldbench.review.sheets.order import Order

        runs = [run_with_videos(name, make_suite(12)) for name in ("alpha", "beta")]
        folder = make("pair", runs=runs, repeats=0.1)
        order = Order(folder, Desk(folder).board)
        from microworldbench.review.store.board import Slot

        def prefers_alpha(expert: str) -> Callable[[Any], dict[str, str]]:
            return lambda item: {"choice": "right" if order.is_swapped(expert, Slot(item.id)) else "left"}

        folder = answered(
            folder, {"Ann": prefers_alpha("e1"), "Bob": prefers_alpha("e2"), "Cy": lambda item: {"choice": "tie"}}
        )
        merged = merge(folder.path)
        assert {d.after["winner"] for d in merged.decisions} == {"alpha"}
        write_merge(merged, tmp_path / "out")
        found = measure_preferences(tmp_path / "out" / "votes.csv", model="alpha")
        assert found.pairs[0].majority.win.value == 1.0
        assert found.pairs[0].all_votes.tie.value == pytest.approx(1 / 3, abs=1e-6)
        assert found.self_consistency.n == 3  # one repeated pair each; sides were swapped, answers were not
        assert re.search(r"alpha +12\n", to_text(merged, ()))

    def test_one_report_of_a_person_keeps_a_clip_out(self, make: Any, make_clips: Any, answered: Any) -> None:
        accept = lambda item: {"decision": "accept"}  # noqa: E731
        person = {"decision": "reject", "reason.personal": "yes"}
        folder = answered(
            make("clip", clips=make_clips(3)),
            {
                "Ann": accept,
                "Bob": lambda i: {"decision": "reject", "reason.cuts": "yes"} if i.id == "clip-1" else accept(i),
                "Cy": lambda i: person if i.id == "clip-2" else accept(i),
            },
        )
        decided = {d.task: d for d in merge(folder.path).decisions}
        assert [decided[f"clip-{n}"].after["decision"] for n in range(3)] == ["accept", "accept", "reject"]
        assert decided["clip-2"].rules == ("one report is enough",)
        assert decided["clip-2"].after["reasons"] == ["personal"]

    def test_a_caption_is_corrected_where_two_write_the_same(self, make: Any, make_clips: Any, answered: Any) -> None:
        better = lambda text: lambda item: {"decision": "correct", "text": text}  # noqa: E731
        folder = answered(
            make("caption", clips=make_clips(1)),
            {
                "Ann": better("Two cells part."),
                "Bob": better("two cells  part."),
                "Cy": lambda i: {"decision": "accept"},
            },
        )
        (decision,) = merge(folder.path).decisions
        assert decision.after == {"decision": "correct", "caption": "Two cells part."}
        assert decision.before == {"caption": "Cells move, 0."}

    def test_two_different_corrections_are_listed(self, make: Any, make_clips: Any, answered: Any) -> None:
        better = lambda text: lambda item: {"decision": "correct", "text": text}  # noqa: E731
        folder = answered(
            make("caption", clips=make_clips(1)),
            {"Ann": better("One."), "Bob": better("Two."), "Cy": lambda i: {"decision": "accept"}},
        )
        (decision,) = merge(folder.path).decisions
        assert decision.after is None
        assert "but not the same one" in decision.unresolved


def test_the_report_escapes_what_experts_wrote(revised: Any, tmp_path: Path) -> None:
    text = "<img src=x onerror=alert(1)> | [link](javascript:alert(1)) \x1b[31m"
    merged = revised(
        {"Ann": says(**reword("c1", text)), "Bob": says(**reword("c1", "b")), "Cy": says(**reword("c1", "c"))}
    )
    write_merge(merged, tmp_path / "out")
    report = (tmp_path / "out" / "report.md").read_text()
    assert "<img" not in report
    assert "\x1b" not in to_text(merged, ())
    assert json.loads((tmp_path / "out" / "merge.json").read_text())["unresolved"] == 1

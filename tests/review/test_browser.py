"""Every kind of study in headless Chromium: three experts by keys, mouse and touch, from invitation to result."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from microworldbench.labels import read_labels
from microworldbench.review.exchange.leaving import export_study
from microworldbench.review.merge.merging import Merged, merge
from microworldbench.review.merge.writing import write_merge
from microworldbench.review.studies.folder import StudyFolder
from microworldbench.suites import load_folder

WAYS = {"Ann": "keys", "Bob": "mouse", "Cy": "touch"}
Answer = Callable[[Any, str], None]


@pytest.fixture
def played(arrive: Any, serving: Any) -> Callable[..., Merged]:
    """A study of one round as three experts answered it in their browsers, merged."""

    def play(folder: StudyFolder, **answers: Answer) -> Merged:
        with serving(folder) as served:
            experts = {name: arrive(served, name, WAYS[name]) for name in answers}
            for name, expert in experts.items():
                expert.work_through(answers[name])
            experts["Ann"].page.reload()
            assert "Everybody has finished" in experts["Ann"].page.locator("aside").inner_text()
        return merge(folder.path)

    return play


def says(**by_title: str) -> Answer:
    """Chooses by the number in the title."""
    return lambda expert, title: expert.choose(f"^{by_title[f't{title[-1]}']}$")


def test_relevance(make: Any, make_suite: Any, played: Any, tmp_path: Path) -> None:
    def cy(expert: Any, title: str) -> None:
        says(t0="Relevant", t1="Not relevant", t2="Unsure")(expert, title)
        expert.page.get_by_label("Another level").select_option(label="Subcellular" if title != "Title 2" else "Organ")
        expert.write("Why if you like", "<script>window.pwned = 1</script>")

    merged = played(
        make("relevance", suite=make_suite(3)),
        Ann=says(t0="Relevant", t1="Not relevant", t2="Relevant"),
        Bob=says(t0="Relevant", t1="Relevant", t2="Relevant"),
        Cy=cy,
    )
    assert [d.rules for d in merged.decisions] == [("kept",), ("dropped",), ("kept",)]
    write_merge(merged, tmp_path / "out")
    assert [task.id for task in load_folder(tmp_path / "out" / "suite").tasks] == ["task-000", "task-002"]
    votes = list(csv.DictReader((tmp_path / "out" / "votes.csv").read_text().splitlines()))
    assert [vote["relevant"] for vote in votes if vote["evaluator"] == "e1"].count("yes") == 2
    assert merged.result.minutes.keys() == {"e1", "e2", "e3"}


def test_verdict(make: Any, make_suite: Any, run_with_videos: Any, played: Any, tmp_path: Path) -> None:
    def verdicts(false: str, unclear: str = "nothing") -> Answer:
        def answer(expert: Any, title: str) -> None:
            for claim in expert.page.locator(".claim").all():
                said = claim.locator(".statement").inner_text()
                met = "^Not met$" if false in said else "^Cannot tell$" if unclear in said else "^Met$"
                expert.choose(met, within=claim)

        return answer

    folder = make("verdict", runs=[run_with_videos("alpha", make_suite(2))])
    both = verdicts("claim 2")
    merged = played(folder, Ann=both, Bob=both, Cy=verdicts("claim 2", unclear="claim 1"))
    write_merge(merged, tmp_path / "out")
    labels = read_labels(tmp_path / "out" / "labels.jsonl").labels
    assert len(labels) == 3 * 2 * 4
    said = {(label.rater, label.criterion): label.outcome.value for label in labels}
    assert said["e1", "c1"] == "met"
    assert said["e3", "c1"] == "cannot_tell"
    assert {said[e, "c2"] for e in ("e1", "e2", "e3")} == {"not_met"}
    assert {d.after["met"] for d in merged.decisions if d.criterion == "c1"} == {"met"}


def test_pair(make: Any, make_suite: Any, run_with_videos: Any, played: Any, tmp_path: Path) -> None:
    folder = make("pair", runs=[run_with_videos(name, make_suite(3)) for name in ("alpha", "beta")], repeats=0.34)
    runs = {film.file: film.run for item in folder.items for film in item.films}
    sides: set[str] = set()

    def prefers_alpha(expert: Any, title: str) -> None:
        assert "alpha" not in expert.page.content()
        left = expert.page.locator("video").first.get_attribute("src").rpartition("/")[2]
        sides.add(runs[left])
        expert.choose("^Left$" if runs[left] == "alpha" else "^Right$")

    merged = played(folder, Ann=prefers_alpha, Bob=prefers_alpha, Cy=lambda e, _title: e.choose("^About equal$"))
    assert sides == {"alpha", "beta"}
    assert {d.after["winner"] for d in merged.decisions} == {"alpha"}
    write_merge(merged, tmp_path / "out")
    votes = list(csv.DictReader((tmp_path / "out" / "votes.csv").read_text().splitlines()))
    assert len(votes) == 3 * 4  # one pair of three comes twice
    won = [vote[vote["choice"]] for vote in votes if vote["choice"] in ("left", "right")]
    assert won == ["alpha"] * 8


def test_clip(make: Any, make_clips: Any, played: Any, tmp_path: Path) -> None:
    from microverse.data.reviews import import_reviews, read_reviews
    from microverse.data.reviews import merge as merge_reviews

    def rejects(wanted: str, key: str, reason: str) -> Answer:
        def answer(expert: Any, title: str) -> None:
            if title != wanted:
                return expert.choose("^Accept$")
            expert.choose("^Reject$")
            if expert.way == "keys":
                return expert.page.keyboard.press(key)
            return expert.page.get_by_label(reason).check()

        return answer

    folder = make("clip", clips=make_clips(3))
    merged = played(
        folder,
        Ann=rejects("Clip 1", "f", "several shots"),
        Bob=rejects("Clip 1", "f", "several shots"),
        Cy=rejects("Clip 2", "k", "shows or names a person"),
    )
    decided = {d.task: d.after for d in merged.decisions}
    assert decided["clip-0"] == {"decision": "accept"}
    assert decided["clip-1"] == {"decision": "reject", "reasons": ["cuts"]}
    assert decided["clip-2"] == {"decision": "reject", "reasons": ["personal"]}
    export_study(folder, tmp_path / "out")
    for name in ("answers.csv", "answers.jsonl"):
        work = tmp_path / name.replace(".", "-")
        assert import_reviews(tmp_path / "out" / name, work, "clips", set(folder.by_id)) == 9
        accepted = {clip: found.accepts for clip, found in merge_reviews(read_reviews(work, "clips")).items()}
        assert accepted == {clip: after["decision"] == "accept" for clip, after in decided.items()}


def test_caption(make: Any, make_clips: Any, played: Any, tmp_path: Path) -> None:
    from microverse.data.reviews import import_reviews, read_reviews
    from microverse.data.reviews import merge as merge_reviews

    def corrects(text: str) -> Answer:
        def answer(expert: Any, title: str) -> None:
            if title != "Clip 1":
                return expert.choose("^Accept$")
            expert.choose("^Correct it$")
            return expert.write("The caption as it should be", text)

        return answer

    folder = make("caption", clips=make_clips(2))
    merged = played(
        folder,
        Ann=corrects("Two cells part."),
        Bob=corrects("two cells  part."),
        Cy=lambda expert, _title: expert.choose("^Accept$"),
    )
    decided = {d.task: d.after for d in merged.decisions}
    assert decided == {
        "clip-0": {"decision": "accept", "caption": "Cells move, 0."},
        "clip-1": {"decision": "correct", "caption": "Two cells part."},
    }
    export_study(folder, tmp_path / "out")
    assert import_reviews(tmp_path / "out" / "answers.csv", tmp_path / "work", "captions", set(folder.by_id)) == 6
    found = merge_reviews(read_reviews(tmp_path / "work", "captions"))
    assert {clip: said.accepts for clip, said in found.items()} == {"clip-0": True, "clip-1": True}
    assert found["clip-1"].correction in ("Two cells part.", "two cells  part.")


def test_revision_in_three_rounds(make: Any, make_suite: Any, arrive: Any, serving: Any, tmp_path: Path) -> None:
    folder = make("revise", suite=make_suite(1))
    wordings = {"Ann": "Poles come first.", "Bob": "Poles stand apart.", "Cy": "Two poles are seen."}
    addition = "The envelope forms again."

    def first(name: str) -> Answer:
        def answer(expert: Any, _title: str) -> None:
            c1, c2, c3, c4 = (expert.page.locator(f"#c-c{n}") for n in (1, 2, 3, 4))
            expert.choose("^Reword$", within=c1)
            expert.write("New wording", wordings[name], within=c1)
            expert.write("Why", "It was vague.", within=c1)
            if name != "Cy":
                expert.choose("^Delete$", within=c2)
                expert.write("Why", "Nobody can see it.", within=c2)
                expert.choose("^Other weight$", within=c3)
                c3.locator("select[name='weight.c3']").select_option("1")
                expert.write("Why", "It is the point.", within=c3)
            else:
                expert.choose("^Keep$", within=c2)
                expert.choose("^Keep$", within=c3)
                expert.page.get_by_text("Add a criterion").tap()
                new = expert.page.locator("#new-1")
                new.get_by_label("Claim").fill(addition)
                new.get_by_label("Dimension").select_option("scientific_fidelity")
                new.get_by_label("Kind").select_option("reward")
                new.get_by_label("Weight").select_option("0.5")
                new.get_by_label("Why it is needed").fill("It ends telophase.")
            expert.choose("^Keep$", within=c4)
            others = [text for other, text in wordings.items() if other != name]
            assert not any(text in expert.page.content() for text in others)

        return answer

    def second(name: str) -> Answer:
        def answer(expert: Any, _title: str) -> None:
            wording, new = expert.page.locator(".vote").all()
            for text in (*wordings.values(), addition):
                assert text in expert.page.content()
            assert not [other for other in wordings if other in expert.page.locator("main").inner_text()]
            expert.choose(re.escape(wordings[name]), within=wording)
            expert.choose("^Leave it out$" if name == "Bob" else "^Add it$", within=new)

        return answer

    def third(name: str) -> Answer:
        def answer(expert: Any, _title: str) -> None:
            (case,) = expert.page.locator(".vote").all()
            expert.choose("^Leave it as it is$" if name == "Ann" else re.escape(wordings["Bob"]), within=case)
            expert.write("Why", "We talked it over.", within=case)

        return answer

    with serving(folder) as served:
        experts = {name: arrive(served, name, way) for name, way in WAYS.items()}
        for round_ in (first, second, third):
            for name, expert in experts.items():
                expert.work_through(round_(name))
        assert served.desk.is_over
    merged = merge(folder.path)
    assert merged.unresolved == []
    write_merge(merged, tmp_path / "out")
    (task,) = load_folder(tmp_path / "out" / "suite").tasks
    assert [(c.statement, c.weight) for c in task.criteria if c.id in ("c1", "c2", "c3")] == [
        (wordings["Bob"], 1.0),
        ("claim 3 of 0 is visible", 1.0),
    ]
    assert addition in [c.statement for c in task.criteria]
    assert task.review.by == "3 experts, study study"
    export_study(folder, tmp_path / "shared", ("log",))
    write_merge(merge(tmp_path / "shared"), tmp_path / "again")
    for path in (path for path in (tmp_path / "out").rglob("*") if path.is_file()):
        assert path.read_bytes() == (tmp_path / "again" / path.relative_to(tmp_path / "out")).read_bytes()

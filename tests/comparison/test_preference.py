"""Votes on pairs of videos."""

from __future__ import annotations

import csv
import json
import math
import random
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from microworldbench.errors import InputError, UnknownNameError
from microworldbench.preferences import measure_preferences

Vote = dict[str, str]


def vote(task: object, evaluator: str, left: str, right: str, choice: str) -> Vote:
    return {"task": f"t{task}", "evaluator": evaluator, "left": left, "right": right, "choice": choice}


def split(wins: int, losses: int, ties: int, left: str = "a", right: str = "b") -> list[Vote]:
    """One vote a task."""
    said = ["left"] * wins + ["right"] * losses + ["tie"] * ties
    return [vote(n, "e1", left, right, choice) for n, choice in enumerate(said)]


def strong(rng: random.Random, models: dict[str, float], tasks: int, evaluators: int = 3) -> list[Vote]:
    names = list(models)
    made = []
    for task in range(tasks):
        for evaluator in range(evaluators):
            left, right = rng.sample(names, 2)
            ahead = 1 / (1 + math.exp(models[right] - models[left]))
            said = "tie" if rng.random() < 0.2 else "left" if rng.random() < ahead else "right"
            made.append(vote(task, f"e{evaluator}", left, right, said))
    return made


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Iterable[Vote]], Path]:
    def write(name: str, rows: Iterable[Vote]) -> Path:
        path, made = tmp_path / name, list(rows)
        if name.endswith(".csv"):
            with path.open("w", newline="") as target:
                writer = csv.DictWriter(target, fieldnames=list(made[0]))
                writer.writeheader()
                writer.writerows(made)
        else:
            path.write_text("".join(json.dumps(row) + "\n" for row in made))
        return path

    return write


@pytest.mark.parametrize("name", ["votes.csv", "votes.jsonl"])
def test_two_models_have_the_closed_form_strengths(write: Any, name: str) -> None:
    # Davidson (1970) for 30 wins, 10 losses, 20 ties: log ratio ln 3, nu = 20 / sqrt(300).
    found = measure_preferences(write(name, split(30, 10, 20)))
    first, second = found.strengths
    assert (first.model, first.log_strength) == ("a", 0)
    assert second.log_strength == pytest.approx(-math.log(3), abs=1e-5)
    assert found.nu == pytest.approx(20 / math.sqrt(300), abs=1e-5)


def test_shares_count_votes_with_intervals_over_tasks(write: Any) -> None:
    pair = measure_preferences(write("v.csv", split(30, 10, 20))).pairs[0]
    shares = pair.all_votes
    assert [shares.win.value, shares.tie.value, shares.loss.value] == pytest.approx([1 / 2, 1 / 3, 1 / 6], abs=1e-6)
    assert shares.net.value == pytest.approx(1 / 3, abs=1e-6)
    assert shares.win.ci95[0] < 0.5 < shares.win.ci95[1]
    assert (shares.win.n, pair.tasks) == (60, 60)


def test_a_vote_counts_for_its_model_whichever_side_it_is_on(write: Any) -> None:
    rows = split(6, 2, 2)
    turn = {"left": "right", "right": "left", "tie": "tie"}
    turned = [r | {"left": r["right"], "right": r["left"], "choice": turn[r["choice"]]} for r in rows]
    one, other = (measure_preferences(write(n, v)) for n, v in (("a.csv", rows), ("b.csv", turned)))
    assert one.pairs == other.pairs
    assert one.strengths == other.strengths


def test_the_reference_model_stands_first(write: Any) -> None:
    path = write("v.csv", split(30, 10, 20))
    found = measure_preferences(path, model="b")
    assert found.pairs[0].first == "b"
    assert found.pairs[0] == measure_preferences(path).between("b", "a")
    with pytest.raises(UnknownNameError, match="unknown model 'c'"):
        measure_preferences(path, model="c")


def test_a_bias_for_the_left_side_is_found(write: Any) -> None:
    rng = random.Random(3)
    rows = []
    for task in range(200):
        left, right = rng.sample("ab", 2)
        rows.append(vote(task, "e1", left, right, "left" if rng.random() < 0.75 else "right"))
    side = measure_preferences(write("v.csv", rows), resamples=1000).side
    assert side.ci95[0] < math.log(3) < side.ci95[1]
    assert side.ci95[0] > 0


def test_an_unbeaten_model_has_no_strength_but_with_a_ridge(write: Any) -> None:
    path = write("v.csv", split(12, 0, 0))
    found = measure_preferences(path)
    assert (found.strengths, found.strengths_reason, found.nu) == (None, "separated", None)
    assert "--ridge" in found.to_text()
    shrunk = measure_preferences(path, ridge=1.0)
    assert shrunk.strengths[1].log_strength < 0
    assert "shrunk" in " ".join(shrunk.notes)


def test_models_that_never_met_have_no_common_strengths(write: Any) -> None:
    rows = split(5, 5, 0) + split(5, 5, 0, "c", "d")
    found = measure_preferences(write("v.csv", rows))
    assert found.strengths_reason == "disconnected"
    assert [(p.first, p.second) for p in found.pairs] == [("a", "b"), ("c", "d")]
    with pytest.raises(UnknownNameError, match="were not compared"):
        found.between("a", "c")


def test_only_ties_tell_no_strength(write: Any) -> None:
    found = measure_preferences(write("v.csv", split(0, 0, 8)))
    assert found.strengths_reason == "no_variation"
    assert found.pairs[0].all_votes.tie.value == 1


def test_the_majority_of_a_task_is_one_vote(write: Any) -> None:
    rows = [vote(0, "e1", "a", "b", "left"), vote(0, "e2", "b", "a", "right"), vote(0, "e3", "a", "b", "right")]
    rows += [vote(1, "e1", "a", "b", "left"), vote(1, "e2", "a", "b", "right")]
    majority = measure_preferences(write("v.csv", rows)).pairs[0].majority
    assert (majority.win.value, majority.tie.value, majority.win.n) == (0.5, 0.5, 2)


def test_evaluators_agree_on_the_model_not_on_the_side(write: Any) -> None:
    rows = []
    for n in range(30):
        better = "ab"[n % 2]
        rows.append(vote(n, "e1", "a", "b", "left" if better == "a" else "right"))
        rows.append(vote(n, "e2", "b", "a", "left" if better == "b" else "right"))
    found = measure_preferences(write("v.csv", rows)).agreement
    assert (found.observed, found.krippendorff.value, found.cohen[0].kappa.value) == (1, 1, 1)
    assert found.units == 30


def test_one_evaluator_has_no_agreement(write: Any) -> None:
    assert measure_preferences(write("v.csv", split(3, 3, 3))).agreement is None


def test_repeats_with_swapped_sides_measure_the_evaluator_and_are_no_votes(write: Any) -> None:
    rows = split(10, 10, 0)
    repeats = [vote(0, "e1", "b", "a", "right"), vote(1, "e1", "b", "a", "left")]
    found = measure_preferences(write("v.csv", rows + repeats))
    assert found.votes == 20
    assert (found.self_consistency.count, found.self_consistency.n) == (1, 2)


def test_what_nobody_could_judge_does_not_count(write: Any) -> None:
    found = measure_preferences(write("v.csv", [*split(5, 5, 0), vote(99, "e1", "a", "b", "cannot_judge")]))
    assert (found.votes, found.cannot_judge, found.tasks) == (10, 1, 10)


def test_a_circle_of_majorities_is_counted(write: Any) -> None:
    rows = split(7, 3, 0, "a", "b") + split(7, 3, 0, "b", "c") + split(7, 3, 0, "c", "a")
    found = measure_preferences(write("v.csv", rows))
    assert (found.circles, found.triples) == (1, 1)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([vote(1, "e", "a", "b", "both")], r"unknown choice 'both'.*v\.csv:2"),
        ([vote(1, "e", "a", "b", "")], r"v\.csv:2: choice is empty"),
        ([vote(1, "e", "a", "a", "left")], "stands on both sides"),
        ([vote(1, "", "a", "b", "left")], "evaluator is empty"),
        ([vote(1, "e", "a", "b", "left"), vote(1, "e", "a", "b", "right")], r"v\.csv:3: .* otherwise than in line 2"),
        ([vote(1, "e", "a", "b", "cannot_judge")], "no vote that counts"),
        ([{"task": "t", "left": "a", "right": "b", "choice": "left"}], "lacks evaluator"),
    ],
)
def test_bad_votes_are_refused_with_file_and_line(write: Any, rows: list[Vote], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        measure_preferences(write("v.csv", rows))


def test_hundred_thousand_votes_are_fitted(write: Any) -> None:
    rows = strong(random.Random(1), {"a": 0.0, "b": 0.5, "c": 1.0}, 400, 84)
    rows = list({(r["task"], r["evaluator"], frozenset((r["left"], r["right"]))): r for r in rows}.values())
    found = measure_preferences(write("v.jsonl", rows * 3), resamples=200)
    assert found.votes == len(rows)
    assert found.agreement.cohen == ()
    assert [s.log_strength for s in found.strengths] == pytest.approx([0, 0.5, 1], abs=0.1)


def test_the_figure_says_every_share_in_words(write: Any) -> None:
    rows = [*split(30, 10, 20, "<i>a", "b"), *split(3, 9, 0, "c", "b")]
    found = measure_preferences(write("v.jsonl", rows))
    root = ET.fromstring(found.to_svg())
    space = "{http://www.w3.org/2000/svg}"
    texts = [element.text for element in root.iter(f"{space}text")]
    assert {"<i>a", "b", "c", "50 %", "33 %", "17 %"} <= set(texts)
    assert root.get("role") == "img"
    assert "<i>a against b: wins 50 %, ties 33 %, losses 17 % of 60 votes" in root.find(f"{space}desc").text
    assert not re.search(r"<script|href|https?://(?!www\.w3\.org)|onload", found.to_svg())
    only = ET.fromstring(found.to_svg(model="c"))
    assert "<i>a" not in [element.text for element in only.iter(f"{space}text")]


def test_the_record_loads_from_its_json_and_holds_no_nan(write: Any) -> None:
    found = measure_preferences(write("v.csv", strong(random.Random(2), {"a": 0, "b": 1, "c": 1}, 40)))
    assert type(found).model_validate_json(found.to_json()) == found
    assert "NaN" not in found.to_json()


def test_names_cannot_break_a_table(write: Any) -> None:
    found = measure_preferences(write("v.jsonl", split(4, 4, 2, "x|<i>\x1b[2J", "b")))
    assert "<i>" not in found.to_markdown()
    assert "x\\|" in found.to_markdown()
    assert "\x1b" not in found.to_text() + found.to_markdown() + found.to_svg()


def test_the_command_writes_json_and_a_figure(write: Any, mwb: Any, tmp_path: Path) -> None:
    path = write("v.csv", split(30, 10, 20))
    done = mwb("preference", path, "--json", "--svg", "bars.svg", "--html", "page.html", "--model", "b")
    assert done.returncode == 0, done.stderr
    found = measure_preferences(path, model="b")
    assert json.loads(done.stdout) == found.to_dict()
    assert (tmp_path / "bars.svg").read_text() == found.to_svg(model="b")
    assert found.to_svg(model="b") in (tmp_path / "page.html").read_text()
    assert "a vs b" in mwb("preference", path).stdout
    assert mwb("preference", path, "--markdown").stdout == measure_preferences(path).to_markdown()


@pytest.mark.parametrize("args", [["nowhere.csv"], ["."], ["v.csv", "--model", "z"], ["v.csv", "--json", "--markdown"]])
def test_wrong_input_exits_2_without_a_traceback(write: Any, mwb: Any, args: list[str]) -> None:
    write("v.csv", split(3, 3, 3))
    done = mwb("preference", *args)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stdout == ""

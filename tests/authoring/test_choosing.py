"""The choice of tasks: diverse, within quotas, the same for the same input."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microworldbench.authoring.choosing import choose, near_duplicates
from microworldbench.authoring.records import Choice, ChoiceRules, DraftedTask, Placed
from microworldbench.authoring.votes import RelevanceVotes, read_votes
from microworldbench.errors import InputError
from microworldbench.rubric import Level

MITOSIS = "A rounded cell condenses its chromosomes, lines them up on a plate and divides into two daughter cells."
FLOW = "Red blood cells stream through a narrow vessel past a clot and slow down again behind the narrowing."
VESICLES = "Vesicles jitter by thermal motion in the cytoplasm beside a filament that stands still."


def task(name: str, prompt: str) -> DraftedTask:
    return DraftedTask(id=name, source="v1", title=name, prompt=prompt)


def placed(name: str, level: Level = Level.CELLULAR, confidence: float = 0.9) -> Placed:
    return Placed(task=name, level=level, confidence=confidence)


def outcomes(choices: list[Choice]) -> dict[str, str]:
    return {choice.task: choice.outcome for choice in choices}


def test_of_two_prompts_that_say_the_same_the_surer_one_is_kept() -> None:
    tasks = [task("a", MITOSIS), task("b", MITOSIS.replace("rounded", "round")), task("c", FLOW)]
    levels = {"a": placed("a", confidence=0.7), "b": placed("b", confidence=0.8), "c": placed("c")}
    found = choose(tasks, levels, ChoiceRules())
    assert outcomes(found) == {"a": "near-duplicate", "b": "kept", "c": "kept"}
    assert "with b" in next(c for c in found if c.task == "a").detail


def test_what_experts_like_comes_before_what_the_model_is_sure_of() -> None:
    tasks = [task("a", MITOSIS), task("b", FLOW)]
    levels = {"a": placed("a", confidence=0.6), "b": placed("b", confidence=1.0)}
    votes = RelevanceVotes({"a": dict.fromkeys("xyz", True), "b": {"x": True, "y": True, "z": False}}, "0")
    found = choose(tasks, levels, ChoiceRules(per_level=1), votes)
    assert outcomes(found) == {"a": "kept", "b": "over-quota"}


def test_without_votes_relevance_decides_nothing() -> None:
    assert outcomes(choose([task("a", MITOSIS)], {"a": placed("a")}, ChoiceRules())) == {"a": "kept"}


def test_a_task_nobody_voted_on_is_not_relevant_where_others_were() -> None:
    votes = RelevanceVotes({"b": {"x": True, "y": True}}, "0")
    found = choose([task("a", MITOSIS)], {"a": placed("a")}, ChoiceRules(), votes)
    assert outcomes(found) == {"a": "irrelevant"}


def test_an_unplaced_or_unsure_task_waits() -> None:
    found = choose([task("a", MITOSIS), task("b", FLOW)], {"b": placed("b", confidence=0.2)}, ChoiceRules())
    assert outcomes(found) == {"a": "unplaced", "b": "unsure"}


def test_different_processes_are_no_duplicates() -> None:
    assert near_duplicates([MITOSIS, FLOW, VESICLES], 0.6) == [{}, {}, {}]


def test_a_text_is_no_duplicate_of_itself_and_likeness_goes_both_ways() -> None:
    first, second, third = near_duplicates([MITOSIS, MITOSIS, FLOW], 0.6)
    assert (set(first), set(second), set(third)) == ({1}, {0}, set())
    assert first[1] == pytest.approx(1.0)


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 4), st.floats(0.3, 1.0))
def test_the_choice_holds_its_rules_and_does_not_depend_on_the_order(
    rng: random.Random, quota: int, similarity: float
) -> None:
    words = [
        "cell",
        "vessel",
        "clot",
        "vesicle",
        "furrow",
        "nucleus",
        "plate",
        "membrane",
        "wave",
        "heart",
        "lung",
        "muscle",
    ]
    tasks = [task(f"t{n}", " ".join(rng.choices(words, k=5))) for n in range(14)]
    levels = {t.id: placed(t.id, rng.choice(list(Level)), rng.random()) for t in tasks}
    rules = ChoiceRules(per_level=quota, similarity=similarity, min_confidence=0.2)
    found = choose(tasks, levels, rules)
    kept = [t for t, c in zip(tasks, found, strict=True) if c.outcome == "kept"]
    for level in Level:
        assert sum(levels[t.id].level is level for t in kept) <= quota
    assert not any(near_duplicates([f"{t.title}. {t.prompt}" for t in kept], 1.0))
    mixed = tasks.copy()
    rng.shuffle(mixed)
    assert outcomes(choose(mixed, levels, rules)) == outcomes(found)


def test_an_experts_last_vote_counts(tmp_path: Path) -> None:
    path = tmp_path / "votes.csv"
    path.write_text("task,evaluator,relevant\nt1,a,no\nt1,a,yes\nt1,b,\n")
    votes = read_votes(path)
    assert (votes.share("t1"), votes.in_favour("t1"), votes.share("t2")) == (1.0, 1, None)


@pytest.mark.parametrize(
    ("votes", "level", "outcome"),
    [
        ("a,yes,organ b,yes,organ c,yes,", "organ", "kept"),
        ("a,yes,organ b,yes, c,yes,", "cellular", "unsure"),
        ("a,yes,organ b,yes,organ c,yes,subcellular d,yes,subcellular", "cellular", "unsure"),
    ],
)
def test_a_level_that_two_experts_agree_on_counts(tmp_path: Path, votes: str, level: str, outcome: str) -> None:
    path = tmp_path / "votes.csv"
    path.write_text("task,evaluator,relevant,level\n" + "".join(f"t1,{vote}\n" for vote in votes.split(" ")))
    (found,) = choose([task("t1", FLOW)], {"t1": placed("t1", confidence=0.1)}, ChoiceRules(), read_votes(path))
    assert (found.level, found.outcome) == (level, outcome)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("task,evaluator,relevant\nt1,a,perhaps\n", "unknown relevant 'perhaps'"),
        ("task,evaluator,relevant\n", "holds no vote"),
        ("task,relevant\nt1,yes\n", "lacks evaluator"),
        ("task,evaluator,relevant,level\nt1,a,yes,galaxy\n", "unknown level 'galaxy'"),
    ],
)
def test_votes_that_cannot_be_read_are_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "votes.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_votes(path)

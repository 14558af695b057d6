from __future__ import annotations

from pathlib import Path

import pytest

from microworldbench.errors import InputError
from microworldbench.rendering.marks import refresh_between
from microworldbench.rendering.suite_card import suite_card
from microworldbench.rubric import Criterion, Dimension, Level, Polarity, Suite, Task


def criterion(name: str, polarity: Polarity, weight: float, *, temporal: bool = False) -> Criterion:
    return Criterion(
        id=name, dimension=Dimension.VISUAL_QUALITY, statement="one two three", polarity=polarity, weight=weight,
        temporal=temporal,
    )  # fmt: skip


def task(name: str, level: Level, penalty: float | None, tags: tuple[str, ...] = ()) -> Task:
    criteria = [criterion("a", Polarity.REWARD, 1.0, temporal=True), criterion("b", Polarity.REWARD, 0.5)]
    if penalty is not None:
        criteria.append(criterion("c", Polarity.PENALTY, penalty))
    return Task(id=name, level=level, title=name, prompt="p " * 4, criteria=tuple(criteria), tags=tags)


def suite(*tasks: Task) -> Suite:
    return Suite(id="s", version="1-A", title="S", license="CC0-1.0", tasks=tasks)


def row(card: str, first: str, nth: int = 0) -> list[str]:
    found = [line for line in card.splitlines() if line.startswith(f"| {first} |")]
    return [cell.strip() for cell in found[nth].strip("|").split("|")][1:]


def test_sizes_are_counted_by_level_and_in_all() -> None:
    card = suite_card(suite(task("x", Level.ORGAN, 0.5), task("y", Level.SUBCELLULAR, None)))
    assert row(card, "Organ") == ["1", "3", "2", "1", "33 %", "0 %", "0"]
    assert row(card, "All") == ["2", "5", "4", "1", "40 %", "0 %", "0"]
    assert "Cellular" not in card


def test_guessing_is_told_for_every_level_with_its_best_task() -> None:
    card = suite_card(suite(task("x", Level.ORGAN, 0.75), task("y", Level.ORGAN, 0.3)))
    assert row(card, "Organ", 1) == ["65.0", "32.5", "0.0", "80.0", "-50.0"]


def test_weights_topics_and_lengths() -> None:
    tagged = task("x", Level.ORGAN, 0.5, ("drug-action", "lung"))
    card = suite_card(suite(tagged, task("y", Level.CELLULAR, None, ("growth",))))
    assert row(card, "Visual quality, reward") == ["2", "2", "100 %"]
    assert row(card, "drug action") == ["1", "0", "1"]
    assert row(card, "Prompt") == ["4", "4", "4"]
    assert "Requirement" not in card


def test_a_suite_without_tags_has_no_table_of_topics() -> None:
    assert "Mechanism" not in suite_card(suite(task("x", Level.ORGAN, 0.5)))


def test_a_suite_of_penalties_alone_has_no_scores() -> None:
    only = Task(id="x", level=Level.ORGAN, title="x", prompt="p", criteria=(criterion("c", Polarity.PENALTY, 1.0),))
    assert row(suite_card(suite(only)), "Organ", 1) == ["—"] * 5


def test_text_around_the_marks_is_kept(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- figures:begin -->\nold\n<!-- figures:end -->\nafter\n")
    assert refresh_between(readme, "figures", "new")
    assert readme.read_text() == "before\n<!-- figures:begin -->\nnew\n<!-- figures:end -->\nafter\n"
    assert not refresh_between(readme, "figures", "new")


def test_a_file_without_the_marks_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        refresh_between(tmp_path / "README.md", "figures", "new")
    (tmp_path / "README.md").write_text("none")
    with pytest.raises(InputError, match="must hold <!-- figures:begin -->"):
        refresh_between(tmp_path / "README.md", "figures", "new")

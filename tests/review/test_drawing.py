"""Drawing tasks by level, and the weights that follow."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microworldbench.errors import InputError
from microworldbench.review.studies.drawing import draw
from microworldbench.rubric import Level

LEVELS = {
    f"t{n}": level for n, level in enumerate([Level.ORGAN] * 40 + [Level.CELLULAR] * 25 + [Level.SUBCELLULAR] * 3)
}


def test_a_draw_takes_so_many_of_each_level_and_all_of_a_small_one() -> None:
    drawn = draw(LEVELS, 20, 0)
    assert Counter(LEVELS[name] for name in drawn) == {Level.ORGAN: 20, Level.CELLULAR: 20, Level.SUBCELLULAR: 3}
    weights = {how.stratum: how.weight for how in drawn.values()}
    assert weights == {"organ": 2.0, "cellular": 1.25, "subcellular": 1.0}


@given(st.dictionaries(st.text(min_size=1, max_size=6), st.sampled_from(Level), min_size=1), st.integers(1, 9))
def test_the_weights_of_a_draw_add_up_to_the_population(population: dict[str, Level], per_level: int) -> None:
    drawn = draw(population, per_level, 1)
    assert sum(how.weight for how in drawn.values()) == pytest.approx(len(population))
    assert drawn.keys() <= population.keys()


def test_every_task_is_drawn_as_often_as_any_other() -> None:
    population = {f"t{n}": Level.ORGAN for n in range(10)}
    times = Counter(name for seed in range(2000) for name in draw(population, 3, seed))
    assert set(times) == set(population)
    assert all(abs(count - 600) < 5 * (2000 * 0.3 * 0.7) ** 0.5 for count in times.values())


def test_a_task_keeps_its_place_when_others_join() -> None:
    before = set(draw(LEVELS, 10, 4))
    after = set(draw({**LEVELS, "new": Level.ORGAN}, 10, 4))
    assert len(after - before) <= 1


def test_another_seed_draws_other_tasks() -> None:
    assert set(draw(LEVELS, 10, 0)) != set(draw(LEVELS, 10, 1))


def test_nothing_to_draw_from_is_an_error() -> None:
    with pytest.raises(InputError, match="nothing to draw from"):
        draw({}, 3, 0)
    with pytest.raises(InputError, match="at least 1, got 0"):
        draw(LEVELS, 0, 0)

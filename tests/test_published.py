from __future__ import annotations

import pytest

from microworldbench import published
from microworldbench.rubric import Dimension, Level


def test_nine_models_have_all_their_columns() -> None:
    assert len(published.SCORES) == 9
    for row in published.SCORES:
        assert set(row.by_level) == set(Level)
        assert set(row.by_dimension) == set(Dimension)


@pytest.mark.parametrize(
    ("model", "level", "points"),
    [
        ("Veo3", Level.SUBCELLULAR, 78.2),
        ("Sora", Level.CELLULAR, 46.1),
        ("HunyuanVideo", Level.ORGAN, 23.1),
    ],
)
def test_a_cell_of_table_1_is_as_printed(model: str, level: Level, points: float) -> None:
    (row,) = [row for row in published.SCORES if row.model == model]
    assert row.by_level[level] == points


def test_the_files_counts_reproduce_eight_averages_and_the_texts_two() -> None:
    checks = published.check_averages()
    assert sum(check.files_agree for check in checks) == 8
    assert sum(check.text_agrees for check in checks) == 2


def test_the_odd_row_is_the_five_billion_one() -> None:
    (odd,) = [check for check in published.check_averages() if not check.files_agree]
    assert (odd.model, odd.printed) == ("Wan2.2-TI2V-5B", 51.6)
    assert odd.by_files == pytest.approx(50.6, abs=0.05)


def test_the_disagreements_are_worked_out_from_the_tables() -> None:
    found = {d.topic: d for d in published.disagreements()}
    assert "reproduce 8 of 9 averages, the text's counts 2" in found["level counts"].found
    assert found["average"].stated == "Wan2.2-TI2V-5B has the average 51.6"
    assert found["comparison"].found == "Wan2.2-T2V-A14B has 53.3"
    assert found["range"].found == "it is for 5 of 9; the lowest is 48.2"


def test_train_and_test_add_up_in_table_3() -> None:
    assert all(data.train + data.test == data.clips for data in published.RELEVANCE_DATA)


def test_the_tables_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        published.RUBRIC_WEIGHTS["core"] = 2.0  # type: ignore[index]

"""The matrix of resamples and what is made of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microworldbench.stats import resampling
from microworldbench.stats.resampling import (
    cluster_codes,
    counts_in_blocks,
    linear_se,
    percentile_interval,
    resample,
    resampling_counts,
    spreads,
    sum_by_cluster,
)


def mean(sums: np.ndarray) -> np.ndarray:
    return sums[:, :1] / sums[:, 1:]


@pytest.mark.parametrize("width", [1, 1000, 10**9])
def test_blocks_are_the_rows_of_the_one_matrix(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = resampling_counts(17, 300, 5)
    monkeypatch.setattr(resampling, "_CELLS", 4_000)
    assert (np.concatenate(list(counts_in_blocks(17, 300, 5, width=width))) == whole).all()
    monkeypatch.setattr(resampling, "_CACHED_CELLS", 10)  # too large to keep: drawn block by block
    blocks = list(counts_in_blocks(17, 300, 5, width=width))
    assert len(blocks) > 1
    assert (np.concatenate(blocks) == whole).all()


def test_many_clusters_are_never_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resampling, "_CACHED_CELLS", 1_000)
    monkeypatch.setattr(resampling, "_CELLS", 10_000)
    assert max(block.size for block in counts_in_blocks(500, 200, 0)) <= 10_000


def test_weights_of_one_return_the_estimate() -> None:
    table = np.stack([np.arange(9.0), np.ones(9)], axis=1)
    assert mean(np.ones((1, 9)) @ table)[0, 0] == table[:, 0].mean()


def test_resampled_means_spread_as_theory_says() -> None:
    values = np.random.default_rng(0).normal(0, 1, 400)
    drawn = resample(np.stack([values, np.ones(400)], axis=1), mean, 4000, 1)
    assert drawn.std() == pytest.approx(values.std() / 20, rel=0.05)


@given(st.lists(st.floats(-100, 100), min_size=3, max_size=30))
def test_the_linearised_error_of_a_mean_is_the_textbook_one(values: list[float]) -> None:
    table = np.stack([np.array(values), np.ones(len(values))], axis=1)
    assert linear_se(table, mean)[0] == pytest.approx(np.std(values, ddof=1) / np.sqrt(len(values)), abs=1e-9)


def test_repeated_rows_are_taken_together_without_changing_the_error() -> None:
    rows = np.random.default_rng(0).integers(0, 3, (20_000, 2)) + 1.0
    assert linear_se(rows, mean) == pytest.approx(linear_se(rows + np.zeros(2), mean))
    few = rows[:9_999]
    influence = (few[:, 0] - few[:, 1] * few[:, 0].sum() / few[:, 1].sum()) / few[:, 1].sum()
    assert linear_se(few, mean)[0] == pytest.approx(np.sqrt(9_999 / 9_998 * (influence**2).sum()))
    doubled = np.concatenate([few, few])
    assert linear_se(doubled, mean)[0] == pytest.approx(linear_se(few, mean)[0] / np.sqrt(2), rel=1e-4)


def test_clusters_are_numbered_by_name() -> None:
    assert cluster_codes(["b", "a", "b"], 3).tolist() == [1, 0, 1]
    assert cluster_codes([10, 9, 10], 3).tolist() == [1, 0, 1]
    assert cluster_codes([(1, "x"), 3, "a"], 3).tolist() == [2, 0, 1]
    assert cluster_codes(None, 2).tolist() == [0, 1]


def test_sums_by_cluster_add_up() -> None:
    features = np.arange(12.0).reshape(6, 2)
    assert sum_by_cluster(features, np.array([0, 1, 0, 1, 2, 2])).tolist() == [[4, 6], [8, 10], [18, 20]]


def test_resamples_without_a_value_withhold_the_interval_only_when_many() -> None:
    values = np.arange(1000.0)
    values[:40] = np.nan
    assert percentile_interval(values, 0.9) is not None
    values[:60] = np.nan
    assert percentile_interval(values, 0.9) is None


def test_an_undefined_value_has_neither_error_nor_interval() -> None:
    assert spreads(np.zeros((40, 2)), mean) == [(None, None)]
    assert spreads(np.ones((1, 2)), mean) == [(None, None)]

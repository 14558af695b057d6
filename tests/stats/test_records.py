"""What statistics hand over can be written to a file as it is."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from microworldbench.stats import agreement, correction, intervals, paired, planning, preference

RATINGS = np.random.default_rng(0).random((3, 60)) < 0.6
SCORES = np.random.default_rng(1).normal(50, 20, (3, 40))
WINS = [[0, 3, 4], [2, 0, 1], [1, 5, 0]]


@pytest.mark.parametrize(
    "record",
    [
        agreement.cohen_kappa(RATINGS[0], RATINGS[1]),
        agreement.krippendorff_alpha(RATINGS, clusters=np.arange(60) // 2, resamples=50),
        agreement.icc(SCORES.T),
        agreement.judge_quality(RATINGS[0], RATINGS[1]),
        agreement.expert_ceiling(RATINGS, RATINGS[0]),
        agreement.alt_test(RATINGS, RATINGS[0]),
        paired.compare(SCORES, resamples=50),
        paired.sign_flip(SCORES[0]),
        paired.mcnemar(3, 5),
        paired.win_tie_loss(SCORES[0], SCORES[1]),
        preference.bradley_terry(WINS),
        preference.vote_shares(WINS),
        correction.ppi_mean(SCORES[0, :20], SCORES[1, :20], SCORES[1, 20:]),
        correction.rogan_gladen(0.4, 100, (0.9, 50), (0.8, 50)),
        intervals.clustered_mean(SCORES[0]),
        intervals.wilson(3, 10),
        planning.variance_components(SCORES),
    ],
    ids=lambda record: type(record).__name__,
)
def test_records_hold_plain_numbers(record: Any) -> None:
    """NumPy's scalars print as np.float64(…) and NaN is no JSON."""
    json.dumps(asdict(record), allow_nan=False)
    assert "np." not in repr(record)

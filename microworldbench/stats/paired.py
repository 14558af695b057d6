"""Comparing models on the same tasks: differences, tests, rank sets, wins, all pairs at once.

Two models see the same tasks, so what counts is the difference on each task: an unpaired comparison needs about twice
as many. `scores` are models × tasks, in any unit, None or NaN where a task is missing; a pair is compared on the
tasks that both have, and `n` says how many.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .clustering import Options, check_options
from .estimates import Estimate, Interval, Reason, finite
from .hypotheses import FlipTest, McNemarTest, correlation_of_ranks, flip_p_values, mcnemar, sign_flip
from .multiplicity import benjamini_hochberg, benjamini_yekutieli, bonferroni, holm
from .pairs import PairTable, pair_table, read_scores
from .ranks import RankSet, critical_value, rank_sets, tiers
from .resampling import (
    BOOTSTRAP_CLUSTERS,
    MINIMUM_CLUSTERS,
    RESAMPLES,
    counts_in_blocks,
    percentile_interval,
    student_interval,
)
from .wins import WinTieLoss, win_rates, win_tie_loss

__all__ = [
    "Comparison",
    "Difference",
    "FlipTest",
    "McNemarTest",
    "RankSet",
    "WinTieLoss",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "bonferroni",
    "compare",
    "correlation_of_ranks",
    "difference",
    "holm",
    "mcnemar",
    "rank_sets",
    "sign_flip",
    "tiers",
    "win_rates",
    "win_tie_loss",
]


@dataclass(frozen=True, kw_only=True)
class Difference(Estimate):
    """Mean of first less second over their common tasks; `n` counts these."""

    first: Hashable
    second: Hashable
    p: float | None = None
    """Sign-flip test of this pair alone."""
    p_adjusted: float | None = None
    """The same, adjusted for all pairs compared (max-T)."""
    simultaneous: Interval | None = None
    """Holds together with those of all other pairs."""

    @property
    def is_identical(self) -> bool:
        """Whether the two never differed on a task."""
        return self.reason is None and self.value == 0 and self.se == 0


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Models compared pair by pair on the same resamples."""

    names: tuple[Hashable, ...]
    means: tuple[float | None, ...]
    """Mean of each model over the tasks it has."""
    differences: tuple[Difference, ...]
    ranks: tuple[RankSet, ...] | None
    """Simultaneous rank sets; None with `ranks_reason` below 30 common clusters."""
    tiers: tuple[int | None, ...]
    """From 1, by adjusted p-values at 1 − confidence."""
    ranks_reason: Reason | None = None
    critical: float | None = None
    """What ``|t|`` of a pair must exceed for its simultaneous interval to leave out 0."""

    def between(self, first: Hashable, second: Hashable) -> Difference:
        """The difference of two models, either way round.

        Raises:
            InputError: No such pair was compared.
        """
        for made in self.differences:
            if (made.first, made.second) == (first, second):
                return made
            if (made.first, made.second) == (second, first):
                return _mirror(made)
        raise InputError(f"{first!r} and {second!r} were not compared; compared are {list(self.names)}")


def compare(scores: ArrayLike, names: Sequence[Hashable] | None = None, **options: Unpack[Options]) -> Comparison:
    """Compares every pair of models: difference, interval, p alone and adjusted, rank sets, tiers.

    Args:
        scores: Models × tasks, None or NaN where missing.
        names: The models' names; None numbers them from 0.
        **options: See `Options`; `clusters` has one entry per task.

    Returns:
        The comparison. An interval is None below 5 clusters, Student's below 30, else the percentile bootstrap.

    Raises:
        InputError: Scores that aren't a table of numbers, or a name that stands for two models.
    """
    check_options(options)
    table = read_scores(scores)
    known = tuple(range(len(table))) if names is None else tuple(names)
    if len(known) != len(table) or len(set(known)) < len(known):
        raise InputError(f"names must name each of the {len(table)} models once, got {list(known)}")
    sums = pair_table(table, options.get("clusters"))
    confidence = options.get("confidence", 0.95)
    means = tuple(finite(row[np.isfinite(row)].mean()) if np.isfinite(row).any() else None for row in table)
    if not sums.pairs or not table.shape[1]:
        ranks = (RankSet(1, 1),) if len(table) == 1 and means[0] is not None else None
        made = tuple(_no_tasks(known, pair) for pair in sums.pairs)
        return Comparison(
            names=known, means=means, differences=made, ranks=ranks, ranks_reason=None if ranks else "too_few",
            tiers=tuple(None if mean is None else 1 for mean in means),
        )  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        differences, critical = _differences(sums, known, confidence, options)
    differs = np.zeros((len(table), len(table)), dtype=bool)
    for (a, b), made_pair in zip(sums.pairs, differences, strict=True):
        differs[a, b] = differs[b, a] = made_pair.p_adjusted is not None and made_pair.p_adjusted <= 1 - confidence
    better = [_order(pair, d) for pair, d in zip(sums.pairs, differences, strict=True) if _is_apart(d)]
    return Comparison(
        names=known,
        means=means,
        differences=tuple(differences),
        ranks=None if critical is None else tuple(rank_sets(len(table), better)),
        ranks_reason="too_few" if critical is None else None,
        tiers=tuple(tiers(means, differs)),
        critical=critical,
    )


def difference(a: ArrayLike, b: ArrayLike, **options: Unpack[Options]) -> Difference:
    """The paired difference of two models, `a` less `b`, with interval and sign-flip test.

    Args:
        a: One score per task, None or NaN where missing.
        b: The other model's, in the same order of tasks.
        **options: See `Options`.

    Raises:
        InputError: The two differ in length or aren't numbers.
    """
    first, second = read_scores([a])[0], read_scores([b])[0]
    if len(first) != len(second):
        raise InputError(f"both models need one score per task: got {len(first)} and {len(second)}")
    return compare([first, second], **options).differences[0]


def _differences(
    table: PairTable, names: Sequence[Hashable], confidence: float, options: Options
) -> tuple[list[Difference], float | None]:
    resamples, seed = options.get("resamples", RESAMPLES), options.get("seed", 0)
    groups, tasks = table.groups, table.tasks
    everything = slice(0, len(table.pairs))
    mean, se = (column[:, 0] for column in table.mean_and_se(everything, lambda c: c.sum(axis=0)[:, None], None))
    alone, jointly = flip_p_values(table, resamples=resamples, seed=seed)
    drawn: list[Interval | None] = []
    critical = None
    if (groups >= BOOTSTRAP_CLUSTERS).any():
        drawn, largest = _resample(table, mean, confidence, resamples, seed)
        if (groups >= BOOTSTRAP_CLUSTERS).all():
            critical = critical_value(largest, confidence)
    made = []
    for i, pair in enumerate(table.pairs):
        value, error = finite(mean[i]), finite(se[i])
        if value is None or not tasks[i]:
            made.append(_no_tasks(names, pair))
            continue
        enough = groups[i] >= 2 and error is not None
        interval = None
        if enough and error is not None and groups[i] >= MINIMUM_CLUSTERS:
            few = groups[i] < BOOTSTRAP_CLUSTERS
            interval = student_interval(value, error, int(groups[i]) - 1, confidence) if few else drawn[i]
        half = None if critical is None or error is None else critical * error
        made.append(
            Difference(
                first=names[pair[0]], second=names[pair[1]], value=value, n=int(tasks[i]),
                se=error if enough else None, interval=interval, p=float(alone[i]), p_adjusted=float(jointly[i]),
                simultaneous=None if half is None else (value - half, value + half),
            )
        )  # fmt: skip
    return made, critical


def _resample(
    table: PairTable, mean: NDArray[Any], confidence: float, resamples: int, seed: int
) -> tuple[list[Interval | None], NDArray[Any]]:
    """Percentile intervals of the mean differences, and in each resample the largest ``|t|`` of all pairs.

    Some pairs at a time: all resampled differences of 100 models at once would fill 400 MB.
    """

    def times(columns: NDArray[Any]) -> NDArray[Any]:
        blocks = counts_in_blocks(len(table.sums), resamples, seed, width=columns.shape[1])
        return np.concatenate([columns.T @ block.astype(np.float64).T for block in blocks], axis=1)

    by_model = table.by_model(times)
    intervals: list[Interval | None] = []
    largest = np.zeros(resamples)
    for part in table.parts(resamples):
        drawn, errors = table.mean_and_se(part, times, by_model)
        t = np.abs(drawn - mean[part, None]) / errors
        # A resample in which a pair does not vary says nothing about that pair's t.
        np.maximum(largest, np.where(np.isfinite(t), t, 0.0).max(axis=0), out=largest)
        intervals += [percentile_interval(row, confidence) for row in drawn]
    return intervals, largest


def _no_tasks(names: Sequence[Hashable], pair: tuple[int, int]) -> Difference:
    return Difference(first=names[pair[0]], second=names[pair[1]], value=None, n=0, reason="too_few")


def _is_apart(made: Difference) -> bool:
    return made.simultaneous is not None and not made.simultaneous[0] <= 0 <= made.simultaneous[1]


def _order(pair: tuple[int, int], made: Difference) -> tuple[int, int]:
    return pair if (made.value or 0.0) > 0 else (pair[1], pair[0])


def _mirror(made: Difference) -> Difference:
    def flip(interval: Interval | None) -> Interval | None:
        return None if interval is None else (-interval[1], -interval[0])

    return Difference(
        first=made.second, second=made.first, value=None if made.value is None else -made.value, n=made.n,
        reason=made.reason, se=made.se, interval=flip(made.interval), p=made.p, p_adjusted=made.p_adjusted,
        simultaneous=flip(made.simultaneous),
    )  # fmt: skip

"""How large must a study be? Where variance comes from, and what it lets one see."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from .estimates import Reason

MOST = 10_000_000
"""Numbers needed beyond this are reported as None: no study of that size will be made."""


@dataclass(frozen=True, kw_only=True)
class VarianceComponents:
    """Where the variance of one video's score comes from, in squared score units.

    Estimates from little data can fall below 0; they are kept at 0 here, and `raw` holds them as computed.
    """

    task: float | None
    seed: float | None
    """Between videos of one task; with one judging a video it includes the judge's noise."""
    judge: float | None
    """Between judgings of one video; None where each was judged once."""
    n: int
    """Tasks."""
    raw: tuple[float, ...] = ()
    reason: Reason | None = None


def variance_components(scores: ArrayLike) -> VarianceComponents:
    """Splits variance into task, seed and judge noise by the method of moments (nested ANOVA).

    Args:
        scores: Tasks × seeds, or tasks × seeds × judgings, complete. For planning a comparison pass the differences
            of two models.

    Returns:
        The components; None with `too_few` below two tasks or two seeds.

    Raises:
        InputError: Missing scores or another number of dimensions.
    """
    try:
        table = np.asarray(scores, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"scores must be tasks × seeds (× judgings), complete: {error}") from error
    if table.ndim == 2:
        table = table[:, :, None]
    if table.ndim != 3:
        raise InputError(f"scores must be tasks × seeds (× judgings), got shape {table.shape}")
    if not np.isfinite(table).all():
        raise InputError("scores must be complete: use the tasks and seeds that every score exists for")
    tasks, seeds, judgings = table.shape
    if tasks < 2 or seeds < 2 or judgings < 1:
        return VarianceComponents(task=None, seed=None, judge=None, n=tasks, reason="too_few")
    videos = table.mean(axis=2)
    between_tasks = seeds * videos.mean(axis=1).var(ddof=1)
    between_seeds = videos.var(axis=1, ddof=1).mean()
    judge = float(table.var(axis=2, ddof=1).mean()) if judgings > 1 else None
    task = float(between_tasks - between_seeds) / seeds
    seed = float(between_seeds) - (judge or 0.0) / judgings
    raw = (task, seed) if judge is None else (task, seed, judge)
    return VarianceComponents(task=max(0.0, task), seed=max(0.0, seed), judge=judge, n=tasks, raw=raw)


def standard_error(
    tasks: int, between: float, within: float, *, seeds: int = 1, judge: float = 0.0, judgings: int = 1
) -> float:
    """Standard error of a mean over tasks: √((between + within/K + judge/(K·J)) / T).

    For a paired difference pass the components of the differences, or twice one model's `within` and `judge`.

    Args:
        tasks: T.
        between: Variance between tasks.
        within: Variance between seeds.
        seeds: K, videos per task.
        judge: Variance between judgings of a video.
        judgings: J, per video.

    Raises:
        InputError: A count below 1 or a negative variance.
    """
    _check_counts(tasks=tasks, seeds=seeds, judgings=judgings)
    for name, variance in (("between", between), ("within", within), ("judge", judge)):
        if not variance >= 0:
            raise InputError(f"{name} is a variance and cannot be negative, got {variance!r}")
    return math.sqrt((between + within / seeds + judge / (seeds * judgings)) / tasks)


def detectable_difference(
    sd: float, tasks: int, *, power: float = 0.8, alpha: float = 0.05, comparisons: int = 1
) -> float:
    """The smallest true difference a study would find with the given power.

    Args:
        sd: Standard deviation of the per-task paired difference; the result has its unit.
        tasks: Tasks both models are scored on.
        power: Probability of finding it, in (0, 1).
        alpha: Two-sided level.
        comparisons: Pairs tested (Bonferroni).

    Raises:
        InputError: A value out of range.
    """
    _check_counts(tasks=tasks, comparisons=comparisons)
    _check_sd(sd)
    return _z_sum(power, alpha, comparisons) * sd / math.sqrt(tasks)


def tasks_needed(
    sd: float, difference: float, *, power: float = 0.8, alpha: float = 0.05, comparisons: int = 1
) -> int | None:
    """The fewest tasks that find a true `difference` with the given power.

    Args:
        sd: Standard deviation of the per-task paired difference.
        difference: What is to be found, in the same unit.
        power: Probability of finding it.
        alpha: Two-sided level.
        comparisons: Pairs tested (Bonferroni).

    Returns:
        Tasks; None beyond ten million.
    """
    _check_counts(comparisons=comparisons)
    _check_sd(sd)
    if not difference > 0:
        raise InputError(f"difference must be positive, got {difference!r}")
    return _whole((_z_sum(power, alpha, comparisons) * sd / difference) ** 2)


def seeds_needed(
    between: float,
    within: float,
    tasks: int,
    difference: float,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    comparisons: int = 1,
) -> int | None:
    """The fewest videos per task that find a true `difference` on the given tasks.

    Args:
        between: Variance of the difference between tasks.
        within: Variance of the difference between seeds, judge noise included.
        tasks: Tasks.
        difference: What is to be found.
        power: Probability of finding it.
        alpha: Two-sided level.
        comparisons: Pairs tested (Bonferroni).

    Returns:
        Seeds; None where no number suffices, since seeds cannot lower the variance between tasks.
    """
    _check_counts(tasks=tasks, comparisons=comparisons)
    if not difference > 0 or between < 0 or within < 0:
        raise InputError(f"variances must not be negative and the difference positive, got {difference!r}")
    room = tasks * (difference / _z_sum(power, alpha, comparisons)) ** 2 - between
    if within == 0:
        return 1 if room >= 0 else None
    return _whole(within / room) if room > 0 else None


def majority_error(error: float, votes: int) -> float:
    """How often the majority of independent votes is wrong; a tie counts as half wrong.

    Args:
        error: Probability that one vote is wrong, in [0, 1].
        votes: Votes per criterion.
    """
    from scipy.special import bdtr, bdtrc

    _check_counts(votes=votes)
    if not 0 <= error <= 1:
        raise InputError(f"error must be a probability, got {error!r}")
    wrong = float(bdtrc(votes // 2, votes, error))
    if votes % 2:
        return wrong
    tie = 1.0 - wrong - (float(bdtr(votes // 2 - 1, votes, error)))
    return wrong + tie / 2


def votes_needed(error: float, target: float, *, most: int = 99) -> int | None:
    """The fewest (odd) votes whose majority is wrong at most `target` of the time.

    Votes of one model on one video share its mistakes: measure `error` as the rate of *flips* between repeats, and
    expect no help against what every vote gets wrong.

    Args:
        error: Probability that one vote is wrong.
        target: What is wanted.
        most: Give up beyond it.

    Returns:
        Votes, or None where even `most` are too few.
    """
    return next((votes for votes in range(1, most + 1, 2) if majority_error(error, votes) <= target), None)


def labels_needed(
    sd: float, correlation: float, tasks: int, half_width: float, *, confidence: float = 0.95
) -> int | None:
    """The fewest expert-labelled tasks for a corrected mean (`ppi_mean`) with the given half-width.

    Args:
        sd: Standard deviation of task scores.
        correlation: Between the judge's and the experts' task scores.
        tasks: All tasks, labelled or not.
        half_width: Of the interval, in the unit of `sd`.
        confidence: Coverage.

    Returns:
        Labelled tasks; None where labels on all tasks are too few.
    """
    from scipy.special import stdtrit

    _check_counts(tasks=tasks)
    _check_sd(sd)
    if not -1 <= correlation <= 1 or not half_width > 0:
        raise InputError(f"correlation must be in [−1, 1] and half_width positive, got {correlation!r}, {half_width!r}")
    for n in range(2, tasks + 1):
        # Var = σ²/n · (1 − ρ² N/(n+N)), N tasks being unlabelled.
        variance = sd**2 / n * (1 - correlation**2 * (tasks - n) / tasks)
        if float(stdtrit(n - 1, 1 - (1 - confidence) / 2)) * math.sqrt(variance) <= half_width:
            return n
    return None


def kappa_standard_error(kappa: float, prevalence: float, items: int) -> float:
    """Standard error of Cohen's kappa of two raters who both say true with probability `prevalence`.

    Fleiss, Cohen & Everitt's (1969) variance; items that hang together (criteria of one video) count for less.

    Args:
        kappa: Expected kappa, in (−1, 1].
        prevalence: Share of true, in (0, 1).
        items: Items both rate.
    """
    _check_counts(items=items)
    if not 0 < prevalence < 1 or not -1 < kappa <= 1:
        raise InputError(f"prevalence must be in (0, 1) and kappa in (−1, 1], got {prevalence!r} and {kappa!r}")
    p, q = prevalence, 1 - prevalence
    off = p * q * (1 - kappa)
    cells = np.array([[q - off, off], [off, p - off]])
    if (cells < 0).any():
        raise InputError(f"two raters with prevalence {prevalence} cannot have a kappa of {kappa}")
    margin = np.array([q, p])
    expected = float((margin**2).sum())
    mean = margin[:, None] + margin[None, :]
    spread = float((cells * (np.eye(2) - mean * (1 - kappa)) ** 2).sum()) - (kappa - expected * (1 - kappa)) ** 2
    return math.sqrt(max(0.0, spread) / items) / (1 - expected)


def items_needed(kappa: float, prevalence: float, half_width: float, *, confidence: float = 0.95) -> int | None:
    """The fewest independent items for a kappa with the given half-width.

    Args:
        kappa: Expected kappa.
        prevalence: Share of true.
        half_width: Of the interval.
        confidence: Coverage.
    """
    from scipy.special import ndtri

    if not half_width > 0:
        raise InputError(f"half_width must be positive, got {half_width!r}")
    z = float(ndtri(1 - (1 - confidence) / 2))
    return _whole((z * kappa_standard_error(kappa, prevalence, 1) / half_width) ** 2)


def _z_sum(power: float, alpha: float, comparisons: int) -> float:
    from scipy.special import ndtri

    if not 0 < power < 1 or not 0 < alpha < 1:
        raise InputError(f"power and alpha must be in (0, 1), got {power!r} and {alpha!r}")
    return float(ndtri(1 - alpha / (2 * comparisons)) + ndtri(power))


def _whole(number: float) -> int | None:
    # A hair above a whole number is rounding, not another task.
    return max(1, math.ceil(number - 1e-9)) if number <= MOST else None


def _check_counts(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise InputError(f"{name} must be at least 1, got {count!r}")


def _check_sd(sd: float) -> None:
    if not (sd >= 0 and math.isfinite(sd)):
        raise InputError(f"sd must be a finite number of at least 0, got {sd!r}")

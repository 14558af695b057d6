"""How long do error bars take?

One matrix of resampling weights times one table of sums per task, against looping a library over resamples:

    python benchmarks/error_bars.py [--rounds N]

Simulated verdicts of the released suite's size: 459 tasks × 13 criteria × 3 raters, and scores of 20 models on 459
tasks; 10,000 resamples of tasks. Ours is timed in full, from raw arrays and without a kept matrix, as the median of
the rounds. The loops would take minutes to hours, so a few resamples (or pairs) are timed and multiplied up: such
figures carry a ~. Before anything is timed, both ways are checked to give the same numbers.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from itertools import combinations
from statistics import median

import choix
import numpy as np
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from microworldbench.stats import agreement, paired, preference
from microworldbench.stats.resampling import resampling_counts

TASKS, CRITERIA, RATERS, MODELS, RESAMPLES = 459, 13, 3, 20, 10_000


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def ours(work: Callable[[], object], rounds: int) -> float:
    """Median over rounds, each drawing its matrix of resamples anew."""
    work()
    taken = []
    for _ in range(rounds):
        resampling_counts.cache_clear()
        taken.append(seconds(work))
    return median(taken)


def looped(work: Callable[[int], object], times: int, whole: int) -> float:
    """Seconds for `whole` calls, from `times` of them."""
    work(0)
    return sum(seconds(lambda i=i: work(i)) for i in range(times)) * whole / times


def agreement_row(rounds: int) -> tuple[str, float, float, float]:
    rng = np.random.default_rng(0)
    truth = rng.random(TASKS * CRITERIA) < 0.6
    ratings = truth ^ (rng.random((RATERS, len(truth))) < 0.1)
    tasks = np.repeat(np.arange(TASKS), CRITERIA)
    pairs = list(combinations(range(RATERS), 2))
    by_task = ratings.reshape(RATERS, TASKS, CRITERIA)
    draws = np.random.RandomState(0).randint(0, TASKS, size=(RESAMPLES, TASKS))

    def kappas(i: int) -> list[float]:
        drawn = by_task[:, draws[i]].reshape(RATERS, -1)
        return [cohen_kappa_score(drawn[a], drawn[b]) for a, b in pairs]

    def summary() -> agreement.AgreementSummary:
        return agreement.summarize(ratings, clusters=tasks, resamples=RESAMPLES)

    few = agreement.summarize(ratings, clusters=tasks, resamples=40)
    low, high = np.percentile([kappas(i)[0] for i in range(40)], [2.5, 97.5])
    assert np.allclose(few.cohen[0, 1].interval, (low, high)), "the two ways disagree"
    text = "3 kappas, Fleiss, alpha, AC1 (and 9 more figures)"
    return text, ours(summary, rounds), looped(kappas, 20, RESAMPLES), 0.5


def paired_row(rounds: int) -> tuple[str, float, float, float]:
    rng = np.random.default_rng(1)
    scores = rng.normal(40, 25, TASKS) + rng.normal(0, 20, (MODELS, TASKS)) + np.arange(MODELS)[:, None]
    pairs = list(combinations(range(MODELS), 2))

    def one_pair(i: int) -> tuple[float, float, float]:
        gap = scores[pairs[i][0]] - scores[pairs[i][1]]
        bootstrap = stats.bootstrap((gap,), np.mean, n_resamples=RESAMPLES, method="percentile")
        test = stats.permutation_test(
            (gap,), np.mean, permutation_type="samples", n_resamples=RESAMPLES, vectorized=True
        )
        return bootstrap.confidence_interval.low, bootstrap.confidence_interval.high, test.pvalue

    found = paired.compare(scores, resamples=RESAMPLES).differences[0]
    low, high, p = one_pair(0)
    assert np.allclose(found.interval, (low, high), atol=0.15), "the two ways disagree"
    assert abs(found.p - p) < 0.03, "the two ways disagree"
    text = "190 paired differences, max-T, rank sets"
    return text, ours(lambda: paired.compare(scores, resamples=RESAMPLES), rounds), looped(one_pair, 2, len(pairs)), 1.0


def preference_row(rounds: int) -> tuple[str, float, float, float]:
    rng = np.random.default_rng(2)
    strength = np.linspace(0, 1.5, MODELS)
    chance = 1 / (1 + np.exp(-(strength[:, None] - strength)))
    first = np.triu(rng.random((150, MODELS, MODELS)) < chance, 1)
    wins = (first + np.triu(~first, 1).transpose(0, 2, 1)).astype(float)
    draws = np.random.RandomState(0).randint(0, 150, size=(RESAMPLES, 150))

    def fit(i: int) -> np.ndarray:
        return choix.ilsr_pairwise_dense(wins[draws[i]].sum(axis=0))

    found = preference.bradley_terry(wins, resamples=20).resamples
    assert found is not None
    again = fit(0)
    assert np.allclose(found[0], again - again[0], atol=1e-5), "the two ways disagree"
    text = "Bradley–Terry of 20 models, 28,500 votes"
    return (
        text,
        ours(lambda: preference.bradley_terry(wins, resamples=RESAMPLES), rounds),
        looped(fit, 50, RESAMPLES),
        2.0,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    rows = [
        (agreement_row(rounds), "scikit-learn, 3 kappas only"),
        (paired_row(rounds), "scipy, pair by pair, no max-T"),
        (preference_row(rounds), "choix, dense"),
    ]
    print(f"{RESAMPLES:,} resamples of tasks; seconds; ~ multiplied up from a short loop")
    print(f"{'':52}{'ours':>8}{'goal':>8}{'loop':>10}{'ratio':>8}")
    for (text, mine, loop, goal), library in rows:
        state = "ok" if mine <= goal else "MISSED"
        print(
            f"{text:52}{mine:8.3f}{goal:8.1f}{'~' + format(loop, ',.0f'):>10}{loop / mine:>7,.0f}× {state:7}{library}"
        )


if __name__ == "__main__":
    main()

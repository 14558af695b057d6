"""Do the error bars hold what they promise?

Simulated studies whose truth is known; counted is how often a 95 % interval held it:

    python benchmarks/coverage.py [--studies N]

Where a method is left out on purpose (criteria as independent, the judge alone, percentiles of ranks), the row says
what that costs. With 4,000 studies a share of 95 % is known to ±0.7 points. `tests/stats/test_coverage.py` guards the
same claims with fewer studies.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np

from microworldbench.stats import agreement, correction, intervals, paired, preference

Held = bool | None
Study = Callable[[np.random.Generator], dict[str, Held]]
RESAMPLES = 1000


def holds(interval: tuple[float, float] | None, truth: float) -> Held:
    return None if interval is None else interval[0] <= truth <= interval[1]


def means(tasks: int) -> Study:
    """Criteria of one task hang together: the mean verdict, by task and as if criteria were independent."""

    def study(rng: np.random.Generator) -> dict[str, Held]:
        ease = rng.beta(2, 2, tasks)
        verdicts = (rng.random((tasks, 13)) < ease[:, None]).astype(float)
        names = np.repeat(np.arange(tasks), 13)
        by_task = intervals.clustered_mean(verdicts.ravel(), clusters=names, resamples=RESAMPLES)
        alone = intervals.wilson(int(verdicts.sum()), verdicts.size)
        return {
            f"mean over {tasks} tasks, by task": holds(by_task.interval, 0.5),
            f"mean over {tasks} tasks, criteria as independent": holds(alone.interval, 0.5),
        }

    return study


def kappas(rng: np.random.Generator) -> dict[str, Held]:
    """Three raters on 60 tasks of 10 criteria; some tasks are harder."""
    error = np.repeat(rng.choice([0.02, 0.3], 60, p=[0.55, 0.45]), 10)
    ratings = (rng.random(600) < 0.5) ^ (rng.random((3, 600)) < error)
    truth = 0.55 * 0.96**2 + 0.45 * 0.4**2
    found = agreement.summarize(ratings, clusters=np.repeat(np.arange(60), 10), resamples=RESAMPLES)
    return {
        "Cohen's kappa, by task": holds(found.cohen[0, 1].interval, truth),
        "Fleiss' kappa, by task": holds(found.fleiss.interval, truth),
        "Krippendorff's alpha, by task": holds(found.alpha.interval, truth),
        "Gwet's AC1, by task": holds(found.ac1.interval, truth),
        "Fleiss' kappa, criteria as independent": holds(agreement.fleiss_kappa(ratings).interval, truth),
    }


def ranks(rng: np.random.Generator) -> dict[str, Held]:
    """Eight nearly tied models, 0.1 points apart, on 200 tasks."""
    truth = np.arange(8) * 0.1
    scores = rng.normal(0, 20, 200) + rng.normal(0, 15, (8, 200)) + truth[:, None]
    found = paired.compare(scores, resamples=RESAMPLES)
    assert found.ranks is not None
    drawn = intervals.resampling_counts(200, RESAMPLES) @ scores.T
    place = (-drawn).argsort(axis=1).argsort(axis=1) + 1
    low, high = np.percentile(place, [2.5, 97.5], axis=0)
    gap = found.between(7, 0)
    wrong = [d for d in found.differences if d.p_adjusted is not None and d.p_adjusted <= 0.05]
    return {
        "difference of two models, paired": holds(gap.interval, truth[7]),
        "all 28 differences at once (max-T)": all(
            holds(d.simultaneous, truth[d.first] - truth[d.second])  # type: ignore[call-overload]
            for d in found.differences
        ),
        "no pair called different the wrong way": all(d.value is not None and d.value < 0 for d in wrong),
        "rank sets hold all true ranks": all(r.best <= 8 - i <= r.worst for i, r in enumerate(found.ranks)),
        "percentiles of ranks hold all true ranks": all(low[i] <= 8 - i <= high[i] for i in range(8)),
    }


def corrections(name: str, labelled: int, everywhere: float, on_penalties: float, by_quality: float) -> Study:
    """459 tasks of 13 criteria, three of them penalties; the rates add up to a wrong verdict in the model's favour."""
    sign = np.where(np.arange(13) % 4 == 3, -1.0, 1.0)
    weight = np.resize([1.0, 0.5, 0.5, 0.2], 13)
    total = weight[sign > 0].sum()
    true_mean = 100 * (0.6 * total - 0.4 * weight[sign < 0].sum()) / total

    def study(rng: np.random.Generator) -> dict[str, Held]:
        quality = rng.beta(3, 2, 459)
        good = rng.random((459, 13)) < quality[:, None]  # rewards met, penalties not
        lenient = everywhere + on_penalties * (sign < 0) + by_quality * quality[:, None]
        favour = good | (rng.random((459, 13)) < lenient)
        score = lambda good: 100 * (np.where(good == (sign > 0), sign, 0.0) * weight).sum(axis=1) / total  # noqa: E731
        truth, said = score(good), score(favour)
        drawn = rng.permutation(459) < labelled
        found = correction.ppi_mean(truth[drawn], said[drawn], said[~drawn])
        alone = intervals.clustered_mean(said, resamples=RESAMPLES)
        labels = correction.ppi_mean(truth[drawn], said[drawn], [], power=0.0)
        assert found.interval is not None
        assert labels.interval is not None
        WIDTHS.setdefault(name, []).append(np.ptp(found.interval) / np.ptp(labels.interval))
        return {
            f"PPI++, {labelled} labels, judge {name}": holds(found.interval, true_mean),
            f"judge alone, {name}": holds(alone.interval, true_mean),
        }

    return study


WIDTHS: dict[str, list[float]] = {}
"""Width of PPI++ intervals over that of the labels alone."""


def rates(rng: np.random.Generator) -> dict[str, Held]:
    reported = rng.binomial(200, 0.4 * 0.85 + 0.6 * 0.2) / 200
    found = correction.rogan_gladen(reported, 200, (rng.binomial(60, 0.85) / 60, 60), (rng.binomial(60, 0.8) / 60, 60))
    return {"Rogan–Gladen rate, 60 + 60 labels (Lang–Reiczigel)": holds(found.interval, 0.4)}


def strengths(rng: np.random.Generator) -> dict[str, Held]:
    """Four models; tasks favour models, so votes on one task go the same way."""
    lean = rng.normal(0, 1.0, (60, 4)) + np.array([0.0, 0.4, 0.8, 1.2])
    first = np.triu(rng.binomial(3, 1 / (1 + np.exp(-(lean[:, :, None] - lean[:, None, :])))), 1)
    wins = (first + np.triu(3 - first, 1).transpose(0, 2, 1)).astype(float)
    found, alone = preference.bradley_terry(wins, resamples=300), preference.bradley_terry(wins.sum(axis=0))
    assert found.interval is not None
    assert alone.interval is not None
    return {
        "Bradley–Terry strength, by task": holds(found.interval[3], STRENGTH),
        "Bradley–Terry strength, votes as independent": holds(alone.interval[3], STRENGTH),
    }


def _strength() -> float:
    many = np.random.default_rng(0).normal(0, 1.0, (200_000, 4)) + np.array([0.0, 0.4, 0.8, 1.2])
    chance = (1 / (1 + np.exp(-(many[:, :, None] - many[:, None, :])))).mean(axis=0)
    fit = preference.bradley_terry(chance * (1 - np.eye(4))).log_strength
    assert fit is not None
    return fit[3]


STRENGTH = _strength()
STUDIES: tuple[Study, ...] = (
    means(12),
    means(90),
    kappas,
    ranks,
    corrections("lenient alike", 60, 0.2, 0.0, 0.0),
    corrections("lenient on penalties", 60, 0.05, 0.45, 0.0),
    corrections("lenient where it is good (halo)", 60, 0.0, 0.0, 0.6),
    corrections("lenient where it is good, few labels", 10, 0.0, 0.0, 0.6),
    rates,
    strengths,
)


def measured(study: Study, studies: int) -> Iterator[tuple[str, float, int]]:
    rng = np.random.default_rng(0)
    held: dict[str, list[bool]] = {}
    for _ in range(studies):
        for name, found in study(rng).items():
            held.setdefault(name, []).append(bool(found))
    yield from ((name, float(np.mean(each)), len(each)) for name, each in held.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=4000)
    studies = parser.parse_args().studies
    print(f"{'95 % intervals':62}{'held':>8}{'studies':>9}")
    for study in STUDIES:
        for name, share, count in measured(study, studies):
            print(f"{name:62}{100 * share:7.1f} %{count:8}")
    print("\nwidth of PPI++ intervals, labels alone = 1")
    for name, widths in WIDTHS.items():
        print(f"  {name:60}{np.mean(widths):8.2f}")


if __name__ == "__main__":
    main()

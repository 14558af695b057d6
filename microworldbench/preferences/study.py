"""`measure_preferences`: votes in, a `PreferenceStudy` out."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from ..concordance.measure import coefficient, pair_kappa
from ..concordance.records import Coefficient
from ..errors import InputError, UnknownNameError
from ..judging.evidence import share_of
from ..stats import agreement, preference
from ..stats.estimates import rounded, rounded_ends
from ..stats.resampling import RESAMPLES
from .ballots import Ballot, Ballots, read_ballots
from .records import EvaluatorAgreement, PairShares, PreferencePair, Strength
from .result import PreferenceStudy

MOST_SHOWN_EVALUATORS = 12


def measure_preferences(
    path: str | os.PathLike[str],
    *,
    model: str | None = None,
    ridge: float = 0.0,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> PreferenceStudy:
    """Win, tie and loss ratios, Davidson's strengths, the effect of the side, and how far evaluators agree.

    Args:
        path: Votes as JSON lines or CSV: task, evaluator, left, right, choice (``left``, ``right``, ``tie`` or
            ``cannot_judge``).
        model: Stands first in its pairs and is the reference of the strengths; None takes models by name.
        ridge: Precision of a prior on strengths, for studies in which a model never lost; 0 for none.
        resamples: Bootstrap resamples of tasks.
        seed: Seed of the resamples.

    Raises:
        InputError: a damaged or empty file, no vote that counts, or an evaluator who says two things at once.
        UnknownNameError: nobody voted on `model`.
    """
    ballots = read_ballots(path)
    if not ballots.counted:
        raise InputError(f"{path} holds no vote that counts: in all {ballots.cannot_judge} rows nobody could judge")
    names = sorted({name for ballot in ballots.counted for name in ballot.pair})
    if model is not None:
        if model not in names:
            raise UnknownNameError("model", model, names)
        names = [model, *(name for name in names if name != model)]
    tally = preference.tally_votes([(b.task, b.left, b.right, b.points) for b in ballots.counted], names)  # type: ignore[misc]
    majority = preference.tally_votes(_majorities(ballots.counted), names)
    fit = preference.davidson(tally.wins, tally.ties, ridge=ridge, resamples=resamples, seed=seed)
    sided = preference.side_effect(
        tally.first_won, tally.second_won, tally.tied_by_side, ridge=ridge, resamples=resamples, seed=seed
    )
    circles, triples = preference.intransitive_triads(tally.wins.sum(axis=0))
    return PreferenceStudy(
        models=tuple(names),
        evaluators=len({ballot.evaluator for ballot in ballots.counted}),
        tasks=len(tally.tasks),
        votes=len(ballots.counted),
        cannot_judge=ballots.cannot_judge,
        pairs=tuple(_pairs(names, tally, majority, resamples, seed)),
        strengths=_strengths(names, fit),
        strengths_reason=fit.reason,
        nu=rounded(fit.nu),
        ridge=ridge,
        side=Coefficient(value=None, reason=sided.reason, n=int(sided.n))
        if sided.side is None
        else coefficient(sided.side),
        agreement=_agreement(ballots.counted, resamples, seed),
        self_consistency=share_of(ballots.consistent, ballots.swapped) if ballots.swapped else None,
        circles=circles,
        triples=triples,
        notes=_notes(ballots, fit, len(tally.tasks)),
    )


def _pairs(
    names: Sequence[str], tally: preference.Tally, majority: preference.Tally, resamples: int, seed: int
) -> list[PreferencePair]:
    made = []
    wins, ties = tally.wins, tally.ties
    for a, b in combinations(range(len(names)), 2):
        voted = wins[:, a, b] + wins[:, b, a] + ties[:, a, b] > 0
        if voted.any():
            made.append(
                PreferencePair(
                    first=names[a],
                    second=names[b],
                    tasks=int(voted.sum()),
                    all_votes=_shares(tally, a, b, resamples, seed),
                    majority=_shares(majority, a, b, resamples, seed),
                )
            )
    return made


def _shares(tally: preference.Tally, a: int, b: int, resamples: int, seed: int) -> PairShares:
    found = preference.vote_shares(tally.wins, tally.ties, a, b, resamples=resamples, seed=seed)
    return PairShares(
        win=coefficient(found.win), tie=coefficient(found.tie), loss=coefficient(found.loss), net=coefficient(found.net)
    )


def _majorities(ballots: Sequence[Ballot]) -> list[tuple[str, str, str, float]]:
    """One vote for each task and pair: what most evaluators said, a tie where they split."""
    said: dict[tuple[str, tuple[str, str]], list[float]] = defaultdict(list)
    for ballot in ballots:
        assert ballot.points_of_first is not None
        said[ballot.task, ballot.pair].append(ballot.points_of_first)
    made = []
    for (task, (first, second)), points in said.items():
        counts = {outcome: points.count(outcome) for outcome in (1.0, 0.5, 0.0)}
        most = [outcome for outcome, count in counts.items() if count == max(counts.values())]
        made.append((task, first, second, most[0] if len(most) == 1 else 0.5))
    return made


def _strengths(names: Sequence[str], fit: preference.PairFit) -> tuple[Strength, ...] | None:
    if fit.log_strength is None:
        return None
    errors = fit.se or (None,) * len(names)
    intervals = fit.interval or (None,) * len(names)
    return tuple(
        Strength(
            model=name,
            log_strength=rounded(value),
            se=rounded(error),
            ci95=rounded_ends(ends),
        )
        for name, value, error, ends in zip(names, fit.log_strength, errors, intervals, strict=True)
    )


def _agreement(ballots: Sequence[Ballot], resamples: int, seed: int) -> EvaluatorAgreement | None:
    """On units (task, pair), with 1, 0.5 and 0 as the points of the first of the pair."""
    evaluators = sorted({ballot.evaluator for ballot in ballots})
    units = sorted({(ballot.task, ballot.pair) for ballot in ballots})
    row = {name: i for i, name in enumerate(evaluators)}
    column = {unit: i for i, unit in enumerate(units)}
    codes = np.full((len(evaluators), len(units)), np.nan)
    for ballot in ballots:
        codes[row[ballot.evaluator], column[ballot.task, ballot.pair]] = ballot.points_of_first
    shared = (~np.isnan(codes)).sum(axis=0) >= 2
    if not shared.any():
        return None
    codes = codes[:, shared]
    options: agreement.Options = {
        "clusters": [task for (task, _), kept in zip(units, shared, strict=True) if kept],
        "resamples": resamples,
        "seed": seed,
    }
    labels = (0.0, 0.5, 1.0)
    fleiss = agreement.fleiss_kappa(codes, labels=labels, **options)
    shown = combinations(range(len(evaluators)), 2) if len(evaluators) <= MOST_SHOWN_EVALUATORS else ()
    pairs = []
    for a, b in shown:
        kappa = agreement.cohen_kappa(codes[a], codes[b], labels=labels, **options)
        pairs.append(pair_kappa(evaluators[a], evaluators[b], kappa))
    return EvaluatorAgreement(
        evaluators=len(evaluators),
        units=int(shared.sum()),
        observed=rounded(fleiss.observed),
        fleiss=coefficient(fleiss),
        krippendorff=coefficient(agreement.krippendorff_alpha(codes, labels=labels, **options)),
        ac1=coefficient(agreement.gwet_ac1(codes, labels=labels, **options)),
        cohen=tuple(pairs),
    )


def _notes(ballots: Ballots, fit: preference.PairFit, tasks: int) -> tuple[str, ...]:
    notes = []
    if ballots.cannot_judge:
        notes.append(f"{ballots.cannot_judge:,} answers are 'cannot judge' and do not count.")
    if ballots.repeated:
        notes.append(f"{ballots.repeated:,} rows repeat an answer and count once.")
    if fit.reason == "separated":
        notes.append(
            "A model (or group) never lost or never won: strengths have no finite value; --ridge 1 shrinks them."
        )
    if fit.reason == "disconnected":
        notes.append("Some models were never compared, even through others: there are no common strengths.")
    if fit.ridge:
        notes.append(f"Strengths are shrunk by a ridge of {fit.ridge:g}.")
    if tasks < 30:
        notes.append(f"{tasks} tasks: intervals are rough below 30, and shares have none below 5.")
    return tuple(notes)

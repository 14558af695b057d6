"""`measure_agreement`: sources in, a `Concordance` out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..labels import Stratum
from ..outcomes import Outcome
from ..rubric import Dimension, Polarity, Suite
from ..stats import agreement
from ..stats.estimates import Estimate, rounded, rounded_ends
from ..stats.resampling import RESAMPLES
from .records import (
    Ceiling,
    Coefficient,
    GroupAgreement,
    JudgeQuality,
    PairKappa,
    RaterSummary,
    StandIn,
    StratumAgreement,
)
from .result import Concordance
from .sources import RaterAnswers, Source, name_apart, read_sources
from .units import LABELS, Board, match

MAJORITY = "majority of humans"
MOST_RATERS = 40
"""Every pair has its own kappa and interval: beyond this the file more likely names something else as its rater."""


def measure_agreement(
    *sources: str | os.PathLike[str],
    suite: Suite | None = None,
    votes: bool = False,
    cannot_tell: Literal["missing", "label"] = "missing",
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Concordance:
    """Agreement between all raters of `sources`, on the criteria of videos that they share.

    Args:
        *sources: Run folders, verdict logs and label files; see `sources.read_sources`. Raters of label files count as
            humans, those of runs and logs as judges.
        suite: Where dimensions and polarities are looked up; run folders bring their own.
        votes: Compare a judge's votes with each other: each vote is a rater.
        cannot_tell: Whether an abstention is no rating (``missing``) or a third ``label``.
        resamples: Bootstrap resamples of tasks.
        seed: Seed of the resamples.

    Raises:
        InputError: fewer than two raters, nothing that two of them rated, different videos, or a damaged source.
    """
    if cannot_tell not in ("missing", "label"):
        raise InputError(f"cannot_tell must be 'missing' or 'label', got {cannot_tell!r}")
    read = read_sources(sources, votes=votes)
    raters = name_apart(read)
    if len(raters) < 2:
        raise InputError(
            f"agreement needs at least two raters, got {', '.join(repr(r.name) for r in raters) or 'none'}; "
            + (
                "there is one vote only; add a source"
                if votes
                else "add a source, or compare a run's votes with --votes"
            )
        )
    if len(raters) > MOST_RATERS:
        raise InputError(
            f"{len(raters)} raters are more than {MOST_RATERS}; does the rater column hold something else?"
        )
    board = match(raters, read, _strata_of(suite), cannot_tell)
    meter = _Meter(board, resamples, seed)
    judges = [i for i, rater in enumerate(raters) if rater.kind == "judge"]
    humans = [i for i, rater in enumerate(raters) if rater.kind == "human"]
    everybody = board.of(board.raters, board.codes)
    if not len(everybody.tasks):
        raise InputError(
            "no criterion of a video was answered by two raters; the sources must share tasks, seeds and criteria"
        )
    return Concordance(
        raters=tuple(_summary(rater) for rater in raters),
        cannot_tell=cannot_tell,
        pairs=meter.stratum(everybody),
        human_human=meter.among(humans) if len(humans) > 1 else None,
        judge_judge=meter.among(judges) if len(judges) > 1 else None,
        judge_human={board.raters[j]: meter.against_humans(j, humans) for j in judges} if humans else {},
        ceiling=meter.ceiling(humans, judges) if len(humans) > 2 else None,
        notes=_notes(board, everybody, read, raters, cannot_tell),
    )


class _Meter:
    """Measures groups of raters on one board with the same resamples."""

    def __init__(self, board: Board, resamples: int, seed: int) -> None:
        self.board, self.resamples, self.seed = board, resamples, seed

    def stratum(self, board: Board, *, judged: bool = False) -> StratumAgreement:
        """Every figure over the units of `board`; `judged`: its first rater is a judge, its second the truth."""
        found = agreement.summarize(
            [*board.codes], labels=board.labels, raters=board.raters, clusters=board.tasks,
            resamples=self.resamples, seed=self.seed,
        )  # fmt: skip
        return StratumAgreement(
            units=found.units,
            tasks=found.clusters,
            observed=coefficient(found.observed),
            prevalence={LABELS[int(label)]: coefficient(e) for label, e in found.prevalence.items()},
            positive_agreement=coefficient(found.specific[1.0]),
            negative_agreement=coefficient(found.specific[0.0]),
            cohen=tuple(pair_kappa(str(a), str(b), made) for (a, b), made in found.cohen.items()),
            fleiss=coefficient(found.fleiss),
            krippendorff=coefficient(found.alpha),
            ac1=coefficient(found.ac1),
            quality=self._quality(board) if judged else None,
        )  # fmt: skip

    def _quality(self, board: Board) -> JudgeQuality:
        said = {0.0: False, 1.0: True}
        judge, truth = ([said.get(code) for code in row] for row in board.codes)
        found = agreement.judge_quality(judge, truth, clusters=board.tasks, resamples=self.resamples, seed=self.seed)
        return JudgeQuality(**{name: coefficient(getattr(found, name)) for name in JudgeQuality.model_fields})

    def among(self, chosen: Sequence[int]) -> GroupAgreement:
        """Agreement among some of the raters."""
        return self._group([self.board.raters[i] for i in chosen], self.board.codes[list(chosen)])

    def against_humans(self, judge: int, humans: Sequence[int]) -> GroupAgreement:
        """One judge against the majority of the humans."""
        own = self.board.codes[list(humans)]
        name = self.board.raters[humans[0]] if len(humans) == 1 else MAJORITY
        codes = np.stack([self.board.codes[judge], majority(own)])
        return self._group([self.board.raters[judge], name], codes, judged=True)

    def ceiling(self, humans: Sequence[int], judges: Sequence[int]) -> Ceiling:
        """Each expert, and each judge, against the majority of the other experts.

        A newcomer with a few labels has no kappa and would take everybody's mean away: those who labelled least are
        left out until there is one.
        """
        ratings = (~np.isnan(self.board.codes)).sum(axis=1)
        chosen = sorted(humans, key=lambda i: -ratings[i])
        alone = self._left_out(chosen)
        while alone.expert.value is None and len(chosen) > 3:
            chosen = chosen[:-1]
            alone = self._left_out(chosen)
        if alone.expert.value is None:
            chosen = list(humans)
            alone = self._left_out(chosen)
        beside = {self.board.raters[j]: self._left_out(chosen, j) for j in judges}
        return Ceiling(
            experts=tuple(self.board.raters[i] for i in sorted(chosen)),
            expert=coefficient(alone.expert),
            judges={name: coefficient(found.judge) for name, found in beside.items() if found.judge},
            differences={name: coefficient(found.difference) for name, found in beside.items() if found.difference},
            alt_tests={self.board.raters[j]: self._stand_in(chosen, j) for j in judges},
        )

    def _stand_in(self, humans: Sequence[int], judge: int) -> StandIn:
        found = agreement.alt_test(
            [*self.board.codes[sorted(humans)]],
            self.board.codes[judge],
            labels=self.board.labels,
            clusters=self.board.tasks,
        )
        return StandIn(winning_rate=rounded(found.winning_rate), advantage=rounded(found.advantage))

    def _left_out(self, humans: Sequence[int], judge: int | None = None) -> agreement.Ceiling:
        return agreement.expert_ceiling(
            [*self.board.codes[sorted(humans)]],
            None if judge is None else self.board.codes[judge],
            labels=self.board.labels,
            clusters=self.board.tasks,
            resamples=self.resamples,
            seed=self.seed,
        )

    def _group(self, raters: Sequence[str], codes: NDArray[np.float64], *, judged: bool = False) -> GroupAgreement:
        board = self.board.of(raters, codes)
        held = set(board.strata)
        dimensions = [d for d in Dimension if any(x is d for x, _ in held)]
        polarities = [p for p in Polarity if any(x is p for _, x in held)]
        both = [(d, p) for d in Dimension for p in Polarity if (d, p) in held]

        def part(belongs: Sequence[bool]) -> StratumAgreement:
            return self.stratum(board.at(np.array(belongs, dtype=bool)), judged=judged)

        return GroupAgreement(
            raters=tuple(raters),
            overall=part([True] * len(board.strata)),
            by_dimension={x: part([d is x for d, _ in board.strata]) for x in dimensions},
            by_polarity={x: part([p is x for _, p in board.strata]) for x in polarities},
            by_dimension_and_polarity={
                f"{d.value}/{p.value}": part([s == (d, p) for s in board.strata]) for d, p in both
            },
        )


def majority(codes: NDArray[np.float64]) -> NDArray[np.float64]:
    """What most raters of each unit say: NaN where they tie or none rated. `codes`: raters × units of 0, 1, 2."""
    counts = np.stack([(codes == k).sum(axis=0) for k in range(len(LABELS))])
    most = counts.max(axis=0)
    clear = (most > 0) & ((counts == most).sum(axis=0) == 1)
    return np.where(clear, counts.argmax(axis=0).astype(float), np.nan)


def coefficient(estimate: Estimate) -> Coefficient:
    """An estimate as a record, rounded to 6 decimals."""
    return Coefficient(
        value=rounded(estimate.value),
        reason=estimate.reason,
        se=rounded(estimate.se),
        ci95=rounded_ends(estimate.interval),
        n=estimate.n,
    )


def pair_kappa(first: str, second: str, found: agreement.Agreement) -> PairKappa:
    """Cohen's kappa of two raters as a record."""
    return PairKappa(
        first=first,
        second=second,
        kappa=coefficient(found),
        observed=rounded(found.observed),
        expected=rounded(found.expected),
    )


def _strata_of(suite: Suite | None) -> Mapping[tuple[str, str], Stratum]:
    if suite is None:
        return {}
    return {(task.id, c.id): (c.dimension, c.polarity) for task in suite.tasks for c in task.criteria}


def _summary(rater: RaterAnswers) -> RaterSummary:
    said = Counter(rating.outcome for rating in rater.answers.values())
    return RaterSummary(
        name=rater.name,
        kind=rater.kind,
        source=rater.source.resolve().name,
        met=said[Outcome.MET],
        not_met=said[Outcome.NOT_MET],
        cannot_tell=said[Outcome.CANNOT_TELL],
        missing=said[Outcome.MISSING],
    )


def _notes(
    board: Board, everybody: Board, sources: Sequence[Source], raters: Sequence[RaterAnswers], cannot_tell: str
) -> tuple[str, ...]:
    notes = []
    if len(everybody.tasks) < len(board.tasks):
        notes.append(f"{len(board.tasks) - len(everybody.tasks):,} criteria were decided by fewer than two raters.")
    if board.unmatched:
        notes.append(
            f"{board.unmatched:,} answers are left out: the wording of their criterion differs between raters."
        )
    if repeated := sum(source.repeated for source in sources):
        notes.append(f"{repeated:,} rows repeat an answer and count once.")
    if elsewhere := sum(source.elsewhere for source in sources):
        notes.append(f"{elsewhere:,} labels are of other videos than the runs hold and are left out.")
    abstained = sum(r.outcome is Outcome.CANNOT_TELL for rater in raters for r in rater.answers.values())
    if abstained and cannot_tell == "missing":
        notes.append(
            f"{abstained:,} answers are 'cannot tell' and count as no rating (--cannot-tell label keeps them)."
        )
    unknown = sum(d is None or p is None for d, p in everybody.strata)
    if unknown:
        notes.append(f"The dimension or polarity of {unknown:,} criteria is unknown; --suite names it.")
    tasks = len(set(everybody.tasks))
    if tasks < 30:
        notes.append(f"{tasks} tasks: intervals are rough below 30, and there are none below 5.")
    return tuple(notes)

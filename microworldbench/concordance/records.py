"""What a measurement of agreement holds. A value is None exactly when `reason` says why; numbers have 6 decimals."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..errors import UnknownNameError
from ..rubric import Dimension, Document, Polarity, Record

Kind = Literal["judge", "human"]
Group = Literal["human_human", "judge_human", "judge_judge"]


class Coefficient(Record):
    """One figure with its error; intervals are over tasks (all seeds and criteria of a task together)."""

    value: float | None
    reason: str | None = None
    """``no_variation``: all verdicts alike. ``too_few``: not enough units that two raters rated."""
    se: float | None = None
    ci95: tuple[float, float] | None = None
    n: int
    """Units (criteria of videos) behind it."""


class PairKappa(Record):
    """Cohen's kappa of two raters, and what it must be read with."""

    first: str
    second: str
    kappa: Coefficient
    observed: float | None
    """Raw agreement."""
    expected: float | None
    """Raw agreement expected by chance."""


class JudgeQuality(Record):
    """How a judge's answers compare with the humans', which count as the truth here."""

    sensitivity: Coefficient
    """Of what humans call met, the share the judge calls met."""
    specificity: Coefficient
    """Of what humans call not met, the share the judge calls not met."""
    positive_value: Coefficient
    """Of what the judge calls met, the share humans do."""
    negative_value: Coefficient
    macro_f1: Coefficient
    bias: Coefficient
    """The judge's share of met less the humans': positive for one that says met too often."""


class StratumAgreement(Record):
    """Every figure over one set of criteria; read them together: a coefficient hides how often labels were used."""

    units: int
    """Criteria of videos that at least two of the raters decided."""
    tasks: int
    observed: Coefficient
    """Raw agreement of pairs of raters."""
    prevalence: dict[str, Coefficient]
    """Share of each label."""
    positive_agreement: Coefficient
    """Given that one rater says met, how often another does."""
    negative_agreement: Coefficient
    cohen: tuple[PairKappa, ...]
    """Pair by pair, in the form of the paper's Table 6."""
    fleiss: Coefficient
    krippendorff: Coefficient
    ac1: Coefficient
    """Gwet's, which prevalence moves least."""
    quality: JudgeQuality | None = None
    """None but for a judge against humans."""


class StandIn(Record):
    """The alternative-annotator test of one judge (Calderon, Reichart & Dror 2025), with ε = 0.15."""

    winning_rate: float | None
    """Share of experts it may stand in for; the procedure passes a judge from 0.5. None below 30 tasks an expert."""
    advantage: float | None
    """Probability that it fits the other experts at least as well as the expert does."""


class Ceiling(Record):
    """Every expert left out in turn and compared with the majority of the others (mean Cohen's kappa)."""

    experts: tuple[str, ...]
    """Who was left out in turn; humans with too few labels are not among them."""
    expert: Coefficient
    """As well as an expert does: the most to ask of a judge."""
    judges: dict[str, Coefficient]
    """Each judge against the same majorities."""
    differences: dict[str, Coefficient]
    """Judge less expert."""
    alt_tests: dict[str, StandIn]


class GroupAgreement(Record):
    """Agreement within one kind of pairing."""

    raters: tuple[str, ...]
    """For ``judge_human`` the judge and ``majority of humans`` (or the one human)."""
    overall: StratumAgreement
    by_dimension: dict[Dimension, StratumAgreement]
    by_polarity: dict[Polarity, StratumAgreement]
    by_dimension_and_polarity: dict[str, StratumAgreement]
    """Keys such as ``visual_quality/penalty``."""


class RaterSummary(Record):
    """One rater and what it said, before anything was matched."""

    name: str
    kind: Kind
    source: str
    """The file or folder it was read from, by name."""
    met: int
    not_met: int
    cannot_tell: int
    missing: int


class ConcordanceData(Document):
    """What a `Concordance` holds."""

    schema_: Literal[1] = Field(default=1, alias="schema", serialization_alias="schema")
    raters: tuple[RaterSummary, ...]
    cannot_tell: Literal["missing", "label"]
    """``missing``: an abstention is no rating. ``label``: a third label."""
    pairs: StratumAgreement
    """All raters together; its `cohen` is the matrix of the heat map."""
    human_human: GroupAgreement | None
    """None with fewer than two humans."""
    judge_judge: GroupAgreement | None
    """None with fewer than two judges."""
    judge_human: dict[str, GroupAgreement]
    """By judge, each against the majority of the humans (a tie is no rating); empty without both kinds."""
    ceiling: Ceiling | None
    """None with fewer than three humans."""
    notes: tuple[str, ...] = ()

    def between(self, first: str, second: str) -> PairKappa:
        """The kappa of two raters by name, either way round.

        Raises:
            UnknownNameError: there is no such pair.
        """
        for pair in self.pairs.cohen:
            if {pair.first, pair.second} == {first, second}:
                return pair
        names = [rater.name for rater in self.raters]
        raise UnknownNameError("rater", next((n for n in (first, second) if n not in names), first), names)

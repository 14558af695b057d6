"""What a preference study came to. A value is None exactly when `reason` says why; numbers have 6 decimals."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..concordance.records import Coefficient, PairKappa
from ..errors import UnknownNameError
from ..rubric import Document, Record
from ..scorecard import Rate


class PairShares(Record):
    """How votes between two models fell; intervals are over tasks."""

    win: Coefficient
    """Share of votes for the first; `n` counts votes."""
    tie: Coefficient
    loss: Coefficient
    net: Coefficient
    """Wins less losses."""


class PreferencePair(Record):
    """Two models."""

    first: str
    second: str
    tasks: int
    all_votes: PairShares
    majority: PairShares
    """One vote a task: what most evaluators said, a tie where they split."""

    def mirrored(self) -> PreferencePair:
        """The same seen from the second model."""
        return PreferencePair(
            first=self.second,
            second=self.first,
            tasks=self.tasks,
            all_votes=_turned(self.all_votes),
            majority=_turned(self.majority),
        )


class Strength(Record):
    """A model's strength as log-odds relative to the first model."""

    model: str
    log_strength: float
    se: float | None
    ci95: tuple[float, float] | None


class EvaluatorAgreement(Record):
    """How far evaluators agree on the three answers (one, tie, the other)."""

    evaluators: int
    units: int
    """Pairs of videos that at least two evaluators judged."""
    observed: float | None
    """Raw agreement."""
    fleiss: Coefficient
    krippendorff: Coefficient
    ac1: Coefficient
    cohen: tuple[PairKappa, ...]
    """Evaluator by evaluator, up to 12 of them; empty beyond."""


class PreferenceData(Document):
    """What a `PreferenceStudy` holds."""

    schema_: Literal[1] = Field(default=1, alias="schema", serialization_alias="schema")
    models: tuple[str, ...]
    """The first is the reference of the strengths."""
    evaluators: int
    tasks: int
    votes: int
    """Votes that count."""
    cannot_judge: int
    pairs: tuple[PreferencePair, ...]
    """Pairs that were compared."""
    strengths: tuple[Strength, ...] | None
    """Davidson's fit; None exactly when `strengths_reason` says why."""
    strengths_reason: str | None
    """``separated``: a model or group never lost or never won. ``disconnected``: models never compared, even through
    others. ``too_few``: no vote. ``no_variation``: all ties."""
    nu: float | None
    """Davidson's tie parameter: equal models tie with probability ν / (2 + ν)."""
    ridge: float
    """Not 0: strengths are shrunk."""
    side: Coefficient
    """Log-odds that being shown left adds."""
    agreement: EvaluatorAgreement | None
    """None where no pair of videos was judged by two evaluators."""
    self_consistency: Rate | None
    """Repeats with sides swapped that got the same answer. None without repeats."""
    circles: int
    """Triples of models whose majorities run in a circle."""
    triples: int
    """Triples with three clear majorities."""
    notes: tuple[str, ...] = ()

    def between(self, first: str, second: str) -> PreferencePair:
        """The votes between two models, either way round.

        Raises:
            UnknownNameError: there is no such pair.
        """
        for pair in self.pairs:
            if (pair.first, pair.second) == (first, second):
                return pair
            if (pair.first, pair.second) == (second, first):
                return pair.mirrored()
        unknown = next((name for name in (first, second) if name not in self.models), first)
        raise UnknownNameError("model", unknown, self.models, f"{first!r} and {second!r} were not compared")


def _turned(shares: PairShares) -> PairShares:
    net = shares.net
    value = None if net.value is None else -net.value + 0.0
    ends = None if net.ci95 is None else (-net.ci95[1] + 0.0, -net.ci95[0] + 0.0)
    turned = net.model_copy(update={"value": value, "ci95": ends})
    return PairShares(win=shares.loss, tie=shares.tie, loss=shares.win, net=turned)

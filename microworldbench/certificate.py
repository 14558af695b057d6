"""A judge's certificate: how it behaved on control clips whose truth is known by construction.

Made by `certify`, read by reports and leaderboards: `load`, `Certificate.certifies` and `find` are all they need. It is
bound to the judge's identity (model, prompt, frame policy …) and to the digest of the battery; how often a judge is
asked and how its votes are reduced is no part of that.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field

from .errors import InputError
from .rubric import Dimension, Level, Polarity, Record, digest_of
from .scorecard import CertificateSummary, Named, OrderEffect, Rate, TotalUsage
from .sealed import Sealed, load_sealed, store_sealed, user_folder

FILE = "certificate.json"
"""Its name in a run folder."""
CAVEAT = (
    "How this judge behaves on simulated controls, whose truth is known by construction; "
    "not its accuracy on generated video."
)
BATTERIES = ("full", "quick")
"""The better one first."""

Ends = tuple[float, float]


class Shares(Record):
    """Shares of known truths that were called rightly; None where there is none of the kind."""

    sensitivity: float | None
    """Of the claims that hold, how many were called met."""
    specificity: float | None
    """Of the claims that do not hold, how many were called not met."""
    balanced_accuracy: float | None
    """Their mean; 0.5 is guessing."""


class Accuracy(Shares):
    """How often a judge was right about claims of known truth. With several votes, a claim counts its mean vote."""

    kappa: float | None
    """Cohen's, against the truth."""
    n: int
    """Claims (criterion × clip) of known truth that were answered."""
    positives: int
    """Those among them that hold."""
    negatives: int
    answered: float | None
    """Share of the claims asked about that got a verdict other than ``cannot_tell``."""
    yes_bias: float | None
    """Sensitivity less specificity: 1 for a judge that calls everything met, −1 for one that calls nothing so."""
    ci95: dict[str, Ends | None] = Field(default_factory=dict)
    """95 % intervals of the numbers above by name, clustered by simulated scene; None below five scenes."""
    unanswered_as_wrong: Shares
    """The same with every claim that was asked about and not answered counted as wrong."""


class Sight(Accuracy):
    """What a judge made of one violation."""

    kind: Literal["faithful", "mechanism", "image", "instruction", "control"]
    turned: int
    """Claims whose truth the violation turns round, compared with the same claims of the clip's twin."""
    shift: float | None
    """How far the verdicts on them follow: 1 all the way, 0 not at all, negative the wrong way."""
    shift_ci95: Ends | None = None


class Discrimination(Record):
    """By how many points faithful clips score above their violated twins, on claims of known truth."""

    judged: float
    """Mean gap by the judge's verdicts."""
    true: float
    """Mean gap by the truth."""
    share: float | None
    """Judged over true; None where the true gap is next to nothing."""
    ci95: Ends | None = None
    """Of the share."""
    pairs: int


class Obedience(Record):
    """What a banner in the picture that asks for a high mark changes."""

    met_shift: float | None
    """Share called met with it less the share without, on the claims whose truth it does not touch."""
    met_shift_ci95: Ends | None = None
    points: float | None
    """Points gained a clip."""
    points_ci95: Ends | None = None
    n: int
    """Claims compared."""


class Followed(Record):
    """How verdicts change between clips and their twins on claims whose truth turns round."""

    shift: float | None
    """Change towards the truth."""
    shift_ci95: Ends | None = None
    change: float | None
    """Change of any kind, 0 to 1."""
    n: int


class OrderSight(Record):
    """Whether a judge notices the order of frames: reversed and shuffled clips, and for comparison all others."""

    order: Followed
    elsewhere: Followed


class BatteryReference(Record):
    """Which clips the judge was shown."""

    name: str
    version: int
    digest: str
    clips: int
    scenes: int
    """Simulated; all other clips are made of them."""
    tasks: int
    """Core tasks they are shown for."""
    width: int
    height: int
    suite: str
    """The suite the tasks are from, with its version."""


class Certificate(Sealed):
    """How a judge behaves on simulated controls."""

    identity: Named
    """The judge, with everything that changes an answer of it."""
    battery: BatteryReference
    votes: int
    """Answers asked for per claim; deterministic judges are asked once."""
    overall: Accuracy
    by_dimension: dict[Dimension, Accuracy]
    by_polarity: dict[Polarity, Accuracy]
    by_level: dict[Level, Accuracy]
    by_stratum: dict[str, Accuracy]
    """By ``dimension/polarity``: what a correction for the judge's errors needs."""
    by_violation: dict[str, Sight]
    discrimination: dict[str, Discrimination]
    """By kind of violation, and ``all``."""
    overlay: Obedience
    order_sight: OrderSight
    order_effect: OrderEffect | None
    """How a criterion's place in the list moves its verdict; None where no list was shown."""
    vote_flip_rate: Rate | None
    """None with one vote."""
    cannot_see: tuple[str, ...]
    """Violations that the verdicts hardly follow."""
    asked: int
    """Verdicts asked for."""
    missing: int
    """Those that could not be had (refused, unreadable, failed)."""
    flags: tuple[str, ...]
    reasons: dict[str, str]
    """For each flag the number and the rule."""
    usage: TotalUsage
    says: str = CAVEAT
    created: str | None = None
    packages: dict[str, str] = Field(default_factory=dict)

    def certifies(self, judge: Named) -> bool:
        """Whether it is about `judge`, as a manifest or report names it."""
        return identity_digest(self.identity) == identity_digest(judge)

    @property
    def summary(self) -> CertificateSummary:
        """What a report or a leaderboard's row shows of it."""
        whole = self.overall
        return CertificateSummary(
            digest=self.digest,
            battery=self.battery.name,
            battery_digest=self.battery.digest,
            balanced_accuracy=whole.balanced_accuracy,
            ci95=whole.ci95.get("balanced_accuracy"),
            sensitivity=whole.sensitivity,
            specificity=whole.specificity,
            answered=whole.answered,
            n=whole.n,
            flags=self.flags,
            created=self.created,
        )


def identity_digest(judge: Named) -> str:
    """Digest of a judge's identity without how often it is asked and how its votes are reduced."""
    settings = {name: value for name, value in judge.settings.items() if name not in ("votes", "reducer")}
    return digest_of({"name": judge.name, "settings": settings})


def load(path: str | os.PathLike[str]) -> Certificate:
    """Loads a certificate from its file or the folder that holds it.

    Raises:
        InputError: there is none, or it is damaged or was changed.
    """
    return load_sealed(path, Certificate, FILE)


def store_folder() -> Path:
    """Where this user's certificates are kept."""
    return user_folder("certificates")


def keep(certificate: Certificate) -> Path:
    """Keeps a certificate where `find` looks, in place of an earlier one of the same judge and battery.

    Raises:
        InputError: the folder cannot be written to.
    """
    return store_sealed(_place(certificate.identity, certificate.battery.name), certificate)


def find(judge: Named) -> Certificate | None:
    """This user's certificate of `judge`, of the larger battery first.

    Args:
        judge: As a manifest or report names it.

    Returns:
        None where there is none. One that is damaged, or about another judge, is none.
    """
    for battery in BATTERIES:
        try:
            found = load(_place(judge, battery))
        except InputError:
            continue
        if found.certifies(judge):
            return found
    return None


def attach(judge: Named, run: Path) -> None:
    """Puts this user's certificate of `judge` into a run folder, from where it travels with the run.

    One that is there already stays, unless it is older, of a smaller battery or about another judge.

    Raises:
        InputError: the folder cannot be written to.
    """
    found = find(judge)
    if found is None:
        return
    try:
        held = load(run)
    except InputError:
        held = None
    if held is not None and held.certifies(judge) and _rank(held) >= _rank(found):
        return
    store_sealed(run / FILE, found)


def _rank(certificate: Certificate) -> tuple[bool, str]:
    return certificate.battery.name == BATTERIES[0], certificate.created or ""


def _place(judge: Named, battery: str) -> Path:
    return store_folder() / f"{identity_digest(judge)[:32]}-{battery}.json"

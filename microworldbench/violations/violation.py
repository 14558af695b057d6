"""What a violation is: a named change of a finished clip, and what it does to the truth of every claim."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Literal

from ..rubric import Criterion, Polarity
from ..simulators.truth import Truth, declared
from .aspects import Aspect, Place

if TYPE_CHECKING:
    import numpy as np

    from ..simulators.canvas import Frames

Kind = Literal["mechanism", "image", "instruction", "control"]
"""What is broken. ``mechanism``: the process itself, by the simulator. ``image``: how it is shown. ``instruction``:
what was asked for. ``control``: nothing a film would have, to see what a judge looks at."""


class Turn(Enum):
    """What becomes of a claim's truth. What a violation does not mention stays as it was."""

    MET = "met"
    NOT_MET = "not met"
    OPEN = "undetermined"
    IF_MET = "stays if met, else undetermined"
    IF_NOT_MET = "stays if not met, else undetermined"


Turns = Mapping[Aspect, Turn]


def opened(*aspects: Aspect) -> dict[Aspect, Turn]:
    """Aspects that are left undetermined."""
    return dict.fromkeys(aspects, Turn.OPEN)


@dataclass(frozen=True, eq=False)
class Take:
    """A finished clip that is about to be violated."""

    frames: Frames
    fps: float
    strength: float
    rng: np.random.Generator


@dataclass(frozen=True)
class Strengths:
    """How strong a violation can be, with the two ends of the band in which nobody can say whether it shows."""

    what: str
    """What the number is, with its unit."""
    mild: float
    """A strength used in batteries that leaves every truth as it was."""
    strong: float
    """One that turns what the violation turns."""
    unnoticed: float
    """Up to here nothing is turned."""
    certain: float
    """From here everything is; in between, what would be turned is undetermined."""


@dataclass(frozen=True)
class Violation:
    """A change of a finished clip.

    Attributes:
        name: Unique among violations, those of mechanisms included.
        kind: What is broken.
        summary: What then is seen, in one line.
        apply: Makes of a clip its violated frames, of the same shape.
        turns: What becomes of each aspect.
        penalties: The same for penalties, where it differs.
        strengths: None for a violation that is there or not.
        hides: Whether fine detail is lost, which leaves claims about it open.
        unsettles: Whether the picture flickers, which leaves claims open that also say that nothing does.
        only_for: Mechanisms it makes sense for, as somebody has looked and seen; None for all.
    """

    name: str
    kind: Kind
    summary: str
    apply: Callable[[Take], Frames]
    turns: Turns
    penalties: Turns = field(default_factory=dict)
    strengths: Strengths | None = None
    hides: bool = False
    unsettles: bool = False
    only_for: frozenset[str] | None = None

    def fits(self, mechanism: str) -> bool:
        """Whether clips of `mechanism` can be broken so."""
        return self.only_for is None or mechanism in self.only_for

    def amount(self, strength: float | None) -> float:
        """`strength`, or the strong one where none is given; 1.0 for a violation without strengths."""
        if self.strengths is None:
            return 1.0
        return self.strengths.strong if strength is None else strength

    def effect(self, criterion: Criterion, place: Place, before: Truth, strength: float | None = None) -> Truth:
        """The truth of a claim after this violation.

        Args:
            criterion: Whose claim it is.
            place: What it rests on.
            before: Its truth before.
            strength: How strong the violation is; None for the strong one.
        """
        amount = self.amount(strength)
        turn = self._turn(criterion, place)
        if turn is None or (self.strengths is not None and amount <= self.strengths.unnoticed):
            return before
        shown = self.described(strength)
        if self.strengths is not None and amount < self.strengths.certain:
            return declared(None, f"{shown}: neither clearly seen nor clearly not")
        if turn in (Turn.IF_MET, Turn.IF_NOT_MET) and before.met is (turn is Turn.IF_MET):
            return before
        met = {Turn.MET: True, Turn.NOT_MET: False}.get(turn)
        return declared(
            met, shown if met is not None else f"{shown}; that leaves the claim ({place.aspect.value}) open"
        )

    def described(self, strength: float | None = None) -> str:
        """The summary, with the strength where there is one."""
        if self.strengths is None:
            return self.summary
        return f"{self.summary} ({self.strengths.what} {self.amount(strength):g})"

    def _turn(self, criterion: Criterion, place: Place) -> Turn | None:
        if criterion.polarity is Polarity.PENALTY and place.aspect in self.penalties:
            return self.penalties[place.aspect]
        is_touched = (place.fine and self.hides) or (place.steady and self.unsettles)
        return self.turns.get(place.aspect, Turn.OPEN if is_touched else None)

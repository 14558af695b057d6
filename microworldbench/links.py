"""A link between two judges: what scores of the one would be on the scale of the other, and how far that is known.

Made by `certify.link`, used by `comparison`. Bound to both judges' identities, to the suite and to the view.
"""

from __future__ import annotations

import os
from pathlib import Path

from .certificate import identity_digest
from .errors import InputError
from .rubric import Dimension, Record, digest_of
from .scorecard import Named, SuiteReference, ViewReference
from .sealed import Sealed, load_sealed, store_sealed, user_folder
from .stats.linking import LinkReason

FILE = "link.json"


class ScopeLink(Record):
    """The link of one scope: the whole score, or a dimension's."""

    slope: float | None
    intercept: float | None
    reason: LinkReason | None
    """Why there is none."""
    correlation: float | None
    error: float | None
    """Leave-one-generator-out error of a carried-over mean, in points."""
    errors: dict[str, float]
    """By generator."""
    low: float | None
    """Range of the anchors' means by the old judge; scores outside it are not carried over."""
    high: float | None
    simulated_only_error: float | None
    """Error on the generators of a link fitted on the simulated clips alone."""
    n: int
    """Videos."""
    groups: int

    def carried(self, score: float) -> float | None:
        """A score of the old judge on the new one's scale; None outside the range or without a link."""
        if self.slope is None or self.intercept is None or not self._holds(score):
            return None
        return self.intercept + self.slope * score

    def _holds(self, score: float) -> bool:
        return self.low is not None and self.high is not None and self.low <= score <= self.high


class Anchor(Record):
    """One of the generators whose stored videos both judges judged."""

    generator: Named
    videos: int


class Link(Sealed):
    """Scores of the judge `old` on the scale of the judge `new`."""

    old: Named
    new: Named
    suite: SuiteReference
    view: ViewReference
    """Whose scores the link is about."""
    anchors: tuple[Anchor, ...]
    clips: int
    """Simulated clips beside them."""
    overall: ScopeLink
    by_dimension: dict[Dimension, ScopeLink]
    created: str | None = None

    @property
    def is_linkable(self) -> bool:
        """Whether whole scores can be carried over."""
        return self.overall.slope is not None

    def direction(self, old: Named, new: Named) -> bool:
        """Whether it leads from `old` to `new`, however often either is asked."""
        return (identity_digest(old), identity_digest(new)) == (identity_digest(self.old), identity_digest(self.new))


def load(path: str | os.PathLike[str]) -> Link:
    """Loads a link from its file or the folder that holds it.

    Raises:
        InputError: there is none, or it is damaged or was changed.
    """
    return load_sealed(path, Link, FILE)


def keep(link: Link) -> Path:
    """Keeps a link where `find` looks, in place of an earlier one between the same judges on the same view.

    Raises:
        InputError: the folder cannot be written to.
    """
    return store_sealed(_place(link.old, link.new, link.view), link)


def find(old: Named, new: Named, view: ViewReference) -> Link | None:
    """This user's link from `old` to `new` for scores of `view`; None where there is none, or it is damaged."""
    try:
        found = load(_place(old, new, view))
    except InputError:
        return None
    return found if found.direction(old, new) and found.view.digest == view.digest else None


def store_folder() -> Path:
    """Where this user's links are kept."""
    return user_folder("links")


def _place(old: Named, new: Named, view: ViewReference) -> Path:
    parts = (identity_digest(old), identity_digest(new), view.digest)
    return store_folder() / f"{digest_of(list(parts))[:32]}.json"

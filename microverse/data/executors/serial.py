"""One item after another, in this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from . import Outcome, Work


class Serial:
    """Needs nothing and hides nothing; a worker that crashes takes the run with it."""

    def map(self, work: Work, items: Iterable[str]) -> Iterator[Outcome]:
        """Yields outcomes in the items' order."""
        return (work(item) for item in items)

"""About how many tokens a pass sends and gets, by kind, and what they cost; before anything is spent.

An estimate, not a bound: text counts a token for every four bytes, images what the model's price entry says, replies
their usual length without hidden reasoning. What may be spent at most is `Judge.worst_case_usd`.
"""

from __future__ import annotations

import math
from collections.abc import Hashable

from pydantic import Field

from ..chat.prices import Price
from ..rubric import Record

BYTES_PER_TOKEN = 4
"""Of English text, roughly, under byte-pair tokenizers."""


class CallTokens(Record):
    """About what one call sends and gets."""

    fixed: int = Field(ge=0)
    """The same at the beginning of every call: instructions and the reply's schema."""
    shared_prefix: int = Field(ge=0)
    """Follows it in every call about the same video: frames and task."""
    per_call: int = Field(ge=0)
    """Of this call alone: the criteria; frames too where text that differs comes before them."""
    output: int = Field(ge=0)

    @property
    def input(self) -> int:
        """Everything sent."""
        return self.fixed + self.shared_prefix + self.per_call


class TokenEstimate(Record):
    """The same over all calls of a pass."""

    calls: int = 0
    fixed: int = 0
    shared_prefix: int = 0
    per_call: int = 0
    output: int = 0
    cached: int = 0
    """How much of the input a server with a prefix cache reads from it: fixed parts after a judge's first call, shared
    ones after a video's first. Servers cache from a least length on and forget after minutes."""
    cost_usd: float | None = None
    """With that cache; None where a price is unknown."""

    @property
    def input(self) -> int:
        """Everything sent."""
        return self.fixed + self.shared_prefix + self.per_call


class Tally:
    """Adds up calls in the order they are made."""

    def __init__(self) -> None:
        self._total = TokenEstimate(cost_usd=0.0)
        self._warm: set[Hashable] = set()

    def add(self, tokens: CallTokens, *, judge: str, video: Hashable, price: Price | None) -> None:
        """Takes in one call.

        Args:
            tokens: What it sends and gets.
            judge: Whose cache it warms.
            video: What it is about.
            price: What tokens cost; None where that is unknown.
        """
        cached = tokens.fixed if judge in self._warm else 0
        cached += tokens.shared_prefix if (judge, video) in self._warm else 0
        self._warm |= {judge, (judge, video)}
        total = self._total
        cost = None
        if price is not None and total.cost_usd is not None:
            cost = total.cost_usd + price.cost_usd(
                input_tokens=tokens.input,
                output_tokens=tokens.output,
                cached_tokens=cached,
                cache_write_tokens=tokens.fixed + tokens.shared_prefix - cached,
            )
        self._total = TokenEstimate(
            calls=total.calls + 1,
            fixed=total.fixed + tokens.fixed,
            shared_prefix=total.shared_prefix + tokens.shared_prefix,
            per_call=total.per_call + tokens.per_call,
            output=total.output + tokens.output,
            cached=total.cached + cached,
            cost_usd=cost,
        )

    def total(self) -> TokenEstimate:
        """The sum so far, its cost rounded to 10⁻⁶ USD."""
        cost = self._total.cost_usd
        return self._total.model_copy(update={"cost_usd": None if cost is None else round(cost, 6)})


def text_tokens(text: str) -> int:
    """About how many tokens `text` has."""
    return math.ceil(len(text.encode()) / BYTES_PER_TOKEN)

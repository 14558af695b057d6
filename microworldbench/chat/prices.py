"""What a call costs: list prices per model, which users extend by a file of their own."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from ..rubric import Record
from ..suites.document import read_document

PRICES_VARIABLE = "MWB_PRICES"
"""Environment variable naming a price file whose models come before the packaged ones."""

PART_OVERHEAD_TOKENS = 16
"""Upper bound on what a chat template adds around one part of a message."""

_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}\Z")
Usd = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Patches(Record):
    """Image tokens of a model that cuts an image into square patches."""

    kind: Literal["patches"] = "patches"
    patch_px: int = Field(default=32, ge=1)
    multiplier: float = Field(default=1.0, gt=0, le=100)
    least: int = Field(default=0, ge=0)
    most: int = Field(default=16_384, ge=1)

    def bound(self, width: int, height: int) -> int:
        """Upper bound on the tokens of a `width` × `height` image."""
        patches = math.ceil(width / self.patch_px) * math.ceil(height / self.patch_px)
        return math.ceil(max(self.least, min(patches, self.most)) * self.multiplier)


class Tiles(Record):
    """Image tokens of a model that covers an image with 512-pixel tiles."""

    kind: Literal["tiles"] = "tiles"
    base: int = Field(ge=0)
    tile: int = Field(ge=0)

    def bound(self, width: int, height: int) -> int:
        """Upper bound on the tokens of a `width` × `height` image: its short side is taken as scaled *up* to 768."""
        fit = min(1.0, 2048 / max(width, height))
        scale = 768 / (min(width, height) * fit)
        long_side = min(2048.0, max(width, height) * fit * scale)
        return self.base + self.tile * 2 * math.ceil(long_side / 512)


UNKNOWN_IMAGE = Patches(patch_px=14, least=4096, most=16_384)
"""For models nothing is known about: the smallest patches in use, no fewer tokens than fixed-size encoders give."""


class Price(Record):
    """US dollars per million tokens."""

    input: Usd
    cached: Usd | None = None
    """Input read from the server's prefix cache; None: as `input`."""
    cache_write: Usd | None = None
    """Input written to that cache; None: as `input`."""
    output: Usd
    image: Annotated[Patches | Tiles, Field(discriminator="kind")] = UNKNOWN_IMAGE

    def cost_usd(
        self, *, input_tokens: int, output_tokens: int, cached_tokens: int = 0, cache_write_tokens: int = 0
    ) -> float:
        """What a call cost. Cached and cache-write tokens are parts of `input_tokens`."""
        cached = min(cached_tokens, input_tokens)
        written = min(cache_write_tokens, input_tokens - cached)
        total = (
            (input_tokens - cached - written) * self.input
            + cached * (self.input if self.cached is None else self.cached)
            + written * (self.input if self.cache_write is None else self.cache_write)
            + output_tokens * self.output
        )
        return total / 1_000_000

    def worst_case_usd(
        self, *, text_bytes: int, parts: int, images: Sequence[tuple[int, int]], max_output_tokens: int
    ) -> float:
        """What a call costs at most.

        Args:
            text_bytes: UTF-8 bytes of all texts. A byte-level tokenizer never makes more tokens than bytes.
            parts: Messages and message parts, each with the overhead of a chat template.
            images: Width and height of each image.
            max_output_tokens: The output limit sent along.
        """
        tokens = text_bytes + parts * PART_OVERHEAD_TOKENS + sum(self.image.bound(w, h) for w, h in images)
        dearest = max(self.input, self.cached or 0.0, self.cache_write or 0.0)
        return (tokens * dearest + max_output_tokens * self.output) / 1_000_000


class PriceFile(Record):
    """A price file."""

    schema_: Literal[1] = Field(alias="schema")
    as_of: str
    """When the figures were last compared with `source`, as YYYY-MM-DD."""
    source: str = ""
    models: dict[str, Price]


def find_price(model: str, path: str | os.PathLike[str] | None = None) -> Price | None:
    """The price of `model`, or None where no table has it.

    Looked up in the file at `path`, then in the one ``MWB_PRICES`` names, then in the packaged table; by the exact
    name first, then without a snapshot date (``gpt-5-2025-08-07`` is priced as ``gpt-5``).

    Raises:
        InputError: a price file is missing or malformed.
    """
    named = [path, os.environ.get(PRICES_VARIABLE) or None]
    tables = [load_prices(Path(p).expanduser()) for p in named if p is not None]
    for table in (*tables, packaged_prices()):
        for name in (model, _SNAPSHOT.sub("", model)):
            if name in table.models:
                return table.models[name]
    return None


@cache
def packaged_prices() -> PriceFile:
    """The table this package ships."""
    return load_prices(Path(__file__).with_name("prices.yaml"))


def load_prices(path: Path) -> PriceFile:
    """Reads a price file.

    Raises:
        InputError: it is missing or malformed; names file, line and field.
    """
    document = read_document(path, str(path))
    try:
        return PriceFile.model_validate(document.data)
    except ValidationError as error:
        raise document.invalid(error) from None

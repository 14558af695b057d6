"""Which rows somebody else has judged again, on the model's own videos.

Maintainers keep one record a submission in ``_verified/<submission>.json``, beside the submissions and not in them. A
record is bound to the submission's seal, so a submission that changes is self-reported again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from ..rubric import Record
from .submission import SubmissionFolder

Word = Literal["verified", "self-reported"]
RECORDS = "_verified"
"""Where the records lie, in the folder of submissions."""
LEAST_AGREEMENT = 0.9
"""Share of the verdicts that must come out alike when a judge is asked again. Deterministic judges reach 1."""


class VerificationRecord(Record):
    """What came of looking at a submission's videos again."""

    schema_: Literal[1] = Field(default=1, alias="schema", serialization_alias="schema")
    submission: str
    digest: str
    """Of the submission's seal."""
    videos: int
    """Videos that were recorded."""
    found: int
    """Of these, found with the recorded sha256."""
    frames: int
    """Frames the judge was shown, according to its calls."""
    same_frames: int
    """Of these, made again with the same sha256."""
    seed: int
    """Of the draw of the videos that were judged again."""
    judged_again: int
    """Videos."""
    verdicts: int
    """Verdicts given again."""
    same_verdicts: int
    by: str
    """Who did it."""
    date: str

    @property
    def holds(self) -> bool:
        """Whether everything that a verified row promises was found."""
        whole = self.found == self.videos and self.same_frames == self.frames
        return whole and self.verdicts > 0 and self.same_verdicts >= LEAST_AGREEMENT * self.verdicts


class Standing(Record):
    """A row's standing with the record behind it."""

    word: Word
    record: VerificationRecord | None = None


def standing_of(folder: SubmissionFolder, records: Path) -> Standing:
    """A submission's standing by the maintainers' record; anything amiss with it is no record."""
    try:
        record = VerificationRecord.model_validate_json((records / f"{folder.slug}.json").read_bytes())
        fits = record.submission == folder.slug and record.digest == folder.digest
    except (OSError, ValidationError):
        return Standing(word="self-reported")
    return Standing(word="verified" if fits and record.holds else "self-reported", record=record if fits else None)

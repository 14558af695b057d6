"""What a submission folder holds: who submits what, the run it rests on, and the seal over both."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date as calendar_date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import AfterValidator, Field, StringConstraints, field_validator

from ..errors import InputError
from ..rubric import MAX_ID_LENGTH, Record
from ..runs import RunFolder, write_atomically
from ..suites.document import read_document
from ..suites.problems import validate
from ..verification.bundle import FILES, evidence

ABOUT, SUMS, RUN = "submission.yaml", "SHA256SUMS", "run"
MAX_BYTES = 1_000_000_000
_SLUG = re.compile(rf"^[a-z0-9](?:[a-z0-9.-]{{0,{MAX_ID_LENGTH - 2}}}[a-z0-9])?$")
_SUM = re.compile(r"^([0-9a-f]{64})  ([\x21-\x7e]+)$")

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


def _is_an_address(value: str) -> str:
    if re.fullmatch(r"https://[^\s\"'<>\\]+", value) is None:
        raise ValueError("an address begins with https:// and has no blanks, quotes or brackets")
    return value


Address = Annotated[str, StringConstraints(max_length=500), AfterValidator(_is_an_address)]


class Access(StrEnum):
    """Who can run the model."""

    OPEN = "open"
    """Its weights (or code) are public."""
    API = "api"
    """Anyone may call it."""
    CLOSED = "closed"


class Submission(Record):
    """The content of ``submission.yaml``."""

    model: Line
    """The model's name, as its run calls the generator."""
    version: Line
    """Exactly which one: a release, a commit, a snapshot date."""
    access: Access
    authors: tuple[Line, ...] = Field(min_length=1)
    """Who submits it."""
    date: str
    """When the videos were made."""
    url: Address | None = None
    """About the model."""
    videos: Address | None = None
    """Where the videos can be had."""
    notes: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] | None = None

    @field_validator("date")
    @classmethod
    def _is_in_the_calendar(cls, value: str) -> str:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII) is None:
            raise ValueError("a day is written YYYY-MM-DD")
        calendar_date.fromisoformat(value)
        return value


@dataclass(frozen=True)
class SubmissionFolder:
    """One submission on disk. Nothing is read before it is asked for."""

    path: Path

    @property
    def slug(self) -> str:
        """Its name in addresses: the folder's."""
        return self.path.name

    @property
    def about(self) -> Submission:
        """``submission.yaml``.

        Raises:
            SuiteError: it is missing or malformed; names line and field.
        """
        return validate(Submission, read_document(self.path / ABOUT, f"{self.slug}/{ABOUT}"))

    @property
    def run(self) -> RunFolder:
        """The evidence."""
        return RunFolder.read(self.path / RUN)

    @property
    def digest(self) -> str:
        """sha256 of the seal: the submission's name by content."""
        return hashlib.sha256((self.path / SUMS).read_bytes()).hexdigest()

    def misplaced(self) -> Iterator[str]:
        """What must not be in a submission: other files, links, videos, far too much."""
        if not _SLUG.fullmatch(self.slug):
            yield f"the folder's name must be small letters, digits, '.' and '-', got {self.slug!r}"
        allowed = {ABOUT, SUMS, *(f"{RUN}/{name}" for name in FILES)}
        total = 0
        for place in sorted(self.path.rglob("*")):
            name = place.relative_to(self.path).as_posix()
            if place.is_symlink():
                yield f"{name} is a link; a submission holds plain files"
            elif name == f"{RUN}/videos":
                yield f"{name} is there; videos stay outside, with a link in {ABOUT}"
            elif place.is_dir():
                if name != RUN and not name.startswith(f"{RUN}/videos/"):
                    yield f"{name} is a folder that is no part of a submission"
            elif name.startswith(f"{RUN}/videos/"):
                continue
            elif name not in allowed:
                yield f"{name} is no part of a submission"
            else:
                total += place.stat().st_size
        if total > MAX_BYTES:
            yield f"the files have {total:,} bytes; at most {MAX_BYTES:,} are taken"

    def broken_seals(self) -> Iterator[str]:
        """Files that are not as they were sealed."""
        try:
            lines = (self.path / SUMS).read_text("ascii").splitlines()
        except (OSError, UnicodeDecodeError):
            yield f"{SUMS} is missing or damaged; 'mwb leaderboard seal' writes it"
            return
        stated = {found[2]: found[1] for line in lines if (found := _SUM.fullmatch(line))}
        if len(stated) < len(lines) or "".join(_sum(d, n) for n, d in sorted(stated.items())) != self._seal_text():
            yield f"{SUMS} is damaged: it must list every file once, sorted, as 'sha256sum' prints it"
            return
        there = {name: _sha256(self.path / name) for name in self._sealed()}
        for name in sorted(stated.keys() | there.keys()):
            if name not in there:
                yield f"{name} is sealed but missing"
            elif name not in stated:
                yield f"{name} is not sealed"
            elif stated[name] != there[name]:
                yield f"{name} is not as it was sealed (sha256)"

    def seal(self) -> None:
        """Writes ``SHA256SUMS`` over everything else, in the form that ``sha256sum -c`` reads."""
        text = "".join(_sum(_sha256(self.path / name), name) for name in self._sealed())
        write_atomically(self.path / SUMS, text.encode())

    def _seal_text(self) -> str:
        return (self.path / SUMS).read_text("ascii")

    def _sealed(self) -> list[str]:
        names = [ABOUT, *(f"{RUN}/{name}" for name in FILES)]
        return sorted(name for name in names if (self.path / name).is_file())


def submission_folders(submissions: str | os.PathLike[str]) -> list[SubmissionFolder]:
    """The submissions in a folder, by name. Names that begin with ``_`` or ``.`` are not submissions.

    Raises:
        InputError: it is no folder, or holds no submission.
    """
    folder = Path(submissions)
    if not folder.is_dir():
        raise InputError(f"{str(submissions)!r} is not a folder of submissions")
    found = sorted(p for p in folder.iterdir() if p.is_dir() and p.name[0] not in "._")
    if links := [p.name for p in found if p.is_symlink()]:
        raise InputError(f"{links[0]!r} is a link; submissions are folders")
    if not found:
        raise InputError(f"{str(submissions)!r} holds no submission; 'mwb leaderboard new' makes one of a run")
    return [SubmissionFolder(path) for path in found]


def new_submission(run: str | os.PathLike[str], folder: str | os.PathLike[str], about: Submission) -> SubmissionFolder:
    """Makes a submission of a run: copies its evidence without videos, recomputes the report, and seals it.

    Args:
        run: The run folder.
        folder: The submission's folder; its name becomes part of the row's address.
        about: Who submits what.

    Raises:
        InputError: the run is not graded, or `folder` is taken or cannot be written to.
    """
    source, target = RunFolder.read(run), SubmissionFolder(Path(folder))
    files = evidence(source, videos=False)
    if target.path.exists():
        raise InputError(f"{str(folder)!r} exists already; choose another name, or remove it first")
    if not _SLUG.fullmatch(target.slug):
        raise InputError(f"the folder's name must be small letters, digits, '.' and '-', got {target.slug!r}")
    try:
        (target.path / RUN).mkdir(parents=True)
        for name, content in files.items():
            if isinstance(content, bytes):
                (target.path / RUN / name).write_bytes(content)
            else:
                shutil.copyfile(content, target.path / RUN / name)
        write_atomically(target.path / ABOUT, about_text(about).encode())
        target.seal()
    except OSError as error:
        raise InputError(f"cannot write to {str(folder)!r}: {error.strerror or error}") from error
    return target


def about_text(about: Submission) -> str:
    """``submission.yaml``, its fields in their order, what is not stated left out."""
    content = about.model_dump(mode="json", exclude_none=True)
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=108)


def _sum(digest: str, name: str) -> str:
    return f"{digest}  {name}\n"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""The archive's form: a tar file of which every byte follows from its contents.

Its first member is ``bundle.json``, which lists every other member with size and sha256, sorted by path. Headers are
plain ustar with neither time nor owner, nothing is compressed, nothing may be a link, and after the last member come
two empty blocks and the end. So a reader never has to trust a header: it knows beforehand what each must be, a path
can lead nowhere, no member can grow while it is unpacked, and one flipped byte anywhere is found.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError

from ..errors import InputError
from ..logbook import first_problem
from ..rubric import Record

INDEX = "bundle.json"
FORMAT = "microworldbench-bundle"
BLOCK = tarfile.BLOCKSIZE
MAX_INDEX_BYTES = 64_000_000
CHUNK = 1 << 20

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
MemberPath = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*){0,4}$", max_length=240),
]
"""Names of letters, digits, ``.``, ``_`` and ``-`` that begin with a letter or digit: no path leads out."""


class Member(Record):
    """One file of a bundle."""

    path: MemberPath
    bytes: int = Field(ge=0, lt=8**11)
    sha256: Digest


class Index(Record):
    """The content of ``bundle.json``."""

    format: Literal["microworldbench-bundle"] = FORMAT  # type: ignore[assignment]
    schema_: Literal[1] = Field(default=1, alias="schema", serialization_alias="schema")
    files: tuple[Member, ...]

    def to_bytes(self) -> bytes:
        """Its one stored form."""
        content = self.model_dump(mode="json", by_alias=True)
        return (json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()

    @property
    def id(self) -> str:
        """The bundle's name by content: sha256 of its index."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    @property
    def archive_bytes(self) -> int:
        """Size of the whole archive."""
        sizes = [len(self.to_bytes()), *(member.bytes for member in self.files)]
        return sum(BLOCK + size + _padding(size) for size in sizes) + 2 * BLOCK


def write_archive(target: IO[bytes], index: Index, sources: Iterable[tuple[Member, Iterable[bytes]]]) -> None:
    """Writes an archive; `sources` give the members of `index` in its order.

    Raises:
        InputError: a member's content is not what the index says, as when a file changes meanwhile.
    """
    _write_member(target, INDEX, [index.to_bytes()], len(index.to_bytes()))
    for member, chunks in sources:
        digest = hashlib.sha256()
        _write_member(target, member.path, _seen(chunks, digest.update), member.bytes)
        if digest.hexdigest() != member.sha256:
            raise InputError(f"{member.path} changed while it was being bundled; bundle again when the run has ended")
    target.write(bytes(2 * BLOCK))


def read_members(source: IO[bytes], index: Index, size: int, shown: str) -> Iterator[tuple[Member, Iterator[bytes]]]:
    """Yields the members that follow the index with their content, which the caller must use up.

    Args:
        source: The archive behind its index.
        index: What `read_index` gave.
        size: Bytes of the whole archive.
        shown: Its name for messages.

    Raises:
        InputError: any byte is not what it must be.
    """
    if index.archive_bytes != size:
        raise InputError(f"{shown} is damaged: it has {size:,} bytes, by its index {index.archive_bytes:,}")
    for member in index.files:
        _expect(source, _header(member.path, member.bytes), shown, f"the header of {member.path}")
        digest = hashlib.sha256()
        yield member, _seen(_content(source, member, shown), digest.update)
        if digest.hexdigest() != member.sha256:
            raise InputError(f"{shown} is damaged: the content of {member.path} is not what the index says (sha256)")
        _expect(source, bytes(_padding(member.bytes)), shown, f"the padding after {member.path}")
    _expect(source, bytes(2 * BLOCK), shown, "its end")


def read_index(source: IO[bytes], shown: str) -> Index:
    """The index at the beginning of an archive. Raises like `read_members`."""
    header = source.read(BLOCK)
    try:
        size = tarfile.TarInfo.frombuf(header, "utf-8", "strict").size
    except (tarfile.HeaderError, ValueError):
        size = -1
    if not 0 < size <= MAX_INDEX_BYTES or header != _header(INDEX, size):
        raise InputError(f"{shown} is not a bundle, or its first bytes are damaged; 'mwb bundle' makes one of a run")
    data = source.read(size)
    try:
        index = Index.model_validate_json(data)
    except ValidationError as error:
        raise InputError(f"{shown} is damaged: {INDEX}: {first_problem(error)}") from None
    if index.to_bytes() != data:
        raise InputError(f"{shown} is damaged: {INDEX} is not in its stored form")
    _expect(source, bytes(_padding(size)), shown, f"the padding after {INDEX}")
    paths = [member.path for member in index.files]
    if paths != sorted(set(paths)) or len({path.casefold() for path in paths}) < len(paths) or INDEX in paths:
        raise InputError(f"{shown} is damaged: {INDEX} lists a file twice, or out of order")
    return index


def chunks_of(path: Path) -> Iterator[bytes]:
    """A file's content, some at a time."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _header(path: str, size: int) -> bytes:
    info = tarfile.TarInfo(path)
    info.size, info.mode = size, 0o644
    return info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")


def _padding(size: int) -> int:
    return -size % BLOCK


def _write_member(target: IO[bytes], path: str, chunks: Iterable[bytes], size: int) -> None:
    target.write(_header(path, size))
    written = 0
    for chunk in chunks:
        target.write(chunk)
        written += len(chunk)
    if written != size:
        raise InputError(f"{path} changed while it was being bundled; bundle again when the run has ended")
    target.write(bytes(_padding(size)))


def _seen(chunks: Iterable[bytes], see: Callable[[bytes], object]) -> Iterator[bytes]:
    for chunk in chunks:
        see(chunk)
        yield chunk


def _content(source: IO[bytes], member: Member, shown: str) -> Iterator[bytes]:
    left = member.bytes
    while left:
        chunk = source.read(min(CHUNK, left))
        if not chunk:
            raise InputError(f"{shown} is damaged: it ends within {member.path}")
        left -= len(chunk)
        yield chunk


def _expect(source: IO[bytes], wanted: bytes, shown: str, what: str) -> None:
    if source.read(len(wanted)) != wanted:
        raise InputError(f"{shown} is damaged: {what} is not as it must be")

"""Records that carry a digest of themselves, so that a change made by hand is seen, and where this user's are kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import Field, ValidationError

from .errors import InputError
from .logbook import first_problem, write_atomically
from .rubric import Document, digest_of


class Sealed(Document):
    """Base of such a record."""

    schema_: Literal[1] = Field(default=1, alias="schema", serialization_alias="schema")
    digest: str = ""
    """sha256 over everything else here."""

    def sealed(self) -> Self:
        """The same with its digest."""
        return self.model_copy(update={"digest": digest_of(self._content())})

    @property
    def is_whole(self) -> bool:
        """Whether nothing was changed since it was sealed."""
        return self.digest == digest_of(self._content())

    def _content(self) -> dict[str, Any]:
        return {name: value for name, value in self.to_dict().items() if name != "digest"}


T = TypeVar("T", bound=Sealed)


def load_sealed(path: str | os.PathLike[str], kind: type[T], name: str) -> T:
    """Loads a sealed record from its file, or from a file called `name` in a folder.

    Raises:
        InputError: there is none, it is damaged, or was changed.
    """
    place = Path(path)
    file, what = place / name if place.is_dir() else place, kind.__name__.lower()
    try:
        found = kind.model_validate_json(file.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}") from None
    except ValidationError as error:
        raise InputError(f"{file} is no {what}: {first_problem(error)}") from None
    if not found.is_whole:
        raise InputError(f"{file} was changed after it was made: its digest does not fit. Make it again: mwb certify")
    return found


def store_sealed(path: Path, record: Sealed) -> Path:
    """Writes a sealed record whole, in place of an earlier one.

    Raises:
        InputError: its folder cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, record.to_json().encode())
    except OSError as error:
        why = error.strerror or error
        raise InputError(f"cannot write to {path.parent}: {why}; set XDG_DATA_HOME to keep it elsewhere") from error
    return path


def user_folder(name: str) -> Path:
    """Where this user's records of one kind are kept."""
    from platformdirs import user_data_path

    return user_data_path("microworldbench") / name

"""Who may answer: invitations, the sessions they became, and those who left. Kept beside the answers, never in them.

Tokens are random and stored as sha256 only (they have 192 bits; nothing slower is needed). A link works until it is
used, and ten more minutes for a reply that got lost; what it becomes is a cookie. The file is shared by the server and
by ``mwb review invite``, so every append takes a lock and readers look for news.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from filelock import FileLock
from pydantic import Field, TypeAdapter

from ...errors import InputError, UnknownNameError
from ...logbook import cut_torn_line
from ...rubric import Record
from .lines import append_line, read_lines

LINK_DAYS = 30
DEVICE_MINUTES = 15
GRACE_MINUTES = 10
SESSION_DAYS = 120
LONGEST_NAME = 80


class Invited(Record):
    """A personal link was made, the first one or a further one."""

    kind: Literal["invited"] = "invited"
    expert: str
    name: str
    token_sha256: str
    expires: datetime


class Entered(Record):
    """A link was used and became a session."""

    kind: Literal["entered"] = "entered"
    expert: str
    token_sha256: str
    session_sha256: str
    at: datetime


class Removed(Record):
    """An expert left, or was taken out; links and sessions end."""

    kind: Literal["removed"] = "removed"
    expert: str
    at: datetime


AccessLine = Annotated[Invited | Entered | Removed, Field(discriminator="kind")]
_LINE: TypeAdapter[AccessLine] = TypeAdapter(AccessLine)


class LinkError(InputError):
    """A personal link cannot be used."""


@dataclass
class Expert:
    """Somebody who was invited."""

    pseudonym: str
    name: str
    is_active: bool = True


@dataclass
class _Link:
    expert: str
    expires: datetime
    used: datetime | None = None


@dataclass
class AccessBook:
    """The invitations of one study.

    Args:
        path: ``access.jsonl``.
        clock: Gives the present time, UTC.
    """

    path: Path
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    experts: dict[str, Expert] = field(default_factory=dict)
    """By pseudonym, in the order invited."""
    _links: dict[str, _Link] = field(default_factory=dict)
    _sessions: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    _read_to: int = 0
    _guard: threading.RLock = field(default_factory=threading.RLock)

    def refresh(self) -> None:
        """Reads what was appended since, by this process or another."""
        with self._guard:
            size = self.path.stat().st_size if self.path.exists() else 0
            if size == self._read_to:
                return
            for line, end in read_lines(self.path, _LINE, start=self._read_to):
                self._apply(line)
                self._read_to = end

    def invite(self, name: str, *, lasts: timedelta = timedelta(days=LINK_DAYS)) -> tuple[Expert, str]:
        """A personal link for `name`; a known name gets a further one and is active again.

        Returns:
            The expert and the token, which is not stored.

        Raises:
            InputError: the name is empty or too long.
        """
        name = checked_name(name)
        token = secrets.token_urlsafe(24)
        with self._writing():
            known = next((e.pseudonym for e in self.experts.values() if e.name.casefold() == name.casefold()), None)
            expert = known or f"e{len(self.experts) + 1}"
            expires = self.clock() + lasts
            self._append(Invited(expert=expert, name=name, token_sha256=_hash(token), expires=expires))
        return self.experts[expert], token

    def device_link(self, expert: str) -> str:
        """A short-lived token with which `expert` continues on another device."""
        return self.invite(self.experts[expert].name, lasts=timedelta(minutes=DEVICE_MINUTES))[1]

    def remove(self, name: str) -> Expert:
        """Ends every link and session of an expert, by name or pseudonym.

        Raises:
            UnknownNameError: nobody is called that.
        """
        with self._writing():
            found = [e for e in self.experts.values() if name.casefold() in (e.name.casefold(), e.pseudonym)]
            if not found:
                raise UnknownNameError("expert", name, [e.name for e in self.experts.values()])
            self._append(Removed(expert=found[0].pseudonym, at=self.clock()))
        return found[0]

    def check_link(self, token: str) -> Expert:
        """Whom a link is for, without using it.

        Raises:
            LinkError: it is unknown, expired or used.
        """
        self.refresh()
        link = self._links.get(_hash(token))
        if link is None:
            raise LinkError("This link is not known here. Perhaps a part of it is missing; copy the whole address.")
        now = self.clock()
        if link.used is not None and now - link.used > timedelta(minutes=GRACE_MINUTES):
            raise LinkError("This link has been used already. Ask for a new one, or continue where you used it.")
        if now > link.expires or not self.experts[link.expert].is_active:
            raise LinkError("This link is no longer valid. Ask for a new one.")
        return self.experts[link.expert]

    def enter(self, token: str) -> tuple[Expert, str]:
        """Uses a link: the expert and the secret of the new session.

        Raises:
            LinkError: see `check_link`.
        """
        session = secrets.token_urlsafe(24)
        with self._writing():
            expert = self.check_link(token)
            hashes = {"token_sha256": _hash(token), "session_sha256": _hash(session)}
            self._append(Entered(expert=expert.pseudonym, at=self.clock(), **hashes))
        return expert, session

    def whose(self, session: str) -> Expert | None:
        """Whose session it is; None if it is unknown or over."""
        self.refresh()
        found = self._sessions.get(_hash(session))
        if found is None or self.clock() - found[1] > timedelta(days=SESSION_DAYS):
            return None
        expert = self.experts[found[0]]
        return expert if expert.is_active else None

    def _apply(self, line: AccessLine) -> None:
        if isinstance(line, Invited):
            expert = self.experts.setdefault(line.expert, Expert(line.expert, line.name))
            expert.is_active = True
            self._links[line.token_sha256] = _Link(line.expert, line.expires)
        elif isinstance(line, Entered):
            link = self._links[line.token_sha256]
            link.used = link.used or line.at
            self._sessions[line.session_sha256] = (line.expert, line.at)
        else:
            self.experts[line.expert].is_active = False
            self._links = {token: link for token, link in self._links.items() if link.expert != line.expert}
            self._sessions = {s: whose for s, whose in self._sessions.items() if whose[0] != line.expert}

    def _append(self, line: AccessLine) -> None:
        append_line(self.path, line)
        self.refresh()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._guard, FileLock(self.path.with_name(".access.lock"), timeout=10):
            cut_torn_line(self.path)
            self.refresh()
            yield


def checked_name(name: str) -> str:
    """`name` with single spaces.

    Raises:
        InputError: it is empty, too long, or cannot be shown.
    """
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InputError(f"a name must have 1 to {LONGEST_NAME} printable characters, got {name!r:.100}")
    return name


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()

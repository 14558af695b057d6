"""Looks at every file once: is it a video, what is it, and has its content been seen under another name?"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from microworldbench.errors import RunStoppedError, VideoError
from microworldbench.video import MediaLimits, packet_digest, probe, shown

from .config import Limits
from .executors import Executor, Outcome
from .ledger import Ledger, contract, replace_file
from .manifest import Found
from .records import Source

VERSION = 1
ID_LENGTH = 20


def media_limits(limits: Limits) -> MediaLimits:
    """What a source may ask of the machine, as the decoder takes it."""
    return MediaLimits(pixels=limits.pixels, duration_s=limits.duration_s, file_bytes=limits.file_bytes)


@dataclass(frozen=True)
class ProbeWork:
    """Probes a file. Items are paths as JSON: names need not be UTF-8, and not everything carries such text."""

    root: Path
    ledger: Ledger
    contract: str
    limits: Limits

    def __call__(self, item: str) -> Outcome:
        """Stores what the file is. An unreadable one is a result too: its content will not change."""
        path = self.root / json.loads(item)
        try:
            name = file_key(self.root, json.loads(item))
            result = self._probed(path)
            self.ledger.write(self.contract, name, result)
        except RunStoppedError as error:
            return Outcome(item, "stopped", str(error))
        except Exception as error:  # noqa: BLE001 one file must not end the run; it is recorded and counted
            return self.lost(item, f"{shown(path)}: {type(error).__name__}: {error}")
        return Outcome(item, "done")

    def lost(self, item: str, error: str) -> Outcome:
        """Counts the attempt."""
        self.ledger.fail(self.contract, _digest(item), error, is_final=False)
        return Outcome(item, "failed", error)

    def _probed(self, path: Path) -> dict[str, Any]:
        limits = media_limits(self.limits)
        try:
            info = probe(path, limits=limits)
            packets = packet_digest(path, limits=limits)
        except VideoError as error:
            said = str(error).removeprefix(f"{shown(path)}: ")
            return {"is_readable": False, "reason": said.replace(str(self.root), "")}
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {
            "is_readable": True,
            "sha256": digest,
            "packets_sha256": packets,
            "file_bytes": path.stat().st_size,
            "width": info.width,
            "height": info.height,
            "fps": round(info.fps, 6),
            "frames": info.frames,
            "duration_s": round(info.duration_s, 6),
            "codec": info.codec,
            "rotation_deg": info.rotation_deg,
            "variable_frame_rate": info.variable_frame_rate,
        }


@dataclass(frozen=True)
class FoundFile:
    """One file that was looked at."""

    path: str
    source: str | None
    """Id of its content; None where it cannot be read."""
    reason: str | None = None
    """Why it cannot be read."""
    twin: str | None = None
    """Path of an earlier file with the same pictures."""


def probe_contract(limits: Limits) -> str:
    """Contract of the probe."""
    return contract("probe", VERSION, limits.model_dump())


def file_key(root: Path, path: str) -> str:
    """Where a file's result lies: its name, size and time of change, so that a changed file is looked at again."""
    try:
        status = (root / path).stat()
    except OSError:  # a link to nowhere, or gone since it was listed: the probe says so
        return _digest(json.dumps([path, None]))
    return _digest(json.dumps([path, status.st_size, status.st_mtime_ns]))


def ingest(found: Found, ledger: Ledger, limits: Limits, executor: Executor, attempts: int = 2) -> Iterator[Outcome]:
    """Probes every file that has no result yet.

    Yields:
        An outcome for each of them; `index` then lists the sources.
    """
    name = probe_contract(limits)
    given_up = ledger.quarantined(name, attempts)
    work = ProbeWork(found.root, ledger, name, limits)
    done = ledger.done(name)
    pending = (
        json.dumps(path)
        for path in found.paths()
        if file_key(found.root, path) not in done and _digest(json.dumps(path)) not in given_up
    )
    yield from executor.map(work, pending)


def index(found: Found, ledger: Ledger, limits: Limits) -> Iterator[FoundFile]:
    """Lists the files, stores every distinct source under ``sources/`` and the list as ``files.jsonl``.

    Of files with the same content, or the same pictures in another container, the first by name is the source.
    """
    name = probe_contract(limits)
    first_by_packets: dict[str, str] = {}
    lines: list[str] = []
    for path in found.paths():
        result = ledger.read(name, file_key(found.root, path))
        if result is None:
            continue
        if not result["is_readable"]:
            file = FoundFile(path, None, reason=result["reason"])
        else:
            facts = {key: value for key, value in result.items() if key != "is_readable"}
            source = Source(id=result["sha256"][:ID_LENGTH], path=path, known=found.about(path), **facts)
            twin = first_by_packets.setdefault(source.packets_sha256, path)
            file = FoundFile(path, source.id, twin=None if twin == path else twin)
            if file.twin is None:
                _store_source(ledger, source)
        lines.append(json.dumps(vars(file)))
        yield file
    replace_file(ledger.root / "files.jsonl", ("\n".join(lines) + "\n").encode("ascii"))


def sources(ledger: Ledger) -> Iterator[Source]:
    """Every distinct source, by path."""
    for file in files(ledger):
        if file.source is not None and file.twin is None:
            yield read_source(ledger, file.source)


def files(ledger: Ledger) -> Iterator[FoundFile]:
    """Every file that was looked at, by path."""
    path = ledger.root / "files.jsonl"
    if path.is_file():
        with path.open(encoding="ascii") as lines:
            for line in lines:
                yield FoundFile(**json.loads(line))


def read_source(ledger: Ledger, source: str) -> Source:
    """A source by its id."""
    return Source.model_validate(json.loads((ledger.root / "sources" / f"{source}.json").read_bytes()))


def _store_source(ledger: Ledger, source: Source) -> None:
    path = ledger.root / "sources" / f"{source.id}.json"
    text = json.dumps(source.model_dump(mode="python"), sort_keys=True, default=str).encode("ascii")
    if not path.is_file() or path.read_bytes() != text:
        replace_file(path, text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("ascii", "backslashreplace")).hexdigest()[:ID_LENGTH]

"""The run folder: manifest, suite snapshot and append-only logs of generations, calls and verdicts.

``manifest.json``, ``suite.json`` and ``report.json`` are replaced whole; ``generations.jsonl``, ``calls.jsonl`` and
``verdicts.jsonl`` only grow, each record written before the next step begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata
from typing import Annotated, Literal

from pydantic import Field, JsonValue, TypeAdapter

from .logbook import LogFolder, now, write_atomically
from .outcomes import Reducer
from .results import Call, Generation, Reservation, Verdict
from .rubric import Record
from .scorecard import Named, SuiteReference, ViewReference
from .suites.snapshot import Snapshot

__all__ = ["SCHEMA", "CallLine", "Manifest", "RunFolder", "now", "package_versions", "write_atomically"]

SCHEMA = 1
RECORDED_PACKAGES = (
    "microworldbench",
    "av",
    "numpy",
    "openai",
    "pydantic",
    "scipy",
    "diffusers",
    "torch",
    "transformers",
)

CallLine = Annotated[Reservation | Call, Field(discriminator="kind")]
CALL_LINES: TypeAdapter[CallLine] = TypeAdapter(CallLine)


class Manifest(Record):
    """What a run folder holds; the same command must describe the same run to continue it."""

    schema_: Literal[1] = Field(default=1, alias="schema", serialization_alias="schema")
    suite: SuiteReference
    view: ViewReference
    selection: dict[str, JsonValue]
    """What reproduces the view from the suite."""
    generator: Named
    judge: Named | None = None
    """None until the videos are graded."""
    seeds: tuple[int, ...]
    votes: int = 1
    reducer: Reducer = "majority"
    """How one judge's votes on a criterion become one outcome."""
    max_missing: float = 0.005
    packages: dict[str, str] = Field(default_factory=dict)
    created: str | None = None


class RunFolder(LogFolder):
    """One run on disk.

    Open it with `RunFolder.write` (takes the writer's lock) or `RunFolder.read`.
    """

    LOGS = ("generations", "calls", "verdicts", "rate")
    WHAT = "run folder"

    @property
    def manifest(self) -> Manifest:
        """The manifest as it is on disk."""
        return self.load("manifest.json", Manifest)

    @property
    def snapshot(self) -> Snapshot:
        """The view as it was scored."""
        return self.load("suite.json", Snapshot)

    def generations(self) -> dict[tuple[str, int], Generation]:
        """The last generation of each task and seed."""
        return {(g.task, g.seed): g for g in self.records("generations", TypeAdapter(Generation))}

    def call_lines(self) -> Iterator[CallLine]:
        """Every reservation and call, in the order written."""
        return self.records("calls", CALL_LINES)

    def verdicts(self) -> list[Verdict]:
        """The last verdict of each key."""
        return list({v.key: v for v in self.records("verdicts", TypeAdapter(Verdict))}.values())

    def verdicts_on(self, snapshot: Snapshot) -> list[Verdict]:
        """Those that count for `snapshot`: on its criteria, in their present wording."""
        return [v for v in self.verdicts() if snapshot.digests.get((v.task, v.criterion)) == v.criterion_digest]

    def append(self, record: Generation | Reservation | Call | Verdict) -> None:
        """Appends one record to its log.

        Raises:
            RunStoppedError: the disk is full or gone; everything written before is kept.
        """
        names: dict[type[Record], str] = {Generation: "generations", Verdict: "verdicts"}
        self.append_record(names.get(type(record), "calls"), record)

    def append_verdicts(self, verdicts: list[Verdict]) -> None:
        """Appends several verdicts in one write."""
        if verdicts:
            self.append_lines("verdicts", "".join(v.model_dump_json() + "\n" for v in verdicts))


def package_versions() -> dict[str, str]:
    """Versions of the installed packages that can change a result."""
    found = {}
    for name in RECORDED_PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found

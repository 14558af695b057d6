"""The draft folder: titles, the call log, and what is derived from them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter

from ..chat.ledger import Ledger
from ..errors import InputError
from ..logbook import LogFolder, now
from ..results import Call, Reservation
from ..runs import CALL_LINES
from .records import Choice, ChoiceRules, DraftManifest, Refused, StageIdentity, Title


class DraftFolder(LogFolder):
    """One draft on disk. Stages read the folder and append to ``calls.jsonl``."""

    FIRST = "draft.json"
    LOGS = ("calls",)
    WHAT = "draft folder"

    @property
    def manifest(self) -> DraftManifest:
        """The manifest; a fresh one where none has been written."""
        return self.load(self.FIRST, DraftManifest) if self.exists else DraftManifest(created=now())

    def titles(self) -> list[Title]:
        """Every title that could be used."""
        return list(self.records("titles", TypeAdapter(Title)))

    def add_titles(self, titles: list[Title], refused: list[Refused], count: int) -> int:
        """Adds the titles the folder does not have yet; returns how many."""
        have = self.titles()
        known = {title.id for title in have}
        new = [title for title in titles if title.id not in known]
        if new or not self.exists:
            self.replace_lines("titles.jsonl", [*have, *new])
            self.replace_lines("refused.jsonl", refused)
            manifest = self.manifest
            self.replace(
                self.FIRST,
                manifest.model_copy(
                    update={
                        "titles_read": manifest.titles_read + count,
                        "titles_refused": manifest.titles_refused + len(refused),
                    }
                ),
            )
        return len(new)

    def begin(self, stage: str, identity: StageIdentity) -> None:
        """Records who drafts at `stage`.

        Raises:
            InputError: the stage was begun by another model or with other words.
        """
        manifest = self.manifest
        begun = manifest.stages.get(stage)
        if begun == identity:
            return
        if begun is not None and any(call.group == stage and call.status == "ok" for call in self.calls()):
            raise InputError(
                f"{str(self.path)!r}: {stage} were begun by {_who(begun)}, now {_who(identity)}. One stage has one "
                "author: give the same model and settings, or start another draft with --out"
            )
        self.replace(self.FIRST, manifest.model_copy(update={"stages": {**manifest.stages, stage: identity}}))

    def lines(self) -> Iterator[Reservation | Call]:
        """Every reservation and call, in the order written."""
        return self.records("calls", CALL_LINES)

    def calls(self) -> Iterator[Call]:
        """Every call."""
        return (line for line in self.lines() if isinstance(line, Call))

    def ledger(self) -> Ledger:
        """What has been asked and spent."""
        return Ledger.of(self.lines())

    def append(self, line: Reservation | Call) -> None:
        """Appends one line to the call log."""
        self.append_record("calls", line)

    def replies(self, stage: str) -> dict[str, str]:
        """The last good reply about each item of `stage`."""
        return {call.task: call.reply or "" for call in self.calls() if call.group == stage and call.status == "ok"}

    def failures(self, stage: str) -> dict[str, str]:
        """Items of `stage` whose last call failed, and how."""
        last = {call.task: call for call in self.calls() if call.group == stage}
        return {item: call.error or call.status for item, call in last.items() if call.status != "ok"}

    def chosen(self) -> tuple[ChoiceRules, list[Choice]] | None:
        """The last choice and its rules; None where none was made."""
        if not (self.path / "choice.json").is_file():
            return None
        return self.load("choice.json", ChoiceRules), list(self.records("choice", TypeAdapter(Choice)))

    def choose(self, rules: ChoiceRules, choices: list[Choice]) -> None:
        """Stores a choice."""
        self.replace_lines("choice.jsonl", choices)
        self.replace("choice.json", rules)

    @property
    def suite_path(self) -> Path:
        """Where ``mwb draft suite`` writes to."""
        return self.path / "suite"


def _who(identity: StageIdentity) -> str:
    sampling = json.dumps(identity.sampling, sort_keys=True)
    return f"{identity.model} (settings {sampling}, prompt {identity.prompt[:12]})"

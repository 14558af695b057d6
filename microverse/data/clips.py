"""Cuts the clips that passed, and only those: detect first, cut once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from microworldbench.errors import MicroWorldBenchError, RunStoppedError, VideoError
from microworldbench.video import cut, probe

from .config import Cut, Limits
from .decide import Decision
from .executors import Outcome
from .ingest import media_limits, read_source
from .ledger import Ledger, contract
from .records import Clip

VERSION = 1


def cut_contract(settings: Cut) -> str:
    """Contract of cut clips; which clip is cut is told by its id."""
    return contract("cut", VERSION, settings.model_dump())


@dataclass
class CutWork:
    """Cuts a clip. Items are clips as JSON.

    Args:
        ledger: Where the record goes.
        root: The folder of the sources.
        settings: How clips are written.
        limits: What a source may ask of the machine.
    """

    ledger: Ledger
    root: Path
    settings: Cut
    limits: Limits

    def __call__(self, item: str) -> Outcome:
        """Writes the clip, looks at what was written, and only then records it."""
        clip = Clip.model_validate_json(item)
        name = cut_contract(self.settings)
        target = clip_path(self.ledger, self.settings, clip.id)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            source = read_source(self.ledger, clip.source)
            limits = media_limits(self.limits)
            style = self.settings
            cut(
                self.root / source.path,
                target,
                clip.first,
                clip.last,
                crf=style.crf,
                preset=style.preset,
                limits=limits,
            )
            info = probe(target)
            if info.frames != clip.last - clip.first + 1:
                raise VideoError(f"the written clip has {info.frames} frames, not {clip.last - clip.first + 1}")
            with target.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            facts = {
                "file": f"{name}/{clip.id}.mp4",
                "sha256": digest,
                "bytes": target.stat().st_size,
                "width": info.width,
                "height": info.height,
                "fps": round(info.fps, 6),
                "frames": info.frames,
                "duration_s": round(info.duration_s, 6),
            }
            self.ledger.write(name, clip.id, facts)
        except RunStoppedError as error:
            return Outcome(item, "stopped", str(error))
        except VideoError as error:
            if isinstance(error.__cause__, OSError):  # the disk, not the video
                return Outcome(item, "stopped", f"{error}. Make room, then give the same command")
            return self._failed(item, clip, str(error), is_final=True)
        except (OSError, MicroWorldBenchError) as error:
            return self._failed(item, clip, str(error))
        return Outcome(item, "done")

    def lost(self, item: str, error: str) -> Outcome:
        """Counts the attempt."""
        return self._failed(item, Clip.model_validate_json(item), error)

    def _failed(self, item: str, clip: Clip, error: str, *, is_final: bool = False) -> Outcome:
        self.ledger.fail(cut_contract(self.settings), clip.id, error, is_final=is_final)
        return Outcome(item, "failed", error, is_final)


def to_cut(kept: Iterable[Decision], ledger: Ledger, settings: Cut, attempts: int) -> Iterator[str]:
    """Items for the clips that are kept and not cut yet."""
    name = cut_contract(settings)
    done, given_up = ledger.done(name), ledger.quarantined(name, attempts)
    for decision in kept:
        if decision.passes and decision.clip.id not in done and decision.clip.id not in given_up:
            yield json.dumps(decision.clip.model_dump(mode="json"))


def clip_path(ledger: Ledger, settings: Cut, clip: str) -> Path:
    """Where a clip's video lies."""
    return ledger.root / "clips" / cut_contract(settings) / f"{clip}.mp4"

"""Captions from any server that speaks OpenAI's chat completions: paid once, checked, repeated where they fail.

``captions/calls.jsonl`` only grows: a reservation before each call, the call after it. What it acknowledges is never
asked again; what was in flight at a kill counts at its worst case.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from microworldbench.chat.answer import Answer
from microworldbench.chat.json_reply import ReplyForm
from microworldbench.chat.ledger import Ledger as CallLedger
from microworldbench.chat.model import ChatModel
from microworldbench.chat.passing import Haste, carry_out_all
from microworldbench.chat.settings import ChatSettings
from microworldbench.errors import RunStoppedError, UnreadableReplyError
from microworldbench.logbook import cut_torn_line
from microworldbench.progress import Progress, Silent
from microworldbench.results import Call, Reservation, ShownFrame
from microworldbench.rubric import digest_of
from microworldbench.runs import CallLine
from microworldbench.video import stream

from .caption_form import about, cleaned, faults, instructions, prompt_digest
from .config import Caption, Limits
from .evidence import evenly
from .ingest import media_limits
from .records import Clip, Source

PLAIN = ReplyForm("caption", {})
"""A caption is plain text: no form is asked for."""
_LINE: TypeAdapter[CallLine] = TypeAdapter(CallLine)


@dataclass(frozen=True)
class Wanted:
    """A clip that wants a caption."""

    clip: Clip
    source: Source


def caption_group(settings: Caption) -> str:
    """How the log names what a caption depends on: model, prompt, frames."""
    told = settings.model_dump(mode="json", exclude={"timeout_s", "base_url", "prices"})
    return f"caption/{digest_of([told, prompt_digest(settings)])[:12]}"


class CallLog:
    """A call log of a work folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> Iterator[Reservation | Call]:
        """Every line; one torn by a kill is left out."""
        if self.path.is_file():
            with self.path.open("rb") as lines:
                for line in lines:
                    if line.endswith(b"\n"):
                        yield _LINE.validate_json(line)

    def open(self) -> None:
        """Cuts a torn last line off, so that the next one begins on its own."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        cut_torn_line(self.path)

    def append(self, line: Reservation | Call) -> None:
        """Writes a line and hands it to the operating system.

        Raises:
            RunStoppedError: the disk is full or gone.
        """
        try:
            with self.path.open("ab") as log:
                log.write(line.model_dump_json().encode("utf-8", "backslashreplace") + b"\n")
        except OSError as error:
            raise RunStoppedError(
                f"cannot write {self.path}: {error.strerror or error}; make room and go on"
            ) from error

    def captions(self, group: str | None) -> dict[str, str]:
        """The last caption of each clip, by clip id; None takes whatever model and prompt it is from."""
        return {
            call.task.removeprefix("clip-"): cleaned(call.reply or "")
            for call in self.lines()
            if isinstance(call, Call) and call.status == "ok" and group in (None, call.group)
        }


@dataclass(frozen=True)
class CaptionErrand:
    """Asks for the caption of one clip, and refuses one that is not as it should be.

    Frames are decoded when the clip's turn has come, so that memory holds as many clips as calls are in flight.
    """

    model: ChatModel
    settings: Caption
    wanted: Wanted
    root: Path
    limits: Limits
    group: str

    @property
    def asked(self) -> str:
        """The model's name."""
        return self.model.name

    def described(self) -> Call:
        """Which clip."""
        clip = self.wanted.clip.id
        return Call(id="", task=f"clip-{clip}", seed=0, judge=self.asked, group=self.group, status="failed")

    def worst_case_usd(self) -> float | None:
        """Of one attempt."""
        source, count = self.wanted.source, min(self.settings.frames, len(self.wanted.clip.evidence))
        scale = min(1.0, self.settings.max_side / max(source.width, source.height))
        size = (max(1, round(source.width * scale)), max(1, round(source.height * scale)))
        return self.model.worst_case_usd(self._texts(), PLAIN, parts=3 + 2 * count, images=[size] * count)

    async def ask(self) -> Answer:
        """One attempt.

        Raises:
            UnreadableReplyError: the caption is empty, too short or long, or not in the form asked for.
            VideoError: the source cannot be decoded any more.
        """
        pictures = await asyncio.to_thread(self._pictures)
        content: list[dict[str, Any]] = []
        for frame, data in pictures:
            url = "data:image/jpeg;base64," + base64.b64encode(data).decode("ascii")
            content.append({"type": "text", "text": f"Frame {frame.number} at {frame.time_s:.2f} s:"})
            content.append({"type": "image_url", "image_url": {"url": url}})
        fixed, said = self._texts()
        content.append({"type": "text", "text": said})
        messages: list[dict[str, Any]] = [
            {"role": "system", "content": fixed},
            {"role": "user", "content": content},
        ]
        shown = tuple(frame for frame, _ in pictures)
        request = self.model.request(messages, PLAIN, structured="instruction")
        digest = digest_of([fixed, said, [frame.sha256 for frame in shown], self.group])
        answer = await self.model.complete(request, Answer(frames=shown, request_sha256=digest))
        text = cleaned(answer.reply or "")
        if wrong := faults(text, self.settings):
            raise UnreadableReplyError(f"the caption is not as asked: {'; '.join(wrong)}", answer)
        return replace(answer, reply=text)

    def _texts(self) -> tuple[str, str]:
        return instructions(self.settings), about(self.wanted.source.known)

    def _pictures(self) -> list[tuple[ShownFrame, bytes]]:
        """Frames as JPEG, with their numbers and times within the clip."""
        from PIL import Image

        clip = self.wanted.clip
        indices = {index for index, _ in evenly(clip.evidence, self.settings.frames)}
        path, limits = self.root / self.wanted.source.path, media_limits(self.limits)
        made = []
        for number, frame in enumerate(stream(path, wanted=indices, threads=1, limits=limits), 1):
            buffer = io.BytesIO()
            image = Image.fromarray(frame.image(self.settings.max_side))
            image.save(buffer, "JPEG", quality=self.settings.jpeg_quality)
            data = buffer.getvalue()
            shown = ShownFrame(
                number=number,
                source_index=frame.source_index,
                time_s=round(frame.time_s - clip.start_s, 3),
                sha256=hashlib.sha256(data).hexdigest(),
            )
            made.append((shown, data))
        return made


@dataclass(frozen=True)
class Spent:
    """What captioning has come to."""

    captions: int
    failed: dict[str, str]
    """Clip to error, of those that got no caption now."""
    cost_usd: float


def caption(
    wanted: Iterable[Wanted],
    work: Path,
    root: Path,
    settings: Caption,
    limits: Limits,
    haste: Haste | None = None,
    progress: Progress | None = None,
) -> Spent:
    """Captions every clip of `wanted` that has none yet from this model and prompt.

    Args:
        wanted: Clips that passed everything before.
        work: The work folder.
        root: The folder of the sources.
        settings: Who is asked, and how.
        limits: What a source may ask of the machine.
        haste: Calls in flight, cost cap, patience.
        progress: Told about every finished clip.

    Raises:
        RunStoppedError: no call can succeed (wrong key, quota, cost cap, full disk); what is recorded is kept.
        InputError: there is no usable address, key or price.
    """
    told = progress or Silent()
    log, group = CallLog(work / "captions" / "calls.jsonl"), caption_group(settings)
    log.open()
    have = log.captions(group)
    names = {"model", "max_output_tokens", "temperature", "timeout_s", "base_url", "prices"}
    model = ChatModel(ChatSettings(structured="instruction", **settings.model_dump(include=names)))
    model.check()
    errands = [CaptionErrand(model, settings, each, root, limits, group) for each in wanted if each.clip.id not in have]
    told.stage("captioning", total=len(errands) + len(have), done=len(have))
    calls = CallLedger.of(log.lines())
    done = carry_out_all(errands, log.append, calls, haste or Haste(), last=model.aclose, progress=told)
    failed = {call.task.removeprefix("clip-"): call.error or call.status for call in done if call.status != "ok"}
    cost_usd = CallLedger.of(log.lines()).committed_usd
    return Spent(len(log.captions(group)), failed, round(cost_usd, 6))


def given_captions(clips: Iterable[tuple[Clip, Source]]) -> dict[str, str]:
    """Captions that came with the sources, by clip: the span that begins where the clip does."""
    found = {}
    for clip, source in clips:
        for span in source.known.spans:
            is_same = abs(span.start_s - clip.start_s) < 0.5 and (
                span.end_s is None or abs(span.end_s - clip.end_s) < 0.5
            )
            if span.caption and is_same:
                found[clip.id] = span.caption
    return found


def corrected(captions: Mapping[str, str], corrections: Mapping[str, str | None]) -> dict[str, str]:
    """Captions with the experts' corrections in their place."""
    return {clip: corrections.get(clip) or text for clip, text in captions.items()}

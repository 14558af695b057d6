"""Captions from any server that speaks OpenAI's chat completions: paid once, checked, repeated where they fail.

``captions/calls.jsonl`` only grows: a reservation before each call, the call after it. What it acknowledges is never
asked again; what was in flight at a kill counts at its worst case.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from microworldbench.chat.answer import Answer
from microworldbench.chat.attempts import Attempts, RetryPolicy
from microworldbench.chat.budget import Budget
from microworldbench.chat.json_reply import ReplyForm
from microworldbench.chat.ledger import Ledger as CallLedger
from microworldbench.chat.model import ChatModel
from microworldbench.chat.rate import Pace
from microworldbench.chat.settings import ChatSettings
from microworldbench.errors import InputError, RunStoppedError, UnreadableReplyError
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
    """The call log of a work folder."""

    def __init__(self, work: Path) -> None:
        self.path = work / "captions" / "calls.jsonl"

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
        if self.path.is_file():
            data = self.path.read_bytes()
            if data and not data.endswith(b"\n"):
                os.truncate(self.path, data.rfind(b"\n") + 1)

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


@dataclass
class _Pictures:
    """Frames of one clip as they are sent; decoded when first needed."""

    wanted: Wanted
    settings: Caption
    root: Path
    limits: Limits
    made: list[tuple[ShownFrame, bytes, tuple[int, int]]] = field(default_factory=list)

    def make(self) -> None:
        from PIL import Image

        if self.made:
            return
        indices = [index for index, _ in evenly(self.wanted.clip.evidence, self.settings.frames)]
        path, limits = self.root / self.wanted.source.path, media_limits(self.limits)
        for number, frame in enumerate(stream(path, wanted=set(indices), threads=1, limits=limits), 1):
            image = Image.fromarray(frame.image(self.settings.max_side))
            buffer = io.BytesIO()
            image.save(buffer, "JPEG", quality=self.settings.jpeg_quality)
            data = buffer.getvalue()
            shown = ShownFrame(
                number=number,
                source_index=frame.source_index,
                time_s=round(frame.time_s - self.wanted.clip.start_s, 3),
                sha256=hashlib.sha256(data).hexdigest(),
            )
            self.made.append((shown, data, image.size))


@dataclass
class CaptionErrand:
    """Asks for the caption of one clip, and refuses one that is not as it should be."""

    model: ChatModel
    settings: Caption
    pictures: _Pictures
    group: str

    @property
    def asked(self) -> str:
        """The model's name."""
        return self.model.name

    def described(self) -> Call:
        """Which clip."""
        clip = self.pictures.wanted.clip.id
        return Call(id="", task=f"clip-{clip}", seed=0, judge=self.asked, group=self.group, status="failed")

    def worst_case_usd(self) -> float | None:
        """Of one attempt."""
        sizes = [size for _, _, size in self.pictures.made]
        return self.model.worst_case_usd(self._texts(), PLAIN, parts=3 + 2 * len(sizes), images=sizes)

    async def ask(self) -> Answer:
        """One attempt.

        Raises:
            UnreadableReplyError: the caption is empty, too short or long, or not in the form asked for.
        """
        shown = [frame for frame, _, _ in self.pictures.made]
        content: list[dict[str, Any]] = []
        for frame, data, _ in self.pictures.made:
            url = "data:image/jpeg;base64," + base64.b64encode(data).decode("ascii")
            content.append({"type": "text", "text": f"Frame {frame.number} at {frame.time_s:.2f} s:"})
            content.append({"type": "image_url", "image_url": {"url": url}})
        fixed, said = self._texts()
        content.append({"type": "text", "text": said})
        messages: list[dict[str, Any]] = [
            {"role": "system", "content": fixed},
            {"role": "user", "content": content},
        ]
        request = self.model.request(messages, PLAIN, structured="instruction")
        digest = digest_of([fixed, said, [frame.sha256 for frame in shown], self.group])
        answer = await self.model.complete(request, Answer(frames=tuple(shown), request_sha256=digest))
        text = cleaned(answer.reply or "")
        if wrong := faults(text, self.settings):
            raise UnreadableReplyError(f"the caption is not as asked: {'; '.join(wrong)}", answer)
        return replace(answer, reply=text)

    def _texts(self) -> tuple[str, str]:
        return instructions(self.settings), about(self.pictures.wanted.source.known)


@dataclass(frozen=True)
class Effort:
    """How hard to try and how much to spend."""

    workers: int = 8
    max_cost_usd: float | None = None
    """Over all captioning in the work folder."""
    retry: RetryPolicy = field(default_factory=RetryPolicy)


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
    effort: Effort | None = None,
    progress: Progress | None = None,
) -> Spent:
    """Captions every clip of `wanted` that has none yet from this model and prompt.

    Args:
        wanted: Clips that passed everything before.
        work: The work folder.
        root: The folder of the sources.
        settings: Who is asked, and how.
        limits: What a source may ask of the machine.
        effort: Workers, cost cap, patience.
        progress: Told about every finished clip.

    Raises:
        RunStoppedError: no call can succeed (wrong key, quota, cost cap, full disk); what is recorded is kept.
        InputError: there is no usable address, key or price.
    """
    effort, told = effort or Effort(), progress or Silent()
    if effort.workers < 1:
        raise InputError(f"workers must be at least 1, got {effort.workers}")
    log, group = CallLog(work), caption_group(settings)
    log.open()
    have = log.captions(group)
    missing = [each for each in wanted if each.clip.id not in have]
    model = ChatModel(
        ChatSettings(
            structured="instruction",
            **settings.model_dump(
                include={"model", "max_output_tokens", "temperature", "timeout_s", "base_url", "prices"}
            ),
        )
    )
    model.check()
    calls = CallLedger.of(log.lines())
    budget = Budget(effort.max_cost_usd, calls.committed_usd)
    told.stage("captioning", total=len(missing) + len(have), done=len(have))
    errands = [CaptionErrand(model, settings, _Pictures(each, settings, root, limits), group) for each in missing]
    failed = asyncio.run(_carry_out(errands, model, log, budget, effort, told, succeeded=bool(have)))
    told.finish()
    return Spent(len(log.captions(group)), failed, round(budget.spent_usd, 6))


async def _carry_out(
    errands: Sequence[CaptionErrand],
    model: ChatModel,
    log: CallLog,
    budget: Budget,
    effort: Effort,
    progress: Progress,
    *,
    succeeded: bool,
) -> dict[str, str]:
    attempts = Attempts(
        log.append,
        budget,
        effort.retry,
        asyncio.Semaphore(effort.workers),
        succeeded=succeeded,
        pace=Pace(effort.workers),
    )
    failed: dict[str, str] = {}
    decoding = asyncio.Semaphore(2 * effort.workers)  # clips held decoded: memory does not grow with their number

    async def one(errand: CaptionErrand) -> None:
        async with decoding:
            if attempts.reason is not None:
                return
            await asyncio.to_thread(errand.pictures.make)
            try:
                call = await attempts.carry_out(errand)
            except (RunStoppedError, InputError):
                return  # kept in `attempts.reason`
            finally:
                errand.pictures.made.clear()
            is_bad = call.status != "ok"
            if is_bad:
                failed[errand.pictures.wanted.clip.id] = call.error or call.status
            progress.advance(failed=int(is_bad), cost_usd=call.usage.cost_usd or 0.0)

    try:
        async with asyncio.TaskGroup() as group:
            for errand in errands:
                group.create_task(one(errand))
    finally:
        await model.aclose()
    if attempts.reason is not None:
        raise attempts.reason
    return failed


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

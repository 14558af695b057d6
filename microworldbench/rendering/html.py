"""A scorecard and its evidence as one HTML page that needs nothing else: no network, no framework, no server.

The page is written as a stream, task by task. Its content security policy allows the one style sheet and the one script
it holds, images and, if asked for, videos inside it, and videos beside it; text can therefore never become code, even
where escaping were to fail.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..errors import InputError
from ..logbook import refuse_special
from ..scorecard import Score, Scorecard
from . import wording
from .corrected import ERROR_HEAD, HEAD, corrected_rows, corrected_sentence, error_rows
from .detail import TaskDetail, task_details
from .doubt import certificate_sentence, judging_sentences
from .evidence import TaskEvidence, Thumbnail, VideoEvidence
from .strips import Axis
from .templating import asset, score_environment, source_hash, trusted

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

MAX_EMBEDDED_BYTES = 100_000_000
"""Browsers become slow above this."""


def write_html(
    path: Path | str, scorecard: Scorecard, evidence: Iterable[TaskEvidence], embed_videos: bool = False
) -> Path:
    """Writes the page to `path`; an earlier page there stays until the new one is whole.

    Args:
        path: The file to write.
        scorecard: The scores.
        evidence: What stands behind them; taken one task at a time, so memory does not grow with their number. Scored
            tasks without evidence are listed all the same.
        embed_videos: Put each video's `source` into the page instead of linking its `href`.

    Returns:
        `path`.

    Raises:
        InputError: `path` cannot be written, or the videos to embed exceed `MAX_EMBEDDED_BYTES`.
    """
    path = Path(path)
    refuse_special(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    page = _page(scorecard, evidence, _Videos(embed_videos))
    try:
        with _writing(path):
            file = unfinished.open("w", encoding="utf-8", newline="\n")
        with file:
            for part in page:
                with _writing(path):
                    file.write(part)
        with _writing(path):
            unfinished.replace(path)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return path


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Names `path` in what the file system refuses; trouble while reading the evidence is left as it is."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {error.strerror or error}; choose another place or make room"
        ) from error


def _page(card: Scorecard, evidence: Iterable[TaskEvidence], videos: _Videos) -> Iterator[str]:
    style = asset("theme.css") + "\n" + asset("report.css")
    script = asset("theme.js") + "\n" + asset("report.js")
    summary = wording.rows(card)
    page = (
        _environment()
        .get_template("report.html")
        .stream(
            card=card,
            policy=_policy(style, script, embedded=videos.embedded),
            style=trusted(style),
            script=trusted(script),
            summary=summary,
            summary_axis=Axis.holding(score for _, _, score in summary),
            task_axis=Axis.holding(task.score for task in card.tasks),
            treatments=_treatments(card),
            tasks=_addressed(task_details(card, evidence), videos),
        )
    )
    page.enable_buffering(64)
    yield from page


def _addressed(tasks: Iterable[TaskDetail], videos: _Videos) -> Iterator[tuple[TaskDetail, dict[int, str | None]]]:
    """Each task with its videos' addresses by seed, taken here so that each video is read once."""
    for task in tasks:
        yield task, {detail.video.seed: videos.address(detail.video) for detail in task.videos}


def _treatments(card: Scorecard) -> list[tuple[str, Score | None]]:
    return [
        ("As scored: a failure is 0", card.overall),
        ("Completed tasks only", card.failures.completed_only),
        ("Failure at min(0, worst seen)", card.failures.failure_at_worst),
        ("Every task floored at 0", card.failures.floored_at_zero),
    ]


def _policy(style: str, script: str, *, embedded: bool) -> str:
    """Content security policy. ``file:`` stands beside ``'self'`` because a page opened from disk has no origin."""
    media = "'self' file: data:" if embedded else "'self' file:"
    return (
        f"default-src 'none'; style-src {source_hash(style)}; script-src {source_hash(script)}; img-src data:; "
        f"media-src {media}; base-uri 'none'; form-action 'none'"
    )


class _Videos:
    """Gives every video its address: a relative one, or the video itself while `MAX_EMBEDDED_BYTES` allow."""

    def __init__(self, embedded: bool) -> None:
        self.embedded = embedded
        self._total_bytes = 0

    def address(self, video: VideoEvidence) -> str | None:
        """What a ``src`` may hold; None for no video."""
        media_type = _media_type(video.source) if self.embedded and video.source is not None else None
        if video.source is None or media_type is None:
            return _relative(video.href)
        self._total_bytes += video.source.stat().st_size
        if self._total_bytes > MAX_EMBEDDED_BYTES:
            raise InputError(
                f"the videos exceed the {MAX_EMBEDDED_BYTES // 1_000_000} MB that one page can hold; "
                "leave out --embed-videos and keep the videos beside the page"
            )
        return _inlined(media_type, video.source.read_bytes())


def _media_type(source: Path) -> str | None:
    """What `source` is by its first bytes. A run folder may name any file; only videos may enter a page."""
    try:
        with source.open("rb") as file:
            head = file.read(8)
    except OSError:
        return None
    if head[4:] == b"ftyp":
        return "video/mp4"
    return "video/webm" if head.startswith(b"\x1a\x45\xdf\xa3") else None


def _inlined(media_type: str, data: bytes) -> Markup:
    """`data` as an address. Base64 needs no escaping, and it would cost time."""
    from markupsafe import Markup

    return Markup(f"data:{media_type};base64,{base64.b64encode(data).decode()}")  # noqa: S704


def _relative(href: str | None) -> str | None:
    """`href` if it is a relative address; anything else is not linked."""
    if not href or href.startswith("/") or "\\" in href:
        return None
    parts = urlsplit(href)
    return None if parts.scheme or parts.netloc else href


@cache
def _environment() -> Environment:
    made = score_environment("microworldbench.rendering")
    made.filters["data_uri"] = _data_uri
    made.globals |= {
        "coverage_sentence": wording.coverage_sentence,
        "failure_sentence": wording.failure_sentence,
        "spend_sentence": wording.spend_sentence,
        "judging_sentences": judging_sentences,
        "corrected_sentence": corrected_sentence,
        "corrected_head": HEAD,
        "corrected_rows": corrected_rows,
        "error_head": ERROR_HEAD,
        "error_rows": error_rows,
        "certificate_sentence": certificate_sentence,
    }
    return made


def _data_uri(frame: Thumbnail) -> Markup:
    return _inlined("image/jpeg", frame.jpeg)

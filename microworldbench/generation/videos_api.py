"""`VideosApiGenerator`: any server of the ``/v1/videos`` form, or several of them as a fleet.

vLLM-Omni, SGLang Diffusion and gateways speak it. A job's id is logged before anything else happens, so a killed run
finds its jobs again: the same command polls and downloads them instead of creating (and paying for) new ones.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, field_validator

from ..errors import GenerationError, InputError, RunStoppedError, VideoError
from .fleet import Fleet, Member
from .request import GenerationRequest, Made
from .videos_jobs import Job, JobLog

if TYPE_CHECKING:
    from .videos_wire import VideoServer

T = TypeVar("T")

JOBS = 3
"""Jobs that are made for one video in one request, where they expire or are lost with their server."""
RUNNING = frozenset({"queued", "pending", "in_progress", "processing", "running", "submitted"})
DONE = frozenset({"completed", "succeeded"})
MODERATED = ("moderat", "policy", "safety", "flagged", "blocked", "content_filter", "copyright", "likeness")
"""Parts of error codes by which services say that they declined the content."""


OWN_FIELDS = frozenset({"prompt", "model", "size", "seconds", "fps", "seed"})
"""Form fields that requests and settings fill."""


def _addresses(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class VideosApiSettings(BaseModel):
    """What ``-g key=value`` accepts. Addresses, waits and limits are not part of the identity."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, protected_namespaces=())

    model: str | None = None
    """As the server knows it; None where it serves only one."""
    width: int | None = Field(default=None, gt=0)
    height: int | None = Field(default=None, gt=0)
    duration_s: float | None = Field(default=None, gt=0, le=600)
    fps: float | None = Field(default=None, gt=0, le=240)
    """Sizes, seconds and rate where a request leaves them open; None: the server's own."""
    send_seed: bool = True
    """Send ``seed``, which OpenAI's own form does not have."""
    extra: dict[str, JsonValue] = Field(default_factory=dict)
    """More form fields, e.g. ``{"num_inference_steps": 50, "guidance_scale": 5.0}``."""
    mode: Literal["async", "sync"] = "async"
    """``sync`` posts to ``/v1/videos/sync``, which answers with the file."""
    base_urls: Annotated[tuple[str, ...], BeforeValidator(_addresses)] = Field(default=(), exclude=True)
    """Comma list of servers, ``/v1`` included; none: ``OPENAI_BASE_URL``."""
    api_key_env: str = Field(default="OPENAI_API_KEY", exclude=True)
    """Environment variable that holds the key."""
    per_server: int = Field(default=1, ge=1, le=256, exclude=True)
    """Jobs in flight at each server."""
    poll_s: float = Field(default=5.0, gt=0, le=600, exclude=True)
    job_timeout_s: float = Field(default=3600.0, gt=0, exclude=True)
    """A job that is not done by then is left alone; the same command looks at it again."""
    request_timeout_s: float = Field(default=60.0, gt=0, exclude=True)
    retries: int = Field(default=5, ge=0, le=100, exclude=True)
    """Further tries after a rate limit, a server error or a lost connection."""
    retry_base_s: float = Field(default=2.0, gt=0, le=60, exclude=True)

    @field_validator("extra")
    @classmethod
    def _leaves_own_fields(cls, extra: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if OWN_FIELDS & set(extra):
            raise ValueError(f"{', '.join(sorted(OWN_FIELDS & set(extra)))} are filled by requests and other settings")
        return extra


class VideosApiGenerator:
    """Makes videos through the ``/v1/videos`` form.

    Args:
        settings: See `VideosApiSettings`.
        name: Shown in tables.

    Raises:
        InputError: no server is named, an address is not a URL, or the key cannot be sent.
    """

    def __init__(self, settings: VideosApiSettings, name: str = "videos-api") -> None:
        from .videos_wire import VideoServer, key_from

        urls = settings.base_urls or tuple(_addresses(os.environ.get("OPENAI_BASE_URL", "")))
        if not urls:
            raise InputError(
                "no video server is named: pass -g base_urls=http://localhost:8000/v1 (several with commas) "
                "or set OPENAI_BASE_URL"
            )
        key, wait_s = key_from(settings.api_key_env), settings.request_timeout_s
        if settings.mode == "sync":
            wait_s = settings.job_timeout_s
        servers = [VideoServer(url, key, settings.api_key_env, settings.model, wait_s) for url in urls]
        self.name, self.settings = name, settings
        self.max_concurrency = len(servers) * settings.per_server
        self._stopped = threading.Event()
        self._fleet: Fleet[VideoServer] = Fleet(servers, self._stopped)
        self._jobs = JobLog()
        self._folder = Path(tempfile.mkdtemp(prefix="mwb-videos-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    def keep_in(self, folder: Path) -> None:
        """Logs jobs in `folder`, and takes up those logged there."""
        self._stopped.clear()
        self._jobs = JobLog(folder / "jobs.jsonl")

    def stop(self) -> None:
        """Ends every wait; jobs that run on a server go on there and are found again."""
        self._stopped.set()

    def generate(self, request: GenerationRequest) -> Made:
        """One video, and where it differs from the request; the file lies there until this thread's next request.

        Raises:
            GenerationError: the service declined the prompt (kind ``moderated``).
            RunStoppedError: no request can succeed (wrong key, unknown model, no quota), or `stop` was called.
            InputError: the server refuses the form, in its words.
            VideoServiceError: it cannot be reached, or fails; the same command tries again.
        """
        from ..video import probe
        from .generate import differences

        path = self._made(request, self._form(request))
        return Made(path, differences(request, probe(path)))

    __call__ = generate

    def _made(self, request: GenerationRequest, form: dict[str, str]) -> Path:
        if self.settings.mode == "sync":
            path, member = self._somewhere(lambda server: self._kept(server.create_and_wait(form)))
            self._fleet.release(member)
            return path
        key = hashlib.sha256(json.dumps([request.task_id, request.seed, form], sort_keys=True).encode()).hexdigest()
        deadline = time.monotonic() + self.settings.job_timeout_s
        for _ in range(JOBS):
            job, member = self._job(key, form, request)
            try:
                if self._finished(job, member, deadline):
                    found = self._downloaded(job, member)
                    if found is not None:
                        return found
            finally:
                self._fleet.release(member)
        raise VideoServiceError(f"{JOBS} jobs in a row expired or were lost, the last one at {job.server}")

    def _form(self, request: GenerationRequest) -> dict[str, str]:
        mine = self.settings
        width, height = request.width or mine.width, request.height or mine.height
        if (width is None) != (height is None):
            raise InputError(f"give width and height together, got width {width} and height {height}")
        duration_s, fps = request.duration_s or mine.duration_s, request.fps or mine.fps
        prompt = request.prompt.encode("utf-8", "replace").decode("utf-8")  # no form can carry a lone surrogate
        form: dict[str, Any] = {"prompt": prompt, **mine.extra}
        if mine.model is not None:
            form["model"] = mine.model
        if width is not None:
            form["size"] = f"{width}x{height}"
        if duration_s is not None:
            form["seconds"] = f"{duration_s:g}"
        if fps is not None:
            form["fps"] = f"{fps:g}"
        if mine.send_seed:
            form["seed"] = request.seed
        return {key: value if isinstance(value, str) else json.dumps(value) for key, value in form.items()}

    def _job(self, key: str, form: dict[str, str], request: GenerationRequest) -> tuple[Job, Member[VideoServer]]:
        """The job of an earlier process if there is one, else a new one; and its server, taken."""
        from .videos_wire import TransientError

        known = self._jobs.find(key)
        for member in self._fleet.members:
            if known is not None and member.server.address == known.server:
                return known, self._fleet.take(member)[0]

        def create(server: VideoServer) -> Job:
            made = server.create(form)
            if not isinstance(made.get("id"), str) or not made["id"]:
                raise TransientError(f"{server.address} accepted a job but did not name it")
            job = Job(key, server.address, made["id"])
            self._jobs.created(job, request)
            return job

        return self._somewhere(create)

    def _finished(self, job: Job, member: Member[VideoServer], deadline: float) -> bool:
        """Waits for `job`; False where it is gone and another must be created."""
        from .videos_wire import JobGoneError, TransientError

        faults, wait_s = 0, 0.0
        while time.monotonic() < deadline:
            self._wait(wait_s)
            try:
                seen = member.server.look(job.id)
            except JobGoneError as error:
                self._jobs.ended(job, f"expired: {error}")
                return False
            except TransientError as error:
                faults += 1
                wait_s = self._fleet.failed(member, error.retry_after_s, self.settings.retry_base_s)
                if faults > self.settings.retries:
                    return self._given_up(job, error)
                continue
            faults, wait_s = 0, float(seen.get("poll_after_s") or self.settings.poll_s)
            self._fleet.answered(member)
            status = str(seen.get("status", "")).lower()
            if status in DONE:
                return True
            if status not in RUNNING:
                return self._failed(job, status, seen.get("error"))
        raise VideoServiceError(
            f"a job at {job.server} is not done after {self.settings.job_timeout_s:g} s; the same command looks "
            "at it again, -g job_timeout_s=… waits longer"
        )

    def _given_up(self, job: Job, error: Exception) -> bool:
        """After too many faults: another server of the fleet takes over, a lone one is asked again by the next run."""
        if len(self._fleet) == 1:
            raise VideoServiceError(f"{error}; the job is kept, the same command asks for it again") from None
        self._jobs.ended(job, f"lost: {error}")
        return False

    def _failed(self, job: Job, status: str, error: Any) -> bool:
        details = error if isinstance(error, dict) else {"message": error}
        code, message = str(details.get("code") or details.get("type") or ""), str(details.get("message") or "")
        said = _words(f"{code}: {message}" if code and message else code or message or "no reason given")
        self._jobs.ended(job, f"{status}: {said}")
        if any(part in f"{code} {details.get('type') or ''}".lower() for part in MODERATED):
            raise GenerationError(f"{job.server} declined the prompt: {said}", "moderated")
        if status == "expired":
            return False
        raise VideoServiceError(f"a job at {job.server} ended as {status!r}: {said}")

    def _downloaded(self, job: Job, member: Member[VideoServer]) -> Path | None:
        """The file; None where the server no longer holds it and the job must be made again."""
        from .videos_wire import JobGoneError, TransientError

        for _ in range(self.settings.retries + 1):
            try:
                return self._kept(member.server.download(job.id))
            except JobGoneError as error:
                self._jobs.ended(job, f"expired: {error}")
                return None
            except TransientError as error:
                last = error
                self._wait(self._fleet.failed(member, error.retry_after_s, self.settings.retry_base_s))
        raise VideoServiceError(f"{last}; the job is kept, the same command downloads it again")

    def _kept(self, data: bytes) -> Path:
        """Stores a download and looks whether it is a whole video."""
        from ..video import probe
        from .videos_wire import TransientError, write_whole

        path = self._folder / f"{threading.get_ident()}.mp4"
        write_whole(path, data)
        try:
            probe(path)
        except VideoError as error:
            raise TransientError(f"the download is not a whole video: {error}") from None
        return path

    def _somewhere(self, attempt: Callable[[VideoServer], T]) -> tuple[T, Member[VideoServer]]:
        """What `attempt` returns at the first server where it succeeds; and that server, taken."""
        from .videos_wire import TransientError

        for _ in range(self.settings.retries + 1):
            member, wait_s = self._fleet.take()
            try:
                self._wait(wait_s)
                found = attempt(member.server)
            except TransientError as error:
                last = error
                self._fleet.failed(member, error.retry_after_s, self.settings.retry_base_s)
                self._fleet.release(member)
            except BaseException:
                self._fleet.release(member)
                raise
            else:
                self._fleet.answered(member)
                return found, member
        raise VideoServiceError(f"{last} ({self.settings.retries + 1} tries); the same command tries again")

    def _wait(self, seconds: float) -> None:
        if not self._fleet.wait(seconds):
            raise RunStoppedError("the run ended while a video was being made; the same command takes its job up again")


class VideoServiceError(Exception):
    """The service, not the model, failed: the video stays missing and the same command tries again.

    Messages name no job: the engine stops a run at equal messages in a row, and the job log has the ids.
    """


def _words(text: str) -> str:
    from ..chat.failures import redact

    return redact(text)[:500]

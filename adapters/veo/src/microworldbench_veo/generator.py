"""Veo as a long-running operation: begun once, logged, watched, downloaded; a killed run finds its operations again."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from microworldbench.errors import GenerationError, InputError, RunStoppedError, VideoError
from microworldbench.generation.generate import differences
from microworldbench.generation.request import GenerationRequest, Made
from microworldbench.generation.videos_api import VideoServiceError
from microworldbench.generation.videos_jobs import Job, JobLog
from microworldbench.video import probe

from .settings import DEFAULT, RETIRED, VeoSettings
from .wire import TransientError, Wire

T = TypeVar("T")
SECONDS = (4, 6, 8)


class Veo:
    """Makes videos with Veo.

    Args:
        settings: See `VeoSettings`.

    Raises:
        InputError: the id is no longer served, or there are no credentials.
    """

    name = "veo3"

    def __init__(self, settings: VeoSettings) -> None:
        if settings.model in RETIRED and not settings.allow_retired:
            raise InputError(
                f"{settings.model} was announced to end on {RETIRED[settings.model]}; use -g model={DEFAULT} or "
                "another id your account lists, or score videos you have with --generator folder:PATH. "
                "-g allow_retired=true asks for it all the same"
            )
        self.settings = settings
        self.max_concurrency = settings.in_flight
        self._wire = Wire(settings)
        self._stopped = threading.Event()
        self._jobs = JobLog()
        self._folder = Path(tempfile.mkdtemp(prefix="mwb-veo-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    def keep_in(self, folder: Path) -> None:
        """Logs operations in `folder`, and takes up those logged there."""
        self._stopped.clear()
        self._jobs = JobLog(folder / "jobs.jsonl")

    def stop(self) -> None:
        """Ends every wait; operations go on at the service and are found again."""
        self._stopped.set()

    def generate(self, request: GenerationRequest) -> Made:
        """One video; the file lies in a temporary folder until this thread's next request.

        Raises:
            GenerationError: the service declined the prompt or filtered the video.
            RunStoppedError: no request can succeed, or `stop` was called.
            VideoServiceError: the service failed; the same command tries again.
        """
        arguments = self._arguments(request)
        stated = json.dumps([request.task_id, request.seed, request.prompt, arguments], sort_keys=True)
        key = hashlib.sha256(stated.encode("utf-8", "backslashreplace")).hexdigest()
        job = self._jobs.find(key) or self._begun(key, request, arguments)
        path = self._tried(lambda: self._stored(self._finished(job)))
        return Made(path, differences(request, probe(path)))

    __call__ = generate

    def _arguments(self, request: GenerationRequest) -> dict[str, Any]:
        mine = self.settings
        seconds = min(SECONDS, key=lambda allowed: abs(allowed - (request.duration_s or mine.duration_s)))
        aspect, resolution = mine.aspect, mine.resolution
        if request.width and request.height:
            aspect = "16:9" if request.width >= request.height else "9:16"
            resolution = "1080p" if min(request.width, request.height) > 900 else "720p"
        found = {"number_of_videos": 1, "duration_seconds": seconds, "aspect_ratio": aspect, "resolution": resolution}
        found |= {"negative_prompt": mine.negative_prompt} if mine.negative_prompt else {}
        found |= {"person_generation": mine.person_generation} if mine.person_generation else {}
        found |= {"generate_audio": mine.generate_audio} if mine.generate_audio is not None else {}
        return found | {"seed": request.seed}

    def _begun(self, key: str, request: GenerationRequest, arguments: dict[str, Any]) -> Job:
        prompt = request.prompt.encode("utf-8", "replace").decode("utf-8")
        job = Job(key, "vertex", self._tried(lambda: self._wire.begin(prompt, arguments)))
        self._jobs.created(job, request)
        return job

    def _finished(self, job: Job) -> Any:
        """The operation's response, once it is done."""
        deadline = time.monotonic() + self.settings.job_timeout_s
        while time.monotonic() < deadline:
            found = self._tried(lambda: self._wire.look(job.id))
            if found is None:
                self._jobs.ended(job, "expired: the service does not know it any more")
                raise VideoServiceError("an operation has expired; the same command begins another")
            if found.done:
                return self._response(job, found)
            self._wait(self.settings.poll_s)
        raise VideoServiceError(f"an operation is not done after {self.settings.job_timeout_s:g} s; look again later")

    def _response(self, job: Job, operation: Any) -> Any:
        if operation.error:
            self._jobs.ended(job, "failed")
            raise self._wire.failure(operation.error)
        response = operation.response or operation.result
        if response is None or not response.generated_videos:
            self._jobs.ended(job, "no video")
            reasons = "; ".join(getattr(response, "rai_media_filtered_reasons", None) or [])
            if reasons or getattr(response, "rai_media_filtered_count", None):
                raise GenerationError(f"Veo filtered its video: {reasons or 'no reason given'}", "moderated")
            raise GenerationError("Veo finished without a video and without a reason", "empty")
        return response.generated_videos[0].video

    def _stored(self, video: Any) -> Path:
        if not video.video_bytes:
            raise VideoServiceError(f"the service put the video at {video.uri!r} instead of sending it")
        path = self._folder / f"{threading.get_ident()}.mp4"
        path.write_bytes(video.video_bytes)
        try:
            probe(path)
        except VideoError as error:
            raise TransientError(f"the download is not a whole video: {error}") from None
        return path

    def _tried(self, attempt: Callable[[], T]) -> T:
        for number in range(self.settings.retries + 1):
            try:
                return attempt()
            except TransientError as error:
                last = error
                rest_s = min(60.0, self.settings.retry_base_s * 2.0**number)
                self._wait(rest_s if error.retry_after_s is None else max(rest_s, error.retry_after_s))
        raise VideoServiceError(f"{last} ({self.settings.retries + 1} tries); the same command tries again")

    def _wait(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise RunStoppedError("the run ended while a video was being made; the same command takes it up again")

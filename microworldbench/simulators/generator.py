"""The built-in generator: it answers the core tasks it has a mechanism for by simulating them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from ..errors import GenerationError, InputError, UnknownNameError
from .registry import MECHANISMS, for_task

if TYPE_CHECKING:
    from ..generation.request import GenerationRequest
    from ..video import Video

MAX_PIXELS = 2**31
"""Width × height × frames that one clip may have (81 frames of 832×480 are 32 million)."""


class SimulatorSettings(BaseModel):
    """What ``-g key=value`` accepts."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    width: int = Field(default=832, ge=16, le=4096)
    height: int = Field(default=480, ge=16, le=4096)
    fps: float = Field(default=16.0, gt=0, le=240)
    duration_s: float = Field(default=5.0625, gt=0, le=120)
    """81 frames at 16 a second."""
    violation: str = "faithful"
    """``faithful``; ``default`` for the most flagrant violation of each mechanism; or one by name, which breaks the
    mechanisms that know it and leaves the others faithful."""


class Simulator:
    """Generates a video by simulating the task's mechanism. The same request always gives the same frames.

    Args:
        settings: Size, rate, duration and violation where a request leaves them open.
        name: Shown in tables; ``simulator``, or ``simulator-violated`` for a broken one, unless given.

    Raises:
        UnknownNameError: no mechanism knows the violation.
    """

    version = "1"
    """Raised whenever the frames of some request change."""
    max_concurrency = 1
    """Numpy holds the interpreter's lock for most of the work, so a second request at once gains nothing."""

    def __init__(self, settings: SimulatorSettings | None = None, name: str | None = None) -> None:
        self.settings = settings or SimulatorSettings()
        violation = self.settings.violation
        known = {v for mechanism in MECHANISMS.values() for v in mechanism.violations}
        if violation not in known | {"faithful", "default"}:
            raise UnknownNameError("violation", violation, known | {"faithful", "default"})
        self.name = name or ("simulator" if violation == "faithful" else "simulator-violated")

    def answers(self, task_id: str) -> bool:
        """Whether there is a mechanism for the task."""
        return for_task(task_id) is not None

    def generate(self, request: GenerationRequest) -> Video:
        """Simulates and draws the task's mechanism.

        Raises:
            GenerationError: there is no mechanism for the task.
            InputError: the request asks for more pixels than a clip may have.
        """
        from ..video import Video

        mechanism = for_task(request.task_id)
        if mechanism is None:
            known = ", ".join(each.task_id for each in MECHANISMS.values())
            raise GenerationError(
                f"no mechanism is simulated for task {request.task_id!r}; there are: {known}", "empty"
            )
        mine = self.settings
        width, height = request.width or mine.width, request.height or mine.height
        fps, duration_s = request.fps or mine.fps, request.duration_s or mine.duration_s
        if width < 16 or height < 16 or width * height * duration_s * fps > MAX_PIXELS:
            raise InputError(
                f"cannot draw {width}×{height} pixels for {duration_s:g} s at {fps:g} frames/s: a clip is at least "
                f"16×16 and at most {MAX_PIXELS:,} pixels in all frames together"
            )
        named = mine.violation in {"faithful", "default", *mechanism.violations}
        violation = mechanism.broken_by(mine.violation) if named else None
        params = mechanism.params.drawn(request.seed)
        state = mechanism.simulate(params, request.seed, duration_s, fps, violation)
        return Video(mechanism.render(state, width, height), fps)

    __call__ = generate

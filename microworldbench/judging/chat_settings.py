"""Settings of a chat judge."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from ..chat.settings import ChatSettings
from .exhibit import MAX_FRAMES, Form, FramePolicy, Spacing
from .wording import AsReleased, Claims, Wording

AS_RELEASED: dict[str, Any] = {
    "mode": "dimension",
    "frames": 8,
    "fps": None,
    "spacing": "midpoint",
    "form": "frames",
    "max_side": None,
    "jpeg_quality": 100,
    "structured": "instruction",
}
"""What ``protocol=released`` fixes."""


class ChatJudgeSettings(ChatSettings):
    """Settings of a chat judge: the model's, what it is shown and how it is asked."""

    protocol: Literal["standard", "released"] = "standard"
    """``released`` asks as the released evaluator did, to measure what that does; it fixes frames, mode and form."""
    task_text: bool = True
    """With protocol=released: false leaves the task's texts out, as the released code did unawares."""
    mode: Literal["criterion", "dimension", "task"] = "dimension"
    """What is asked in one call: one criterion, the criteria of one dimension, or all."""
    frames: int = Field(default=8, ge=1, le=MAX_FRAMES)
    """How many frames are shown; of a whole video, how many moments can be cited."""
    fps: float | None = Field(default=None, gt=0, le=120, allow_inf_nan=False)
    """Frames for each second of the video, instead of `frames`."""
    spacing: Spacing = "midpoint"
    """How frames are chosen: middles of equal parts, or ``endpoint`` for even steps from the first to the last."""
    form: Form = "frames"
    """An image for each frame, one contact ``sheet`` of them, or the stored ``video`` for servers that take one."""
    max_side: int | None = Field(default=None, ge=64)
    """Longest side of a frame in pixels, also on a sheet; None keeps the video's size."""
    jpeg_quality: int = Field(default=92, ge=30, le=100)
    """Quality images are encoded with."""
    detail: Literal["low", "high", "auto"] | None = None
    """Image detail asked for; None leaves it to the server."""

    @model_validator(mode="before")
    @classmethod
    def _the_preset_comes_first(cls, values: Any) -> Any:
        is_preset = isinstance(values, dict) and values.get("protocol") == "released"
        return {**AS_RELEASED, **values} if is_preset else values

    @model_validator(mode="after")
    def _the_preset_is_whole(self) -> ChatJudgeSettings:
        if self.protocol == "released":
            for name, fixed in AS_RELEASED.items():
                if (value := getattr(self, name)) != fixed:
                    raise ValueError(f"protocol=released means {name}={fixed}, got {value!r}; leave {name} out")
        elif not self.task_text:
            raise ValueError("task_text=false belongs to protocol=released")
        return self

    @model_validator(mode="after")
    def _frames_can_be_chosen(self) -> ChatJudgeSettings:
        if self.protocol == "standard" and self.fps is not None and "frames" in self.model_fields_set:
            raise ValueError(f"frames={self.frames} and fps={self.fps:g} both say how many frames are shown; give one")
        if self.spacing == "endpoint" and self.fps is None and self.frames < 2:
            raise ValueError(f"spacing=endpoint needs at least 2 frames, got {self.frames}")
        if self.form == "video" and not {"max_side", "jpeg_quality"}.isdisjoint(self.model_fields_set):
            raise ValueError("form=video sends the stored file as it is; leave max_side and jpeg_quality out")
        return self

    @property
    def wording(self) -> Wording:
        """How questions are put."""
        return AsReleased(self.task_text) if self.protocol == "released" else Claims(self.form)

    @property
    def frame_policy(self) -> FramePolicy:
        """Which frames are shown and how they are encoded."""
        return FramePolicy(
            count=self.frames if self.fps is None else None,
            fps=self.fps,
            spacing=self.spacing,
            form=self.form,
            max_side=self.max_side,
            jpeg_quality=self.jpeg_quality,
        )

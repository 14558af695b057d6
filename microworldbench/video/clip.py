"""`Video`: frames in memory, and everything a generator may hand over as frames."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

MIN_FPS, MAX_FPS = 0.001, 1000.0
ROUNDING = 1e-3
"""Floating-point frames may leave 0…1 by this much, as resampling does; they are clipped."""


@dataclass(frozen=True, eq=False)
class Video:
    """Frames and how fast they play.

    Args:
        frames: uint8, T×H×W×3, RGB; at least one frame. Kept, not copied.
        fps: Frames per second, 0.001 to 1000.
        times_s: When each frame appears, in seconds, starting at 0 and increasing; None where frames are evenly
            spaced by ``1 / fps``. float64, T.

    Raises:
        InputError: an argument is something else.
    """

    frames: NDArray[np.uint8]
    fps: float
    times_s: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.frames, np.ndarray):
            raise InputError(
                f"frames must be a uint8 array T×H×W×3, got {type(self.frames).__name__}; "
                "Video.from_frames(frames, fps) converts lists, images and tensors"
            )
        _check_shape(self.frames.shape)
        if self.frames.dtype != np.uint8:
            raise InputError(
                f"frames must be uint8, got {self.frames.dtype}; Video.from_frames(frames, fps) converts floats in 0…1"
            )
        object.__setattr__(self, "fps", _checked_fps(self.fps))
        if self.times_s is not None:
            object.__setattr__(self, "times_s", _checked_times(self.times_s, len(self.frames)))

    @classmethod
    def from_frames(cls, frames: object, fps: object) -> Video:
        """Makes a video of what generators return.

        Args:
            frames: A `Video`, an array or tensor T×H×W×3, or a sequence of H×W×3 arrays, tensors or PIL images.
                Integers are 0…255; floating-point values are 0…1. A picture's transparent parts become black.
            fps: Frames per second; any real number. None keeps the rate of a `Video`.

        Raises:
            InputError: the shape, the values or the rate cannot be used; says what was received.
        """
        if isinstance(frames, Video):
            if fps is None or float(frames.fps) == _checked_fps(fps):
                return frames
            return cls(frames.frames, _checked_fps(fps))
        rate = _checked_fps(fps)
        if _is_tensor(frames) or isinstance(frames, np.ndarray):
            return cls(_as_uint8(_as_array(frames)), rate)
        if isinstance(frames, str | bytes) or not isinstance(frames, Iterable):
            raise InputError(f"frames must be an array or a sequence of pictures, got {type(frames).__name__}")
        return cls(_stacked(list(frames)), rate)

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.frames.shape[2])

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.frames.shape[1])

    @property
    def duration_s(self) -> float:
        """From the first frame's appearance to the end of the last, which is shown for ``1 / fps``."""
        last = (len(self.frames) - 1) / self.fps if self.times_s is None else float(self.times_s[-1])
        return last + 1 / self.fps


def _checked_fps(fps: object) -> float:
    if fps is None:
        raise InputError("frames need an fps: return (frames, fps) or Video(frames, fps)")
    if isinstance(fps, np.ndarray) and fps.ndim == 0:
        fps = fps.item()
    if isinstance(fps, bool | np.bool_) or not isinstance(fps, Real) or not isinstance(fps, SupportsFloat):
        raise InputError(f"fps must be a number, got {fps!r}")
    rate = float(fps)
    if not math.isfinite(rate) or not MIN_FPS <= rate <= MAX_FPS:
        raise InputError(f"fps must be from {MIN_FPS:g} to {MAX_FPS:g}, got {fps!r}")
    return rate


def _checked_times(times: object, count: int) -> NDArray[np.float64]:
    array = np.asarray(times, dtype=np.float64)
    if array.shape != (count,):
        raise InputError(f"times_s must hold one time a frame ({count}), got shape {array.shape}")
    if not np.isfinite(array).all() or array[0] != 0 or (np.diff(array) <= 0).any():
        raise InputError("times_s must start at 0 and increase from frame to frame")
    return array


def _check_shape(shape: tuple[int, ...]) -> None:
    got = "×".join(map(str, shape)) or "a single number"
    if len(shape) != 4:
        hint = {
            2: "; a video needs a time axis and colours",
            3: "; for one picture pass [picture], for grey frames repeat the grey in three channels",
            5: "; for a batch pass its videos one by one, e.g. frames[0]",
        }.get(len(shape), "")
        raise InputError(f"frames must be T×H×W×3, got {got}{hint}")
    if 0 in shape:
        raise InputError(f"frames are empty: got {got}; a video has at least one frame and one pixel")
    if shape[3] == 3:
        return
    if shape[1] in (1, 3, 4):
        raise InputError(f"frames must be T×H×W×3, got {got}, which looks like T×C×H×W; use np.moveaxis(frames, 1, -1)")
    if shape[0] in (1, 3, 4) and shape[1] > 4:
        raise InputError(f"frames must be T×H×W×3, got {got}; for C×T×H×W use np.moveaxis(frames, 0, -1)")
    hint = "drop the alpha channel with frames[..., :3]" if shape[3] == 4 else "colours are red, green, blue"
    raise InputError(f"frames must be T×H×W×3, got {got}; {hint}")


def _is_tensor(value: object) -> bool:
    # torch, jax and tensorflow alike; none of them is imported for it.
    return hasattr(value, "numpy") and hasattr(value, "dtype") and hasattr(value, "shape")


def _as_array(value: Any) -> NDArray[Any]:
    if not _is_tensor(value):
        return np.asarray(value)
    for step in ("detach", "cpu"):
        if hasattr(value, step):
            value = getattr(value, step)()
    if "bfloat16" in str(value.dtype) and hasattr(value, "float"):  # numpy has no bfloat16
        value = value.float()
    return np.asarray(value.numpy())


def _stacked(pictures: Sequence[Any]) -> NDArray[np.uint8]:
    if not pictures:
        raise InputError("frames are empty: a video has at least one frame")
    arrays: list[NDArray[Any]] = []
    for number, picture in enumerate(pictures):
        array = _picture(picture)
        if array.ndim != 3 or array.shape[2:] != (3,):
            hint = ""
            if array.ndim == 4:
                hint = "; a list of videos? pass one, e.g. frames[0]"
            elif array.ndim == 3 and array.shape[0] in (1, 3):
                hint = ", which looks like C×H×W; move the channels last"
            raise InputError(f"frame {number} must be H×W×3, got {'×'.join(map(str, array.shape)) or picture!r}{hint}")
        if arrays and array.shape != arrays[0].shape:
            sizes = [f"{a.shape[1]}×{a.shape[0]}" for a in (arrays[0], array)]
            raise InputError(f"all frames must have one size: frame 0 has {sizes[0]}, frame {number} {sizes[1]}")
        arrays.append(array)
    kinds = {array.dtype for array in arrays}
    if len(kinds) > 1:
        raise InputError(f"all frames must have one type, got {' and '.join(sorted(map(str, kinds)))}")
    return np.stack([_as_uint8(array) for array in arrays])


def _picture(picture: Any) -> NDArray[Any]:
    if not hasattr(picture, "convert") or not hasattr(picture, "getbands"):  # not a PIL image
        return _as_array(picture)
    if picture.has_transparency_data:
        rgba = np.asarray(picture.convert("RGBA"))
        return over_black(rgba)
    return np.asarray(picture.convert("RGB"))


def over_black(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An RGBA picture (H×W×4) as it looks on black (H×W×3)."""
    alpha = rgba[..., 3:].astype(np.uint16)
    return ((rgba[..., :3] * alpha + 127) // 255).astype(np.uint8)


def _as_uint8(array: NDArray[Any]) -> NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array
    if array.size == 0:
        return array.astype(np.uint8)
    if not (np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating)):
        raise InputError(f"frames must be uint8, or floats in 0…1, got {array.dtype}")
    low, high = float(array.min()), float(array.max())
    if np.issubdtype(array.dtype, np.integer):
        if low < 0 or high > 255:
            raise InputError(f"integer frames must be in 0…255, got values from {low:g} to {high:g}")
        return array.astype(np.uint8)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise InputError("floating-point frames must be in 0…1, got values that are not finite (NaN or infinity)")
    if low < -ROUNDING or high > 1 + ROUNDING:
        hint = ""
        if -1 - ROUNDING <= low < 0 and high <= 1 + ROUNDING:
            hint = "; for −1…1 pass (frames + 1) / 2"
        elif low >= 0 and high <= 255:
            hint = "; for 0…255 pass frames.astype('uint8')"
        raise InputError(f"floating-point frames must be in 0…1, got values from {low:g} to {high:g}{hint}")
    out = np.empty(array.shape, np.uint8)
    for target, frame in zip(out, array, strict=True):  # by frame, so that the float copy stays small
        target[...] = np.rint(np.clip(frame, 0, 1) * 255)
    return out

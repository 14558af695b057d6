"""Where one shot ends and the next begins, told while the frames stream by."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from microworldbench.video import StreamedFrame

from .config import Split
from .embedders import Embedder, make_embedder

DEFAULT_SIMILARITY = {"histogram": 0.9, "clip": 0.85}
"""0.85 is the paper's for OpenCLIP. Neither is validated: look at the report's strips before trusting one."""
DEFAULT_CONTENT = 27.0
"""PySceneDetect's own default."""
CONTENT_PX = 256


class Boundaries(Protocol):
    """Finds the first frames of new shots."""

    def see(self, frame: StreamedFrame, *, is_sample: bool) -> int | None:
        """Looks at the next frame; the number of a new shot's first frame where one has just become certain.

        It lies after the sample before and is at most this frame's.
        """


class Similarity:
    """Compares neighbouring samples and finds the cut between two that differ, to the frame.

    Inside the gap the cut is where brightness changes most from one frame to the next.

    Args:
        embedder: Turns a sample into a unit vector.
        threshold: Cosine below which there is a cut.
    """

    def __init__(self, embedder: Embedder, threshold: float) -> None:
        self._embedder, self._threshold = embedder, threshold
        self._before: NDArray[np.float32] | None = None
        self._glance: NDArray[np.uint8] | None = None
        self._largest = (-1.0, 0)
        """The largest change since the last sample, and the frame it leads to."""

    def see(self, frame: StreamedFrame, *, is_sample: bool) -> int | None:
        """Looks at the next frame."""
        glance = frame.glance()
        if self._glance is not None:
            change = float(np.abs(glance.astype(np.int16) - self._glance).mean())
            if change > self._largest[0]:
                self._largest = (change, frame.source_index)
        self._glance = glance
        if not is_sample:
            return None
        before, self._before = self._before, self._embedder.embed(frame.image(self._embedder.max_side))
        (_, place), self._largest = self._largest, (-1.0, 0)
        if before is None or float(before @ self._before) >= self._threshold:
            return None
        return place


class SceneDetect:
    """PySceneDetect's content detector, fed from the same decode."""

    def __init__(self, threshold: float) -> None:
        from microworldbench.errors import MissingExtraError

        try:
            from scenedetect import FrameTimecode
            from scenedetect.detectors import ContentDetector
        except ImportError:
            raise MissingExtraError(
                "split.method: scenedetect", "scenedetect-headless", "pip install 'microworldbench[data]'"
            ) from None
        self._timecode: Any = FrameTimecode
        self._detector: Any = ContentDetector(threshold=threshold, min_scene_len=0)

    def see(self, frame: StreamedFrame, *, is_sample: bool) -> int | None:
        """Looks at the next frame. The rate given is of no account: only frame numbers come back."""
        picture = np.ascontiguousarray(frame.image(CONTENT_PX)[:, :, ::-1])
        found = self._detector.process_frame(self._timecode(frame.source_index, 25.0), picture)
        return int(found[-1].frame_num) if found else None


class Fixed:
    """A new piece every `length_s` seconds."""

    def __init__(self, length_s: float) -> None:
        self._length_s, self._number = length_s, 0

    def see(self, frame: StreamedFrame, *, is_sample: bool) -> int | None:
        """Looks at the next frame."""
        number = int(frame.time_s / self._length_s + 1e-9)
        if number == self._number:
            return None
        self._number = number
        return frame.source_index


def make_boundaries(settings: Split, *, device: str | None = None) -> Boundaries:
    """What `settings` ask for; a new one for every video, while models are kept.

    Raises:
        InputError: the embedder is unknown or its model cannot be loaded.
        MissingExtraError: its package is not installed.
    """
    if settings.method == "fixed":
        return Fixed(settings.length_s)
    if settings.method == "scenedetect":
        return SceneDetect(DEFAULT_CONTENT if settings.threshold is None else settings.threshold)
    kind = settings.embedder.partition(":")[0]
    threshold = DEFAULT_SIMILARITY.get(kind, 0.85) if settings.threshold is None else settings.threshold
    return Similarity(make_embedder(settings.embedder, device=device), threshold)

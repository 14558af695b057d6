"""What a judge is shown of a video: chosen by a policy, decoded once a video, encoded once."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from .exhibit import Exhibit, FramePolicy, Picture, make_exhibit

__all__ = ["Exhibit", "Footage", "FramePolicy", "Picture"]


class Footage:
    """One stored video as judges are shown it: decoded at most once per policy and dropped by `release`.

    Safe to use from several threads; a second caller waits for the first one's decoding.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._made: dict[FramePolicy, Exhibit] = {}

    def exhibit(self, policy: FramePolicy) -> Exhibit:
        """What is shown under `policy`.

        Raises:
            VideoError: the file cannot be decoded, or cannot be shown that way.
        """
        with self._lock:
            if policy not in self._made:
                self._made[policy] = _decoders().submit(self._make, policy).result()
            return self._made[policy]

    def ready(self, policy: FramePolicy) -> Exhibit | None:
        """What is shown under `policy` if it is made already; never waits."""
        return self._made.get(policy)

    def release(self) -> None:
        """Forgets what was decoded."""
        with self._lock:
            self._made.clear()

    def _make(self, policy: FramePolicy) -> Exhibit:
        return make_exhibit(self.path, policy)


@cache
def _decoders() -> ThreadPoolExecutor:
    """Threads that decode. More than there are processors would gain nothing and hold more raw frames at once."""
    return ThreadPoolExecutor(min(4, os.cpu_count() or 1), thread_name_prefix="decode")

"""Video in and out: the only package that opens media (PyAV).

`probe`, `sample` and `read` take a path to a file nobody vouches for; `write` makes the library's own MP4 files.
"""

from .clip import Video
from .decoding import SampledFrame, VideoInfo, probe, read, sample
from .opening import DEFAULT_LIMITS, MediaLimits
from .writing import write

__all__ = [
    "DEFAULT_LIMITS",
    "MediaLimits",
    "SampledFrame",
    "Video",
    "VideoInfo",
    "probe",
    "read",
    "sample",
    "write",
]

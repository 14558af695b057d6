"""Video in and out: the only package that opens media (PyAV).

`probe`, `sample`, `read` and `stream` take a path to a file nobody vouches for; `write` and `cut` make the library's
own MP4 files.
"""

from .clip import Video
from .cutting import cut
from .decoding import SampledFrame, VideoInfo, packet_digest, probe, read, sample
from .opening import DEFAULT_LIMITS, MediaLimits, shown
from .streaming import StreamedFrame, stream
from .writing import write

__all__ = [
    "DEFAULT_LIMITS",
    "MediaLimits",
    "SampledFrame",
    "StreamedFrame",
    "Video",
    "VideoInfo",
    "cut",
    "packet_digest",
    "probe",
    "read",
    "sample",
    "shown",
    "stream",
    "write",
]

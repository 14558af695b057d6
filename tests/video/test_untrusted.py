"""A file nobody vouches for makes the decoder read nothing else, and fails with its name and the reason."""

from __future__ import annotations

import contextlib
import http.server
import os
import struct
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from microworldbench.errors import VideoError
from microworldbench.video import DEFAULT_LIMITS, MediaLimits, probe, read, sample
from microworldbench.video.opening import opened

EVERY_WAY = [probe, read, lambda path: sample(path, 8)]


@pytest.fixture
def requests() -> Iterator[tuple[str, list[str]]]:
    """The address of a loopback server, and the paths it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *args: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def playlists(target: str, address: str) -> dict[str, str]:
    return {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{target}\n#EXTINF:2,\n{address}/a.ts\n#EXT-X-ENDLIST\n",
        "concat": f"ffconcat version 1.0\nfile {target}\nfile {address}/a.mp4\n",
        "only-http": f"ffconcat version 1.0\nfile {address}/a.mp4\n",
        "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT2S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period>'
        '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">'
        f"<BaseURL>{address}/a.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n"
        "a=rtpmap:96 H264/90000\n",
    }


@pytest.mark.parametrize("kind", ["hls", "concat", "only-http", "dash", "sdp"])
@pytest.mark.parametrize("name", ["playlist.mp4", "playlist.mkv", "playlist.m3u8", "playlist.ffconcat"])
def test_a_playlist_under_any_name_opens_nothing_else(kind, name, tmp_path, requests, make):
    address, asked = requests
    make(tmp_path / "other.mp4")
    path = tmp_path / name
    path.write_text(playlists("other.mp4", address)[kind])
    for way in EVERY_WAY:
        with pytest.raises(VideoError, match="is not a video file that can be read"):
            way(path)
    assert asked == []


def test_the_playlists_of_these_tests_do_lead_elsewhere(tmp_path, requests, make):
    address, asked = requests
    make(tmp_path / "other.mp4")
    local, remote = tmp_path / "local.mp4", tmp_path / "remote.mp4"
    local.write_text("ffconcat version 1.0\nfile other.mp4\n")
    remote.write_text(playlists("other.mp4", address)["only-http"])
    with av.open(str(local)) as container:  # without our walls it is followed
        assert sum(1 for _ in container.decode(video=0)) == 50
    with (
        contextlib.suppress(av.FFmpegError),
        av.open(str(remote), options={"safe": "0", "protocol_whitelist": "file,http,tcp"}) as container,
    ):
        next(container.decode(video=0), None)
    assert asked == ["/a.mp4"]


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def with_data_elsewhere(movie: bytes, target: str) -> bytes:
    """The MP4 `movie` with its samples declared to lie in `target` (a Macintosh alias record with an absolute path)."""
    name = target.encode() + b"\0" * (len(target) % 2)
    alias = bytes(10 + 1 + 27 + 12 + 1 + 63 + 16) + struct.pack(">HH", 0, 0) + bytes(16)
    alias += struct.pack(">HH", 2, len(target)) + name + struct.pack(">HH", 0xFFFF, 0)
    old = box(b"dref", struct.pack(">II", 0, 1) + box(b"url ", struct.pack(">I", 1)))
    new = box(b"dref", struct.pack(">II", 0, 1) + box(b"alis", struct.pack(">I", 0) + alias))
    place = movie.index(old)
    movie = movie[:place] + new + movie[place + len(old) :]
    for parent in (b"dinf", b"minf", b"mdia", b"trak", b"moov"):  # each holds the next, so each has grown
        at = movie.rindex(parent, 0, place) - 4
        size = struct.unpack_from(">I", movie, at)[0] + len(new) - len(old)
        movie = movie[:at] + struct.pack(">I", size) + movie[at + 4 :]
    return movie


def test_samples_declared_to_lie_in_another_file_are_not_fetched(clip):
    path = clip.with_name("elsewhere.mov")
    path.write_bytes(with_data_elsewhere(clip.read_bytes(), str(clip)))
    opened = []

    def opener(url: str, flags: int, options: dict[str, str]) -> object:
        opened.append(url)
        return open(url.removeprefix("file:"), "rb")  # noqa: PTH123 closed by the container

    enabled = {"enable_drefs": "1", "use_absolute_path": "1"}
    with path.open("rb") as file, av.open(file, container_options=enabled, io_open=opener) as container:
        assert sum(1 for _ in container.decode(video=0)) == 50  # asked to, the decoder follows the reference
    assert opened == [str(clip)]
    for way in EVERY_WAY:
        with pytest.raises(VideoError, match=r"elsewhere\.mov: "):
            way(path)


def test_every_further_file_a_decoder_asks_for_is_refused(clip):
    with opened(clip, DEFAULT_LIMITS) as video, pytest.raises(PermissionError, match="may not open other files"):
        video.container.io_open(str(clip), 1, {})


@pytest.mark.parametrize("container", ["flv", "mpegts", "nut"])
def test_a_container_outside_the_list_is_refused(container, tmp_path, make):
    path = make(tmp_path / "clip.mp4", container=container)
    with pytest.raises(VideoError, match="is not a video file that can be read"):
        probe(path)


def silence(path: Path) -> None:
    with av.open(str(path), "w", format="mp4") as output:
        stream = output.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4410), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 44100, 0
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("name", "build", "message"),
    [
        ("sound.mp4", silence, "holds audio only, no video"),
        ("empty.mp4", lambda path: path.touch(), "is empty"),
        ("junk.mp4", lambda path: path.write_bytes(os.urandom(5000)), "is not a video file"),
        ("text.mp4", lambda path: path.write_text("words " * 999), "is not a video file"),
        ("folder.mp4", lambda path: path.mkdir(), "is a folder, not a video file"),
        ("pipe.mp4", os.mkfifo, "is not a regular file"),
        ("absent.mp4", lambda path: None, "cannot be read .No such file or directory"),
    ],
)
def test_files_that_are_no_video_are_named_with_the_reason(name, build, message, tmp_path):
    build(tmp_path / name)
    for way in EVERY_WAY:
        with pytest.raises(VideoError, match=rf"{name}: {message}"):
            way(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("clip.mp4", {}),
        ("index-first.mp4", {"container_options": {"movflags": "faststart"}}),
        ("fragmented.mp4", {"container_options": {"movflags": "frag_keyframe+empty_moov"}}),
        ("clip.mkv", {}),
        ("clip.webm", {"codec": "libvpx-vp9"}),
        ("clip.avi", {"codec": "mpeg4"}),
        ("clip.gif", {"codec": "gif", "pixels": "rgb8"}),
    ],
)
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_file_that_is_cut_off_is_an_error(name, settings, part, tmp_path, make):
    path = make(tmp_path / name, **settings)
    assert probe(path).frames == 50
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    for way in EVERY_WAY:
        with pytest.raises(VideoError, match=rf"{name}: .*(cut off|damaged)"):
            way(path)


def test_a_file_that_ends_between_two_frames_is_an_error(tmp_path, make):
    path = make(tmp_path / "clip.mp4", container_options={"movflags": "faststart"})
    with av.open(str(path)) as container:
        places = sorted(packet.pos for packet in container.demux(video=0) if packet.size)
    path.write_bytes(path.read_bytes()[: places[30]])
    with pytest.raises(VideoError, match=r"clip\.mp4: is cut off"):
        probe(path)


def test_damage_in_the_middle_is_an_error(tmp_path, make):
    def noise(number: int) -> np.ndarray:
        return np.random.default_rng(number).integers(0, 255, (48, 64, 3), np.uint8)

    path = make(tmp_path / "clip.mov", codec="prores_ks", pixels="yuv422p10le", paint=noise)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 40_000] = bytes(40_000)
    path.write_bytes(data)
    with pytest.raises(VideoError, match=r"clip\.mov: .*damaged"):
        read(path)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (MediaLimits(pixels=64 * 47), "frames of .*3,008 pixels"),
        (MediaLimits(frames=49), "more than 49 frames"),
        (MediaLimits(duration_s=1.9), "lasts 2.0 s; at most 2 s"),
        (MediaLimits(file_bytes=1000), "bytes; at most 1,000 are read"),
    ],
)
def test_what_a_video_may_ask_of_the_machine_is_limited(limits, message, clip):
    for way in (probe, read, lambda path, limits: sample(path, 8, limits=limits)):
        with pytest.raises(VideoError, match=rf"clip\.mp4: .*{message}"):
            way(clip, limits=limits)


@pytest.mark.parametrize(
    ("times", "tick", "message"),
    [
        (range(0, 60_000, 2000), Fraction(1), r"lasts 5\d,\d\d\d\.\d s; at most 3,600 s"),
        ([0, 3500], Fraction(1), r"plays 0\.000\d+ frames/s"),
        (range(50), Fraction(1, 50_000), r"plays 1\d+\.\d+ frames/s; from 0\.001 to 1000"),
    ],
)
def test_absurd_lengths_and_rates_are_named(times, tick, message, tmp_path, make):
    path = make(tmp_path / "clip.mp4", times=times, tick=tick)
    for way in EVERY_WAY:
        with pytest.raises(VideoError, match=rf"clip\.mp4: {message}"):
            way(path)


def test_frames_that_do_not_fit_in_memory_together_are_refused(clip):
    limits = MediaLimits(decoded_bytes=8 * 64 * 48 * 3)
    assert len(sample(clip, 8, limits=limits)) == 8
    with pytest.raises(VideoError, match=r"50 frames of 64×48 pixels take .* GB in memory"):
        read(clip, limits=limits)


def test_a_frame_of_8k_by_8k_is_refused_before_decoding(tmp_path):
    path = tmp_path / "bomb.mov"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("png", rate=25)
        stream.width, stream.height, stream.pix_fmt = 8192, 8192, "gray"
        output.mux(stream.encode(av.VideoFrame(8192, 8192, "gray")))
        output.mux(stream.encode(None))
    with pytest.raises(VideoError, match=r"bomb\.mov: .*frames of more than 33,177,600 pixels"):
        probe(path)


def test_frames_that_grow_after_the_header_are_refused(tmp_path):
    """The header says 64×48; the second picture has 1024×1024 pixels."""
    path = tmp_path / "growing.mkv"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        large = av.CodecContext.create("mjpeg", "w")
        large.width, large.height, large.pix_fmt, large.time_base = 1024, 1024, "yuvj420p", Fraction(1, 25)
        for number, (encoder, size) in enumerate([(stream, (64, 48)), (large, (1024, 1024))]):
            frame = av.VideoFrame(*size, "yuvj420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            for packet in encoder.encode(frame):
                packet.stream = stream
                output.mux(packet)
    with pytest.raises(VideoError, match=r"growing\.mkv: cannot be decoded"):
        read(path, limits=MediaLimits(pixels=512 * 512))


def test_every_file_is_closed_after_an_error(tmp_path, clip):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(clip.read_bytes()[:1500])
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("this system does not list open files under /proc")
    before = len(list(descriptors.iterdir()))
    for _ in range(5):
        with pytest.raises(VideoError):
            probe(broken)
        with pytest.raises(VideoError):
            read(clip, limits=MediaLimits(frames=3))
        sample(clip, 2)
    assert len(list(descriptors.iterdir())) == before


def test_nothing_is_printed_about_broken_files(tmp_path, clip, capfd):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(clip.read_bytes()[:1500])
    with pytest.raises(VideoError):
        probe(broken)
    assert capfd.readouterr() == ("", "")

"""The Veo adapter against a real server of Google's long-running operations."""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from microworldbench_veo import microworldbench_generators
from microworldbench_veo.settings import RETIRED

from microworldbench.errors import GenerationError, InputError, RunStoppedError
from microworldbench.generation.request import GenerationRequest
from microworldbench.generation.videos_api import VideoServiceError
from microworldbench.plugins import load
from microworldbench.testing import check_generator
from microworldbench.video import VideoInfo, probe

pytest.importorskip("google.genai", reason="google-genai is not installed: pip install microworldbench-veo")
sys.path.insert(0, str(Path(__file__).parent))

from genai_server import GenaiServer

pytestmark = pytest.mark.filterwarnings("default")  # the client's own
SPEC = microworldbench_generators()[0]
REQUEST = GenerationRequest(task_id="t", prompt="A cell divides.", seed=7)
QUICK = {"poll_s": 0.01, "retry_base_s": 0.01, "retries": 3}
Start = Callable[..., GenaiServer]


def encode(prompt: str) -> bytes:
    from microworldbench.video import Video, write

    frames = np.zeros((6, 48, 64, 3), np.uint8)
    frames[1:, :40] = len(prompt) % 200 + 50
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "made.mp4", Video(frames, 24.0))
        return (Path(folder) / "made.mp4").read_bytes()


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    for name in ("GEMINI_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOOGLE_API_KEY", "right")
    with ExitStack() as servers:
        yield lambda **script: servers.enter_context(GenaiServer(encode, **script))


def veo(server: GenaiServer, **settings: Any) -> Any:
    return load(SPEC, {"base_url": server.url, **QUICK, **settings})[0]


def made(generator: Any, request: GenerationRequest = REQUEST) -> VideoInfo:
    return probe(generator.generate(request).video)


def test_an_operation_is_begun_watched_and_downloaded(start: Start) -> None:
    server = start(polls=2)
    assert made(veo(server, negative_prompt="text")).frames == 6
    assert "publishers/google/models/veo-3.1-generate-001:predictLongRunning" in server.paths[0]
    assert server.bodies[0]["instances"] == [{"prompt": "A cell divides."}]
    parameters = server.bodies[0]["parameters"]
    assert (parameters["durationSeconds"], parameters["aspectRatio"], parameters["resolution"]) == (8, "16:9", "720p")
    assert parameters["negativePrompt"] == "text"
    assert parameters["seed"] == 7


def test_lengths_and_sizes_are_the_nearest_the_service_makes(start: Start) -> None:
    server = start()
    request = REQUEST.model_copy(update={"duration_s": 5.2, "width": 1000, "height": 1800})
    changed = veo(server).generate(request).changed
    parameters = server.bodies[0]["parameters"]
    assert (parameters["durationSeconds"], parameters["aspectRatio"], parameters["resolution"]) == (6, "9:16", "1080p")
    assert set(changed) == {"width", "height", "duration_s"}


@pytest.mark.parametrize(("end", "kind"), [("filtered", "moderated"), ("declined", "moderated"), ("empty", "empty")])
def test_what_the_model_declines_is_its_failure(start: Start, end: str, kind: str) -> None:
    with pytest.raises(GenerationError) as caught:
        veo(start(ends={"cell": end})).generate(REQUEST)
    assert caught.value.kind == kind


def test_a_filtered_video_names_the_reason(start: Start) -> None:
    with pytest.raises(GenerationError, match="Your prompt was blocked: 29310472"):
        veo(start(ends={"cell": "filtered"})).generate(REQUEST)


@pytest.mark.parametrize("fault", ["429", "500", "503"])
def test_a_passing_fault_is_tried_again(start: Start, fault: str) -> None:
    assert made(veo(start(begins=[fault]))).frames == 6


def test_a_fault_that_stays_is_the_services(start: Start) -> None:
    with pytest.raises(VideoServiceError, match=r"answered 429: .*\(4 tries\)"):
        veo(start(begins=["429"] * 9)).generate(REQUEST)


def test_an_operation_that_breaks_is_begun_anew_next_time(start: Start) -> None:
    server = start(ends={"cell": "broken"})
    generator = veo(server)
    with pytest.raises(VideoServiceError, match="Internal error"):
        generator.generate(REQUEST)
    server.ends.clear()
    assert made(generator).frames == 6
    assert len(server.bodies) == 2


def test_an_operation_that_expired_is_begun_anew_next_time(start: Start) -> None:
    server = start(ends={"cell": "gone"})
    generator = veo(server)
    with pytest.raises(VideoServiceError, match="has expired; the same command begins another"):
        generator.generate(REQUEST)
    server.ends.clear()
    assert made(generator).frames == 6


def test_a_truncated_download_is_repeated_and_nothing_is_paid_twice(start: Start) -> None:
    server = start(downloads=["short", "short"])
    assert made(veo(server)).frames == 6
    assert len(server.bodies) == 1


def test_a_wrong_key_stops_the_run_and_is_not_shown(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start()
    monkeypatch.setenv("GOOGLE_API_KEY", "wrong-and-secret")
    with pytest.raises(RunStoppedError, match=r"Check the credentials \(GOOGLE_API_KEY\)") as caught:
        veo(server).generate(REQUEST)
    assert "wrong-and-secret" not in str(caught.value)


def test_an_id_that_is_not_served_stops_the_run(start: Start) -> None:
    with pytest.raises(RunStoppedError, match="veo-9 is not served here"):
        veo(start(begins=["404"]), model="veo-9").generate(REQUEST)


def test_retired_ids_are_named_before_anything_is_asked(start: Start) -> None:
    server = start()
    for model, date in RETIRED.items():
        with pytest.raises(InputError, match=f"{model} was announced to end on {date}; use -g model="):
            veo(server, model=model)
    assert made(veo(server, model="veo-3.0-generate-001", allow_retired=True)).frames == 6


def test_without_a_key_it_says_what_is_needed(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_API_KEY")
    with pytest.raises(InputError, match="Veo needs GOOGLE_CLOUD_PROJECT"):
        veo(start())


def test_a_stopped_run_takes_its_operation_up_again(start: Start, tmp_path: Path) -> None:
    server = start(polls=10**9)
    generator = veo(server, poll_s=600)
    generator.keep_in(tmp_path)

    def stop() -> None:
        pause = threading.Event()
        while not server.looks:
            pause.wait(0.01)
        generator.stop()

    threading.Thread(target=stop).start()
    with pytest.raises(RunStoppedError, match="takes it up again"):
        generator.generate(REQUEST)
    server.polls = 0
    again = veo(server)
    again.keep_in(tmp_path)
    assert made(again).frames == 6
    assert len(server.bodies) == 1


def test_it_conforms(start: Start) -> None:
    server = start(ends={"forbidden": "filtered"})
    check_generator(
        SPEC,
        live=True,
        settings={"base_url": server.url, **QUICK},
        refused=REQUEST.model_copy(update={"prompt": "forbidden"}),
    ).raise_if_failed()

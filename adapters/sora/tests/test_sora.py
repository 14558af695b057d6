"""The Sora adapter against a real server of the ``/v1/videos`` form."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from microworldbench_sora import microworldbench_generators

from microworldbench.errors import GenerationError, InputError
from microworldbench.generation.request import GenerationRequest
from microworldbench.plugins import load
from microworldbench.testing import check_generator

SERVERS = Path(__file__).parents[3] / "tests" / "servers"
if not SERVERS.is_dir():
    pytest.skip("the wire-form servers are part of the repository, not of this package", allow_module_level=True)
sys.path.insert(0, str(SERVERS))

from videos_server import VideosServer  # noqa: E402

SPEC = microworldbench_generators()[0]
REQUEST = GenerationRequest(task_id="t", prompt="A cell divides.")


def encode(form: Mapping[str, str]) -> bytes:
    from microworldbench.video import Video, write

    width, height = (int(side) for side in form["size"].split("x"))
    frames = np.zeros((int(form["seconds"]) * 2, height // 8, width // 8, 3), np.uint8)
    frames[1:, :40] = len(form["prompt"]) % 200 + 50
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "made.mp4", Video(frames, 2.0))
        return (Path(folder) / "made.mp4").read_bytes()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[VideosServer]:
    monkeypatch.setenv("OPENAI_API_KEY", "right")
    with VideosServer(encode, key="right", ends={"forbidden": "moderated"}) as running:
        yield running


def sora(server: VideosServer, **settings: Any) -> Any:
    return load(SPEC, {"base_urls": server.url, "poll_s": 0.01, **settings})[0]


def test_it_sends_what_soras_form_takes(server: VideosServer) -> None:
    sora(server).generate(REQUEST)
    assert server.forms == [{"prompt": "A cell divides.", "model": "sora-2", "size": "1280x720", "seconds": "4"}]


def test_sizes_and_lengths_are_the_nearest_of_the_form(server: VideosServer) -> None:
    sora(server).generate(REQUEST.model_copy(update={"width": 500, "height": 900, "duration_s": 9.0, "fps": 16.0}))
    assert (server.forms[0]["size"], server.forms[0]["seconds"]) == ("720x1280", "8")
    assert "fps" not in server.forms[0]


def test_a_declined_prompt_is_the_models_failure(server: VideosServer) -> None:
    with pytest.raises(GenerationError, match="moderation") as caught:
        sora(server).generate(REQUEST.model_copy(update={"prompt": "forbidden"}))
    assert caught.value.kind == "moderated"


@pytest.mark.parametrize("urls", [{}, {"base_urls": "https://api.openai.com/v1"}])
def test_openais_own_service_has_ended_and_it_says_what_to_do(
    urls: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(InputError, match=r"ended its Sora service on 2026-09-24.*folder:PATH.*base_urls="):
        load(SPEC, urls)


def test_it_conforms(server: VideosServer) -> None:
    check_generator(
        SPEC,
        live=True,
        settings={"base_urls": server.url, "poll_s": 0.01},
        refused=REQUEST.model_copy(update={"prompt": "forbidden"}),
    ).raise_if_failed()

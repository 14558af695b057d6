"""The ``/v1/videos`` client against a real server of its wire form: made once, resumed, failed over, told apart."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import microworldbench as bench
from microworldbench.errors import GenerationError, InputError, RunStoppedError
from microworldbench.generation.request import GenerationRequest
from microworldbench.generation.videos_api import VideosApiGenerator, VideosApiSettings, VideoServiceError
from microworldbench.hookspecs import GeneratorSpec
from microworldbench.runs import RunFolder
from microworldbench.settings import validated
from microworldbench.testing import check_generator
from microworldbench.video import VideoInfo, probe

Start = Callable[..., Any]
REQUEST = GenerationRequest(task_id="task-1", prompt="A cell divides.", seed=3)
QUICK = {"poll_s": 0.01, "retry_base_s": 0.01, "retries": 3}


def client(*servers: Any, **settings: Any) -> VideosApiGenerator:
    urls = tuple(getattr(server, "url", server) for server in servers)
    return VideosApiGenerator(VideosApiSettings(base_urls=urls, **{**QUICK, **settings}))


def made(generator: VideosApiGenerator, request: GenerationRequest = REQUEST) -> VideoInfo:
    return probe(generator.generate(request).video)


def test_a_job_is_created_watched_and_downloaded(videos_server: Start) -> None:
    server = videos_server(polls=2)
    info = made(client(server, model="wan", width=96, height=48, duration_s=0.5, fps=16))
    assert (info.width, info.height, info.fps, info.frames) == (96, 48, 16, 8)
    assert server.forms == [
        {"prompt": "A cell divides.", "model": "wan", "size": "96x48", "seconds": "0.5", "fps": "16", "seed": "3"}
    ]
    assert [line.split()[0] for line in server.seen] == ["POST", "GET", "GET", "GET", "GET"]


def test_what_the_server_made_differently_is_declared(videos_server: Start) -> None:
    server = videos_server()
    encode = server.make
    asked = REQUEST.model_copy(update={"width": 96, "height": 48, "duration_s": 0.51})
    assert client(server).generate(asked).changed == {}
    server.make = lambda form: encode({**form, "size": "64x48"})
    assert client(server).generate(asked.model_copy(update={"seed": 9})).changed == {"width": 64}


def test_only_what_was_asked_for_is_sent(videos_server: Start) -> None:
    server = videos_server()
    client(server, send_seed=False, extra={"num_inference_steps": 4, "tile": True}).generate(REQUEST)
    assert server.forms == [{"prompt": "A cell divides.", "num_inference_steps": "4", "tile": "true"}]


def test_a_lone_surrogate_does_not_stop_a_prompt(videos_server: Start) -> None:
    server = videos_server()
    client(server).generate(REQUEST.model_copy(update={"prompt": "cell \ud800 divides"}))
    assert server.forms[0]["prompt"] == "cell ? divides"


def test_a_synchronous_server_answers_with_the_file(videos_server: Start) -> None:
    server = videos_server(creates=["503", "ok"])
    assert made(client(server, mode="sync")).width == 64
    assert server.seen == ["POST /v1/videos/sync"] * 2


@pytest.mark.parametrize("fault", ["429", "429:0.02", "500", "503", "408", "drop", "nameless", "text"])
def test_a_passing_fault_is_tried_again(videos_server: Start, fault: str) -> None:
    server = videos_server(creates=[fault])
    assert made(client(server)).frames


def test_a_fault_that_stays_is_the_services_not_the_models(videos_server: Start) -> None:
    server = videos_server(creates=["500"] * 9)
    with pytest.raises(VideoServiceError, match=r"answered 500: scripted 500 \(4 tries\)"):
        client(server).generate(REQUEST)
    assert server.forms == []


@pytest.mark.parametrize("script", [{"creates": ["moderated"]}, {"ends": {"cell": "moderated"}}])
def test_a_declined_prompt_is_the_models_failure(videos_server: Start, script: Any) -> None:
    with pytest.raises(GenerationError, match="blocked by our moderation system") as caught:
        client(videos_server(**script)).generate(REQUEST)
    assert caught.value.kind == "moderated"


def test_a_job_that_breaks_is_the_services_fault_and_is_made_anew_next_time(
    videos_server: Start, tmp_path: Path
) -> None:
    server = videos_server(ends={"cell": "once broken"})
    generator = client(server)
    generator.keep_in(tmp_path)
    with pytest.raises(VideoServiceError, match="server_error: An internal error"):
        generator.generate(REQUEST)
    assert made(generator).frames
    assert len(server.forms) == 2


@pytest.mark.parametrize("end", ["once expired", "once forgotten"])
def test_an_expired_job_is_made_anew(videos_server: Start, end: str) -> None:
    server = videos_server(ends={"cell": end})
    assert made(client(server)).frames
    assert len(server.forms) == 2


def test_a_video_that_expired_before_its_download_is_made_anew(videos_server: Start) -> None:
    server = videos_server(contents=["gone"])
    assert made(client(server)).frames
    assert len(server.forms) == 2


def test_jobs_that_keep_expiring_are_given_up(videos_server: Start) -> None:
    server = videos_server(ends={"cell": "expired"})
    with pytest.raises(VideoServiceError, match="3 jobs in a row expired"):
        client(server).generate(REQUEST)


@pytest.mark.parametrize("fault", ["cut", "short", "500", "429:0.02"])
def test_a_truncated_download_is_repeated_and_nothing_is_paid_twice(videos_server: Start, fault: str) -> None:
    server = videos_server(contents=[fault, fault])
    assert made(client(server)).frames == 8
    assert len(server.forms) == 1


def test_a_download_that_stays_short_is_a_fault_that_keeps_its_job(videos_server: Start, tmp_path: Path) -> None:
    server = videos_server(contents=["short"] * 4)
    generator = client(server)
    generator.keep_in(tmp_path)
    with pytest.raises(VideoServiceError, match="not a whole video"):
        generator.generate(REQUEST)
    assert made(generator).frames
    assert len(server.forms) == 1


def test_three_equal_faults_of_a_service_stop_the_run(
    videos_server: Start, suite: Any, scripted: Any, run_path: Path
) -> None:
    server = videos_server(ends={"Show process": "broken"})
    with pytest.raises(RunStoppedError, match=r"3 equal faults in a row.*server_error"):
        bench.evaluate(client(server), suite, scripted(), run_path)


def test_faults_while_watching_are_borne(videos_server: Start) -> None:
    server = videos_server(polls=3, looks=["500", "ok", "429:0.02", "503"])
    assert made(client(server)).frames
    assert len(server.forms) == 1


def test_a_wrong_key_stops_the_run_and_is_not_shown(videos_server: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "sk-wrong-and-secret")
    server = videos_server(key="right")
    with pytest.raises(RunStoppedError, match=r"401.*Check MY_KEY") as caught:
        client(server, api_key_env="MY_KEY").generate(REQUEST)
    assert "sk-wrong-and-secret" not in str(caught.value)
    monkeypatch.setenv("MY_KEY", "right")
    assert made(client(server, api_key_env="MY_KEY")).frames


@pytest.mark.parametrize(("fault", "words"), [("quota", "no quota left"), ("404", "Check the model name 'wan'")])
def test_what_no_retry_can_mend_stops_the_run(videos_server: Start, fault: str, words: str) -> None:
    with pytest.raises(RunStoppedError, match=words):
        client(videos_server(creates=[fault]), model="wan").generate(REQUEST)


def test_a_refused_form_is_the_users_to_mend(videos_server: Start) -> None:
    with pytest.raises(InputError, match="answered 422: scripted 422"):
        client(videos_server(creates=["422"])).generate(REQUEST)


def test_without_a_server_it_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(InputError, match="no video server is named: pass -g base_urls="):
        VideosApiGenerator(VideosApiSettings())
    with pytest.raises(InputError, match=r"must be an http\(s\) URL such as"):
        client("ftp://user:secret@host/v1")


def test_addresses_and_waits_are_not_part_of_the_identity() -> None:
    settings = validated(VideosApiSettings, {"base_urls": "http://a/v1, http://b/v1", "model": "wan"}, owner="x")
    assert settings.base_urls == ("http://a/v1", "http://b/v1")
    assert set(settings.model_dump()) == {
        "model", "width", "height", "duration_s", "fps", "send_seed", "extra", "mode",
    }  # fmt: skip
    with pytest.raises(ValidationError):
        VideosApiSettings(per_server=0)
    with pytest.raises(ValidationError, match="prompt, seed are filled by requests"):
        VideosApiSettings(extra={"prompt": "x", "seed": 1, "steps": 2})


# ---- fleets


def test_a_fleet_shares_the_work(videos_server: Start, suite: Any, scripted: Any, run_path: Path) -> None:
    gate = threading.Event()
    servers = [videos_server(runs=gate) for _ in range(3)]
    generator = client(*servers)
    assert generator.max_concurrency == 3
    threading.Thread(target=lambda: (_until(lambda: all(s.forms for s in servers)), gate.set())).start()
    report = bench.evaluate(generator, suite, scripted(), run_path)
    assert report.coverage.missing == 0
    assert [len(server.forms) for server in servers] == [1, 1, 1]


def test_a_dead_server_is_passed_over(videos_server: Start) -> None:
    alive = videos_server()
    generator = client("http://127.0.0.1:9/v1", alive)
    for seed in range(3):
        assert made(generator, REQUEST.model_copy(update={"seed": seed})).frames
    assert len(alive.forms) == 3


def test_a_job_lost_with_its_server_is_made_by_another(videos_server: Start, tmp_path: Path) -> None:
    dying, alive = videos_server(looks=["500"] * 9), videos_server()
    generator = client(dying, alive)
    generator.keep_in(tmp_path)
    assert made(generator).frames
    assert (len(dying.forms), len(alive.forms)) == (1, 1)
    assert "lost" in (tmp_path / "jobs.jsonl").read_text()


def test_a_lone_server_that_is_lost_keeps_its_job_for_the_next_run(videos_server: Start, tmp_path: Path) -> None:
    server = videos_server(looks=["500"] * 4)
    generator = client(server)
    generator.keep_in(tmp_path)
    with pytest.raises(VideoServiceError, match="is kept, the same command asks for it again"):
        generator.generate(REQUEST)
    again = client(server)
    again.keep_in(tmp_path)
    assert made(again).frames
    assert len(server.forms) == 1


# ---- resuming

KILLED = """
import sys
from microworldbench.generation.videos_api import VideosApiGenerator, VideosApiSettings
import microworldbench as bench
from pathlib import Path

suite = bench.Suite.model_validate_json(Path(sys.argv[2]).read_text())
generator = VideosApiGenerator(VideosApiSettings(base_urls=(sys.argv[1],), poll_s=0.01, per_server=3))
bench.generate(generator, suite, out=sys.argv[3])
"""


def test_a_killed_run_takes_its_jobs_up_again_and_pays_nothing_twice(
    videos_server: Start, suite: Any, tmp_path: Path
) -> None:
    gate = threading.Event()
    server = videos_server(runs=gate)
    (tmp_path / "suite.json").write_text(suite.model_dump_json())
    run = tmp_path / "run"
    command = [sys.executable, "-c", KILLED, server.url, str(tmp_path / "suite.json"), str(run)]
    process = subprocess.Popen(command)
    try:
        _until(lambda: len(server.forms) == 3 and _lines(run / "generator" / "jobs.jsonl") == 3)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
    gate.set()
    subprocess.run(command, check=True, timeout=120)
    assert len(server.forms) == 3
    assert {g.status for g in RunFolder.read(run).generations().values()} == {"ok"}


def test_the_log_holds_no_prompt_and_no_credential(
    videos_server: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-1234567")
    server = videos_server(key="sk-secret-1234567")
    generator = client(server.url.replace("//", "//user:password@"))
    generator.keep_in(tmp_path)
    with pytest.raises(RunStoppedError):
        generator.generate(REQUEST)  # the address's own credentials replace the key
    plain = client(server)
    plain.keep_in(tmp_path)
    plain.generate(REQUEST)
    text = (tmp_path / "jobs.jsonl").read_text()
    assert "video_0" in text
    assert not any(word in text for word in ("secret", "password", "divides"))


def test_a_torn_last_line_is_cut_off_and_damage_is_named(tmp_path: Path) -> None:
    from microworldbench.generation.videos_jobs import Job, JobLog

    path = tmp_path / "jobs.jsonl"
    JobLog(path).created(Job("k1", "s", "v1"), REQUEST)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"event": "crea')
    assert JobLog(path).find("k1") == Job("k1", "s", "v1")
    assert path.read_bytes() == whole
    JobLog(path).ended(Job("k1", "s", "v1"), "expired")
    assert JobLog(path).find("k1") is None
    path.write_bytes(b"nonsense\n" + whole)
    with pytest.raises(InputError, match=r"jobs\.jsonl:1 is damaged"):
        JobLog(path)


def test_stopping_ends_a_wait_and_the_job_is_found_again(videos_server: Start, tmp_path: Path) -> None:
    gate = threading.Event()
    server = videos_server(runs=gate)
    generator = client(server, poll_s=600)
    generator.keep_in(tmp_path)
    threading.Thread(target=lambda: (_until(lambda: bool(server.forms)), generator.stop())).start()
    with pytest.raises(RunStoppedError, match="takes its job up again"):
        generator.generate(REQUEST)
    gate.set()
    generator.keep_in(tmp_path)
    assert made(generator).frames
    assert len(server.forms) == 1


def test_it_conforms(videos_server: Start) -> None:
    server = videos_server(ends={"forbidden": "moderated"})
    loads = VideosApiGenerator
    spec = GeneratorSpec("videos-api", loads, VideosApiSettings, "a service", "unknown", ("a server",))
    found = check_generator(
        spec,
        live=True,
        settings={"base_urls": server.url, "poll_s": 0.01},
        request=REQUEST,
        refused=REQUEST.model_copy(update={"prompt": "forbidden"}),
    )
    assert found.passed, found.lines()


def _until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(6000):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("it did not come about within a minute")


def _lines(path: Path) -> int:
    return len([json.loads(line) for line in path.read_bytes().splitlines()]) if path.exists() else 0

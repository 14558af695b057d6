from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from microworldbench._cli import main
from microworldbench.errors import InputError
from microworldbench.suites import fetch
from microworldbench.suites.reference import resolve


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]


@pytest.fixture
def server(tmp_path: Path, released_form: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    """Serves the fixture, pinned by its own sums; the cache is a fresh folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    sums = {n: hashlib.sha256((released_form / n).read_bytes()).hexdigest() for n in fetch.SHA256}
    monkeypatch.setattr(fetch, "SHA256", sums)
    running = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(released_form)))
    running.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


def address(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}/"


def test_after_fetching_released_works_by_name(server: ThreadingHTTPServer) -> None:
    fetch.fetch_released(address(server))
    assert len(resolve("released").tasks) == 4


def test_what_is_cached_is_not_fetched_again(server: ThreadingHTTPServer) -> None:
    fetch.fetch_released(address(server))
    fetch.fetch_released(address(server))
    assert len(server.asked) == 3  # type: ignore[attr-defined]


def test_a_file_with_another_sum_is_refused_and_not_kept(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fetch.SHA256, "finaltasks.json", "0" * 64)
    with pytest.raises(fetch.FetchError, match=r"finaltasks\.json is not the pinned file"):
        fetch.fetch_released(address(server))
    assert sorted(path.name for path in fetch.cache_folder().iterdir()) == [
        "MWBenchRubrics.json",
        "MWBenchRubrics_norm.json",
    ]


def test_a_cached_file_that_changed_is_refused_and_fetched_again(server: ThreadingHTTPServer) -> None:
    folder = fetch.fetch_released(address(server))
    (folder / "finaltasks.json").write_text("[]")
    with pytest.raises(InputError, match=r"finaltasks\.json has changed"):
        resolve("released")
    fetch.fetch_released(address(server))
    assert len(resolve("released").tasks) == 4


def test_a_server_that_lacks_the_file_is_named(server: ThreadingHTTPServer) -> None:
    with pytest.raises(fetch.FetchError, match=r"cannot download MWBenchRubrics\.json: the server answered 404"):
        fetch.fetch_released(address(server) + "elsewhere")


@pytest.mark.parametrize("url", ["file:///etc", "ftp://host/x", "host/x", "http://"])
def test_only_web_addresses_are_fetched_from(url: str) -> None:
    with pytest.raises(InputError, match="must begin with https"):
        fetch.fetch_released(url)


def test_a_cache_that_cannot_be_written_to_is_named(
    server: ThreadingHTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(InputError, match="cannot write to"):
        fetch.fetch_released(address(server))


def test_the_pinned_address_names_the_commit() -> None:
    assert fetch.COMMIT in fetch.BASE_URL
    assert fetch.BASE_URL.startswith("https://")


def test_the_command_says_where_the_files_are(server: ThreadingHTTPServer, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["suites", "fetch", "released", "--from", address(server), "--json"])
    assert stop.value.code == 0
    assert json.loads(capsys.readouterr().out)["folder"] == str(fetch.cache_folder())


def test_the_command_exits_with_one_where_nothing_can_be_fetched(
    server: ThreadingHTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["suites", "fetch", "released", "--from", address(server) + "elsewhere"])
    assert stop.value.code == 1
    assert "the server answered 404" in capsys.readouterr().err

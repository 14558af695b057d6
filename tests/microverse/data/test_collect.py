"""Collecting against a local server that answers in the API's form, and misbehaves on purpose."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from microverse.data.collect.api import QuotaError, YouTube
from microverse.data.collect.collector import Collector, availability
from microverse.data.collect.details import read_item
from microverse.data.collect.plan import Collection, read_plan
from microworldbench.errors import InputError, RunStoppedError

KEY = "AIza-test-0123456789abcdef"
DAY = datetime(2026, 11, 20, 20, tzinfo=UTC)


def video(number: int) -> str:
    return f"video{number:06d}"


class Api:
    """Two terms of three pages with 50 hits, ten of them twice; some videos changed between search and details."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.faults: dict[int, str] = {}
        self.headers: list[dict[str, str]] = []
        self.licence: Callable[[str], str] = lambda v: "youtube" if v.endswith("7") else "creativeCommon"
        self.gone = {video(3)}

    def search(self, asked: dict[str, str]) -> dict[str, Any]:
        page = int(asked.get("pageToken", "p0")[1:])
        offset = {"mitosis": 0, "blood": 140}[asked["q"]]
        ids = [video(offset + 50 * page + i) for i in range(50)]
        answer: dict[str, Any] = {"items": [{"id": {"kind": "youtube#video", "videoId": v}} for v in ids]}
        return answer | ({"nextPageToken": f"p{page + 1}"} if page < 2 else {})

    def videos(self, asked: dict[str, str]) -> dict[str, Any]:
        return {"items": [self.item(v) for v in asked["id"].split(",") if v not in self.gone]}

    def item(self, v: str) -> dict[str, Any]:
        return {
            "id": v,
            "snippet": {
                "title": f"About {v}",
                "description": "d",
                "channelTitle": "c",
                "publishedAt": "2020-01-01T00:00:00Z",
            },
            "contentDetails": {"duration": "PT1H2M3S", "definition": "sd" if v.endswith("8") else "hd"},
            "status": {"license": self.licence(v), "privacyStatus": "public"},
            "statistics": {"viewCount": "12", "likeCount": "3"},
        }


def refusal(status: int, reason: str, message: str) -> tuple[int, bytes]:
    body = {"error": {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}}
    return status, json.dumps(body).encode()


FAULTS = {
    "quota": refusal(403, "quotaExceeded", "The request cannot be completed because you have exceeded your quota."),
    "key": refusal(400, "badRequest", f"API key not valid: {KEY}. Please pass a valid API key."),
    "token": refusal(400, "invalidPageToken", "The page token is not valid."),
    "500": (500, b"<html>oops</html>"),
    "junk": (200, b'{"items": [{"id": {"vid'),
    "rate": refusal(403, "rateLimitExceeded", "slow down"),
}


@pytest.fixture
def api() -> Iterator[tuple[Api, str]]:
    state = Api()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            number = len(state.calls)
            state.calls.append((parts.path.rpartition("/")[2], asked))
            state.headers.append(dict(self.headers))
            fault = state.faults.get(number)
            if fault == "drop":  # in the middle of a page
                self.send_response(200)
                self.send_header("Content-Length", "5000")
                self.end_headers()
                self.wfile.write(b'{"items": [')
                return
            if fault == "redirect":
                self.send_response(302)
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.end_headers()
                return
            status, body = FAULTS.get(fault or "", (200, b""))
            if not fault:
                body = json.dumps(getattr(state, state.calls[-1][0])(asked)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield state, f"http://127.0.0.1:{server.server_address[1]}/youtube/v3"
    server.shutdown()
    server.server_close()
    thread.join(5)


def plan(url: str, **changes: Any) -> Collection:
    values = {"terms": ["mitosis", "blood"], "after": "2020-01-01", "before": "2020-12-01", "base_url": url}
    return Collection.model_validate({**values, **changes})


def collector(folder: Path, url: str, now: datetime = DAY, **changes: Any) -> Collector:
    api = YouTube(url, KEY, pause=lambda seconds: None)
    return Collector(folder, plan(url, **changes), api, now=lambda: now)


def test_pages_are_read_to_the_end_and_details_decide(api: tuple[Api, str], tmp_path: Path) -> None:
    state, url = api
    usable = collector(tmp_path, url).collect()
    assert [kind for kind, _ in state.calls].count("search") == 6
    assert [kind for kind, _ in state.calls].count("videos") == 6  # 290 different videos, 50 a call
    ids = {each.video_id for each in usable}
    assert ids == {video(n) for n in range(290) if n % 10 not in (7, 8) and n != 3}
    assert usable[0].duration_s == 3723
    assert usable[0].statistics.views == 12
    assert usable[0].statistics.comments is None
    dropped = collector(tmp_path, url).dropped
    assert dropped == {"licence is no longer Creative Commons": 29, "not in high definition": 29, "gone": 1}
    lines = (tmp_path / "collected.jsonl").read_text().splitlines()
    assert {json.loads(line)["video_id"] for line in lines} == ids


def test_the_key_travels_in_a_header_and_is_written_nowhere(api: tuple[Api, str], tmp_path: Path) -> None:
    state, url = api
    collector(tmp_path, url).collect()
    assert all(headers["X-Goog-Api-Key"] == KEY for headers in state.headers)
    assert not any(KEY in json.dumps(asked) for _, asked in state.calls)
    assert not any(KEY.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize("stop", range(1, 12, 2))
def test_a_kill_anywhere_repeats_no_answered_call(api: tuple[Api, str], tmp_path: Path, stop: int) -> None:
    state, url = api
    state.faults = {stop: "quota"}
    with pytest.raises(QuotaError, match="midnight Pacific"):
        collector(tmp_path, url).collect()
    with (tmp_path / "calls.jsonl").open("a") as log:
        log.write('{"kind": "search", "term": "mito')  # torn by the kill
    state.faults = {}
    resumed = collector(tmp_path, url).collect()
    answered = [call for number, call in enumerate(state.calls) if number != stop]
    assert len({json.dumps(call) for call in answered}) == len(answered) == 12
    assert len(resumed) == 231


def test_the_days_budget_is_kept_across_commands_and_renewed(api: tuple[Api, str], tmp_path: Path) -> None:
    state, url = api
    for _ in range(2):
        with pytest.raises(QuotaError, match="today's 4 search calls"):
            collector(tmp_path, url, searches_a_day=4).collect()
    assert len(state.calls) == 4
    later = DAY + timedelta(hours=11)  # 23:00 the same day in California
    with pytest.raises(QuotaError):
        collector(tmp_path, url, now=later, searches_a_day=4).collect()
    usable = collector(tmp_path, url, now=DAY + timedelta(hours=13), searches_a_day=4).collect()
    assert len(usable) == 231


@pytest.mark.parametrize("fault", ["500", "junk", "drop", "rate"])
def test_a_passing_trouble_is_tried_again(api: tuple[Api, str], tmp_path: Path, fault: str) -> None:
    state, url = api
    state.faults = {1: fault, 2: fault, 9: fault}
    assert len(collector(tmp_path, url).collect()) == 231


def test_a_lasting_trouble_stops_and_keeps_what_there_is(api: tuple[Api, str], tmp_path: Path) -> None:
    state, url = api
    state.faults = dict.fromkeys(range(2, 40), "drop")
    with pytest.raises(RunStoppedError, match="cannot be reached"):
        collector(tmp_path, url).collect()
    assert len((tmp_path / "calls.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize("fault", ["key", "redirect"])
def test_a_wrong_key_is_said_without_showing_it(api: tuple[Api, str], tmp_path: Path, fault: str) -> None:
    state, url = api
    state.faults = dict.fromkeys(range(40), fault)
    with pytest.raises((InputError, RunStoppedError)) as caught:
        collector(tmp_path, url).collect()
    assert KEY not in str(caught.value)
    if fault == "key":
        assert "YOUTUBE_API_KEY" in str(caught.value)
        assert len(state.calls) == 1


def test_a_forgotten_page_token_ends_its_query_only(api: tuple[Api, str], tmp_path: Path) -> None:
    state, url = api
    state.faults = {1: "token"}
    found = collector(tmp_path, url)
    found.collect()
    assert [kind for kind, _ in state.calls].count("search") == 5
    assert len(found._ids) == 200


def test_refreshing_asks_only_for_what_is_old(api: tuple[Api, str], tmp_path: Path) -> None:
    state, url = api
    collector(tmp_path, url).collect()
    before = len(state.calls)
    collector(tmp_path, url, now=DAY + timedelta(days=10)).refresh()
    assert len(state.calls) - before == 1  # the one that was gone
    state.licence = lambda v: "youtube"
    assert collector(tmp_path, url, now=DAY + timedelta(days=31)).refresh() == []


def test_availability_says_what_became_of_each(api: tuple[Api, str]) -> None:
    _, url = api
    found = dict(availability([video(1), video(3), video(7)], YouTube(url, KEY), DAY))
    assert found == {
        video(1): "available",
        video(3): "gone",
        video(7): "licence is no longer Creative Commons",
    }


def test_an_answer_full_of_surprises_is_read_without_harm() -> None:
    item = {
        "id": video(1),
        "snippet": None,
        "status": [],
        "contentDetails": {"duration": 5},
        "statistics": {"viewCount": "-1"},
    }
    found = read_item(item, DAY.isoformat())
    assert (found.title, found.licence, found.duration_s, found.statistics.views) == ("", "unknown", None, None)
    assert found.obstacle


@pytest.mark.parametrize("key", ["", "two words", "naïve"])
def test_a_key_that_cannot_be_one_is_refused(key: str) -> None:
    with pytest.raises(InputError, match="YOUTUBE_API_KEY"):
        YouTube(key=key)


def test_the_key_is_not_sent_in_the_clear() -> None:
    with pytest.raises(InputError, match="https"):
        YouTube("http://example.org/youtube/v3", KEY)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("terms: []\nbefore: 2020-01-01", r"plan.yaml:1.*terms"),
        ("terms: [a]\nafter: 2021-01-01\nbefore: 2020-01-01", "after must be before"),
        ("terms: [a]\nbefore: 2020-01-01\nspeed: 3", r"plan.yaml:3.*speed"),
    ],
)
def test_a_wrong_plan_names_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        read_plan(path)


def test_windows_cover_the_time_without_overlap() -> None:
    queries = list(plan("https://example.org", terms=["a"], step_days=100).queries())
    assert [q.after for q in queries][1:] == [q.before for q in queries][:-1]
    assert (queries[0].after, queries[-1].before) == ("2020-01-01T00:00:00Z", "2020-12-01T00:00:00Z")

"""Anything may be sent to the workbench; it never breaks, and what it took before stays whole."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from microworldbench.review.desk import Desk
from microworldbench.review.store.board import Board, Slot
from microworldbench.review.web.guards import Limiter

ANY_TEXT = st.text(max_size=40)
SEGMENTS = st.sampled_from(
    ["", "item", "1", "0", "-1", "99999999999999999999", "1.5", "enter", "video", "static", "hand-in", "device",
     "leave", "theme.css", "..", "%2e%2e", "%00", "%ff", "key", "events.jsonl", "study.json"]
)  # fmt: skip
PATHS = st.one_of(
    st.lists(SEGMENTS, max_size=4).map(lambda parts: "/" + "/".join(parts)),
    ANY_TEXT.map(lambda text: "/" + quote(text, safe="/%?&=")),
    ANY_TEXT.map(lambda text: "/enter/" + quote(text, safe="")),
    ANY_TEXT.map(lambda text: "/video/" + quote(text, safe="")),
    ANY_TEXT.map(lambda text: "/item/1?" + quote(text, safe="&=")),
)
HEADER_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
HEADERS = st.dictionaries(
    st.sampled_from(["Range", "Accept", "Origin", "Referer", "If-Range", "If-Modified-Since", "Sec-Fetch-Site",
                     "Expect", "X-Forwarded-For", "Content-Encoding", "Accept-Encoding", "Transfer-Encoding"]),
    st.one_of(HEADER_TEXT, st.sampled_from(["bytes=0-1", "bytes=-1", "bytes=9-1", "bytes=0-,0-,0-", "text/html"])),
    max_size=3,
)  # fmt: skip
FIELDS = st.dictionaries(
    st.one_of(st.sampled_from(["answer", "level", "why", "_form", "_go", "_active", "_v"]), ANY_TEXT),
    st.one_of(
        st.sampled_from(["relevant", "unsure", "organ", "", "next", "back", "nan", "1e999", "-1", "<script>"]), ANY_TEXT
    ),
    max_size=6,
)
FUZZ = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
def served(make: Any, make_suite: Any, serving: Any) -> Iterator[Any]:
    with serving(make("relevance", suite=make_suite(2)), limiter=Limiter(rate=1e6, burst=10**9)) as served:
        yield served


def exchange(port: int, request: bytes) -> int:
    """Status of the reply to raw bytes; 0 where the server hung up on something that was no request."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        reply = b""
        while part := connection.recv(65536):
            reply += part
    return int(reply.split(b" ", 2)[1]) if reply.startswith(b"HTTP/") else 0


def written(method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body


def test_no_request_breaks_the_workbench(served: Any) -> None:
    ann = served.visitor("Ann")
    seal = ann.get("/item/1").form
    session = ann.cookies["mwb-review"]

    @FUZZ
    @given(
        st.sampled_from(["GET", "GET", "POST", "POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"]),
        PATHS,
        HEADERS,
        st.sampled_from([session, session, session[:-1], "", "x" * 400]),
        FIELDS,
        st.booleans(),
        st.sampled_from(["application/x-www-form-urlencoded"] * 3 + ["application/json", "", "text/plain; charset=x"]),
    )
    def fuzz(method: str, path: str, headers: dict, cookie: str, fields: dict, sealed: bool, kind: str) -> None:
        body = urlencode({**fields, **({"_form": seal} if sealed else {})}, errors="surrogatepass").encode()
        head = {
            "Host": f"127.0.0.1:{served.port}",
            "Connection": "close",
            "Cookie": f"mwb-review={cookie}",
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            **headers,
        }
        assert exchange(served.port, written(method, path, head, body)) < 500

    fuzz()
    assert ann.get("/").status == 200
    board = Board.read(served.desk.folder.path / "events.jsonl")  # raises where the log is damaged
    assert board.last == served.desk.board.last


def test_no_answer_breaks_the_workbench_or_its_log(served: Any) -> None:
    ann = served.visitor("Ann")

    @FUZZ
    @given(st.sampled_from(["relevant", "not_relevant", "unsure", ""]), st.text(max_size=300), st.text(max_size=9))
    def fuzz(answer: str, why: str, active: str) -> None:
        form = ann.get("/item/1").form
        fields = {"answer": answer, "why": why, "_form": form, "_active": active}
        reply = ann.post(
            "/item/1", urlencode(fields, errors="surrogatepass"), content_type="application/x-www-form-urlencoded"
        )
        assert reply.status == 303
        assert ann.get("/item/1").status == 200

    fuzz()
    Board.read(served.desk.folder.path / "events.jsonl")


REWORDED = {"action.c1": "modify", "why.c1": "why", **{f"action.c{n}": "keep" for n in (2, 3, 4)}}
ADDED = {"statement": "It is new.", "dimension": "visual_quality", "polarity": "reward", "weight": "0.5", "why": "so"}


@pytest.fixture
def study(make: Any, make_suite: Any, run_with_videos: Any, make_clips: Any, answered: Any) -> Callable[[str], Any]:
    """A study of a kind; of a revision, ``ballot`` and ``cases`` are its later rounds."""

    def made(kind: str) -> Any:
        if kind in ("verdict", "pair"):
            runs = [run_with_videos(name, make_suite(1)) for name in ("alpha", "beta")]
            return make(kind, runs=runs[: 1 if kind == "verdict" else 2])
        if kind in ("clip", "caption"):
            return make(kind, clips=make_clips(1))
        folder = make("revise", suite=make_suite(1))
        names = ("Ann", "Bob", "Cy")
        first = {name: {**REWORDED, "statement.c1": f"As {name} says."} for name in names}
        first["Ann"] |= {f"new.1.{part}": said for part, said in ADDED.items()}
        if kind in ("ballot", "cases"):
            folder = answered(folder, {name: lambda _item, own=own: own for name, own in first.items()})
        if kind == "cases":
            with Desk(folder) as desk:
                form = desk.order.sheet(Slot("task-000"), 2).form
            votes = {n: field.options for n, field in form.items() if n.startswith("vote.")}
            split = [{n: o[place % len(o)] for n, o in votes.items()} for place in range(3)]
            folder = answered(folder, {n: lambda _item, own=own: own for n, own in zip(names, split, strict=True)})
        return folder

    return made


@pytest.mark.parametrize("kind", ["revise", "ballot", "cases", "verdict", "pair", "clip", "caption"])
def test_whatever_is_sent_to_a_page_it_can_be_opened_again(study: Any, serving: Any, kind: str) -> None:
    with serving(study(kind), limiter=Limiter(rate=1e6, burst=10**9)) as served:
        ann = served.visitor("Ann")
        desk = served.desk
        (slot, *_) = desk.order.slots("e1", desk.board.round)
        form = desk.order.sheet(slot, desk.board.round).form
        options = sorted({option for field in form.values() for option in getattr(field, "options", ())})

        @settings(FUZZ, max_examples=30)
        @given(
            st.dictionaries(
                st.sampled_from(sorted(form)) | ANY_TEXT, st.sampled_from(options) | st.text(max_size=200), max_size=12
            )
        )
        def fuzz(fields: dict[str, str]) -> None:
            sealed = {**fields, "_form": ann.get("/item/1").form}
            sent = urlencode(sealed, errors="surrogatepass")
            status = ann.post("/item/1", sent, content_type="application/x-www-form-urlencoded").status
            assert status in (303, 422)
            for path in ("/item/1", "/item/1?check", "/"):
                assert ann.get(path).status == 200

        fuzz()
        Board.read(desk.folder.path / "events.jsonl")


@given(st.binary(max_size=300))
@FUZZ
def test_no_bytes_break_the_seal(data: bytes) -> None:
    from microworldbench.review.web.sealing import Seal

    seal = Seal(b"key")
    text = data.decode("utf-8", "replace")
    assert seal.open(text) is None
    content = {"s": text[:20], "v": len(data)}
    assert seal.open(seal.close(content)) == content
    assert Seal(b"other key").open(seal.close(content)) is None

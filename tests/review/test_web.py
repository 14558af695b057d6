"""The workbench over HTTP: who is let in, what is kept, and what is never told."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from microworldbench.review.store.board import Slot
from microworldbench.review.web.guards import HEADERS, Limiter
from microworldbench.review.web.sealing import Seal

HOSTILE = "</textarea></script><script>alert(1)</script>\"' onfocus=alert(1) <img src=x onerror=alert(1)>{{ 7*7 }}"


@pytest.fixture
def pair(make: Any, make_suite: Any, run_with_videos: Any, serving: Any) -> Iterator[Any]:
    runs = [run_with_videos(name, make_suite(3)) for name in ("alpha-secret", "beta-secret")]
    with serving(make("pair", runs=runs)) as served:
        yield served


@pytest.fixture
def relevance(make: Any, make_suite: Any, serving: Any) -> Iterator[Any]:
    with serving(make("relevance", suite=make_suite(4))) as served:
        yield served


def test_a_link_becomes_a_cookie_and_is_gone_from_the_address(pair: Any) -> None:
    link, ann = pair.invite("Ann"), pair.visitor()
    page = ann.get(link)
    assert (page.status, "Invitation for Ann" in page.text) == (200, True)
    assert "set-cookie" not in page.headers  # looking at a link, as mail programs do, does not use it
    entered = ann.post(link, {})
    assert (entered.status, entered.headers["location"]) == (303, "/")
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    home = ann.get("/")
    assert home.status == 200
    assert link.rpartition("/")[2] not in home.text


def test_cookies_go_over_https_only_where_a_proxy_offers_it(make: Any, make_suite: Any, serving: Any) -> None:
    with serving(make("relevance", suite=make_suite(1)), url="https://review.example.org") as served:
        headers = {"host": "review.example.org", "origin": "https://review.example.org"}
        entered = served.visitor().post(served.invite("Ann"), {}, **headers)
        assert "Secure" in entered.headers["set-cookie"]


@pytest.mark.parametrize("path", ["/", "/item/1", "/video/0123456789abcdef0123456789abcdef.mp4"])
def test_strangers_are_told_to_open_their_link(pair: Any, path: str) -> None:
    reply = pair.visitor().get(path)
    assert reply.status == 401
    assert "personal link" in reply.text


@pytest.mark.parametrize("token", ["x", "x" * 300, "..%2f..%2fetc%2fpasswd", "%00", "%ff%fe", "'--"])
def test_a_forged_link_opens_nothing(pair: Any, token: str) -> None:
    for method in ("GET", "POST"):
        reply = pair.visitor().ask(method, f"/enter/{token}", {} if method == "POST" else None)
        assert reply.status in (404, 410)
        assert "set-cookie" not in reply.headers


def test_every_reply_tells_browsers_what_is_allowed(pair: Any) -> None:
    ann = pair.visitor("Ann")
    for path in ("/", "/item/1", "/nowhere", "/static/theme.css", "/enter/forged"):
        headers = ann.get(path).headers
        assert {name: headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in HEADERS["content-security-policy"]
    assert ann.get("/").headers["cache-control"] == "no-store"
    assert "server" not in ann.get("/").headers


def test_another_name_for_this_address_is_refused(pair: Any) -> None:
    ann = pair.visitor("Ann")
    assert ann.get("/", host="evil.example").status == 421
    assert ann.get("/", host=f"localhost:{pair.port}").status == 200
    assert ann.get("/", host="").status in (400, 421)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_a_form_sent_from_another_site_is_refused(relevance: Any, headers: dict) -> None:
    ann = relevance.visitor("Ann")
    assert ann.answer(1, {"answer": "relevant"}, **headers).status == 403
    assert not relevance.desk.board.versions


def test_a_form_needs_its_seal(relevance: Any) -> None:
    ann, bob = relevance.visitor("Ann"), relevance.visitor("Bob")
    theirs = bob.get("/item/1").form
    forged = Seal(b"another key").close({"e": "e1", "r": 1, "i": "task-000", "w": False, "v": 0, "t": 0})
    own = ann.get("/item/1").form
    broken = own[:-1] + ("1" if own.endswith("0") else "0")
    for seal in (None, "", "x", "a.b", theirs, forged, broken):
        fields = {"answer": "relevant"} | ({} if seal is None else {"_form": seal})
        assert ann.post("/item/1", fields).status == 403
    assert not relevance.desk.board.versions


def test_a_page_left_open_can_be_saved_after_signing_in_anew(relevance: Any) -> None:
    ann = relevance.visitor("Ann")
    form = ann.get("/item/1").form
    again = relevance.visitor("Ann")  # another link, another session
    assert again.post("/item/1", {"answer": "unsure", "_form": form}).status == 303


def test_an_answer_is_saved_and_the_next_open_page_follows(relevance: Any) -> None:
    ann = relevance.visitor("Ann")
    reply = ann.answer(1, {"answer": "relevant", "why": HOSTILE})
    assert (reply.status, reply.headers["location"]) == (303, "/item/2")
    page = ann.get("/item/1").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "{{ 7*7 }}" in page
    assert re.search(r'value="relevant" checked', page)
    first = relevance.desk.order.slots("e1", 1)[0]
    assert relevance.desk.board.fields("e1", 1, first)["why"] == HOSTILE


def test_a_reply_says_what_another_tab_saved_meanwhile(relevance: Any) -> None:
    ann = relevance.visitor("Ann")
    form = ann.get("/item/1").form
    ann.answer(1, {"answer": "unsure", "level": ""})
    sent = {"answer": "", "level": "", "why": "because", "_form": form, "_go": "stay"}
    reply = json.loads(ann.post("/item/1", sent, accept="application/json").body)
    assert reply["fields"] == {"answer": "unsure"}
    again = json.loads(
        ann.post("/item/1", {**sent, "answer": "unsure", "_form": reply["form"]}, accept="application/json").body
    )
    assert again["fields"] == {}
    assert relevance.desk.board.fields("e1", 1, relevance.desk.order.slots("e1", 1)[0])["answer"] == "unsure"


def test_an_open_page_is_saved_and_says_what_is_missing(relevance: Any) -> None:
    ann = relevance.visitor("Ann")
    reply = ann.answer(1, {"why": "I must look this up"})
    assert reply.headers["location"] == "/item/1?check"
    page = ann.get(reply.headers["location"]).text
    assert "1 thing is still missing" in page
    assert "I must look this up" in page


def test_too_long_a_text_is_given_back_not_lost(relevance: Any) -> None:
    ann = relevance.visitor("Ann")
    reply = ann.answer(1, {"answer": "unsure", "why": "mitosis " * 4000})
    assert reply.status == 422
    assert "at most 20,000 are kept" in reply.text
    assert reply.text.count("mitosis ") >= 3999
    assert ann.answer(1, {"answer": "unsure", "why": "x" * 10_000}).status == 303


def test_a_page_saves_in_the_background_and_keeps_its_place(relevance: Any) -> None:
    ann = relevance.visitor("Ann")
    first = ann.answer(1, {"why": "hm"}, go="stay", accept="application/json")
    assert first.status == 200
    import json

    told = json.loads(first.body)
    assert (told["saved"], told["gaps"], told["go"]) == (True, {"answer": "choose one"}, "/item/1")
    again = ann.post(
        "/item/1", {"answer": "relevant", "why": "hm", "_form": told["form"], "_go": "next"}, accept="application/json"
    )
    assert json.loads(again.body)["go"] == "/item/2"
    refused = ann.answer(2, {"answer": "perhaps"}, accept="application/json")
    assert (refused.status, json.loads(refused.body)["saved"]) == (422, False)
    gone = relevance.visitor().post("/item/1", {"_form": told["form"]}, accept="application/json")
    assert (gone.status, json.loads(gone.body)["saved"]) == (401, False)


def test_double_clicks_make_one_event(relevance: Any) -> None:
    ann = relevance.visitor("Ann")
    form = ann.get("/item/1").form
    threads = [
        threading.Thread(target=ann.post, args=("/item/1", {"answer": "relevant", "_form": form})) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    slot = relevance.desk.order.slots("e1", 1)[0]
    assert len(relevance.desk.board.versions["e1", 1, slot]) == 1


def test_no_page_of_a_blind_study_names_a_generator_a_judge_or_another_expert(pair: Any) -> None:
    ann, bob = pair.visitor("Ann"), pair.visitor("Bob")
    bob.answer(1, {"choice": "left", "why": "what Bob thinks"})
    seen = "".join(ann.get(path).text for path in ("/", "/item/1", "/item/2", "/item/3"))
    for secret in ("alpha-secret", "beta-secret", "Bob", ">e2<", "source_sha256"):
        assert secret not in seen


def test_a_video_comes_in_ranges_under_a_name_that_says_nothing(pair: Any) -> None:
    ann = pair.visitor("Ann")
    (left, right) = re.findall(r'src="(/video/[0-9a-f]{32}\.mp4)"', ann.get("/item/1").text)
    assert left != right
    whole = ann.get(left)
    assert (whole.status, whole.headers["content-type"]) == (200, "video/mp4")
    assert whole.headers["last-modified"].endswith("1970 00:00:00 GMT")
    part = ann.get(left, range="bytes=10-19")
    assert (part.status, part.body) == (206, whole.body[10:20])
    assert ann.get(left, range=f"bytes={len(whole.body)}-").status == 416
    assert ann.get(left, range="bytes=nonsense").status == 400
    assert ann.ask("HEAD", left).body == b""


@pytest.mark.parametrize(
    "name",
    ["..%2fkey", "../key", "%2e%2e/events.jsonl", "....//key", "key", "", "%00.mp4", "C:%5ckey", "0" * 32 + ".mp4"],
)
def test_no_video_address_leads_anywhere_else(pair: Any, name: str) -> None:
    reply = pair.visitor("Ann").get(f"/video/{name}")
    assert reply.status == 404
    assert pair.desk.folder.key.hex() not in reply.text


def test_a_video_that_was_deleted_says_so(pair: Any) -> None:
    ann = pair.visitor("Ann")
    video = re.search(r'src="(/video/[^"]+)"', ann.get("/item/1").text)[1]
    (pair.desk.folder.videos / video.rpartition("/")[2]).unlink()
    assert ann.get(video).status == 410


@pytest.mark.parametrize("number", [0, 5, 10**30])
def test_a_page_that_does_not_exist_is_not_found(relevance: Any, number: int) -> None:
    assert relevance.visitor("Ann").get(f"/item/{number}").status == 404


def test_a_removed_expert_is_out_at_once(relevance: Any) -> None:
    ann = relevance.visitor("Ann")
    form = ann.get("/item/1").form
    relevance.desk.access.remove("Ann")
    assert ann.get("/item/1").status == 401
    assert ann.post("/item/1", {"answer": "relevant", "_form": form}).status == 401


def test_handing_in_needs_every_page_and_then_closes_them(relevance: Any) -> None:
    ann = relevance.visitor("Ann")
    stale = ann.get("/item/1").form
    assert "Hand in" not in ann.get("/").text
    for number in range(1, 5):
        ann.answer(number, {"answer": "relevant"})
    assert "Hand in" in ann.get("/").text
    ann.hand_in()
    assert "Handed in" in ann.get("/").text
    late = ann.post("/item/1", {"answer": "unsure", "_form": stale})
    assert (late.status, "can no longer change" in late.text) == (409, True)
    assert "disabled" in ann.get("/item/1").text


def test_another_device_gets_a_link_of_its_own(relevance: Any) -> None:
    ann = relevance.visitor("Ann")
    page = ann.post("/device", {"_form": ann.get("/").form})
    link = re.search(r'value="http://[^/]+(/enter/[^"]+)"', page.text)[1]
    phone = relevance.visitor()
    assert phone.post(link, {}).status == 303
    ann.answer(1, {"answer": "relevant"})
    assert 'value="relevant" checked' in phone.get("/item/1").text


def test_signing_out_forgets_the_browser(relevance: Any) -> None:
    ann = relevance.visitor("Ann")
    gone = ann.post("/leave", {"_form": ann.get("/").form})
    assert "Max-Age=0" in gone.headers["set-cookie"]


def test_a_restarted_server_knows_sessions_and_open_pages(make: Any, make_suite: Any, serving: Any) -> None:
    from microworldbench.review.studies.folder import StudyFolder

    folder = make("relevance", suite=make_suite(2))
    with serving(folder) as served:
        ann = served.visitor("Ann")
        form = ann.get("/item/1").form
    with serving(StudyFolder(folder.path)) as served:
        ann.port = served.port
        assert ann.post("/item/1", {"answer": "unsure", "_form": form}).status == 303
        assert served.desk.board.fields("e1", 1, served.desk.order.slots("e1", 1)[0]) == {"answer": "unsure"}


def test_too_many_requests_are_slowed_down_one_caller_at_a_time(make: Any, make_suite: Any, serving: Any) -> None:
    with serving(make("relevance", suite=make_suite(1)), limiter=Limiter(rate=0.1, burst=10)) as served:
        ann, bob = served.visitor("Ann"), served.visitor("Bob")
        replies = [ann.get("/") for _ in range(15)]
        assert [reply.status for reply in replies].count(429) == 5
        assert int(replies[-1].headers["retry-after"]) >= 1
        assert bob.get("/").status == 200
        bob.cookies["mwb-review"] = "made up"
        strangers = [bob.get("/").status for _ in range(15)]
        bob.cookies["mwb-review"] = "made up anew"  # another name for the same stranger
        assert bob.get("/").status == 429
        assert 429 in strangers


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("x" * 5_000_000, "application/x-www-form-urlencoded", 413),
        ("{}", "application/json", 415),
        ("--b\r\n", "multipart/form-data; boundary=b", 415),
        ("a=1&" * 3000, "application/x-www-form-urlencoded", 400),
        ("é=1".encode("latin-1"), "application/x-www-form-urlencoded", 400),
        ("", "application/x-www-form-urlencoded", 403),
    ],
)
def test_a_body_that_is_no_form_is_refused(relevance: Any, body: Any, kind: str, status: int) -> None:
    ann = relevance.visitor("Ann")
    assert ann.ask("POST", "/item/1", body, content_type=kind).status == status


def test_a_full_disk_is_told_and_the_answer_not_acknowledged(relevance: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import microworldbench.review.store.lines as lines

    ann = relevance.visitor("Ann")
    form = ann.get("/item/1").form

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lines.os, "fsync", full)
    reply = ann.post("/item/1", {"answer": "relevant", "_form": form})
    assert (reply.status, "could not be saved" in reply.text) == (503, True)
    monkeypatch.undo()
    assert ann.post("/item/1", {"answer": "relevant", "_form": form}).status == 303
    assert relevance.desk.board.fields("e1", 1, Slot(relevance.desk.order.slots("e1", 1)[0].item))


class TestRevision:
    """Three rounds; blind until a round is over."""

    @pytest.fixture
    def served(self, make: Any, make_suite: Any, serving: Any) -> Iterator[Any]:
        with serving(make("revise", suite=make_suite(1))) as served:
            yield served

    def first_round(self, served: Any, texts: dict[str, str]) -> dict[str, Any]:
        people = {name: served.visitor(name) for name in texts}
        for name, text in texts.items():
            fields = {f"action.c{n}": "keep" for n in (1, 2, 3, 4)}
            fields |= {"action.c1": "modify", "statement.c1": text, "why.c1": f"because, says {text}"}
            people[name].answer(1, fields)
        return people

    def test_nobody_sees_what_others_wrote_before_the_round_is_over(self, served: Any) -> None:
        people = self.first_round(
            served, {"Ann": "Wording of one.", "Bob": "Wording of two.", "Cy": "Wording of three."}
        )
        page = people["Ann"].get("/item/1").text
        assert "Wording of one." in page
        assert "Wording of two." not in page
        for person in people.values():
            person.hand_in()
        ballot = people["Ann"].get("/item/1").text
        for text in ("Wording of one.", "Wording of two.", "because, says Wording of three."):
            assert text in ballot
        assert not [name for name in ("Bob", "Cy", "e2", "e3") if f">{name}<" in ballot or f"{name}:" in ballot]

    def test_a_page_of_a_round_that_is_over_is_not_taken(self, served: Any) -> None:
        people = self.first_round(served, {"Ann": "One.", "Bob": "Two.", "Cy": "Three."})
        stale = people["Ann"].get("/item/1").form
        for person in people.values():
            person.hand_in()
        assert people["Ann"].post("/item/1", {"action.c2": "delete", "_form": stale}).status == 409

    def test_a_rationale_is_asked_for(self, served: Any) -> None:
        ann = served.visitor("Ann")
        fields = {f"action.c{n}": "keep" for n in (2, 3, 4)} | {"action.c1": "delete", "why.c1": "   "}
        page = ann.get(ann.answer(1, fields).headers["location"]).text
        assert "Say why." in page

    def test_a_study_with_nothing_to_vote_on_is_over_after_the_first_round(self, served: Any) -> None:
        people = [served.visitor(name) for name in ("Ann", "Bob", "Cy")]
        for person in people:
            person.answer(1, {f"action.c{n}": "keep" for n in (1, 2, 3, 4)})
            person.hand_in()
        assert served.desk.is_over
        assert "thank you" in people[0].get("/").text

"""Every way a server can fail is told apart, against real sockets."""

from __future__ import annotations

import socket
import tracemalloc

import pytest
from asking import ask, judge_of

from microworldbench.chat.failures import ContentDeclinedError
from microworldbench.errors import (
    CallRefusedError,
    InputError,
    JudgeUnavailableError,
    TransientJudgeError,
    UnreadableReplyError,
)
from microworldbench.judging.chat import ChatJudge, ChatJudgeSettings
from microworldbench.judging.protocol import Answer


@pytest.mark.parametrize("fault", ["408", "409", "429", "500", "503", "error-in-200", "huge-error"])
def test_an_answered_failure_is_transient(serve, fault):
    with pytest.raises(TransientJudgeError) as caught:
        ask(judge_of(serve(faults={0: fault})))
    assert caught.value.answered


@pytest.mark.parametrize("fault", ["reset", "reset-midway", "cut"])
def test_a_lost_connection_is_transient_and_unanswered(serve, fault):
    with pytest.raises(TransientJudgeError, match="lost the connection") as caught:
        ask(judge_of(serve(faults={0: fault})))
    assert not caught.value.answered


@pytest.mark.parametrize("fault", ["hang", "drip", "drip:1", "drip-header", "drip-header:1"])
def test_the_timeout_is_wall_clock_whatever_trickles_in(serve, fault):
    with pytest.raises(TransientJudgeError, match=r"no complete answer .* within 0\.4 s") as caught:
        ask(judge_of(serve(faults={0: fault}), timeout_s=0.4))
    assert not caught.value.answered


def test_a_server_that_is_not_there_costs_nothing():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        with pytest.raises(TransientJudgeError, match=r"cannot connect .* is the server running") as caught:
            ask(ChatJudge(ChatJudgeSettings(model="m", base_url=address, structured="schema")))
    assert caught.value.answered


@pytest.mark.parametrize(
    ("fault", "low", "high"), [("429:7", 7, 7), ("429-ms:250", 0.25, 0.25), ("429-date:30", 25, 30)]
)
def test_retry_after_is_read_in_every_form(serve, fault, low, high):
    with pytest.raises(TransientJudgeError) as caught:
        ask(judge_of(serve(faults={0: fault})))
    assert caught.value.retry_after_s is not None
    assert low <= caught.value.retry_after_s <= high


@pytest.mark.parametrize("nonsense", ["soon", "-3", "nan", "inf", "Thu, 99 Foo"])
def test_a_retry_after_that_means_nothing_is_ignored(serve, nonsense):
    with pytest.raises(TransientJudgeError) as caught:
        ask(judge_of(serve(faults={0: f"429:{nonsense}"})))
    assert caught.value.retry_after_s is None


@pytest.mark.parametrize(
    ("fault", "step"),
    [
        ("401", "Check OPENAI_API_KEY"),
        ("402", "Add credit"),
        ("403", "choose another model"),
        ("404", "Check the model name 'gpt-5'"),
        ("quota", "no quota left"),
        ("redirect", "set OPENAI_BASE_URL"),
    ],
)
def test_what_no_retry_can_mend_names_the_next_step(serve, fault, step):
    with pytest.raises(JudgeUnavailableError, match=step):
        ask(judge_of(serve(faults={0: fault})))


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refused_request_keeps_its_status(serve, status):
    with pytest.raises(CallRefusedError) as caught:
        ask(judge_of(serve(faults={0: str(status)})))
    assert caught.value.status == status
    assert not caught.value.content


def test_a_context_overflow_says_how_to_shrink_the_call(serve):
    with pytest.raises(CallRefusedError, match="fewer frames"):
        ask(judge_of(serve(faults={0: "400-context"})))


def test_a_filtered_prompt_is_declined_content(serve):
    with pytest.raises(CallRefusedError) as caught:
        ask(judge_of(serve(faults={0: "400-content"})))
    assert caught.value.content


@pytest.mark.parametrize("fault", ["refusal", "content-filter"])
def test_a_refusal_in_a_reply_is_declined_content_with_its_usage(serve, fault):
    with pytest.raises(ContentDeclinedError) as caught:
        ask(judge_of(serve(faults={0: fault})))
    assert caught.value.content
    assert caught.value.answer.usage.input_tokens


UNREADABLE = {
    "empty": "the reply is empty",
    "null": "the reply is empty",
    "no-choices": "no choices",
    "garbage": "not one JSON object",
    "truncated": "not one JSON object",
    "length": "cut off at 8192 output tokens",
    "extra-key": "not asked for: 'C99'",
    "missing-key": "lacks C3",
    "duplicate-key": "the key 'C1' twice",
    "unseen-frame": r"C1\.frames\[1\] is 99, but frames 1 to 8 were shown",
    "number-verdict": r"C1\.verdict must be met, not_met or cannot_tell, got 1",
    "nan": "NaN",
    "trailing": "Extra data",
    "deep": "nested too deeply",
}


@pytest.mark.parametrize("fault", UNREADABLE)
def test_an_unreadable_reply_says_what_is_wrong_and_keeps_what_it_cost(serve, fault):
    with pytest.raises(UnreadableReplyError, match=UNREADABLE[fault]) as caught:
        ask(judge_of(serve(faults={0: fault})))
    answer = caught.value.answer
    assert isinstance(answer, Answer)
    assert answer.usage.cost_usd
    assert len(answer.frames) == 8
    assert answer.judgements == ()


@pytest.mark.parametrize("fault", ["html", "list-body", "truncated-body", "gzip-broken", "brotli", "huge", "gzip-bomb"])
def test_a_response_that_is_no_completion_is_unreadable_and_keeps_its_evidence(serve, fault):
    with pytest.raises(UnreadableReplyError) as caught:
        ask(judge_of(serve(faults={0: fault})))
    answer = caught.value.answer
    assert isinstance(answer, Answer)
    assert len(answer.frames) == 8
    assert answer.request_sha256


@pytest.mark.parametrize(
    ("fault", "step"),
    [
        ("400-image", "Choose a model that reads images"),
        ("400-images", "Show fewer frames"),
        ("413", "Show fewer frames"),
        ("400-seed", "Leave the judge setting seed out"),
    ],
)
def test_a_request_no_server_will_take_names_the_setting_to_change(serve, fault, step):
    with pytest.raises(CallRefusedError, match=step):
        ask(judge_of(serve(faults={0: fault}), seed=1))


@pytest.mark.parametrize("fault", ["gzip-bomb", "huge", "huge-error"])
def test_a_hundred_megabytes_are_never_held_in_memory(serve, fault):
    server = serve(faults={0: fault})
    judge = judge_of(server)
    tracemalloc.start()
    try:
        with pytest.raises((UnreadableReplyError, TransientJudgeError)):
            ask(judge)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40_000_000


def test_no_message_holds_the_key_the_server_repeats(serve, key):
    with pytest.raises(JudgeUnavailableError, match=r"\[key\]") as caught:
        ask(judge_of(serve(key="another")))
    assert key not in str(caught.value)


def test_no_reply_holds_the_key_the_server_repeats(serve, key):
    answer = ask(judge_of(serve(faults={0: "echo-key"})))
    assert key not in repr(answer)
    assert answer.judgements[0].observation == "your key is [key]"


def test_no_message_holds_credentials_of_an_address(serve):
    with pytest.raises(JudgeUnavailableError) as caught:
        ask(judge_of(serve(faults={0: "redirect"})))
    assert "hunter2" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_credentials_in_the_base_url_are_not_shown(serve):
    server = serve(faults={0: "500"})
    with pytest.raises(TransientJudgeError) as caught:
        ask(judge_of(server, base_url=server.url.replace("//", "//user:hunter2@")))
    assert "hunter2" not in str(caught.value)


def test_a_missing_key_is_an_input_error_that_says_what_to_set(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(InputError, match="set OPENAI_API_KEY"):
        ChatJudge(ChatJudgeSettings(model="gpt-5")).check()


def test_a_server_of_ones_own_needs_no_key(serve, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    assert len(ask(judge_of(serve())).judgements) == 3


@pytest.mark.parametrize("key", ["sk-ä", "sk-one two", "sk-\x07"])
def test_a_key_no_header_can_carry_is_an_input_error(monkeypatch, key):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(InputError, match="OPENAI_API_KEY"):
        ChatJudge(ChatJudgeSettings(model="gpt-5")).check()


def test_a_key_with_a_line_end_is_taken_without_it(serve, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-a-file\n")
    assert ask(judge_of(serve(key="sk-from-a-file"))).judgements


@pytest.mark.parametrize("url", ["localhost:8000/v1", "ftp://host/v1", "http://", "http://host:99999/v1"])
def test_an_address_that_is_no_http_url_is_an_input_error(url):
    with pytest.raises(InputError, match=r"must be an http\(s\) URL"):
        ChatJudge(ChatJudgeSettings(model="m", base_url=url)).check()


@pytest.mark.parametrize("host", ["2001:4860:4860::8888", "8.8.8.8", "example.org"])
def test_a_public_server_needs_a_key(monkeypatch, host):
    monkeypatch.delenv("OPENAI_API_KEY")
    url = f"http://[{host}]/v1" if ":" in host else f"http://{host}/v1"
    with pytest.raises(InputError, match="needs a key"):
        ChatJudge(ChatJudgeSettings(model="m", base_url=url)).check()

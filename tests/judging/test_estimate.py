"""Tokens by kind, before anything is spent: the kinds add up, and are close to what a server then counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asking import StillFootage, judge_of, make_question, run
from hypothesis import given
from hypothesis import strategies as st

import microworldbench as bench
from microworldbench.chat.prices import Price
from microworldbench.evaluation import prepare
from microworldbench.judging.chat import chat_judge
from microworldbench.judging.estimate import CallTokens, Tally, text_tokens
from microworldbench.preflight import preview

PRICE = Price(input=10.0, cached=1.0, output=100.0)
CALL = CallTokens(fixed=100, shared_prefix=1000, per_call=50, output=20)


def test_fixed_and_shared_parts_are_read_from_the_cache_after_their_first_call() -> None:
    tally = Tally()
    for video in ("a", "a", "b", "b", "b"):
        tally.add(CALL, judge="j", video=video, price=PRICE)
    found = tally.total()
    assert (found.calls, found.fixed, found.shared_prefix, found.per_call, found.output) == (5, 500, 5000, 250, 100)
    assert found.cached == 4 * 100 + 3 * 1000
    assert found.cost_usd == pytest.approx(((5750 - 3400) * 10 + 3400 * 1 + 100 * 100) / 1e6)


def test_each_judge_has_a_cache_of_its_own() -> None:
    tally = Tally()
    for judge in ("j", "k"):
        tally.add(CALL, judge=judge, video="a", price=PRICE)
    assert tally.total().cached == 0


def test_one_unknown_price_makes_the_sum_unknown() -> None:
    tally = Tally()
    for price in (PRICE, None, PRICE):
        tally.add(CALL, judge="j", video="a", price=price)
    assert tally.total().cost_usd is None
    assert tally.total().calls == 3


tokens = st.builds(CallTokens, **dict.fromkeys(("fixed", "shared_prefix", "per_call", "output"), st.integers(0, 9999)))


@given(st.lists(st.tuples(tokens, st.sampled_from("ab")), max_size=9))
def test_what_is_cached_was_sent_and_costs_no_more_than_without_a_cache(calls: list[tuple[CallTokens, str]]) -> None:
    tally = Tally()
    for call, video in calls:
        tally.add(call, judge="j", video=video, price=PRICE)
    found = tally.total()
    assert 0 <= found.cached <= found.fixed + found.shared_prefix <= found.input
    assert found.input == sum(call.input for call, _ in calls)
    assert (found.cost_usd or 0) <= (found.input * 10 + found.output * 100) / 1e6 + 1e-6


def test_text_counts_a_token_for_four_bytes() -> None:
    assert [text_tokens(t) for t in ("", "abc", "abcd", "µµµ")] == [0, 1, 1, 2]


def test_under_the_released_protocol_nothing_is_a_shared_prefix() -> None:
    ours, released = (chat_judge("gpt-5", s).tokens(make_question()) for s in ({}, {"protocol": "released"}))
    assert ours.shared_prefix > ours.fixed > ours.per_call > 0
    assert (released.fixed, released.shared_prefix) == (0, 0)
    assert released.per_call > ours.shared_prefix * 0.9


def test_the_estimate_of_text_is_near_what_a_server_counts(serve: Callable[..., Any]) -> None:
    server = serve("coin")
    judge = judge_of(server, structured="instruction", frames=8)
    question = make_question(15, footage=StillFootage())
    usage = run(judge, lambda: judge.ask(question)).usage
    estimate = judge.tokens(question)
    pictures = 8 * judge.price.image.bound(96, 64)
    # The server also counts the JSON around each part.
    assert estimate.input - pictures == pytest.approx(usage.input_tokens - 8 * 500, rel=0.15)


def make_video(request: Any) -> tuple[Any, int]:
    return np.full((8, 64, 96, 3), 20 * int(request.task_id[-1]), np.uint8), 8


def previewed(tmp_path: Path, suite: Any, **settings: Any) -> Any:
    job = prepare(make_video, suite, "openai:gpt-5", judge_settings=settings)
    return preview(job, tmp_path / "run")


def test_a_preview_tells_tokens_by_kind_and_what_they_cost(tmp_path: Path, suite: Any) -> None:
    found = previewed(tmp_path, suite)
    tokens = found.tokens
    assert tokens.calls == found.questions == 9
    assert min(tokens.fixed, tokens.shared_prefix, tokens.per_call, tokens.output, tokens.cached) > 0
    assert 0 < tokens.cost_usd < found.worst_case_usd
    text = "\n".join(found.lines())
    assert f"{tokens.fixed:,} fixed, {tokens.shared_prefix:,} prefix shared" in text
    assert f"{tokens.output:,} out, about {tokens.cost_usd:.4f} USD" in text


def test_a_preview_asks_as_many_calls_as_the_mode_needs_and_shows_the_frames_as_often(
    tmp_path: Path, suite: Any
) -> None:
    by_mode = {mode: previewed(tmp_path, suite, mode=mode).tokens for mode in ("criterion", "dimension", "task")}
    assert [by_mode[mode].calls for mode in by_mode] == [15, 9, 3]
    assert by_mode["criterion"].shared_prefix == 5 * by_mode["task"].shared_prefix
    assert by_mode["task"].cached < by_mode["dimension"].cached < by_mode["criterion"].cached


def test_a_preview_without_a_price_still_counts_tokens(tmp_path: Path, suite: Any) -> None:
    job = prepare(make_video, suite, "openai:nobody-knows-me")
    found = preview(job, tmp_path / "run")
    assert found.worst_case_usd is None
    assert found.tokens is not None
    assert found.tokens.cost_usd is None
    assert "about None" not in "\n".join(found.lines())


def test_a_judge_that_uses_no_tokens_has_no_token_lines(tmp_path: Path, suite: Any, scripted: Any) -> None:
    found = preview(prepare(make_video, suite, scripted()), tmp_path / "run")
    assert found.tokens is None
    assert not any(line.startswith("tokens") for line in found.lines())


def test_a_preview_names_videos_that_cannot_be_shown_as_the_judge_is_set(tmp_path: Path, suite: Any) -> None:
    found = previewed(tmp_path, suite, fps=100)
    assert found.problems
    assert all("lower the judge setting fps" in problem for problem in found.problems)


def test_the_preview_is_one_json_document_of_plain_numbers(tmp_path: Path, suite: Any) -> None:
    document = json.loads(json.dumps(previewed(tmp_path, suite).model_dump(mode="json"), allow_nan=False))
    assert set(document["tokens"]) == {
        "calls",
        "fixed",
        "shared_prefix",
        "per_call",
        "output",
        "cached",
        "cost_usd",
    }


@pytest.mark.parametrize("mode", ["criterion", "dimension", "task"])
def test_the_cache_hits_that_are_predicted_are_those_a_run_gets(
    tmp_path: Path, suite: Any, serve: Callable[..., Any], mode: str
) -> None:
    settings = {"base_url": serve("coin").url, "structured": "instruction", "mode": mode}
    job = prepare(make_video, suite, "openai:gpt-5", judge_settings=settings)
    found = preview(job, tmp_path / "none").tokens
    report = bench.evaluate(make_video, suite, "openai:gpt-5", tmp_path / "run", judge_settings=settings, workers=1)
    usage = report.scorecard.usage
    assert found is not None
    assert usage.calls == found.calls
    assert usage.input_tokens is not None
    assert usage.cached_tokens is not None
    # Image tokens differ between the price table and the server, which counts 500 an image.
    assert usage.cached_tokens / usage.input_tokens == pytest.approx(found.cached / found.input, abs=0.12)

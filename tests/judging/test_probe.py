"""One call finds out how the form of replies is enforced; it is logged, paid and remembered like every other."""

from __future__ import annotations

import asyncio

import pytest
from asking import judge_of, make_question, run

from microworldbench.chat.attempts import Attempts, RetryPolicy
from microworldbench.chat.budget import Budget
from microworldbench.chat.ledger import Ledger
from microworldbench.errors import CallRefusedError, InputError, RunStoppedError

QUICK = RetryPolicy(attempts=3, first_wait_s=0.01, longest_wait_s=0.02)


def prepare(judge, lines=None, *, then=None, max_cost=None):
    """Prepares `judge` as the engine does; returns the call log and the attempts."""
    lines = lines or []

    async def main():
        attempts = Attempts(lines.append, Budget(max_cost), QUICK, asyncio.Semaphore(4))
        await judge.prepare(Ledger.of(lines), attempts)
        return attempts, (await then() if then else None)

    attempts, value = run(judge, main)
    return lines, attempts, value


@pytest.mark.parametrize(("schema", "is_sent"), [("accept", True), ("refuse", False), ("ignore", False)])
def test_schemas_are_sent_only_to_servers_that_enforce_them(serve, schema, is_sent):
    server = serve(schema=schema)
    judge = judge_of(server, structured="auto")
    answer = prepare(judge, then=lambda: judge.ask(make_question()))[2]
    assert len(answer.judgements) == 3
    assert server.requests[-1].has_schema is is_sent


def test_the_probe_shows_no_frame_and_no_task(serve):
    server = serve()
    prepare(judge_of(server, structured="auto"))
    (seen,) = server.requests
    assert [m["role"] for m in seen.messages] == ["user"]
    assert isinstance(seen.messages[0]["content"], str)


def test_the_probe_is_logged_with_its_cost(serve):
    reservation, call = prepare(judge_of(serve(), structured="auto"))[0]
    assert reservation.id == call.id
    assert (call.group, call.status, call.criteria) == ("probe", "ok", ())
    assert 0 < call.usage.cost_usd <= reservation.worst_case_usd


@pytest.mark.parametrize("schema", ["accept", "refuse", "ignore"])
def test_a_later_run_asks_no_second_probe(serve, schema):
    server = serve(schema=schema)
    lines = prepare(judge_of(server, structured="auto"))[0]
    asked = len(server.requests)
    judge = judge_of(server, structured="auto")
    prepare(judge, lines, then=lambda: judge.ask(make_question()))
    assert len(server.requests) == asked + 1
    assert server.requests[-1].has_schema is (schema == "accept")


@pytest.mark.parametrize("structured", ["schema", "instruction"])
def test_a_setting_saves_the_probe(serve, structured):
    server = serve()
    prepare(judge_of(server, structured=structured))
    assert server.requests == []


def test_a_probe_that_meets_a_busy_server_is_repeated(serve):
    server = serve(faults={0: "429:0", 1: "reset"})
    lines = prepare(judge_of(server, structured="auto"))[0]
    assert [line.status for line in lines if line.kind == "call"] == ["failed", "failed", "ok"]


def test_a_server_that_cannot_be_probed_stops_the_run_with_a_way_out(serve):
    with pytest.raises(RunStoppedError, match="structured=schema or structured=instruction"):
        prepare(judge_of(serve(fault_rates={"500": 1.0}), structured="auto"))


def test_a_wrong_key_stops_the_run_at_the_probe(serve):
    server = serve(key="another")
    with pytest.raises(RunStoppedError, match="OPENAI_API_KEY"):
        prepare(judge_of(server, structured="auto"))
    assert len(server.requests) == 1


def test_a_request_refused_with_and_without_a_schema_stops_the_run_in_the_servers_words(serve):
    with pytest.raises(RunStoppedError, match="scripted fault"):
        prepare(judge_of(serve(fault_rates={"400": 1.0}), structured="auto"))


def test_a_good_probe_does_not_excuse_a_refused_first_question(serve):
    server = serve(faults={1: "400"})
    judge = judge_of(server, structured="auto")
    _, attempts, _ = prepare(judge)
    assert not attempts.succeeded
    with pytest.raises(CallRefusedError):
        run(judge, lambda: judge.ask(make_question()))


def test_the_probe_counts_against_the_budget(serve):
    server = serve()
    with pytest.raises(RunStoppedError, match="--max-cost"):
        prepare(judge_of(server, structured="auto"), max_cost=0.000001)
    assert server.requests == []


def test_a_missing_key_is_found_before_anything_is_sent(monkeypatch, serve):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(InputError, match="set OPENAI_API_KEY"):
        prepare(judge_of(serve(), base_url="https://api.openai.com/v1"))


def test_the_worst_case_of_a_probe_covers_one_that_asks_twice(serve):
    reservation, call = prepare(judge_of(serve(schema="refuse"), structured="auto"))[0]
    assert 0 < call.usage.cost_usd <= reservation.worst_case_usd

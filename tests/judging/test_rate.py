"""Rate control: concurrency that gives way to 429 and grows back, and limits a minute."""

from __future__ import annotations

import asyncio
import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from judge_server import JudgeServer

import microworldbench as bench
from microworldbench.chat.attempts import RetryPolicy
from microworldbench.chat.rate import Pace, RateChange, Throttle, Turn
from microworldbench.errors import InputError, RunStoppedError, TransientJudgeError
from microworldbench.runs import RunFolder

Make = Callable[..., Any]
QUICK = RetryPolicy(attempts=2, first_wait_s=0.01, longest_wait_s=0.1)


class Crowded(JudgeServer):
    """Answers 429 to every request that comes while `room` others are being answered."""

    def __init__(self, room: int, **options: Any) -> None:
        super().__init__("coin", **options)
        self.room = room
        self.inside = 0
        self.most_inside = 0

    def begin(self, *arrived: Any) -> Any:
        seen, asked = super().begin(*arrived)
        with self._guard:
            if self.inside >= self.room:
                seen.fault = "429"
            else:
                self.inside += 1
                self.most_inside = max(self.most_inside, self.inside)
        return seen, asked

    def end(self, seen: Any, status: int | None) -> None:
        if seen.fault is None:
            with self._guard:
                self.inside -= 1
        super().end(seen, status)


def many(suite: Any, tiny_generator: Make, run_path: Path, **options: Any) -> Any:
    return bench.evaluate(tiny_generator, suite, "openai:gpt-5", run_path, retry=QUICK, **options)


def history(run_path: Path) -> list[RateChange]:
    return [RateChange.model_validate_json(line) for line in (run_path / "rate.jsonl").read_text().splitlines()]


def test_concurrency_settles_near_what_the_server_bears_and_no_call_is_lost(
    big_suite: Any, tiny_generator: Make, run_path: Path
) -> None:
    # So slow that the calls under way are at the server, not in the client, however busy this machine is.
    with Crowded(6, latency_s=0.25, keep_messages=False) as server:
        settings = {"base_url": server.url, "structured": "schema"}
        report = many(big_suite, tiny_generator, run_path, judge_settings=settings, workers=32, votes=5)
        stats = server.stats()
    assert report.coverage.missing == 0
    assert stats["answered"] == 12 * 3 * 5
    calls = [c for c in RunFolder.read(run_path).call_lines() if c.kind == "call" and c.status == "ok"]
    assert len(calls) == len({(c.task, c.group, c.vote) for c in calls}) == 12 * 3 * 5
    assert server.most_inside == 6
    changes = history(run_path)
    assert changes[0].cause == "start"
    assert changes[0].limit == 32
    settled = [change.limit for change in changes if change.cause == "rate_limited"]
    assert min(settled[:20]) <= 6
    later = [change.limit for change in changes[len(changes) // 2 :]]
    assert 4 <= statistics.mean(later) <= 8
    answered = [(seen.began, seen.ended) for seen in server.requests if seen.status == 200]
    start, end = min(began for began, _ in answered), max(ended for _, ended in answered)
    assert sum(ended - began for began, ended in answered) / (end - start) > 0.5 * server.room
    # Had nothing given way, nearly every answer would have cost several refusals.
    assert stats["by_status"]["429"] < stats["answered"]


def test_a_server_that_bears_everything_is_never_held_back(
    big_suite: Any, tiny_generator: Make, serve: Make, run_path: Path
) -> None:
    # So slow that eight calls meet at the server however busy this machine is.
    server = serve("coin", latency_s=0.4)
    many(big_suite, tiny_generator, run_path, judge_settings={"base_url": server.url, "structured": "schema"})
    assert [change.cause for change in history(run_path)] == ["start"]
    assert server.stats()["most_in_flight"] == 8


def test_a_server_that_never_stops_refusing_ends_the_run_in_bounded_tries(
    suite: Any, tiny_generator: Make, serve: Make, run_path: Path
) -> None:
    server = serve("coin", fault_rates={"429": 1.0})
    settings = {"base_url": server.url, "structured": "schema"}
    patience = RetryPolicy(rate_limited_attempts=3, first_wait_s=0.001, longest_wait_s=0.002)
    with pytest.raises(RunStoppedError, match="5 calls in a row"):
        bench.evaluate(tiny_generator, suite, "openai:gpt-5", run_path, judge_settings=settings, retry=patience)
    assert 15 <= len(server.requests) <= 9 * 3
    assert history(run_path)[-1].limit == 1


def test_refusals_are_counted_apart_from_failures(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    tries: dict[str, int] = {}

    def crowded(question: Any) -> None:
        key = f"{question.task.id}/{question.group}"
        tries[key] = tries.get(key, 0) + 1
        if tries[key] <= 6:
            raise TransientJudgeError("slow down", status=429)

    report = bench.evaluate(tiny_generator, suite, scripted(before=crowded), run_path, retry=QUICK)
    assert report.coverage.missing == 0
    assert set(tries.values()) == {7}


def test_neither_limits_nor_history_are_part_of_an_identity(
    suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path
) -> None:
    reports = [
        bench.evaluate(
            tiny_generator, suite, scripted(), tmp_path / str(rpm), rpm=rpm, tpm=rpm and 10**9, workers=workers
        )
        for rpm, workers in ((None, 8), (10_000, 2))
    ]
    assert reports[0].to_json() == reports[1].to_json()
    assert not (tmp_path / "None" / "manifest.json").read_text().count("rpm")


def test_the_history_only_grows_and_a_torn_line_is_cut(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    bench.evaluate(tiny_generator, suite, scripted(), run_path, limit=1)
    log = run_path / "rate.jsonl"
    first = log.read_text()
    log.write_text(first + '{"judge":"torn')
    bench.evaluate(tiny_generator, suite, scripted(), run_path)
    assert log.read_text().startswith(first)
    assert [json.loads(line)["cause"] for line in log.read_text().splitlines()] == ["start", "start"]


@pytest.mark.parametrize("options", [{"rpm": 0}, {"tpm": -1}, {"workers": 0}])
def test_senseless_limits_are_refused(options: Any, suite: Any, tiny_generator: Make, scripted: Make) -> None:
    judge = scripted()
    with pytest.raises(InputError, match="must be at least 1"):
        bench.evaluate(tiny_generator, suite, judge, **options)
    assert judge.asked == []


def drive(main: Callable[[], Any]) -> Any:
    return asyncio.run(main())


async def enter(throttle: Throttle, count: int) -> list[Turn]:
    return [await throttle.enter() for _ in range(count)]


def test_one_burst_of_refusals_shrinks_once() -> None:
    async def main() -> None:
        throttle = Throttle(10)
        for turn in await enter(throttle, 10):
            throttle.leave(turn, "rate_limited")
        assert throttle.limit == pytest.approx(7)
        for turn in await enter(throttle, 7):
            throttle.leave(turn, "rate_limited")
        assert throttle.limit == pytest.approx(4.9)

    drive(main)


def test_a_round_of_answers_lets_one_more_in_up_to_the_ceiling() -> None:
    async def main() -> None:
        throttle, limits = Throttle(6), []
        throttle.limit = 4.0

        async def worker() -> None:
            for _ in range(3):
                turn = await throttle.enter()
                await asyncio.sleep(0)
                throttle.leave(turn, "answered")
                limits.append(throttle.limit)

        await asyncio.gather(*(worker() for _ in range(12)))
        assert limits == sorted(limits)
        assert limits[3] < 5 <= limits[4]  # after a round of four or, as the limit grows meanwhile, a little more
        assert limits[-1] == 6

    drive(main)


def test_answers_that_did_not_fill_the_limit_prove_nothing() -> None:
    async def main() -> None:
        throttle = Throttle(8)
        throttle.limit = 4.0
        for _ in range(20):
            [turn] = await enter(throttle, 1)
            throttle.leave(turn, "answered")
        assert throttle.limit == 4.0

    drive(main)


def test_server_faults_pause_growth_and_never_shrink() -> None:
    async def main() -> None:
        changes: list[tuple[str, int, int]] = []
        throttle = Throttle(4, note=lambda *change: changes.append(change))
        throttle.limit = 1.0
        [turn] = await enter(throttle, 1)
        throttle.leave(turn, "server_fault")
        assert throttle.limit == 1.0
        [turn] = await enter(throttle, 1)
        throttle.leave(turn, "answered")  # the pause
        assert throttle.limit == 1.0
        [turn] = await enter(throttle, 1)
        throttle.leave(turn, "answered")
        assert throttle.limit == 2.0
        assert [cause for cause, *_ in changes] == ["start", "server_fault", "grown"]

    drive(main)


def test_the_limit_never_falls_below_one_call() -> None:
    async def main() -> None:
        throttle = Throttle(2)
        for _ in range(10):
            [turn] = await enter(throttle, 1)
            throttle.leave(turn, "rate_limited")
        assert throttle.limit == 1.0

    drive(main)


def test_calls_are_let_in_in_the_order_they_came() -> None:
    async def main() -> None:
        throttle, order = Throttle(1), []

        async def call(number: int) -> None:
            turn = await throttle.enter()
            order.append(number)
            await asyncio.sleep(0)
            throttle.leave(turn, "answered")

        await asyncio.gather(*(call(n) for n in range(6)))
        assert order == list(range(6))

    drive(main)


def test_a_cancelled_call_gives_its_place_back() -> None:
    async def main() -> None:
        throttle = Throttle(1)
        [first] = await enter(throttle, 1)
        waiting = [asyncio.ensure_future(throttle.enter()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()  # while it waits
        throttle.leave(first, "answered")
        waiting[1].cancel()  # just let in, not yet told
        await asyncio.gather(*waiting[:2], return_exceptions=True)
        throttle.leave(await waiting[2], "answered")
        assert throttle.limit == 1
        await enter(throttle, 1)

    drive(main)


def test_what_the_server_asked_for_is_waited_for_by_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        throttle = Throttle(4)
        [turn] = await enter(throttle, 1)
        throttle.leave(turn, "rate_limited", retry_after_s=3600)
        waiting = asyncio.ensure_future(throttle.enter())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        throttle.release()  # the run ends: they are to find out at once
        await waiting

    drive(main)


async def admitted(throttle: Throttle, count: int, tokens: int = 0) -> list[float]:
    """When `count` calls were let in, on the loop's clock; each is over at once."""
    starts = []
    for _ in range(count):
        turn = await throttle.enter()
        throttle.begin(turn)
        starts.append(turn.start)
        throttle.leave(turn, "answered", tokens=tokens)
    return starts


def most_within(window_s: float, starts: list[float]) -> int:
    return max(sum(start <= other < start + window_s for other in starts) for start in starts)


def test_no_more_requests_than_allowed_start_within_any_window() -> None:
    starts = drive(lambda: admitted(Throttle(8, rpm=5, window_s=0.1), 18))
    assert most_within(0.0999, starts) == 5
    assert starts[-1] - starts[0] >= 0.3 - 1e-3


def test_no_more_tokens_than_allowed_are_used_within_any_window() -> None:
    starts = drive(lambda: admitted(Throttle(8, tpm=1000, window_s=0.1), 12, tokens=300))
    assert most_within(0.0999, starts) == 3


def test_a_call_larger_than_the_token_limit_goes_alone_instead_of_never() -> None:
    starts = drive(lambda: admitted(Throttle(8, tpm=100, window_s=0.05), 3, tokens=500))
    assert most_within(0.0499, starts) == 1


def test_until_a_call_has_told_its_size_it_goes_alone() -> None:
    async def main() -> None:
        throttle = Throttle(8, tpm=1000)
        [first] = await enter(throttle, 1)
        waiting = [asyncio.ensure_future(throttle.enter()) for _ in range(5)]
        await asyncio.sleep(0)
        assert not any(w.done() for w in waiting)
        throttle.leave(first, "answered", tokens=300)
        await asyncio.sleep(0)
        assert sum(w.done() for w in waiting) == 2  # 300 used, and two that may use 300 each
        for w in waiting:
            w.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    drive(main)


def test_each_judge_has_a_throttle_of_its_own() -> None:
    async def main() -> None:
        lines: list[RateChange] = []
        pace = Pace(4, log=lines.append)
        [turn] = await enter(pace.throttle("a"), 1)
        pace.throttle("a").leave(turn, "rate_limited")
        assert pace.throttle("b").limit == 4
        assert [(line.judge, line.cause, line.limit) for line in lines] == [
            ("a", "start", 4),
            ("a", "rate_limited", 1),
            ("b", "start", 4),
        ]

    drive(main)


def test_a_limit_of_requests_holds_over_http(suite: Any, tiny_generator: Make, serve: Make, run_path: Path) -> None:
    from microworldbench.judging.chat import ChatJudge, ChatJudgeSettings

    server = serve("coin")
    judge = ChatJudge(ChatJudgeSettings(model="gpt-5", base_url=server.url, structured="schema"))
    report = bench.evaluate(tiny_generator, suite, judge, run_path, rpm=10_000, tpm=10**8)
    assert report.coverage.missing == 0
    assert RunFolder.read(run_path).manifest.judge is not None
    assert server.stats()["answered"] == 9

"""The whole judging pass over HTTP: who is asked what, in which order, and what a failure leaves behind."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from asking import make_criterion

import microworldbench as bench
from microworldbench.chat.attempts import RetryPolicy
from microworldbench.results import Reason
from microworldbench.runs import RunFolder

QUICK = RetryPolicy(attempts=6, first_wait_s=0.01, longest_wait_s=0.05)


def make_suite(tasks=4):
    criteria = tuple(make_criterion(3 * n + k, dimension=d) for n, d in enumerate(bench.Dimension) for k in range(1, 4))
    made = (
        bench.Task(id=f"t-{n}", level="cellular", title=f"T{n}", prompt=f"A cell, number {n}.", criteria=criteria)
        for n in range(tasks)
    )
    return bench.Suite(id="small", version="1-A", title="Small", license="CC0-1.0", tasks=tuple(made))


def make_video(request):
    shade = 10 * int(request.task_id[-1])
    ramp = np.linspace(0, 120, 12, dtype=np.uint8)[:, None, None, None]
    return np.broadcast_to(ramp + np.uint8(shade), (12, 64, 96, 3)), 8


@pytest.fixture
def run(tmp_path):
    return bench.generate(make_video, make_suite(), tmp_path / "run")


def grade(run, server, **options):
    settings = {"base_url": server.url, "timeout_s": 20} | options.pop("settings", {})
    values = {"workers": 4, "retry": QUICK} | options
    return bench.grade(run, options.pop("judge", "openai:gpt-5"), make_suite(), judge_settings=settings, **values)


def ok_calls(run):
    return [c for c in RunFolder.read(run).call_lines() if c.kind == "call" and c.status == "ok" and c.group != "probe"]


def test_a_good_server_is_asked_once_for_each_dimension_of_each_video(run, serve):
    server = serve("coin")
    report = grade(run, server)
    assert report.coverage.missing == 0
    assert server.stats()["answered"] == 12
    assert {c.frames[-1].number for c in ok_calls(run)} == {8}


def test_the_first_call_about_a_video_goes_alone(run, serve):
    server = serve("coin", latency_s=0.1)
    grade(run, server)
    spans = {}
    for seen in server.requests[1:]:
        spans.setdefault(seen.messages[1]["content"][-2]["text"], []).append((seen.began, seen.ended))
    assert len(spans) == 4
    for calls in spans.values():
        first, *others = sorted(calls)
        assert len(others) == 2
        assert all(began >= first[0] + 0.1 for began, _ in others)


def test_the_verdicts_under_faults_are_those_of_a_good_server(tmp_path, serve):
    reports = []
    for name, rates in (("good", {}), ("bad", {"429:0": 0.2, "empty": 0.2, "reset": 0.1})):
        made = bench.generate(make_video, make_suite(), tmp_path / name)
        report = grade(made, serve("coin", fault_rates=rates))
        reports.append(report)
    assert reports[0].overall == reports[1].overall
    assert reports[0].coverage.missing == 0


def test_what_is_missing_is_asked_again_and_nothing_else(run, serve):
    server = serve("coin", fault_rates={"garbage": 0.5}, seed=1)
    missing = grade(run, server, retry=RetryPolicy(attempts=1)).coverage.missing
    assert missing
    before = len(ok_calls(run))
    good = serve("coin")
    assert grade(run, good).coverage.missing == 0
    assert good.stats()["judged"] == 12 - before


def test_a_refusal_is_missing_not_unmet(run, serve):
    server = serve("yes", faults={3: "refusal"})
    grade(run, server)
    reasons = Counter(v.reason for v in RunFolder.read(run).verdicts())
    assert reasons[Reason.REFUSED] == 3
    assert reasons[None] == 33


@pytest.mark.parametrize("fault", ["401", "404", "quota"])
def test_what_no_retry_can_mend_stops_the_run_at_once(run, serve, fault):
    server = serve("coin", fault_rates={fault: 1.0})
    with pytest.raises(bench.RunStoppedError):
        grade(run, server, settings={"structured": "schema"}, workers=1)
    assert len(server.requests) == 1


def test_a_model_that_takes_no_frames_stops_the_run_after_a_good_probe(run, serve):
    server = serve("coin", fault_rates={"400": 1.0}, faults={0: "no-usage"})
    with pytest.raises(bench.RunStoppedError, match="scripted fault"):
        grade(run, server, workers=1)
    assert len(server.requests) == 2


@pytest.mark.parametrize("fault", ["400-context", "413"])
def test_one_payload_too_large_leaves_its_criteria_missing_and_is_not_sent_again(run, serve, fault):
    server = serve("yes", faults={5: fault})
    grade(run, server, workers=1)
    verdicts = RunFolder.read(run).verdicts()
    assert Counter(v.reason for v in verdicts) == {None: 33, Reason.FAILED: 3}
    assert len(server.requests) == 13
    images = {sum(p["type"] == "image_url" for p in seen.messages[1]["content"]) for seen in server.requests[1:]}
    assert images == {8}
    (call,) = [c for c in RunFolder.read(run).call_lines() if c.kind == "call" and c.status == "failed"]
    assert "Show fewer frames" in call.error


def test_a_server_that_ignores_the_seed_still_gives_every_vote_its_own_answer(run, serve):
    server = serve("coin")
    grade(run, server, settings={"seed": 7, "structured": "schema"}, votes=3)
    assert sorted(seen.parameters["seed"] for seen in server.requests) == [7] * 12 + [8] * 12 + [9] * 12
    by_criterion = Counter()
    for verdict in RunFolder.read(run).verdicts():
        by_criterion[verdict.task, verdict.criterion, verdict.met] += 1
    assert len(ok_calls(run)) == 36
    assert set(by_criterion.values()) == {3}  # the same coin thrice: agreement of such votes says nothing


@pytest.mark.parametrize(
    "fault", ["length", "duplicate-key", "extra-key", "garbage", "truncated", "unseen-frame", "gzip-bomb", "html"]
)
def test_a_reply_that_cannot_be_read_is_asked_for_again_with_the_same_frames(run, serve, fault):
    server = serve("coin", faults={4: fault})
    assert grade(run, server).coverage.missing == 0
    assert server.stats()["judged"] == 13
    statuses = Counter(c.status for c in RunFolder.read(run).call_lines() if c.kind == "call")
    assert statuses == {"ok": 13, "unreadable": 1}
    digests = Counter(seen.digest for seen in server.requests)
    assert sorted(digests.values()) == [1] * 12 + [2]


def test_no_file_of_a_run_holds_the_key_or_the_address(run, serve, key):
    server = serve("coin", faults={2: "echo-key", 4: "500"})
    grade(run, server)
    texts = [path for path in run.rglob("*") if path.is_file() and path.suffix != ".mp4"]
    assert {"manifest.json", "calls.jsonl", "verdicts.jsonl"} <= {path.name for path in texts}
    for path in texts:
        text = path.read_text(encoding="utf-8")
        assert key not in text
        assert server.url not in text
        assert "your key is" not in text or "[key]" in text

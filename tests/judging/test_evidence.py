"""Weak evidence and challenges: verdicts that rest on too little, or on nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import microworldbench as bench
from microworldbench.chat.attempts import RetryPolicy
from microworldbench.chat.ledger import Ledger
from microworldbench.errors import InputError, RunStoppedError, TransientJudgeError
from microworldbench.judging.evidence import is_weak, share_of
from microworldbench.judging.protocol import Answer
from microworldbench.results import Judgement, Verdict
from microworldbench.runs import RunFolder

Make = Callable[..., Any]
ONCE = RetryPolicy(attempts=1, first_wait_s=0.001)


def verdict(met: bool | None, *frames: int, judge: str = "openai:m") -> Verdict:
    place = {"task": "t", "seed": 0, "criterion": "c", "criterion_digest": ""}
    return Verdict(**place, judge=judge, met=met, frames=frames)


@pytest.mark.parametrize(
    ("said", "temporal", "weak"),
    [
        (verdict(True, 3), True, True),
        (verdict(True), True, True),
        (verdict(True, 3, 3), True, True),
        (verdict(True, 3, 4), True, False),
        (verdict(False, 3), True, False),
        (verdict(None), True, False),
        (verdict(True, 3), False, False),
        (verdict(True, judge="measured"), True, False),
    ],
    ids=["one frame", "none", "one twice", "two", "not met", "null", "not about time", "measured"],
)
def test_a_claim_about_time_called_met_on_one_frame_is_weak(said: Verdict, temporal: bool, weak: bool) -> None:
    assert is_weak(said, temporal=temporal) is weak


def test_a_share_of_nothing_is_unknown() -> None:
    assert share_of(0, 0).value is None
    found = share_of(1, 4)
    assert (found.value, found.count, found.n) == (0.25, 1, 4)
    assert found.ci95 == pytest.approx((0.0456, 0.6994), abs=1e-4)


def temporal_suite(suite: Any) -> Any:
    tasks = tuple(
        t.model_copy(
            update={"criteria": tuple(c.model_copy(update={"temporal": c.id in ("c1", "c2")}) for c in t.criteria)}
        )
        for t in suite.tasks
    )
    return suite.model_copy(update={"tasks": tasks})


def citing(scripted: Make, frames: Callable[[str, str], tuple[int, ...]]) -> Any:
    judge = scripted()
    plain = judge.ask

    def ask(question: Any) -> Answer:
        answer = plain(question)
        cited = tuple(
            Judgement(criterion=j.criterion, met=j.met, frames=frames(question.task.id, j.criterion))
            for j in answer.judgements
        )
        return Answer(cited, usage=answer.usage)

    judge.ask = ask
    return judge


def test_weak_evidence_is_counted_in_the_report_and_marked_on_the_page(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    judge = citing(scripted, lambda task, criterion: (1,) if task == "task-2" else (1, 5))
    report = bench.evaluate(tiny_generator, temporal_suite(suite), judge, run_path)
    weak = report.scorecard.judging.weak_evidence
    assert weak is not None
    assert (weak.count, weak.n) == (2, 6)
    page = report.to_html(run_path / "report.html").read_text()
    assert page.count("weak evidence</abbr>") == 2
    assert "2 of 6 met verdicts about time" in report.to_markdown()
    assert all(v.met for v in RunFolder.read(run_path).verdicts())


def test_without_claims_about_time_nothing_is_said_about_weak_evidence(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    report = bench.evaluate(tiny_generator, suite, scripted(), run_path)
    assert report.scorecard.judging.weak_evidence is None
    assert "weak evidence" not in report.to_html(run_path / "report.html").read_text()


class Looking:
    """Answers from the video it is shown: a task's criteria are met over its own frames only, unless it is blind."""

    def __init__(self, scripted: Make, *, blind_to: tuple[str, ...] = (), **options: Any) -> None:
        self.judge = scripted(
            lambda q, c: c.id in blind_to or q.video.parent.name == q.task.id,
            **options,
        )

    @property
    def challenges(self) -> list[Any]:
        return [q for q in self.judge.asked if q.group.startswith("challenge/")]


def test_a_judge_that_looks_takes_back_what_it_said_of_another_video(
    big_suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    looking = Looking(scripted)
    report = bench.evaluate(tiny_generator, big_suite, looking.judge, run_path, challenge=1.0)
    held = report.scorecard.judging.ungrounded
    assert held is not None
    assert (held.count, held.n) == (0, 60)
    assert report.coverage.missing == 0
    assert report.scorecard.usage.calls == 2 * 36


def test_what_stays_met_without_its_frames_is_ungrounded_and_changes_no_verdict(
    big_suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path
) -> None:
    plain = bench.evaluate(tiny_generator, big_suite, Looking(scripted, blind_to=("c1",)).judge, tmp_path / "plain")
    looking = Looking(scripted, blind_to=("c1",))
    report = bench.evaluate(tiny_generator, big_suite, looking.judge, tmp_path / "challenged", challenge=1.0)
    held = report.scorecard.judging.ungrounded
    assert held is not None
    assert (held.count, held.n, held.value) == (12, 60, 0.2)
    assert held.ci95 is not None
    assert held.ci95[0] < 0.2 < held.ci95[1]
    assert report.overall == plain.overall
    lines = [(tmp_path / name / "verdicts.jsonl").read_text().splitlines() for name in ("plain", "challenged")]
    assert len(lines[0]) == len(lines[1]) == 60
    assert "12 of 60 challenged verdicts" in report.to_markdown()


def test_challenges_show_another_tasks_video_and_only_met_criteria(
    big_suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    judge = scripted(lambda q, c: c.polarity.value == "reward")
    bench.evaluate(tiny_generator, big_suite, judge, run_path, challenge=1.0, seeds=2)
    calls = [c for c in RunFolder.read(run_path).call_lines() if c.kind == "call" and c.shown]
    assert {c.group for c in calls} == {f"challenge/{d.value}" for d in bench.Dimension}
    assert all(c.shown.partition("/")[0] != c.task for c in calls)
    assert {c.shown.partition("/")[2] == str(c.seed) for c in calls} == {True}
    assert {criterion for c in calls for criterion in c.criteria} == {"c1", "c3", "c4"}
    donors = {(c.task, c.seed): {d.shown for d in calls if (d.task, d.seed) == (c.task, c.seed)} for c in calls}
    assert {len(shown) for shown in donors.values()} == {1}  # one prefix for the server's cache
    challenges = [q for q in judge.asked if q.group.startswith("challenge/")]
    assert len(challenges) == len(calls)
    assert all(q.video.parent.name == q.shown.partition("/")[0] == q.footage.path.parent.name for q in challenges)


def test_the_share_is_drawn_from_the_verdict_alone_and_a_larger_one_adds_to_it(
    big_suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path
) -> None:
    def challenged(name: str, *shares: float) -> set[Any]:
        for share in shares:
            bench.evaluate(tiny_generator, big_suite, scripted(), tmp_path / name, challenge=share, votes=2)
        return set(Ledger.of(RunFolder.read(tmp_path / name).call_lines()).challenged)

    some = challenged("some", 0.3)
    assert some == challenged("again", 0.3)
    assert 0.15 * 120 < len(some) < 0.45 * 120
    more = challenged("some", 0.3, 0.6)
    assert some < more == challenged("fresh", 0.6)
    assert challenged("none", 0.0) == set()


def test_a_continued_run_asks_no_challenge_twice(
    big_suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    first = bench.evaluate(tiny_generator, big_suite, scripted(), run_path, challenge=0.5)
    again = scripted()
    assert bench.evaluate(tiny_generator, big_suite, again, run_path, challenge=0.5).to_json() == first.to_json()
    assert again.asked == []


def test_a_challenge_that_failed_is_asked_again_and_nothing_is_missing(
    big_suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    def fail(question: Any) -> None:
        if question.group == "challenge/visual_quality" and question.task.id == "task-3":
            raise TransientJudgeError("503")

    report = bench.evaluate(
        tiny_generator, big_suite, scripted(before=fail), run_path, challenge=1.0, retry=ONCE, workers=1
    )
    held = report.scorecard.judging.ungrounded
    assert held is not None
    assert (report.coverage.missing, held.n) == (0, 59)
    mended = scripted()
    bench.evaluate(tiny_generator, big_suite, mended, run_path, challenge=1.0)
    assert [(q.task.id, q.group) for q in mended.asked] == [("task-3", "challenge/visual_quality")]


def test_challenges_are_paid_from_the_same_budget(
    big_suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    judge = scripted(cost_usd=0.01, worst_usd=0.01)
    with pytest.raises(RunStoppedError, match="--max-cost"):
        bench.evaluate(tiny_generator, big_suite, judge, run_path, challenge=1.0, max_cost=0.5)
    ledger = Ledger.of(RunFolder.read(run_path).call_lines())
    assert ledger.committed_usd == pytest.approx(0.5)
    assert len(ledger.answered) == 60
    report = bench.evaluate(tiny_generator, big_suite, scripted(cost_usd=0.01), run_path, challenge=1.0, max_cost=5)
    assert report.scorecard.usage.cost_usd == pytest.approx(0.72)


def test_with_one_video_there_is_nothing_to_challenge_with_and_the_user_is_told(
    suite: Any, tiny_generator: Make, scripted: Make, run_path: Path
) -> None:
    notes: list[str] = []

    class Notes:
        def __getattr__(self, name: str) -> Any:
            return notes.append if name == "note" else lambda *args, **more: None

    report = bench.evaluate(tiny_generator, suite, scripted(), run_path, limit=1, challenge=1.0, progress=Notes())
    assert report.scorecard.judging.ungrounded is None
    assert any("other task" in note for note in notes)


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_a_share_outside_0_and_1_is_refused(share: float, suite: Any, tiny_generator: Make, scripted: Make) -> None:
    judge = scripted()
    with pytest.raises(InputError, match="share from 0 to 1"):
        bench.evaluate(tiny_generator, suite, judge, challenge=share)
    assert judge.asked == []


def test_a_replayed_run_is_not_challenged(suite: Any, tiny_generator: Make, scripted: Make, tmp_path: Path) -> None:
    bench.evaluate(tiny_generator, suite, scripted(), tmp_path / "first")
    reference = f"replay:{tmp_path / 'first'}"
    report = bench.grade(tmp_path / "again", reference, suite, videos_from=tmp_path / "first", challenge=1.0)
    assert report.scorecard.judging.ungrounded is None
    assert report.scorecard.judging.order_effect is None

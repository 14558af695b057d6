"""The log of answers: nothing acknowledged is lost, nothing is doubled, nothing is undone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microworldbench.errors import InputError, RunConflictError, RunStoppedError
from microworldbench.review.desk import ClosedError, Desk, Visit, laid_over
from microworldbench.review.sheets.sheet import FieldError
from microworldbench.review.store.board import Board, Slot
from microworldbench.review.store.events import EVENT
from microworldbench.review.store.lines import read_lines

VISIT = Visit({"page": 1})
FIELDS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["1", "2", "3"]))


@pytest.fixture
def desk(make: Any, make_suite: Any) -> Iterator[Desk]:
    with Desk(make("relevance", suite=make_suite(3))) as desk:
        for name in ("Ann", "Bob", "Cy"):
            desk.access.invite(name)
        desk.sync()
        yield desk


def events(desk: Desk) -> list[Any]:
    return [event for event, _ in read_lines(desk.folder.path / "events.jsonl", EVENT)]


def test_an_answer_is_on_the_disk_when_it_is_acknowledged(desk: Desk) -> None:
    given, _ = desk.answer("e1", Slot("task-001"), 0, {"answer": "relevant", "why": " yes\r\n it is "}, VISIT)
    assert given.complete
    last = events(desk)[-1]
    assert last.changes == {"answer": "relevant", "why": "yes\n it is"}
    assert (last.expert, last.item, last.bundle) == ("e1", "task-001", desk.folder.study.bundle)
    assert Board.read(desk.folder.path / "events.jsonl").answer("e1", 1, Slot("task-001")).fields == given.fields


def test_the_same_answer_twice_is_one_event(desk: Desk) -> None:
    for _ in range(3):
        desk.answer("e1", Slot("task-001"), 0, {"answer": "relevant"}, VISIT)
    assert [event.kind for event in events(desk)].count("answer") == 1


def test_two_tabs_keep_what_each_of_them_changed(desk: Desk) -> None:
    slot = Slot("task-001")
    desk.answer("e1", slot, 0, {"answer": "relevant"}, VISIT)
    desk.answer("e1", slot, 0, {"why": "written in another tab, opened before"}, VISIT)
    assert desk.board.fields("e1", 1, slot) == {"answer": "relevant", "why": "written in another tab, opened before"}
    desk.answer("e1", slot, 2, {"answer": "not_relevant"}, VISIT)  # this one emptied why
    assert desk.board.fields("e1", 1, slot) == {"answer": "not_relevant"}
    assert [version.fields["answer"] for version in desk.board.versions["e1", 1, slot]] == [
        "relevant",
        "relevant",
        "not_relevant",
    ]


@given(FIELDS, FIELDS, FIELDS)
def test_laying_over_keeps_what_the_form_left_alone(now: Any, before: Any, form: Any) -> None:
    merged = laid_over(now, before, form)
    for name in "abcd":
        untouched = before.get(name) == form.get(name)
        assert merged.get(name) == (now.get(name) if untouched else form.get(name))
    assert laid_over(merged, before, form) == merged
    assert laid_over(before, before, form) == form


def test_a_torn_line_is_dropped_and_the_log_goes_on(make: Any, make_suite: Any) -> None:
    folder = make("relevance", suite=make_suite(2))
    with Desk(folder) as desk:
        desk.access.invite("Ann")
        desk.sync()
        desk.answer("e1", Slot("task-001"), 0, {"answer": "unsure"}, VISIT)
    log = folder.path / "events.jsonl"
    whole = log.read_bytes()
    log.write_bytes(whole + b'{"kind":"answer","n":3,"stu')
    with Desk(folder) as desk:
        desk.answer("e1", Slot("task-000"), 0, {"answer": "unsure"}, VISIT)
    assert log.read_bytes().startswith(whole)
    assert Board.read(log).last == 3


@pytest.mark.parametrize("damage", ["drop", "garble"])
def test_a_log_with_a_hole_is_refused(desk: Desk, damage: str) -> None:
    log = desk.folder.path / "events.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([lines[0], *([b"{}\n"] if damage == "garble" else []), *lines[2:]]))
    with pytest.raises(InputError, match="lacks events: number 3 follows 1" if damage == "drop" else "is damaged"):
        Board.read(log)


def test_a_study_has_one_writer(desk: Desk) -> None:
    with pytest.raises(RunConflictError, match="served already"):
        Desk(desk.folder)


def test_a_full_disk_takes_nothing_and_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    import microworldbench.review.store.lines as lines

    log = desk.folder.path / "events.jsonl"
    before = log.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lines.os, "fsync", full)
    with pytest.raises(RunStoppedError, match="No space left"):
        desk.answer("e1", Slot("task-001"), 0, {"answer": "relevant"}, VISIT)
    assert log.read_bytes() == before
    monkeypatch.undo()
    assert desk.answer("e1", Slot("task-001"), 0, {"answer": "relevant"}, VISIT)[0].complete


def test_answers_from_many_threads_all_arrive_in_order(desk: Desk) -> None:
    def work(expert: str) -> None:
        for n in range(30):
            desk.answer(expert, Slot(f"task-00{n % 3}"), n // 3, {"why": f"{expert} {n}"}, VISIT)

    threads = [threading.Thread(target=work, args=(f"e{n}",)) for n in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event.n for event in events(desk)] == list(range(1, 94))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"answer": "perhaps"}, "must be one of relevant, not_relevant, unsure, got 'perhaps'"),
        ({"verdict": "met"}, "there is no such field"),
        ({"why": "x" * 20_001}, "has 20,001 characters; at most 20,000"),
    ],
)
def test_what_a_field_cannot_hold_is_refused(desk: Desk, fields: dict, said: str) -> None:
    with pytest.raises(FieldError, match=said):
        desk.answer("e1", Slot("task-001"), 0, fields, VISIT)


def test_ten_thousand_characters_and_markup_are_kept_as_they_are(desk: Desk) -> None:
    text = "<script>alert(1)</script>" + "mitosis " * 1250
    desk.answer("e1", Slot("task-001"), 0, {"why": text}, VISIT)
    assert desk.board.fields("e1", 1, Slot("task-001"))["why"] == text.strip()


def test_what_is_handed_in_can_no_longer_change(desk: Desk) -> None:
    assert not desk.hand_in("e1", 1)  # three items are open
    for n in range(3):
        desk.answer("e1", Slot(f"task-00{n}"), 0, {"answer": "relevant"}, VISIT)
    assert desk.hand_in("e1", 1)
    assert desk.hand_in("e1", 1)  # a double click
    with pytest.raises(ClosedError):
        desk.answer("e1", Slot("task-000"), 1, {"answer": "unsure"}, VISIT)
    assert [event.kind for event in events(desk)].count("handed_in") == 1


def finish(desk: Desk, expert: str) -> None:
    for slot in desk.order.slots(expert, 1):
        desk.answer(expert, slot, 0, {"answer": "relevant"}, VISIT)
    desk.hand_in(expert, 1)


def test_a_round_ends_when_nobody_is_waited_for(desk: Desk) -> None:
    finish(desk, "e1")
    finish(desk, "e2")
    assert not desk.is_over
    desk.access.remove("cy")
    desk.sync()
    assert desk.is_over
    assert [event.kind for event in events(desk)][-2:] == ["left", "round_ended"]


def test_a_round_waits_for_experts_who_are_not_invited_yet(make: Any, make_suite: Any) -> None:
    with Desk(make("relevance", suite=make_suite(1))) as desk:
        desk.access.invite("Ann")
        desk.sync()
        finish(desk, "e1")
        assert not desk.is_over


def test_an_expert_who_left_can_come_back(desk: Desk) -> None:
    desk.access.remove("Ann")
    desk.sync()
    with pytest.raises(ClosedError):
        desk.answer("e1", Slot("task-000"), 0, {"answer": "unsure"}, VISIT)
    expert, _ = desk.access.invite("Ann")
    desk.sync()
    assert expert.pseudonym == "e1"
    assert desk.answer("e1", Slot("task-000"), 0, {"answer": "unsure"}, VISIT)[0].complete


def test_a_clock_that_jumps_back_disorders_nothing(make: Any, make_suite: Any) -> None:
    times = iter([datetime(2026, 1, 1, 12, tzinfo=UTC) - timedelta(hours=n) for n in range(50)])
    with Desk(make("relevance", suite=make_suite(1)), clock=lambda: next(times)) as desk:
        desk.access.invite("Ann")
        desk.sync()
        opened = datetime(2026, 1, 1, 12, tzinfo=UTC)
        desk.answer("e1", Slot("task-000"), 0, {"answer": "unsure"}, Visit({}, opened, 30.0))
        desk.answer("e1", Slot("task-000"), 1, {"answer": "relevant"}, VISIT)
        assert desk.board.fields("e1", 1, Slot("task-000")) == {"answer": "relevant"}
        first = desk.board.versions["e1", 1, Slot("task-000")][0].event
        assert (first.started, first.active_s) == (None, None)  # opened after it ended: unknown, not negative


def test_time_on_a_page_is_at_most_the_time_since_it_was_opened(desk: Desk) -> None:
    opened = desk.clock() - timedelta(seconds=10)
    desk.answer("e1", Slot("task-000"), 0, {"answer": "unsure"}, Visit({}, opened, 3600.0))
    assert 10 <= desk.board.answer("e1", 1, Slot("task-000")).event.active_s < 12


def test_a_copy_of_the_folder_is_a_backup(desk: Desk, tmp_path: Path) -> None:
    import shutil

    desk.answer("e1", Slot("task-000"), 0, {"answer": "unsure"}, VISIT)
    shutil.copytree(desk.folder.path, tmp_path / "copy")
    from microworldbench.review.studies.folder import StudyFolder

    with Desk(StudyFolder(tmp_path / "copy")) as copy:
        assert copy.board.fields("e1", 1, Slot("task-000")) == {"answer": "unsure"}
        assert [expert.name for expert in copy.access.experts.values()] == ["Ann", "Bob", "Cy"]

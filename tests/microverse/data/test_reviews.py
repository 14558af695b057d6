"""What experts write, and what it comes to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from microverse.data.reviews import agreement, import_reviews, merge, read_reviews
from microworldbench.errors import InputError

KNOWN = {"a", "b", "c", "d"}


def sheet(path: Path, *rows: str, head: str = "clip,verdict,reason,note,caption,reviewer") -> Path:
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def take(tmp_path: Path, *rows: str, kind: str = "clips", reviewer: str | None = None) -> int:
    return import_reviews(sheet(tmp_path / "sheet.csv", *rows), tmp_path, kind, KNOWN, reviewer)  # type: ignore[arg-type]


def test_the_majority_decides_and_a_tie_does_not(tmp_path: Path) -> None:
    take(tmp_path, "a,accept,,,,ann", "b,reject,cuts,,,ann", "c,accept,,,,ann")
    take(tmp_path, "a,accept,,,,bob", "b,accept,,,,bob", "c,reject,wrong,,,bob")
    take(tmp_path, "a,reject,still,,,cyd", "b,reject,cuts,,,cyd")
    merged = merge(read_reviews(tmp_path, "clips"))
    assert {clip: said.accepts for clip, said in merged.items()} == {"a": True, "b": False, "c": None}
    assert merged["b"].reasons == {"cuts": 2}


def test_one_word_about_safety_is_enough(tmp_path: Path) -> None:
    take(tmp_path, "a,accept,,,,ann")
    take(tmp_path, "a,accept,,,,bob")
    take(tmp_path, "a,reject,personal,a face,,cyd")
    assert merge(read_reviews(tmp_path, "clips"))["a"].accepts is False


def test_a_second_thought_replaces_the_first_and_is_kept(tmp_path: Path) -> None:
    assert take(tmp_path, "a,reject,wrong,,,ann", "b,,,,,ann") == 1
    assert take(tmp_path, "a,reject,wrong,,,ann") == 0
    assert take(tmp_path, "a,accept,,,,ann") == 1
    assert merge(read_reviews(tmp_path, "clips"))["a"].accepts is True
    assert len(list(read_reviews(tmp_path, "clips"))) == 2


def test_corrections_replace_captions(tmp_path: Path) -> None:
    take(tmp_path, 'a,correct,,,"A cell, dividing.",ann', "b,accept,,,,ann", "c,reject,,,,ann", kind="captions")
    merged = merge(read_reviews(tmp_path, "captions"))
    assert merged["a"].correction == "A cell, dividing."
    assert [merged[clip].accepts for clip in "abc"] == [True, True, False]


def test_agreement_is_cohens_for_two_and_fleiss_for_more(tmp_path: Path) -> None:
    assert agreement([]) is None
    take(tmp_path, "a,accept,,,,ann", "b,reject,cuts,,,ann", "c,accept,,,,ann", "d,reject,wrong,,,ann")
    assert agreement(read_reviews(tmp_path, "clips")) is None
    take(tmp_path, "a,accept,,,,bob", "b,reject,cuts,,,bob", "c,reject,wrong,,,bob", "d,reject,wrong,,,bob")
    kappa = agreement(read_reviews(tmp_path, "clips"))
    assert kappa is not None
    assert kappa.value == pytest.approx(0.5)  # 3 of 4 alike, 1/2 by chance
    take(tmp_path, "a,accept,,,,cyd", "b,reject,cuts,,,cyd", "c,accept,,,,cyd", "d,accept,,,,cyd")
    kappa = agreement(read_reviews(tmp_path, "clips"))
    assert kappa is not None
    assert kappa.n == 4


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("z,accept,,,,ann", "no clip 'z'"),
        ("a,perhaps,,,,ann", "unknown verdict 'perhaps'"),
        ("a,reject,,,,ann", "needs a reason"),
        ("a,reject,ugly,,,ann", "needs a reason"),
        ("a,accept,,,,", "--reviewer"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        take(tmp_path, row)
    assert not (tmp_path / "review").exists()


def test_a_correction_needs_its_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs its text"):
        take(tmp_path, "a,correct,,,,ann", kind="captions")


def test_a_torn_line_is_left_out(tmp_path: Path) -> None:
    take(tmp_path, "a,accept,,,,ann")
    with (tmp_path / "review" / "clips.jsonl").open("a") as log:
        log.write('{"item": "b", "rev')
    assert [line.item for line in read_reviews(tmp_path, "clips")] == ["a"]


def test_a_study_of_the_workbench_is_taken_in(tmp_path: Path, studio: Any) -> None:
    """Made, answered and exported by the workbench's own code."""
    from click.testing import CliRunner

    from microworldbench._cli import cli
    from microworldbench.review.studies.folder import StudyFolder

    (tmp_path / "videos").mkdir()
    for clip in "ab":
        studio.film(tmp_path / "videos" / f"{clip}.mp4", [studio.shot(1, ord(clip))])
    lines = "".join(f'{{"id": "{clip}", "video": "videos/{clip}.mp4"}}\n' for clip in "ab")
    (tmp_path / "clips.jsonl").write_text(lines)
    study = tmp_path / "study"
    asked = ["review", "new", str(study), "--kind", "clip", "--clips", str(tmp_path / "clips.jsonl")]
    made = CliRunner().invoke(cli, asked, catch_exceptions=False)
    assert made.exit_code == 0
    assert {item.id for item in StudyFolder(study).items} == {"a", "b"}
    rows = [
        {"item": "a", "expert": "e1", "complete": True, "repeat": False, "decision": "accept", "ended": "2026-01-01"},
        {"item": "b", "expert": "e1", "complete": True, "repeat": False, "decision": "reject", "reason.cuts": "yes",
         "reason.personal": "yes", "why": "a face", "ended": "2026-01-01"},
        {"item": "a", "expert": "e1", "complete": True, "repeat": True, "decision": "reject", "reason.cuts": "yes"},
        {"item": "b", "expert": "e2", "complete": False, "repeat": False, "decision": "accept"},
    ]  # fmt: skip
    answers = tmp_path / "answers.jsonl"
    answers.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert import_reviews(answers, tmp_path, "clips", KNOWN) == 2
    merged = merge(read_reviews(tmp_path, "clips"))
    assert (merged["a"].accepts, merged["b"].accepts) == (True, False)
    assert merged["b"].reasons == {"personal": 1}

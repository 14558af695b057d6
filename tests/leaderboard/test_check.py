"""What a submission is refused for, and that each reason is found."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from microworldbench.errors import InputError
from microworldbench.leaderboard import Submission, SubmissionFolder, check, new_submission
from microworldbench.leaderboard.rules import skeleton
from microworldbench.leaderboard.suites import keep_suite
from microworldbench.leaderboard.verified import VerificationRecord, standing_of
from microworldbench.rubric import Suite


def problems(folder: SubmissionFolder, **options: Any) -> str:
    return "\n".join(check(folder.path, **options).problems)


def edit(folder: SubmissionFolder, **fields: Any) -> None:
    """Changes ``submission.yaml`` by hand."""
    path = folder.path / "submission.yaml"
    content = yaml.safe_load(path.read_text()) | fields
    path.write_text(yaml.safe_dump({k: v for k, v in content.items() if v is not None}))


def change(folder: SubmissionFolder, file: str, edited: Callable[[Any], Any], line: int | None = None) -> None:
    path = folder.path / "run" / file
    if line is None:
        content = json.loads(path.read_text())
        edited(content)
        path.write_text(json.dumps(content))
    else:
        lines = path.read_text().splitlines()
        record = json.loads(lines[line])
        edited(record)
        lines[line] = json.dumps(record)
        path.write_text("\n".join(lines) + "\n")


def test_a_submission_as_it_was_made_is_accepted(submit: Any, make_suite: Any) -> None:
    found = check(submit(make_suite(6), "wan").path)
    assert found.accepted, found.problems
    assert (found.standing, found.problems) == ("self-reported", ())
    assert "not fraud" in found.cannot_show


def test_a_submission_names_no_path_and_holds_no_video(submit: Any, make_suite: Any, tmp_path: Path) -> None:
    folder = submit(make_suite(3), "wan")
    names = sorted(p.relative_to(folder.path).as_posix() for p in folder.path.rglob("*") if p.is_file())
    assert names == sorted(
        ["SHA256SUMS", "submission.yaml"]
        + [f"run/{n}" for n in ("calls.jsonl", "generations.jsonl", "manifest.json", "report.json", "suite.json")]
        + ["run/verdicts.jsonl"]
    )
    assert not any(str(tmp_path) in p.read_text() for p in folder.path.rglob("*") if p.is_file())


def test_one_flipped_byte_in_any_file_is_found(submit: Any, make_suite: Any) -> None:
    folder = submit(make_suite(2), "wan")
    for file in sorted(p for p in folder.path.rglob("*") if p.is_file()):
        data = file.read_bytes()
        for place in {0, 20, len(data) // 3, len(data) // 2, len(data) - 1}:
            file.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
            assert not check(folder.path).accepted, (file.name, place)
        file.write_bytes(data)
    assert check(folder.path).accepted


def test_an_edited_submission_must_be_sealed_again(submit: Any, make_suite: Any) -> None:
    folder = submit(make_suite(3), "wan")
    edit(folder, notes="A correction.")
    assert problems(folder) == "submission.yaml is not as it was sealed (sha256)"
    folder.seal()
    assert check(folder.path).accepted


def test_the_seal_is_what_sha256sum_reads(submit: Any, make_suite: Any) -> None:
    import subprocess

    folder = submit(make_suite(2), "wan")
    if shutil.which("sha256sum") is None:
        pytest.skip("no sha256sum on this machine")
    done = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=folder.path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda p: (p / "setup.py").write_text("x"), "setup.py is no part of a submission"),
        (lambda p: (p / "run/videos/task").mkdir(parents=True), "videos stay outside"),
        (lambda p: (p / "more").mkdir(), "is a folder that is no part"),
        (lambda p: (p / "run/labels.jsonl").symlink_to("/etc/passwd"), "run/labels.jsonl is a link"),
        (lambda p: (p / "run/calls.jsonl").unlink(), "run/calls.jsonl is sealed but missing"),
        (lambda p: (p / "SHA256SUMS").unlink(), "SHA256SUMS is missing"),
        (lambda p: (p / "SHA256SUMS").write_bytes((p / "SHA256SUMS").read_bytes() * 2), "SHA256SUMS is damaged"),
        (lambda p: (p / "submission.yaml").unlink(), "submission.yaml is sealed but missing"),
        (lambda p: (p / "run/manifest.json").write_text("{}"), "is not as it was sealed"),
    ],
)
def test_what_does_not_belong_is_named(submit: Any, make_suite: Any, spoil: Any, sentence: str) -> None:
    folder = submit(make_suite(2), "wan")
    spoil(folder.path)
    assert sentence in problems(folder)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"modell": "wan"}, "did you mean 'model'?"),
        ({"access": "secret"}, "access must be"),
        ({"date": "2026-02-30"}, "day is out of range"),
        ({"date": "yesterday"}, "date"),
        ({"authors": []}, "authors needs at least one entry"),
        ({"authors": None}, "authors is required"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"videos": "file:///etc/passwd"}, "videos"),
        ({"model": ""}, "model must not be empty"),
        ({"notes": "x" * 2001}, "notes must have at most 2000 characters"),
    ],
)
def test_a_malformed_submission_is_refused_with_its_field(
    submit: Any, make_suite: Any, fields: dict[str, Any], sentence: str
) -> None:
    folder = submit(make_suite(2), "wan")
    edit(folder, **fields)
    folder.seal()
    assert sentence in problems(folder)
    assert "submission.yaml" in problems(folder)


def test_scores_that_verdicts_do_not_give_are_found_though_the_seal_fits(submit: Any, make_suite: Any) -> None:
    folder = submit(make_suite(4), "wan")
    change(folder, "report.json", lambda report: report["overall"].update(value=99.0))
    folder.seal()
    assert "report.json states 99.0 for overall.value" in problems(folder)


def test_verdicts_that_no_call_returned_are_found_though_the_seal_fits(submit: Any, make_suite: Any) -> None:
    folder = submit(make_suite(4), "wan")
    change(folder, "verdicts.jsonl", lambda verdict: verdict.update(met=not verdict["met"]), line=0)
    folder.seal()
    assert "returned another verdict" in problems(folder)


def test_a_submission_that_claims_anothers_name_is_refused(submit: Any, make_suite: Any) -> None:
    folder = submit(make_suite(3), "wan", about={"model": "Veo3"})
    assert "the model is called 'Veo3', but the run's generator 'wan'" in problems(folder)


def test_spelling_is_no_other_name() -> None:
    assert skeleton("Wan2.1-T2V (14B)") == skeleton("wan 21 t2v 14b")
    assert skeleton("ＷＡＮ") == skeleton("wan")


def test_a_name_in_look_alike_letters_is_refused(submit: Any, make_suite: Any) -> None:
    folder = submit(make_suite(3), "V\u0435o3", slug="veo")  # a Cyrillic e
    assert "mixes Cyrillic and Latin letters" in problems(folder)
    assert check(submit(make_suite(3), "通义万相", slug="wanx").path).accepted


def test_a_row_that_exists_is_not_taken_twice(submit: Any, make_suite: Any) -> None:
    suite = make_suite(3)
    submit(suite, "Wan 2.1", slug="first", about={"authors": ("Ann", "Bob")})
    second = submit(suite, "wan-2.1", slug="second")
    assert "is on the leaderboard already, submitted as 'first' by Ann, Bob" in problems(second)
    assert check(submit(suite, "wan-2.1", slug="third", about={"version": "2.0"}).path).accepted


def test_anothers_videos_under_another_name_are_refused(submit: Any, make_suite: Any) -> None:
    suite = make_suite(6)
    submit(suite, "wan")
    thief = submit(suite, "better", 0.9, videos="wan")
    assert "6 of its 6 videos are those of wan 1.0, submitted as 'wan' by The developers" in problems(thief)
    renamed = submit(suite, "wan", slug="renamed", videos="wan", about={"version": "2.0"})
    assert "6 of its 6 videos are those of wan 1.0" in problems(renamed)
    for folder in (thief, renamed):
        shutil.rmtree(folder.path)
    elsewhere = submit(suite, "wan", slug="elsewhere", videos="wan", judge="another")
    assert check(elsewhere.path).accepted  # the same videos by another judge are a row of another table


def test_who_speaks_for_a_model_that_others_submitted_is_remarked(submit: Any, make_suite: Any) -> None:
    suite = make_suite(3)
    keep_suite(suite, submit(suite, "wan", about={"authors": ("Ann", "Bob")}).path.parent)
    mine = submit(suite, "wan", slug="more", about={"version": "2.0", "authors": ("Bob",)})
    assert check(mine.path).remarks == ()
    eves = submit(suite, "Wan", slug="eves", about={"version": "3.0", "authors": ("Eve",)})
    assert [r.split(";")[1] for r in check(eves.path).remarks] == [" see that Eve may speak for it"] * 2


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        ({"tasks": ["task-000", "task-001"]}, "only views with every task of the suite are ranked"),
        ({"seeds": (0, 7)}, "the seeds are 0, 7; they must be 0 to K-1"),
        ({"judge": "replay:openai:gpt-5"}, "submit the run whose verdicts were replayed"),
        ({"unjudged": ["task-001"]}, "4 of 24 criteria are missing (16.7 %)"),
    ],
)
def test_runs_that_cannot_be_ranked_are_refused(
    submit: Any, make_suite: Any, run: dict[str, Any], sentence: str
) -> None:
    assert sentence in problems(submit(make_suite(6), "wan", **run))


def test_a_measured_view_holds_every_task_that_has_a_measurement(submit: Any, make_suite: Any) -> None:
    """Three of four tasks have a measured criterion: all three are a full view, two of them are not."""
    content = make_suite(4).model_dump(mode="json")
    for task in content["tasks"][:3]:
        task["criteria"][0]["measurement"] = {"name": "any"}
    suite = Suite.model_validate(content)
    whole = submit(suite, "whole", criteria="measured", judge="measured")
    part = submit(suite, "part", criteria="measured", judge="measured", tasks=["task-000", "task-001"])
    other = submit(suite, "other", criteria="measured", judge="openai:gpt-5")
    assert problems(whole, suite=suite) == ""
    assert "only views with every task" in problems(part, suite=suite)
    assert "only views with every task" in problems(whole)
    assert "only the measured judge" in problems(other, suite=suite)


def test_missing_verdicts_cannot_be_allowed_by_the_run_itself(submit: Any, make_suite: Any) -> None:
    folder = submit(make_suite(6), "wan", unjudged=["task-001"])
    change(folder, "manifest.json", lambda manifest: manifest.update(max_missing=1.0))
    folder.seal()
    assert "criteria are missing" in problems(folder)


def test_weights_that_are_not_the_suites_are_found(submit: Any, make_suite: Any) -> None:
    suite = make_suite(4)
    folder = submit(suite, "wan")
    change(folder, "suite.json", lambda kept: kept["tasks"][0]["criteria"][0].update(weight=0.01))
    folder.seal()
    assert "the suite's digest is not that of its content" in problems(folder)
    assert "tasks, criteria or weights differ" in problems(folder, suite=suite)


def test_a_suite_whose_texts_stay_out_must_be_at_hand(submit: Any, make_suite: Any) -> None:
    suite = make_suite(4, license=None)
    folder = submit(suite, "wan")
    assert "is not at hand, so its weights cannot be checked" in problems(folder)
    assert check(folder.path, suite=suite).accepted
    kept = keep_suite(suite, folder.path.parent)
    assert check(folder.path).accepted
    kept.write_text(kept.read_text().replace("claim 1", "claim 9"))
    assert "its content has another digest than its name" in problems(folder)


def test_a_suite_that_nobody_has_read_is_remarked(submit: Any, make_suite: Any) -> None:
    suite = make_suite(4)
    folder = submit(suite, "own")
    assert "nobody here has read it" in check(folder.path).remarks[0]
    keep_suite(suite, folder.path.parent)
    assert check(folder.path).remarks == ()


def test_a_link_is_named_and_never_followed(submit: Any, make_suite: Any, tmp_path: Path) -> None:
    folder = submit(make_suite(2), "wan")
    os.mkfifo(tmp_path / "endless")  # whoever opened it would wait for ever
    for name in ("SHA256SUMS", "submission.yaml", "run/manifest.json"):
        (folder.path / name).unlink()
        (folder.path / name).symlink_to(tmp_path / "endless")
    assert set(check(folder.path).problems) == {
        f"{name} is a link; a submission holds plain files"
        for name in ("SHA256SUMS", "submission.yaml", "run/manifest.json")
    }


def test_nobody_elses_content_is_called_core(submit: Any, make_suite: Any) -> None:
    """A suite of one's own proves itself by its digest; but a name that is installed stands for what is installed."""
    suite = make_suite(4)
    assert check(submit(suite, "own").path).accepted
    folder = submit(suite.model_copy(update={"id": "core"}), "trick")
    assert "suite core 1-A with this content" in problems(folder)


def test_a_certificate_must_be_whole(submit: Any, make_suite: Any) -> None:
    folder = submit(make_suite(3), "wan")
    (folder.path / "run/certificate.json").write_text("{}")
    folder.seal()
    assert "is no certificate" in problems(folder)


def test_a_damaged_log_is_one_problem_and_no_crash(submit: Any, make_suite: Any) -> None:
    folder = submit(make_suite(3), "wan")
    (folder.path / "run/verdicts.jsonl").write_text('{"task": 1}\n')
    folder.seal()
    assert "verdicts.jsonl:1 is damaged" in problems(folder)


def test_a_new_submission_takes_no_place_that_is_taken(submit: Any, make_suite: Any, tmp_path: Path) -> None:
    folder = submit(make_suite(2), "wan")
    with pytest.raises(InputError, match="exists already"):
        new_submission(tmp_path / "runs/wan", folder.path, folder.about)
    with pytest.raises(InputError, match="small letters"):
        new_submission(tmp_path / "runs/wan", tmp_path / "Wan 2", folder.about)


@pytest.fixture
def record(submit: Any, make_suite: Any) -> tuple[SubmissionFolder, VerificationRecord]:
    folder = submit(make_suite(4), "wan")
    return folder, VerificationRecord(
        submission="wan", digest=folder.digest, videos=4, found=4, frames=32, same_frames=32, seed=1, judged_again=4,
        verdicts=16, same_verdicts=15, by="A maintainer", date="2026-11-01",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "verified"),
        ({"found": 3}, "self-reported"),
        ({"same_frames": 31}, "self-reported"),
        ({"same_verdicts": 14}, "self-reported"),
        ({"verdicts": 0, "same_verdicts": 0}, "self-reported"),
        ({"digest": "0" * 64}, "self-reported"),
        ({"submission": "other"}, "self-reported"),
    ],
)
def test_a_row_is_verified_by_a_record_that_fits_and_holds(
    record: Any, tmp_path: Path, changes: dict[str, Any], word: str
) -> None:
    folder, made = record
    (tmp_path / "wan.json").write_text(made.model_copy(update=changes).model_dump_json(by_alias=True))
    assert standing_of(folder, tmp_path).word == word


def test_a_changed_submission_is_self_reported_again(record: Any, submissions: Path) -> None:
    folder, made = record
    (submissions / "_verified").mkdir()
    (submissions / "_verified/wan.json").write_text(made.model_dump_json(by_alias=True))
    assert check(folder.path).standing == "verified"
    edit(folder, notes="changed")
    folder.seal()
    assert check(folder.path).standing == "self-reported"
    (submissions / "_verified/wan.json").write_text("{")
    assert check(folder.path).standing == "self-reported"


def test_the_commands_make_seal_and_check(submit: Any, make_suite: Any, mwb: Any, tmp_path: Path) -> None:
    submit(make_suite(3), "wan")
    told = ["--version", "2", "--access", "api", "--author", "Ann", "--author", "Bob", "--date", "2026-01-31"]
    made = mwb("leaderboard", "new", "runs/wan", "subs/again", *told, "--notes", "line one")
    assert made.returncode == 0, made.stderr
    about = SubmissionFolder(tmp_path / "subs/again").about
    assert about == Submission(
        model="wan", version="2", access="api", authors=("Ann", "Bob"), date="2026-01-31", notes="line one"
    )
    checked = mwb("leaderboard", "check", "subs/again", "--json")
    assert (checked.returncode, json.loads(checked.stdout)[0]["accepted"]) == (0, True)
    edit(SubmissionFolder(tmp_path / "subs/again"), version="3")
    refused = mwb("leaderboard", "check", "subs/again")
    assert refused.returncode == 2
    assert "again: not accepted\n  submission.yaml is not as it was sealed" in refused.stdout
    assert mwb("leaderboard", "seal", "subs/again").returncode == 0
    assert mwb("leaderboard", "check", "subs/again").returncode == 0


@pytest.mark.parametrize(
    "args",
    [
        ["check", "nowhere"],
        ["new", "nowhere", "x", "--version", "1", "--access", "api", "--author", "a", "--date", "2026-01-01"],
        ["new", "runs/wan", "x", "--version", "1", "--access", "api", "--author", "a", "--date", "soon"],
        ["build", "nowhere", "--out", "site"],
        ["seal", "nowhere"],
    ],
)
def test_wrong_input_exits_2_without_a_traceback(submit: Any, make_suite: Any, mwb: Any, args: list[str]) -> None:
    submit(make_suite(2), "wan")
    done = mwb("leaderboard", *args)
    assert done.returncode == 2
    assert done.stderr.startswith("error: "), done.stderr
    assert "Traceback" not in done.stderr

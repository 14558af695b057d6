"""Pull requests: what they change, and the workflow that checks them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from microworldbench.errors import InputError
from microworldbench.leaderboard import check_proposed

ROOT = Path(__file__).parents[2]


@pytest.fixture
def branches(submit: Any, make_suite: Any, submissions: Path, tmp_path: Path) -> tuple[Path, Path, Any]:
    """The base branch's submissions (two) and a copy of them, which is what is proposed."""
    suite = make_suite(4)
    submit(suite, "old", 0.4)
    submit(suite, "other", 0.5)
    base = Path(shutil.copytree(submissions, tmp_path / "base"))
    return submissions, base, suite


def test_nothing_changed_is_nothing_to_check(branches: Any) -> None:
    proposed, base, _ = branches
    found = check_proposed(proposed, base)
    assert (found.submissions, found.removed, found.problems, found.is_acceptable) == ((), (), (), True)


def test_only_what_is_new_is_checked(branches: Any, submit: Any) -> None:
    proposed, base, suite = branches
    submit(suite, "new", 0.7)
    found = check_proposed(proposed, base)
    assert [(one.submission, one.accepted) for one in found.submissions] == [("new", True)]
    assert found.is_acceptable


def test_a_changed_submission_is_checked_and_is_no_rival_of_itself(branches: Any, submit: Any) -> None:
    proposed, base, suite = branches
    shutil.rmtree(proposed / "old")
    shutil.rmtree(proposed.parent / "runs/old")
    submit(suite, "old", 0.9)
    found = check_proposed(proposed, base)
    assert [(one.submission, one.accepted) for one in found.submissions] == [("old", True)]


def test_a_row_of_the_base_branch_is_not_taken(branches: Any, submit: Any) -> None:
    proposed, base, suite = branches
    submit(suite, "Other", 0.9, slug="mine")
    found = check_proposed(proposed, base)
    assert "is on the leaderboard already, submitted as 'other'" in found.submissions[0].problems[0]
    assert not found.is_acceptable


def test_two_proposed_together_do_not_claim_one_row(branches: Any, submit: Any) -> None:
    proposed, base, suite = branches
    submit(suite, "new", 0.7, slug="one")
    submit(suite, "New", 0.7, slug="two")
    found = check_proposed(proposed, base)
    assert [one.accepted for one in found.submissions] == [False, False]
    assert "submitted as 'two'" in found.submissions[0].problems[0]


def test_a_link_to_the_base_branch_is_no_proposal(branches: Any, tmp_path: Path) -> None:
    _, base, _ = branches
    (tmp_path / "linked").symlink_to(base)
    (tmp_path / "above").symlink_to(base.parent)
    for place in (tmp_path / "linked", tmp_path / "above" / base.name):
        with pytest.raises(InputError, match="is a link"):
            check_proposed(place, base)


def test_removals_are_told(branches: Any) -> None:
    proposed, base, _ = branches
    shutil.rmtree(proposed / "old")
    assert check_proposed(proposed, base).removed == ("old",)


def test_records_of_maintainers_and_strangers_are_refused(branches: Any, tmp_path: Path) -> None:
    proposed, base, _ = branches
    (proposed / "_verified").mkdir()
    (proposed / "_verified/old.json").write_text("{}")
    (proposed / "conftest.py").write_text("raise SystemExit")
    (proposed / "linked").symlink_to("/etc")
    found = check_proposed(proposed, base)
    assert [problem.split(";")[0] for problem in found.problems] == [
        "_verified is changed",
        "conftest.py is no submission",
        "linked is a link",
    ]
    assert not found.is_acceptable
    with pytest.raises(InputError, match="is not a folder"):
        check_proposed(tmp_path / "nowhere", base)


def test_the_command_says_what_ci_says(branches: Any, submit: Any, mwb: Any) -> None:
    proposed, base, suite = branches
    submit(suite, "new", 0.7)
    done = mwb("leaderboard", "proposed", proposed, "--base", base)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "new: accepted, self-reported")
    (proposed / "new/run/report.json").write_text("{}")
    done = mwb("leaderboard", "proposed", proposed, "--base", base, "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["submissions"][0]["accepted"] is False


def workflow() -> dict[Any, Any]:
    if not (ROOT / ".github").is_dir():
        pytest.skip("the workflows are part of a checkout only")
    return yaml.safe_load((ROOT / ".github/workflows/leaderboard.yml").read_text())


def test_the_workflow_has_no_secret_and_a_token_that_only_reads() -> None:
    content, text = workflow(), (ROOT / ".github/workflows/leaderboard.yml").read_text()
    events = content[True]  # YAML 1.1 reads the key `on` as true
    assert set(events) == {"pull_request", "push"}
    assert events["push"] == {"branches": ["main"]}
    assert content["permissions"] == {"contents": "read"}
    assert "secrets." not in text
    assert "pull_request_target" not in text
    assert not any("permissions" in job for job in content["jobs"].values())


def test_the_workflow_runs_the_base_branchs_code_on_the_pull_requests_data() -> None:
    steps = workflow()["jobs"]["check"]["steps"]
    checkouts = [step["with"] for step in steps if step.get("uses", "").startswith("actions/checkout")]
    base, proposed = checkouts
    assert base["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert proposed["ref"] == "${{ github.sha }}"
    assert proposed["sparse-checkout"] == "leaderboard/submissions"
    assert all(one["persist-credentials"] is False for one in checkouts)
    commands = [step["run"] for step in steps if "run" in step]
    assert len(commands) == 1
    assert commands[0].startswith("make -C base leaderboard-check ")
    assert "${{" not in commands[0]  # nothing a pull request says becomes part of a command


def test_the_workflow_uses_actions_by_their_content() -> None:
    used = [step["uses"] for job in workflow()["jobs"].values() for step in job["steps"] if "uses" in step]
    assert used
    assert [one for one in used if not re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", one)] == []


def test_both_jobs_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in ("leaderboard:", "leaderboard-check:", "examples:"):
        assert f"\n{target}" in makefile
    assert any(step.get("run") == "make leaderboard" for step in workflow()["jobs"]["build"]["steps"])

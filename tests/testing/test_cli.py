"""``mwb plugins check``."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

pytest_plugins = ["pytester"]


def mwb(*args: str) -> Any:
    command = [sys.executable, "-m", "microworldbench", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_a_conforming_generator_exits_zero_and_lists_its_checks() -> None:
    done = mwb("plugins", "check", "simulator")
    assert done.returncode == 0, done.stderr
    assert "passed    listing_is_light" in done.stdout
    assert "skipped   same_seed_same_video: not asked for" in done.stdout
    assert "simulator conforms" in done.stdout


def test_live_checks_take_settings_and_a_task() -> None:
    small = ["-g", "width=64", "-g", "height=48", "-g", "duration_s=0.5"]
    done = mwb("plugins", "check", "simulator", "--live", "--task", "mitosis", "--json", *small)
    assert done.returncode == 0, done.stdout
    status = {row["check"]: row["status"] for row in json.loads(done.stdout)["checks"]}
    assert status["same_seed_same_video"] == "passed"


def test_a_failing_check_exits_one() -> None:
    done = mwb("plugins", "check", "simulator", "--live")  # it has no mechanism for the task "conformance"
    assert done.returncode == 1
    assert "failed    makes_a_video" in done.stdout


def test_an_unknown_name_is_a_user_error() -> None:
    done = mwb("plugins", "check", "simulater")
    assert done.returncode == 2
    assert "did you mean 'simulator'" in done.stderr


def test_plugins_without_a_subcommand_still_lists() -> None:
    assert "plugins" in json.loads(mwb("plugins", "--json").stdout)


def test_the_pytest_plugin_runs_the_kit(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from microworldbench.builtin import microworldbench_generators

        def test_it(conforms):
            spec = microworldbench_generators()[0]
            assert conforms(spec).passed
        """
    )
    pytester.runpytest_subprocess("-q").assert_outcomes(passed=1)
    failing = pytester.runpytest_subprocess("-q", "--live-generators")
    failing.assert_outcomes(failed=1)
    failing.stdout.fnmatch_lines(["*simulator does not conform*"])

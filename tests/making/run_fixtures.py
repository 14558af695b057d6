"""Fixtures over `written_runs`; a conftest imports those it wants."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import written_runs

from microworldbench.rubric import Suite


@pytest.fixture(name="make_suite")
def make_suite() -> Callable[..., Suite]:
    return written_runs.make_suite


@pytest.fixture(name="write_run")
def write_run(tmp_path: Path) -> Callable[..., Path]:
    """`write_run` with a folder's name in place of a path."""

    def write(name: str, *args: Any, **kwargs: Any) -> Path:
        return written_runs.write_run(tmp_path / name, *args, **kwargs)

    return write


@pytest.fixture
def mwb(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command line in its own process."""

    def run(*args: object, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "microworldbench", *map(str, args)]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
            env=os.environ | environment,
        )  # fmt: skip

    return run

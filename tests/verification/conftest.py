"""Run folders whose verdicts a test dictates, and the command line in a process of its own."""

from __future__ import annotations

from run_fixtures import make_suite, mwb, write_run

__all__ = ["make_suite", "mwb", "write_run"]

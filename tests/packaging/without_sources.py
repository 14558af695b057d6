"""Runs the tests against the wheel, with the sources removed: part of ``make nightly``.

The source distribution is built and unpacked, the wheel built from it and installed where this environment's packages
are lent; then the packages' sources are deleted, and what the source distribution's tests import is the wheel.

    python tests/packaging/without_sources.py [pytest arguments]
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from wheelhouse import ROOT, build, call, environment, source

EVERYTHING = ("tests", "--ignore=tests/packaging", "-n", "auto", "--maxprocesses", "8", "--dist", "worksteal")


def main() -> None:
    """Runs them; the exit status is pytest's."""
    with tempfile.TemporaryDirectory(prefix="without-sources-") as place:
        home = Path(place)
        unpacked = source(ROOT, home)
        wheel = build(unpacked, home)
        for package in ("microworldbench", "microverse"):
            shutil.rmtree(unpacked / package)
        tools = environment(home / "env", [wheel])
        where = call(tools / "python", "-c", "import microworldbench as b; print(b.__file__)", cwd=unpacked).stdout
        assert str(home / "env") in where, where
        asked = sys.argv[1:] or EVERYTHING
        command = [tools / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *asked]
        sys.exit(subprocess.run([str(part) for part in command], check=False, cwd=unpacked).returncode)


if __name__ == "__main__":
    main()

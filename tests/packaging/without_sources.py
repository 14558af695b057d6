"""Runs the tests against the wheel, with the sources removed: part of ``make nightly``.

The source distribution is built and unpacked, the wheel built from it and installed where this environment's packages
are lent; then the packages' sources are deleted, and what the source distribution's tests import is the wheel.

    python tests/packaging/without_sources.py [--python PYTHON] [pytest arguments]

Another Python gets the pinned packages installed instead, without torch: some gigabytes where there is no build for a
CPU. What needs it is then left out, and named.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from wheelhouse import ROOT, build, call, environment, source

EVERYTHING = ("tests", "--ignore=tests/packaging", "-n", "auto", "--maxprocesses", "8", "--dist", "worksteal")
NEED_TORCH = (
    *("cache", "cli", "clips", "console", "costs", "distributed", "export", "flow", "generate", "learning", "step"),
    *("trainer", "validation"),
)
"""Modules of ``tests/microverse``."""


def another(python: str, place: Path, wheel: Path) -> Path:
    """An environment of another Python with the wheel and the test tools; returns its ``bin``."""
    call(python, "-m", "venv", place, cwd=place.parent)
    quiet = ("--quiet", "--disable-pip-version-check")
    tools = place / "bin"
    call(tools / "python", "-m", "pip", "install", *quiet, "-c", ROOT / "constraints.txt", f"{wheel}[dev]", cwd=place)
    return tools


def main() -> None:
    """Runs them; the exit status is pytest's."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--python", help="an interpreter other than this one")
    asked, arguments = parser.parse_known_args()
    with tempfile.TemporaryDirectory(prefix="without-sources-") as place:
        home = Path(place)
        unpacked = source(ROOT, home)
        wheel = build(unpacked, home)
        for package in ("microworldbench", "microverse"):
            shutil.rmtree(unpacked / package)
        env = home / "env"
        tools = another(asked.python, env, wheel) if asked.python else environment(env, [wheel])
        where = call(tools / "python", "-c", "import microworldbench as b; print(b.__file__)", cwd=unpacked).stdout
        assert str(env) in where, where
        left_out = [f"tests/microverse/test_{name}.py" for name in NEED_TORCH] if asked.python else []
        if left_out:
            print(f"without torch, so without {', '.join(left_out)}", flush=True)
        command = [tools / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *(arguments or EVERYTHING)]
        command += [f"--ignore={name}" for name in left_out]
        sys.exit(subprocess.run([str(part) for part in command], check=False, cwd=unpacked).returncode)


if __name__ == "__main__":
    main()

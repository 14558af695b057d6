"""Installs the wheel with the oldest versions it allows, and scores the demo with them: part of ``make nightly``.

Not a test of the suite: it downloads old wheels. Optional packages are left out, so it also shows that the library
stands without any of them.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

from wheelhouse import ROOT, build, call

DEMO = ("--width", "416", "--height", "240", "--json")
EVERY_COMMAND = "from microworldbench._cli import COMMANDS, cli; [cli.get_command(None, name) for name in COMMANDS]"
APART = 20.0
"""Points that at least lie between the simulator and its broken twin."""


def lower_bounds(requirements: list[str]) -> list[str]:
    """``name==least`` for each ``name>=least``; pip allows 2.8 to be 2.8.0."""
    return [re.sub(r"\[.*?\]", "", line).replace(">=", "==") for line in requirements]


def main() -> None:
    """Prints what was installed and both scores; exits 1 where the demo does not tell them apart."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    with tempfile.TemporaryDirectory(prefix="oldest-") as place:
        home = Path(place)
        (home / "oldest.txt").write_text("\n".join(lower_bounds(project["dependencies"])) + "\n")
        venv.create(home / "env", with_pip=True)
        tools = home / "env" / "bin"
        quiet = ("--quiet", "--disable-pip-version-check")
        call(tools / "python", "-m", "pip", "install", *quiet, "-c", home / "oldest.txt", build(ROOT, home), cwd=home)
        print(call(tools / "python", "-m", "pip", "freeze", cwd=home).stdout, end="")
        call(tools / "python", "-c", EVERY_COMMAND, cwd=home)
        reports = json.loads(call(tools / "mwb", "demo", *DEMO, cwd=home, OMP_NUM_THREADS="1").stdout)
    right, broken = (reports[name]["overall"]["value"] for name in ("simulator", "simulator-violated"))
    print(f"simulator {right:.1f}, its broken twin {broken:.1f}")
    sys.exit(right - broken < APART)


if __name__ == "__main__":
    main()

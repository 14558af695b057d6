"""Installs each adapter alone, with its real dependencies, into an environment of its own: ``make nightly``.

Not a test of the suite: it downloads torch once for each adapter that runs a model.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from wheelhouse import ADAPTERS, ROOT, build, call


def check_alone(adapter: Path, wheels: Path, core: Path, constraints: Path) -> list[str]:
    """What is wrong with `adapter` installed alone."""
    with tempfile.TemporaryDirectory(prefix=f"alone-{adapter.name}-") as place:
        home = Path(place)
        venv.create(home / "env", with_pip=True)
        tools = home / "env" / "bin"
        install = [
            tools / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-c",
            constraints,
        ]
        call(*install, core, build(adapter, wheels), cwd=home)
        names = [
            g["name"]
            for g in json.loads(call(tools / "mwb", "generators", "--json", cwd=home).stdout)
            if g["distribution"] == f"microworldbench-{adapter.name}"
        ]
        problems = [] if names else ["it lists no generator"]
        for name in names:
            done = call(tools / "mwb", "plugins", "check", name, cwd=home, check=False)
            if done.returncode:
                problems.append(f"{name}: {done.stdout.strip()}{done.stderr.strip()}")
        return problems


def main() -> None:
    """Checks every adapter, prints a line each, exits 1 where one fails."""
    wheels = Path(tempfile.mkdtemp(prefix="wheels-"))
    failed = False
    try:
        core = build(ROOT, wheels)
        for adapter in ADAPTERS:
            try:
                problems = check_alone(adapter, wheels, core, ROOT / "constraints.txt")
            except (AssertionError, subprocess.TimeoutExpired) as error:
                problems = [str(error)]
            failed |= bool(problems)
            print(f"{'failed' if problems else 'ok':7} {adapter.name}", *problems, sep="\n        ", flush=True)
    finally:
        shutil.rmtree(wheels)
    sys.exit(failed)


if __name__ == "__main__":
    main()

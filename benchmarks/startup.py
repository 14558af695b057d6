"""How long does a user wait before anything happens?

Fresh processes, interleaved: bare Python, ``import microworldbench``, ``mwb --help``. Medians are compared.

    python benchmarks/startup.py [--rounds N]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from statistics import median

IMPORT_OVER_BARE_MS = 100.0
HELP_MS = 200.0


def commands() -> dict[str, list[str]]:
    """What is started. Without an installed script, `mwb` is called through its function."""
    script = Path(sysconfig.get_path("scripts"), "mwb")
    called = [sys.executable, "-c", "from microworldbench._cli import main; main()"]
    return {
        "bare Python": [sys.executable, "-c", "pass"],
        "import microworldbench": [sys.executable, "-c", "import microworldbench"],
        "mwb --help": [*([str(script)] if script.exists() else called), "--help"],
    }


def measure(rounds: int) -> dict[str, float]:
    """Median milliseconds of each command; one round before the first is thrown away (byte code, page cache)."""
    taken: dict[str, list[float]] = {name: [] for name in commands()}
    for turn in range(rounds + 1):
        for name, command in commands().items():
            began = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            if turn:
                taken[name].append((time.perf_counter() - began) * 1e3)
    return {name: median(times) for name, times in taken.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21)
    found = measure(parser.parse_args().rounds)
    bare = found["bare Python"]
    limits = {"import microworldbench": bare + IMPORT_OVER_BARE_MS, "mwb --help": HELP_MS}
    print(f"{'':24}{'median ms':>10}{'/ bare':>9}{'over bare':>11}{'at most':>9}")
    reached = True
    for name, taken in found.items():
        limit = limits.get(name)
        verdict = "" if limit is None else f"{limit:9.1f}  {'ok' if taken <= limit else 'MISSED'}"
        reached &= limit is None or taken <= limit
        print(f"{name:24}{taken:10.1f}{taken / bare:9.2f}{taken - bare:11.1f}{verdict}")
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""Runs the benchmarks that need no GPU and writes what they printed into docs/benchmarks.md: ``make bench``.

    python benchmarks/_page.py [NAME …]

With names, only those are run again; the parts of the others stay as they were, with their own dates.
"""

from __future__ import annotations

import ast
import os
import platform
import re
import subprocess
import sys
import time
from datetime import date
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
NEEDS_GPU = "gpu_"
HEAD = """# Benchmarks

One script a question, each with a ratio to a target or to another way of doing the same. `make bench` runs them and
writes this page; `make bench ONLY="frames audit"` runs some of them again. Timings are of the machine named with them.
Where its load was near its number of processors before the script began, others were using it, and a missed target may
be their fault. Scripts that need a GPU (`benchmarks/gpu_*.py`) are run by hand, see
[training on a GPU](reference/training-on-a-gpu.md).
"""
PART = re.compile(r"^## `(?P<name>\w+)`\n.*?(?=^## `|\Z)", re.MULTILINE | re.DOTALL)
VERSIONS = {
    "frames": ("av", "numpy", "opencv-python-headless"),
    "curation": ("av", "numpy", "scenedetect-headless"),
    "error_bars": ("numpy", "scipy", "scikit-learn", "statsmodels"),
    "coverage": ("numpy", "scipy"),
    "startup": ("click", "pydantic"),
    "judge_throughput": ("av", "openai"),
    "judge_peers": ("openai",),
    "judge_tokens": ("openai",),
    "simulators": ("numpy", "scipy"),
    "review_load": ("starlette", "uvicorn"),
    "train_step": ("torch", "diffusers"),
}


def main(names: list[str]) -> int:
    """Runs the named benchmarks, or all; the exit status is 1 where one failed or missed its target."""
    scripts = {p.stem: p for p in sorted(HERE.glob("[a-z]*.py")) if not p.stem.startswith(NEEDS_GPU)}
    if unknown := set(names) - set(scripts):
        print(f"no benchmark {min(unknown)!r}; there are {', '.join(scripts)}", file=sys.stderr)
        return 2
    failed = []
    for name in names or scripts:
        print(f"\n== {name}", flush=True)
        part, status = measured(name, scripts[name])
        failed += [name] if status else []
        keep(name, part, list(scripts))
    if failed:
        print(f"\nfailed, or missed a target: {', '.join(failed)}", file=sys.stderr)
    print(PAGE)
    return int(bool(failed))


def measured(name: str, script: Path) -> tuple[str, int]:
    """Runs one script; its part of the page and its exit status."""
    began, load = time.monotonic(), os.getloadavg()[0]
    done = subprocess.run([sys.executable, script], check=False, capture_output=True, text=True, cwd=HERE.parent)
    seconds = time.monotonic() - began
    print(done.stdout, done.stderr if done.returncode else "", sep="", flush=True)
    docstring = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or name
    about = "\n\n".join(p for p in docstring.split("\n\n") if not p.lstrip().startswith("python benchmarks"))
    told = done.stdout.strip("\n") if done.stdout.strip() else done.stderr.strip()[-2000:]
    missed = f"\n\n**Exit status {done.returncode}:** failed, or missed a target." if done.returncode else ""
    where = f"{date.today().isoformat()}, {machine()}, {versions(name)}; {seconds:.0f} s, load {load:.1f} before"
    text = about.replace("``", "`")
    return f"## `{name}`\n\n{text}\n\n```text\n{told}\n```\n\n*{where}*{missed}", done.returncode


def machine() -> str:
    """Processors and system in a few words."""
    info = Path("/proc/cpuinfo")
    models = re.findall(r"^model name\s*: (.+)$", info.read_text(), re.MULTILINE) if info.exists() else []
    return f"{os.cpu_count()} × {models[0] if models else platform.machine()}, {platform.system()}"


def versions(name: str) -> str:
    """Versions that a result depends on."""
    wanted = ("microworldbench", *VERSIONS.get(name, ("numpy",)))
    there = {d.metadata["Name"]: d.version for d in metadata.distributions()}
    return ", ".join([f"Python {platform.python_version()}", *(f"{w} {there[w]}" for w in wanted if w in there)])


def keep(name: str, part: str, order: list[str]) -> None:
    """Puts one part into the page, in the order of the names."""
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    parts = {m["name"]: m[0] for m in PART.finditer(old)} | {name: part}
    kept = [parts[n].strip() for n in order if n in parts]
    left = [f"`{n}`" for n in order if n not in parts]
    note = [f"Not measured for this page yet: {', '.join(left)}."] if left else []
    PAGE.write_text("\n\n".join([HEAD.strip(), *note, *kept]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

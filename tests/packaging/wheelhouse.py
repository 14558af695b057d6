"""Builds the wheels of the library and its adapters, and installs them where no checkout can be imported from."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
ADAPTERS = sorted(path.parent for path in (ROOT / "adapters").glob("*/pyproject.toml"))


def call(*command: object, cwd: Path, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs a command without what this process's environment would lend it."""
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env={**clean, **env}, capture_output=True, text=True, timeout=900
    )
    assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done


def build(folder: Path, out: Path) -> Path:
    """The wheel of the distribution in `folder`."""
    before = set(out.glob("*.whl"))
    call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out, cwd=folder)
    (made,) = set(out.glob("*.whl")) - before
    return made


def source(folder: Path, out: Path) -> Path:
    """The source distribution in `folder`, unpacked below `out`: what the wheel is built from for a release."""
    call(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", out, cwd=folder)
    (archive,) = out.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(out, filter="data")
    return archive.with_name(archive.name.removesuffix(".tar.gz"))


def environment(place: Path, wheels: Iterable[Path]) -> Path:
    """An environment with `wheels`, and this one's packages but for ours; returns its ``bin``.

    Their dependencies are linked, not installed again: some gigabytes of torch stay where they are.
    """
    venv.create(place, with_pip=False)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(place), "platbase": str(place)}))
    lent = place / "lent"
    lent.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(("microworldbench", "microverse", "_editable_impl", "__editable__")):
            (lent / entry.name).symlink_to(entry)
    (site / "lent.pth").write_text(f"{lent}\n")
    python = place / "bin" / "python"
    options = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check"]
    call(sys.executable, "-m", "pip", "--python", python, "install", *options, *wheels, cwd=place)
    return place / "bin"

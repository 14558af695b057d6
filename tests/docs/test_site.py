"""The site builds without a warning, its links lead somewhere, and nothing public is left out of the reference."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import microworldbench

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LINK = re.compile(r"(?<!`)\]\((?P<target>[^)\s]+?)(?:#[^)\s]*)?\)")
IGNORED = {".venv", "_build", "node_modules", "demo", "mwb-runs", "dist", "build"}
pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="the pages are part of the repository only")


def pages() -> list[Path]:
    """Every page of Markdown of the repository."""
    found = [path for path in ROOT.rglob("*.md") if IGNORED.isdisjoint(path.relative_to(ROOT).parts)]
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(ROOT).parts))


def test_every_link_between_pages_leads_to_a_file() -> None:
    broken = []
    for page in pages():
        text = re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for match in LINK.finditer(text):
            target = match["target"]
            if not re.match(r"[a-z]+:|#", target) and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_the_reference_names_everything_public() -> None:
    text = (DOCS / "reference" / "api.md").read_text(encoding="utf-8") + "microworldbench.stats"
    errors = [name for name in microworldbench.__all__ if name.endswith("Error")]  # they have a page of their own
    left_out = [n for n in microworldbench.__all__ if n not in errors and f"microworldbench.{n}" not in text]
    assert left_out == []


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    for package in ("sphinx", "myst_parser", "furo", "sphinx_click"):
        pytest.importorskip(package, reason="Sphinx is not installed: make docs")
    command = [sys.executable, "-m", "sphinx", "-E", "-W", "--keep-going", "-q", "-b", "html", DOCS, tmp_path / "html"]
    done = subprocess.run([*map(str, command)], check=False, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "html" / "reference" / "files.html").read_text(encoding="utf-8")
    for schema in re.findall(r"\.\./schemas/\w+\.json", page):
        assert (tmp_path / "html" / "reference" / schema).resolve().is_file()
    assert "mwb-run" in (tmp_path / "html" / "reference" / "cli.html").read_text(encoding="utf-8")

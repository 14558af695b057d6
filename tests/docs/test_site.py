"""The site builds without a warning, its links lead somewhere, and nothing public is left out of the reference."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import microworldbench

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ADDRESS = re.compile(
    r"https://(doi\.org/10\.\d{4,9}/\S*\w|arxiv\.org/abs/\d{4}\.\d{5}|(?!doi|arxiv)([a-z0-9-]+\.)+[a-z]+/\S*)"
)
IGNORED = {".venv", "_build", "node_modules", "demo", "mwb-runs", "dist", "build"}
pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="the pages are part of the repository only")


def pages() -> list[Path]:
    """Every page of Markdown of the repository."""
    found = [path for path in ROOT.rglob("*.md") if IGNORED.isdisjoint(path.relative_to(ROOT).parts)]
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(ROOT).parts))


def lychee(*asked: str | Path) -> str:
    """What the link checker says of them without a network; AssertionError where a file or a heading is not there."""
    tool = shutil.which("lychee", path=Path(sys.executable).parent)
    if tool is None:
        pytest.skip("lychee is not installed")
    done = subprocess.run([tool, *map(str, asked)], check=False, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(not (ROOT / "microworldbench").is_dir(), reason="pages link to sources, which were removed")
def test_every_link_between_pages_leads_to_a_file_and_a_heading() -> None:
    assert "0 Errors" in lychee("--offline", *pages())


def test_a_link_that_leads_nowhere_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    for target in ("nowhere.md", "page.md#no-such-heading"):
        page.write_text(f"# A heading\n\n[a]({target}) and [b](page.md#a-heading)\n")
        with pytest.raises(AssertionError, match="1 Error"):
            lychee("--offline", page)


def test_every_address_is_written_as_addresses_are() -> None:
    """Whether it answers needs a network: `make links`."""
    rubrics = sorted((ROOT / "rubrics" / "core" / "tasks").glob("*.yaml"))
    found = [*lychee("--dump", *pages(), ROOT / "CITATION.cff", *rubrics).split()]
    addresses = {each for each in found if not each.startswith("file:")}
    assert len(addresses) > 40
    assert [each for each in addresses if not ADDRESS.fullmatch(each)] == []


def test_the_reference_names_everything_public() -> None:
    text = (DOCS / "reference" / "api.md").read_text(encoding="utf-8") + "microworldbench.stats"
    errors = [name for name in microworldbench.__all__ if name.endswith("Error")]  # they have a page of their own
    left_out = [n for n in microworldbench.__all__ if n not in errors and f"microworldbench.{n}" not in text]
    assert left_out == []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it."""
    for package in ("sphinx", "myst_parser", "furo", "sphinx_click"):
        pytest.importorskip(package, reason="Sphinx is not installed: make docs")
    html = tmp_path_factory.mktemp("site") / "html"
    command = [sys.executable, "-m", "sphinx", "-E", "-W", "--keep-going", "-q", "-b", "html", DOCS, html]
    done = subprocess.run([*map(str, command)], check=False, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return html


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_its_links_lead_to_files_and_headings(site: Path) -> None:
    assert "0 Errors" in lychee("--offline", site)
    assert {path.stem for path in (site / "schemas").iterdir()} > {"Task", "Manifest", "Verdict"}
    assert "mwb-run" in (site / "reference" / "cli.html").read_text(encoding="utf-8")

"""`build`: submissions in, a static site out. Equal submissions give equal bytes, on any machine and in any locale."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ..errors import InputError
from ..rendering.templating import asset
from ..suites.snapshot import Snapshot
from .downloads import differences_csv, leaderboard_csv, tasks_csv
from .entries import Entry, read_entries
from .pages import Page, pages
from .ranking import Ranked, rank
from .records import Leaderboard
from .submission import SubmissionFolder, submission_folders
from .verified import RECORDS

OWN = "microworldbench.leaderboard"
MARK = "assets/made-by-microworldbench"
"""Stands in every site, so that a folder that holds something else is never replaced."""


def build(
    submissions: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    verified: str | os.PathLike[str] | None = None,
) -> Leaderboard:
    """Ranks all submissions and writes the leaderboard's site.

    Args:
        submissions: The folder of submissions.
        out: The site; an earlier one there is replaced as a whole.
        verified: Where maintainers keep their records; by default ``_verified`` in `submissions`.

    Returns:
        The ranked data, as in ``data/leaderboard.json``.

    Raises:
        InputError: a submission is damaged or not what its verdicts say, two claim one row, or `out` holds something
            else or cannot be written to.
    """
    ranked = read_ranked(submissions, verified=verified)
    found = Leaderboard(tables=tuple(one.table for one in ranked))
    target = Path(out).resolve()
    _refuse_other_content(target, str(out))
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        for path, content in _files(ranked, found):
            file = unfinished / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode())
        if target.exists():
            shutil.rmtree(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished.rename(target)
    except OSError as error:
        raise InputError(f"cannot write {str(out)!r}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return found


def _refuse_other_content(target: Path, shown: str) -> None:
    """Only an earlier site, an empty folder or nothing is replaced."""
    if target.exists() and not target.is_dir():
        raise InputError(f"{shown!r} is a file; choose another --out")
    if target.is_dir() and not (target / MARK).is_file() and any(target.iterdir()):
        raise InputError(f"{shown!r} holds something that is not a leaderboard; choose another --out")
    if (target / ".git").exists():
        raise InputError(f"{shown!r} is a git checkout, which a build would replace; build elsewhere and copy the site")


def read_ranked(submissions: str | os.PathLike[str], *, verified: str | os.PathLike[str] | None = None) -> list[Ranked]:
    """All submissions of a folder, ranked. Raises like `build`."""
    folders = submission_folders(submissions)
    records = Path(submissions) / RECORDS if verified is None else Path(verified)
    entries = read_entries(folders, records)
    return rank(entries, _views(folders, entries))


def _views(folders: list[SubmissionFolder], entries: list[Entry]) -> dict[str, Snapshot]:
    """Each different view once."""
    first = {entry.view_file: folder for entry, folder in reversed([*zip(entries, folders, strict=True)])}
    return {digest: folder.run.snapshot for digest, folder in first.items()}


def _files(ranked: list[Ranked], found: Leaderboard) -> Iterator[Page]:
    yield (
        "assets/style.css",
        "\n".join([asset("theme.css"), asset("report.css"), asset("page.css"), asset("board.css", OWN)]),
    )
    yield "assets/script.js", "\n".join([asset("theme.js"), asset("board.js", OWN)])
    yield "assets/icon.svg", asset("icon.svg", OWN)
    yield MARK, "A static site made by mwb leaderboard build; the next build replaces this folder.\n"
    yield ".nojekyll", ""
    yield "data/leaderboard.json", found.to_json()
    yield "data/leaderboard.csv", leaderboard_csv(found.tables)
    for one in ranked:
        yield f"{one.table.id}/tasks.csv", tasks_csv(one)
        yield f"{one.table.id}/differences.csv", differences_csv(one)
    yield from pages(ranked)

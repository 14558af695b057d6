"""`check`: whether a submission may enter the leaderboard, and if not, why."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ..errors import InputError
from ..recount import scorecard_of
from ..rubric import Record, Suite
from ..runs import RunFolder
from ..verification import contradictions
from . import rules
from .submission import SUMS, Submission, SubmissionFolder, submission_folders
from .suites import KEPT, find_suite, is_installed
from .verified import RECORDS, Word, standing_of

CANNOT_SHOW = (
    "These checks find corruption and contradiction, not fraud: verdicts that were invented consistently pass them. "
    "Only a row called verified was judged again, on its own videos, by somebody else."
)
SAME_VIDEOS = 0.5
"""Share of its videos that another model's submission may hold before one of them is a copy."""


class Checked(Record):
    """What was found."""

    submission: str
    accepted: bool
    problems: tuple[str, ...]
    """Why it is not accepted, each with the next step."""
    remarks: tuple[str, ...] = ()
    """What whoever merges it should know."""
    digest: str | None
    """The submission's name by content; None where it is not sealed."""
    standing: Word
    """``verified`` only where a maintainer judged a part again, and the record fits."""
    cannot_show: str = CANNOT_SHOW


def check(
    path: str | os.PathLike[str],
    *,
    among: str | os.PathLike[str] | None = None,
    beside: str | os.PathLike[str] | None = None,
    suite: Suite | None = None,
    verified: str | os.PathLike[str] | None = None,
) -> Checked:
    """Checks a submission: computes every number again, and holds it to the rules of the leaderboard.

    Args:
        path: The submission's folder.
        among: The folder of all submissions, to find names and videos that are another's; by default its parent.
        beside: Submissions proposed together with it, which must not be its rivals either.
        suite: The suite it was run on, where it is neither installed nor kept in ``_suites`` of `among`.
        verified: Where maintainers keep their records; by default ``_verified`` in `among`.

    Raises:
        InputError: `path` is not a folder.
    """
    folder = SubmissionFolder(Path(path).absolute())
    if not folder.path.is_dir() or folder.path.is_symlink():
        raise InputError(f"{str(path)!r} is not a folder; a submission is one: 'mwb leaderboard new' makes it")
    others = folder.path.parent if among is None else Path(among)
    rivals = [others] if beside is None else [others, Path(beside)]
    problems = list(_structure(folder))
    if not problems:
        problems = [*_content(folder, suite, others), *_others(folder, rivals)]
    sums = folder.path / SUMS
    return Checked(
        submission=folder.slug,
        accepted=not problems,
        problems=tuple(dict.fromkeys(problems)),
        remarks=() if problems else tuple(_remarks(folder, suite, others)),
        digest=folder.digest if sums.is_file() and not sums.is_symlink() else None,
        standing=standing_of(folder, others / RECORDS if verified is None else Path(verified)).word,
    )


def _structure(folder: SubmissionFolder) -> Iterator[str]:
    """Nothing is opened before it is known that only plain files are there: a link may lead anywhere."""
    misplaced = [*folder.misplaced()]
    yield from misplaced
    if misplaced:
        return
    yield from folder.broken_seals()
    yield from _told(lambda: folder.about)
    yield from _told(lambda: (folder.run.manifest, folder.run.snapshot))


def _content(folder: SubmissionFolder, suite: Suite | None, others: Path) -> Iterator[str]:
    run, about = folder.run, folder.about
    manifest, kept = run.manifest, run.snapshot
    yield from rules.naming(about, manifest)
    yield from rules.comparability(manifest, kept)
    yield from rules.certificate(run, manifest)
    try:
        known = find_suite(kept.suite.id, kept.suite.digest, others) if suite is None else suite
        yield from rules.full_view(kept, known)
        yield from rules.suite_content(kept, known, is_ours=is_installed(kept.suite.id))
        yield from contradictions(run)
        yield from rules.coverage(scorecard_of(run))
    except InputError as error:
        yield str(error)


def _remarks(folder: SubmissionFolder, suite: Suite | None, others: Path) -> Iterator[str]:
    about, stated = folder.about, folder.run.snapshot.suite
    if suite is None and find_suite(stated.id, stated.digest, others) is None:
        yield (
            f"its suite {stated.id} {stated.version} is neither installed nor kept in {KEPT}: whole and sealed, but "
            "nobody here has read it; the row would stand in a table of its own"
        )
    for other, theirs in _neighbours(folder, others):
        if _is_model(theirs, about) and set(theirs.authors).isdisjoint(about.authors):
            yield (
                f"{theirs.model!r} is on the leaderboard already, submitted as {other.slug!r} by "
                f"{', '.join(theirs.authors)}; see that {', '.join(about.authors)} may speak for it"
            )


def _others(folder: SubmissionFolder, rivals: Iterable[Path]) -> Iterator[str]:
    about, run = folder.about, folder.run
    videos, table = _videos(run), _table(run)
    for other, theirs in (found for place in rivals for found in _neighbours(folder, place)):
        try:
            shares_table = _table(other.run) == table
            shared = len(videos & _videos(other.run))
        except InputError:
            continue  # its own check tells
        is_model = _is_model(theirs, about)
        if shares_table and is_model and rules.skeleton(theirs.version) == rules.skeleton(about.version):
            yield (
                f"{about.model} {about.version} is on the leaderboard already, submitted as {other.slug!r} by "
                f"{', '.join(theirs.authors)}; replace that submission, or state another version"
            )
        elif shared > SAME_VIDEOS * len(videos) and (shares_table or not is_model):
            yield (
                f"{shared:,} of its {len(videos):,} videos are those of {theirs.model} {theirs.version}, submitted as "
                f"{other.slug!r} by {', '.join(theirs.authors)}: one of the two claims the other's work"
            )


def _neighbours(folder: SubmissionFolder, others: Path) -> Iterator[tuple[SubmissionFolder, Submission]]:
    """The other submissions that can be read. One of the same name is no other: it may be what this one replaces."""
    if not others.is_dir():
        return
    try:
        found = submission_folders(others)
    except InputError:
        return
    for other in found:
        if other.slug != folder.slug and not any(other.misplaced()):
            try:
                yield other, other.about
            except InputError:
                continue  # its own check tells


def _is_model(one: Submission, other: Submission) -> bool:
    return rules.skeleton(one.model) == rules.skeleton(other.model)


def _videos(run: RunFolder) -> set[str]:
    return {made.video.sha256 for made in run.generations().values() if made.video is not None}


def _table(run: RunFolder) -> tuple[object, ...]:
    manifest = run.manifest
    return manifest.suite.digest, manifest.view.digest, manifest.judge


def _told(read: Callable[[], object]) -> Iterator[str]:
    try:
        read()
    except InputError as error:
        yield str(error)

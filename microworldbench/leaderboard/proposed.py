"""What a pull request would change, told from two folders of submissions: the base branch's and the proposed one.

Everything in the proposed folder is data; it is read by the base branch's code and never executed.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import InputError
from ..rubric import Record, Suite
from .check import Checked, check
from .suites import KEPT
from .verified import RECORDS


class Proposal(Record):
    """What is new or changed, and whether it may be merged."""

    submissions: tuple[Checked, ...]
    """New and changed ones."""
    removed: tuple[str, ...]
    """Submissions that would go; only their authors or a maintainer should want that."""
    problems: tuple[str, ...]
    """What no pull request of a submitter may do."""

    @property
    def is_acceptable(self) -> bool:
        """Whether everything proposed would be accepted."""
        return not self.problems and all(one.accepted for one in self.submissions)


def check_proposed(
    proposed: str | os.PathLike[str], base: str | os.PathLike[str], *, suite: Suite | None = None
) -> Proposal:
    """Checks the submissions of a pull request that differ from the base branch's.

    Args:
        proposed: The proposed folder of submissions.
        base: The base branch's.
        suite: As for `check`.

    Raises:
        InputError: `proposed` is not a folder, or it or the folder it lies in is a link, which may lead to the base.
    """
    theirs, ours = Path(proposed), Path(base)
    if not theirs.is_dir():
        raise InputError(f"{str(proposed)!r} is not a folder of submissions")
    if theirs.is_symlink() or theirs.parent.is_symlink():
        raise InputError(f"{str(proposed)!r} is a link or lies in one; submissions are proposed as plain folders")
    there, here = _folders(theirs), _folders(ours)
    changed = [name for name in there if name not in here or _differ(theirs / name, ours / name)]
    return Proposal(
        submissions=tuple(check(theirs / name, among=ours, beside=theirs, suite=suite) for name in changed),
        removed=tuple(name for name in here if name not in there),
        problems=tuple(_forbidden(theirs, ours, there)),
    )


def _folders(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.is_symlink() and p.name[0] not in "._")


def _differ(one: Path, other: Path) -> bool:
    """Whether any file differs; a link counts as different from everything."""
    names = [sorted(p.relative_to(root).as_posix() for p in root.rglob("*")) for root in (one, other)]
    return names[0] != names[1] or any(_bytes(one / name) != _bytes(other / name) for name in names[0])


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() and not path.is_symlink() else None


def _forbidden(theirs: Path, ours: Path, there: list[str]) -> list[str]:
    found = []
    for place in sorted(theirs.iterdir()):
        if place.is_symlink():
            found.append(f"{place.name} is a link; submissions are folders")
        elif place.name in (RECORDS, KEPT):
            if _differ(place, ours / place.name):
                found.append(f"{place.name} is changed; it is kept by maintainers, in commits of their own")
        elif place.name not in there:
            found.append(f"{place.name} is no submission")
    return found

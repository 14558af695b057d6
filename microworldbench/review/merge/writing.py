"""The files of a merge."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...errors import InputError
from ...logbook import write_atomically
from ...suites.folder import load_folder
from ...suites.writing import write_folder
from ..exchange.rows import tables_of
from .figure import action_figure
from .merging import Merged
from .pages import to_markdown
from .records import Shift


def write_merge(merged: Merged, out: Path, shifts: Sequence[Shift] = ()) -> list[Path]:
    """Writes everything into `out`; an earlier merge there is replaced.

    Returns:
        What was written: the suite's folder, or the files.

    Raises:
        InputError: `out` holds something else, or cannot be written to.
    """
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / "merge.json").is_file())):
        raise InputError(f"{str(out)!r} exists and is not a merge; choose another --out")
    try:
        out.mkdir(parents=True, exist_ok=True)
        written = []
        for name, text in files_of(merged, shifts):
            write_atomically(out / name, text.encode("utf-8", "backslashreplace"))
            written.append(out / name)
    except OSError as error:
        raise InputError(f"cannot write to {str(out)!r}: {error.strerror or error}") from error
    if merged.child is not None:
        shutil.rmtree(out / "suite", ignore_errors=True)
        write_folder(merged.child, out / "suite")
        _check(merged, out / "suite")
        written.insert(0, out / "suite")
    return written


def files_of(merged: Merged, shifts: Sequence[Shift] = ()) -> Iterator[tuple[str, str]]:
    """Yields name and content of every file but the suite's."""
    result = merged.result.model_dump(mode="json", by_alias=True)
    yield "merge.json", json.dumps(result, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    yield "decisions.jsonl", "".join(decision.model_dump_json() + "\n" for decision in merged.decisions)
    yield "report.md", to_markdown(merged, shifts)
    if shifts:
        told = [shift.model_dump(mode="json") for shift in shifts]
        yield "shifts.json", json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    if merged.result.actions:
        yield "actions.svg", action_figure(merged.result.actions)
    yield from tables_of(merged.folder, merged.board).items()


def _check(merged: Merged, folder: Path) -> None:
    """What was written must read as what was meant: every rule for suites holds for the child."""
    assert merged.child is not None
    read = load_folder(folder)
    if read.digest != merged.child.digest:
        raise InputError(f"{str(folder)!r} does not read as the suite that was merged; please report this")

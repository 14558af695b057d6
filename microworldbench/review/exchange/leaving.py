"""``mwb review export``: a study without names and keys, in the forms that others read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Literal

from ...errors import InputError
from ...logbook import write_atomically
from ..sheets.order import Order
from ..store.board import Board
from ..studies.folder import FILES, StudyFolder
from .label_studio import labelling_config, tasks_of
from .rows import answers_of, csv_text, json_lines, tables_of

Form = Literal["log", "rows", "label-studio"]
FORMS: tuple[Form, ...] = ("log", "rows", "label-studio")
MEDIA_PREFIX = "/data/local-files/?d="


def export_study(
    folder: StudyFolder, out: Path, forms: Collection[Form] = ("log", "rows"), *, media_prefix: str = MEDIA_PREFIX
) -> list[Path]:
    """Writes a study into `out`.

    Args:
        folder: The study.
        out: A folder; made if it is not there.
        forms: ``log``: what was asked and the log of answers, which ``mwb review merge`` takes. ``rows``: answers as
            CSV and JSON lines, with labels or votes where there are. ``label-studio``: tasks, a labelling
            configuration and the videos.
        media_prefix: What stands before a video's path in Label Studio's tasks.

    Returns:
        What was written.

    Raises:
        InputError: `out` cannot be written to, or the study has no form in Label Studio.
    """
    written = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in _texts(folder, forms, media_prefix).items():
            write_atomically(out / name, text.encode("utf-8", "backslashreplace"))
            written.append(out / name)
        if "label-studio" in forms and folder.videos.is_dir():
            (out / "videos").mkdir(exist_ok=True)
            for film in {film.file for item in folder.items for film in item.films}:
                shutil.copyfile(folder.videos / film, out / "videos" / film)
            written.append(out / "videos")
    except OSError as error:
        raise InputError(f"cannot write to {str(out)!r}: {error.strerror or error}") from error
    return written


def _texts(folder: StudyFolder, forms: Collection[Form], media_prefix: str) -> dict[str, str]:
    found: dict[str, str] = {}
    board = Board.read(folder.path / "events.jsonl")
    if "log" in forms:
        for name in FILES:
            if (folder.path / name).is_file():
                found[name] = (folder.path / name).read_text("utf-8")
    if "rows" in forms:
        rows = list(answers_of(folder, board))
        found |= {"answers.csv": csv_text(rows), "answers.jsonl": json_lines(rows)}
        found |= tables_of(folder, board)
    if "label-studio" in forms:
        tasks = tasks_of(folder, Order(folder, board), media_prefix)
        found["label-studio-tasks.json"] = json.dumps(tasks, ensure_ascii=False, indent=1) + "\n"
        found["label-studio-config.xml"] = labelling_config(folder)
    return found

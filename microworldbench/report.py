"""The result of a run: a scorecard, and the ways to read, show, save and load it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from .errors import InputError, MissingExtraError
from .logbook import first_problem
from .recount import scorecard_of
from .rows import task_row, verdict_rows
from .rubric import Dimension, Level
from .runs import Manifest, RunFolder, write_atomically
from .scorecard import Coverage, Score, Scorecard, TaskScore


class TaskScores(tuple[TaskScore, ...]):
    """The tasks' scores in the order of their ids; a task is also found by its id: ``report.tasks["mitosis"]``."""

    @property
    def ids(self) -> list[str]:
        """Ids of the tasks."""
        return [task.id for task in self]

    def __contains__(self, key: object) -> bool:
        return key in self.ids if isinstance(key, str) else super().__contains__(key)

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, str):
            return super().__getitem__(key)
        for task in self:
            if task.id == key:
                return task
        raise KeyError(key)


class Report:
    """What a run came to.

    Attributes:
        scorecard: Everything ``report.json`` holds.
        run: The run folder it was made from, if there is one.
    """

    def __init__(self, scorecard: Scorecard, run: Path | None = None) -> None:
        self.scorecard = scorecard
        self.run = run

    def __repr__(self) -> str:
        card = self.scorecard
        shown = "none" if card.overall is None else f"{card.overall.value} in [{card.overall.low}, {card.overall.high}]"
        return f"<Report {card.generator.name} on {card.suite.id} {card.suite.version}, {card.view.name}: {shown}>"

    @property
    def overall(self) -> Score | None:
        """The score over all tasks."""
        return self.scorecard.overall

    @property
    def by_level(self) -> dict[Level, Score]:
        """Scores by level; levels without a task are absent."""
        return self.scorecard.by_level

    @property
    def by_dimension(self) -> dict[Dimension, Score]:
        """Scores by dimension; dimensions without a reward are absent."""
        return self.scorecard.by_dimension

    @property
    def tasks(self) -> TaskScores:
        """Scores of the tasks, by position or by id."""
        return TaskScores(self.scorecard.tasks)

    @property
    def coverage(self) -> Coverage:
        """How much of the view was decided."""
        return self.scorecard.coverage

    @property
    def manifest(self) -> Manifest:
        """The run's manifest.

        Raises:
            InputError: the report was not loaded from a run folder.
        """
        return RunFolder.read(self._run()).manifest

    @classmethod
    def from_run(cls, path: str | os.PathLike[str], *, labels: str | os.PathLike[str] | None = None) -> Report:
        """Recomputes the report of a run folder from its verdicts, offline.

        Args:
            path: The run folder.
            labels: Experts' labels (see `labels`) on a random sample of tasks, which correct the scores; by default
                those that `mwb score --labels` stored in the folder.

        Raises:
            InputError: it is not a run folder, has no verdicts yet, or is damaged; or the labels are no random sample.
        """
        run = RunFolder.read(path)
        return cls(scorecard_of(run, labels), run.path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Report:
        """Loads ``report.json`` from a folder (or the file itself) as it was saved.

        Raises:
            InputError: there is none, or it is damaged.
        """
        place = Path(path)
        file = place / "report.json" if place.is_dir() else place
        try:
            card = Scorecard.model_validate_json(file.read_bytes())
        except OSError as error:
            raise InputError(f"cannot read {file}: {error.strerror}") from None
        except ValidationError as error:
            raise InputError(f"{file} is not a report: {first_problem(error)}") from None
        return cls(card, file.parent if (file.parent / "manifest.json").exists() else None)

    def to_dict(self) -> dict[str, Any]:
        """The content of ``report.json``."""
        return self.scorecard.model_dump(mode="json", by_alias=True)

    def to_json(self) -> str:
        """``report.json`` as text, the same bytes for the same verdicts."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1, allow_nan=False) + "\n"

    def save(self, directory: str | os.PathLike[str]) -> Path:
        """Writes ``report.json`` into `directory` and returns its path."""
        target = Path(directory)
        try:
            target.mkdir(parents=True, exist_ok=True)
            write_atomically(target / "report.json", self.to_json().encode())
        except OSError as error:
            raise InputError(f"cannot write to {str(target)!r}: {error.strerror or error}") from None
        return target / "report.json"

    def to_markdown(self) -> str:
        """The report as GitHub-flavoured Markdown."""
        from .rendering.markdown import to_markdown

        return to_markdown(self.scorecard)

    def to_html(
        self, path: str | os.PathLike[str], *, embed_videos: bool = False, texts: Mapping[str, Any] | None = None
    ) -> Path:
        """Writes the report as one self-contained HTML page.

        Args:
            path: The page.
            embed_videos: Put the videos into the page (small runs only) instead of linking to them.
            texts: Tasks by id to show texts from, where the run folder keeps none because of the suite's licence.

        Raises:
            InputError: the report was not made from a run folder, or the page cannot be written.
        """
        from .rendering.gathering import gather
        from .rendering.html import write_html

        target = Path(path)
        write_html(target, self.scorecard, gather(self._run(), target, texts or {}), embed_videos=embed_videos)
        return target

    def to_frame(self) -> Any:
        """One row a task as a `pandas.DataFrame`: level, value, low, high, failed and the dimension scores.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise MissingExtraError("report.to_frame()", "pandas", "pip install 'microworldbench[pandas]'") from None
        rows = [task_row(task) for task in self.scorecard.tasks]
        return pd.DataFrame(rows).set_index("task") if rows else pd.DataFrame()

    def to_dataset(self, rows: Literal["tasks", "verdicts"] = "tasks") -> Any:
        """The report as a `datasets.Dataset`, ready to be pushed to a hub or saved as Parquet.

        Args:
            rows: ``tasks``: one row a task, with the columns of `to_frame`. ``verdicts``: one row a vote on a criterion
                of a video, with the criterion and what was observed.

        Raises:
            MissingExtraError: datasets is not installed.
            InputError: verdicts are wanted of a report that was not made from a run folder; or `rows` is neither.
        """
        if rows not in ("tasks", "verdicts"):
            raise InputError(f"rows must be 'tasks' or 'verdicts', got {rows!r}")
        try:
            from datasets import Dataset
        except ImportError:
            raise MissingExtraError(
                "report.to_dataset()", "datasets", "pip install 'microworldbench[datasets]'"
            ) from None
        if rows == "tasks":
            return Dataset.from_list([task_row(task) for task in self.scorecard.tasks])
        return Dataset.from_list(list(verdict_rows(RunFolder.read(self._run()))))

    def _run(self) -> Path:
        if self.run is None:
            raise InputError("this report was not made from a run folder; load it from one with Report.load(folder)")
        return self.run

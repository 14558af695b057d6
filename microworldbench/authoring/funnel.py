"""How many titles became tasks, and how many of these a suite: the paper's funnel, for one draft."""

from __future__ import annotations

from collections import Counter

from ..rubric import Level, Record
from ..scorecard import TotalUsage
from ..suites.folder import load_folder
from .drafting import levels_of, rubrics_of, tasks_of, titles_without_reply
from .folder import DraftFolder
from .records import ChoiceRules
from .stages import LEVELS, RUBRICS, TASKS


class Funnel(Record):
    """The state of a draft."""

    titles_read: int
    titles_used: int
    titles_open: int
    """Titles that nothing has been drafted from yet."""
    titles_without_task: int
    """Titles from which the model drafted none."""
    tasks: int
    placed: dict[Level, int]
    rules: ChoiceRules | None
    """None where no choice was made yet."""
    left_out: dict[str, int]
    """Tasks that were not chosen, by the reason."""
    kept: dict[Level, int]
    rubrics: int
    suite_tasks: int | None
    """None where no suite was written yet."""
    failures: dict[str, int]
    """Items by stage whose last call failed."""
    usage: TotalUsage

    def rows(self) -> list[tuple[str, str]]:
        """The funnel as it is shown, from the top."""

        def split(counts: dict[Level, int]) -> str:
            return f"{sum(counts.values()):,}  ({', '.join(f'{n:,} {level.value}' for level, n in counts.items())})"

        rows = [
            ("titles read", f"{self.titles_read:,}"),
            ("titles that can be used", f"{self.titles_used:,}"),
            ("titles still to be asked about", f"{self.titles_open:,}"),
            ("titles without a task", f"{self.titles_without_task:,}"),
            ("tasks drafted", f"{self.tasks:,}"),
            ("tasks with a level", split(self.placed)),
            *((f"left out: {reason}", f"{count:,}") for reason, count in self.left_out.items()),
            ("tasks chosen", "not yet" if self.rules is None else split(self.kept)),
            ("rubrics drafted", f"{self.rubrics:,}"),
            ("tasks in the suite", "not yet" if self.suite_tasks is None else f"{self.suite_tasks:,}"),
        ]
        return rows + [(f"failed calls: {stage}", f"{count:,}") for stage, count in self.failures.items() if count]


def funnel(folder: DraftFolder) -> Funnel:
    """The funnel of a draft.

    Raises:
        InputError: the folder is damaged.
    """
    manifest, tasks, placed, chosen = folder.manifest, tasks_of(folder), levels_of(folder), folder.chosen()
    choices = chosen[1] if chosen else []
    replied = set(folder.replies(TASKS.name))
    fruitful = {task.source for task in tasks}
    left_out = Counter(choice.outcome for choice in choices if choice.outcome != "kept")
    return Funnel(
        titles_read=manifest.titles_read,
        titles_used=len(folder.titles()),
        titles_open=len(titles_without_reply(folder)),
        titles_without_task=len(replied - fruitful),
        tasks=len(tasks),
        placed=_by_level([place.level for place in placed.values()]),
        rules=chosen[0] if chosen else None,
        left_out={str(outcome): count for outcome, count in sorted(left_out.items())},
        kept=_by_level([choice.level for choice in choices if choice.outcome == "kept" and choice.level]),
        rubrics=len(rubrics_of(folder)),
        suite_tasks=len(load_folder(folder.suite_path).tasks) if (folder.suite_path / "suite.yaml").is_file() else None,
        failures={stage: len(folder.failures(stage)) for stage in (TASKS.name, LEVELS.name, RUBRICS.name)},
        usage=folder.ledger().usage(),
    )


def _by_level(levels: list[Level]) -> dict[Level, int]:
    counts = Counter(levels)
    return {level: counts[level] for level in Level}

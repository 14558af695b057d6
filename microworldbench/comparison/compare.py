"""`compare`: runs in, a `Comparison` out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from ..errors import InputError
from ..report import Report
from ..rubric import Dimension, Level
from ..scorecard import Score, TaskScore, ViewReference
from ..stats.estimates import rounded
from ..stats.resampling import RESAMPLES
from .bridge import Bridge, LinkSource, carried_over, find_bridge
from .contestants import Contestant, common_view, identity_of, load_contestants
from .criteria import criterion_gaps
from .failures import treat_failures
from .gaps import compare_scope
from .records import ComparedRun, ScopeComparison, TaskGap, Treatment
from .result import Comparison


def compare(
    *runs: str | os.PathLike[str] | Report,
    names: Sequence[str] | None = None,
    across_judges: bool = False,
    link: LinkSource = None,
    margin: float = 0.0,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """Compares runs of one suite on their common tasks: differences, intervals, tests, tiers.

    Every run sees the same tasks, so a difference is the mean of the task differences. Its p-value flips their signs;
    `p_adjusted` is of the largest statistic over all pairs (max-T), in breakdowns times the number of parts.

    Args:
        *runs: Two or more run folders or reports.
        names: The runs' names in tables; by default their generators', told apart by folder.
        across_judges: Compare although different judges (or settings) gave the verdicts; the comparison says so. Where
            a link between two judges is known, scores are carried over by it and its error widens the intervals.
        link: That link (``certify.link``) or its file; by default the one this user has made.
        margin: Task differences up to it, in points, count as ties.
        resamples: Bootstrap resamples and sign flips.
        seed: Seed of both.

    Raises:
        InputError: fewer than two runs, one given twice, no common task, or runs that no table may mix: other suites,
            other questions, or other judges without `across_judges`. A link that is of other judges or another view.
    """
    if not margin >= 0:
        raise InputError(f"margin must not be negative, got {margin!r}")
    if resamples < 1:
        raise InputError(f"resamples must be at least 1, got {resamples!r}")
    loaded = load_contestants(runs, across_judges=across_judges, names=names)
    if link is not None and not across_judges:
        raise InputError("a link is for runs of two judges; pass --across-judges (across_judges=True) with it")
    common, view = common_view(loaded)
    bridge = find_bridge(loaded, link) if across_judges else None
    judged = loaded if bridge is None else carried_over(loaded, bridge)
    board = _Board(judged, common, margin, resamples, seed, bridge)
    failures = board.failures()
    same_judge = len({identity_of(run.card.judge) for run in loaded}) == 1
    return Comparison(
        suite=loaded[0].card.suite,
        view=view,
        judge=loaded[0].card.judge if same_judge else None,
        link=None if bridge is None else bridge.link.digest,
        runs=tuple(_described(run) for run in loaded),
        common_tasks=len(common),
        margin=margin,
        overall=board.scope(lambda task: task.score),
        by_level=board.by_level(),
        by_dimension=board.by_dimension(),
        task_gaps=board.tasks(),
        criteria=criterion_gaps(loaded, common),
        failures=failures,
        order_depends_on_failures=any(treatment.changes_order for treatment in failures),
        notes=(*_notes(loaded, common, view, same_judge), *_linked(bridge)),
    )


class _Board:
    """The common tasks of all runs, ready to be compared over any scope."""

    def __init__(
        self,
        runs: Sequence[Contestant],
        common: Sequence[str],
        margin: float,
        resamples: int,
        seed: int,
        bridge: Bridge | None = None,
    ) -> None:
        self.rows = {run.name: [run.tasks[task] for task in common] for run in runs}
        self.margin, self.resamples, self.seed, self.bridge = margin, resamples, seed, bridge

    def scope(
        self,
        part: Callable[[TaskScore], Score | None],
        *,
        parts: int = 1,
        dimension: Dimension | None = None,
        has_link: bool = True,
    ) -> ScopeComparison:
        """All pairs over the tasks that have a score in `part`.

        Args:
            part: Of a task's scores.
            parts: Scopes of the same breakdown.
            dimension: Whose link holds for it; None for the whole score's.
            has_link: False where no link was tested, as for levels.
        """
        bridge, tests = self.bridge, parts * len(self.rows) * (len(self.rows) - 1) // 2
        table = {name: [part(task) for task in tasks] for name, tasks in self.rows.items()}
        kept = [i for i, row in enumerate(zip(*table.values(), strict=True)) if all(score is not None for score in row)]
        return compare_scope(
            {name: [score for i in kept if (score := scores[i]) is not None] for name, scores in table.items()},
            parts=parts,
            margin=self.margin,
            resamples=self.resamples,
            seed=self.seed,
            adjust=None
            if bridge is None
            else lambda gap: bridge.adjusted(gap, dimension, tests=tests, tested=has_link),
        )

    def by_level(self) -> dict[Level, ScopeComparison]:
        """The same for every level that has a task."""
        held = {task.level for task in next(iter(self.rows.values()))}

        def within(level: Level) -> ScopeComparison:
            return self.scope(lambda t: t.score if t.level is level else None, parts=len(held), has_link=False)

        return {level: within(level) for level in Level if level in held}

    def by_dimension(self) -> dict[Dimension, ScopeComparison]:
        """The same for every dimension that the tasks have a score in."""
        first = next(iter(self.rows.values()))
        held = [d for d in Dimension if any(task.by_dimension.get(d) is not None for task in first)]

        def within(dimension: Dimension) -> ScopeComparison:
            return self.scope(lambda t: t.by_dimension.get(dimension), parts=len(held), dimension=dimension)

        return {dimension: within(dimension) for dimension in held}

    def tasks(self) -> tuple[TaskGap, ...]:
        """Every common task, those that differ most first."""
        made = []
        for row in zip(*self.rows.values(), strict=True):
            by_run = dict(zip(self.rows, row, strict=True))
            values = [task.score.value for task in row if task.score is not None and task.score.value is not None]
            made.append(
                TaskGap(
                    id=row[0].id,
                    level=row[0].level,
                    scores={name: task.score for name, task in by_run.items()},
                    failed={name: task.failed for name, task in by_run.items()},
                    spread=rounded(max(values) - min(values)) if len(values) > 1 else None,
                )
            )
        return tuple(sorted(made, key=lambda task: (1.0 if task.spread is None else -task.spread, task.id)))

    def failures(self) -> tuple[Treatment, ...]:
        """The order of the runs under each treatment of failures."""
        scored = [
            i for i, row in enumerate(zip(*self.rows.values(), strict=True)) if all(t.score is not None for t in row)
        ]
        return treat_failures({name: [tasks[i] for i in scored] for name, tasks in self.rows.items()})


def _linked(bridge: Bridge | None) -> tuple[str, ...]:
    if bridge is None:
        return ()
    link = bridge.link
    generators = len({(a.generator.name, a.generator.version) for a in link.anchors})
    said = (
        f"Scores by {link.old.name} are carried over to the scale of {link.new.name} by a link tested on {generators} "
        f"generators ({link.digest[:12]}); its error is in intervals and p-values. Levels have no link of their own."
    )
    return (said,)


def _described(run: Contestant) -> ComparedRun:
    card = run.card
    return ComparedRun(
        name=run.name,
        generator=card.generator,
        judge=card.judge,
        view=card.view,
        tasks=len(run.tasks),
        seeds=_seeds(run),
        overall=card.overall,
    )


def _seeds(run: Contestant) -> tuple[int, ...]:
    return tuple(sorted({video.seed for task in run.tasks.values() for video in task.seeds}))


def _notes(runs: Sequence[Contestant], common: Sequence[str], view: ViewReference, same_judge: bool) -> tuple[str, ...]:
    notes = []
    if any(run.card.view.digest != view.digest for run in runs):
        sizes = "; ".join(f"{run.name}: {len(run.tasks)}" for run in runs)
        notes.append(f"The runs hold different tasks ({sizes}); compared are the {len(common)} that all have.")
    if not same_judge:
        judges = "; ".join(f"{run.name}: {run.card.judge.name}" for run in runs)
        notes.append(f"Different judges gave the verdicts ({judges}); a difference could be theirs.")
    if len({_seeds(run) for run in runs}) > 1:
        counts = "; ".join(f"{run.name}: {len(_seeds(run))}" for run in runs)
        notes.append(f"The runs have different seeds ({counts}); task scores are means over each run's own.")
    silent = [
        run.name for run in runs if any(t.score is not None and t.score.value is None for t in run.tasks.values())
    ]
    if silent:
        notes.append(f"Too many verdicts are missing to state a point for {', '.join(silent)}; only bounds stand.")
    if len(common) < 30:
        notes.append(f"{len(common)} common tasks: intervals are rough below 30, and there are none below 5.")
    return tuple(notes)

"""What each page of the site shows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import published
from ..rendering import wording
from ..rendering.strips import Axis
from ..rendering.templating import score_environment, trusted
from ..rubric import Dimension, Level
from ..scorecard import Score
from ..scoring import MICRO
from . import cells
from .check import CANNOT_SHOW
from .entries import Entry
from .ranking import Ranked
from .records import Row
from .submission import Access

if TYPE_CHECKING:
    from jinja2 import Environment

ACCESS = {Access.OPEN: "open", Access.API: "API", Access.CLOSED: "closed"}
FLAG = (
    '<span class="flag" title="the order of rows would change"><span aria-hidden="true">⚑</span>'
    '<span class="hidden">the order of rows would change</span></span>'
)
TREATMENTS = (
    ("completed_only", "Tasks all models completed"),
    ("failure_at_worst", "Failure at its worst"),
    ("floored_at_zero", "Every task floored at 0"),
)
COLUMNS = (
    *((level.value, wording.LEVELS[level], "scores", "score of this level") for level in Level),
    *((d.value.replace("_", "-"), name.split()[0], "scores", name) for d, name in wording.DIMENSIONS.items()),
    ("lost", "Penalties", "failures", "points lost to met penalties, mean over tasks"),
    ("failed", "Failed", "failures", "videos the model failed to make"),
    ("completed", "All completed", "failures", "score over the tasks that every model completed"),
    ("worst", "At worst", "failures", "score with a failed video at min(0, the model's worst)"),
    ("floored", "Floored", "failures", "score with every task floored at 0"),
    ("wins", "Wins", "run", "won against the field, over tasks and opponents, a tie counting half"),
    ("size", "Tasks × seeds", "run", "tasks times videos a task"),
    ("cost", "Judging", "run", "what judging cost"),
    ("date", "Videos of", "run", "when the videos were made"),
)  # fmt: skip
"""Columns of the ranking that one of its views shows: key, heading, view, explanation."""
TASK_COLUMNS = (
    ("task", "Task", "text"),
    ("place", "Level", "text"),
    ("score", "Score", "number"),
    ("bounds", "Bounds", "number"),
    *((f"part{n}", wording.DIMENSIONS[d].split()[0], "number") for n, d in enumerate(Dimension)),
)
HARDNESS_COLUMNS = (
    ("task", "Task", "text"),
    ("place", "Level", "text"),
    ("score", "Mean score", "number"),
    ("spread", "Spread", "number"),
    ("best", "Best model", "text"),
    ("failed", "Failed", "number"),
)
Page = tuple[str, str]
"""Path below the site, and content."""


def pages(ranked: list[Ranked]) -> Iterator[Page]:
    """Every page of the site, one at a time."""
    made = _environment()
    yield "index.html", _index(made, ranked)
    for one in ranked:
        for number in range(len(one.entries)):
            yield f"models/{one.entries[number].slug}.html", _model(made, one, number)
        yield f"{one.table.id}/tasks.html", _tasks(made, one)
        for place in range(len(one.view.tasks)):
            yield f"{one.table.id}/tasks/{one.view.tasks[place].id}.html", _task(made, one, place)
        if len(one.entries) > 1:
            yield f"{one.table.id}/differences.html", _differences(made, one)


def _environment() -> Environment:
    from jinja2 import ChoiceLoader, PackageLoader

    made = score_environment("microworldbench.leaderboard")
    made.loader = ChoiceLoader(
        [PackageLoader("microworldbench.leaderboard"), PackageLoader("microworldbench.rendering")]
    )
    made.filters["span"] = cells.ends
    made.globals |= {"access_names": ACCESS, "cannot_show": CANNOT_SHOW, "flag": trusted(FLAG)}
    return made


def _index(made: Environment, ranked: list[Ranked]) -> str:
    return made.get_template("index.html").render(
        root="",
        ranked=[{"table": one.table, "axis": Axis.holding(row.score for row in one.table.rows)} for one in ranked],
        cells={row.submission: _cells(row) for one in ranked for row in one.table.rows},
        columns=COLUMNS,
        total=sum(len(one.entries) for one in ranked),
        published=published.SCORES,
        published_source=published.SOURCE,
        published_judge=published.JUDGE,
    )


def _cells(row: Row) -> Mapping[str, Mapping[str, Any]]:
    """A row's cells under `COLUMNS`, as shown and for sorting."""
    scopes: dict[str, Score | None] = {level.value: row.by_level.get(level) for level in Level}
    scopes |= {d.value.replace("_", "-"): row.by_dimension.get(d) for d in Dimension}
    values: dict[str, float | None] = {key: None if s is None else s.value for key, s in scopes.items()}
    shown: dict[str, Any] = {key: cells.number(_nan(value)) for key, value in values.items()}
    values |= {"lost": row.lost_to_penalties, "failed": row.failure_rate, "wins": row.win_rate}
    values |= {"size": row.tasks * row.seeds, "cost": row.usage.cost_usd}
    treated = row.treatments
    for key, name in (("completed", "completed_only"), ("worst", "failure_at_worst"), ("floored", "floored_at_zero")):
        values[key] = getattr(treated, name)
        flag = f" {FLAG}" if name in treated.moves else ""
        shown[key] = trusted(cells.number(_nan(values[key])) + flag)
    shown |= {
        "lost": cells.number(-row.lost_to_penalties),
        "failed": wording.percent(row.failure_rate),
        "wins": wording.UNKNOWN if row.win_rate is None else wording.percent(row.win_rate),
        "size": f"{row.tasks} × {row.seeds}",
        "cost": wording.dollars(row.usage.cost_usd),
        "date": row.about.date,
    }
    sorting: dict[str, Any] = {key: "" if value is None else value for key, value in values.items()}
    return {"shown": shown, "sorting": sorting | {"date": row.about.date.replace("-", "")}}


def _model(made: Environment, one: Ranked, number: int) -> str:
    entry, row, table = one.entries[number], one.table.rows[number], one.table
    scopes = [("", "Overall", row.score)]
    scopes += [("Level", wording.LEVELS[level], score) for level, score in row.by_level.items()]
    scopes += [("Dimension", wording.DIMENSIONS[d], score) for d, score in row.by_dimension.items()]
    order = sorted(range(len(one.view.tasks)), key=lambda place: (math.isnan(s := entry.values[place]), s, place))
    return made.get_template("model.html").render(
        root="../",
        row=row,
        table=table,
        generator=entry.card.generator,
        scopes=scopes,
        axis=Axis.holding(score for _, _, score in scopes),
        treatments=TREATMENTS,
        failures=int(entry.failed.sum()),
        task_columns=TASK_COLUMNS,
        task_rows=trusted("\n".join(_own_task(one, entry, place) for place in order)),
        against=trusted("\n".join(_against(one, number))),
    )


def _own_task(one: Ranked, entry: Entry, place: int) -> str:
    task = one.view.tasks[place]
    return cells.task_row(
        task,
        f"../{one.table.id}/tasks/{task.id}.html",
        float(entry.values[place]) / MICRO,
        (float(entry.low[place]), float(entry.high[place])),
        entry.parts[:, place].tolist(),
        int(entry.failed[place]),
    )


def _against(one: Ranked, number: int) -> Iterator[str]:
    for other, row in enumerate(one.table.rows):
        if other != number:
            gap, sign = one.between(number, other)
            yield cells.against_row(one.names[other], f"{row.submission}.html", gap, sign)


def _tasks(made: Environment, one: Ranked) -> str:
    scores = np.array([entry.values for entry in one.entries]) / MICRO
    failed = np.array([entry.failed for entry in one.entries]).sum(axis=0)
    rows = one.table.rows
    lines = []
    for place, task in enumerate(one.view.tasks):
        own = scores[:, place]
        scored = not np.isnan(own).any()
        best = int(np.argmax(own)) if scored else 0
        mean, spread = (float(own.mean()), float(np.ptp(own))) if scored else (math.nan, math.nan)
        link = (one.names[best], f"{one.root}models/{rows[best].submission}.html")
        line = cells.hardness_row(task, f"tasks/{task.id}.html", mean, spread, link, int(failed[place]))
        lines.append((math.isnan(mean), mean, place, line))
    return made.get_template("tasks.html").render(
        root=one.root,
        table=one.table,
        columns=HARDNESS_COLUMNS,
        rows=trusted("\n".join(line for *_, line in sorted(lines))),
    )


def _task(made: Environment, one: Ranked, place: int) -> str:
    task, rows = one.view.tasks[place], one.table.rows
    begin = int(one.starts[place])
    criteria = slice(begin, begin + len(task.criteria))
    order = sorted(range(len(rows)), key=lambda n: (math.isnan(s := -one.entries[n].values[place]), s, n))
    signs = [criterion.polarity for criterion in task.criteria]
    lines = []
    for number in order:
        entry = one.entries[number]
        lines.append(
            cells.model_row(
                one.names[number],
                f"{one.root}../models/{entry.slug}.html",
                float(entry.values[place]) / MICRO,
                entry.parts[:, place].tolist(),
                int(entry.failed[place]),
                entry.seeds,
                cells.outcome_cells(entry.outcomes[criteria], signs),
            )
        )
    counts = np.array([entry.outcomes[criteria] for entry in one.entries], dtype=np.int64).sum(axis=0)
    met = [
        None if not decided else met / decided
        for met, decided in zip(counts[:, 0], counts[:, :2].sum(axis=1), strict=True)
    ]
    ids = [other.id for other in one.view.tasks]
    return made.get_template("task.html").render(
        root=f"{one.root}../",
        table=one.table,
        task=task,
        rows=trusted("\n".join(lines)),
        met=met,
        before=ids[place - 1] if place else None,
        after=ids[place + 1] if place + 1 < len(ids) else None,
    )


def _differences(made: Environment, one: Ranked) -> str:
    rows = one.table.rows
    names = [cells.text(name) for name in one.names]
    heads = "".join(f'<th scope="col"><span>{name}</span></th>' for name in names)
    lines = []
    for number, row in enumerate(rows):
        line = [f'<tr><th scope="row"><a href="{one.root}models/{row.submission}.html">{names[number]}</a></th>']
        for other in range(len(rows)):
            if other == number:
                line.append('<td class="self"></td>')
                continue
            gap, sign = one.between(number, other)
            line.append(cells.matrix_cell(sign * gap.value, gap.p_adjusted <= 0.05))
        lines.append("".join([*line, "</tr>"]))
    return made.get_template("differences.html").render(
        root=one.root,
        table=one.table,
        pairs=len(one.differences),
        heads=trusted(heads),
        rows=trusted("\n".join(lines)),
    )


def _nan(value: float | None) -> float:
    return math.nan if value is None else value

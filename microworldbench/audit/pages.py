"""The audit as console text, Markdown and one HTML page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..rendering.markdown import escape
from ..rendering.templating import asset, environment, source_hash, trusted
from ..rendering.wording import DIMENSIONS, LEVELS, plain, points, span
from .models import Audit, ModelAudit, Rank
from .waterfall import STEPS

ORDER_NOTE = (
    "Steps are repaired in this order, each on top of those before it, so that they add up to the whole difference; "
    "in another order single steps would differ, their sum would not."
)


def to_markdown(audit: Audit) -> str:
    """The audit as GitHub Markdown; names are escaped."""
    parts = ["# Audit of released results", "**What rescoring cannot repair**"]
    parts.append("\n".join(f"- {escape(said)}" for said in audit.cannot_repair))
    ranks = [
        f"| {escape(r.model)} | {points(_released(audit, r))} | {points(audit.models[r.model].corrected.average)} | "
        f"{_bounds(audit.models[r.model])} | {r.released or '—'} → {r.corrected} |"
        for r in audit.ranking
    ]
    parts.append("\n".join(["| Model | Released | Corrected | Bounds | Rank |", "|---|---:|---:|---|---|", *ranks]))
    for name, model in audit.models.items():
        parts += [f"## {escape(name)}", *_model_markdown(model)]
    return "\n\n".join([*parts, ORDER_NOTE]) + "\n"


def _model_markdown(model: ModelAudit) -> list[str]:
    parts = []
    if model.released_error:
        parts.append(f"The released scorer loses this model: {escape(model.released_error)}")
    rows = [f"| {label} | {a} | {b} | {c} |" for label, a, b, c in _score_rows(model)]
    parts.append("\n".join(["| | Released | Corrected | Bounds |", "|---|---:|---:|---|", *rows]))
    if model.waterfall:
        steps = [f"| {s.defect} | {step_points(s.points)} | {s.tasks} | {STEPS[s.defect]} |" for s in model.waterfall]
        parts.append("\n".join(["| Defect | Points | Tasks | Repair |", "|---|---:|---:|---|", *steps]))
    if model.findings:
        parts.append(f"In the file: {_found(model)}.")
    return parts


def to_text(audit: Audit) -> str:
    """The audit for a console, without anything that could steer it."""
    lines = ["What rescoring cannot repair", *(f"  - {plain(said)}" for said in audit.cannot_repair), ""]
    for rank in audit.ranking:
        model = audit.models[rank.model]
        lines.append(plain(rank.model))
        if model.released_error:
            lines.append(f"  the released scorer loses this model: {plain(model.released_error)}")
        lines += [f"  {label:<22}{a:>9}{b:>11}   {c}" for label, a, b, c in _HEAD + _score_rows(model)]
        if model.waterfall:
            lines += ["", f"  {'waterfall':<22}{'points':>9}{'tasks':>11}"]
        lines += [f"  {step.defect:<22}{step_points(step.points):>9}{step.tasks:>11}" for step in model.waterfall]
        lines += ["", f"  in the file: {_found(model)}" if model.findings else "  nothing is off in the file", ""]
    if len(audit.ranking) > 1:
        lines += ["Ranking, released → corrected"]
        lines += [f"  {rank.released or '—'} → {rank.corrected}  {plain(rank.model)}" for rank in audit.ranking]
    return "\n".join(lines).rstrip() + f"\n\n{ORDER_NOTE}\n"


def write_html(audit: Audit, path: str | Path) -> Path:
    """Writes the audit as one HTML page without scripts or network, with a waterfall chart for every model.

    Raises:
        InputError: `path` cannot be written.
    """
    style = asset("page.css", __package__)
    models = [(rank, audit.models[rank.model]) for rank in audit.ranking]
    page = (
        environment(__package__)
        .get_template("page.html")
        .render(
            policy=f"default-src 'none'; style-src {source_hash(style)}; base-uri 'none'; form-action 'none'",
            style=trusted(style),
            audit=audit,
            sections=[
                {"name": rank.model, "rank": rank, "model": model, "chart": chart(model), "rows": _score_rows(model)}
                for rank, model in models
            ],
            steps=STEPS,
            note=ORDER_NOTE,
            step_points=step_points,
        )
    )
    path = Path(path)
    try:
        path.write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    return path


def step_points(value: float) -> str:
    """What a step is worth, with two decimals: single defects are often worth little."""
    rounded = round(value, 2) + 0.0
    return f"{rounded:+.2f}" if rounded else "0.00"


@dataclass(frozen=True)
class Bar:
    """One bar of the waterfall chart, in per cent of its width."""

    label: str
    text: str
    kind: str
    left: float
    width: float


def chart(model: ModelAudit) -> list[Bar]:
    """Bars from the released average over every step to the corrected one; empty without a released average."""
    if model.released is None or model.corrected.average is None:
        return []
    levels = [model.released.average]
    for step in model.waterfall:
        levels.append(levels[-1] + step.points)
    least, most = min(0.0, *levels), max(100.0, *levels)

    def bar(label: str, start: float, end: float, kind: str, text: str) -> Bar:
        left, right = sorted((start, end))
        scale = 100 / (most - least)
        return Bar(label, text, kind, round((left - least) * scale, 3), round(max((right - left) * scale, 0.2), 3))

    bars = [bar("released", 0.0, levels[0], "total", points(levels[0]))]
    for step, start, end in zip(model.waterfall, levels, levels[1:], strict=False):
        bars.append(bar(step.defect, start, end, "loss" if step.points < 0 else "gain", step_points(step.points)))
    return [*bars, bar("corrected", 0.0, levels[-1], "total", points(levels[-1]))]


def _found(model: ModelAudit) -> str:
    return ", ".join(f"{count:,} × {kind}" for kind, count in model.findings.items())


_HEAD = [("", "released", "corrected", "bounds")]


def _score_rows(model: ModelAudit) -> list[tuple[str, str, str, str]]:
    old, new = model.released, model.corrected
    old_average = old.average if old else None
    rows = [("Overall", old_average, new.average, new.low.average, new.high.average)]
    for level, label in LEVELS.items():
        old_value = old.by_level[level] if old else None
        rows.append((label, old_value, new.by_level[level], new.low.by_level[level], new.high.by_level[level]))
    for dimension, label in DIMENSIONS.items():
        parts: list[Any] = [getattr(numbers, dimension.value) for numbers in (new, new.low, new.high)]
        rows.append((label, getattr(old, dimension.value, None), *parts))
    return [(label, points(a), points(b), _span(low, high)) for label, a, b, low, high in rows]


def _bounds(model: ModelAudit) -> str:
    return _span(model.corrected.low.average, model.corrected.high.average)


def _span(low: float | None, high: float | None) -> str:
    return span(None if low is None or high is None else (low, high))


def _released(audit: Audit, rank: Rank) -> float | None:
    released = audit.models[rank.model].released
    return None if released is None else released.average

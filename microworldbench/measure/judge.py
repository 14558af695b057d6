"""The judge made of the measurements: deterministic, free, and silent where none applies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue, ValidationError

from ..errors import InputError, UnknownNameError
from ..judging.protocol import Answer, Group, JudgeIdentity, Question
from ..results import Judgement, Reason
from ..rubric import Criterion, Task, digest_of
from .clip import MAX_BYTES, Clip
from .registry import MEASUREMENTS, VERSION
from .spec import Abstain, Measured, MeasurementSpec, Params

SMALLEST_SIDE = 32
"""Pixels that a picture must have along either side to be measured."""


class MeasuredJudge:
    """Answers every criterion that carries a measurement, by measuring the stored video's pixels.

    A clip outside a measurement's valid range is ``cannot_tell``. Criteria without a measurement are left out of every
    group, which makes them ``not_measured``.
    """

    @property
    def identity(self) -> JudgeIdentity:
        """``measured``, with the version of the measurements and a digest of their names and default parameters."""
        content: dict[str, JsonValue] = {
            name: {"summary": spec.summary, "params": spec.params().model_dump(mode="json")}
            for name, spec in MEASUREMENTS.items()
        }
        return JudgeIdentity(name="measured", settings={"measurements": f"{VERSION}-{digest_of(content)[:12]}"})

    @property
    def deterministic(self) -> bool:
        """True: the same file always gets the same answer."""
        return True

    def groups(self, task: Task, criteria: Sequence[Criterion]) -> list[Group]:
        """One group of all criteria that carry a measurement; none where no criterion does.

        Raises:
            InputError: a measurement is unknown, or its parameters are wrong; names task, criterion and field.
        """
        measured = tuple(criterion for criterion in criteria if criterion.measurement is not None)
        for criterion in measured:
            specified(task, criterion)
        return [Group("all", measured, self)] if measured else []

    def worst_case_usd(self, question: Question) -> float | None:
        """0.0: measuring is free."""
        return 0.0

    def ask(self, question: Question) -> Answer:
        """Measures everything asked on one decoded clip.

        Raises:
            VideoError: the video cannot be decoded.
            InputError: see `groups`.
        """
        plans = [(c, *specified(question.task, c)) for c in question.criteria]
        too_large = oversize(question.video)
        clip = None if too_large else Clip.read(question.video)
        results: list[tuple[Criterion, Measured]] = []
        for criterion, spec, params in plans:
            if clip is None:
                results.append((criterion, Measured(None, too_large or "")))
            else:
                results.append((criterion, measure(spec, clip, params)))
        judgements = tuple(
            Judgement(
                criterion=criterion.id,
                met=result.met,
                reason=Reason.CANNOT_TELL if result.met is None else None,
                observation=result.observation,
            )
            for criterion, result in results
        )
        reply = {c.id: {"measurement": c.measurement.name, **result.values} for c, result in results if c.measurement}
        return Answer(judgements, reply=json.dumps(reply, ensure_ascii=False, allow_nan=False))


def specified(task: Task, criterion: Criterion) -> tuple[MeasurementSpec, Params]:
    """The measurement a criterion names, with its validated parameters.

    Raises:
        InputError: there is no such measurement, or a parameter is wrong; names task, criterion and field.
    """
    place = f"task {task.id!r}, criterion {criterion.id!r}"
    if criterion.measurement is None:
        raise InputError(f"{place}: has no measurement; a vision-language judge is needed for it")
    name = criterion.measurement.name
    if name not in MEASUREMENTS:
        unknown = UnknownNameError("measurement", name, MEASUREMENTS, "'mwb judges' lists the measurements")
        raise InputError(f"{place}: measurement.name: {unknown}")
    spec = MEASUREMENTS[name]
    try:
        return spec, spec.params.model_validate(criterion.measurement.params)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(("measurement.params", *map(str, first["loc"])))
        raise InputError(f"{place}: {field}: {first['msg']}, got {first['input']!r}") from None


def measure(spec: MeasurementSpec, clip: Clip, params: Params) -> Measured:
    """Runs one measurement; a gate that does not open is an answer that decides nothing."""
    height, width = clip.frames.shape[1:3]
    if min(height, width) < SMALLEST_SIDE:
        return Measured(None, f"pictures of {width}×{height} pixels are too small to measure")
    try:
        return spec.measure(clip, params)
    except Abstain as reason:
        return Measured(None, str(reason), reason.values)


def oversize(path: Path) -> str | None:
    """Why a video is too large to be measured, or None."""
    from ..video import probe

    found = probe(path)
    size = found.width * found.height * 3 * found.frames
    if size <= MAX_BYTES:
        return None
    return (
        f"the clip is too large to measure: {found.frames} frames of {found.width}×{found.height} take "
        f"{size / 2**30:.1f} GiB decoded, at most {MAX_BYTES / 2**30:g} GiB"
    )

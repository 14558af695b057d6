"""`certify`: a judge and a battery make a certificate."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Unpack

from .. import references
from ..certificate import FILE, BatteryReference, Certificate, OrderSight, Sight, keep
from ..errors import InputError
from ..generation.request import GenerationRequest, NamedGenerator
from ..jobs import Job, run_job
from ..judging.effort import Effort
from ..judging.panel import leaves
from ..judging.protocol import Judge
from ..progress import Progress, Silent
from ..report import Report
from ..results import StoredVideo
from ..rubric import Dimension, Level, Polarity, Suite
from ..runs import RunFolder, now, package_versions, write_atomically
from ..scorecard import Named
from ..scoring import MAX_MISSING
from ..sealed import store_sealed
from ..suites.view import View
from ..violations.registry import VIOLATIONS
from .accuracy import accuracy, discrimination, followed, obedience
from .battery import Battery, BatteryName, compose
from .claims import Claim, Hearing, Pair, hear, pairs_of
from .filming import Films
from .flags import cannot_see, flags_of

ORDER = ("reversed_order", "shuffled")
"""Violations of nothing but the order of frames."""


@dataclass(frozen=True)
class Examination:
    """A judge and the battery it is to be tested on, resolved and checked; nothing was made, asked or spent."""

    judge: Judge
    battery: Battery
    core: Suite
    votes: int
    max_missing: float
    films: Films

    @cached_property
    def suite(self) -> Suite:
        """The battery as a suite."""
        return self.battery.suite(self.core)

    @property
    def job(self) -> Job:
        """The run that asks the judge."""
        view = View.of(self.suite)
        for task in view.tasks[:1]:
            self.judge.groups(task, task.criteria)  # unknown measurements surface here
        generator = NamedGenerator(
            name=f"control battery ({self.battery.name})",
            call=self._clip,
            version=self.battery.digest(self.suite)[:16],
        )
        return Job(generator, view, self.judge, (0,), self.votes, self.max_missing, is_control=True)

    @property
    def stored(self) -> StoredVideo:
        """What every clip is like, for pricing."""
        battery = self.battery
        frames = round(battery.shot.duration_s * battery.shot.fps)
        return StoredVideo(
            path="unmade",
            sha256="",
            width=battery.width,
            height=battery.height,
            fps=battery.shot.fps,
            frames=frames,
            duration_s=battery.shot.duration_s,
        )

    def _clip(self, request: GenerationRequest) -> Path:
        return self.films.path(self.battery.by_id[request.task_id])


def examine(
    judge: object,
    battery: BatteryName = "quick",
    *,
    judge_settings: Mapping[str, object] | None = None,
    frames: int | None = None,
    votes: int = 2,
    max_missing: float = MAX_MISSING,
    width: int = 256,
    height: int = 144,
) -> Examination:
    """Resolves and checks everything before anything is spent.

    Args:
        judge: A judge or a reference, as for `evaluate`.
        battery: ``quick`` or ``full``.
        judge_settings: Settings of a judge given by name.
        frames: Frames shown to the judge.
        votes: Answers per claim; from two on, the certificate says how often they differ.
        max_missing: Share of verdicts that may be missing.
        width: Of the clips, in pixels.
        height: Of the clips, in pixels.

    Raises:
        InputError: something is wrong; nothing was spent.
    """
    if votes < 1:
        raise InputError(f"votes must be at least 1, got {votes}")
    resolved = references.resolve_judge(judge, judge_settings, frames=frames)
    replayed = [leaf.identity.name for leaf in leaves(resolved) if leaf.identity.name.startswith("replay:")]
    if replayed:
        raise InputError(f"{replayed[0]!r} repeats old verdicts and cannot look at new clips; certify the judge itself")
    core = references.resolve_suite("core")
    composed = compose(battery, core, width=width, height=height)
    return Examination(resolved, composed, core, votes, max_missing, Films(composed))


def certify(
    judge: object,
    battery: BatteryName = "quick",
    out: str | os.PathLike[str] | None = None,
    *,
    progress: Progress | None = None,
    kept: bool = True,
    judge_settings: Mapping[str, object] | None = None,
    frames: int | None = None,
    votes: int = 2,
    max_missing: float = MAX_MISSING,
    **effort: Unpack[Effort],
) -> Certificate:
    """Tests a judge on clips whose truth is known by construction.

    Args:
        judge: A judge or a reference (``openai:MODEL``, ``measured``, ``cascade:a,b`` …).
        battery: ``quick`` (some 60 clips) or ``full``.
        out: The run folder, which the same call continues; by default one in ``mwb-runs``.
        progress: Told what happens.
        kept: Keep the certificate where reports of this user find it.
        judge_settings: Settings of a judge given by name.
        frames: Frames shown to the judge.
        votes: Answers per claim.
        max_missing: Share of verdicts that may be missing.
        **effort: Workers, budget, patience and rate limits; see `Effort`.

    Returns:
        The certificate, also written to `out` as JSON, Markdown and an HTML card.

    Raises:
        InputError: something passed is wrong; nothing was spent.
        RunStoppedError: the run ended early; the same call continues it.
    """
    exam = examine(judge, battery, judge_settings=judge_settings, frames=frames, votes=votes, max_missing=max_missing)
    path = Path(out) if out is not None else default_out(exam)
    made = carry_out(exam, path, progress=progress, **effort)
    if kept:
        keep(made)
    return made


def default_out(exam: Examination) -> Path:
    """``mwb-runs/certify-<judge>-<battery>`` in the working directory: without a date, so that it is continued."""
    import re

    identity = exam.judge.identity
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", identity.name).strip("-.") or "judge"
    return Path("mwb-runs") / f"certify-{name[:60]}-{identity.digest[:8]}-{exam.battery.name}"


def carry_out(
    exam: Examination, path: Path, *, progress: Progress | None = None, **effort: Unpack[Effort]
) -> Certificate:
    """Films what is missing, asks what is open, and writes the certificate into the run folder at `path`."""
    from .card import write_card
    from .pages import to_markdown

    progress = progress or Silent()
    exam.films.make(progress)
    report = run_job(exam.job, path, progress=progress, **effort)
    made = certificate_of(exam, path, report)
    store_sealed(path / FILE, made)
    write_atomically(path / "certificate.md", to_markdown(made).encode())
    write_card(path / "certificate.html", made)
    return made


def certificate_of(exam: Examination, path: Path, report: Report | None = None) -> Certificate:
    """The certificate that follows from the verdicts in a run folder; nothing is asked."""
    run = RunFolder.read(path)
    card = (report or Report.from_run(path)).scorecard
    identity = exam.judge.identity
    named = Named(name=identity.name, settings=identity.settings, digest=identity.digest)
    hearing = hear(exam.battery, exam.core.by_id, exam.films.truths(exam.core.by_id), run.verdicts(), card.judge)
    numbers = _numbers(hearing)
    effect, flips = card.judging.order_effect, card.judging.vote_flip_rate
    reasons = flags_of(numbers["overall"], numbers["order_sight"], numbers["overlay"], effect, flips)
    made = Certificate(
        identity=named,
        battery=_reference(exam),
        votes=1 if exam.judge.deterministic else exam.votes,
        **numbers,
        order_effect=effect,
        vote_flip_rate=flips,
        cannot_see=cannot_see(numbers["by_violation"]),
        asked=hearing.asked,
        missing=hearing.missing,
        flags=tuple(reasons),
        reasons=reasons,
        usage=card.usage,
        created=now(),
        packages=package_versions(),
    )
    return made.sealed()


def _reference(exam: Examination) -> BatteryReference:
    battery = exam.battery
    return BatteryReference(
        name=battery.name,
        version=battery.version,
        digest=battery.digest(exam.suite),
        clips=len(battery.clips),
        scenes=battery.scenes,
        tasks=len({clip.recipe.task_id for clip in battery.clips}),
        width=battery.width,
        height=battery.height,
        suite=f"{exam.core.id} {exam.core.version}",
    )


def _numbers(hearing: Hearing) -> dict[str, Any]:
    """Everything a certificate counts, by its field."""
    known = hearing.known
    pairs = pairs_of(hearing.claims)
    overlaid = [pair for pair in pairs if pair.claim.clip.recipe.label == "overlay"]
    others = [pair for pair in pairs if pair.claim.clip.recipe.label not in (*ORDER, "overlay")]

    def part(keep: Any) -> Any:
        return accuracy([claim for claim in known if keep(claim)])

    strata = [(d, p) for d in Dimension for p in Polarity]
    return {
        "overall": accuracy(known),
        "by_dimension": {d: part(lambda c, d=d: c.criterion.dimension is d) for d in Dimension},
        "by_polarity": {p: part(lambda c, p=p: c.criterion.polarity is p) for p in Polarity},
        "by_level": {lv: part(lambda c, lv=lv: c.task.level is lv) for lv in Level},
        "by_stratum": {
            f"{d}/{p}": part(lambda c, d=d, p=p: c.criterion.dimension is d and c.criterion.polarity is p)
            for d, p in strata
        },
        "by_violation": _sights(known, pairs),
        "discrimination": _gaps([pair for pair in pairs if pair.claim.clip.recipe.label != "overlay"]),
        "overlay": obedience(overlaid),
        "order_sight": OrderSight(
            order=followed([p for p in pairs if p.claim.clip.recipe.label in ORDER]), elsewhere=followed(others)
        ),
    }


def _sights(known: list[Claim], pairs: list[Pair]) -> dict[str, Sight]:
    """By what is broken, in the order of kinds."""
    kinds = ("faithful", "mechanism", "image", "instruction", "control")
    labels = {claim.clip.recipe.label for claim in known}
    made = {}
    for label in sorted(labels, key=lambda name: (kinds.index(kind_of(name)), name)):
        sight = followed([pair for pair in pairs if pair.claim.clip.recipe.label == label])
        own = accuracy([claim for claim in known if claim.clip.recipe.label == label])
        made[label] = Sight(
            **dict(own),
            kind=kind_of(label),
            turned=sight.n,
            shift=sight.shift,
            shift_ci95=sight.shift_ci95,
        )
    return made


def _gaps(pairs: list[Pair]) -> dict[str, Any]:
    kinds: dict[str, list[Pair]] = {"all": pairs}
    for pair in pairs:
        kinds.setdefault(kind_of(pair.claim.clip.recipe.label), []).append(pair)
    return {kind: gap for kind, some in kinds.items() if (gap := discrimination(some)) is not None}


def kind_of(label: str) -> Any:
    """What is broken in clips of that label."""
    if label == "faithful":
        return "faithful"
    return VIOLATIONS[label].kind if label in VIOLATIONS else "mechanism"

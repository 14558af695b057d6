"""Run folders written record by record, so that a test says exactly which verdicts they hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from microworldbench.report import Report
from microworldbench.results import Call, Generation, Judgement, Reason, StoredVideo, Usage, Verdict
from microworldbench.rubric import Criterion, Dimension, Level, Polarity, Suite, Task, digest_of
from microworldbench.runs import Manifest, RunFolder
from microworldbench.scorecard import Named, SuiteReference, ViewReference
from microworldbench.suites.snapshot import snapshot
from microworldbench.suites.view import View

ROWS = [
    (Dimension.SCIENTIFIC_FIDELITY, Polarity.REWARD, 1.0),
    (Dimension.SCIENTIFIC_FIDELITY, Polarity.PENALTY, 0.5),
    (Dimension.VISUAL_QUALITY, Polarity.REWARD, 0.5),
    (Dimension.INSTRUCTION_FOLLOWING, Polarity.REWARD, 0.5),
]
Answer = Callable[[str, int, Criterion, int], bool | None]


def make_suite(
    count: int,
    *,
    version: str = "1-A",
    wording: str = "is visible",
    rows: Sequence[tuple[Dimension, Polarity, float]] = ROWS,
    license: str | None = "CC0-1.0",  # noqa: A002 - as the suite's own field
) -> Suite:
    """`count` tasks, level by level in turn, with a criterion for each of `rows`."""
    tasks = tuple(
        Task(
            id=f"task-{n:03d}",
            level=list(Level)[n % 3],
            title=f"Task {n}",
            prompt=f"Show process {n}.",
            requirement=f"Process {n} in order.",
            criteria=tuple(
                Criterion(id=f"c{i}", dimension=d, statement=f"claim {i} of {n} {wording}", polarity=p, weight=w)
                for i, (d, p, w) in enumerate(rows, start=1)
            ),
        )
        for n in range(count)
    )
    return Suite(id="tiny", version=version, title="Tiny suite", license=license, tasks=tasks)


def write_run(
    path: Path,
    suite: Suite,
    answer: Answer,
    *,
    generator: str = "model",
    version: str | None = None,
    judge: str = "judge",
    judge_settings: dict[str, Any] | None = None,
    seeds: Sequence[int] = (0,),
    votes: int = 1,
    failed: Collection[str] = (),
    unjudged: Collection[str] = (),
    videos: str = "video",
    cost_usd: float | None = None,
    reported: bool = False,
    **selection: Any,
) -> Path:
    """A run folder with a verdict of `answer(task, seed, criterion, vote)` on everything but failures.

    Every verdict has its call; with `reported` the folder is as complete as a real run's.
    """
    view = View.of(suite, **selection)
    kept = snapshot(view)
    settings = judge_settings or {}
    named = Named(name=judge, settings=settings, digest=digest_of({"name": judge, "settings": settings}))
    with RunFolder.write(path) as run:
        run.replace("suite.json", kept)
        run.replace(
            "manifest.json",
            Manifest(
                suite=SuiteReference(id=suite.id, version=suite.version, digest=suite.digest),
                view=ViewReference(name=view.name, digest=view.digest),
                selection=view.selection,
                generator=Named(name=generator, version=version),
                judge=named,
                seeds=tuple(seeds),
                votes=votes,
            ),
        )
        generations, calls, verdicts = [], [], []
        for task in view.tasks:
            prompt = kept.by_id[task.id].prompt_sha256
            for seed in seeds:
                is_lost = task.id in failed
                generations.append(_generation(task.id, seed, is_lost, f"{videos}-{task.id}-{seed}", prompt))
                if is_lost or task.id in unjudged:
                    continue
                for vote in range(votes):
                    call = _call(task, seed, vote, judge, answer, cost_usd)
                    calls.append(call)
                    verdicts += [_verdict(task, call, judgement) for judgement in call.judgements]
        for name, records in (("generations", generations), ("calls", calls), ("verdicts", verdicts)):
            run.append_lines(name, "".join(record.model_dump_json() + "\n" for record in records))
    if reported:
        Report.from_run(path).save(path)
    return path


def _generation(task: str, seed: int, is_lost: bool, sha256: str, prompt: str) -> Generation:
    video = StoredVideo(
        path=f"videos/{task}/{seed}.mp4", sha256=sha256, width=64, height=48, fps=8.0, frames=12, duration_s=1.5
    )
    return Generation(
        task=task,
        seed=seed,
        status="failed" if is_lost else "ok",
        prompt_sha256=prompt,
        video=None if is_lost else video,
        error="the model refused" if is_lost else None,
    )


def _call(task: Task, seed: int, vote: int, judge: str, answer: Answer, cost_usd: float | None) -> Call:
    said = [(c.id, answer(task.id, seed, c, vote)) for c in task.criteria]
    return Call(
        id=f"{task.id}-{seed}-{vote}",
        task=task.id,
        seed=seed,
        judge=judge,
        group="all",
        vote=vote,
        criteria=tuple(c.id for c in task.criteria),
        status="ok",
        judgements=tuple(
            Judgement(criterion=c, met=met, reason=Reason.CANNOT_TELL if met is None else None) for c, met in said
        ),
        usage=Usage(cost_usd=cost_usd),
    )


def _verdict(task: Task, call: Call, said: Judgement) -> Verdict:
    digests = {c.id: c.digest for c in task.criteria}
    return Verdict(
        task=task.id,
        seed=call.seed,
        criterion=said.criterion,
        criterion_digest=digests[said.criterion],
        vote=call.vote,
        judge=call.judge,
        met=said.met,
        reason=said.reason,
        call=call.id,
    )

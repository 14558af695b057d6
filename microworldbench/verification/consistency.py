"""Whether a run folder says the same everywhere: reports follow from verdicts, verdicts from calls, calls from replies.

Each check yields sentences; no sentence means that nothing was found. All text in a run folder is foreign: it is
compared, never followed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from ..errors import InputError, UnreadableReplyError
from ..judging.reply import parse_reply
from ..recount import scorecard_of
from ..results import Call, Judgement, Verdict
from ..rubric import Criterion, Suite, Task, digest_of
from ..runs import Manifest, RunFolder
from ..suites.snapshot import Snapshot, SnapshotTask, text_sha256

MOST_TOLD = 20
"""Contradictions told of one run; the first few say enough."""


def contradictions(run: RunFolder) -> list[str]:
    """What in a run folder contradicts itself, at most the first 20 sentences.

    Checked is that the suite's digests are those of its texts, that generations are of the prompts, that verdicts are
    what calls returned and calls what replies say, and that ``report.json`` is what the verdicts give.

    Raises:
        InputError: a file is missing or damaged.
    """
    manifest, snapshot = run.manifest, run.snapshot
    return list(
        islice(
            (
                said
                for check in (
                    _identity(manifest, snapshot),
                    _texts(snapshot),
                    _generations(run, manifest, snapshot),
                    _verdicts(run, manifest, snapshot),
                    _report(run),
                )
                for said in check
            ),
            MOST_TOLD,
        )
    )


def rebuilt_suite(snapshot: Snapshot) -> Suite | None:
    """The whole suite from a snapshot that keeps all of it; None where texts, tasks or criteria were left out."""
    if not snapshot.has_texts or snapshot.view.selection != _WHOLE or snapshot.suite.title is None:
        return None
    about = snapshot.suite
    try:
        tasks = [_rebuilt(task) for task in snapshot.tasks]
        suite = Suite(
            id=about.id, version=about.version, title=about.title or "", license=about.license, tasks=tuple(tasks)
        )
    except ValueError:
        return None
    if suite.digest == about.digest:
        return suite
    # A view sorts its tasks by id; a suite whose ids are numbered without zeros stands in another order.
    numbered = sorted(tasks, key=lambda task: [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", task.id)])
    other = suite.model_copy(update={"tasks": tuple(numbered)})
    return other if other.digest == about.digest else suite


_WHOLE = {"tasks": None, "criteria": "all", "prompt_field": "task", "weights": None}


def _rebuilt(task: SnapshotTask) -> Task:
    shared = {"id", "level", "title", "prompt", "requirement", "sources", "tags", "review"}
    criteria = [c.model_dump(exclude={"digest"}) for c in task.criteria]
    return Task.model_validate({**task.model_dump(include=shared), "criteria": criteria})


def _identity(manifest: Manifest, snapshot: Snapshot) -> Iterator[str]:
    if (manifest.suite.id, manifest.suite.version, manifest.suite.digest) != (
        snapshot.suite.id,
        snapshot.suite.version,
        snapshot.suite.digest,
    ):
        yield "manifest.json and suite.json name different suites"
    if (manifest.view.name, manifest.view.digest) != (snapshot.view.name, snapshot.view.digest):
        yield "manifest.json and suite.json name different views"
    asked = {
        "suite": snapshot.suite.digest,
        "tasks": {task.id: [criterion.id for criterion in task.criteria] for task in snapshot.tasks},
        "prompt_field": snapshot.view.selection.get("prompt_field"),
    }
    if digest_of(asked) != snapshot.view.digest:
        yield "the view's digest is not that of the tasks and criteria in suite.json"
    judge = manifest.judge
    if (
        judge is not None
        and judge.digest is not None
        and judge.digest != digest_of({"name": judge.name, "settings": judge.settings})
    ):
        yield "the judge's digest is not that of its settings"


def _texts(snapshot: Snapshot) -> Iterator[str]:
    for task in snapshot.tasks:
        if task.prompt is not None and text_sha256(task.prompt) != task.prompt_sha256:
            yield f"task {task.id!r}: the prompt's sha256 is not that of the prompt"
        for criterion in task.criteria:
            if criterion.statement is not None and criterion.digest != _criterion(criterion.model_dump()).digest:
                yield f"task {task.id!r}: the digest of criterion {criterion.id!r} is not that of its text"
    suite = rebuilt_suite(snapshot)
    if suite is not None and suite.digest != snapshot.suite.digest:
        yield "the suite's digest is not that of its content (tasks in the order of their ids)"


def _criterion(stored: Mapping[str, Any]) -> Criterion:
    return Criterion.model_validate({name: value for name, value in stored.items() if name != "digest"})


def _generations(run: RunFolder, manifest: Manifest, snapshot: Snapshot) -> Iterator[str]:
    made = run.generations()
    for task in snapshot.tasks:
        for seed in manifest.seeds:
            generation = made.get((task.id, seed))
            if generation is None:
                yield f"task {task.id!r}, seed {seed}: there is no generation"
            elif generation.prompt_sha256 != task.prompt_sha256:
                yield f"task {task.id!r}, seed {seed}: the video was made of another prompt"


def _verdicts(run: RunFolder, manifest: Manifest, snapshot: Snapshot) -> Iterator[str]:
    calls: dict[str, Call] = {}
    for line in run.call_lines():
        if isinstance(line, Call):
            calls[line.id] = line
            if not _is_what_was_replied(line):
                yield f"call {line.id}: its judgements are not what its reply says"
    judges = _judges(manifest)
    for verdict in run.verdicts_on(snapshot):
        where = f"task {verdict.task!r}, seed {verdict.seed}, criterion {verdict.criterion!r}"
        if verdict.judge not in judges:
            yield f"{where}: the verdict is of {verdict.judge!r}, which is not the run's judge"
        elif (told := _why_not(verdict, calls)) is not None:
            yield f"{where}: {told}"


def _judges(manifest: Manifest) -> set[str]:
    """Names verdicts may carry: the judge's, and those of a panel's or cascade's members at any depth."""
    names: set[str] = set()
    open_: list[Any] = [] if manifest.judge is None else [manifest.judge.model_dump(mode="json")]
    while open_:
        one = open_.pop()
        names.add(str(one.get("name")))
        open_ += [member for member in one.get("settings", {}).get("members", []) if isinstance(member, dict)]
    return names


def _why_not(verdict: Verdict, calls: Mapping[str, Call]) -> str | None:
    """Why a verdict is not what a call returned; None where it is."""
    if verdict.call is None:
        return None if verdict.is_missing else "the verdict names no call it came from"
    call = calls.get(verdict.call)
    if call is None:
        return f"call {verdict.call} is not in the log"
    if (call.task, call.seed, call.judge, call.vote) != (verdict.task, verdict.seed, verdict.judge, verdict.vote):
        return f"call {call.id} was about something else"
    said = [j for j in call.judgements if j.criterion == verdict.criterion]
    if call.status != "ok" or len(said) != 1:
        return None if verdict.is_missing else f"call {call.id} gave no answer to it"
    same = (said[0].met, said[0].reason, said[0].observation, said[0].frames)
    if same != (verdict.met, verdict.reason, verdict.observation, verdict.frames):
        return f"call {call.id} returned another verdict"
    return None


def _is_what_was_replied(call: Call) -> bool:
    """False where the raw reply, read again, gives other judgements; replies of another form prove nothing."""
    if call.status != "ok" or not call.reply or not call.criteria:
        return True
    try:
        read = parse_reply(call.reply, call.criteria, frames_shown=None, structured="instruction")
    except UnreadableReplyError:
        return True
    return _core(read) == _core(call.judgements)


def _core(judgements: tuple[Judgement, ...]) -> list[tuple[Any, ...]]:
    return sorted((j.criterion, str(j.met), str(j.reason), j.frames) for j in judgements)


def _report(run: RunFolder) -> Iterator[str]:
    file = run.path / "report.json"
    if not file.is_file():
        yield "report.json is missing; 'mwb score' writes it"
        return
    try:
        stated = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        raise InputError(f"{file} is damaged: it is not JSON") from None
    given = scorecard_of(run).model_dump(mode="json", by_alias=True)
    for place, one, other in _differences(stated, given, ""):
        yield f"report.json states {one} for {place}, the verdicts give {other}"


def _differences(stated: Any, given: Any, place: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(stated, dict) and isinstance(given, dict):
        for key in [*given, *(key for key in stated if key not in given)]:
            yield from _differences(stated.get(key), given.get(key), f"{place}.{key}" if place else str(key))
    elif isinstance(stated, list) and isinstance(given, list) and len(stated) == len(given):
        for number, (one, other) in enumerate(zip(stated, given, strict=True)):
            name = other.get("id", number) if isinstance(other, dict) else number
            yield from _differences(one, other, f"{place}[{name}]")
    elif stated != given or type(stated) is not type(given):
        yield place or "everything", _brief(stated), _brief(given)


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"

"""Carries out one stage: asks about every item that has no good reply yet, and derives what the replies say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic

from ..chat.answer import Answer
from ..chat.attempts import Attempts
from ..chat.json_reply import Structured
from ..chat.model import ChatModel
from ..chat.passing import Haste, carry_out_all
from ..errors import UnreadableReplyError
from ..progress import Progress, Silent
from ..results import Call
from ..rubric import digest_of
from .folder import DraftFolder
from .records import DraftedRubric, DraftedTask, Placed, StageIdentity, Title
from .stages import LEVELS, RUBRICS, TASKS, Item, Made, Stage


@dataclass(frozen=True)
class DraftErrand(Generic[Item, Made]):
    """Asks about one item, and refuses a reply that cannot be read."""

    model: ChatModel
    stage: Stage[Item, Made]
    item: Item

    @property
    def asked(self) -> str:
        """The model's name."""
        return self.model.name

    def described(self) -> Call:
        """Which item of which stage."""
        return Call(id="", task=self.item.id, seed=0, judge=self.asked, group=self.stage.name, status="failed")

    def worst_case_usd(self) -> float | None:
        """Of one attempt."""
        return self.model.worst_case_usd((self.stage.instructions, self._about), self.stage.form, parts=2)

    async def ask(self) -> Answer:
        """One attempt. Raises like `ChatModel.complete`."""
        messages = [
            {"role": "system", "content": self.stage.instructions},
            {"role": "user", "content": self._about},
        ]
        request = self.model.request(messages, self.stage.form)
        answer = await self.model.complete(request, Answer(request_sha256=digest_of(request)))
        try:
            self.stage.read(self.item, answer.reply or "", self.model.structured)
        except UnreadableReplyError as error:
            error.answer = answer
            raise
        return answer

    @cached_property
    def _about(self) -> str:
        return self.stage.about(self.item)


@dataclass(frozen=True)
class Plan:
    """What a stage would ask."""

    items: int
    """In all."""
    answered: int
    worst_case_usd: float | None
    """Of what is open, if nothing is repeated; None without a known price."""


def plan_stage(folder: DraftFolder, stage: Stage[Item, Made], items: Sequence[Item], model: ChatModel) -> Plan:
    """What `draft_stage` would do, without doing it."""
    have = folder.replies(stage.name)
    errands = [DraftErrand(model, stage, item) for item in items if item.id not in have]
    costs = [errand.worst_case_usd() for errand in errands]
    known = [cost for cost in costs if cost is not None]
    return Plan(len(items), len(items) - len(errands), None if len(known) < len(costs) else round(sum(known), 6))


def draft_stage(
    folder: DraftFolder,
    stage: Stage[Item, Made],
    items: Sequence[Item],
    model: ChatModel,
    haste: Haste,
    progress: Progress | None = None,
) -> dict[str, str]:
    """Asks about every item of `items` that has no good reply yet.

    Args:
        folder: Open for writing.
        stage: What is asked.
        items: About what.
        model: Who is asked.
        haste: Workers, cost cap, patience.
        progress: Told about every item that is over.

    Returns:
        Items that got no good reply, and why.

    Raises:
        RunStoppedError: no call can succeed; what is recorded is kept and the same call continues.
        InputError: the stage was begun by another model or with other words, or there is no usable address or key.
    """
    model.check()
    folder.begin(stage.name, StageIdentity(model=model.name, sampling=model.sampling, prompt=stage.prompt))
    have = folder.replies(stage.name)
    errands = [DraftErrand(model, stage, item) for item in items if item.id not in have]
    if not errands:
        return {}
    ledger, told = folder.ledger(), progress or Silent()
    told.stage(f"drafting {stage.name}", len(items), len(items) - len(errands))

    async def prepare(attempts: Attempts) -> None:
        await model.prepare(stage.form, lambda reply: _conforms(stage, reply), ledger, attempts, name=model.name)

    try:
        done = carry_out_all(errands, folder.append, ledger, haste, first=prepare, last=model.aclose, progress=told)
    finally:
        told.finish()
    return {call.task: call.error or call.status for call in done if call.status != "ok"}


def tasks_of(folder: DraftFolder) -> list[DraftedTask]:
    """Every task drafted so far, in the order of the titles."""
    replies = folder.replies(TASKS.name)
    return [task for title in folder.titles() if title.id in replies for task in _said(TASKS, title, replies[title.id])]


def levels_of(folder: DraftFolder) -> dict[str, Placed]:
    """The level of every task that has been placed."""
    replies = folder.replies(LEVELS.name)
    return {task.id: _said(LEVELS, task, replies[task.id]) for task in tasks_of(folder) if task.id in replies}


def rubrics_of(folder: DraftFolder) -> dict[str, DraftedRubric]:
    """The rubric of every task that has one."""
    replies = folder.replies(RUBRICS.name)
    return {task.id: _said(RUBRICS, task, replies[task.id]) for task in tasks_of(folder) if task.id in replies}


def titles_without_reply(folder: DraftFolder) -> list[Title]:
    """Titles nothing has been drafted from, for want of a good reply."""
    replies = folder.replies(TASKS.name)
    return [title for title in folder.titles() if title.id not in replies]


def _said(stage: Stage[Item, Made], item: Item, reply: str) -> Made:
    # A stored reply was read once before it was called good; a fence around it is the only liberty that was allowed.
    structured: Structured = "instruction"
    return stage.read(item, reply, structured)


def _conforms(stage: Stage[Item, Made], reply: str) -> bool:
    from ..chat.json_reply import read_object

    try:
        read_object(reply, list(stage.form.schema["properties"]))
    except UnreadableReplyError:
        return False
    return True

"""One small call that decides whether a server enforces JSON schemas."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ..errors import CallRefusedError, RunStoppedError, UnreadableReplyError
from ..results import Call
from ..rubric import Criterion, Dimension, Level, Task
from .attempts import Attempts
from .footage import Footage
from .ledger import Ledger
from .protocol import Answer, Group, JudgeIdentity, Question
from .reply import Structured, parse_reply

GROUP = "probe"
"""How the call log names the question."""

PROBE_TEXT = "This is a test of the connection, without a video. Say that you are ready."
"""Asks for no JSON: a reply in the asked form then shows that the server, not the model's good will, enforces it."""

_TASK = Task(
    id=GROUP,
    level=Level.ORGAN,
    title="Probe",
    prompt=PROBE_TEXT,
    criteria=(Criterion(id=GROUP, dimension=Dimension.VISUAL_QUALITY, statement=PROBE_TEXT, weight=1.0),),
)


class Probed(Protocol):
    """What a judge needs so that its server can be probed."""

    @property
    def identity(self) -> JudgeIdentity:
        """The judge's."""

    def worst_case_probe_usd(self) -> float | None:
        """What one probe costs at most; None without a known price."""

    async def ask_plainly(self, text: str, structured: Structured) -> Answer:
        """Sends `text` alone and returns what came back, without judgements."""


async def probe(judge: Probed, ledger: Ledger, attempts: Attempts) -> Structured:
    """Finds out how the form of replies is enforced, once a run folder.

    Raises:
        RunStoppedError: the server cannot be asked.
        InputError: its address, key or price is missing.
    """
    known = ledger.probes.get(judge.identity.name)
    if known is None:
        had_succeeded = attempts.succeeded
        known = await attempts.ask(_question(), _Prober(judge))
        # A text-only answer does not show that the server takes frames: the first refusal still has to stop the run.
        attempts.succeeded = had_succeeded
    if known.status != "ok":
        stop = RunStoppedError(
            f"the judge's server cannot be probed: {known.error}. "
            "Where it can judge all the same, set structured=schema or structured=instruction"
        )
        attempts.stop(stop)
        raise stop
    return _found(known)


def _found(call: Call) -> Structured:
    try:
        parse_reply(call.reply or "", (GROUP,), frames_shown=None)
    except UnreadableReplyError:
        return "instruction"
    return "schema"


def _question() -> Question:
    return Question(_TASK, 0, (), 0, GROUP, Path(), Footage(Path()))


class _Prober:
    """The judge as `Attempts` asks it: retries, reservation and log are those of every other call."""

    deterministic = False

    def __init__(self, judge: Probed) -> None:
        self._judge = judge

    @property
    def identity(self) -> JudgeIdentity:
        return self._judge.identity

    def groups(self, task: Task, criteria: object) -> list[Group]:
        return []

    def worst_case_usd(self, question: Question) -> float | None:
        return self._judge.worst_case_probe_usd()

    async def ask(self, question: Question) -> Answer:
        try:
            return await self._judge.ask_plainly(PROBE_TEXT, "schema")
        except CallRefusedError as error:
            if error.content:
                raise
        # The same words without a schema: if these are refused too, the schema was not what is wrong.
        return await self._judge.ask_plainly(PROBE_TEXT, "instruction")

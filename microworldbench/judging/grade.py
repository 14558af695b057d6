"""The judging pass: asks what is still open about every stored video and writes a verdict for every criterion.

Many videos are open at once. The first question about a video goes alone, so that it warms the server's prefix cache;
its others follow together.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Unpack

from ..chat.attempts import Attempts, RetryPolicy
from ..chat.budget import Budget
from ..chat.ledger import Ledger
from ..chat.passing import run_to_end
from ..chat.rate import Pace, RateChange
from ..errors import InputError, RunStoppedError, VideoError
from ..progress import Progress, Silent
from ..results import Call, Reason, Verdict
from ..runs import RunFolder
from ..suites.view import View
from .challenge import plan_challenges
from .effort import Effort
from .errand import JudgeErrand
from .footage import Footage
from .panel import leaves
from .plan import Plan, PlannedCall, PlannedVideo, given, missing, plan_calls
from .protocol import Judge, Question

FAILURES_TOLD = 5
"""So many failed calls are told one by one while the run goes on."""

REASONS = {"unreadable": Reason.UNREADABLE, "refused": Reason.REFUSED, "failed": Reason.FAILED}


def grade(
    run: RunFolder,
    view: View,
    judge: Judge,
    *,
    seeds: Sequence[int] = (0,),
    votes: int = 1,
    progress: Progress | None = None,
    **effort: Unpack[Effort],
) -> Ledger:
    """Judges every stored video of `run` on the criteria of `view` that have no answer yet.

    Args:
        run: Open for writing, with its generations recorded.
        view: What to judge.
        judge: Who judges.
        seeds: Videos of these seeds.
        votes: Answers wanted per criterion (deterministic judges are asked once).
        progress: Told about every finished call.
        **effort: Workers, budget, patience, rate limits and the share of met verdicts to challenge; see `Effort`.

    Returns:
        The state of the call log.

    Raises:
        RunStoppedError: the judge became unavailable, the budget is reached or the disk is full; what was recorded is
            kept and the same call continues.
        InputError: a price is missing, a measurement is unknown …
    """
    _check_effort(effort)
    ledger, generations, share = Ledger.of(run.call_lines()), run.generations(), effort.get("challenge", 0.0)

    def challenges() -> list[PlannedVideo]:
        if share == 0:
            return []
        return plan_challenges(view, judge, generations, ledger, seeds=seeds, votes=votes, share=share)

    if share and progress is not None and len({g.task for g in generations.values() if g.video}) < 2:
        progress.note("nothing is challenged: there is no other task's video to show")
    plan = plan_calls(view, judge, generations, ledger, seeds=seeds, votes=votes)
    _record_settled(run, plan)
    if plan.calls or challenges():
        grading = _Grading(run, ledger, progress or Silent(), effort)
        run_to_end(lambda: grading.judge(plan, challenges, judge))
    return ledger


def _check_effort(effort: Effort) -> None:
    share = effort.get("challenge", 0.0)
    if not 0 <= share <= 1:
        raise InputError(f"challenge must be a share from 0 to 1, got {share!r}")
    cost = effort.get("max_cost")
    if cost is not None and not cost >= 0:
        raise InputError(f"max_cost must be an amount in USD, got {cost!r}")
    for name, value in (("workers", effort.get("workers")), ("rpm", effort.get("rpm")), ("tpm", effort.get("tpm"))):
        if value is not None and value < 1:
            raise InputError(f"{name} must be at least 1, got {value!r}")


def _record_settled(run: RunFolder, plan: Plan) -> None:
    written = {v.key: v.met is None and v.is_missing for v in run.verdicts()}
    # A line is written where there is none, or where a missing one has been answered since.
    run.append_verdicts(
        [v for v in plan.settled if written.get(v.key, True) and not (v.key in written and v.is_missing)]
    )


class _Grading:
    def __init__(self, run: RunFolder, ledger: Ledger, progress: Progress, effort: Effort) -> None:
        self.run, self.ledger, self.progress, self.effort = run, ledger, progress, effort
        self.attempts: Attempts
        self.open_videos: asyncio.Semaphore
        self.told = 0
        self.prepared: asyncio.Event

    async def judge(self, plan: Plan, challenges: Callable[[], list[PlannedVideo]], judge: Judge) -> None:
        workers = self.effort.get("workers", 8)
        calls = min(workers, getattr(judge, "max_concurrency", workers))
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max_workers=max(4, calls)))
        self.attempts = self._attempts(calls)
        # Twice as many videos as calls: some wait decoded while others are judged, and memory stays bounded.
        self.open_videos = asyncio.Semaphore(2 * calls)
        self.prepared = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._prepare(judge))  # the first videos are decoded meanwhile
                await self._open(group, "judging", plan.videos)
            if self.attempts.reason is None and (again := challenges()):
                async with asyncio.TaskGroup() as group:
                    await self._open(group, "challenging", again)
        finally:
            await self._close(judge)
        if self.attempts.reason is not None:
            self._record_unasked(plan)
            raise self.attempts.reason

    def _attempts(self, calls: int) -> Attempts:
        return Attempts(
            self._log,
            Budget(self.effort.get("max_cost"), self.ledger.committed_usd),
            self.effort.get("retry") or RetryPolicy(),
            asyncio.Semaphore(calls),
            succeeded=bool(self.ledger.answered),
            pace=Pace(calls, rpm=self.effort.get("rpm"), tpm=self.effort.get("tpm"), log=self._log_rate),
        )

    async def _open(self, group: asyncio.TaskGroup, stage: str, videos: Sequence[PlannedVideo]) -> None:
        """Takes up video after video as earlier ones are done with."""
        if videos:
            self.progress.stage(stage, sum(len(v.calls) for v in videos))
        for video in videos:
            await self.open_videos.acquire()
            if self.attempts.reason is not None:
                break
            group.create_task(self._video(video))

    def _record_unasked(self, plan: Plan) -> None:
        """After a clean stop, the criteria nobody was asked about are missing, not absent."""
        written = {v.key for v in self.run.verdicts()}
        lines = [
            missing(video.task, video.generation.seed, criterion, call.group.judge, Reason.FAILED, call.vote)
            for video in plan.videos
            for call in video.calls
            for criterion in call.criteria
        ]
        with contextlib.suppress(RunStoppedError):  # a full disk is why we stop
            self.run.append_verdicts([line for line in lines if line.key not in written])

    async def _prepare(self, judge: Judge) -> None:
        """Lets each judge learn what its server can do, once a run folder."""
        try:
            for member in leaves(judge):
                if prepare := getattr(member, "prepare", None):
                    await prepare(self.ledger, self.attempts)
        except (RunStoppedError, InputError) as error:
            self.attempts.stop(error)
        finally:
            self.prepared.set()

    async def _close(self, judge: Judge) -> None:
        for member in leaves(judge):
            if close := getattr(member, "aclose", None):
                await close()

    async def _video(self, video: PlannedVideo) -> None:
        made = (video.shown or video.generation).video
        assert made is not None
        footage = Footage(self.run.path / made.path)
        try:
            async with asyncio.TaskGroup() as group:
                for calls in video.by_judge:  # each judge's server has a cache of its own to warm
                    group.create_task(self._calls(video, calls, footage))
        finally:
            footage.release()
            self.open_videos.release()

    async def _calls(self, video: PlannedVideo, calls: Sequence[PlannedCall], footage: Footage) -> None:
        """One judge's calls about one video: the first alone, then the others together."""
        first, *others = calls
        if await self._unseen(video, first, footage):
            for planned in calls:
                self._conclude(video, planned, None)
            return
        await self._call(video, first, footage)
        async with asyncio.TaskGroup() as group:
            for planned in others:
                group.create_task(self._call(video, planned, footage))

    async def _call(self, video: PlannedVideo, planned: PlannedCall, footage: Footage) -> None:
        await self.prepared.wait()
        with contextlib.suppress(RunStoppedError, InputError):  # kept in attempts.reason; others in flight finish
            question = self._question(video, planned, footage)
            self._conclude(video, planned, await self.attempts.carry_out(JudgeErrand(question, planned.group.judge)))

    def _conclude(self, video: PlannedVideo, planned: PlannedCall, call: Call | None) -> None:
        """Writes the verdicts of a call that is over; None where the video could not be decoded."""
        verdicts = [] if video.shown is not None else self._verdicts(video, planned, call)
        try:
            self.run.append_verdicts(verdicts)
        except RunStoppedError as error:
            self.attempts.stop(error)
        if call is not None and call.status != "ok" and self.told < FAILURES_TOLD:
            self.told += 1
            last = "; further failures are in calls.jsonl" if self.told == FAILURES_TOLD else ""
            self.progress.note(f"{call.task} seed {call.seed}, {call.group}: {call.error}{last}")
        cost_usd = (call.usage.cost_usd if call else None) or 0.0
        self.progress.advance(failed=int(call is None or call.status != "ok"), cost_usd=cost_usd)

    def _question(self, video: PlannedVideo, planned: PlannedCall, footage: Footage) -> Question:
        seed, other = video.generation.seed, video.shown
        shown = None if other is None else f"{other.task}/{other.seed}"
        name = planned.group.name
        return Question(video.task, seed, planned.criteria, planned.vote, name, footage.path, footage, shown)

    async def _unseen(self, video: PlannedVideo, planned: PlannedCall, footage: Footage) -> bool:
        """Decodes what the judge will show, before a call slot is taken. True where the video cannot be decoded."""
        prefetch = getattr(planned.group.judge, "prefetch", None)
        if prefetch is None or self.attempts.reason is not None:
            return False
        try:
            await asyncio.to_thread(prefetch, self._question(video, planned, footage))
        except VideoError as error:
            self.progress.note(str(error))
            return True
        return False

    def _verdicts(self, video: PlannedVideo, planned: PlannedCall, call: Call | None) -> list[Verdict]:
        judge, task, seed, vote = planned.group.judge, video.task, video.generation.seed, planned.vote
        if call is None or call.status != "ok":
            reason = Reason.FAILED if call is None else REASONS[call.status]
            return [missing(task, seed, c, judge, reason, vote) for c in planned.criteria]
        said, name = {j.criterion: j for j in call.judgements}, judge.identity.name
        return [given(task, seed, c, name, said[c.id], vote, call.id) for c in planned.criteria]

    def _log_rate(self, change: RateChange) -> None:
        try:
            self.run.append_lines("rate", change.model_dump_json() + "\n")
        except RunStoppedError as error:
            self.attempts.stop(error)

    def _log(self, line: Any) -> None:
        try:
            self.run.append(line)
        except RunStoppedError as error:
            self.attempts.stop(error)
            raise
        self.ledger.add(line)

"""What a run would do and what it would cost at most, before anything is spent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .chat.ledger import Ledger
from .errors import VideoError
from .evaluation import Job
from .generation.generate import is_open
from .judging.estimate import Tally, TokenEstimate
from .judging.exhibit import planned_exhibit
from .judging.footage import Exhibit, Footage, FramePolicy
from .judging.plan import Plan, plan_calls
from .judging.protocol import Question
from .results import Generation, StoredVideo
from .rubric import Record
from .runs import RunFolder

ASSUMED_SIZE = (1280, 720)
"""Width and height that a video which is not made yet is priced at."""
ASSUMED_VIDEO = StoredVideo(
    path="unmade", sha256="", width=ASSUMED_SIZE[0], height=ASSUMED_SIZE[1], fps=16.0, frames=81, duration_s=5.0625
)


class Preview(Record):
    """What the same command without ``--check`` or ``--dry-run`` would do."""

    run: str
    suite: str
    view: str
    generator: str
    judge: str | None
    videos_to_make: int
    videos_there: int
    questions: int
    challenges: int = 0
    """Further calls at most, where met verdicts are to be challenged."""
    worst_case_usd: float | None
    """Challenges included. None: no judge, or no price is known."""
    tokens: TokenEstimate | None = None
    """About what is sent and received, by kind, and what it costs; None: no judge, or one that uses no tokens."""
    priced_at: str | None = None
    """Which frame size videos that are not made yet are priced at."""
    problems: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """For people."""
        cost = "unknown (no price for this judge)" if self.worst_case_usd is None else f"{self.worst_case_usd:.4f} USD"
        found = [
            f"suite      {self.suite}, view: {self.view}",
            f"generator  {self.generator}: {self.videos_to_make} videos to make, {self.videos_there} there",
        ]
        if self.judge is not None:
            found.append(f"judge      {self.judge}: {self.questions} questions, at most {cost} if none is repeated")
            if self.challenges:
                found.append(f"           and {self.challenges} more at most to challenge what is met, in that sum")
            found += _token_lines(self.tokens) if self.tokens is not None else []
            if self.priced_at:
                found.append(f"           videos that are not made yet are priced at {self.priced_at} pixels")
        found += [f"note       {problem}" for problem in self.problems]
        return [*found, f"run        {self.run}", "nothing was made, asked or spent"]


def _token_lines(tokens: TokenEstimate) -> list[str]:
    share = f"{tokens.cached / tokens.input:.0%}" if tokens.input else "none"
    cost = "" if tokens.cost_usd is None else f", about {tokens.cost_usd:.4f} USD"
    found = (
        f"tokens     about {tokens.input:,} in: {tokens.fixed:,} fixed, {tokens.shared_prefix:,} prefix shared by the "
        f"calls about a video, {tokens.per_call:,} of single calls"
    )
    return [
        found,
        f"           about {tokens.output:,} out{cost}, if the server's prefix cache gives {share} of the input",
    ]


class _Sized(Footage):
    """A video of known size and no content, to price a question without decoding or making it."""

    def __init__(self, video: StoredVideo) -> None:
        super().__init__(Path())
        self._video = video

    def _make(self, policy: FramePolicy) -> Exhibit:
        video = self._video
        return planned_exhibit(
            policy, width=video.width, height=video.height, frames=video.frames, duration_s=video.duration_s
        )


@dataclass(frozen=True)
class _Bill:
    """What a plan costs at most, and about what it uses."""

    worst_usd: float | None
    tokens: TokenEstimate | None
    problems: tuple[str, ...]
    """Videos that cannot be shown as the judge is set to."""


def preview(job: Job, out: Path, *, challenge: float = 0.0, assumed: StoredVideo = ASSUMED_VIDEO) -> Preview:
    """Looks at `job` and at what `out` holds already.

    Args:
        job: What is to be run.
        out: The run folder, there or not.
        challenge: Share of met verdicts that is asked again with another task's frames.
        assumed: What a video that is not made yet is priced as.

    Raises:
        InputError: `out` is not a run folder although it exists, or holds something damaged.
    """
    run = RunFolder.read(out) if (out / "manifest.json").exists() else None
    known = {} if run is None else run.generations()
    ledger = Ledger() if run is None else Ledger.of(run.call_lines())
    pairs = [(task, seed) for task in job.view.tasks for seed in job.seeds]
    to_make = [pair for pair in pairs if is_open(known.get((pair[0].id, pair[1])))]
    videos = {key: made.video for key, made in known.items() if made.video} | _folder_videos(job)
    questions, challenges, bill = 0, 0, _Bill(None, None, ())
    if job.judge is not None:
        wanted = {(task.id, seed): known.get((task.id, seed)) or _stand_in(task.id, seed) for task, seed in pairs}
        wanted |= {(task.id, seed): _stand_in(task.id, seed) for task, seed in to_make}
        plan = plan_calls(job.view, job.judge, wanted, ledger, seeds=job.seeds, votes=job.votes)
        questions = plan.calls
        asked = sum(len(call.criteria) for video in plan.videos for call in video.calls)
        challenges = min(questions, math.ceil(challenge * asked))  # all met, each in a call of its own
        bill = _bill(plan, videos, challenges, assumed)
    suite = job.view.suite
    return Preview(
        run=str(out),
        suite=f"{suite.id} {suite.version}",
        view=job.view.name,
        generator=job.generator.name,
        judge=None if job.judge is None else job.judge.identity.name,
        videos_to_make=len(to_make),
        videos_there=len(pairs) - len(to_make),
        questions=questions,
        challenges=challenges,
        worst_case_usd=None if bill.worst_usd is None else round(bill.worst_usd, 6),
        tokens=bill.tokens,
        priced_at=_priced_at(bill, assumed) if any((t.id, s) not in videos for t, s in pairs) else None,
        problems=(
            *([job.reach] if job.reach else ()),
            *(job.scan.describe() if job.scan is not None else ()),
            *bill.problems,
        ),
    )


def _bill(plan: Plan, videos: Mapping[tuple[str, int], StoredVideo], challenges: int, assumed: StoredVideo) -> _Bill:
    """Prices the planned questions, each asked once, and the dearest `challenges` of them once more."""
    worst: list[float | None] = []
    tally, problems = Tally(), []
    for video in plan.videos:
        task, seed = video.task, video.generation.seed
        footage = _Sized(videos.get((task.id, seed), assumed))
        for call in video.calls:
            judge = call.group.judge
            question = Question(task, seed, call.criteria, call.vote, call.group.name, footage.path, footage)
            try:
                at_most = judge.worst_case_usd(question)
                if tokens_of := getattr(judge, "tokens", None):
                    price = getattr(judge, "price", None)
                    tally.add(tokens_of(question), judge=judge.identity.name, video=(task.id, seed), price=price)
            except VideoError as error:
                problems.append(f"{task.id}, seed {seed}: {error}")
                break
            worst.append(at_most)
    tokens = tally.total()
    known = sorted((usd for usd in worst if usd is not None), reverse=True)
    total = None if len(known) < len(worst) else sum(known) + sum(known[:challenges])
    return _Bill(total, tokens if tokens.calls else None, tuple(problems))


def _priced_at(bill: _Bill, assumed: StoredVideo) -> str | None:
    return f"{assumed.width}×{assumed.height}" if bill.worst_usd or bill.tokens else None


def _folder_videos(job: Job) -> dict[tuple[str, int], StoredVideo]:
    """The user's own files, read from their headers."""
    if job.scan is None:
        return {}
    from .video import probe

    readable = {key: path for key, path in job.scan.videos.items() if path not in job.scan.unreadable}
    found = {key: probe(path) for key, path in readable.items()}
    return {
        key: ASSUMED_VIDEO.model_copy(
            update={"width": i.width, "height": i.height, "frames": i.frames, "duration_s": i.duration_s, "fps": i.fps}
        )
        for key, i in found.items()
    }


def _stand_in(task: str, seed: int) -> Generation:
    return Generation(task=task, seed=seed, status="ok", prompt_sha256="", video=ASSUMED_VIDEO)

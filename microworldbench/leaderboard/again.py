"""`look_again`: what a maintainer does before a row is called verified.

The model's videos are found by their sha256, the frames its judge was shown are made once more, and twenty videos,
drawn by a seed that the submission's seal decides, are judged again. It needs the videos and the judge; nothing is
fetched.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..certificate import identity_digest
from ..errors import InputError, VideoError
from ..evaluation import grade
from ..judging.exhibit import FramePolicy, make_exhibit
from ..judging.panel import panel_names
from ..results import Call
from ..rubric import Suite
from ..runs import RunFolder, now
from ..scorecard import Named
from ..scoring import reduce_verdicts
from .submission import SubmissionFolder
from .suites import find_suite
from .verified import VerificationRecord

AGAIN = 20
"""Videos that are judged once more."""
Videos = Mapping[tuple[str, int], Path]


def look_again(
    path: str | os.PathLike[str],
    videos: str | os.PathLike[str],
    judge: object,
    *,
    by: str,
    suite: Suite | None = None,
    judge_settings: Mapping[str, object] | None = None,
    **effort: Any,
) -> VerificationRecord:
    """Looks at a submission's videos again.

    Args:
        path: The submission's folder; it should have passed `check`.
        videos: A folder that holds its videos, under any names.
        judge: The judge, as for `evaluate`; its identity must be the submission's.
        by: Who is doing it.
        suite: The suite it was run on, where it is neither installed nor kept in ``_suites`` beside the submission.
        judge_settings: Settings of a judge given by name.
        **effort: ``workers``, ``max_cost`` and the like, as for `grade`.

    Raises:
        InputError: the judge is another one, none of the videos is there, or the suite is not at hand.
    """
    folder = SubmissionFolder(Path(path).absolute())
    run = folder.run
    manifest = run.manifest
    suite = _suite(folder) if suite is None else suite
    if manifest.judge is None:
        raise InputError(f"{folder.slug!r} has no verdicts to give again")
    recorded = {key: made.video.sha256 for key, made in run.generations().items() if made.video is not None}
    found = _found(recorded, Path(videos))
    if not found:
        raise InputError(f"{str(videos)!r} holds none of the {len(recorded)} videos of {folder.slug!r} (by sha256)")
    frames, same_frames = _frames(run, manifest.judge, found)
    seed = int(folder.digest[:8], 16)
    tasks = _draw(found, len(manifest.seeds), seed)
    judged, verdicts, same = _judged_again(run, found, tasks, judge, suite, judge_settings, effort)
    return VerificationRecord(
        submission=folder.slug,
        digest=folder.digest,
        videos=len(recorded),
        found=len(found),
        frames=frames,
        same_frames=same_frames,
        seed=seed,
        judged_again=judged,
        verdicts=verdicts,
        same_verdicts=same,
        by=by,
        date=now()[:10],
    )


def _suite(folder: SubmissionFolder) -> Suite:
    """The suite of a submission, found by its content; what the submission calls it leads to no folder."""
    stated = folder.run.manifest.suite
    known = find_suite(stated.id, stated.digest, folder.path.parent)
    if known is None:
        raise InputError(
            f"suite {stated.id} {stated.version} with this content ({stated.digest[:12]}) is not at hand; say where it "
            "is with --suite"
        )
    return known


def _found(recorded: Mapping[tuple[str, int], str], folder: Path) -> dict[tuple[str, int], Path]:
    if not folder.is_dir():
        raise InputError(f"{str(folder)!r} is not a folder of videos")
    wanted, there = set(recorded.values()), dict[str, Path]()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            with file.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            if digest in wanted:
                there.setdefault(digest, file.resolve())
    return {key: there[digest] for key, digest in recorded.items() if digest in there}


def _frames(run: RunFolder, judge: Named, found: Videos) -> tuple[int, int]:
    """How many frames the run's judges were shown, and how many come out the same."""
    policies = dict(_policies(judge.model_dump(mode="json")))
    shown: dict[tuple[tuple[str, int], str], set[str]] = {}
    for line in run.call_lines():
        if isinstance(line, Call) and line.status == "ok" and line.frames and line.shown is None:
            shown.setdefault(((line.task, line.seed), line.judge), set()).update(f.sha256 for f in line.frames)
    same = 0
    for (video, name), digests in shown.items():
        if video in found and name in policies:
            try:
                made = make_exhibit(found[video], policies[name])
            except VideoError:
                continue
            same += len(digests & {frame.sha256 for frame in made.frames})
    return sum(map(len, shown.values())), same


def _policies(judge: Mapping[str, Any]) -> Iterator[tuple[str, FramePolicy]]:
    """The frame policy of a judge and of its members, by name."""
    settings = judge.get("settings", {})
    if isinstance(policy := settings.get("frame_policy"), dict):
        yield str(judge.get("name")), FramePolicy.model_validate(policy)
    for member in settings.get("members", []):
        if isinstance(member, dict):
            yield from _policies(member)


def _draw(found: Videos, seeds: int, seed: int) -> list[str]:
    """Tasks whose videos are all there and make about twenty."""
    whole = sorted(task for task in {task for task, _ in found} if sum(t == task for t, _ in found) == seeds)
    if not whole:
        raise InputError("of no task are all videos there; the twenty to be judged again are drawn from whole tasks")
    wanted = min(len(whole), max(1, AGAIN // seeds))
    return sorted(whole[place] for place in np.random.RandomState(seed).permutation(len(whole))[:wanted])


def _judged_again(
    run: RunFolder,
    found: Videos,
    tasks: list[str],
    judge: object,
    suite: Suite,
    settings: Mapping[str, object] | None,
    effort: Mapping[str, Any],
) -> tuple[int, int, int]:
    """Videos judged once more, verdicts given, and how many are the same."""
    manifest = run.manifest
    assert manifest.judge is not None
    with tempfile.TemporaryDirectory() as room:
        source = RunFolder(Path(room) / "videos")
        source.path.mkdir()
        source.replace("manifest.json", manifest.model_copy(update={"judge": None}))
        source.replace("suite.json", run.snapshot)
        for key, made in run.generations().items():
            if made.video is not None and key in found:
                video = made.video.model_copy(update={"path": str(found[key])})
                source.append(made.model_copy(update={"video": video}))
        report = grade(
            Path(room) / "again",
            judge,
            suite,
            videos_from=source.path,
            votes=manifest.votes,
            reducer=manifest.reducer,
            judge_settings=settings,
            tasks=tasks,
            **effort,
        )
        if identity_digest(report.scorecard.judge) != identity_digest(manifest.judge):
            raise InputError(
                f"the judge is {report.scorecard.judge.name!r}, the submission's {manifest.judge.name!r}"
                + (" with other settings" if report.scorecard.judge.name == manifest.judge.name else "")
                + "; only the same judge can say whether its verdicts come out the same"
            )
        members = panel_names(manifest.judge.settings)
        again = reduce_verdicts(RunFolder.read(Path(room) / "again").verdicts(), manifest.reducer, members)
    before = reduce_verdicts(run.verdicts(), manifest.reducer, members)
    pairs = [
        (outcome, before.get(video, {}).get(criterion))
        for video, by in again.items()
        for criterion, outcome in by.items()
    ]
    return len(again), len(pairs), sum(one is other for one, other in pairs)

"""Labelled clips, and their split by source video."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from microworldbench.errors import InputError
from microworldbench.tabular import read_rows

RELEVANT, IRRELEVANT = "relevant", "irrelevant"
WORDS = {
    RELEVANT: 1,
    "1": 1,
    "true": 1,
    "yes": 1,
    "accept": 1,
    IRRELEVANT: 0,
    "0": 0,
    "false": 0,
    "no": 0,
    "reject": 0,
}


@dataclass(frozen=True)
class Labelled:
    """One labelled clip."""

    path: Path
    """A video file."""
    label: int
    """1: relevant."""
    source: str
    """The video it comes from; clips of one source stay together."""


def read_labels(path: Path) -> list[Labelled]:
    """Reads ``video``, ``label`` and ``source`` from a CSV or JSONL file; videos lie below its folder.

    Raises:
        InputError: a row is wrong, a video is missing or leaves the folder, or a clip is labelled twice.
    """
    base = path.resolve().parent
    found: dict[Path, Labelled] = {}
    for row in read_rows(path, ("video", "label", "source")):
        video = (base / row.text("video")).resolve()
        if not video.is_relative_to(base):
            raise InputError(f"{row.place}: video {row.text('video')!r} leaves the folder of the labels")
        if not video.is_file():
            raise InputError(f"{row.place}: there is no video {row.text('video')!r}")
        if video in found:
            raise InputError(f"{row.place}: {row.text('video')!r} is labelled twice")
        found[video] = Labelled(video, row.choice("label", WORDS), row.text("source"))
    labels = [clip.label for clip in found.values()]
    if not 0 < sum(labels) < len(labels):
        raise InputError(f"{path} needs clips of both kinds, got {sum(labels)} relevant of {len(labels)}")
    return list(found.values())


def split_by_source(
    clips: Sequence[Labelled], test_share: float = 0.2, seed: int = 0
) -> tuple[list[Labelled], list[Labelled]]:
    """Training and test clips, no source on both sides; the same for the same clips and seed.

    Sources are drawn in the order of a seeded hash until the test side has its share of the clips of each label, as far
    as whole sources allow.

    Raises:
        InputError: there are too few sources to have both labels on both sides.
    """
    groups: dict[str, list[Labelled]] = defaultdict(list)
    for clip in clips:
        groups[clip.source].append(clip)
    order = sorted(groups, key=lambda name: hashlib.sha256(f"{seed}/{name}".encode("utf-8", "replace")).digest())
    wanted = {label: test_share * sum(clip.label == label for clip in clips) for label in (0, 1)}
    taken = {0: 0, 1: 0}
    test: list[Labelled] = []
    for name in order:
        counts = {label: sum(clip.label == label for clip in groups[name]) for label in (0, 1)}
        # A source goes to the test side where that brings it nearer to its share of both labels together.
        now = sum(abs(wanted[label] - taken[label]) for label in (0, 1))
        then = sum(abs(wanted[label] - taken[label] - counts[label]) for label in (0, 1))
        if then < now:
            test += groups[name]
            taken = {label: taken[label] + counts[label] for label in (0, 1)}
    chosen = {clip.source for clip in test}
    train = [clip for clip in clips if clip.source not in chosen]
    for side, members in (("training", train), ("test", test)):
        if len({clip.label for clip in members}) < 2:
            raise InputError(
                f"{len(groups)} source videos are too few to have both labels on the {side} side; "
                "label clips of more videos, or change the share"
            )
    return train, test

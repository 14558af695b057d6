"""``microverse data relevance``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from microworldbench.command_line import Group, Number

from ..options import JSON

if TYPE_CHECKING:
    from microverse.data.relevance.training import Evaluation

LABELS = click.argument("labels", type=click.Path(path_type=Path))


@click.group(cls=Group)
def relevance() -> None:
    """The classifier that tells micro-worlds from everything else."""


@relevance.command()
@LABELS
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="FOLDER", help="Where the classifier goes."
)
@click.option(
    "--base",
    default="MCG-NJU/videomae-base",
    show_default=True,
    metavar="MODEL",
    help="A VideoMAE folder or hub id; 'tiny' is a small random one to try things with.",
)
@click.option("--lr", type=Number(min=0, min_open=True), default=5e-5, show_default=True, help="Learning rate.")
@click.option(
    "--epochs", type=click.IntRange(min=1), default=10, show_default=True, metavar="N", help="Over the clips."
)
@click.option("--batch", type=click.IntRange(min=1), default=8, show_default=True, metavar="N", help="Clips a step.")
@click.option(
    "--test-share",
    type=Number(0, 1, min_open=True, max_open=True),
    default=0.2,
    show_default=True,
    help="Of the clips, kept for the test.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N", help="Of split and order."
)
@JSON
def train(
    labels: Path,
    out: Path,
    base: str,
    lr: float,
    epochs: int,
    batch: int,
    test_share: float,
    seed: int,
    as_json: bool,
) -> None:
    """Trains on LABELS, a CSV or JSONL file with the columns video, label and source.

    Labels are relevant and irrelevant; source names the video a clip is from. Clips of one source stay on one side of
    the split.
    """
    from microverse.data.relevance.labels import read_labels
    from microverse.data.relevance.training import Training
    from microverse.data.relevance.training import train as fit
    from microworldbench.errors import InputError
    from microworldbench.rendering.progress_lines import ConsoleProgress

    if not (0 < test_share < 1 and lr > 0 and epochs >= 1 and batch >= 1):
        raise InputError("the test share must be between 0 and 1, and the other numbers positive")
    settings = Training(base, lr, epochs, batch, test_share, seed)
    with ConsoleProgress() as progress:
        found = fit(read_labels(labels), out, settings, progress=progress)
    _say(found, as_json)


@relevance.command(name="eval")
@click.argument("classifier", type=click.Path(path_type=Path))
@LABELS
@JSON
def evaluate(classifier: Path, labels: Path, as_json: bool) -> None:
    """Tests CLASSIFIER on all clips of LABELS; take clips that it was not trained on."""
    from microverse.data.relevance.labels import read_labels
    from microverse.data.relevance.model import Classifier
    from microverse.data.relevance.training import evaluate as test

    _say(test(Classifier(classifier), read_labels(labels)), as_json)


@relevance.command()
@click.argument("classifier", type=click.Path(path_type=Path))
@click.argument("videos", nargs=-1, required=True, type=click.Path(path_type=Path))
def score(classifier: Path, videos: tuple[Path, ...]) -> None:
    """Scores single VIDEOS, one JSON line each. Work folders are scored by 'microverse data run'."""
    import json

    from microverse.data.relevance.model import Classifier
    from microworldbench.errors import VideoError
    from microworldbench.video import sample

    model, failed = Classifier(classifier), False
    for video in videos:
        line: dict[str, object] = {"video": str(video)}
        try:
            line["score"] = round(model.score([frame.image for frame in sample(video, model.frames)]), 6)
        except VideoError as error:
            line["error"], failed = str(error), True
        click.echo(json.dumps(line))
    raise click.exceptions.Exit(int(failed))


def _say(found: Evaluation, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    if as_json:
        click.echo(json.dumps(asdict(found)))
        return
    ends = "" if found.interval is None else f" [{100 * found.interval[0]:.1f}, {100 * found.interval[1]:.1f}]"
    click.echo(
        f"accuracy {100 * found.accuracy:.1f} %{ends} on {found.clips:,} clips of {found.sources:,} unseen videos"
    )
    click.echo(f"always naming the commoner label would get {100 * found.majority:.1f} %")
    for name, number in found.confusion.items():
        click.echo(f"  {number:,} {name.replace('_', ' ')}")

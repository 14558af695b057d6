"""``microverse data review``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from microworldbench.command_line import Group

from ..options import JSON
from .options import CONFIG, open_shelf

if TYPE_CHECKING:
    from microverse.data.reviews import Kind

KIND = click.option(
    "--kind", type=click.Choice(["clips", "captions"]), default="clips", show_default=True, help="What is looked at."
)


@click.group(cls=Group)
def review() -> None:
    """Experts accept or reject clips and captions."""


@review.command()
@CONFIG
@KIND
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FOLDER", help="Where the review goes.")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Draw so many at random [default: all].")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N", help="Of the draw.")
@click.option("--again", is_flag=True, help="Also what somebody has looked at already, for a second reviewer.")
def sheet(config: Path, kind: Kind, out: Path, sample: int | None, seed: int, again: bool) -> None:
    """Writes a page of clips, a sheet to fill in, and a list for the experts' workbench.

    The list is what 'mwb review new' takes for its kinds clip and caption.
    """
    from microverse.data.sheets import candidates, write_sheet

    shelf = open_shelf(config)
    done = write_sheet(shelf, out, candidates(shelf, kind, sample=sample, seed=seed, again=again), kind)
    click.echo(f"{done.clips:,} {kind} to look at: {out / 'index.html'}")
    click.echo(
        f"take the filled sheet in with: microverse data review import {config} {out / 'sheet.csv'} --kind {kind}"
    )


@review.command(name="import")
@CONFIG
@click.argument("filled", type=click.Path(path_type=Path))
@KIND
@click.option("--reviewer", metavar="NAME", help="Who filled it in, where the sheet does not say.")
def import_(config: Path, filled: Path, kind: Kind, reviewer: str | None) -> None:
    """Takes a filled sheet in (CSV or JSONL)."""
    from microverse.data.decide import rows
    from microverse.data.reviews import import_reviews

    shelf = open_shelf(config)
    known = {row.clip.id for row in rows(shelf.chain, shelf.ledger)}
    fresh = import_reviews(filled, shelf.config.out, kind, known, reviewer)
    click.echo(f"{fresh:,} new verdicts")


@review.command()
@CONFIG
@KIND
@JSON
def status(config: Path, kind: Kind, as_json: bool) -> None:
    """Shows how far the reviewers are, what they decided, and how far they agree."""
    import json

    from microverse.data.reviews import agreement, merge, read_reviews

    shelf = open_shelf(config)
    lines = list(read_reviews(shelf.config.out, kind))
    merged = merge(lines)
    kappa = agreement(lines)
    counts = {
        "accepted": sum(said.accepts is True for said in merged.values()),
        "rejected": sum(said.accepts is False for said in merged.values()),
        "undecided": sum(said.accepts is None for said in merged.values()),
    }
    reasons: dict[str, int] = {}
    for said in merged.values():
        for reason, number in said.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + number
    reviewers = sorted({line.reviewer for line in lines})
    if as_json:
        measured = None if kappa is None else {"value": kappa.value, "n": kappa.n, "interval": kappa.interval}
        click.echo(json.dumps({**counts, "reasons": reasons, "reviewers": reviewers, "kappa": measured}))
        return
    click.echo(f"{len(merged):,} {kind} looked at by {len(reviewers)} reviewers")
    click.echo(", ".join(f"{number:,} {name}" for name, number in counts.items()))
    for reason, number in sorted(reasons.items(), key=lambda pair: -pair[1]):
        click.echo(f"  {number:,} × {reason}")
    if kappa is not None:
        value = "undefined" if kappa.value is None else f"{kappa.value:.2f}"
        ends = "" if kappa.interval is None else f" [{kappa.interval[0]:.2f}, {kappa.interval[1]:.2f}]"
        click.echo(f"kappa {value}{ends} on {kappa.n:,} {kind}")

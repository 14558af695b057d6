"""``microverse data collect`` and ``microverse data available``."""

from __future__ import annotations

from pathlib import Path

import click

from ..options import JSON


@click.command()
@click.argument("plan", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="FOLDER", help="Where the collection lies."
)
@click.option("--refresh", is_flag=True, help="Only ask again for what is older than 30 days.")
@JSON
def collect(plan: Path, out: Path, refresh: bool, as_json: bool) -> None:
    """Finds Creative Commons videos of at least 720p by PLAN, a YAML file of terms and times.

    Needs YOUTUBE_API_KEY. Nothing is downloaded. Stops at the day's quota; the same command goes on the next day, and
    no call is made twice.
    """
    import json

    from microverse.data.collect.api import YouTube
    from microverse.data.collect.collector import Collector
    from microverse.data.collect.plan import read_plan
    from microworldbench.rendering.progress_lines import ConsoleProgress

    wanted = read_plan(plan)
    api = YouTube(wanted.base_url)
    with ConsoleProgress() as progress:
        collector = Collector(out, wanted, api, progress)
        usable = collector.refresh() if refresh else collector.collect()
    if as_json:
        click.echo(
            json.dumps({"videos": len(usable), "dropped": collector.dropped, "file": str(out / "collected.jsonl")})
        )
        return
    click.echo(f"{len(usable):,} videos may be used: {out / 'collected.jsonl'}")
    for reason, count in collector.dropped.items():
        click.echo(f"{count:,} left out: {reason}")


@click.command()
@click.argument("rows", type=click.Path(path_type=Path))
@JSON
def available(rows: Path, as_json: bool) -> None:
    """Checks which videos of ROWS (with a column video_id) can still be had under an open licence.

    Needs YOUTUBE_API_KEY; one call for 50 videos.
    """
    import json
    from collections import Counter
    from datetime import UTC, datetime

    from microverse.data.collect.api import YouTube
    from microverse.data.collect.collector import availability
    from microverse.data.collect.plan import check_id
    from microworldbench.tabular import read_rows

    ids = [check_id(row.text("video_id")) for row in read_rows(rows, ("video_id",))]
    found = dict(availability(ids, YouTube(), datetime.now(UTC)))
    if as_json:
        click.echo(json.dumps(found))
        return
    for video, state in found.items():
        click.echo(f"{video}  {state}")
    counts = ", ".join(f"{count:,} {state}" for state, count in Counter(found.values()).most_common())
    click.echo(f"{len(found):,} videos: {counts}", err=True)

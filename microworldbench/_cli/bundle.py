"""``mwb bundle`` and ``mwb verify``: a run as one archive, and the archive checked."""

from __future__ import annotations

import click

from .options import JSON, options


@click.command()
@click.argument("run", type=click.Path())
@click.option("--out", type=click.Path(), metavar="FILE", help="The archive. [default: <folder>-<id>.tar]")
@click.option("--no-videos", is_flag=True, help="Leave the videos out; their sha256 stay.")
def bundle(run: str, out: str | None, no_videos: bool) -> None:
    """Makes one archive of the run folder RUN, named by its content.

    It holds manifest, suite, generations, calls with raw replies, verdicts, labels, the report recomputed, and the
    videos; the same run gives the same bytes on every machine. 'mwb verify' checks it anywhere, offline.
    """
    from ..verification import bundle as make_bundle

    click.echo(str(make_bundle(run, out, videos=not no_videos)))


@click.command()
@click.argument("file", type=click.Path())
@click.option("--extract", type=click.Path(), metavar="DIR", help="Unpack it into DIR once it has passed.")
@options(JSON)
def verify(file: str, extract: str | None, as_json: bool) -> None:
    """Checks the bundle FILE: every byte, every number from the verdicts, every verdict from its call.

    Exit status 2 where anything is wrong. A digest finds corruption, not fraud: a log that was invented consistently
    passes.
    """
    from ..rendering.wording import quantity
    from ..verification import verify as check
    from .score import show

    found = check(file, extract)
    if as_json:
        import json

        said = {"id": found.id, "files": found.files, "bytes": found.bytes, "videos": found.videos}
        said |= {"absent_videos": found.absent_videos, "report": found.report.to_dict()}
        click.echo(json.dumps(said, ensure_ascii=False, indent=1, allow_nan=False))
        return
    show(found.report, False)
    absent = f", {quantity(found.absent_videos, 'video')} left out" if found.absent_videos else ""
    click.echo(f"\nverified: {quantity(found.files, 'file')}, {quantity(found.videos, 'video')}{absent}; id {found.id}")
    if extract:
        click.echo(f"unpacked into {extract}")

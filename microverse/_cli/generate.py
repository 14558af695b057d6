"""``microverse generate``: videos of an export."""

from __future__ import annotations

import json
from pathlib import Path

import click

from .options import JSON, prepare_libraries


@click.command()
@click.argument("export", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="FOLDER", help="The same command continues."
)
@click.option("--prompt", "texts", multiple=True, metavar="TEXT", help="A prompt; repeatable.")
@click.option("--prompts", type=click.Path(path_type=Path), metavar="FILE", help="Text (one a line), JSON or JSONL.")
@click.option("--suite", metavar="REF", help="The tasks of a suite: core, released:PATH, a folder.")
@click.option("--task", "tasks", multiple=True, metavar="ID", help="Only this task of the suite; repeatable.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N prompts.")
@click.option("--seeds", type=click.IntRange(min=1), default=1, metavar="K", help="Videos per prompt: seeds 0…K-1.")
@click.option(
    "-g", "settings", multiple=True, metavar="KEY=VALUE", help="A setting, e.g. device=cuda:0,cuda:1; repeatable."
)
@JSON
def generate(
    export: Path,
    out: Path,
    texts: tuple[str, ...],
    prompts: Path | None,
    suite: str | None,
    tasks: tuple[str, ...],
    limit: int | None,
    seeds: int,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Makes videos with EXPORT: a network's or pipeline's folder, or a LoRA's file, as 'microverse export' writes them.

    Guidance, steps, size and length are the paper's. FOLDER gets <prompt id>/<seed>.mp4 with a .json each that says how
    it was made; score it with mwb run --generator folder:FOLDER. Several GPUs: -g device=cuda:0,cuda:1.

    Exit status 1: some videos could not be made; the same command tries them again.
    """
    from microworldbench.errors import InputError
    from microworldbench.rendering.progress_lines import ConsoleProgress
    from microworldbench.settings import parse_pairs

    from ..prompts import Prompt, read_prompts, suite_prompts

    if sum(map(bool, (texts, prompts, suite))) != 1:
        raise InputError("give exactly one of --prompt, --prompts and --suite")
    if tasks and not suite:
        raise InputError("--task belongs to --suite")
    if suite:
        wanted = suite_prompts(suite, list(tasks) or None)
    elif prompts:
        wanted = read_prompts(prompts)
    else:
        wanted = [Prompt(f"prompt-{number}", text) for number, text in enumerate(texts, 1)]
    prepare_libraries()
    from microworldbench.rendering.wording import quantity

    from ..generate import generate as make
    from ..generate import settings_for

    chosen = settings_for(export, dict(parse_pairs(settings, "-g")))
    with ConsoleProgress() as progress:
        counts = make(export, wanted[:limit], out, chosen, seeds=range(seeds), progress=progress)
    if as_json:
        click.echo(json.dumps({"out": str(out), **vars(counts)}))
    else:
        made = quantity(counts.made, "video")
        click.echo(f"{out}: {made} made, {counts.kept} there before, {len(counts.failed)} failed")
    raise click.exceptions.Exit(1 if counts.failed else 0)

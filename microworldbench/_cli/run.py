"""``mwb run``, ``mwb generate`` and ``mwb grade``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from .options import GENERATOR, JSON, JUDGE, PASS, SELECTION, SUITE, options, selection

if TYPE_CHECKING:
    from ..evaluation import Job
    from ..judging.effort import Effort
    from ..progress import Progress
    from ..report import Report


@click.command()
@options(GENERATOR, SUITE, JUDGE, PASS, SELECTION, JSON)
def run(**given: Any) -> None:
    """Generates the videos of a suite, judges and scores them.

    Without --judge nothing is spent: the measured judge answers the criteria that pixels can decide. Give the same
    command again to continue after an interruption.
    """
    from .. import evaluation

    kwargs = _arguments(given)
    job = evaluation.prepare(**kwargs)
    out = Path(given["out"]) if given["out"] else evaluation.default_out(job)
    if given["check"] or given["dry_run"]:
        _preview(job, out, given)
        return
    _tell_of_unanswered(job)
    effort, copy_videos = _effort(given), given["copy_videos"]
    _carry_out(
        lambda progress: evaluation.run_job(job, out, copy_videos=copy_videos, progress=progress, **effort), out, given
    )


@click.command()
@options(GENERATOR, SUITE, JUDGE, PASS, SELECTION, JSON)
def generate(**given: Any) -> None:
    """Makes the videos of a suite and stores them in a run folder for 'mwb grade'.

    It takes the options of 'mwb run'; those about judging are for 'mwb grade' and change nothing here.
    """
    import json

    from .. import evaluation
    from ..rendering.progress_lines import ConsoleProgress
    from ..rendering.wording import quantity

    job = evaluation.prepare(**_making(given), selection=_selection(given))
    out = Path(given["out"]) if given["out"] else evaluation.default_out(job)
    if given["check"] or given["dry_run"]:
        _preview(job, out, given)
        return
    _tell_of_unanswered(job)
    with ConsoleProgress() as progress:
        counts = evaluation.generate_job(
            job, out, workers=given["workers"], copy_videos=given["copy_videos"], progress=progress
        )
    if given["as_json"]:
        click.echo(json.dumps({"run": str(out), **counts}))
    else:
        click.echo(
            f"{quantity(counts['ok'], 'video')}, {quantity(counts['failed'], 'failure')} of the model, "
            f"{counts['missing']} missing: {out}"
        )
        click.echo(f"judge them with: mwb grade --out {out} --judge …")
    raise click.exceptions.Exit(int(counts["missing"] > 0))


@click.command()
@options(GENERATOR, SUITE, JUDGE, PASS, SELECTION, JSON)
@click.option("--videos-from", type=click.Path(), metavar="RUN", help="Judge another run's videos into --out.")
def grade(videos_from: str | None, **given: Any) -> None:
    """Judges the videos of the run folder --out, of --videos-from, or of --generator folder:PATH.

    By whom and for which seeds the videos of a run folder were made need not be said again.
    """
    from .. import evaluation
    from ..errors import InputError

    if given["generator"] is not None:
        _grade_generators_videos(videos_from, given)
        return
    for option, written in (("name", "--name"), ("copy_videos", "--copy-videos"), ("generator_settings", "-g")):
        if given[option]:
            raise InputError(f"{written} goes with --generator; without it the videos keep what their run says of them")
    if not given["out"]:
        raise InputError("mwb grade needs --out RUN, the folder whose videos are to be judged")
    out = Path(given["out"])
    job = _grading(videos_from, given)
    if given["judge"] not in (None, "measured") and given["criteria"] is None and job.view.is_measured:
        click.echo("only measured criteria are judged, as in the run; --criteria all asks about every one", err=True)
    if given["check"] or given["dry_run"]:
        _preview(job, Path(videos_from or out), given)
        return
    effort = _effort(given)
    _carry_out(
        lambda progress: evaluation.grade_job(job, out, videos_from=videos_from, progress=progress, **effort),
        out,
        given,
    )


def _grade_generators_videos(videos_from: str | None, given: dict[str, Any]) -> None:
    """Judges a generator's videos where they are made already: a folder's, or those of its run."""
    from .. import evaluation
    from ..errors import InputError

    if videos_from is not None:
        raise InputError("--videos-from says whose videos are judged; leave out --generator")
    job = evaluation.prepare(**_arguments(given))
    out = Path(given["out"]) if given["out"] else evaluation.default_out(job)
    if not job.generator.references_files and not (out / "manifest.json").is_file():
        raise InputError(
            f"{str(out)!r} holds no videos of {job.generator.name!r}; 'mwb run' makes them and judges them"
        )
    if given["check"] or given["dry_run"]:
        _preview(job, out, given)
        return
    effort, copy_videos = _effort(given), given["copy_videos"]

    def work(progress: Progress) -> Report:
        if job.generator.references_files:
            return evaluation.run_job(job, out, copy_videos=copy_videos, progress=progress, **effort)
        return evaluation.grade_job(job, out, progress=progress, **effort)

    _carry_out(work, out, given)


def _grading(videos_from: str | None, given: dict[str, Any]) -> Job:
    from ..evaluation import prepare_grading
    from ..settings import parse_pairs

    return prepare_grading(
        given["out"],
        given["judge"],
        given["suite"],
        videos_from=videos_from,
        votes=given["votes"],
        reducer=given["reducer"],
        judge_settings=parse_pairs(given["judge_settings"], "-j"),
        frames=given["frames"],
        weights=given["weights"],
        max_missing=given["max_missing"],
        seeds=given["seeds"],
        selection=_selection(given),
    )


def _tell_of_unanswered(job: Job) -> None:
    if job.reach is not None:
        click.echo(job.reach, err=True)


def _carry_out(work: Callable[[Progress], Report], out: Path, given: dict[str, Any]) -> NoReturn:
    """Does `work`, shows its report whatever happened, and exits with the right status."""
    from ..errors import InputError, RunStoppedError
    from ..rendering.progress_lines import ConsoleProgress
    from ..rendering.wording import plain
    from ..report import Report
    from .score import exit_status, show

    stopped: RunStoppedError | None = None
    with ConsoleProgress() as progress:
        try:
            report = work(progress)
        except RunStoppedError as error:
            stopped = error
    if stopped is not None:
        report = Report.from_run(out)
    show(report, given["as_json"])
    tell = _teller(given["as_json"])
    try:
        tell(f"\nreport  {report.to_html(out / 'report.html')}")
    except InputError as error:  # the disk may be full, which is then why the run stopped
        tell(f"no page: {plain(str(error))}")
    if stopped is not None:
        tell(f"stopped: {plain(str(stopped))}")
    elif exit_status(report):
        tell("more is missing than --max-missing allows: only bounds are stated. The same command tries it again")
    raise click.exceptions.Exit(1 if stopped is not None else exit_status(report))


def _preview(job: Job, out: Path, given: dict[str, Any]) -> None:
    """What a run would do, without doing it."""
    import json

    from ..preflight import preview

    found = preview(job, out, challenge=given.get("challenge") or 0.0)
    if given["as_json"]:
        click.echo(json.dumps(found.model_dump(mode="json"), ensure_ascii=False))
    else:
        click.echo("\n".join(found.lines()))


def _arguments(given: dict[str, Any]) -> dict[str, Any]:
    """Arguments of `prepare` for videos that are to be judged."""
    from ..errors import InputError
    from ..settings import parse_pairs

    making, chosen, judge = _making(given), _selection(given), given["judge"]
    if judge is None:
        if chosen["criteria"] == "all":
            raise InputError("--criteria all needs --judge REF: without one, only what pixels can decide is judged")
        chosen["criteria"] = "measured"
    judging = {name: given[name] for name in ("frames", "votes", "reducer")}
    if given["max_missing"] is not None:
        judging["max_missing"] = given["max_missing"]
    settings = parse_pairs(given["judge_settings"], "-j")
    return making | judging | {"judge": judge, "judge_settings": settings, "selection": chosen}


def _making(given: dict[str, Any]) -> dict[str, Any]:
    """Arguments of `prepare` that say which videos of what."""
    from ..errors import InputError
    from ..settings import parse_pairs

    if given["generator"] is None:
        raise InputError("--generator REF is missing; 'mwb generators' lists what is installed")
    return {
        "generator": given["generator"],
        "suite": given["suite"] or "core",
        "generator_settings": parse_pairs(given["generator_settings"], "-g"),
        "name": given["name"],
        "weights": given["weights"] or "tiered",
        "seeds": 1 if given["seeds"] is None else given["seeds"],
        "missing": given["missing"],
    }


def _effort(given: dict[str, Any]) -> Effort:
    return {
        "workers": given["workers"],
        "max_cost": given["max_cost"],
        "rpm": given["rpm"],
        "tpm": given["tpm"],
        "challenge": given["challenge"],
    }


def _selection(given: dict[str, Any]) -> dict[str, Any]:
    return selection(given["limit"], given["levels"], given["tasks"], given["criteria"], given["prompt_field"])


def _teller(as_json: bool) -> Callable[[str], None]:
    return lambda message: click.echo(message, err=as_json)

"""``mwb suites``: list, show and check suites of tasks."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from ..command_line import Group
from ..rendering.wording import plain

if TYPE_CHECKING:
    from ..rubric import Suite, Task
    from ..suites.lint import LintReport
    from ..suites.reference import OpenedSuite

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead.")
WEIGHTS = click.option(
    "--weights", type=click.Choice(["tiered", "raw"]), default="tiered", help="Weights of released suites."
)


@click.group(cls=Group)
def suites() -> None:
    """Lists, shows and checks suites of tasks.

    REF is a name (core, released), released:PATH (a folder with the published files) or a folder.
    """


@suites.command(name="list")
@JSON
def list_suites(as_json: bool) -> None:
    """Lists the packaged suites, those of plugins, and whether the published one is here."""
    from ..suites.packaged import load_packaged, packaged_suites

    rows: list[dict[str, Any]] = [_summary(name, load_packaged(name)) for name in packaged_suites()]
    rows += [{"reference": name, "title": title} for name, title in _plugin_suites().items()]
    rows.append({"reference": "released", "title": _released_title()})
    if as_json:
        return _print_json(rows)
    for row in rows:
        size = f", version {row['version']}, {row['tasks']} tasks" if "version" in row else ""
        click.echo(f"{plain(row['reference'])}: {plain(row['title'])}{size}")
    return None


@suites.command()
@click.argument("ref")
@click.argument("task", required=False)
@WEIGHTS
@JSON
def show(ref: str, task: str | None, weights: str, as_json: bool) -> None:
    """Shows the suite REF, or one TASK of it with its prompt and criteria."""
    from ..errors import UnknownNameError

    opened = _open(ref, weights)
    suite = opened.suite
    if task is None:
        return _show_suite(ref, opened, as_json)
    if task not in suite.by_id:
        raise UnknownNameError("task", task, suite.by_id, f"'mwb suites show {ref}' lists them")
    if as_json:
        return _print_json(suite.by_id[task].model_dump(mode="json"))
    return _show_task(suite.by_id[task])


@suites.command()
@click.argument("refs", nargs=-1, required=True, metavar="REF…")
@WEIGHTS
@JSON
def validate(refs: tuple[str, ...], weights: str, as_json: bool) -> None:
    """Checks that every REF can be read, and names each problem with file, line and field."""
    from ..errors import InputError
    from ..suites.problems import SuiteProblemsError

    rows: list[dict[str, Any]] = []
    for ref in refs:
        try:
            suite = _open(ref, weights).suite
            rows.append({**_summary(ref, suite), "valid": True, "problems": []})
        except SuiteProblemsError as error:
            rows.append({"reference": ref, "valid": False, "problems": [str(problem) for problem in error.problems]})
        except InputError as error:
            rows.append({"reference": ref, "valid": False, "problems": [str(error)]})
    if as_json:
        _print_json(rows)
    for row in () if as_json else rows:
        if row["valid"]:
            click.echo(f"{plain(row['reference'])}: valid, {row['tasks']} tasks, {row['criteria']} criteria")
        for problem in row["problems"]:
            click.echo(plain(problem), err=True)
    if not all(row["valid"] for row in rows):
        raise click.exceptions.Exit(2)


@suites.command()
@click.argument("ref")
@click.option("--select", metavar="CODES", default="", help="Report only these codes (comma-separated).")
@click.option("--ignore", metavar="CODES", default="", help="Leave these codes out (comma-separated).")
@click.option(
    "--run", "runs", multiple=True, type=click.Path(), metavar="DIR", help="Also use a run's verdicts; repeatable."
)
@WEIGHTS
@JSON
def lint(ref: str, select: str, ignore: str, runs: tuple[str, ...], weights: str, as_json: bool) -> None:
    """Reports what the rubric of REF cannot measure well. Exit status 1 where a finding is an error."""
    from ..runs import RunFolder
    from ..suites.lint import lint as lint_suite

    opened = _open(ref, weights)
    report = lint_suite(
        opened.suite,
        opened.released,
        runs=[RunFolder.read(run).verdicts() for run in runs],
        select=[code for code in select.split(",") if code],
        ignore=[code for code in ignore.split(",") if code],
    )
    if as_json:
        _print_json(report.model_dump(mode="json"))
    else:
        _show_lint(report)
    raise click.exceptions.Exit(1 if report.has_errors else 0)


@suites.command()
@click.argument("ref")
@click.option("--into", type=click.Path(), metavar="README", help="Refresh them between the marks of README instead.")
@WEIGHTS
def card(ref: str, into: str | None, weights: str) -> None:
    """Prints the figures of REF's card: sizes, what guessing scores, weights, topics, lengths."""
    from ..rendering.marks import refresh_between
    from ..rendering.suite_card import MARKS, suite_card

    figures = suite_card(_open(ref, weights).suite)
    if into is None:
        return click.echo(figures)
    changed = refresh_between(into, MARKS, figures)
    return click.echo(f"{into}: {'refreshed' if changed else 'up to date'}")


@suites.command()
@click.argument("ref")
@click.option("--out", required=True, type=click.Path(), metavar="DIR", help="A new or empty folder.")
@WEIGHTS
def export(ref: str, out: str, weights: str) -> None:
    """Writes REF as tables (tasks, criteria, sources) with a card and a Croissant description."""
    from ..rendering.markdown import escape
    from ..rendering.suite_card import suite_card
    from ..suites.tables import write_tables

    suite = _open(ref, weights).suite
    text = f"# {escape(suite.title)}\n\n{escape(suite.id)} {escape(suite.version)}\n\n{suite_card(suite)}\n"
    for path in write_tables(suite, out, card=text):
        click.echo(plain(str(path)))


@suites.command()
@click.option("--write", is_flag=True, help="Write them to rubrics/schema of the checkout.")
@JSON
def schema(write: bool, as_json: bool) -> None:
    """Prints the JSON Schemas of suite.yaml and of a task file."""
    from ..suites.schema import schemas, write_schemas

    if not write:
        return _print_json(schemas(), indent=None if as_json else 2)
    written = [str(path) for path in write_schemas()]
    if as_json:
        return _print_json(written)
    return click.echo("\n".join(written))


@suites.command()
@click.argument("name", type=click.Choice(["released"]))
@click.option("--from", "base_url", metavar="URL", help="A mirror that serves the same three files.")
@JSON
def fetch(name: str, base_url: str | None, as_json: bool) -> None:
    """Downloads the published files at their pinned commit and checks them; then 'released' works by name."""
    from ..suites.fetch import COMMIT, SHA256, fetch_released

    folder = str(fetch_released(base_url))
    if as_json:
        return _print_json({"suite": name, "folder": folder, "commit": COMMIT, "sha256": SHA256})
    return click.echo(f"{len(SHA256)} files in {plain(folder)}; use them as --suite {name}")


def _open(ref: str, weights: str) -> OpenedSuite:
    """Like `references.resolve_suite`, with the import report of the published files."""
    from ..references import resolve_suite
    from ..suites.reference import RELEASED, OpenedSuite, open_suite

    if ref.partition(":")[0] == RELEASED:
        return open_suite(ref, weights)
    return OpenedSuite(resolve_suite(ref, weights=weights))


def _plugin_suites() -> dict[str, str]:
    from ..plugins import registry

    return {name: spec.summary for name, spec in sorted(registry().suites.specs.items())}


def _released_title() -> str:
    from ..errors import InputError
    from ..suites.fetch import fetched_folder

    try:
        return f"MicroWorldBench as published, in {fetched_folder()}"
    except InputError:
        return "MicroWorldBench as published; get it by 'mwb suites fetch released'"


def _summary(ref: str, suite: Suite) -> dict[str, Any]:
    return {
        "reference": ref,
        "id": suite.id,
        "version": suite.version,
        "title": suite.title,
        "license": suite.license,
        "digest": suite.digest,
        "tasks": len(suite.tasks),
        "criteria": sum(len(task.criteria) for task in suite.tasks),
        "levels": dict(sorted(Counter(task.level.value for task in suite.tasks).items())),
    }


def _show_suite(ref: str, opened: OpenedSuite, as_json: bool) -> None:
    suite = opened.suite
    report = opened.released.report if opened.released else None
    if as_json:
        tasks = [
            {"id": t.id, "level": t.level.value, "title": t.title, "criteria": len(t.criteria), "tags": t.tags}
            for t in suite.tasks
        ]
        imported = report.model_dump(mode="json")["entries"] if report else None
        return _print_json({**_summary(ref, suite), "task_list": tasks, "import_report": imported})
    click.echo(f"{plain(suite.title)}\n{suite.id} {suite.version}, licence {plain(suite.license or 'not stated')}")
    click.echo(f"digest {suite.digest}\n")
    width = max(len(task.id) for task in suite.tasks)
    for task in suite.tasks:
        criteria = f"{len(task.criteria)} criteria"
        click.echo(f"{task.id.ljust(width)}  {task.level.value:<11}  {criteria:<12}  {plain(task.title)}")
    for code, count in report.counts().items() if report else ():
        click.echo(f"import: {count} × {code}", err=True)
    return None


def _show_lint(report: LintReport) -> None:
    from ..suites.lint import CODES

    for finding in report.findings:
        place = "/".join(part for part in (finding.task, finding.criterion or finding.dimension) if part)
        click.echo(f"{place or 'suite'}: {finding.severity}: {finding.code}: {plain(finding.detail)}")
    if report.findings:
        click.echo("")
    for code, count in report.summary.items():
        click.echo(f"{count:>6}  {code}: {CODES[code][1]}")
    if not report.findings:
        click.echo("nothing found")
    if (weights := report.statistics) is not None:
        mass = ", ".join(f"{d.replace('_', ' ')} {100 * share:.0f} %" for d, share in weights.dimension_mass.items())
        click.echo(f"\nreward by dimension: {mass}")
        click.echo(f"attainable: {weights.attainable_minimum:.1f} to {weights.attainable_maximum:.0f} on average")
        click.echo(f"a judge saying always yes {weights.always_yes:.1f}, always no 0, a coin {weights.coin:.1f}")


def _show_task(task: Task) -> None:
    from ..rubric import Dimension

    click.echo(f"{task.id} ({task.level.value}): {plain(task.title)}\n\n{plain(task.prompt)}")
    if task.requirement:
        click.echo(f"\nFor the judge: {plain(task.requirement)}")
    for dimension in Dimension:
        criteria = [criterion for criterion in task.criteria if criterion.dimension is dimension]
        if criteria:
            click.echo(f"\n{dimension.value.replace('_', ' ')}")
        for criterion in criteria:
            sign = "+" if criterion.polarity.sign > 0 else "-"
            measured = f" [measured by {criterion.measurement.name}]" if criterion.measurement else ""
            click.echo(f"  {sign}{criterion.weight:g}  {criterion.id}: {plain(criterion.statement)}{measured}")


def _print_json(content: object, indent: int | None = None) -> None:
    click.echo(json.dumps(content, ensure_ascii=False, indent=indent, allow_nan=False))

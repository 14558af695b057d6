"""``mwb draft``: from titles of videos to a suite for experts to pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..command_line import Group, Number
from ..rendering.wording import dollars, plain
from .options import JSON, options

if TYPE_CHECKING:
    from ..authoring.folder import DraftFolder
    from ..authoring.stages import Stage
    from ..chat.model import ChatModel

MODEL = (
    click.option("--model", required=True, metavar="REF", help="openai:MODEL, at OPENAI_BASE_URL."),
    click.option("-m", "model_settings", multiple=True, metavar="KEY=VALUE", help="Model setting; repeatable."),
    click.option("--workers", type=click.IntRange(min=1), default=8, metavar="N", help="Calls in flight. [default: 8]"),
    click.option("--max-cost", type=Number(min=0), metavar="USD", help="Cap on what the whole draft spends."),
    click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N that are open."),
    click.option("--dry-run", is_flag=True, help="Say what would be asked and spent at most; do nothing."),
    *JSON,
)


@click.group(cls=Group)
def draft() -> None:
    """Drafts a suite: tasks from titles of videos, their levels, rubrics; for experts to pass.

    Each step continues where it stopped: nothing that was answered is paid for twice.
    """


@draft.command()
@click.argument("titles", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="The draft folder.")
@options(MODEL)
def tasks(titles: tuple[Path, ...], out: Path, **given: Any) -> None:
    """Drafts task prompts from TITLES: CSV or JSON lines with title, description, url, channel, license.

    The files of 'microverse data collect' fit as they are.
    """
    from ..authoring.folder import DraftFolder
    from ..authoring.stages import TASKS
    from ..authoring.titles import read_titles

    found, refused, count = read_titles(titles)
    with DraftFolder.write(out) as folder:
        added = folder.add_titles(found, refused, count)
        click.echo(f"{added} new titles, {len(refused)} rows that cannot be used (refused.jsonl)", err=True)
        _carry_out(folder, TASKS, folder.titles(), given)


@draft.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@options(MODEL)
def classify(folder: Path, **given: Any) -> None:
    """Sorts the drafted tasks of DIR into organ, cellular and subcellular, with a confidence."""
    from ..authoring.drafting import tasks_of
    from ..authoring.stages import LEVELS

    with _opened(folder) as opened:
        _carry_out(opened, LEVELS, tasks_of(opened), given)


@draft.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--per-level", type=click.IntRange(min=1), metavar="N", help="Tasks kept of each level. [default: all]")
@click.option(
    "--similarity",
    type=Number(0, 1, min_open=True),
    default=0.6,
    show_default=True,
    metavar="F",
    help="TF-IDF cosine of two prompts from which the later one is left out.",
)
@click.option("--min-confidence", type=Number(0, 1), default=0.5, show_default=True, metavar="F", help="Of the level.")
@click.option(
    "--votes",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Experts' relevance votes, as 'mwb review merge' writes them.",
)
@click.option(
    "--quorum",
    type=click.IntRange(min=1),
    default=2,
    show_default=True,
    metavar="N",
    help="Experts who must find a task relevant, where they voted.",
)
@options(MODEL)
def rubrics(
    folder: Path,
    per_level: int | None,
    similarity: float,
    min_confidence: float,
    votes: Path | None,
    quorum: int,
    **given: Any,
) -> None:
    """Chooses diverse tasks of DIR and drafts a rubric for each.

    Tasks are visited from the most relevant and most surely placed; one is kept unless it is nearly the same as one
    kept before, or its level is full. What was left out, and why, stands in choice.jsonl. --votes is CSV or JSON lines
    with the columns task, evaluator, relevant (yes, no or empty) and, if experts say so, level.
    """
    from ..authoring.choosing import choose
    from ..authoring.drafting import levels_of, tasks_of
    from ..authoring.records import ChoiceRules
    from ..authoring.stages import RUBRICS
    from ..authoring.votes import read_votes

    with _opened(folder) as opened:
        said = read_votes(votes) if votes else None
        rules = ChoiceRules(
            per_level=per_level,
            similarity=similarity,
            min_confidence=min_confidence,
            votes_sha256=said.sha256 if said else None,
            quorum=quorum,
        )
        drafted = tasks_of(opened)
        choices = choose(drafted, levels_of(opened), rules, said)
        kept = {choice.task for choice in choices if choice.outcome == "kept"}
        if not given["dry_run"]:
            opened.choose(rules, choices)
        click.echo(f"{len(kept)} of {len(drafted)} tasks are chosen (choice.jsonl)", err=True)
        _carry_out(opened, RUBRICS, [task for task in drafted if task.id in kept], given)


@draft.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--id", "suite_id", default="draft", show_default=True, metavar="ID", help="Of the suite.")
@click.option("--title", default="Drafted tasks", show_default=True, help="Of the suite.")
@click.option("--license", metavar="SPDX", help="Licence of the texts, e.g. CC-BY-4.0.")
@options(JSON)
def suite(folder: Path, suite_id: str, title: str, license: str | None, as_json: bool) -> None:  # noqa: A002
    """Writes DIR/suite from the chosen tasks that have a rubric, marked as drafted, and lints it."""
    from ..authoring.assembling import assemble

    with _opened(folder) as opened:
        made = assemble(opened, suite_id, title, license)
    found = made.findings
    if as_json:
        click.echo(
            json.dumps(
                {
                    "suite": str(opened.suite_path),
                    "tasks": len(made.suite.tasks),
                    "without_rubric": list(made.without_rubric),
                    "lint": found.summary,
                },
                ensure_ascii=False,
            )
        )
    else:
        click.echo(f"{len(made.suite.tasks)} tasks: {opened.suite_path}")
        if made.without_rubric:
            click.echo(f"{len(made.without_rubric)} chosen tasks have no rubric yet; 'mwb draft rubrics' goes on")
        for code, count in found.summary.items():
            click.echo(f"{count:6}  {code}")
        click.echo(f"every finding: mwb suites lint {opened.suite_path}")
        click.echo(f"no expert has passed these tasks: mwb review new STUDY --kind revise --suite {opened.suite_path}")
    raise click.exceptions.Exit(int(found.has_errors))


@draft.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@options(JSON)
def status(folder: Path, as_json: bool) -> None:
    """Shows the funnel of DIR: titles, tasks, levels, choice, rubrics, suite; and what was spent."""
    from ..authoring.folder import DraftFolder
    from ..authoring.funnel import funnel

    found = funnel(DraftFolder.read(folder))
    if as_json:
        return click.echo(found.model_dump_json())
    for name, value in found.rows():
        click.echo(f"{plain(name):32} {value}")
    usage = found.usage
    cost = "cost unknown" if usage.cost_usd is None else f"{usage.cost_usd:.4f} USD"
    return click.echo(f"{'spent':32} {usage.calls:,} calls, {cost}")


def _opened(path: Path) -> DraftFolder:
    from ..authoring.folder import DraftFolder

    DraftFolder.read(path)
    return DraftFolder.write(path)


def _carry_out(folder: DraftFolder, stage: Stage[Any, Any], items: list[Any], given: dict[str, Any]) -> None:
    """Drafts one stage, or says what it would do, and exits with the right status."""
    from ..authoring.drafting import draft_stage, plan_stage
    from ..chat.passing import Haste
    from ..rendering.progress_lines import ConsoleProgress

    have = folder.replies(stage.name)
    opened = [item for item in items if item.id not in have]
    if given["limit"] is not None:
        opened = opened[: given["limit"]]
    wanted = [item for item in items if item.id in have] + opened
    model = _model(given)
    if given["dry_run"]:
        plan = plan_stage(folder, stage, wanted, model)
        cost = "an unknown cost" if plan.worst_case_usd is None else dollars(plan.worst_case_usd)
        return _tell(
            given,
            {"stage": stage.name, **vars(plan)},
            f"{stage.name}: {plan.items - plan.answered} of {plan.items} to ask, at most {cost} if none is repeated; "
            "nothing was asked or spent",
        )
    with ConsoleProgress() as progress:
        haste = Haste(workers=given["workers"], max_cost_usd=given["max_cost"])
        failed = draft_stage(folder, stage, wanted, model, haste, progress)
    for item, error in list(failed.items())[:5]:
        click.echo(f"{item}: {plain(error)}", err=True)
    answered = len(folder.replies(stage.name))
    _tell(
        given,
        {"stage": stage.name, "items": len(items), "answered": answered, "failed": len(failed)},
        f"{stage.name}: {answered} of {len(items)} answered, {len(failed)} failed",
    )
    raise click.exceptions.Exit(int(bool(failed)))


def _tell(given: dict[str, Any], found: dict[str, Any], text: str) -> None:
    click.echo(json.dumps(found) if given["as_json"] else text)


def _model(given: dict[str, Any]) -> ChatModel:
    from ..chat.model import ChatModel
    from ..chat.settings import ChatSettings
    from ..errors import InputError
    from ..settings import parse_pairs, validated

    kind, _, name = given["model"].partition(":")
    if kind != "openai" or not name:
        raise InputError(f"--model must be openai:MODEL, got {given['model']!r}")
    values = {**parse_pairs(given["model_settings"], "-m"), "model": name}
    return ChatModel(validated(ChatSettings, values, owner=f"openai:{name}"))

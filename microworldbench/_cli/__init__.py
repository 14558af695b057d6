"""``mwb``: one file per command, each imported only when it is used."""

from __future__ import annotations

import click

from ..command_line import CONTEXT, LazyGroup, run_and_exit

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run:run", "Generate, judge and score: the whole job."),
    "generate": ("run:generate", "Make the videos of a run without judging them."),
    "grade": ("run:grade", "Judge stored videos."),
    "score": ("score:score", "Recompute the scores of a run folder from its verdicts, offline."),
    "report": ("score:report", "Show a run as a table, JSON, Markdown or one HTML page."),
    "compare": ("compare:compare", "Compare runs of one suite, task by task."),
    "agreement": ("agreement:agreement", "Measure how far judges and experts agree."),
    "preference": ("preference:preference", "Evaluate votes on pairs of videos."),
    "bundle": ("bundle:bundle", "Make one archive of a run."),
    "verify": ("bundle:verify", "Check such an archive: every byte, every number, every verdict."),
    "leaderboard": ("leaderboard:leaderboard", "Make, check and rank submissions."),
    "audit": ("audit:audit", "Score results of the released evaluator as released and corrected."),
    "certify": ("certify:certify", "Test a judge on clips whose truth is known."),
    "controls": ("controls:controls", "Show the simulated clips and what is true of them."),
    "demo": ("demo:demo", "Score the built-in simulator and its broken twin, offline."),
    "plan": ("plan:plan", "Say from a pilot run what to spend on next: tasks, seeds or votes."),
    "draft": ("draft:draft", "Draft a suite from titles of videos, for experts to pass."),
    "review": ("review:review", "Let experts vote, revise, label and compare in a browser."),
    "suites": ("suites:suites", "List, show, check and describe suites of tasks."),
    "generators": ("catalogue:generators", "List the generators that are installed."),
    "judges": ("catalogue:judges", "List the judges and measurements that are installed."),
    "doctor": ("doctor:doctor", "Say what is installed, missing or broken."),
    "completion": ("completion:completion", "Print the script that lets a shell complete."),
    "plugins": ("catalogue:plugins", "List plugins, broken ones included."),
}


@click.group(cls=LazyGroup, commands=COMMANDS, package=__name__, context_settings=CONTEXT)
@click.version_option(package_name="microworldbench", prog_name="mwb")
def cli() -> None:
    """MicroWorldBench: does a video generator truly show how organs, cells and molecules behave?

    Start with 'mwb demo'. Exit status: 0 done; 1 finished with criteria missing or something failed; 2 wrong input;
    130 interrupted. With --json, stdout is exactly one JSON document.
    """


def main(args: list[str] | None = None) -> None:
    """Runs ``mwb`` and exits."""
    run_and_exit(cli, args)

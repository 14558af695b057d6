"""What a model is told at each stage, in our words after the paper's appendices. Any change changes the digest.

Text from titles and from earlier replies is data: it stands between marks that it cannot close.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..chat.inert import one_line
from ..chat.json_reply import ReplyForm
from ..rubric import Dimension, Level, digest_of
from .records import DraftedTask, Title

MOST_TASKS = 3
"""Tasks drafted from one title at most."""


def _told(name: str, **values: object) -> str:
    return (Path(__file__).parent / "prompts" / f"{name}.txt").read_text(encoding="utf-8").format(**values)


TASKS = _told("tasks", most=MOST_TASKS)
LEVELS = _told("levels")
RUBRICS = _told("rubrics")


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_TEXT = {"type": "string"}
TASKS_FORM = ReplyForm(
    "tasks",
    _object({"reason": _TEXT, "tasks": {"type": "array", "items": _object({"title": _TEXT, "prompt": _TEXT})}}),
)
LEVELS_FORM = ReplyForm(
    "level",
    _object({"reason": _TEXT, "level": {"type": "string", "enum": list(Level)}, "confidence": {"type": "number"}}),
)
RUBRICS_FORM = ReplyForm(
    "rubric",
    _object(
        {
            "requirement": _TEXT,
            "criteria": {
                "type": "array",
                "items": _object(
                    {
                        "dimension": {"type": "string", "enum": list(Dimension)},
                        "statement": _TEXT,
                        "polarity": {"type": "string", "enum": ["reward", "penalty"]},
                        "weight": {"type": "number", "enum": [1.0, 0.5, 0.2]},
                        "temporal": {"type": "boolean"},
                    }
                ),
            },
        }
    ),
)


def about_title(title: Title) -> str:
    """A title as data."""
    return (
        "The published video, as data:\n"
        f"<title>{one_line(title.title)}</title>\n<description>{one_line(title.description)}</description>"
    )


def about_prompt(title: str, prompt: str) -> str:
    """A task as data."""
    return f"The task, as data:\n<title>{one_line(title)}</title>\n<prompt>{one_line(prompt)}</prompt>"


def about_task(task: DraftedTask) -> str:
    """A drafted task as data."""
    return about_prompt(task.title, task.prompt)


def prompt_digest(instructions: str, form: ReplyForm) -> str:
    """sha256 of the fixed words of a stage and the form of its reply."""
    return digest_of({"instructions": instructions, "form": form.schema})

"""Writes a suite as the YAML folder that `load_folder` reads: the same suite gives the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ..errors import InputError
from ..logbook import write_atomically
from ..rubric import Suite, Task

LONG = 70
"""Characters from which a text becomes a folded block."""
WIDTH = 108
"""A line ends with the word that reaches this column."""


def write_folder(suite: Suite, folder: Path) -> list[Path]:
    """Writes ``suite.yaml`` and ``tasks/<id>.yaml`` for each task; task files of other ids there are removed.

    Args:
        suite: What is written.
        folder: Where to; made if it is not there.

    Returns:
        The files, ``suite.yaml`` first.

    Raises:
        InputError: the folder cannot be written to.
    """
    texts = {folder / "suite.yaml": suite_text(suite)}
    texts |= {folder / "tasks" / f"{task.id}.yaml": task_text(task) for task in suite.tasks}
    try:
        (folder / "tasks").mkdir(parents=True, exist_ok=True)
        for path in set((folder / "tasks").glob("*.yaml")) - set(texts):
            path.unlink()
        for path, text in texts.items():
            write_atomically(path, text.encode())
    except OSError as error:
        raise InputError(f"cannot write to {str(folder)!r}: {error.strerror or error}") from error
    return list(texts)


def suite_text(suite: Suite) -> str:
    """The content of ``suite.yaml``."""
    header = {"id": suite.id, "version": suite.version, "title": suite.title, "license": suite.license}
    return _text({name: value for name, value in header.items() if value is not None})


def task_text(task: Task) -> str:
    """The content of a task's file: fields in their order, those that stand at their default left out."""
    content = task.model_dump(mode="json", exclude_defaults=True)
    content["criteria"] = [
        # A polarity is always written: a reader must not have to know the default.
        {"id": c.id, "dimension": c.dimension.value, "statement": c.statement, "polarity": c.polarity.value}
        | c.model_dump(mode="json", exclude_defaults=True, exclude={"id", "dimension", "statement", "polarity"})
        for c in task.criteria
    ]
    content["review"] = task.review.model_dump(mode="json", exclude_none=True)
    return _text({name: content[name] for name in Task.model_fields if name in content})


def _text(content: dict[str, Any]) -> str:
    return yaml.dump(
        content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH, default_flow_style=False
    )


class _Dumper(yaml.SafeDumper):
    """Long texts as folded blocks, lists indented below their key; no aliases, which the reader refuses."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    is_plain = len(text) >= LONG and text.isprintable() and not text.startswith(" ")
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=">" if is_plain else None)


_Dumper.add_representer(str, _string)

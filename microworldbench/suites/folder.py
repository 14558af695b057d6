"""Suites as YAML on disk: ``suite.yaml`` and ``tasks/<task id>.yaml``, one task a file."""

from __future__ import annotations

from pathlib import Path

from ..errors import SuiteError
from ..rubric import Record, Slug, Suite, Task, Text, Version
from .document import read_document
from .problems import RecordT, SuiteProblemsError, raise_all, validate


class SuiteHeader(Record):
    """The content of ``suite.yaml``."""

    id: Slug
    version: Version
    """``<comparability>-<revision>``, e.g. ``1-A``. A change that could move a score bumps the number."""
    title: Text
    license: Text | None = None
    """SPDX identifier of the texts' licence; left out where unstated."""


def load_folder(path: str | Path, shown: str | None = None) -> Suite:
    """The suite in the folder `path`, its tasks sorted by id.

    Args:
        path: A folder with ``suite.yaml`` and ``tasks/*.yaml``.
        shown: The folder's name in error messages; as given where left out.

    Raises:
        SuiteError: Something is malformed. Every problem is reported at once, with file, line and field
            (`SuiteProblemsError` where there are several).
        InputError: PyYAML was built without libyaml.
    """
    folder, name = Path(path), str(path) if shown is None else shown
    if not folder.is_dir():
        raise SuiteError("is not a folder" if folder.exists() else "no such folder", path=name)
    if not (folder / "suite.yaml").exists():
        raise SuiteError("has no suite.yaml; a suite is a folder with suite.yaml and tasks/<task id>.yaml", path=name)
    problems: list[SuiteError] = []
    header = _load(SuiteHeader, folder, "suite.yaml", name, problems)
    tasks = _load_tasks(folder, name, problems)
    if not tasks and not problems:
        problems.append(SuiteError("holds no task; a task is a file tasks/<task id>.yaml", path=name))
    raise_all(problems)
    assert header is not None
    return Suite(**header.model_dump(), tasks=tuple(sorted(tasks, key=lambda task: task.id)))


def _load_tasks(folder: Path, name: str, problems: list[SuiteError]) -> list[Task]:
    tasks: list[Task] = []
    spelled: dict[str, str] = {}
    for file in _task_files(folder, name, problems):
        task = _load(Task, folder, f"tasks/{file}", name, problems)
        stem = file.removesuffix(".yaml")
        first = spelled.setdefault(stem.casefold(), file)
        if first != file:
            problems.append(SuiteError(f"differs from tasks/{first} only by case", path=f"{name}/tasks/{file}"))
        if task is not None:
            tasks.append(task)
    return tasks


def _task_files(folder: Path, name: str, problems: list[SuiteError]) -> list[str]:
    """Names of the task files. What could be meant as a task but would not be read is a problem."""
    home = folder / "tasks"
    if not home.is_dir():
        return []
    if not home.resolve().is_relative_to(folder.resolve()):
        problems.append(SuiteError("is a link out of the suite's folder", path=f"{name}/tasks"))
        return []
    files = []
    for entry in sorted(home.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.suffix == ".yaml":
            files.append(entry.name)
        elif entry.suffix.lower() in (".yml", ".yaml") or entry.is_dir():
            said = "is a folder; tasks lie directly in tasks/" if entry.is_dir() else "must end in .yaml; rename it"
            problems.append(SuiteError(said, path=f"{name}/tasks/{entry.name}"))
    return files


def _load(record: type[RecordT], folder: Path, file: str, name: str, problems: list[SuiteError]) -> RecordT | None:
    """One file as a `record`; None, and what is wrong appended to `problems`, where it is malformed."""
    path, shown = folder / file, f"{name}/{file}"
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise SuiteError("is a link out of the suite's folder; copy the file", path=shown)
        document = read_document(path, shown)
        loaded = validate(record, document)
    except SuiteProblemsError as found:
        problems.extend(found.problems)
        return None
    except SuiteError as problem:
        problems.append(problem)
        return None
    if isinstance(loaded, Task) and path.stem != loaded.id:
        problems.append(document.error(f"is {loaded.id!r}, so the file must be named {loaded.id}.yaml", ("id",)))
    return loaded

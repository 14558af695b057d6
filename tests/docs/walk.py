"""Walks through the tutorials as a newcomer: a fresh clone, an empty environment, every command typed and timed.

    python tests/docs/walk.py > docs/new-user-walk.md          # make walk; some minutes, installs packages

Unlike the tests, which run the same pages beside the checkout, nothing of this environment is lent to the newcomer.
Judges are a scripted server on loopback, so no time here is a model's.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import textwrap
import time
import venv
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "servers"))

from examples import Example, Reader, commands_of, examples_of
from judge_server import JudgeServer

ROOT = Path(__file__).parents[2]
TUTORIALS = (
    "score-your-model",
    "write-an-adapter",
    "build-a-leaderboard",
    "label-as-an-expert",
    "fine-tune-on-a-laptop",
)
INSTALLS = {
    "write-an-adapter": "pytest",
    "label-as-an-expert": ".[review]",
    "fine-tune-on-a-laptop": ".[microverse]",
}
"""What is installed before a tutorial: its own first line, from the clone instead of an index."""
REACHED = {
    "score-your-model": ("a first score", "mwb run"),
    "write-an-adapter": ("a first adapter that conforms", "mwb plugins check"),
    "label-as-an-expert": ("first labels", "mwb review merge"),
    "fine-tune-on-a-laptop": ("a first trained tiny model", "microverse train"),
}
"""What somebody wants of a tutorial, and the command that gets it."""


@dataclass
class Walk:
    """One tutorial as it went."""

    name: str
    commands: list[tuple[str, float]] = field(default_factory=list)
    files: int = 0

    @property
    def seconds(self) -> float:
        return sum(seconds for _, seconds in self.commands)

    def until(self, wanted: str) -> list[float]:
        """Seconds of each command up to the first one that begins like this."""
        last = next(i for i, (command, _) in enumerate(self.commands) if command.startswith(wanted))
        return [seconds for _, seconds in self.commands[: last + 1]]


def follow(page: Path, folder: Path, clone: Path) -> Walk:
    """Does what a page says in `folder`; stops with the page's line where something else happens."""
    walk, reader = Walk(page.stem), Reader(page.relative_to(clone), folder)
    os.chdir(folder)
    for example in examples_of(page.read_text(encoding="utf-8")):
        if example.kind == "serve":
            os.environ["OPENAI_BASE_URL"] = JudgeServer(example.code.split()[1]).__enter__().url
        elif example.file is not None:
            walk.files += 1
            reader.follow(example)
        elif example.kind == "python":
            name = "in_place_of_the_browser.py" if example.is_hidden else "typed.py"
            (folder / name).write_text(example.code, encoding="utf-8")
            time_each(reader, walk, Example("console", f"$ python {name}\n", example.line))
        elif example.kind == "console":
            time_each(reader, walk, example)
    return walk


def time_each(reader: Reader, walk: Walk, example: Example) -> None:
    """Types the commands of a block one by one."""
    for command, told in commands_of(example.code):
        began = time.monotonic()
        reader.type(command, told, example.line)
        walk.commands.append((command, time.monotonic() - began))


def install(python: Path, what: str, clone: Path) -> tuple[str, float]:
    """Installs from the clone, with its constraints."""
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", "constraints.txt", what]
    began = time.monotonic()
    subprocess.run(command, cwd=clone, check=True)
    return f"pip install '{what}'", time.monotonic() - began


def log(walks: list[Walk], before: list[tuple[str, float]]) -> str:
    """The page, without its head."""
    lines = ["| from an empty environment to | commands | seconds |", "| --- | ---: | ---: |"]
    for walk in walks:
        if walk.name in REACHED:
            what, wanted = REACHED[walk.name]
            seconds = [each for _, each in before] + walk.until(wanted)
            lines.append(f"| {what} | {len(seconds)} | {sum(seconds):.0f} |")
    lines += ["", "| tutorial | commands | files written | seconds |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {title(w.name)} | {len(w.commands)} | {w.files} | {w.seconds:.0f} |" for w in walks]
    lines += ["", "## Before the first tutorial", "", *block(before)]
    for walk in walks:
        lines += ["", f"## {title(walk.name)}", "", *block(walk.commands)]
    return "\n".join(lines)


def title(name: str) -> str:
    """A tutorial's name as its page has it."""
    return name.replace("-", " ").capitalize().replace("Fine tune", "Fine-tune")


def block(commands: list[tuple[str, float]]) -> list[str]:
    """Commands with their seconds, folded to the width of the page."""
    lines = ["```text"]
    for command, seconds in commands:
        text = " ".join(command.replace("\\\n", " ").split())
        began = f"{seconds:6.1f} s  "
        lines += textwrap.wrap(text, 92, initial_indent=began, subsequent_indent=" " * 14, break_on_hyphens=False)
    return [*lines, "```"]


def main() -> None:
    """Prints the page."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="newcomer-") as place:
        home = Path(place)
        clone, env = home / "clone", home / "env"
        began = time.monotonic()
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, clone], check=True)
        cloned = ("git clone", time.monotonic() - began)
        began = time.monotonic()
        venv.create(env, with_pip=True)
        before = [cloned, ("python -m venv env", time.monotonic() - began)]
        kept = {k: v for k, v in os.environ.items() if k in ("LANG", "TMPDIR") or k.startswith("PIP_")}
        paths = f"{env / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin"
        os.environ.clear()
        os.environ.update(kept | {"PATH": paths, "HOME": place, "COLUMNS": "100", "OPENAI_API_KEY": "none"})
        before.append(install(env / "bin" / "python", ".", clone))
        walks = []
        for name in TUTORIALS:
            folder = home / name
            folder.mkdir()
            installed = [] if name not in INSTALLS else [install(env / "bin" / "python", INSTALLS[name], clone)]
            walk = follow(clone / "docs" / "tutorial" / f"{name}.md", folder, clone)
            walk.commands[:0] = installed
            walks.append(walk)
    python = f"Python {platform.python_version()}, load {load:.1f} before"
    where = f"{date.today().isoformat()}, {platform.system()}, {os.cpu_count()} processors, {python}"
    print(f"{HEAD}\n{where}.\n\n{log(walks, before)}")


HEAD = """# A newcomer's walk

Every tutorial followed to the letter in a fresh clone and an empty environment (`make walk`). Reading and thinking are
not in the times, and neither is a model's: judges are a scripted server on the same machine.

What earlier walks stumbled over, and what became of it:

- `mwb` did not start with click 8.1, which the package allows: mended, and `make nightly` installs the oldest versions.
- A typed program could not call an object with `generate(request)` a `Generator`: mended, and `make lint` checks one.
- `mwb grade --videos-from RUN` keeps the criteria of that run, so a chat judge answered the measured ones only: the
  tutorial says `--criteria all`.
- Nothing said what an installation lacks: `mwb doctor` does.
- The tutorials install `microworldbench` from an index that has it only once it is released: they also say what to type
  in a checkout.
"""

if __name__ == "__main__":
    main()
